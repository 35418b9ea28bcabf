"""Making dense arrays from numbers, lists, NumPy arrays and rules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from .. import _dtype
from .._op.registry import NAMES
from .._runtime.array import Array, wrap
from .._runtime.invoke import Hooks, invoke, plain_words
from .._runtime.state import state
from .._storage import pages
from ..context import Context, current_context, parse_context
from ..error import MXNetError
from ._ndarray import NDArray

#: More elements than this no machine addresses.
_MOST = 2**62


def _shape(shape: Any, where: str) -> tuple[int, ...]:
    try:
        dims = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(s) for s in shape)
    except (TypeError, ValueError):
        raise TypeError(f"{where}: shape must be an int or a tuple of int, got {shape!r}. Pass e.g. (2, 3).") from None
    if any(d < 0 for d in dims):
        raise MXNetError(f"{where}: shape {dims} has a negative axis. Pass sizes of 0 or more.")
    if math.prod(dims) > _MOST:
        raise MXNetError(f"{where}: shape {dims} has more elements than memory can hold. Check the size.")
    return dims


def _filled(where: str, shape: Any, value: float, ctx: Any, dtype: Any, cls: type = NDArray) -> NDArray:
    ctx = parse_context(ctx)
    kind = _dtype.to_torch(dtype, where)
    if Hooks.profile is not None:  # seen as an operator then
        filling = NAMES[f"_{where}"]
        attrs = {"shape": _shape(shape, where), "dtype": kind, "ctx": str(ctx), **({"value": float(value)} if where == "full" else {})}
        return wrap(invoke(filling, (), filling.parse(attrs))._d, ctx, cls)
    try:
        return wrap(pages.new(_shape(shape, where), kind, ctx.torch_device).fill_(value), ctx, cls)
    except RuntimeError as e:
        if isinstance(e, MXNetError):
            raise
        raise MXNetError(
            f"{where}: {plain_words(str(e).splitlines()[0])} (shape {shape}, type {_dtype.name_of(kind)}). Check the size."
        ) from None


def array(source_array: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array from numbers, nested lists, NumPy arrays, NDArrays or anything NumPy can read.

    dtype: default is the source's for an NDArray, else float32. The data is always copied.
    """
    ctx = parse_context(ctx)
    if isinstance(source_array, Array):
        kind = source_array._d.dtype if dtype is None else _dtype.to_torch(dtype, "array")
        values = source_array._d if source_array.stype == "default" else source_array._d.to_dense()
        return wrap(values.to(device=ctx.torch_device, dtype=kind, copy=True), ctx, NDArray)
    kind = _dtype.to_torch(dtype, "array")
    if isinstance(source_array, torch.Tensor):
        values = source_array.detach()
    else:
        values = _from_anything(source_array, kind)
    return wrap(values.to(device=ctx.torch_device, dtype=kind, copy=True).contiguous(), ctx, NDArray)


def _from_anything(source: Any, kind: torch.dtype) -> torch.Tensor:
    if not isinstance(source, np.ndarray):
        if isinstance(source, (list, tuple)):
            source = [s.asnumpy() if isinstance(s, Array) else s for s in source]
        try:
            source = np.array(source)
        except (TypeError, ValueError) as e:
            raise TypeError(f"array: source must be array like ({e}). Pass numbers, equal lists or a NumPy array.") from None
    if source.dtype == object or source.dtype.kind in "USOMmV" and source.dtype != _dtype.bfloat16:
        if getattr(source.dtype, "name", "") == "bfloat16":
            source = source.astype(np.float32)
        else:  # integers beyond 64 bits, numbers as text, objects that are numbers
            try:
                if not source.shape and source.item() is None:
                    raise TypeError
                exact = source.dtype != object and not kind.is_floating_point
                source = source.astype(np.int64 if exact else np.float64)
            except (TypeError, ValueError):
                text = f"array: source must hold numbers, got {source.dtype}. Pass numbers, equal lists or a NumPy array."
                raise TypeError(text) from None
    if source.dtype == _dtype.bfloat16:
        return torch.from_numpy(np.ascontiguousarray(source).view(np.uint16)).view(torch.bfloat16)
    if source.dtype.kind == "f" and source.dtype.itemsize > 8 or source.dtype.byteorder == ">":
        source = source.astype(np.float64 if source.dtype.kind == "f" else source.dtype.newbyteorder("="))
    shape = source.shape if source.shape or state.np_shape else (1,)
    whole = np.ascontiguousarray(source)
    return torch.from_numpy(whole if whole.flags.writeable else whole.copy()).reshape(shape)  # torch warns of memory that is read-only


def empty(shape: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array without defined values."""
    ctx = parse_context(ctx)
    return wrap(pages.new(_shape(shape, "empty"), _dtype.to_torch(dtype, "empty"), ctx.torch_device), ctx, NDArray)


def zeros(shape: Any, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of zeros; `out=` writes into an existing one."""
    return _into(kwargs, _filled("zeros", shape, 0, ctx, dtype))


def ones(shape: Any, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """An array of ones; `out=` writes into an existing one."""
    return _into(kwargs, _filled("ones", shape, 1, ctx, dtype))


def full(shape: Any, val: float, ctx: Context | None = None, dtype: Any = np.float32, out: NDArray | None = None) -> NDArray:
    """An array filled with one value."""
    value = val.asscalar() if isinstance(val, Array) else val
    if not isinstance(value, (int, float, np.number, np.bool_)):
        raise TypeError(f"full: val must be a number, got {type(val).__name__}. Pass a number.")
    return _into({"out": out}, _filled("full", shape, value, ctx, dtype))


def _into(kwargs: dict, made: NDArray) -> NDArray:
    out = kwargs.pop("out", None)
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"unknown argument {next(iter(kwargs))!r}. Use shape, ctx, dtype and out.")
    if out is None:
        return made
    out[:] = made
    return out


def arange(start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1, infer_range: Any = None, ctx: Context | None = None,
           dtype: Any = np.float32) -> NDArray:  # fmt: skip
    """start, start + step, ... below stop, each `repeat` times."""
    if stop is None:
        start, stop = 0, start
    op = NAMES["_arange"]
    ctx = parse_context(ctx)
    return invoke(op, (), op.parse({"start": start, "stop": stop, "step": step, "repeat": repeat, "ctx": str(ctx), "dtype": dtype}))


def linspace(start: float, stop: float, num: int, endpoint: bool = True, ctx: Context | None = None, dtype: Any = np.float32) -> NDArray:
    """`num` evenly spaced values from start to stop."""
    ctx, op = parse_context(ctx), NAMES["_linspace"]
    attrs = {"start": start, "stop": stop, "num": num, "endpoint": endpoint, "ctx": str(ctx), "dtype": dtype}
    return invoke(op, (), op.parse(attrs))


def eye(N: int, M: int = 0, k: int = 0, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """A matrix with ones on the k-th diagonal."""
    ctx, op = parse_context(ctx), NAMES["_eye"]
    return _into(kwargs, invoke(op, (), op.parse({"N": N, "M": M, "k": k, "ctx": str(ctx), "dtype": _dtype.to_torch(dtype, "eye")})))


def from_numpy(ndarray: np.ndarray, zero_copy: bool = True, array_cls: type = NDArray) -> NDArray:
    """An array of a NumPy array's memory; the NumPy array becomes read-only for the time being."""
    if not zero_copy:
        return array(ndarray, dtype=ndarray.dtype)
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: takes a NumPy array, got {type(ndarray).__name__}. Use mx.nd.array for anything else.")
    if not ndarray.flags["C_CONTIGUOUS"]:
        raise ValueError("from_numpy: zero_copy needs a C-contiguous array. Pass np.ascontiguousarray(a) or zero_copy=False.")
    _dtype.to_torch(ndarray.dtype, "from_numpy")
    tensor = torch.from_numpy(ndarray)
    ndarray.flags["WRITEABLE"] = False
    return wrap(tensor, current_context() if current_context().device_type == "cpu" else None, array_cls)


def from_dlpack(dlpack: Any) -> NDArray:
    """An array of the memory of a DLPack capsule or of any object with `__dlpack__`."""
    if not (hasattr(dlpack, "__dlpack__") or type(dlpack).__name__ == "PyCapsule"):
        raise TypeError(f"from_dlpack: takes a DLPack capsule or an object with __dlpack__, got {type(dlpack).__name__}. Pass one of them.")
    return wrap(torch.from_dlpack(dlpack), None, NDArray)
