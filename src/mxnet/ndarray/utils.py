"""`mx.nd.array/zeros/empty` for every storage type, and `save/load` of arrays in MXNet's `.params` format or as safetensors."""

from __future__ import annotations

import os
from typing import Any

from .._files import unreadable, write_whole
from .._runtime.array import Array
from ..context import Context
from ..error import MXNetError
from . import _creation, _params_file, _safetensors, sparse
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
    """The arrays that `save` wrote: a list, or a dict of names.

    Files of every MXNet version and safetensors files are read; which of them a file is, its first bytes tell.
    A bad file is an MXNetError that names the file, the record and the offset; nothing in a file can run code.

    >>> mx.nd.save("weights.safetensors", {"w": mx.nd.ones((2,))})
    >>> mx.nd.load("weights.safetensors")["w"].shape
    (2,)
    """
    if not isinstance(fname, (str, os.PathLike)):
        raise TypeError(f"load: fname must be a str, got {type(fname).__name__}. Pass a path.")
    name = os.fspath(fname)
    try:
        with open(name, "rb", buffering=1 << 16) as f:
            start = f.read(16)
            if not start:
                raise MXNetError(f"load: {name}: the file is empty (offset 0). Save it again.")
            f.seek(0)
            return _format_of(start, name).read(f, name)
    except OSError as e:
        raise unreadable(name, "load", e, "open") from None


def load_frombuffer(buf: bytes) -> list | dict:
    """The arrays in the bytes of a file."""
    if not isinstance(buf, (bytes, bytearray, memoryview)):
        raise TypeError(f"load_frombuffer: buf must be bytes, got {type(buf).__name__}. Pass a file's bytes.")
    return _format_of(bytes(buf[:16]), "").read(memoryview(buf), "buffer")


def _format_of(start: bytes, name: str) -> Any:
    """The module that reads a file with these first bytes."""
    if start[8:9] == b"{" or is_safetensors(name) and start[:16] != _params_file.START:
        return _safetensors
    return _params_file


def is_safetensors(name: str) -> bool:
    """Whether a file of this name is to be a safetensors file."""
    return name.lower().endswith(".safetensors")


def save(fname: str, data: Any) -> None:
    """Write an array, a list of arrays or a dict of names to arrays; the file is replaced at once or not at all.

    A name that ends in `.safetensors` gives a safetensors file, any other one MXNet's `.params` format. Both hold all storage types.
    """
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
    name = os.fspath(fname)
    write_whole(name, (_safetensors if is_safetensors(name) else _params_file).pieces(arrays, names), "save")
