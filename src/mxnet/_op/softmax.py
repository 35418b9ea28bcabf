"""softmax, log_softmax and softmin."""

from __future__ import annotations

import torch
from torch import Tensor

from .._dtype import name_of
from ..error import MXNetError
from .nn_checks import HALF, channel_axis, expect_float
from .params import DType
from .registry import op


def _scores(name: str, data: Tensor, axis: int, temperature: float | None, dtype: torch.dtype | None) -> tuple[Tensor, int, torch.dtype]:
    """(data / temperature in the type to compute in, axis, result type)."""
    expect_float(name, data)
    if dtype is not None and not dtype.is_floating_point:
        raise MXNetError(f"{name}: dtype {name_of(dtype)} is not a floating-point type. Use float16, float32 or float64.")
    axis = channel_axis(name, axis, data.dim()) if data.dim() else 0
    if dtype is not None and torch.finfo(dtype).bits > torch.finfo(data.dtype).bits:
        data = data.to(dtype)
    if temperature is not None and temperature != 1.0:
        result = data.dtype if dtype is None else dtype
        return (data.float() if data.dtype in HALF else data) / temperature, axis, result
    return data, axis, data.dtype if dtype is None else dtype


def _beyond(data: Tensor, length: Tensor, axis: int) -> Tensor:
    """True where the position along axis is not below the length of its row."""
    if length.is_floating_point():
        raise MXNetError(f"softmax: length is {name_of(length.dtype)}, it must be of an integer type. Use length.astype('int32').")
    rows = tuple(data.shape[:axis]) + tuple(data.shape[axis + 1 :])
    if tuple(length.shape) != rows:
        raise MXNetError(
            f"softmax: length has shape {tuple(length.shape)}, expected {rows} (data without axis {axis}). Pass one length a row."
        )
    position = torch.arange(data.size(axis), device=data.device).reshape(-1, *[1] * (data.dim() - axis - 1))
    return position >= length.unsqueeze(axis)


@op("softmax", aliases=["_npx_softmax"], amp="fp32")
def softmax(
    data: Tensor, length: Tensor | None = None, *, axis: int = -1, temperature: float | None = None, dtype: DType | None = None,
    use_length: bool | None = False,
) -> Tensor:  # fmt: skip
    """exp(x / temperature) / sum of the same along axis.

    Floating-point types, sums in float32 for half types; dtype is the type of the result (default: that of data). With use_length, length holds
    for every row (data's shape without axis) how many elements count; the others get 0, and a row of length 0 is all zeros.

    >>> mx.nd.softmax(mx.nd.zeros((1, 2))).asnumpy().tolist()
    [[0.5, 0.5]]
    """
    if temperature is None and dtype is None and not use_length and data.is_floating_point() and -data.dim() <= axis < data.dim():
        return torch.softmax(data, axis)
    scores, axis, result = _scores("softmax", data, axis, temperature, dtype)
    if not use_length or length is None:
        return torch.softmax(scores, axis).to(result)
    beyond = _beyond(scores, length, axis)
    # the lowest finite number and not -inf: a row without elements must not make nan gradients
    lowest = torch.finfo(scores.dtype).min
    return torch.softmax(scores.masked_fill(beyond, lowest), axis).masked_fill(beyond, 0.0).to(result)


@softmax.input_rule
def _inputs(*, use_length: bool | None, **_: object) -> tuple[str, ...]:
    return ("data", "length") if use_length else ("data",)


@softmax.complete_shapes
def _shapes(shapes: dict, *, axis: int, use_length: bool | None, **_: object) -> dict:
    data = shapes.get("data")
    if use_length and data is not None and not shapes.get("length"):
        axis %= len(data)
        shapes["length"] = (*data[:axis], *data[axis + 1 :])
    return shapes


@op("log_softmax", aliases=["_npx_log_softmax"], amp="fp32")
def log_softmax(
    data: Tensor, *, axis: int = -1, temperature: float | None = None, dtype: DType | None = None, use_length: bool | None = False
) -> Tensor:
    """log(softmax(data / temperature)) along axis, computed without overflow. Types as softmax.

    >>> mx.nd.log_softmax(mx.nd.zeros((1, 1))).asnumpy().tolist()
    [[0.0]]
    """
    if temperature is None and dtype is None and data.is_floating_point() and -data.dim() <= axis < data.dim():
        return torch.log_softmax(data, axis)
    scores, axis, result = _scores("log_softmax", data, axis, temperature, dtype)
    return torch.log_softmax(scores, axis).to(result)


@op("softmin", amp="fp32")
def softmin(
    data: Tensor, *, axis: int = -1, temperature: float | None = None, dtype: DType | None = None, use_length: bool | None = False
) -> Tensor:
    """softmax(-data / temperature) along axis. Types as softmax.

    >>> mx.nd.softmin(mx.nd.zeros((1, 2))).asnumpy().tolist()
    [[0.5, 0.5]]
    """
    scores, axis, result = _scores("softmin", data, axis, temperature, dtype)
    return torch.softmax(-scores, axis).to(result)
