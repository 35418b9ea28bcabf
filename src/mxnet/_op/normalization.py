"""Normalizations that need no moving averages: LayerNorm, GroupNorm, InstanceNorm, L2Normalization, LRN."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..error import MXNetError
from .nn_checks import HALF, channel_axis, expect_float, expect_shape, same_dtype
from .registry import op


def _outputs(*, output_mean_var: bool, **_: object) -> int:
    return 3 if output_mean_var else 1


def _moments(data: Tensor, axes: Any, eps: float) -> tuple[Tensor, Tensor]:
    """Mean and sqrt(var + eps) over axes, in data's type."""
    wide = (data.float() if data.dtype in HALF else data).detach()
    var, mean = torch.var_mean(wide, axes, correction=0, keepdim=True)
    return mean.to(data.dtype), torch.sqrt(var + eps).to(data.dtype)


def _parameters(name: str, data: Tensor, gamma: Tensor, beta: Tensor, count: int, why: str) -> None:
    expect_float(name, data)
    if gamma.shape != (count,):
        expect_shape(name, "gamma", gamma, (count,), why)
    if beta.shape != (count,):
        expect_shape(name, "beta", beta, (count,), why)
    same_dtype(name, data=data, gamma=gamma, beta=beta)


@op("LayerNorm", aliases=["_npx_layer_norm"], amp="fp32", outputs=_outputs, output_names=("output", "mean", "std"))
def layer_norm(
    data: Tensor, gamma: Tensor, beta: Tensor, *, axis: int = -1, eps: float = 1e-5, output_mean_var: bool = False
) -> Tensor | tuple[Tensor, Tensor, Tensor]:
    """(data - mean) / sqrt(var + eps) * gamma + beta, with mean and var along one axis.

    gamma and beta have the size of that axis. output_mean_var adds mean and sqrt(var + eps), with size 1 at the axis. One floating-point type for
    all; statistics of half types are computed in float32.

    >>> mx.nd.LayerNorm(mx.nd.array([[1., 3.]]), mx.nd.ones(2), mx.nd.zeros(2), eps=0).asnumpy().tolist()
    [[-1.0, 1.0]]
    """
    axis = channel_axis("LayerNorm", axis, data.dim())
    _parameters("LayerNorm", data, gamma, beta, data.size(axis), f"the size of data's axis {axis}")
    if axis == data.dim() - 1:
        result = F.layer_norm(data, gamma.shape, gamma, beta, eps)
    else:
        result = F.layer_norm(data.movedim(axis, -1), gamma.shape, gamma, beta, eps).movedim(-1, axis).contiguous()
    return (result, *_moments(data, axis, eps)) if output_mean_var else result


@layer_norm.complete_shapes
def _layer_shapes(shapes: dict, *, axis: int, **_: object) -> dict:
    data = shapes.get("data")
    if data is not None:
        size = (data[channel_axis("LayerNorm", axis, len(data))],)
        shapes["gamma"], shapes["beta"] = shapes.get("gamma") or size, shapes.get("beta") or size
    return shapes


@op("GroupNorm", amp="fp32", outputs=_outputs, output_names=("output", "mean", "std"))
def group_norm(
    data: Tensor, gamma: Tensor, beta: Tensor, *, num_groups: int = 1, eps: float = 1e-5, output_mean_var: bool = False
) -> Tensor | tuple[Tensor, Tensor, Tensor]:
    """(data - mean) / sqrt(var + eps) * gamma + beta, with mean and var over each of num_groups groups of channels (axis 1) of each sample.

    gamma and beta have one entry a group. output_mean_var adds mean and sqrt(var + eps), (N, num_groups). Types as LayerNorm.

    >>> mx.nd.GroupNorm(mx.nd.ones((1, 4, 2)), mx.nd.ones(2), mx.nd.zeros(2), num_groups=2).shape
    (1, 4, 2)
    """
    if data.dim() < 3:
        raise MXNetError(
            f"GroupNorm: data of shape {tuple(data.shape)} needs at least 3 dimensions (batch, channels, spatial axes). Reshape data."
        )
    channels = data.size(1)
    if num_groups < 1 or channels % num_groups:
        raise MXNetError(f"GroupNorm: num_groups {num_groups} must divide the channels of data ({channels}). Pass a divisor.")
    _parameters("GroupNorm", data, gamma, beta, num_groups, "num_groups")
    each = channels // num_groups
    result = torch.group_norm(data, num_groups, gamma.repeat_interleave(each), beta.repeat_interleave(each), eps)
    if not output_mean_var:
        return result
    mean, std = _moments(data.reshape(data.size(0), num_groups, -1), 2, eps)
    return result, mean.squeeze(2), std.squeeze(2)


@group_norm.complete_shapes
def _group_shapes(shapes: dict, *, num_groups: int, **_: object) -> dict:
    shapes["gamma"], shapes["beta"] = shapes.get("gamma") or (num_groups,), shapes.get("beta") or (num_groups,)
    return shapes


@op("InstanceNorm", amp="fp32")
def instance_norm(data: Tensor, gamma: Tensor, beta: Tensor, *, eps: float = 1e-3) -> Tensor:
    """(data - mean) / sqrt(var + eps) * gamma + beta, with mean and var over the spatial axes of each sample and channel.

    data (N, C, spatial...), gamma and beta (C,). Types as LayerNorm.

    >>> mx.nd.InstanceNorm(mx.nd.array([[[1., 3.]]]), mx.nd.ones(1), mx.nd.zeros(1), eps=0).asnumpy().tolist()
    [[[-1.0, 1.0]]]
    """
    if data.dim() < 3:
        raise MXNetError(
            f"InstanceNorm: data of shape {tuple(data.shape)} needs at least 3 dimensions (batch, channels, spatial axes). Reshape data."
        )
    _parameters("InstanceNorm", data, gamma, beta, data.size(1), "the channels of data")
    return torch.group_norm(data, data.size(1), gamma, beta, eps)  # F.group_norm refuses single values; their result is beta


@instance_norm.complete_shapes
def _instance_shapes(shapes: dict, **_: object) -> dict:
    data = shapes.get("data")
    if data is not None:
        shapes["gamma"], shapes["beta"] = shapes.get("gamma") or (data[1],), shapes.get("beta") or (data[1],)
    return shapes


@op("L2Normalization", amp="fp32")
def l2_normalization(data: Tensor, *, eps: float = 1e-10, mode: Literal["channel", "instance", "spatial"] = "instance") -> Tensor:
    """data / sqrt(sum(data ** 2) + eps), the sum over all axes but the first (instance), over axis 1 (channel) or over axes 2 and up (spatial).

    Floating-point types; half types sum in float32.

    >>> mx.nd.L2Normalization(mx.nd.array([[3., 4.]])).asnumpy().astype("f8").round(2).tolist()
    [[0.6, 0.8]]
    """
    expect_float("L2Normalization", data)
    if mode != "instance" and data.dim() < 3:
        raise MXNetError(
            f"L2Normalization: mode={mode!r} needs data of at least 3 dimensions, got {tuple(data.shape)}. Use mode='instance'."
        )
    first, last = {"instance": (1, data.dim()), "channel": (1, 2), "spatial": (2, data.dim())}[mode]
    axes = tuple(range(first, last))
    wide = data.float() if data.dtype in HALF else data
    squares = wide.square()
    total = squares.sum(axes, keepdim=True) if axes else squares
    return (wide / torch.sqrt(total + eps)).to(data.dtype)


@op("LRN", amp="fp32")
def lrn(data: Tensor, *, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0, nsize: int) -> Tensor:
    """data * (knorm + alpha / nsize * sum of squares over nsize neighbouring channels) ** -beta, for data (N, C, ...) and an odd nsize.

    Floating-point types; half types sum in float32.

    >>> mx.nd.LRN(mx.nd.ones((1, 3, 1, 1)), nsize=3, alpha=3, beta=1, knorm=0).asnumpy().ravel().astype("f8").round(3).tolist()
    [0.5, 0.333, 0.5]
    """
    expect_float("LRN", data)
    if nsize < 1 or nsize % 2 == 0:
        raise MXNetError(f"LRN: nsize {nsize} must be odd. Pass an odd number of channels.")
    if data.dim() != 4:
        raise MXNetError(f"LRN: data of shape {tuple(data.shape)} must have 4 dimensions (batch, channels, height, width). Reshape data.")
    wide = data.float() if data.dtype in HALF else data
    return F.local_response_norm(wide, nsize, alpha, beta, knorm).to(data.dtype)
