"""Operators that move elements around: Pad, reverse, diag, depth_to_space, space_to_depth, im2col, col2im."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .nn_checks import channel_axis, expect_float, window
from .params import Shape
from .registry import op


@op("Pad", aliases=["pad"])
def pad(data: Tensor, *, mode: Literal["constant", "edge", "reflect"], pad_width: Shape, constant_value: float = 0.0) -> Tensor:
    """(N, C, H, W) or (N, C, D, H, W) data with a border: a constant, the nearest element, or the mirrored inside.

    pad_width: (before, after) for each axis in a row; zero for the first two axes, negative ones cut. Gradients flow to the elements that were copied.
    Errors: other numbers of axes, integers, mirrored borders as wide as the axis.

    >>> mx.nd.pad(mx.nd.ones((1, 1, 2, 2)), mode="constant", pad_width=(0, 0, 0, 0, 1, 1, 1, 1)).shape
    (1, 1, 4, 4)
    """
    if data.ndim not in (4, 5):
        raise MXNetError(f"Pad: data must have 4 or 5 dimensions, got shape {tuple(data.shape)}. Reshape it.")
    if len(pad_width) != 2 * data.ndim:
        raise MXNetError(
            f"Pad: pad_width {pad_width} must have {2 * data.ndim} entries for {data.ndim} dimensions. Pass (before, after) for each."
        )
    if any(pad_width[:4]):
        raise MXNetError(f"Pad: pad_width {pad_width} must be 0 for the first two axes. Pad other axes only.")
    expect_float("Pad", data)
    for axis in range(2, data.ndim):
        if data.shape[axis] + sum(pad_width[2 * axis : 2 * axis + 2]) < 1:
            raise MXNetError(f"Pad: pad_width {pad_width} leaves nothing of axis {axis} with size {data.shape[axis]}. Cut less.")
    if mode == "constant":
        pairs = [pad_width[2 * a : 2 * a + 2] for a in range(data.ndim - 1, -1, -1)]
        return torch.nn.functional.pad(data, [w for pair in pairs for w in pair], value=constant_value)
    for axis in range(2, data.ndim):
        before, after = pad_width[2 * axis : 2 * axis + 2]
        size = data.shape[axis]
        if mode == "reflect" and max(before, after) >= size:
            raise MXNetError(f"Pad: reflect needs a border smaller than axis {axis} with size {size}, got ({before}, {after}). Pass less.")
        if before or after:
            places = torch.arange(-before, size + after, device=data.device)
            if mode == "reflect":
                places = (size - 1) - ((size - 1) - places.abs()).abs()
            data = data.index_select(axis, places.clamp(0, size - 1))
    return data


@op("reverse", aliases=["flip"])
def reverse(data: Tensor, *, axis: Shape) -> Tensor:
    """data in reverse order along the given axes; an axis named twice is reversed twice.

    >>> mx.nd.flip(mx.nd.arange(3), axis=0).asnumpy().tolist()
    [2.0, 1.0, 0.0]
    """
    axes = [channel_axis("reverse", a, data.ndim) for a in axis]
    return data.flip([a for a in set(axes) if axes.count(a) % 2])


@op("diag")
def diag(data: Tensor, *, k: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The k-th diagonal of a matrix (of axes axis1, axis2; it becomes the last axis), or a matrix with a vector as k-th diagonal.

    >>> mx.nd.diag(mx.nd.arange(4).reshape((2, 2))).asnumpy().tolist()
    [0.0, 3.0]
    """
    if data.ndim == 1:
        return torch.diag_embed(data, offset=k)
    if data.ndim == 0:
        raise MXNetError("diag: data must have at least one dimension, got a scalar. Reshape it.")
    first, second = channel_axis("diag", axis1, data.ndim), channel_axis("diag", axis2, data.ndim)
    if first == second:
        raise MXNetError(f"diag: axis1 {axis1} and axis2 {axis2} are the same axis. Pass two different axes.")
    if k > data.shape[second] or -k > data.shape[first]:
        raise MXNetError(f"diag: diagonal {k} does not exist in a matrix of {data.shape[first]} x {data.shape[second]}. Pass a smaller k.")
    return torch.diagonal(data, k, first, second).clone(memory_format=torch.contiguous_format)


def _blocks(name: str, data: Tensor, block_size: int) -> tuple[int, int, int, int]:
    if data.ndim != 4:
        raise MXNetError(f"{name}: data must have 4 dimensions (N, C, H, W), got shape {tuple(data.shape)}. Reshape it.")
    if block_size < 1:
        raise MXNetError(f"{name}: block_size {block_size} must be at least 1. Pass the edge of a block.")
    n, c, h, w = data.shape
    return n, c, h, w


@op("depth_to_space")
def depth_to_space(data: Tensor, *, block_size: int) -> Tensor:
    """(N, C * b * b, H, W) -> (N, C, H * b, W * b): channels become blocks of b x b.

    >>> mx.nd.depth_to_space(mx.nd.zeros((1, 8, 2, 3)), block_size=2).shape
    (1, 2, 4, 6)
    """
    n, c, h, w = _blocks("depth_to_space", data, block_size)
    b = block_size
    if c % (b * b):
        raise MXNetError(f"depth_to_space: {c} channels are no multiple of block_size ** 2 = {b * b}. Pass another block_size.")
    # (N, b, b, C, H, W) -> (N, C, H, b, W, b)
    return data.reshape(n, b, b, c // (b * b), h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // (b * b), h * b, w * b)


@op("space_to_depth")
def space_to_depth(data: Tensor, *, block_size: int) -> Tensor:
    """(N, C, H, W) -> (N, C * b * b, H / b, W / b): blocks of b x b become channels.

    >>> mx.nd.space_to_depth(mx.nd.zeros((1, 2, 4, 6)), block_size=2).shape
    (1, 8, 2, 3)
    """
    n, c, h, w = _blocks("space_to_depth", data, block_size)
    b = block_size
    if h % b or w % b:
        raise MXNetError(f"space_to_depth: height {h} and width {w} must be multiples of block_size {b}. Pass another block_size.")
    # (N, C, H, b, W, b) -> (N, b, b, C, H, W)
    return data.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)


def _windows(
    name: str, sizes: tuple[int, ...], kernel: tuple, stride: tuple, dilate: tuple, pads: tuple
) -> tuple[list[tuple], tuple, tuple]:
    """For each spatial axis (kernel, windows, stride, dilation), and the full stride and padding."""
    dims = len(kernel)
    if dims not in (1, 2, 3) or min(kernel) < 1:
        raise MXNetError(f"{name}: kernel {kernel} must have 1 to 3 entries of at least 1. Pass e.g. (3, 3).")
    if len(sizes) != dims:
        raise MXNetError(f"{name}: kernel {kernel} needs {dims} spatial axes, got sizes {sizes}. Pass as many.")
    steps, dilations, borders = (
        window(name, "stride", stride, dims, 1, 1),
        window(name, "dilate", dilate, dims, 1, 1),
        window(name, "pad", pads, dims, 0, 0),
    )
    rows = []
    for size, k, s, d, p in zip(sizes, kernel, steps, dilations, borders):
        count = (size + 2 * p - d * (k - 1) - 1) // s + 1
        if count < 1:
            raise MXNetError(
                f"{name}: kernel {kernel} with dilate {dilations} exceeds sizes {sizes} with pad {borders}. Pass a smaller kernel."
            )
        rows.append((k, count, s, d))
    return rows, steps, borders


def _places(row: tuple, device: torch.device) -> Tensor:
    """(kernel * windows,): the position of each kernel element in each window."""
    k, count, s, d = row
    return (torch.arange(k, device=device)[:, None] * d + torch.arange(count, device=device)[None, :] * s).reshape(-1)


@op("im2col")
def im2col(data: Tensor, *, kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = ()) -> Tensor:
    """(N, C, *spatial) -> (N, C * prod(kernel), windows): the elements under each position of a sliding window.

    >>> mx.nd.im2col(mx.nd.zeros((1, 2, 5, 5)), kernel=(3, 3)).shape
    (1, 18, 9)
    """
    rows, _, borders = _windows("im2col", tuple(data.shape[2:]), kernel, stride, dilate, pad)
    n, c = data.shape[:2]
    x = torch.nn.functional.pad(data, [w for p in reversed(borders) for w in (p, p)])
    for axis, row in enumerate(rows):
        x = x.index_select(2 + axis, _places(row, x.device))
    dims = len(rows)
    x = x.reshape(n, c, *[v for k, count, _, _ in rows for v in (k, count)])
    order = [0, 1, *range(2, 2 + 2 * dims, 2), *range(3, 3 + 2 * dims, 2)]
    return x.permute(order).reshape(n, c * math.prod(kernel), math.prod(r[1] for r in rows))


@op("col2im")
def col2im(data: Tensor, *, output_size: Shape, kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = ()) -> Tensor:
    """(N, C * prod(kernel), windows) -> (N, C, *output_size): sums of what each window holds for an element; im2col transposed.

    >>> mx.nd.col2im(mx.nd.ones((1, 4, 4)), output_size=(3, 3), kernel=(2, 2)).asnumpy()[0, 0].tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    rows, _, borders = _windows("col2im", tuple(output_size), kernel, stride, dilate, pad)
    area, windows, dims = math.prod(kernel), math.prod(r[1] for r in rows), len(rows)
    if data.ndim != 3 or data.shape[1] % area or data.shape[2] != windows:
        raise MXNetError(f"col2im: data must have shape (N, C * {area}, {windows}), got {tuple(data.shape)}. Check kernel and output_size.")
    n, c = data.shape[0], data.shape[1] // area
    x = data.reshape(n, c, *kernel, *[r[1] for r in rows])
    x = x.permute(0, 1, *[v for a in range(dims) for v in (2 + a, 2 + dims + a)])
    x = x.reshape(n, c, *[k * count for k, count, _, _ in rows])
    low = x.dtype in (torch.float16, torch.bfloat16)
    x = x.float() if low else x
    for axis, row in enumerate(rows):
        shape = list(x.shape)
        shape[2 + axis] = output_size[axis] + 2 * borders[axis]
        x = torch.zeros(shape, dtype=x.dtype, device=x.device).index_add(2 + axis, _places(row, x.device), x)
    x = x[(slice(None), slice(None), *[slice(p, p + s) for p, s in zip(borders, output_size)])]
    return x.to(data.dtype) if low else x.contiguous()
