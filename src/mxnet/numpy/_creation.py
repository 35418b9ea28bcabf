"""Functions of `mx.np` that make arrays; the default type is float32."""

from __future__ import annotations

from typing import Any

import numpy as onp
import torch

from .. import _dtype
from .._runtime.array import Array, Classes, wrap
from .._runtime.state import state
from ..context import current_context, parse_context
from ..ndarray._creation import _from_anything
from ..symbol.symbol import Symbol
from ._call import NUMBERS, call, checked, device, is_array, kind, plain, sizes
from ._shape import broadcast_to, reshape


def _order(order: str) -> None:
    if order != "C":
        raise NotImplementedError(f"mx.np: order {order!r} is not supported. Use 'C'.")


def _torch_kind(dtype: Any, where: str) -> torch.dtype:
    return _dtype.to_torch(kind(dtype) if dtype in (float, int) else dtype, where)


def array(object: Any, dtype: Any = None, ctx: Any = None) -> Any:
    """A new array: of another array (in its type), or of numbers and nested lists (float32 unless `dtype` says else).

    >>> mx.np.array([[1, 2], [3, 4]])
    array([[1., 2.],
           [3., 4.]])
    """
    where = parse_context(ctx) if ctx is not None else current_context()
    if is_array(object):
        made = object._d if dtype is None else object._d.to(_torch_kind(dtype, "array"))
        return wrap(made.to(where.torch_device, copy=made is object._d), where, Classes.numpy)
    if isinstance(object, Array):
        raise ValueError("mx.np.array: got an mx.nd.NDArray. Use x.as_np_ndarray(), which shares its memory.")
    if isinstance(object, torch.Tensor):
        object = object.detach().cpu().numpy()
    given = getattr(object, "dtype", None)
    wanted = torch.float32 if dtype is None and given is None else _torch_kind(given if dtype is None else dtype, "array")
    if object is None:
        object = float("nan")
    if isinstance(object, (list, tuple)):
        object = _unwrapped(object)
    shape = onp.shape(object)
    made = _from_anything(object, wanted)
    return wrap(made.reshape(shape).to(device=where.torch_device, dtype=wanted, copy=True), where, Classes.numpy)


def _unwrapped(items: Any) -> Any:
    return [_unwrapped(i) if isinstance(i, (list, tuple)) else i.asnumpy() if isinstance(i, Array) else i for i in items]


def _filled(shape: Any, value: Any, dtype: Any, ctx: Any, where: str) -> Any:
    place = parse_context(ctx) if ctx is not None else current_context()
    if state.symbolic:
        attrs = {"shape": sizes(shape), "dtype": _dtype.name_of(_torch_kind(dtype, where)), "ctx": str(place)}
        return call(f"_npi_{where}", **attrs) if where in ("zeros", "ones") else call("_npi_full", value=value, **attrs)
    made = torch.full(sizes(shape), value, dtype=_torch_kind(dtype, where), device=place.torch_device)
    return wrap(made, place, Classes.numpy)


def empty(shape: Any, dtype: Any = onp.float32, order: str = "C", ctx: Any = None) -> Any:
    """An array whose values do not matter."""
    _order(order)
    return _filled(shape, 0, dtype, ctx, "empty")


def zeros(shape: Any, dtype: Any = None, order: str = "C", ctx: Any = None) -> Any:
    """An array of zeros."""
    _order(order)
    return _filled(shape, 0, dtype, ctx, "zeros")


def ones(shape: Any, dtype: Any = onp.float32, order: str = "C", ctx: Any = None) -> Any:
    """An array of ones."""
    _order(order)
    return _filled(shape, 1, dtype, ctx, "ones")


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", ctx: Any = None, out: Any = None) -> Any:
    """An array of one value (float32, bool for a bool), or an array broadcast to the shape."""
    _order(order)
    if isinstance(fill_value, Symbol):
        made = broadcast_to(fill_value, sizes(shape))
        return made if dtype is None else made.astype(dtype)
    if is_array(fill_value):
        made = broadcast_to(fill_value, sizes(shape))
        made = made if dtype is None else made.astype(dtype)
    else:
        wanted = onp.bool_ if dtype is None and isinstance(fill_value, (bool, onp.bool_)) else dtype
        made = _filled(shape, plain(fill_value), wanted, ctx, "full")
    return _into(out, made)


def _into(out: Any, made: Any) -> Any:
    if out is None:
        return made
    out[...] = made
    return out


def _like(a: Any, value: Any, dtype: Any, order: str, ctx: Any, out: Any, where: str) -> Any:
    _order(order)
    x = checked(a, where)
    if isinstance(x, Symbol):
        return call("_npi_full_like", x, fill_value=float(value), **({} if dtype is None else {"dtype": kind(dtype)}))
    made = _filled(x.shape, value, x.dtype if dtype is None else dtype, x.ctx if ctx is None else ctx, where)
    return _into(out, made)


def zeros_like(a: Any, dtype: Any = None, order: str = "C", ctx: Any = None, out: Any = None) -> Any:
    """Zeros in the shape and type of an array."""
    return _like(a, 0, dtype, order, ctx, out, "zeros_like")


def ones_like(a: Any, dtype: Any = None, order: str = "C", ctx: Any = None, out: Any = None) -> Any:
    """Ones in the shape and type of an array."""
    return _like(a, 1, dtype, order, ctx, out, "ones_like")


def full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "C", ctx: Any = None, out: Any = None) -> Any:
    """One value in the shape and type of an array."""
    _order(order)
    if not isinstance(fill_value, NUMBERS):
        raise ValueError(f"mx.np.full_like: fill_value must be a number, got {type(fill_value).__name__}. Use full.")
    return call("_npi_full_like", a, out=out, fill_value=float(fill_value), **({} if dtype is None else {"dtype": kind(dtype)}))


def empty_like(prototype: Any, dtype: Any = None, order: str = "C", subok: bool = False, shape: Any = None) -> Any:
    """An array in the shape and type of another, whose values do not matter."""
    if subok or shape is not None:
        raise NotImplementedError("mx.np.empty_like: subok and shape are not supported. Use empty.")
    if isinstance(prototype, Symbol):
        settings = {"dtype": str(kind(dtype)), "order": order, "subok": str(subok), "shape": str(shape)}
        return call("Custom", prototype, op_type="empty_like_fallback", **settings)
    return _like(prototype, 0, dtype, order, None, None, "empty_like")


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, ctx: Any = None) -> Any:
    """start, start + step, ... below stop; float32."""
    if stop is None:
        start, stop = 0, start
    if step is None:
        step = 1
    return call("_npi_arange", start=plain(start), stop=plain(stop), step=plain(step), ctx=device(ctx), dtype=kind(dtype) or "float32")


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0,
             ctx: Any = None) -> Any:  # fmt: skip
    """`num` evenly spaced numbers; `retstep` adds their distance."""
    if axis != 0 or not isinstance(start, NUMBERS) or not isinstance(stop, NUMBERS):
        raise NotImplementedError("mx.np.linspace: start and stop must be numbers and axis 0. Use arange and arithmetic.")
    if num < 0:
        raise ValueError(f"mx.np.linspace: num must be 0 or more, got {num}. Pass such a number.")
    if state.symbolic:
        made = call("_npi_linspace", start=start, stop=stop, num=num, endpoint=endpoint, dtype=kind(dtype) or "float32", ctx=device(ctx))
        return (made, (stop - start) / (num - 1) if num > 1 else float("nan")) if retstep else made
    values = onp.linspace(start, stop, num, endpoint)
    made = array(values, dtype=dtype or onp.float32, ctx=ctx)
    return (made, (stop - start) / (num - 1) if num > 1 else float("nan")) if retstep else made  # num - 1 without endpoint too, as in 1.9.1


def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10.0, dtype: Any = None, axis: int = 0,
             ctx: Any = None) -> Any:  # fmt: skip
    """base ** x for `num` evenly spaced x."""
    if axis != 0:
        raise NotImplementedError("mx.np.logspace: axis must be 0. Leave it away.")
    attrs = {"start": start, "stop": stop, "num": num, "endpoint": endpoint, "base": base}
    return call("_npi_logspace", ctx=device(ctx), dtype=kind(dtype) or "float32", **attrs)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = onp.float32, **kwargs: Any) -> Any:
    """A matrix with ones on its k-th diagonal."""
    return call("_npi_eye", N=N, k=k, ctx=device(kwargs.get("ctx")), dtype=kind(dtype) or "float32", **({} if M is None else {"M": M}))


def identity(n: int, dtype: Any = None, ctx: Any = None) -> Any:
    """A square matrix with ones on its diagonal."""
    return call("_npi_identity", shape=(n, n), ctx=device(ctx), dtype=kind(dtype) or "float32")


def indices(dimensions: Any, dtype: Any = onp.int32, ctx: Any = None) -> Any:
    """The index of each element of a grid along each axis, stacked."""
    return call("_npi_indices", dimensions=sizes(dimensions), dtype=kind(dtype), ctx=device(ctx))


def meshgrid(*xi: Any, **kwargs: Any) -> list:
    """Grids of coordinates from vectors; indexing "xy" (the first two axes exchanged) or "ij"."""
    indexing = kwargs.pop("indexing", "xy")
    if kwargs.pop("sparse", False) or not kwargs.pop("copy", True) or kwargs:
        raise NotImplementedError("mx.np.meshgrid: only indexing may be given. Leave other arguments away.")
    if indexing not in ("xy", "ij"):
        raise ValueError(f"mx.np.meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}. Pass one of them.")
    if any(isinstance(x, Symbol) for x in xi):
        raise TypeError("mx.np.meshgrid: the sizes of symbols are not known. Use mx.sym.np.indices, or broadcasting.")
    n = len(xi)
    order = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    shape = [1] * n
    for i, x in enumerate(xi):
        shape[order[i]] = checked(x, "meshgrid").size
    return [broadcast_to(reshape(x, tuple(-1 if order[i] == a else 1 for a in range(n))), tuple(shape)) for i, x in enumerate(xi)]


def _window(name: str, M: int, dtype: Any, ctx: Any) -> Any:
    return call(f"_npi_{name}", M=int(M), dtype=kind(dtype) or "float32", ctx=device(ctx))


def hanning(M: int, dtype: Any = onp.float32, ctx: Any = None) -> Any:
    """The Hann window of M points."""
    return _window("hanning", M, dtype, ctx)


def hamming(M: int, dtype: Any = onp.float32, ctx: Any = None) -> Any:
    """The Hamming window of M points."""
    return _window("hamming", M, dtype, ctx)


def blackman(M: int, dtype: Any = onp.float32, ctx: Any = None) -> Any:
    """The Blackman window of M points."""
    return _window("blackman", M, dtype, ctx)


def copy(a: Any, out: Any = None) -> Any:
    """A copy."""
    return call("_np_copy", a, out=out)


def shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """Whether two arrays use the same memory."""
    made = call("_npi_share_memory", a, b)
    return made if isinstance(made, Symbol) else made.item()


may_share_memory = shares_memory


def genfromtxt(*args: Any, **kwargs: Any) -> Any:
    """An array read from text by NumPy's function of this name."""
    ctx = kwargs.pop("ctx", None)
    kwargs.setdefault("dtype", onp.float32)
    return array(onp.genfromtxt(*args, **kwargs), ctx=ctx)


def set_printoptions(precision: int | None = None, threshold: int | None = None, **kwarg: Any) -> None:
    """How arrays print: NumPy's options."""
    onp.set_printoptions(precision=precision, threshold=threshold, **kwarg)


FUNCTIONS = {f.__name__: f for f in (array, empty, zeros, ones, full, zeros_like, ones_like, full_like, empty_like, arange, linspace, logspace,
                                     eye, identity, indices, meshgrid, hanning, hamming, blackman, copy, shares_memory, genfromtxt,
                                     set_printoptions)}  # fmt: skip
FUNCTIONS["may_share_memory"] = shares_memory
