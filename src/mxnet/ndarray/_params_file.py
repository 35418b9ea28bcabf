"""The `.params` format: a list of arrays, and optionally their names, in every generation that MXNet wrote.

    file    uint64 0x112, uint64 0, uint64 count, arrays, uint64 names, names (uint64 length, bytes)
    array   uint32 magic, then
            0xF993FAC9 (v2)  int32 stype, [storage shape], shape, context, int32 type, [aux types and shapes], values, [aux values]
            0xF993FACA (v3)  the same, with NumPy's shapes: () is a scalar, axes may be 0
            0xF993FAC8 (v1)  shape, context, int32 type, values
            other            (v0) the magic is the number of axes, which are uint32; then as v1
    shape   uint32 axes, int64 each

Reading trusts nothing: every length is checked against what is left of the file before memory is taken, sparse index arrays are
checked, and any defect is an MXNetError naming the file, the record and the offset. Nothing in a file can run code.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from typing import Any, BinaryIO, NamedTuple

import torch

from .. import _dtype
from .._runtime.array import Array, wrap
from .._runtime.state import state
from .._storage import Csr, RowSparse
from ..context import Context, num_gpus
from ..error import MXNetError
from ._reader import Reader, raw_bytes

LIST_MAGIC = 0x112
#: How a file starts: the magic number and the reserved word.
START = struct.pack("<QQ", LIST_MAGIC, 0)
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
STYPES = {0: "default", 1: "row_sparse", 2: "csr"}
FLAGS = {name: flag for flag, name in STYPES.items()}
AUX_COUNT = {"default": 0, "row_sparse": 1, "csr": 2}
MAX_AXES = 64
#: Rows of a csr array that is written without its row starts: the file does not pay for their memory.
MAX_EMPTY_ROWS = 1 << 24


class ParamsReader(Reader):
    """A cursor that reads the parts of array records."""

    kind = ".params file"

    def shape(self, code: str = "q", axes: int | None = None) -> tuple[int, ...] | None:
        """A shape; None if the file says it is unknown."""
        n = self.number("i", "the number of axes") if axes is None else axes
        if n == -1:
            return None
        if not 0 <= n <= MAX_AXES:
            raise self.fail(f"{n} axes (at most {MAX_AXES})")
        dims = struct.unpack(f"<{n}{code}", self.take(n * struct.calcsize(code), "the shape"))
        if any(d < 0 for d in dims):
            raise self.fail(f"shape {dims} has a negative axis")
        return dims

    def dtype(self) -> torch.dtype:
        """A type flag."""
        flag = self.number("i", "the type flag")
        row = _dtype.BY_FLAG.get(flag)
        if row is None:
            raise self.fail(f"unknown type flag {flag}")
        return row.torch

    def indices(self, dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
        """Index values as int64, read in parts: the two types are never whole in memory together."""
        if dtype is torch.int64:
            return self.tensor(dtype, shape, "the indices")
        if dtype is not torch.int32:
            raise self.fail(f"indices of type {_dtype.name_of(dtype)}, int64 and int32 are read")
        count = math.prod(shape)
        self.need(count * dtype.itemsize, f"the indices of shape {shape}")
        out = torch.empty(count, dtype=torch.int64)
        for start in range(0, count, 1 << 16):
            part = out[start : start + (1 << 16)]
            part.copy_(self.tensor(dtype, (len(part),), "the indices"))
        return out.reshape(shape)

    def context(self) -> Context:
        """A context; accelerators that this machine lacks become cpu(0)."""
        kind, number = self.number("i", "the device type"), self.number("i", "the device number")
        if kind not in Context.devtype2str or not 0 <= number < 1 << 16:
            raise self.fail(f"unknown device (type {kind}, number {number})")
        if kind != 2:
            return Context("cpu", number if kind == 1 else 0)
        return Context("gpu", number) if number < num_gpus() else Context("cpu", 0)


def read_array(r: ParamsReader) -> Array:
    """One array record."""
    magic = r.number("I", "the array's magic number")
    if magic in (V2, V3):
        return _read_v2(r, magic == V3)
    if magic == V1:
        shape = r.shape()
    elif magic >> 8 == V1 >> 8:
        raise r.fail(f"array version {magic:#x} is newer than this package reads")
    else:
        shape = r.shape("I", magic) if magic <= MAX_AXES else _bad_magic(r, magic)
    if not shape:
        return _nothing()
    ctx, dtype = r.context(), r.dtype()
    return _place(r.tensor(dtype, shape, "the array"), ctx)


def _bad_magic(r: ParamsReader, magic: int) -> Any:
    raise r.fail(f"unknown array magic {magic:#x}")


def _read_v2(r: ParamsReader, numpy_shape: bool) -> Array:
    flag = r.number("i", "the storage type")
    stype = STYPES.get(flag)
    if stype is None:
        raise r.fail(f"unknown storage type {flag}")
    stored = r.shape() if stype != "default" else None
    shape = r.shape()
    if shape is None or (not shape and not numpy_shape):
        return _nothing()
    ctx, dtype = r.context(), r.dtype()
    aux = []
    for _ in range(AUX_COUNT[stype]):
        kind = r.dtype()
        aux.append((kind, r.shape()))
    if stype == "default":
        return _place(r.tensor(dtype, shape, "the array"), ctx)
    if stored is None or any(s is None for _, s in aux):
        raise r.fail("a sparse array without storage shape")
    # the originals write a storage shape that can be out of date; what follows has as many values as there are indices
    count = math.prod(aux[-1][1] or (0,))
    data = r.tensor(dtype, (count, *shape[1:]) if stype == "row_sparse" else (count,), "the values")
    index = [r.indices(kind, s or ()) for kind, s in aux]
    return _sparse(r, stype, data, index, shape, ctx)


def _sparse(r: ParamsReader, stype: str, data: torch.Tensor, index: list, shape: tuple, ctx: Context) -> Array:
    try:
        if stype == "row_sparse":
            value: Any = RowSparse(data, index[0].reshape(-1), shape)
        else:
            indptr = index[0].reshape(-1)
            if indptr.numel() == 0:  # the original writes an all-zero array so
                fits = data.numel() == 0 and len(shape) == 2 and shape[0] <= MAX_EMPTY_ROWS
                indptr = torch.zeros(shape[0] + 1 if fits else 1, dtype=torch.int64)
            value = Csr(data, index[1].reshape(-1), indptr, shape)
        value.check()
    except (ValueError, MXNetError, IndexError) as e:
        raise r.fail(str(e).rstrip(".")) from None
    device = ctx.torch_device
    return wrap(value if device.type == "cpu" else value.to(device), ctx)


def _nothing() -> Array:
    return wrap(torch.empty(0), Context("cpu", 0))


def _place(values: torch.Tensor, ctx: Context) -> Array:
    return wrap(values.to(ctx.torch_device), ctx)


def read(source: bytes | memoryview | BinaryIO, name: str) -> list | dict:
    """All arrays of a file: a dict if they have names, else a list."""
    r = ParamsReader(memoryview(source) if isinstance(source, (bytes, bytearray)) else source, name)
    magic = r.number("Q", "the file's magic number")
    if magic != LIST_MAGIC:
        raise r.fail(f"magic number {magic:#x}, expected {LIST_MAGIC:#x}")
    r.number("Q", "the reserved word")
    count = r.number("Q", "the number of arrays")
    if count * 8 > r.size:
        raise r.fail(f"{count} arrays in a file of {r.size} bytes")
    arrays = []
    for i in range(count):
        r.record = f"array {i}"
        arrays.append(read_array(r))
    r.record = "names"
    named = r.number("Q", "the number of names")
    if named not in (0, count):
        raise r.fail(f"{named} names for {count} arrays")
    names = []
    for i in range(named):
        r.record = f"name {i}"
        raw = bytes(r.take(r.number("Q", "the length of a name"), "a name"))
        try:
            names.append(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise r.fail("the name is not UTF-8") from None
    return dict(zip(names, arrays)) if named else arrays


class _Part(NamedTuple):
    head: bytes
    tensors: list[torch.Tensor]


def _shape_bytes(shape: Iterable[int]) -> bytes:
    dims = tuple(shape)
    return struct.pack(f"<I{len(dims)}q", len(dims), *dims)


def _describe(a: Array) -> _Part:
    value = a._d
    numpy_shape = state.np_shape or not value.shape or (a.stype == "default" and 0 in value.shape)
    head = struct.pack("<Ii", V3 if numpy_shape else V2, FLAGS[a.stype])
    aux: list[torch.Tensor] = []
    values = value if a.stype == "default" else value.data
    if a.stype == "row_sparse":
        aux = [value.indices]
    elif a.stype == "csr":
        aux = [value.indptr, value.indices]
    if aux:
        head += _shape_bytes(values.shape)
    head += _shape_bytes(value.shape)
    head += struct.pack("<iii", 1, a._ctx.device_id if a._ctx.device_type == "cpu" else 0, _dtype.BY_TORCH[values.dtype].flag)
    for t in aux:
        head += struct.pack("<i", _dtype.BY_TORCH[t.dtype].flag) + _shape_bytes(t.shape)
    return _Part(head, [values, *aux])


def pieces(arrays: list, names: list[str]) -> Iterable[Any]:
    """The file's content, piece by piece."""
    yield START + struct.pack("<Q", len(arrays))
    for a in arrays:
        part = _describe(a)
        yield part.head
        for t in part.tensors:
            yield raw_bytes(t)
    yield struct.pack("<Q", len(names))
    for name in names:
        raw = name.encode("utf-8")
        yield struct.pack("<Q", len(raw)) + raw
