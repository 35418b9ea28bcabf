"""Reductions of `mx.np`: over `axis` (int, tuple or None for all), to zero-dimensional arrays where no axis remains.

Sums of bool are int64, means of integers float32; other integers keep their type. float16 accumulates in float32.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .params import Shape
from .reduce import _max, _min, _prod, axes_of
from .registry import op

Kind = Literal["bool", "float16", "float32", "float64", "int32", "int64", "int8"]


def _axes(name: str, a: Tensor, axis: tuple | None) -> tuple[int, ...]:
    return () if axis == () else axes_of(name, a.dim(), axis)


def _kind(a: Tensor, dtype: str | None) -> torch.dtype:
    return getattr(torch, dtype) if dtype else torch.int64 if a.dtype == torch.bool else a.dtype


def _plus_initial(out: Tensor, initial: float | None) -> Tensor:
    return out if initial is None else out + initial


@op("_np_sum", amp="fp32")
def sum(a: Tensor, *, axis: Shape | None = None, dtype: Kind | None = None, keepdims: bool = False,
        initial: float | None = None) -> Tensor:  # fmt: skip
    """The sum, plus `initial`."""
    kind, axes = _kind(a, dtype), _axes("sum", a, axis)
    if not axes:
        return _plus_initial(a.to(kind, copy=True), initial)
    if not kind.is_floating_point and a.requires_grad:
        a = a.detach()
    return _plus_initial(torch.sum(a, axes, keepdim=keepdims, dtype=kind), initial)


@op("_np_prod", aliases=["_np_product"], amp="fp32")
def prod(a: Tensor, *, axis: Shape | None = None, dtype: Kind | None = None, keepdims: bool = False,
         initial: float | None = None) -> Tensor:  # fmt: skip
    """The product, times `initial`."""
    kind, axes = _kind(a, dtype), _axes("prod", a, axis)
    out = _prod(a.to(kind), axes, keepdims) if axes else a.to(kind, copy=True)
    return out if initial is None else out * initial


@op("_npi_mean", amp="fp32")
def mean(a: Tensor, *, axis: Shape | None = None, dtype: Kind | None = None, keepdims: bool = False,
         initial: float | None = None) -> Tensor:  # fmt: skip
    """The mean; integers give float32 unless `dtype` says else. The mean of nothing is 0 / 0."""
    axes = _axes("mean", a, axis)
    kind = getattr(torch, dtype) if dtype else a.dtype if a.is_floating_point() else torch.float32
    x = a if a.is_floating_point() else a.to(torch.float64 if kind == torch.float64 else torch.float32)
    out = torch.mean(x, axes, keepdim=keepdims) if axes else x.clone()
    return _plus_initial(out.to(kind), initial)


@op("_np_max", aliases=["_np_amax"])
def max(a: Tensor, *, axis: Shape | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """The largest element, at least `initial`; every element that equals it gets the gradient in full."""
    axes = _axes("max", a, axis)
    out = _max(a, axes, keepdims) if axes or 0 in a.shape else a.clone()
    return out if initial is None else torch.clamp_min(out, initial)


@op("_np_min", aliases=["_np_amin"])
def min(a: Tensor, *, axis: Shape | None = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """The smallest element, at most `initial`; every element that equals it gets the gradient in full."""
    axes = _axes("min", a, axis)
    out = _min(a, axes, keepdims) if axes or 0 in a.shape else a.clone()
    return out if initial is None else torch.clamp_max(out, initial)


def _spread(name: str, a: Tensor, axis: tuple | None, dtype: str | None, ddof: int, keepdims: bool, root: bool) -> Tensor:
    axes = _axes(name, a, axis)
    kind = getattr(torch, dtype) if dtype else a.dtype
    x = a.float() if a.dtype in (torch.float16, torch.bfloat16) else a if a.is_floating_point() else a.double()
    count = math.prod(a.shape[i] for i in axes)
    centred = x - (torch.mean(x, axes, keepdim=True) if axes else x)
    squares = torch.sum(centred * centred, axes, keepdim=keepdims) if axes else centred * centred
    out = squares / (count - ddof) if count != ddof else squares * float("nan")
    return (torch.sqrt(out) if root else out).to(kind)


@op("_npi_std", amp="fp32")
def std(a: Tensor, *, axis: Shape | None = None, dtype: Kind | None = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The standard deviation, dividing by count - ddof; in the type of `a` (integers are cut off) unless `dtype` says else."""
    return _spread("std", a, axis, dtype, ddof, keepdims, True)


@op("_npi_var", amp="fp32")
def var(a: Tensor, *, axis: Shape | None = None, dtype: Kind | None = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The variance, dividing by count - ddof; in the type of `a` (integers are cut off) unless `dtype` says else."""
    return _spread("var", a, axis, dtype, ddof, keepdims, False)


def _logic(name: str, data: Tensor, axis: tuple | None, keepdims: bool, every: bool) -> Tensor:
    axes = _axes(name, data, axis)
    if not axes:
        return data != 0
    return (torch.all if every else torch.any)(data, axes, keepdim=keepdims).bool()


@op("_np_all", zero_grad=True)
def all(data: Tensor, *, axis: Shape | None = None, keepdims: bool = False) -> Tensor:
    """Whether no element is zero, as bool."""
    return _logic("all", data, axis, keepdims, True)


@op("_np_any", aliases=["_np_sometrue"], zero_grad=True)
def any(data: Tensor, *, axis: Shape | None = None, keepdims: bool = False) -> Tensor:
    """Whether some element is not zero, as bool."""
    return _logic("any", data, axis, keepdims, False)


def _arg(name: str, data: Tensor, axis: int | None, keepdims: bool, largest: bool) -> Tensor:
    if axis is not None and not (data.dim() == 0 and axis in (0, -1)):
        (axis,) = axes_of(name, data.dim(), (axis,))
    if data.dim() == 0:
        return torch.zeros_like(data, dtype=torch.int64)
    if data.numel() == 0 and (axis is None or data.shape[axis] == 0):
        raise MXNetError(f"{name}: cannot search an axis of size 0 (shape {tuple(data.shape)}). Check the input.")
    x = data.to(torch.uint8) if data.dtype == torch.bool else data
    fn = torch.argmax if largest else torch.argmin
    out = fn(x.reshape(-1), dim=0) if axis is None else fn(x, dim=axis, keepdim=keepdims)
    return out.reshape((1,) * data.dim()) if axis is None and keepdims else out


@op("_npi_argmax", zero_grad=True)
def argmax(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first largest element along `axis`, or in the flattened array; int64."""
    return _arg("argmax", data, axis, keepdims, True)


@op("_npi_argmin", zero_grad=True)
def argmin(data: Tensor, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the first smallest element along `axis`, or in the flattened array; int64."""
    return _arg("argmin", data, axis, keepdims, False)


@op("_npi_average", outputs=2, visible=lambda *, returned, **_: 2 if returned else 1)
def average(a: Tensor, weights: Tensor | None = None, *, axis: Shape | None = None, returned: bool = False,
            weighted: bool = True) -> tuple[Tensor, Tensor]:  # fmt: skip
    """sum(a * weights) / sum(weights) over `axis`, and the sum of the weights; weights has a's shape or is one axis long."""
    axes = _axes("average", a, axis)
    if weights is None or not weighted:
        count = math.prod(a.shape[i] for i in axes)
        total = torch.sum(a, axes, dtype=a.dtype)
        out = total / count if a.is_floating_point() else torch.div(total, count, rounding_mode="trunc")
        return out, torch.full_like(out, count)
    if weights.shape != a.shape:
        if len(axes) != 1 or weights.dim() != 1 or axis is None:
            raise MXNetError(
                f"average: weights of shape {tuple(weights.shape)} need one axis of a {tuple(a.shape)}. Pass axis, or weights of a's shape."
            )
        if weights.shape[0] != a.shape[axes[0]]:
            raise MXNetError(f"average: {weights.shape[0]} weights for an axis of size {a.shape[axes[0]]}. Pass as many weights.")
        weights = weights.reshape([-1 if i == axes[0] else 1 for i in range(a.dim())]).expand(a.shape)
    scale = torch.sum(weights, axes, dtype=weights.dtype)
    return torch.sum(a * weights, axes) / scale, scale


@average.input_rule
def _(*, weighted: bool, **_: Any) -> tuple[str, ...]:
    return ("a", "weights") if weighted else ("a",)


@op("_npi_percentile", zero_grad=True)
def percentile(a: Tensor, q: Tensor | None = None, *, axis: Shape | None = None,
               interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] = "linear", keepdims: bool = False,
               q_scalar: float | None = None) -> Tensor:  # fmt: skip
    """The q-th percentiles (0..100) of `a` along `axis`; q's axes come first in the result."""
    kind = a.dtype if a.is_floating_point() else torch.float32
    axes = _axes("percentile", a, axis)
    rest = [i for i in range(a.dim()) if i not in axes]
    flat = a.double().permute(*rest, *axes).reshape(*(a.shape[i] for i in rest), -1)
    if q is not None:
        wanted = q.double()
    elif q_scalar is not None:
        wanted = torch.full((), q_scalar, dtype=torch.float64, device=a.device)
    else:
        raise MXNetError("percentile: q is missing. Pass a number or an array.")
    if not wanted.is_meta and bool(((wanted < 0) | (wanted > 100)).any()):
        raise MXNetError("percentile: q must lie in 0..100 (quantile: 0..1). Pass such values.")
    share = wanted.reshape(-1) / 100
    if interpolation == "nearest":  # halves go up; torch sends them to the even neighbour
        places = torch.floor(share * (flat.shape[-1] - 1) + 0.5).long()
        out = torch.sort(flat, -1).values.index_select(-1, places).movedim(-1, 0)
    else:
        out = torch.quantile(flat, share, dim=-1, interpolation=interpolation)
    shape = tuple(wanted.shape) + tuple(1 if i in axes else a.shape[i] for i in range(a.dim()) if keepdims or i in rest)
    return out.reshape(shape).to(kind)


@percentile.input_rule
def _(*, q_scalar: float | None, **_: Any) -> tuple[str, ...]:
    return ("a", "q") if q_scalar is None else ("a",)
