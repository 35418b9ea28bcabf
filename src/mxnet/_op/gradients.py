"""Gradients that several operators share: zero by definition, and passed straight through."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class AlsoReaches(torch.autograd.Function):
    """The value as it is, which backward also reaches the other inputs from, without a gradient for them.

    An undefined gradient flows back to those, not zeros, which a later 0 * inf would turn into NaN; a leaf that gets nothing else writes zeros.
    """

    @staticmethod
    def forward(ctx: Any, value: Tensor, *others: Tensor) -> Tensor:
        ctx.count = len(others)
        ctx.set_materialize_grads(False)
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None) -> tuple:
        return grad, *(None,) * ctx.count


def zero_gradient(result: Any, inputs: list[Tensor]) -> Any:
    """Results of an operator whose gradient is zero by definition, as outputs of the graph of its inputs (those that require grad)."""
    if isinstance(result, Tensor):
        return AlsoReaches.apply(result.detach(), *inputs) if result.is_floating_point() else result
    return tuple(zero_gradient(r, inputs) for r in result)


def with_zero_gradients(value: Tensor, *others: Tensor | None) -> Tensor:
    """`value` with its own gradient, and a gradient of zero for the other tensors (labels, indices) that ask for one."""
    asking = [o for o in others if o is not None and o.requires_grad]
    return AlsoReaches.apply(value, *asking) if asking else value


def is_constant(t: Tensor) -> bool:
    """Whether the gradient of a recorded result is zero whatever the head gradient is."""
    node = t.grad_fn
    if node is None:
        return not t.requires_grad
    return isinstance(node, AlsoReaches._backward_cls) and not node.needs_input_grad[0]  # type: ignore[attr-defined]


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
