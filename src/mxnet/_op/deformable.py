"""Deformable convolutions and pooling: the cells that a window reads move by learned offsets."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .convolution import _check_groups
from .gradients import with_zero_gradients
from .nn_checks import HALF, expect_float, expect_shape, same_dtype, window
from .params import Shape
from .registry import op
from .roi_pooling import _round, groups, nothing

Layout = Literal[None, "NCDHW", "NCHW", "NCW"]


def _out_size(n: int, k: int, s: int, p: int, d: int) -> int:
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


def _columns(data: Tensor, offset: Tensor, mask: Tensor | None, kernel: tuple, stride: tuple, pad: tuple, dilate: tuple, deformable_groups: int,
             partly_outside: bool) -> Tensor:  # fmt: skip
    """What every window cell reads: (N, C, kh * kw, oh * ow). offset (N, groups * kh * kw * 2, oh, ow), y before x."""
    batch, channels, height, width = data.shape
    oh, ow = offset.shape[2:]
    cells = kernel[0] * kernel[1]
    shift = offset.reshape(batch, deformable_groups, cells, 2, oh, ow)
    ky, kx = torch.arange(kernel[0], device=data.device) * dilate[0], torch.arange(kernel[1], device=data.device) * dilate[1]
    oy, ox = torch.arange(oh, device=data.device) * stride[0] - pad[0], torch.arange(ow, device=data.device) * stride[1] - pad[1]
    base_y = ky.repeat_interleave(kernel[1]).reshape(-1, 1, 1) + oy.reshape(1, -1, 1)  # (cells, oh, 1)
    base_x = kx.repeat(kernel[0]).reshape(-1, 1, 1) + ox.reshape(1, 1, -1)
    y, x = (
        (shift[:, :, :, 0] + base_y).reshape(batch, deformable_groups, 1, -1),
        (shift[:, :, :, 1] + base_x).reshape(batch, deformable_groups, 1, -1),
    )
    if partly_outside:
        known = (y > -1) & (x > -1) & (y < height) & (x < width)
    else:
        known = (y >= 0) & (x >= 0) & (y < height) & (x < width)
        y, x = y.clamp(max=height - 1), x.clamp(max=width - 1)
    flat = data.reshape(batch, deformable_groups, channels // deformable_groups, height * width)
    top, left = y.detach().floor(), x.detach().floor()
    values: Tensor | float = 0.0
    for down in (0, 1):
        for along in (0, 1):
            row, column = top + down, left + along
            weight = (1 - (y - row).abs()) * (1 - (x - column).abs())
            weight = weight.masked_fill(~known | (row < 0) | (column < 0) | (row >= height) | (column >= width), 0.0)
            index = (row.clamp(0, height - 1) * width + column.clamp(0, width - 1)).long()
            values = values + flat.gather(3, index.expand(-1, -1, flat.size(2), -1)) * weight
    assert isinstance(values, Tensor)
    if mask is not None:
        values = values * mask.reshape(batch, deformable_groups, 1, -1)
    return values.reshape(batch, channels, cells, oh * ow)


def _convolve(name: str, data: Tensor, offset: Tensor, mask: Tensor | None, weight: Tensor, bias: Tensor | None, *, kernel: tuple, stride: tuple,
              dilate: tuple, pad: tuple, num_filter: int, num_group: int, num_deformable_group: int, partly_outside: bool) -> Tensor:  # fmt: skip
    expect_float(name, data)
    same_dtype(name, data=data, offset=offset, mask=mask, weight=weight, bias=bias)
    if len(kernel) != 2 or data.dim() != 4:
        raise MXNetError(
            f"{name}: kernel {kernel} and data {tuple(data.shape)} must have 2 spatial axes. Pass kernel=(h, w) and data (N, C, H, W)."
        )
    stride, dilate, pad = (
        window(name, "stride", stride, 2, 1, 1),
        window(name, "dilate", dilate, 2, 1, 1),
        window(name, "pad", pad, 2, 0, 0),
    )
    batch, channels = data.shape[:2]
    _check_groups(name, channels, num_filter, num_group)
    if num_deformable_group < 1 or channels % num_deformable_group:
        raise MXNetError(
            f"{name}: num_deformable_group {num_deformable_group} must divide the channels of data ({channels}). Pass a divisor."
        )
    size = tuple(_out_size(*a) for a in zip(data.shape[2:], kernel, stride, pad, dilate))
    if min(size) < 1:
        raise MXNetError(
            f"{name}: kernel {kernel} exceeds the padded data (size {tuple(data.shape[2:])}, pad {pad}). Use a smaller kernel or pad more."
        )
    cells = kernel[0] * kernel[1]
    expect_shape(
        name,
        "offset",
        offset,
        (batch, 2 * num_deformable_group * cells, *size),
        "two numbers a deformable group, kernel cell and output cell",
    )
    if mask is not None:
        expect_shape(
            name, "mask", mask, (batch, num_deformable_group * cells, *size), "one number a deformable group, kernel cell and output cell"
        )
    expect_shape(name, "weight", weight, (num_filter, channels // num_group, *kernel), "num_filter, channels / num_group, kernel")
    half = data.dtype in HALF
    values, shift, filters = (t.float() if half else t for t in (data, offset, weight))
    factor = mask.float() if mask is not None and half else mask
    columns = _columns(values, shift, factor, kernel, stride, pad, dilate, num_deformable_group, partly_outside)
    columns = columns.reshape(batch, num_group, channels // num_group * cells, -1)
    result = torch.matmul(filters.reshape(num_group, num_filter // num_group, -1), columns).reshape(batch, num_filter, *size)
    if bias is not None:
        expect_shape(name, "bias", bias, (num_filter,), "num_filter")
        result = result + bias.to(result.dtype).reshape(-1, 1, 1)
    return result.to(data.dtype)


@op("_contrib_DeformableConvolution", amp="fp32")
def deformable_convolution(
    data: Tensor, offset: Tensor, weight: Tensor, bias: Tensor | None = None, *, kernel: Shape, stride: Shape = (), dilate: Shape = (),
    pad: Shape = (), num_filter: int, num_group: int = 1, num_deformable_group: int = 1, workspace: int = 1024, no_bias: bool = False,
    layout: Layout = None,
) -> Tensor:  # fmt: skip
    """Convolution (N, C, H, W) whose window cells are read at bilinear positions moved by offset (N, 2 groups kh kw, H', W'), y before x.

    Positions outside the data read 0, those beyond its last row or column but within one cell the border. Other arguments as Convolution.

    >>> x, w = mx.nd.ones((1, 1, 3, 3)), mx.nd.ones((1, 1, 1, 1))
    >>> mx.nd.contrib.DeformableConvolution(x, mx.nd.zeros((1, 2, 3, 3)), w, kernel=(1, 1), num_filter=1, no_bias=True).shape
    (1, 1, 3, 3)
    """
    return _convolve("DeformableConvolution", data, offset, None, weight, None if no_bias else bias, kernel=kernel, stride=stride, dilate=dilate,
                     pad=pad, num_filter=num_filter, num_group=num_group, num_deformable_group=num_deformable_group, partly_outside=False)  # fmt: skip


@op("_contrib_ModulatedDeformableConvolution", amp="fp32")
def modulated_deformable_convolution(
    data: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias: Tensor | None = None, *, kernel: Shape, stride: Shape = (),
    dilate: Shape = (), pad: Shape = (), num_filter: int, num_group: int = 1, num_deformable_group: int = 1, workspace: int = 1024,
    no_bias: bool = False, im2col_step: int = 64, layout: Layout = None,
) -> Tensor:  # fmt: skip
    """DeformableConvolution whose cells are also multiplied by mask (N, groups kh kw, H', W'). Cells outside the data count as 0.

    >>> x, w, move, mask = mx.nd.ones((1, 1, 3, 3)), mx.nd.ones((1, 1, 1, 1)), mx.nd.zeros((1, 2, 3, 3)), mx.nd.ones((1, 1, 3, 3))
    >>> mx.nd.contrib.ModulatedDeformableConvolution(x, move, mask, w, kernel=(1, 1), num_filter=1, no_bias=True).shape
    (1, 1, 3, 3)
    """
    return _convolve("ModulatedDeformableConvolution", data, offset, mask, weight, None if no_bias else bias, kernel=kernel, stride=stride,
                     dilate=dilate, pad=pad, num_filter=num_filter, num_group=num_group, num_deformable_group=num_deformable_group,
                     partly_outside=True)  # fmt: skip


@deformable_convolution.input_rule
def _inputs(*, no_bias: bool, **_: object) -> tuple[str, ...]:
    return ("data", "offset", "weight") if no_bias else ("data", "offset", "weight", "bias")


@modulated_deformable_convolution.input_rule
def _modulated_inputs(*, no_bias: bool, **_: object) -> tuple[str, ...]:
    return ("data", "offset", "mask", "weight") if no_bias else ("data", "offset", "mask", "weight", "bias")


def _shapes(shapes: dict, *, kernel: tuple, stride: tuple, dilate: tuple, pad: tuple, num_filter: int, num_group: int, num_deformable_group: int,
            **_: object) -> dict:  # fmt: skip
    data = shapes.get("data")
    if data is not None:
        name, cells = "DeformableConvolution", kernel[0] * kernel[1]
        steps = window(name, "stride", stride, 2, 1, 1), window(name, "pad", pad, 2, 0, 0), window(name, "dilate", dilate, 2, 1, 1)
        size = tuple(_out_size(*a) for a in zip(data[2:], kernel, *steps))
        shapes["offset"] = shapes.get("offset") or (data[0], 2 * num_deformable_group * cells, *size)
        if "mask" in shapes:
            shapes["mask"] = shapes.get("mask") or (data[0], num_deformable_group * cells, *size)
        shapes["weight"] = shapes.get("weight") or (num_filter, data[1] // num_group, *kernel)
    shapes["bias"] = shapes.get("bias") or (num_filter,)
    return shapes


deformable_convolution.complete_shapes(_shapes)
modulated_deformable_convolution.complete_shapes(_shapes)


@op("_contrib_DeformablePSROIPooling", amp="fp32")
def deformable_ps_roi_pooling(
    data: Tensor, rois: Tensor, trans: Tensor | None = None, *, spatial_scale: float, output_dim: int, group_size: int, pooled_size: int,
    part_size: int = 0, sample_per_part: int = 1, trans_std: float = 0.0, no_trans: bool = False,
) -> Tensor:  # fmt: skip
    """PSROIPooling by bilinear samples, with each part of a region moved by trans_std * trans (R, 2 classes, part_size, part_size), x before y.

    sample_per_part samples along each axis of a bin; those more than half a cell outside the data do not count. part_size 0: pooled_size.

    >>> x, roi = mx.nd.ones((1, 8, 6, 6)), mx.nd.array([[0, 0, 0, 5, 5]])
    >>> at = {"spatial_scale": 1, "output_dim": 2, "group_size": 2, "pooled_size": 2, "no_trans": True}
    >>> mx.nd.contrib.DeformablePSROIPooling(x, roi, **at).shape
    (1, 2, 2, 2)
    """
    name = "DeformablePSROIPooling"
    expect_float(name, data)
    if data.dim() != 4:
        raise MXNetError(f"{name}: data of shape {tuple(data.shape)} must be (batch, channels, height, width). Reshape data.")
    same_dtype(name, data=data, rois=rois, trans=None if no_trans else trans)
    if rois.dim() != 2 or rois.size(1) != 5:
        raise MXNetError(f"{name}: rois of shape {tuple(rois.shape)} must be (regions, 5). Pass rows [batch index, x1, y1, x2, y2].")
    if data.size(1) != output_dim * group_size * group_size:
        raise MXNetError(
            f"{name}: data has {data.size(1)} channels, output_dim * group_size**2 is {output_dim * group_size**2}. Change either."
        )
    if not no_trans and trans is None:
        raise MXNetError(f"{name}: input trans is missing. Pass it, or no_trans=True.")
    wide = data.float() if data.dtype in HALF else data
    height, width = data.shape[2:]
    regions, parts, bins = rois.size(0), part_size or pooled_size, pooled_size
    box = rois.detach()[:, 1:].to(wide.dtype)
    low = _round(box[:, :2]) * spatial_scale - 0.5
    size = ((_round(box[:, 2:]) + 1.0) * spatial_scale - 0.5 - low).clamp(min=0.1)
    i = torch.arange(bins, device=data.device)
    part = (i * parts / bins).floor().long()
    classes = 1 if no_trans or trans is None else trans.size(1) // 2
    if no_trans or trans is None:
        shift = wide.new_zeros((regions, 1, 2, bins, bins))
    else:
        shift = trans.to(wide.dtype).reshape(regions, classes, 2, parts, parts)[:, :, :, part][..., part] * trans_std
    step = size / bins / sample_per_part
    inner = torch.arange(sample_per_part, device=data.device)

    def positions(axis: int) -> Tensor:  # (R, classes, i, j, samples): along x for axis 0, along y for axis 1
        moving = i.reshape(1, 1, 1, -1, 1) if axis == 0 else i.reshape(1, 1, -1, 1, 1)
        edge = moving * (size[:, axis] / bins).reshape(-1, 1, 1, 1, 1) + low[:, axis].reshape(-1, 1, 1, 1, 1)
        return edge + (shift[:, :, axis] * size[:, axis].reshape(-1, 1, 1, 1)).unsqueeze(-1) + inner * step[:, axis].reshape(-1, 1, 1, 1, 1)

    x, y = positions(0).unsqueeze(-2), positions(1).unsqueeze(-1)  # (..., 1, s) and (..., s, 1)
    counts = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    x, y = x.clamp(0, width - 1), y.clamp(0, height - 1)
    which = (i * group_size / bins).floor().long().clamp(0, group_size - 1)
    planes = wide.reshape(data.size(0), classes, output_dim // classes, group_size, group_size, height * width)[:, :, :, which][
        :, :, :, :, which
    ]
    batch = rois.detach()[:, 0].long()
    results = []
    for chosen in groups(regions, output_dim * bins * bins * max(height * width, sample_per_part**2)):
        features = planes[batch[chosen]]  # (r, classes, C, i, j, H * W)
        px, py = x[chosen], y[chosen]
        total: Tensor | float = 0.0
        left, top = px.detach().floor(), py.detach().floor()
        for down in (0, 1):
            for along in (0, 1):
                column, row = (left + along).clamp(max=width - 1), (top + down).clamp(max=height - 1)
                weight = (py - top if down else 1 - (py - top)) * (px - left if along else 1 - (px - left)) * counts[chosen]
                index = (row * width + column).long().flatten(-2).unsqueeze(2).expand(-1, -1, features.size(2), -1, -1, -1)
                total = total + (features.gather(5, index) * weight.flatten(-2).unsqueeze(2)).sum(-1)
        results.append((total / counts[chosen].sum((-2, -1)).clamp(min=1).unsqueeze(2)).flatten(1, 2))
    result = torch.cat(results) if results else nothing(wide, output_dim, bins, bins)
    return with_zero_gradients(result.to(data.dtype), rois)


@deformable_ps_roi_pooling.input_rule
def _pooling_inputs(*, no_trans: bool, **_: object) -> tuple[str, ...]:
    return ("data", "rois") if no_trans else ("data", "rois", "trans")
