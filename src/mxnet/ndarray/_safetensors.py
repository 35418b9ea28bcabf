"""The safetensors format (https://github.com/huggingface/safetensors, "Format"): named tensors that anyone reads without running code.

    file      uint64 length of the header, header (JSON, padded with spaces), values
    header    {"__metadata__": {text: text}, name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}

Offsets count from the end of the header; the values fill the rest of the file without gaps or overlaps. What the format has no words
for is told in the metadata, as JSON: `mxnet.list` is the number of arrays of a list (their names are "0", "1", ...), `mxnet.sparse` has
for each sparse array its storage type and shape; its parts are the tensors `NAME.data`, `NAME.indices` and (csr) `NAME.indptr`.

The format is small enough to be read and written here: streamed, with errors that tell the offset, and without one more package.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Any, BinaryIO

import torch

from .._files import parse_json
from .._runtime.array import Array, wrap
from .._storage import Csr, RowSparse
from ..context import Context
from ..error import MXNetError
from ._reader import Reader, raw_bytes

CODES = {
    "F32": torch.float32, "F64": torch.float64, "F16": torch.float16, "BF16": torch.bfloat16, "BOOL": torch.bool,
    "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "U16": torch.uint16, "I32": torch.int32, "U32": torch.uint32,
    "I64": torch.int64, "U64": torch.uint64,
}  # fmt: skip
CODE_OF = {dtype: code for code, dtype in CODES.items()}
PARTS = {"csr": ("data", "indices", "indptr"), "row_sparse": ("data", "indices")}
MAX_HEADER = 100_000_000
LIST, SPARSE = "mxnet.list", "mxnet.sparse"


class _Reader(Reader):
    kind = "safetensors file"


def read(source: bytes | memoryview | BinaryIO, name: str) -> list | dict:
    """All arrays of a file: a dict, or a list if a list was saved."""
    r = _Reader(memoryview(source) if isinstance(source, (bytes, bytearray)) else source, name)
    header = _header(r)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise r.fail("__metadata__ is no object of texts")
    places = _places(r, header)
    start = r.at
    tensors: dict[str, torch.Tensor] = dict.fromkeys(header)  # type: ignore[arg-type]
    for key, (dtype, shape, begin) in sorted(places.items(), key=lambda item: (item[1][2], 0 not in item[1][1])):
        assert r.at == start + begin
        r.record = f"tensor {key[:60]!r}"
        tensors[key] = r.tensor(dtype, shape, "the tensor")
    arrays = _arrays(r, tensors, metadata)
    if LIST not in metadata:
        return arrays
    r.record = "metadata"
    if metadata[LIST] != str(len(arrays)) or any(str(i) not in arrays for i in range(len(arrays))):
        raise r.fail(f"a list of {metadata[LIST][:20]} arrays has other names than 0, 1, ...")
    return [arrays[str(i)] for i in range(len(arrays))]


def _header(r: _Reader) -> dict:
    size = r.number("Q", "the header's length")
    if size > MAX_HEADER:
        raise r.fail(f"a header of {size} bytes (at most {MAX_HEADER})")
    try:
        header = parse_json(bytes(r.take(size, "the header")).decode("utf-8"))
    except UnicodeDecodeError as e:
        r.at = 8 + e.start
        raise r.fail("the header is not UTF-8") from None
    except ValueError as e:
        r.at = 8 + getattr(e, "pos", 0)
        raise r.fail(f"the header is not JSON ({e})") from None
    if not isinstance(header, dict):
        raise r.fail("the header is no object")
    return header


def _places(r: _Reader, header: dict) -> dict[str, tuple[torch.dtype, tuple[int, ...], int]]:
    """(type, shape, begin) by name; together they fill the rest of the file."""
    spans, places = [], {}
    for key, row in header.items():
        r.record = f"tensor {key[:60]!r}"
        if not isinstance(row, dict) or set(row) != {"dtype", "shape", "data_offsets"}:
            raise r.fail("needs dtype, shape and data_offsets, and nothing else")
        if row["dtype"] not in CODES if isinstance(row["dtype"], str) else True:
            raise r.fail(f"type {str(row['dtype'])[:40]} is none of MXNet's ({', '.join(CODES)})")
        dtype, shape, offsets = CODES[row["dtype"]], row["shape"], row["data_offsets"]
        if not _sizes(shape) or len(shape) > 64:
            raise r.fail("shape is no list of sizes")
        if not _sizes(offsets) or len(offsets) != 2:
            raise r.fail("data_offsets are no two numbers")
        count = 1
        for d in shape:
            count *= d
        if offsets[1] - offsets[0] != count * dtype.itemsize:
            raise r.fail(f"{offsets[1] - offsets[0]} bytes announced, {count * dtype.itemsize} needed for shape {shape}"[:300])
        spans.append((*offsets, key))
        places[key] = (dtype, tuple(shape), offsets[0])
    at = 0
    for begin, end, key in sorted(spans):
        r.record = f"tensor {key[:60]!r}"
        if begin != at:
            raise r.fail(f"values begin at {begin}, the ones before end at {at}")
        at = end
    if at != r.size - r.at:
        raise r.fail(f"the values end at {at}, the file has {r.size - r.at} bytes of them")
    return places


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(v) is int and 0 <= v < 1 << 63 for v in value)


def _arrays(r: _Reader, tensors: dict[str, torch.Tensor], metadata: dict) -> dict[str, Array]:
    """Tensors as arrays, the parts of sparse ones put together."""
    owner: dict[str, str] = {}
    kinds: dict[str, Any] = {}
    if SPARSE in metadata:
        r.record = "metadata"
        try:
            kinds = parse_json(metadata[SPARSE])
            for key, row in kinds.items():
                if row["stype"] not in PARTS or not _sizes(row["shape"]) or len(row["shape"]) > 64:
                    raise ValueError(key)
                owner |= {f"{key}.{part}": key for part in PARTS[row["stype"]]}
        except (ValueError, TypeError, KeyError, AttributeError):
            raise r.fail(f"{SPARSE} is malformed") from None
        missing = next((k for k in owner if k not in tensors), None)
        if missing is not None:
            raise r.fail(f"the part {missing[:60]!r} of a sparse array is missing")
    arrays: dict[str, Array] = {}
    for key, tensor in tensors.items():
        whole = owner.get(key, key)
        if whole not in arrays:
            r.record = f"tensor {key[:60]!r}"
            arrays[whole] = _sparse(r, whole, kinds[whole], tensors) if key in owner else wrap(tensor, Context("cpu", 0))
        elif key not in owner:
            raise r.fail(f"the name {key[:60]!r} stands for two arrays")
    return arrays


def _sparse(r: _Reader, key: str, kind: dict, tensors: dict[str, torch.Tensor]) -> Array:
    data, *index = [tensors[f"{key}.{part}"] for part in PARTS[kind["stype"]]]
    if any(t.dtype not in (torch.int64, torch.int32) for t in index):
        raise r.fail("the indices must be I64 or I32")
    index = [t.to(torch.int64) for t in index]
    try:
        value: Any = (Csr if kind["stype"] == "csr" else RowSparse)(data, *index, tuple(kind["shape"]))
        value.check()
    except (ValueError, MXNetError, IndexError) as e:
        raise r.fail(str(e).rstrip(".")) from None
    return wrap(value, Context("cpu", 0))


def pieces(arrays: list, names: list[str]) -> Iterable[Any]:
    """The file's content, piece by piece."""
    tensors: dict[str, torch.Tensor] = {}
    kinds: dict[str, dict] = {}
    for key, a in zip(names or map(str, range(len(arrays))), arrays):
        if a.stype == "default":
            parts = {key: a._d}
        else:
            kinds[key] = {"stype": a.stype, "shape": list(a.shape)}
            parts = {f"{key}.{part}": getattr(a._d, part) for part in PARTS[a.stype]}
        for name, tensor in parts.items():
            if name in tensors or name == "__metadata__":
                raise MXNetError(
                    f"save: the name {name!r} is taken in a safetensors file (by a part of a sparse array, or by the format). Rename the array."
                )
            tensors[name] = tensor
    metadata = {"format": "pt"}
    if kinds:
        metadata[SPARSE] = json.dumps(kinds)
    if arrays and not names:
        metadata[LIST] = str(len(arrays))
    by_size = sorted(tensors, key=lambda name: -tensors[name].dtype.itemsize)  # so that every tensor is aligned
    begin, ends = 0, {}
    for name in by_size:
        ends[name] = begin = begin + tensors[name].numel() * tensors[name].dtype.itemsize
    header: dict[str, Any] = {"__metadata__": metadata}
    for name, t in tensors.items():
        offsets = [ends[name] - t.numel() * t.dtype.itemsize, ends[name]]
        header[name] = {"dtype": CODE_OF[t.dtype], "shape": list(t.shape), "data_offsets": offsets}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for name in by_size:
        yield raw_bytes(tensors[name])
