"""`mx.nd.array/zeros/empty` for every storage type, and `save/load` of arrays in MXNet's `.params` format."""

from __future__ import annotations

import mmap
import os
from typing import Any

from .._runtime.array import Array
from ..context import Context
from ..error import MXNetError
from . import _creation, _params_file, sparse
from ._ndarray import NDArray

__all__ = ["zeros", "empty", "array", "load", "load_frombuffer", "save"]


def zeros(shape: Any, ctx: Context | None = None, dtype: Any = None, stype: str | None = None, **kwargs: Any) -> NDArray:
    """An array of zeros of any storage type."""
    if stype is None or stype == "default":
        return _creation.zeros(shape, ctx, dtype, **kwargs)
    return sparse.zeros(stype, shape, ctx, dtype, **kwargs)


def empty(shape: Any, ctx: Context | None = None, dtype: Any = None, stype: str | None = None) -> NDArray:
    """An array without defined values, of any storage type (sparse: without stored elements)."""
    return _creation.empty(shape, ctx, dtype) if stype is None or stype == "default" else sparse.empty(stype, shape, ctx, dtype)


def array(source_array: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array from anything array like; sparse sources (CSRNDArray, RowSparseNDArray, scipy's CSR) stay sparse."""
    if (isinstance(source_array, Array) and source_array.stype != "default") or hasattr(source_array, "tocsr"):
        return sparse.array(source_array, ctx, dtype)
    return _creation.array(source_array, ctx, dtype)


def load(fname: str) -> list | dict:
    """The arrays that `save` wrote: a list, or a dict of names. Files of every MXNet version are read; a bad file is an MXNetError."""
    if not isinstance(fname, (str, os.PathLike)):
        raise TypeError(f"load: fname must be a str, got {type(fname).__name__}. Pass a path.")
    name = os.fspath(fname)
    try:
        with open(name, "rb") as f:
            if os.fstat(f.fileno()).st_size == 0:
                raise MXNetError(f"load: {name}: the file is empty. Save it again.")
            # never closed by hand: while an error is on its way, its traceback still holds parts of the view
            content = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        return _params_file.read(memoryview(content), name)
    except OSError as e:
        raise MXNetError(f"load: cannot open {name} ({e.strerror}). Check the path.") from None


def load_frombuffer(buf: bytes) -> list | dict:
    """The arrays in the bytes of a file."""
    if not isinstance(buf, (bytes, bytearray, memoryview)):
        raise TypeError(f"load_frombuffer: buf must be bytes, got {type(buf).__name__}. Pass a file's bytes.")
    return _params_file.read(buf, "buffer")


def save(fname: str, data: Any) -> None:
    """Write an array, a list of arrays or a dict of names to arrays; the file is replaced at once or not at all."""
    if isinstance(data, Array):
        data = [data]
    if isinstance(data, dict):
        names, arrays = list(data.keys()), list(data.values())
        if any(not isinstance(n, str) for n in names):
            raise TypeError("save: names must be str. Use str keys.")
    elif isinstance(data, (list, tuple)):
        names, arrays = [], list(data)
    else:
        raise ValueError(f"save: data must be an NDArray, a list or a dict of NDArrays, got {type(data).__name__}. Pass one of them.")
    for a in arrays:
        if not isinstance(a, Array):
            raise TypeError(f"save: data must hold NDArrays, got {type(a).__name__}. Convert it with mx.nd.array.")
    try:
        _params_file.write(os.fspath(fname), arrays, names)
    except OSError as e:
        raise MXNetError(f"save: cannot write {fname} ({e.strerror}). Check the path.") from None
