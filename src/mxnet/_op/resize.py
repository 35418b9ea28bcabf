"""UpSampling and BilinearResize2D."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..error import MXNetError
from .convolution import bilinear_upsample
from .nn_checks import expect_float, expect_shape
from .registry import op


@op("UpSampling")
def up_sampling(
    *data: Tensor, scale: int, num_filter: int = 0, sample_type: Literal["bilinear", "nearest"],
    multi_input_mode: Literal["concat", "sum"] = "concat", workspace: int = 512,
) -> Tensor:  # fmt: skip
    """(N, C, H, W) enlarged `scale` times in height and width.

    nearest repeats cells; with several inputs each is enlarged to the size of the first result, and all are concatenated along channels or summed.
    bilinear takes (data, weight): a transposed convolution of every channel with weight (num_filter, 1, k, k), k = 2 scale - scale % 2
    (initializer Bilinear makes it interpolate). Floating-point types.

    >>> mx.nd.UpSampling(mx.nd.ones((1, 2, 3, 3)), scale=2, sample_type="nearest").shape
    (1, 2, 6, 6)
    """
    name = "UpSampling"
    for i, d in enumerate(data):
        expect_float(name, d, f"input {i}")
        if d.dim() != 4:
            raise MXNetError(
                f"{name}: input {i} has shape {tuple(d.shape)}, it must have 4 dimensions (batch, channels, height, width). Reshape it."
            )
    if scale < 1:
        raise MXNetError(f"{name}: scale {scale} must be at least 1. Pass a larger scale.")
    if sample_type == "bilinear":
        if len(data) != 2:
            raise MXNetError(f"{name}: sample_type='bilinear' takes data and weight, got {len(data)} inputs. Pass two.")
        channels, kernel = data[0].size(1), 2 * scale - scale % 2
        expect_shape(name, "weight", data[1], (channels, 1, kernel, kernel), "channels, 1, kernel of this scale")
        return bilinear_upsample(data[0], data[1], scale, channels)
    height, width = data[0].size(2) * scale, data[0].size(3) * scale
    parts = []
    for i, d in enumerate(data):
        rows, columns = d.size(2), d.size(3)
        if height % rows or width % columns or height // rows != width // columns:
            raise MXNetError(
                f"{name}: input {i} of size ({rows}, {columns}) does not divide the result ({height}, {width}) evenly. Pass matching sizes."
            )
        factor = height // rows
        parts.append(d.repeat_interleave(factor, 2).repeat_interleave(factor, 3) if factor > 1 else d)
    if len(parts) == 1:
        return parts[0] if scale > 1 else parts[0].clone()
    if multi_input_mode == "concat":
        return torch.cat(parts, 1)
    return torch.stack(parts).sum(0) if all(p.shape == parts[0].shape for p in parts) else _unequal(name, parts)


def _unequal(name: str, parts: list[Tensor]) -> Tensor:
    shapes = [tuple(p.shape) for p in parts]
    raise MXNetError(f"{name}: inputs of enlarged shapes {shapes} cannot be summed. Use multi_input_mode='concat' or equal channels.")


@up_sampling.input_rule
def _inputs(*, sample_type: str, **_: object) -> tuple[str, ...]:
    return ("data", "weight") if sample_type == "bilinear" else ("data",)


@up_sampling.complete_shapes
def _shapes(shapes: dict, *, sample_type: str, scale: int, num_filter: int, **_: object) -> dict:
    if sample_type == "bilinear" and not shapes.get("weight") and shapes.get("data") is not None:
        kernel = 2 * scale - scale % 2
        shapes["weight"] = (shapes["data"][1], 1, kernel, kernel)
    return shapes


def _odd(size: int, scale: float) -> int:
    """size * scale, kept of the form that maps odd sizes to odd sizes."""
    return int(size * scale) if size % 2 == 0 else int((size - 1) * scale) + 1


Mode = Literal["like", "odd_scale", "size", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"]


def _resized(mode: str, size: int, wanted: int, scale: float | None) -> int:
    if mode == "size":
        return wanted if scale is None else int(size * scale)
    if mode == "odd_scale":
        return _odd(size, scale if scale is not None else 1.0)
    step = 1 if mode.endswith("up") else -1
    return size + step if size % 2 != ("odd" in mode) else size


@op("_contrib_BilinearResize2D")
def bilinear_resize(
    data: Tensor, like: Tensor | None = None, *, height: int = 1, width: int = 1, scale_height: float | None = None,
    scale_width: float | None = None, mode: Mode = "size", align_corners: bool = True,
) -> Tensor:  # fmt: skip
    """(N, C, H, W) interpolated to another height and width.

    mode size: height and width, or scale_height and scale_width times the size; like: the size of the second input; odd_scale: scaled so that
    odd sizes stay odd; to_even_down, to_even_up, to_odd_down, to_odd_up: the nearest such size. align_corners puts the corner cells on the corners.
    Floating-point types.

    >>> mx.nd.contrib.BilinearResize2D(mx.nd.ones((1, 1, 2, 2)), height=4, width=3).shape
    (1, 1, 4, 3)
    """
    name = "BilinearResize2D"
    expect_float(name, data)
    if data.dim() != 4:
        raise MXNetError(
            f"{name}: data of shape {tuple(data.shape)} must have 4 dimensions (batch, channels, height, width). Reshape data."
        )
    if mode == "like":
        if like is None:
            raise MXNetError(f"{name}: input like is missing for mode='like'. Pass an array with the wanted height and width.")
        size = (like.size(2), like.size(3))
    else:
        size = (_resized(mode, data.size(2), height, scale_height), _resized(mode, data.size(3), width, scale_width))
    if min(size) < 1:
        raise MXNetError(f"{name}: the result would have size {size}. Pass a positive height and width, or larger scales.")
    return F.interpolate(data, size, mode="bilinear", align_corners=align_corners)


@bilinear_resize.input_rule
def _resize_inputs(*, mode: str, **_: object) -> tuple[str, ...]:
    return ("data", "like") if mode == "like" else ("data",)
