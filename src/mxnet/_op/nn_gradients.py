"""Gradients by decree: inputs whose gradient MXNet defines instead of deriving it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Constant(torch.autograd.Function):
    """Value of another tensor, gradient zero for the source."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, source: Tensor) -> Tensor:
        ctx.like = (source.shape, source.dtype, source.device)
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        shape, dtype, device = ctx.like
        return None, torch.zeros(shape, dtype=dtype, device=device)


def constant_of(value: Tensor, source: Tensor) -> Tensor:
    """`value`, with a gradient of zeros for `source` when it asks for one."""
    return _Constant.apply(value, source) if source.requires_grad else value


class _Touch(torch.autograd.Function):
    """Identity for the first tensor; zeros for the others."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, *others: Tensor) -> Tensor:
        ctx.others = [(o.shape, o.dtype, o.device) if o.requires_grad else None for o in others]
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return grad, *[None if o is None else torch.zeros(o[0], dtype=o[1], device=o[2]) for o in ctx.others]


def with_zero_gradients(value: Tensor, *others: Tensor | None) -> Tensor:
    """`value` itself, which also gives gradients of zeros to the other tensors (labels, indices) that ask for one."""
    asking = [o for o in others if o is not None and o.requires_grad]
    return _Touch.apply(value, *asking) if asking else value
