"""Activation, LeakyReLU and its relatives, SoftmaxActivation."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..error import MXNetError
from .nn_checks import expect_float, same_dtype
from .registry import op

FUNCTIONS = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "softrelu": F.softplus,
    "softsign": F.softsign,
    "tanh": torch.tanh,
}


@op("Activation", aliases=["_npx_activation"])
def activation(data: Tensor, *, act_type: Literal["relu", "sigmoid", "softrelu", "softsign", "tanh"]) -> Tensor:
    """act_type(data) element by element: relu max(x, 0), sigmoid 1 / (1 + exp(-x)), softrelu log(1 + exp(x)), softsign x / (1 + |x|), tanh.

    Any shape, floating-point types.

    >>> mx.nd.Activation(mx.nd.array([-1., 2.]), act_type="relu").asnumpy().tolist()
    [0.0, 2.0]
    """
    if not data.is_floating_point():
        expect_float("Activation", data)
    return FUNCTIONS[act_type](data)


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _prelu(data: Tensor, gamma: Tensor) -> Tensor:
    same_dtype("LeakyReLU", data=data, gamma=gamma)
    if gamma.dim() == 1 and data.dim() > 1:  # (C,) -> (C, 1, ...), against axis 1
        if gamma.size(0) not in (1, data.size(1)):
            raise MXNetError(
                f"LeakyReLU: gamma has shape {tuple(gamma.shape)}, data has {data.size(1)} channels. Pass gamma of shape ({data.size(1)},) or (1,)."
            )
        gamma = gamma.reshape(-1, *[1] * (data.dim() - 2))
    elif gamma.dim() == 2 and data.dim() > 2 and all(g in (1, d) for g, d in zip(gamma.shape, data.shape)):  # (N, C) -> (N, C, 1, ...)
        gamma = gamma.reshape(*gamma.shape, *[1] * (data.dim() - 2))
    elif gamma.dim() != data.dim() and gamma.dim() != 1:
        raise MXNetError(
            f"LeakyReLU: gamma of shape {tuple(gamma.shape)} does not fit data {tuple(data.shape)}. Pass gamma with one entry a channel."
        )
    return torch.where(data > 0, data, gamma * data)


@op(
    "LeakyReLU",
    aliases=["_npx_leaky_relu"],
    outputs=lambda *, act_type, **_: 2 if act_type == "rrelu" else 1,
    output_names=("output", "mask"),
)
def leaky_relu(
    data: Tensor, gamma: Tensor | None = None, *, act_type: Literal["elu", "gelu", "leaky", "prelu", "rrelu", "selu"] = "leaky",
    slope: float = 0.25, lower_bound: float = 0.125, upper_bound: float = 0.334, training: bool = False, generator: torch.Generator | None = None,
) -> Tensor | tuple[Tensor, Tensor]:  # fmt: skip
    """Activations that let some of the negative part through; x where x > 0, and below that:

    leaky slope * x; prelu gamma * x with a learned gamma, (C,) against axis 1, (N or 1, C or 1) against the first two, or (1,); elu slope * (exp(x) - 1);
    selu as elu with its two fixed constants (both sides are scaled); rrelu a random slope of [lower_bound, upper_bound] for each element in
    training, its mean otherwise; gelu is x * Phi(x) everywhere, with the normal distribution function Phi.
    rrelu has a second output: the slope of every element. Floating-point types.

    >>> mx.nd.LeakyReLU(mx.nd.array([-4., 2.]), act_type="leaky", slope=0.5).asnumpy().tolist()
    [-2.0, 2.0]
    """
    expect_float("LeakyReLU", data)
    if act_type == "leaky":
        return F.leaky_relu(data, slope)
    if act_type == "prelu":
        if gamma is None:
            raise MXNetError("LeakyReLU: input gamma is missing for act_type='prelu'. Pass gamma.")
        return _prelu(data, gamma)
    if act_type == "elu":
        return F.elu(data, slope) if slope >= 0 else torch.where(data > 0, data, slope * torch.expm1(torch.clamp(data, max=0)))
    if act_type == "selu":
        return F.selu(data)
    if act_type == "gelu":
        return F.gelu(data)
    if lower_bound > upper_bound:
        raise MXNetError(f"LeakyReLU: lower_bound {lower_bound} is above upper_bound {upper_bound}. Swap them.")
    if training and data.device.type != "meta":
        slopes = torch.empty(data.shape, dtype=data.dtype, device=data.device).uniform_(lower_bound, upper_bound, generator=generator)
        mask = torch.where(data.detach() > 0, 1.0, slopes)
    else:
        mask = torch.where(data.detach() > 0, 1.0, (lower_bound + upper_bound) / 2).to(data.dtype)
    return data * mask, mask


@leaky_relu.input_rule
def _inputs(*, act_type: str, **_: object) -> tuple[str, ...]:
    return ("data", "gamma") if act_type == "prelu" else ("data",)


@leaky_relu.complete_shapes
def _shapes(shapes: dict, *, act_type: str, **_: object) -> dict:
    data = shapes.get("data")
    if act_type == "prelu" and data is not None and not shapes.get("gamma"):
        shapes["gamma"] = (data[1] if len(data) > 1 else data[0],)
    return shapes


@op("SoftmaxActivation", amp="fp32")
def softmax_activation(data: Tensor, *, mode: Literal["channel", "instance"] = "instance") -> Tensor:
    """softmax over everything but axis 0 (instance), or over axis 1 (channel). Any floating-point type; half types sum in float32.

    >>> mx.nd.SoftmaxActivation(mx.nd.zeros((1, 4))).asnumpy().tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    expect_float("SoftmaxActivation", data)
    if mode == "channel":
        if data.dim() < 3:
            raise MXNetError(
                f"SoftmaxActivation: mode='channel' needs data of at least 3 dimensions, got {tuple(data.shape)}. Use mode='instance'."
            )
        return torch.softmax(data, 1)
    return torch.softmax(data.flatten(1), 1).reshape(data.shape) if data.dim() > 2 else torch.softmax(data, -1)
