"""Ordering operators: sort, argsort, topk. Equal elements keep their order; NaN counts as the largest value."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import channel_axis
from .params import DType
from .registry import op

#: Up to this size of the axis topk sorts stably; above, torch.topk picks (much faster, any order among equal elements).
_STABLE_SIZE = 4096


def _line(name: str, data: Tensor, axis: int | None) -> tuple[Tensor, int]:
    """data and the axis to order along; flattened for axis=None."""
    if axis is None:
        return data.reshape(-1), 0
    if data.ndim == 0:
        raise MXNetError(f"{name}: data is a scalar, there is no axis to order along. Reshape it.")
    return data, channel_axis(name, axis, data.ndim)


def _indices(found: Tensor, dtype: torch.dtype, data: Tensor) -> Tensor:
    """Positions in the asked type, with a zero gradient for data."""
    result = found.to(dtype)
    return with_zero_gradients(result, data) if result.is_floating_point() else result


@op("sort", aliases=["_npi_sort"], output_names=("output0",))
def sort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True) -> Tensor:
    """data sorted along an axis, or flattened and sorted for axis=None. The gradient goes back to where each element came from.

    >>> mx.nd.sort(mx.nd.array([3, 1, 2]), is_ascend=False).asnumpy().tolist()
    [3.0, 2.0, 1.0]
    """
    line, axis = _line("sort", data, axis)
    return torch.sort(line, dim=axis, descending=not is_ascend, stable=True).values


@op("argsort", aliases=["_npi_argsort"], amp="fp32")
def argsort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True, dtype: DType = torch.float32) -> Tensor:
    """The positions that sort data along an axis, as `dtype`. The gradient is zero.

    >>> mx.nd.argsort(mx.nd.array([3, 1, 2])).asnumpy().tolist()
    [1.0, 2.0, 0.0]
    """
    line, axis = _line("argsort", data, axis)
    return _indices(torch.sort(line.detach(), dim=axis, descending=not is_ascend, stable=True).indices, dtype, data)


@op("topk", aliases=["_npx_topk"], outputs=lambda ret_typ, **_: 2 if ret_typ == "both" else 1, amp="fp32")
def topk(
    data: Tensor,
    *,
    axis: int | None = -1,
    k: int = 1,
    ret_typ: Literal["both", "indices", "mask", "value"] = "indices",
    is_ascend: bool = False,
    dtype: DType = torch.float32,
) -> Tensor | tuple[Tensor, Tensor]:
    """The k largest (smallest with is_ascend) elements along an axis, in order; k < 1 means all, axis=None the flattened data.

    ret_typ: "indices" (as dtype), "value", "both" (values, indices) or "mask" (1 at these elements, in the shape and type of data).
    The gradient of values goes back to where they came from; that of indices and mask is zero. Errors: k beyond the axis.
    Equal elements come in their order along axes of up to 4096 elements, in any order along longer ones.

    >>> [a.asnumpy().tolist() for a in mx.nd.topk(mx.nd.array([3, 1, 2]), k=2, ret_typ="both")]
    [[3.0, 2.0], [0.0, 2.0]]
    """
    line, along = _line("topk", data, axis)
    size = line.shape[along]
    if k > size:
        raise MXNetError(f"topk: k {k} exceeds axis {along} with size {size}. Pass k of at most {size}.")
    count = size if k < 1 else k
    if size > _STABLE_SIZE and count < size:
        values, found = torch.topk(line, count, dim=along, largest=not is_ascend, sorted=True)
    else:
        values, found = torch.sort(line, dim=along, descending=not is_ascend, stable=True)
        values, found = values.narrow(along, 0, count), found.narrow(along, 0, count)
    if ret_typ == "value":
        return values.contiguous()
    if ret_typ == "mask":
        mask = torch.zeros(line.shape, dtype=data.dtype, device=data.device).scatter(along, found, 1).reshape(data.shape)
        return with_zero_gradients(mask, data) if mask.is_floating_point() else mask
    indices = _indices(found, dtype, data).contiguous()
    return (values.contiguous(), indices) if ret_typ == "both" else indices


@topk.output_name_rule
def _(*, ret_typ: str, **_: object) -> tuple[str, ...]:
    return {"both": ("output0", "output1"), "value": ("output0",)}.get(ret_typ, ())
