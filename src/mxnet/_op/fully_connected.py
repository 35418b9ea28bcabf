"""FullyConnected: the dense layer."""

from __future__ import annotations

from math import prod

from torch import Tensor
from torch.nn.functional import linear

from ..error import MXNetError
from .nn_checks import expect_shape, same_dtype
from .registry import op


@op("FullyConnected", aliases=["_npx_fully_connected", "_sparse_FullyConnected"], amp="low")
def fully_connected(
    data: Tensor, weight: Tensor, bias: Tensor | None = None, *, num_hidden: int, no_bias: bool = False, flatten: bool = True
) -> Tensor:
    """data @ weight.T + bias.

    data (N, ...) is read as (N, K) where flatten is true, else its last axis is K and all others stay; weight (num_hidden, K);
    bias (num_hidden,) or (num_hidden, 1). Result (N, num_hidden) or (..., num_hidden). All of one floating-point type; float16 and bfloat16 sum in float32.
    Raises MXNetError where shapes or types do not fit.

    >>> mx.nd.FullyConnected(mx.nd.ones((2, 3)), mx.nd.ones((4, 3)), mx.nd.zeros(4), num_hidden=4).shape
    (2, 4)
    """
    if flatten and data.dim() != 2:
        data = data.flatten(1) if data.dim() > 2 else data.reshape(-1, 1)
    if no_bias:
        bias = None
    elif bias is not None and bias.dim() == 2 and bias.size(1) == 1:  # what row_sparse arrays can be
        bias = bias.reshape(-1)
    try:
        result = linear(data, weight, bias)
    except RuntimeError:
        _explain(data, weight, bias, num_hidden)
        raise
    # what torch would accept: another number of outputs, a weight of one axis or of one row, a bias that broadcasts
    if weight.dim() != 2 or weight.size(0) != num_hidden or (bias is not None and bias.shape != (num_hidden,)):
        _explain(data, weight, bias, num_hidden)
    return result


def _explain(data: Tensor, weight: Tensor, bias: Tensor | None, num_hidden: int) -> None:
    """Raise the error that says which input does not fit."""
    expect_shape("FullyConnected", "weight", weight, (num_hidden, data.size(-1)), "num_hidden and the width of data")
    if bias is not None:
        expect_shape("FullyConnected", "bias", bias, (num_hidden,), "num_hidden")
    same_dtype("FullyConnected", data=data, weight=weight, bias=bias)


@fully_connected.input_rule
def _inputs(*, no_bias: bool, **_: object) -> tuple[str, ...]:
    return ("data", "weight") if no_bias else ("data", "weight", "bias")


@fully_connected.complete_shapes
def _shapes(shapes: dict, *, num_hidden: int, flatten: bool, **_: object) -> dict:
    if num_hidden < 1:
        raise MXNetError(f"FullyConnected: num_hidden {num_hidden} must be at least 1. Pass the number of output units.")
    data = shapes.get("data")
    if data is not None:
        shapes["weight"] = shapes.get("weight") or (num_hidden, prod(data[1:]) if flatten else data[-1])
    shapes["bias"] = shapes.get("bias") or (num_hidden,)
    return shapes
