"""Operators of `mx.np` that put in, take out, pad, count and find elements; several results have sizes that depend on the data."""

from __future__ import annotations

import ast
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..error import BadValueError, MXNetError
from .params import DType
from .registry import op
from .shape import axes_of


def _places(size: int, axis: int, obj: Tensor | None, start: int | None, stop: int | None, step: int | None, int_ind: int | None,
            name: str, limit: int) -> Tensor:  # fmt: skip
    """Indices on an axis from an int, a slice or an array, checked and not negative."""
    if int_ind is not None:
        found = torch.tensor([int_ind])
    elif obj is not None:
        found = obj.reshape(-1).long()
    else:
        return torch.tensor(range(*slice(start, stop, step).indices(size)), dtype=torch.int64)
    if found.numel() and (int(found.min()) < -size or int(found.max()) > limit):
        raise IndexError(f"{name}: index out of bounds for axis {axis} with size {size}. Use -{size}..{limit}.")
    return torch.where(found < 0, found + size, found)


def _flat(name: str, arr: Tensor, axis: int | None) -> tuple[Tensor, int]:
    return (arr.reshape(-1), 0) if axis is None else (arr, axes_of(name, (axis,), arr.dim())[0])


@op("_npi_delete")
def delete(arr: Tensor, obj: Tensor | None = None, *, start: int | None = None, stop: int | None = None, step: int | None = None,
           int_ind: int | None = None, axis: int | None = None) -> Tensor:  # fmt: skip
    """The array without some indices of an axis."""
    x, where = _flat("delete", arr, axis)
    size = x.shape[where]
    if size == 0 and obj is not None:
        return x.clone()
    drop = _places(size, where, obj, start, stop, step, int_ind, "delete", size - 1)
    keep = torch.ones(size, dtype=torch.bool)
    keep[drop.cpu()] = False
    return x.index_select(where, keep.nonzero().reshape(-1).to(arr.device))


def _insert(arr: Tensor, values: Tensor | None, obj: Tensor | None, val: float | None, span: tuple[int | None, int | None, int | None], int_ind: int | None,
            axis: int | None) -> Tensor:  # fmt: skip
    x, where = _flat("insert", arr, axis)
    size = x.shape[where]
    at = _places(size, where, obj, *span, int_ind, "insert", size).cpu()
    if values is None:
        values = torch.full((), val or 0, dtype=arr.dtype, device=arr.device)
    values = values.to(arr.dtype)
    single = int_ind is not None or obj is not None and obj.dim() == 0
    count = at.numel()
    if single or at.numel() == 1 and values.dim() > 0:
        if values.dim() > 0 and not single:  # one index in a list: as many as there are values
            values = values.reshape((1,) * (x.dim() - values.dim()) + tuple(values.shape))
        elif values.dim() > 0:  # NumPy's rule: axes of size 1 in front, then the first axis takes the place of `where`
            values = values.reshape((1,) * (x.dim() - values.dim()) + tuple(values.shape)).movedim(0, where)
        count = values.shape[where] if values.dim() > 0 else 1
        at = at.expand(count)
    block = values.broadcast_to([count if i == where else n for i, n in enumerate(x.shape)])
    order = torch.argsort(at, stable=True)
    final = torch.empty_like(at)
    final[order] = at[order] + torch.arange(count)
    total = torch.zeros(size + count, dtype=torch.bool)
    total[final] = True
    source = torch.empty(size + count, dtype=torch.int64)
    source[final] = size + torch.arange(count)
    source[~total] = torch.arange(size)
    return torch.cat([x, block], where).index_select(where, source.to(arr.device))


@op("_npi_insert_scalar")
def insert_scalar(arr: Tensor, values: Tensor | None = None, *, val: float | None = None, start: int | None = None, stop: int | None = None,
                  step: int | None = None, int_ind: int | None = None, axis: int | None = None) -> Tensor:  # fmt: skip
    """Values (an array or a number) put in before one index of an axis."""
    return _insert(arr, values, None, val, (start, stop, step), int_ind, axis)


@op("_npi_insert_slice")
def insert_slice(arr: Tensor, values: Tensor | None = None, *, val: float | None = None, start: int | None = None, stop: int | None = None,
                 step: int | None = None, int_ind: int | None = None, axis: int | None = None) -> Tensor:  # fmt: skip
    """Values put in before the indices of a slice."""
    return _insert(arr, values, None, val, (start, stop, step), int_ind, axis)


@op("_npi_insert_tensor")
def insert_tensor(arr: Tensor, values: Tensor, obj: Tensor | None = None, *, val: float | None = None, start: int | None = None,
                  stop: int | None = None, step: int | None = None, int_ind: int | None = None, axis: int | None = None) -> Tensor:  # fmt: skip
    """Values put in before the indices of an array (the last input; with a number as value it stands second)."""
    if obj is None:
        return _insert(arr, None, values, val, (start, stop, step), int_ind, axis)
    return _insert(arr, values, obj, val, (start, stop, step), int_ind, axis)


for _op in (insert_scalar, insert_slice):
    _op.input_rule(lambda *, val, **_: ("arr", "values") if val is None else ("arr",))
insert_tensor.input_rule(lambda *, val, **_: ("arr", "values", "obj") if val is None else ("arr", "values"))


@op("_npi_pad")
def pad(data: Tensor, *, pad_width: str, mode: Literal["constant", "edge", "reflect", "symmetric", "maximum", "minimum"] = "constant",
        constant_value: float = 0.0, reflect_type: str = "even") -> Tensor:  # fmt: skip
    """Elements put around an array: `pad_width` is ((before, after), ...) for each axis; what they hold, `mode` says."""
    widths = ast.literal_eval(pad_width)
    if len(widths) != data.dim() or any(len(w) != 2 or min(w) < 0 for w in widths):
        raise MXNetError(f"pad: pad_width {pad_width} must hold (before, after) for each of {data.dim()} axes. Pass such a tuple.")
    if reflect_type != "even":
        raise MXNetError(f"pad: reflect_type {reflect_type!r} is not supported. Use 'even'.")
    if mode == "constant":
        return F.pad(data, [w for pair in reversed(widths) for w in pair], value=constant_value)
    out = data
    for axis, (before, after) in enumerate(widths):
        if before or after:
            out = _padded(out, axis, before, after, mode)
    return out


def _padded(x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    size = x.shape[axis]
    if size == 0:
        raise MXNetError(f"pad: axis {axis} has size 0, mode {mode} has nothing to repeat. Use mode='constant'.")
    if mode in ("maximum", "minimum"):
        best = (torch.amax if mode == "maximum" else torch.amin)(x, axis, keepdim=True)
        return torch.cat([best.repeat_interleave(before, axis), x, best.repeat_interleave(after, axis)], axis)
    places = torch.arange(-before, size + after, device=x.device)
    if mode == "edge":
        places = places.clamp(0, size - 1)
    elif mode == "symmetric":
        places = places % (2 * size)
        places = torch.where(places >= size, 2 * size - 1 - places, places)
    else:
        period = max(2 * size - 2, 1)
        places = places % period
        places = torch.where(places >= size, period - places, places)
    return x.index_select(axis, places)


@op("_npi_unique", outputs=lambda *, return_index, return_inverse, return_counts, **_: 1 + return_index + return_inverse + return_counts,
    zero_grad=True)  # fmt: skip
def unique(data: Tensor, *, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
           axis: int | None = None) -> tuple[Tensor, ...]:  # fmt: skip
    """The different elements (or slices along `axis`) in order; on demand the first index of each, the way back, and counts (int64)."""
    x, where = _flat("unique", data, axis)
    found, inverse, counts = torch.unique(x, sorted=True, return_inverse=True, return_counts=True, dim=where)
    size = x.shape[where]
    first = torch.full((found.shape[where],), size, dtype=torch.int64, device=data.device)
    first = first.scatter_reduce(0, inverse.reshape(-1), torch.arange(size, device=data.device), "amin")
    wanted = ((return_index, first), (return_inverse, inverse.reshape(-1)), (return_counts, counts))
    return (found, *(t for flag, t in wanted if flag))


@op("_npx_nonzero", aliases=["_npi_nonzero"], zero_grad=True)
def nonzero(x: Tensor) -> Tensor:
    """The indices of elements that are not zero, one row each; int64."""
    return torch.nonzero(x)


@op("_npi_bincount", zero_grad=True)
def bincount(data: Tensor, weights: Tensor | None = None, *, minlength: int = 0, has_weights: bool = False) -> Tensor:
    """How often each of 0, 1, 2 ... occurs in a vector of integers, or the sum of its weights."""
    if data.is_floating_point() or data.dim() != 1:
        raise MXNetError(f"bincount: data must be a vector of integers, got {str(data.dtype)[6:]} {tuple(data.shape)}. Convert it.")
    if minlength < 0 or data.numel() and int(data.min()) < 0:
        raise MXNetError("bincount: data and minlength must not be negative. Pass numbers of 0 or more.")
    out = torch.bincount(data.long(), weights, minlength)
    return out.to(data.dtype if weights is None else weights.dtype)


@bincount.input_rule
def _(*, has_weights: bool, **_: Any) -> tuple[str, ...]:
    return ("data", "weights") if has_weights else ("data",)


@op("_npi_polyval")
def polyval(p: Tensor, x: Tensor) -> Tensor:
    """p[0] * x**(n-1) + ... + p[n-1]."""
    if p.dim() != 1:
        raise MXNetError(f"polyval: p must be a vector, got shape {tuple(p.shape)}. Pass coefficients from the highest power down.")
    out = torch.zeros_like(x)
    for c in p.unbind():
        out = out * x + c
    return out


def _masked(data: Tensor, mask: Tensor, start_axis: int) -> Tensor:
    shape = data.shape[start_axis : start_axis + mask.dim()]
    if mask.shape != shape:
        raise MXNetError(
            f"boolean_mask_assign: mask {tuple(mask.shape)} does not match axes of data {tuple(data.shape)}. Pass a mask of it."
        )
    inner = data.dim() - start_axis - mask.dim()
    return (mask != 0).reshape((*mask.shape, *(1,) * inner)).expand(data.shape)


@op("_npi_boolean_mask_assign_scalar", lenient=True)
def boolean_mask_assign_scalar(data: Tensor, mask: Tensor, *, value: float, start_axis: int) -> Tensor:
    """data with a number where the mask holds."""
    return data.masked_fill(_masked(data, mask, start_axis), value)


@op("_npi_boolean_mask_assign_tensor", lenient=True)
def boolean_mask_assign_tensor(data: Tensor, mask: Tensor, value: Tensor, *, start_axis: int) -> Tensor:
    """data with the values, in order, where the mask holds."""
    _masked(data, mask, start_axis)
    key = (slice(None),) * start_axis + (mask != 0,)
    out = data.clone()
    out[key] = value.to(data.dtype)
    return out


@op("_npi_full_like", zero_grad=True)
def full_like(a: Tensor, *, fill_value: float, ctx: str = "", dtype: DType | None = None) -> Tensor:
    """One value in the shape of an array."""
    kind = dtype or a.dtype
    return torch.full_like(a, fill_value if kind.is_floating_point else int(fill_value), dtype=kind)


@op("_npx_constraint_check", zero_grad=True)
def constraint_check(input: Tensor, *, msg: str = "Constraint violated.") -> Tensor:
    """Whether all elements hold, as bool; a ValueError with the message if not."""
    good = torch.all(input != 0)
    if not good.is_meta and not bool(good):
        raise BadValueError(f"constraint_check: {msg}")
    return good
