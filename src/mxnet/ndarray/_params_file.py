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
import os
import struct
import tempfile
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch

from .. import _dtype
from .._runtime.array import Array, wrap
from .._runtime.state import state
from .._storage import Csr, RowSparse
from ..context import Context, num_gpus
from ..error import MXNetError

LIST_MAGIC = 0x112
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
STYPES = {0: "default", 1: "row_sparse", 2: "csr"}
FLAGS = {name: flag for flag, name in STYPES.items()}
AUX_COUNT = {"default": 0, "row_sparse": 1, "csr": 2}
MAX_AXES = 64


class Reader:
    """A cursor over bytes that knows where it is for error messages."""

    def __init__(self, data: memoryview, name: str) -> None:
        self.data, self.name, self.at, self.record = data, name, 0, "header"

    def fail(self, what: str) -> MXNetError:
        """The error for a defect at the cursor."""
        return MXNetError(f"load: {self.name}: {self.record} at offset {self.at}: {what}. The file is damaged or not a .params file.")

    def take(self, size: int, what: str) -> memoryview:
        """The next `size` bytes."""
        left = len(self.data) - self.at
        if size > left:
            raise self.fail(f"{what} needs {size} bytes, only {left} are left")
        part = self.data[self.at : self.at + size]
        self.at += size
        return part

    def number(self, code: str, what: str) -> int:
        """One little-endian integer of a struct code."""
        return struct.unpack("<" + code, self.take(struct.calcsize(code), what))[0]

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

    def values(self, dtype: torch.dtype, shape: tuple[int, ...], what: str) -> torch.Tensor:
        """The values of a tensor, copied out of the file."""
        count = math.prod(shape)
        raw = self.take(count * dtype.itemsize, f"{what} of shape {shape}")
        flat = torch.empty(count, dtype=dtype)
        if count:
            flat.view(torch.uint8).numpy()[:] = np.frombuffer(raw, np.uint8)
        return flat.reshape(shape)

    def dtype(self) -> torch.dtype:
        """A type flag."""
        flag = self.number("i", "the type flag")
        row = _dtype.BY_FLAG.get(flag)
        if row is None:
            raise self.fail(f"unknown type flag {flag}")
        return row.torch

    def context(self) -> Context:
        """A context; accelerators that this machine lacks become cpu(0)."""
        kind, number = self.number("i", "the device type"), self.number("i", "the device number")
        if kind not in Context.devtype2str or not 0 <= number < 1 << 16:
            raise self.fail(f"unknown device (type {kind}, number {number})")
        if kind != 2:
            return Context("cpu", number if kind == 1 else 0)
        return Context("gpu", number) if number < num_gpus() else Context("cpu", 0)


def read_array(r: Reader) -> Array:
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
    return _place(r.values(dtype, shape, "the array"), ctx)


def _bad_magic(r: Reader, magic: int) -> Any:
    raise r.fail(f"unknown array magic {magic:#x}")


def _read_v2(r: Reader, numpy_shape: bool) -> Array:
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
        return _place(r.values(dtype, shape, "the array"), ctx)
    if stored is None or any(s is None for _, s in aux):
        raise r.fail("a sparse array without storage shape")
    # the originals write a storage shape that can be out of date; what follows has as many values as there are indices
    count = math.prod(aux[-1][1] or (0,))
    data = r.values(dtype, (count, *shape[1:]) if stype == "row_sparse" else (count,), "the values")
    index = [r.values(kind, s or (), "the indices").to(torch.int64) for kind, s in aux]
    return _sparse(r, stype, data, index, shape, ctx)


def _sparse(r: Reader, stype: str, data: torch.Tensor, index: list, shape: tuple, ctx: Context) -> Array:
    try:
        if stype == "row_sparse":
            value: Any = RowSparse(data, index[0].reshape(-1), shape)
        else:
            indptr = index[0].reshape(-1)
            if indptr.numel() == 0:  # the original writes an all-zero array so
                indptr = torch.zeros(shape[0] + 1 if data.numel() == 0 and shape[0] <= len(r.data) else 1, dtype=torch.int64)
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


def read(data: bytes | memoryview, name: str) -> list | dict:
    """All arrays of a file: a dict if they have names, else a list."""
    r = Reader(memoryview(data), name)
    magic = r.number("Q", "the file's magic number")
    if magic != LIST_MAGIC:
        raise r.fail(f"magic number {magic:#x}, expected {LIST_MAGIC:#x}")
    r.number("Q", "the reserved word")
    count = r.number("Q", "the number of arrays")
    if count * 8 > len(r.data):
        raise r.fail(f"{count} arrays in a file of {len(r.data)} bytes")
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


def _raw(t: torch.Tensor) -> memoryview:
    t = t.detach().cpu().contiguous().reshape(-1)
    return memoryview(t.view(torch.uint8).numpy()) if t.numel() else memoryview(b"")


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


def write(fname: str, arrays: list, names: list[str]) -> None:
    """Write a file so that at every moment either the old or the whole new one is there."""
    folder = os.path.dirname(os.path.abspath(fname))
    handle, temporary = tempfile.mkstemp(prefix=os.path.basename(fname) + ".", dir=folder)
    try:
        with os.fdopen(handle, "wb") as f:
            for piece in pieces(arrays, names):
                f.write(piece)
            f.flush()
            os.fsync(f.fileno())
        mode = os.stat(fname).st_mode & 0o777 if os.path.exists(fname) else 0o666 & ~_umask()
        os.chmod(temporary, mode)
        os.replace(temporary, fname)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def pieces(arrays: list, names: list[str]) -> Iterable[Any]:
    """The file's content, piece by piece."""
    yield struct.pack("<QQQ", LIST_MAGIC, 0, len(arrays))
    for a in arrays:
        part = _describe(a)
        yield part.head
        for t in part.tensors:
            yield _raw(t)
    yield struct.pack("<Q", len(names))
    for name in names:
        raw = name.encode("utf-8")
        yield struct.pack("<Q", len(raw)) + raw
