"""Reductions over axes, and their reverse: broadcasting.

`axis` is an int, a tuple, or None / () for all axes; `exclude` reduces over all other axes; a full reduction without keepdims has shape (1,).
float16 and bfloat16 accumulate in float32; integers keep their type.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .params import Shape
from .registry import Op, op, register


@functools.lru_cache(maxsize=4096)
def axes_of(name: str, ndim: int, axis: tuple[int, ...] | None, exclude: bool = False) -> tuple[int, ...]:
    """The axes to reduce over, sorted, non-negative."""
    if not axis:
        return () if exclude and axis is not None and ndim == 0 else tuple(range(ndim))
    found = []
    for a in axis:
        if not -ndim <= a < ndim:
            raise MXNetError(f"{name}: axis {a} is out of range for {ndim} axes. Use -{ndim}..{ndim - 1}.")
        found.append(a % ndim)
    if len(set(found)) != len(found):
        raise MXNetError(f"{name}: axis {tuple(axis)} names an axis twice. Name each once.")
    return tuple(a for a in range(ndim) if a not in found) if exclude else tuple(sorted(found))


def _finish(out: Tensor) -> Tensor:
    """Scalars have shape (1,)."""
    return out.reshape(1) if out.dim() == 0 else out


def _is_half(dtype: torch.dtype) -> bool:
    return dtype in (torch.float16, torch.bfloat16)


def _sum(x: Tensor, axes: tuple, keepdims: bool) -> Tensor:
    return torch.sum(x, axes, keepdims) if x.is_floating_point() else torch.sum(x, axes, keepdims, dtype=x.dtype)


def _mean(x: Tensor, axes: tuple, keepdims: bool) -> Tensor:
    if x.is_floating_point():
        return torch.mean(x, axes, keepdims)
    if x.dtype == torch.bool:
        return torch.any(x, axes, keepdim=keepdims)
    count = math.prod(x.shape[a] for a in axes)
    return torch.div(torch.sum(x, axes, keepdim=keepdims, dtype=x.dtype), max(count, 1), rounding_mode="trunc").to(x.dtype)


class _Product(torch.autograd.Function):
    """The product, with MXNet's gradient: product / x, hence NaN at a zero."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, axes: tuple) -> Tensor:
        out = _plain_prod(x, axes, True)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple:
        x, out = ctx.saved_tensors
        return grad * (out / x), None


def _prod(x: Tensor, axes: tuple, keepdims: bool) -> Tensor:
    if not x.requires_grad:
        return _plain_prod(x, axes, keepdims)
    out = _Product.apply(x, axes)
    return out if keepdims else out.reshape([n for a, n in enumerate(x.shape) if a not in axes])


def _plain_prod(x: Tensor, axes: tuple, keepdims: bool) -> Tensor:
    kind = x.dtype
    out = x.float() if _is_half(kind) else x
    for a in reversed(axes):
        out = torch.prod(out, a, keepdim=keepdims, dtype=None if out.is_floating_point() else kind)
    return out.to(kind)


def _nansum(x: Tensor, axes: tuple, keepdims: bool) -> Tensor:
    return _sum(torch.where(torch.isnan(x), 0, x) if x.is_floating_point() else x, axes, keepdims)


def _nanprod(x: Tensor, axes: tuple, keepdims: bool) -> Tensor:
    return _prod(torch.where(torch.isnan(x), 1, x) if x.is_floating_point() else x, axes, keepdims)


class _Extreme(torch.autograd.Function):
    """max or min whose gradient goes in full to every element that equals it (torch shares it among them)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, axes: tuple, largest: bool) -> Tensor:
        out = (torch.amax if largest else torch.amin)(x, axes, keepdim=True)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple:
        x, out = ctx.saved_tensors
        return torch.where(x == out, grad, torch.zeros((), dtype=grad.dtype, device=grad.device)), None, None


def _extreme(x: Tensor, axes: tuple, keepdims: bool, largest: bool) -> Tensor:
    if 0 in x.shape and any(x.shape[a] == 0 for a in axes):
        raise MXNetError(f"{'max' if largest else 'min'}: cannot reduce over an axis of size 0 (shape {tuple(x.shape)}). Check the input.")
    if x.requires_grad and axes:
        out = _Extreme.apply(x, axes, largest)
        return out if keepdims else out.reshape([n for a, n in enumerate(x.shape) if a not in axes])
    return (torch.amax if largest else torch.amin)(x, axes, keepdim=keepdims) if axes else x.clone()


def _max(x: Tensor, axes: tuple, keepdims: bool) -> Tensor:
    return _extreme(x, axes, keepdims, True)


def _min(x: Tensor, axes: tuple, keepdims: bool) -> Tensor:
    return _extreme(x, axes, keepdims, False)


_REDUCTIONS: dict[str, tuple[Callable[[Tensor, tuple, bool], Tensor], str, tuple[str, ...]]] = {
    "sum": (_sum, "The sum", ("_sparse_sum", "sum_axis")),
    "mean": (_mean, "The mean (integers: cut off)", ("_sparse_mean",)),
    "prod": (_prod, "The product; its gradient is product / x, hence NaN at zeros (as in the original)", ()),
    "nansum": (_nansum, "The sum of all elements that are not NaN", ()),
    "nanprod": (_nanprod, "The product of all elements that are not NaN", ()),
    "max": (_max, "The largest element; the gradient goes to all that equal it", ("max_axis",)),
    "min": (_min, "The smallest element; the gradient goes to all that equal it", ("min_axis",)),
}


def _make(name: str, fn: Callable[[Tensor, tuple, bool], Tensor]) -> Callable[..., Tensor]:
    def run(data: Tensor, *, axis: Shape | None = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
        axes = axes_of(name, data.dim(), axis, exclude)
        if not axes and data.dim():
            return data.clone()
        out = fn(data, axes, keepdims)
        return out if out.dim() else out.reshape(1)

    return run


for _name, (_fn, _words, _aliases) in _REDUCTIONS.items():
    _doc = (f"{_words} over `axis`.\n\naxis: int, tuple or None (all); exclude: over all axes but these; keepdims: reduced axes stay with size 1."
            f"\n\n>>> mx.nd.{_name}(mx.nd.ones((2, 3)), axis=1)")  # fmt: skip
    register(Op(_name, _make(_name, _fn), aliases=_aliases, amp="any" if _name in ("max", "min") else "fp32", doc=_doc))


@op("_np_cumsum", aliases=["cumsum"])
def cumsum(
    a: Tensor, *, axis: int | None = None, dtype: Literal["float16", "float32", "float64", "int32", "int64", "int8"] | None = None
) -> Tensor:
    """Running sums along `axis`, or over the flattened array."""
    if axis is None:
        x, where = a.reshape(-1), 0
    else:
        x, (where,) = a, axes_of("cumsum", a.dim(), (axis,))
    kind = getattr(torch, dtype) if dtype else torch.int64 if a.dtype == torch.bool else a.dtype
    if not kind.is_floating_point:
        x = x.detach().to(kind)
    return torch.cumsum(x, where, dtype=kind)


@op("norm", aliases=["_sparse_norm"], amp="fp32")
def norm(data: Tensor, *, ord: int = 2, axis: Shape | None = None,
         out_dtype: Literal["float16", "float32", "float64", "int32", "int64", "int8"] | None = None, keepdims: bool = False) -> Tensor:  # fmt: skip
    """The L1 (ord=1) or L2 (ord=2) norm over one or two axes, or over all. float16 and bfloat16 are computed in float32."""
    if ord not in (1, 2):
        raise MXNetError(f"norm: ord is {ord}, only 1 and 2 are defined. Use one of them.")
    axes = axes_of("norm", data.dim(), axis)
    x = data if data.dtype in (torch.float32, torch.float64) else data.float() if data.is_floating_point() else data.double()
    out = torch.linalg.vector_norm(x, ord, axes, keepdim=keepdims)
    return _finish(out).to(getattr(torch, out_dtype) if out_dtype else data.dtype)


@op("moments", outputs=2, amp="fp32")
def moments(data: Tensor, *, axes: Shape | None = None, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """(mean, variance) over `axes`; the variance is that of the population."""
    where = axes_of("moments", data.dim(), axes)
    if not data.is_floating_point():  # the deviations are from the mean as an integer
        wide = data.double()
        mean = torch.trunc(torch.mean(wide, where, keepdim=True))
        var = torch.mean(torch.square(wide - mean), where, keepdim=keepdims).to(data.dtype)
        return _finish((mean if keepdims else mean.reshape(var.shape)).to(data.dtype)), _finish(var)
    mean = torch.mean(data, where, keepdim=True)
    var = torch.mean(torch.square(data - mean), where, keepdim=keepdims)
    return _finish(mean if keepdims else mean.reshape(var.shape)), _finish(var)


def _arg(name: str, data: Tensor, axis: int | None, keepdims: bool, largest: bool) -> Tensor:
    kind = data.dtype
    if axis is None:
        flat = data.reshape(-1)
        out = (torch.argmax if largest else torch.argmin)(flat, 0)
        return out.to(kind).reshape((1,) * data.dim() if keepdims else (1,))
    (where,) = axes_of(name, data.dim(), (axis,))
    return _finish((torch.argmax if largest else torch.argmin)(data, where, keepdim=keepdims).to(kind))


@op("argmax", zero_grad=True)
def argmax(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The position of the first largest element along `axis` (None: in the flattened array), in the array's type."""
    return _arg("argmax", data, axis, keepdims, True)


@op("argmin", zero_grad=True)
def argmin(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The position of the first smallest element along `axis` (None: in the flattened array), in the array's type."""
    return _arg("argmin", data, axis, keepdims, False)


@op("argmax_channel", zero_grad=True)
def argmax_channel(data: Tensor) -> Tensor:
    """The position of the largest element along axis 1."""
    return _arg("argmax_channel", data, 1, False, True)


@op("broadcast_axis", aliases=["broadcast_axes"], views=True)
def broadcast_axis(data: Tensor, *, axis: Shape = (), size: Shape = ()) -> Tensor:
    """The array repeated `size` times along each `axis` of size 1."""
    if len(axis) != len(size):
        raise MXNetError(f"broadcast_axis: {len(axis)} axes but {len(size)} sizes. Pass as many.")
    shape = list(data.shape)
    for a, n in zip(axis, size):
        (where,) = axes_of("broadcast_axis", data.dim(), (a,))
        if shape[where] != 1:
            raise MXNetError(f"broadcast_axis: axis {a} has size {shape[where]}, only axes of size 1 can grow. Choose another axis.")
        shape[where] = n
    return data.expand(shape)


@op("broadcast_to", views=True)
def broadcast_to(data: Tensor, *, shape: Shape = ()) -> Tensor:
    """The array repeated along axes of size 1 up to `shape`, which has as many axes; a 0 keeps the axis."""
    have = tuple(data.shape)
    if len(shape) != len(have):
        raise MXNetError(f"broadcast_to: the array has {len(have)} axes {have}, shape {len(shape)} {shape}. Reshape it first.")
    wanted = tuple(h if s == 0 else s for s, h in zip(shape, have))
    if any(h not in (1, w) for h, w in zip(have, wanted)):
        raise MXNetError(f"broadcast_to: {have} cannot be broadcast to {wanted}; only axes of size 1 can grow. Check the shape.")
    return data.expand(wanted)


@op("broadcast_like", views=True)
def broadcast_like(lhs: Tensor, rhs: Tensor, *, lhs_axes: Shape | None = None, rhs_axes: Shape | None = None) -> Tensor:
    """lhs repeated along axes of size 1 up to the shape of rhs, or along lhs_axes up to the sizes of rhs_axes."""
    if lhs_axes is None and rhs_axes is None:
        if lhs.dim() != rhs.dim():
            raise MXNetError(
                f"broadcast_like: lhs has shape {tuple(lhs.shape)}, rhs {tuple(rhs.shape)}; they need as many axes. Reshape lhs."
            )
        pairs = list(zip(range(lhs.dim()), range(lhs.dim())))
    elif lhs_axes is None or rhs_axes is None or len(lhs_axes) != len(rhs_axes) or not lhs_axes:
        raise MXNetError(f"broadcast_like: lhs_axes {lhs_axes} and rhs_axes {rhs_axes} must both be given, with as many axes. Pass both.")
    else:
        pairs = [
            (axes_of("broadcast_like", lhs.dim(), (a,))[0], axes_of("broadcast_like", rhs.dim(), (b,))[0])
            for a, b in zip(lhs_axes, rhs_axes)
        ]
    shape = list(lhs.shape)
    for a, b in pairs:
        if shape[a] not in (1, rhs.shape[b]):
            raise MXNetError(
                f"broadcast_like: {tuple(lhs.shape)} cannot be broadcast to {tuple(rhs.shape)} at axis {a}. Only axes of size 1 can grow."
            )
        shape[a] = rhs.shape[b]
    return lhs.expand(shape)
