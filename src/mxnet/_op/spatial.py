"""Sampling by coordinates: GridGenerator, BilinearSampler, SpatialTransformer. Coordinates run from -1 to 1, corner cell to corner cell."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..error import MXNetError
from .nn_checks import HALF, expect_float, expect_shape, same_dtype
from .params import Shape
from .registry import op


def _axes(height: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """y (H, 1) and x (1, W) from -1 to 1."""
    y = torch.arange(height, dtype=like.dtype, device=like.device) * (2.0 / (height - 1) if height > 1 else 0.0) - 1.0
    x = torch.arange(width, dtype=like.dtype, device=like.device) * (2.0 / (width - 1) if width > 1 else 0.0) - 1.0
    return y.unsqueeze(1), x.unsqueeze(0)


def affine_grid(theta: Tensor, height: int, width: int) -> Tensor:
    """theta (N, 6), rows of [x', y'] = [[a, b, c], [d, e, f]] [x, y, 1] -> coordinates (N, 2, H, W), x first."""
    y, x = _axes(height, width, theta)
    base = torch.stack(
        [x.expand(height, width), y.expand(height, width), torch.ones((height, width), dtype=theta.dtype, device=theta.device)]
    )
    return torch.matmul(theta.reshape(-1, 2, 3), base.reshape(3, -1)).reshape(-1, 2, height, width)


def sample(data: Tensor, grid: Tensor) -> Tensor:
    """Bilinear samples of data (N, C, H, W) at grid (N, 2, h, w); cells outside data count as 0."""
    half = data.dtype in HALF
    values, where = (data.float(), grid.float()) if half else (data, grid)
    return F.grid_sample(values, where.permute(0, 2, 3, 1), mode="bilinear", padding_mode="zeros", align_corners=True).to(data.dtype)


def _target(name: str, target_shape: tuple) -> tuple[int, int]:
    if len(target_shape) != 2 or min(target_shape) < 1:
        raise MXNetError(f"{name}: target_shape {target_shape} must be two positive numbers (height, width). Pass for example (28, 28).")
    return target_shape


@op("GridGenerator")
def grid_generator(data: Tensor, *, transform_type: Literal["affine", "warp"], target_shape: Shape = (0, 0)) -> Tensor:
    """Sampling coordinates (N, 2, H, W), x then y, for BilinearSampler.

    affine: data (N, 6) holds the matrix [[a, b, c], [d, e, f]] that maps [x, y, 1] of the target_shape (H, W) to the source.
    warp: data (N, 2, H, W) holds the displacement of every cell, in cells. Floating-point types.

    >>> mx.nd.GridGenerator(mx.nd.array([[1., 0, 0, 0, 1, 0]]), transform_type="affine", target_shape=(1, 3)).asnumpy()[0, 0].tolist()
    [[-1.0, 0.0, 1.0]]
    """
    name = "GridGenerator"
    expect_float(name, data)
    if transform_type == "affine":
        if data.dim() != 2 or data.size(1) != 6:
            raise MXNetError(
                f"{name}: data of shape {tuple(data.shape)} must be (batch, 6) for transform_type='affine'. Pass six numbers a sample."
            )
        return affine_grid(data, *_target(name, target_shape))
    if data.dim() != 4 or data.size(1) != 2:
        raise MXNetError(
            f"{name}: data of shape {tuple(data.shape)} must be (batch, 2, height, width) for transform_type='warp'. Pass x and y displacements."
        )
    height, width = data.shape[2:]
    y, x = _axes(height, width, data)
    size = torch.tensor([max(width - 1, 1) / 2, max(height - 1, 1) / 2], dtype=data.dtype, device=data.device).reshape(2, 1, 1)
    return data / size + torch.stack([x.expand(height, width), y.expand(height, width)])


@op("BilinearSampler")
def bilinear_sampler(data: Tensor, grid: Tensor, *, cudnn_off: bool | None = None) -> Tensor:
    """data (N, C, H, W) sampled at grid (N, 2, h, w): x and y from -1 to 1; what lies outside counts as 0. Gradients for both.

    >>> mx.nd.BilinearSampler(mx.nd.ones((1, 1, 2, 2)), mx.nd.zeros((1, 2, 1, 1))).asnumpy().item()
    1.0
    """
    name = "BilinearSampler"
    expect_float(name, data)
    same_dtype(name, data=data, grid=grid)
    if data.dim() != 4 or grid.dim() != 4:
        raise MXNetError(f"{name}: data {tuple(data.shape)} and grid {tuple(grid.shape)} must have 4 dimensions. Reshape them.")
    expect_shape(name, "grid", grid, (data.size(0), 2, *grid.shape[2:]), "the batch of data, 2 coordinates, any height and width")
    return sample(data, grid)


@op("SpatialTransformer")
def spatial_transformer(
    data: Tensor, loc: Tensor, *, target_shape: Shape = (0, 0), transform_type: Literal["affine"], sampler_type: Literal["bilinear"],
    cudnn_off: bool | None = None,
) -> Tensor:  # fmt: skip
    """data (N, C, H, W) sampled on the affine grid of loc (N, 6), as GridGenerator and BilinearSampler in one; result (N, C, *target_shape).

    >>> at = {"transform_type": "affine", "sampler_type": "bilinear", "target_shape": (3, 2)}
    >>> mx.nd.SpatialTransformer(mx.nd.ones((1, 1, 4, 4)), mx.nd.array([[1, 0, 0, 0, 1, 0]]), **at).shape
    (1, 1, 3, 2)
    """
    name = "SpatialTransformer"
    expect_float(name, data)
    same_dtype(name, data=data, loc=loc)
    if data.dim() != 4:
        raise MXNetError(
            f"{name}: data of shape {tuple(data.shape)} must have 4 dimensions (batch, channels, height, width). Reshape data."
        )
    expect_shape(name, "loc", loc, (data.size(0), 6), "the batch of data, 6 numbers of the affine matrix")
    return sample(data, affine_grid(loc, *_target(name, target_shape)))


@op("Correlation", amp="widest")
def correlation(
    data1: Tensor, data2: Tensor, *, kernel_size: int = 1, max_displacement: int = 1, stride1: int = 1, stride2: int = 1, pad_size: int = 0,
    is_multiply: bool = True,
) -> Tensor:  # fmt: skip
    """For every displacement, the mean over a kernel window and the channels of data1 * data2 shifted by it (or of |data1 - data2|).

    data1, data2 (N, C, H, W); displacements are the multiples of stride2 up to max_displacement in both directions, row by row: they are the
    channels of the result. Centres move by stride1 within the data padded by pad_size.

    >>> mx.nd.Correlation(mx.nd.ones((1, 3, 6, 6)), mx.nd.ones((1, 3, 6, 6)), max_displacement=2, pad_size=2).shape
    (1, 25, 6, 6)
    """
    name = "Correlation"
    expect_float(name, data1, "data1")
    same_dtype(name, data1=data1, data2=data2)
    if data1.dim() != 4:
        raise MXNetError(
            f"{name}: data1 of shape {tuple(data1.shape)} must have 4 dimensions (batch, channels, height, width). Reshape it."
        )
    expect_shape(name, "data2", data2, tuple(data1.shape), "the shape of data1")
    if kernel_size % 2 == 0 or min(stride1, stride2) < 1:
        raise MXNetError(f"{name}: kernel_size {kernel_size} must be odd, stride1 {stride1} and stride2 {stride2} positive. Change them.")
    radius, reach = kernel_size // 2, max_displacement // stride2
    border = max_displacement + radius
    rows, columns = data1.size(2) + 2 * pad_size - 2 * border, data1.size(3) + 2 * pad_size - 2 * border
    if min(rows, columns) < 1:
        raise MXNetError(
            f"{name}: max_displacement {max_displacement} and kernel_size {kernel_size} leave nothing of {tuple(data1.shape)}. Raise pad_size."
        )
    first, second = F.pad(data1, [pad_size] * 4), F.pad(data2, [pad_size] * 4)
    height, width = rows + 2 * radius, columns + 2 * radius
    start = max_displacement
    centre = first[:, :, start : start + height, start : start + width]
    planes = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            top, left = start + dy * stride2, start + dx * stride2
            other = second[:, :, top : top + height, left : left + width]
            plane = centre * other if is_multiply else _distance(centre, other)
            planes.append(plane.mean(1))
    return F.avg_pool2d(torch.stack(planes, 1), kernel_size, 1)[:, :, ::stride1, ::stride1].contiguous()


def _distance(a: Tensor, b: Tensor) -> Tensor:
    """|a - b|, with the slope of a - b where it is 0."""
    difference = a - b
    return torch.where(difference >= 0, difference, -difference)
