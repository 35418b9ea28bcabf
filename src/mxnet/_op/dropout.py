"""Dropout."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .nn_checks import expect_float
from .params import Shape
from .registry import op


@op("Dropout", aliases=["_npx_dropout"], views=True)
def dropout(
    data: Tensor, *, p: float = 0.5, mode: Literal["always", "training"] = "training", axes: Shape = (), cudnn_off: bool | None = False,
    training: bool = False, generator: torch.Generator | None = None,
) -> Tensor:  # fmt: skip
    """data * mask / (1 - p), where an element of mask is 0 with probability p and 1 otherwise.

    Active in training, or always with mode='always'; else data itself. Along the axes in `axes` all elements share one mask element.
    Any shape, floating-point types; p in [0, 1]. The gradient uses the same mask. The mask comes from the context's own generator.

    Differs: p=1 gives zeros (the original: nan).

    >>> mx.nd.Dropout(mx.nd.ones((2, 2)), p=0.9).asnumpy().tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    if not 0.0 <= p <= 1.0:
        raise MXNetError(f"Dropout: p {p} is not a probability. Pass 0 <= p <= 1.")
    if p == 0.0 or not (training or mode == "always") or data.device.type == "meta":
        return data
    expect_float("Dropout", data)
    shape = list(data.shape)
    for axis in axes:
        if not -data.dim() <= axis < data.dim():
            raise MXNetError(f"Dropout: axis {axis} in axes {axes} is out of range for data of {data.dim()} dimensions. Pass smaller axes.")
        shape[axis] = 1
    if p == 1.0:
        return data * 0.0
    mask = torch.empty(shape, dtype=data.dtype, device=data.device).bernoulli_(1.0 - p, generator=generator)
    return data * mask.mul_(1.0 / (1.0 - p))
