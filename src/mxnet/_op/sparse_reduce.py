"""Reductions of sparse arrays over stored values: sum, mean, norm, _square_sum, counts. Results are dense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .._storage import Csr, RowSparse
from .._storage.rows import rows_of
from ..error import MXNetError
from .params import Shape
from .registry import NAMES, op
from .sparse_attach import DENSE, Tracked, implements

HALF = (torch.float16, torch.bfloat16)


def _axes(name: str, axis: Any, ndim: int, exclude: bool) -> tuple[int, ...]:
    """The reduced axes, ascending; all if axis is None or empty."""
    if axis is None or axis == ():
        return () if exclude and axis is not None else tuple(range(ndim))
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    for a in given:
        if not -ndim <= a < ndim:
            raise MXNetError(f"{name}: axis {a} is out of range for {ndim} axes. Use -{ndim}..{ndim - 1}.")
    found = {a % ndim for a in given}
    return tuple(a for a in range(ndim) if (a in found) != exclude)


def _sums(x: Any, axes: tuple[int, ...], f: Callable[[Tensor], Tensor]) -> Tensor:
    """Sums of f(values) over axes, reduced axes kept with size 1, in float32 at least for floating-point types."""
    values = f(x.data.float() if x.dtype in HALF else x.data)
    kept = tuple(1 if a in axes else s for a, s in enumerate(x.shape))
    if isinstance(x, RowSparse):
        inner = tuple(a for a in axes if a > 0)
        if inner:
            values = values.sum(inner, keepdim=True)
        if 0 in axes:
            return values.sum(0, keepdim=True).reshape(kept)
        return torch.zeros(kept, dtype=values.dtype, device=values.device).index_copy_(0, x.indices, values)
    if axes == (0, 1):
        return values.sum().reshape(1, 1)
    if not axes:
        return Csr(values, x.indices, x.indptr, x.shape).to_dense()
    out = torch.zeros(x.shape[1 - axes[0]], dtype=values.dtype, device=values.device)
    return out.index_add_(0, x.indices if axes == (0,) else x.row_ids(), values).reshape(kept)


def _shaped(name: str, total: Tensor, x: Any, axes: tuple[int, ...], attrs: dict) -> Tensor:
    """`total` in the shape that the dense operator gives, and in the type of x."""
    shape = tuple(s for a, s in enumerate(total.shape) if a not in axes)
    if not shape or attrs.get("keepdims"):
        shape = tuple(NAMES[name].fn(torch.empty(x.shape, dtype=x.dtype, device="meta"), **attrs).shape)
    return total.reshape(shape).to(x.dtype)


@implements("sum")
def _sum(x: Any, *, axis: Any = None, keepdims: bool = False, exclude: bool = False) -> Any:
    axes = _axes("sum", axis, len(x.shape), exclude)
    kept = tuple(1 if a in axes else s for a, s in enumerate(x.shape))
    result = _shaped("sum", _sums(x, axes, lambda v: v), x, axes, {"axis": axis, "keepdims": keepdims, "exclude": exclude})
    return Tracked(result, lambda g: g.reshape(kept).expand(x.shape))


@implements("mean")
def _mean(x: Any, *, axis: Any = None, keepdims: bool = False, exclude: bool = False) -> Any:
    axes = _axes("mean", axis, len(x.shape), exclude)
    count = 1
    for a in axes:
        count *= x.shape[a]
    kept = tuple(1 if a in axes else s for a, s in enumerate(x.shape))
    total = _sums(x, axes, lambda v: v)
    total = total / count if x.dtype.is_floating_point else torch.div(total, max(count, 1), rounding_mode="trunc")
    result = _shaped("mean", total, x, axes, {"axis": axis, "keepdims": keepdims, "exclude": exclude})
    return Tracked(result, lambda g: (g / count).reshape(kept).expand(x.shape))


@implements("norm")
def _norm(x: Any, *, ord: int = 2, axis: Any = None, keepdims: bool = False, out_dtype: Any = None) -> Any:
    if ord not in (1, 2) or out_dtype is not None or not x.dtype.is_floating_point:
        return DENSE
    axes = _axes("norm", axis, len(x.shape), False)
    total = _sums(x, axes, torch.abs) if ord == 1 else _sums(x, axes, torch.square).sqrt_()
    result = _shaped("norm", total, x, axes, {"ord": ord, "axis": axis, "keepdims": keepdims})

    def gradient(g: Any) -> Any:
        spread = g.reshape(total.shape).to(total.dtype)
        scale = spread if ord == 1 else torch.where(total > 0, spread / total, torch.zeros_like(total))
        values = torch.sign(x.data) if ord == 1 else x.data
        if isinstance(x, Csr):
            places = (torch.zeros_like(x.indices) if 0 in axes else x.row_ids(), torch.zeros_like(x.indices) if 1 in axes else x.indices)
            return x.with_data((values * scale[places]).to(x.dtype))
        rows = scale.expand(1, *x.shape[1:]) if 0 in axes else scale.index_select(0, x.indices)
        return x.with_data((values * rows).to(x.dtype))

    return Tracked(result, gradient)


@op("_square_sum", amp="fp32")
def square_sum(data: Tensor, *, axis: Shape | None = None, keepdims: bool = False, exclude: bool = False) -> Tensor:
    """The sum of squares over axes, for row_sparse data of two axes: row_sparse (rows, 1) for axis=1 with keepdims, else dense.

    The gradient of data, 2 * data * g, is row_sparse with the rows of data.

    >>> a = mx.nd.sparse.row_sparse_array(([[1, 2]], [1]), shape=(3, 2))
    >>> mx.nd._internal._square_sum(a, axis=1).asnumpy().tolist()
    [0.0, 5.0, 0.0]
    """
    return NAMES["sum"].fn(data * data, axis=axis, keepdims=keepdims, exclude=exclude)


@implements("_square_sum")
def _square_sum(x: Any, *, axis: Any = None, keepdims: bool = False, exclude: bool = False) -> Any:
    if not isinstance(x, RowSparse) or len(x.shape) != 2:
        return DENSE
    axes = _axes("_square_sum", axis, 2, exclude)
    if axes == (1,) and keepdims:
        values = torch.square(x.data.float() if x.dtype in HALF else x.data).sum(1, keepdim=True).to(x.dtype)
        result: Any = RowSparse(values, x.indices.clone(), (x.shape[0], 1))
    else:
        result = _shaped("sum", _sums(x, axes, torch.square), x, axes, {"axis": axis, "keepdims": keepdims, "exclude": exclude})

    def gradient(g: Any) -> Any:
        if axes == (1,):
            scale = rows_of(g, x.indices).reshape(-1, 1)
        else:
            scale = (g if isinstance(g, Tensor) else g.to_dense()).reshape(1, -1)
        return x.with_data(2 * x.data * scale)

    return Tracked(result, gradient)


@implements("_contrib_getnnz")
def _getnnz(x: Any, *, axis: int | None = None) -> Any:
    if not isinstance(x, Csr):
        return DENSE
    if axis is None:
        return torch.tensor([x.nnz], dtype=torch.int64, device=x.device)
    if axis not in (0, 1, -1, -2):
        raise MXNetError(f"_contrib_getnnz: axis {axis} is out of range for 2 axes. Use 0, 1 or None.")
    return x.indptr.diff() if axis in (1, -1) else torch.bincount(x.indices, minlength=x.shape[1])
