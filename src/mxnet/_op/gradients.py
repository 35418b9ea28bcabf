"""Gradients that several operators share: zero by definition, and passed straight through."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class ZeroGradient(torch.autograd.Function):
    """The result as it is, without gradient to the inputs.

    An undefined gradient flows back, not zeros, which a later 0 * inf would turn into NaN; a leaf that gets nothing else writes zeros.
    """

    @staticmethod
    def forward(ctx: Any, result: Tensor, *inputs: Tensor) -> Tensor:
        ctx.count = len(inputs)
        ctx.set_materialize_grads(False)
        return result.view_as(result)

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None) -> tuple:
        return (None,) * (ctx.count + 1)


def zero_gradient(result: Any, inputs: list[Tensor]) -> Any:
    """Results of an operator whose gradient is zero by definition, as outputs of the graph of its inputs (those that require grad)."""
    if isinstance(result, Tensor):
        return ZeroGradient.apply(result, *inputs) if result.is_floating_point() else result
    return tuple(zero_gradient(r, inputs) for r in result)


class StraightThrough(torch.autograd.Function):
    """The result as it is; its gradient is the input's."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, result: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return result.view_as(result)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple:
        return (grad if ctx.scale == 1 else grad * ctx.scale), None, None


def straight_through(data: Tensor, result: Tensor, scale: float = 1.0) -> Tensor:
    """`result` with the gradient of `scale * data`."""
    return StraightThrough.apply(data, result, scale) if data.requires_grad else result.clone()
