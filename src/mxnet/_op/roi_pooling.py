"""Pooling of regions of interest: ROIPooling, ROIAlign, RROIAlign, PSROIPooling.

Regions are rows [batch index, x1, y1, x2, y2] in image coordinates; spatial_scale takes them to the feature map. They get gradients of zeros.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import HALF, expect_float, same_dtype
from .params import Shape
from .registry import op

#: Regions are handled in groups whose intermediate results have about this many elements.
GROUP_ELEMENTS = 1 << 24


def check(name: str, data: Tensor, rois: Tensor, columns: int) -> None:
    """data (N, C, H, W) and rois (R, columns) of one floating-point type."""
    expect_float(name, data)
    same_dtype(name, data=data, rois=rois)
    if data.dim() != 4:
        raise MXNetError(
            f"{name}: data of shape {tuple(data.shape)} must have 4 dimensions (batch, channels, height, width). Reshape data."
        )
    if rois.dim() != 2 or rois.size(1) != columns:
        raise MXNetError(f"{name}: rois of shape {tuple(rois.shape)} must be (regions, {columns}). Pass one row a region.")


def pooled(name: str, pooled_size: tuple) -> tuple[int, int]:
    """(height, width) of the pooled result."""
    if len(pooled_size) not in (1, 2) or min(pooled_size) < 1:
        raise MXNetError(f"{name}: pooled_size {pooled_size} must be two positive numbers (height, width). Pass for example (7, 7).")
    return pooled_size[0], pooled_size[-1]


def nothing(data: Tensor, *shape: int) -> Tensor:
    """The result for no regions, through which data gets gradients of zeros."""
    return data.reshape(-1)[:0].reshape(0, *shape)


def groups(regions: int, elements: int) -> list[slice]:
    """Slices over the regions, each of bounded memory at `elements` a region."""
    step = max(1, GROUP_ELEMENTS // max(1, elements))
    return [slice(i, min(regions, i + step)) for i in range(0, regions, step)]


def inside(start: Tensor, end: Tensor, size: int) -> Tensor:
    """(..., size) mask: start <= position < end."""
    position = torch.arange(size, device=start.device)
    return (position >= start.unsqueeze(-1)) & (position < end.unsqueeze(-1))


def _round(x: Tensor) -> Tensor:
    """Halves away from zero, as C rounds."""
    return torch.where(x >= 0, torch.floor(x + 0.5), torch.ceil(x - 0.5))


@op("ROIPooling", aliases=["_npx_roi_pooling"])
def roi_pooling(data: Tensor, rois: Tensor, *, pooled_size: Shape, spatial_scale: float) -> Tensor:
    """The maximum of each of pooled_size (h, w) bins of every region: (R, C, h, w). A bin without cells, or a batch index out of range, gives 0.

    >>> mx.nd.ROIPooling(mx.nd.ones((1, 1, 4, 4)), mx.nd.array([[0., 0, 0, 3, 3]]), pooled_size=(2, 2), spatial_scale=1.0).shape
    (1, 1, 2, 2)
    """
    name = "ROIPooling"
    check(name, data, rois, 5)
    rows, columns = pooled(name, pooled_size)
    height, width = data.shape[2:]
    box = _round(rois.detach()[:, 1:].float() * spatial_scale)
    batch = rois.detach()[:, 0].long()
    known = (batch >= 0) & (batch < data.size(0))
    batch = batch.clamp(0, max(0, data.size(0) - 1))

    def edges(low: Tensor, high: Tensor, bins: int, size: int) -> Tensor:
        length = (high - low + 1).clamp(min=1) / bins
        i = torch.arange(bins, device=low.device, dtype=low.dtype)
        start = (torch.floor(i * length.unsqueeze(1)) + low.unsqueeze(1)).clamp(0, size)
        end = (torch.ceil((i + 1) * length.unsqueeze(1)) + low.unsqueeze(1)).clamp(0, size)
        return inside(start, end, size) & known.reshape(-1, 1, 1)

    in_rows, in_columns = edges(box[:, 1], box[:, 3], rows, height), edges(box[:, 0], box[:, 2], columns, width)
    lowest = torch.finfo(data.dtype).min
    parts = []
    for part in groups(rois.size(0), data[0].numel() if data.size(0) else 1):
        features = data[batch[part]]  # (r, C, H, W)
        strips = [features.masked_fill(~in_columns[part, j].reshape(-1, 1, 1, width), lowest).max(3)[0] for j in range(columns)]
        strip = torch.stack(strips, 3)  # (r, C, H, w)
        bins = [strip.masked_fill(~in_rows[part, i].reshape(-1, 1, height, 1), lowest).max(2)[0] for i in range(rows)]
        empty = ~(in_rows[part].any(2).unsqueeze(2) & in_columns[part].any(2).unsqueeze(1))  # (r, h, w)
        parts.append(torch.stack(bins, 2).masked_fill(empty.unsqueeze(1), 0.0))
    result = torch.cat(parts) if parts else nothing(data, data.size(1), rows, columns)
    return with_zero_gradients(result, rois)


def bilinear(data: Tensor, batch: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Samples (R, P, C) of data (N, C, H, W) at points y, x (R, P); 0 beyond one cell outside, clamped to the border within that."""
    height, width = data.shape[2:]
    outside = (y < -1.0) | (y > height) | (x < -1.0) | (x > width)
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    top, left = y.floor().long(), x.floor().long()
    bottom, right = (top + 1).clamp(max=height - 1), (left + 1).clamp(max=width - 1)
    down, along = y - top, x - left
    cells = data.permute(0, 2, 3, 1).reshape(-1, data.size(1))  # (N * H * W, C)
    first = (batch * (height * width)).unsqueeze(1)

    def corner(row: Tensor, column: Tensor, weight: Tensor) -> Tensor:
        return cells[first + row * width + column] * weight.masked_fill(outside, 0.0).unsqueeze(2).to(data.dtype)

    return (corner(top, left, (1 - down) * (1 - along)) + corner(top, right, (1 - down) * along)
            + corner(bottom, left, down * (1 - along)) + corner(bottom, right, down * along))  # fmt: skip


def _grid_average(data: Tensor, batch: Tensor, y: Tensor, x: Tensor, bins: tuple[int, int], samples: tuple[int, int]) -> Tensor:
    """Averages of the samples of every bin; y (R, h * sy), x (R, w * sx) -> (R, C, h, w)."""
    regions, channels = y.size(0), data.size(1)
    points = y.unsqueeze(2).expand(-1, -1, x.size(1)).reshape(regions, -1), x.unsqueeze(1).expand(-1, y.size(1), -1).reshape(regions, -1)
    values = bilinear(data, batch, *points).reshape(regions, bins[0], samples[0], bins[1], samples[1], channels)
    return values.mean((2, 4)).permute(0, 3, 1, 2)


def _positions(start: Tensor, bin_size: Tensor, bins: int, samples: int) -> Tensor:
    """Sample coordinates (R, bins * samples)."""
    i = torch.arange(bins, device=start.device, dtype=start.dtype).unsqueeze(1)
    j = (torch.arange(samples, device=start.device, dtype=start.dtype) + 0.5) / samples
    return start.unsqueeze(1) + (i + j).reshape(1, -1) * bin_size.unsqueeze(1)


def _sample_counts(bins: tuple[int, int], size: tuple[Tensor, Tensor], ratio: int) -> list[tuple[tuple[int, int], Tensor]]:
    """(samples along y and x of each bin, the regions that use them); ratio <= 0: one sample a cell, so groups of regions differ."""
    regions = size[0].size(0)
    if ratio > 0:
        return [((ratio, ratio), torch.arange(regions, device=size[0].device))]
    counts = torch.stack([torch.ceil(s / b).clamp(min=1) for s, b in zip(size, bins)], 1).long()
    found, index = torch.unique(counts, dim=0, return_inverse=True)
    return [((int(c[0]), int(c[1])), (index == i).nonzero().squeeze(1)) for i, c in enumerate(found.tolist())]


def _collected(data: Tensor, pieces: list[tuple[Tensor, Tensor]], regions: int, bins: tuple[int, int]) -> Tensor:
    if not regions:
        return nothing(data, data.size(1), *bins)
    result = data.new_zeros((regions, data.size(1), *bins))
    for where, values in pieces:
        result = result.index_put((where,), values)
    return result


@op("_contrib_ROIAlign", amp="widest")
def roi_align(
    data: Tensor, rois: Tensor, *, pooled_size: Shape, spatial_scale: float, sample_ratio: int = -1, position_sensitive: bool = False,
    aligned: bool = False,
) -> Tensor:  # fmt: skip
    """Averages of bilinear samples in each of pooled_size bins of every region, (R, C, h, w).

    sample_ratio samples along each axis of a bin (<= 0: as many as it has cells). aligned shifts regions by half a cell, and does not widen those
    narrower than one cell. position_sensitive: bin (i, j) reads its own group of channels, C / (h w) in the result. A batch index below 0 gives 0.

    >>> mx.nd.contrib.ROIAlign(mx.nd.ones((1, 1, 4, 4)), mx.nd.array([[0., 0, 0, 3, 3]]), pooled_size=(2, 2), spatial_scale=1.0).shape
    (1, 1, 2, 2)
    """
    name = "ROIAlign"
    check(name, data, rois, 5)
    bins = pooled(name, pooled_size)
    if position_sensitive and data.size(1) % (bins[0] * bins[1]):
        raise MXNetError(
            f"{name}: position_sensitive needs channels ({data.size(1)}) divisible by the {bins[0] * bins[1]} bins. Change pooled_size."
        )
    box = rois.detach()[:, 1:]
    box = (box.float() if box.dtype in HALF else box) * spatial_scale - (0.5 if aligned else 0.0)
    width, height = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    if not aligned:
        width, height = width.clamp(min=1.0), height.clamp(min=1.0)
    batch = rois.detach()[:, 0].long()
    pieces = []
    for samples, chosen in _sample_counts(bins, (height, width), sample_ratio):
        for part in groups(chosen.size(0), bins[0] * bins[1] * samples[0] * samples[1] * data.size(1)):
            r = chosen[part]
            y = _positions(box[r, 1], height[r] / bins[0], bins[0], samples[0])
            x = _positions(box[r, 0], width[r] / bins[1], bins[1], samples[1])
            values = _grid_average(data, batch[r].clamp(min=0), y, x, bins, samples)
            pieces.append((r, values.masked_fill((batch[r] < 0).reshape(-1, 1, 1, 1), 0.0)))
    result = _collected(data, pieces, rois.size(0), bins)
    if position_sensitive:  # channel c of bin (i, j) is channel (c, i, j) of the data
        split = result.reshape(rois.size(0), -1, bins[0], bins[1], *bins)
        result = torch.diagonal(torch.diagonal(split, dim1=2, dim2=4), dim1=2, dim2=3)
    return with_zero_gradients(result.contiguous(), rois)


@roi_align.infer
def _align_shape(data: Tensor, rois: Tensor, *, pooled_size: tuple, position_sensitive: bool = False, **_: object) -> Tensor:
    check("ROIAlign", data, rois, 5)
    bins = pooled("ROIAlign", pooled_size)
    return data.new_empty((rois.size(0), data.size(1) // (bins[0] * bins[1] if position_sensitive else 1), *bins))


@op("_contrib_RROIAlign")
def rotated_roi_align(data: Tensor, rois: Tensor, *, pooled_size: Shape, spatial_scale: float, sampling_ratio: int = -1) -> Tensor:
    """ROIAlign of rotated regions, rows [batch index, centre x, centre y, width, height, angle in degrees].

    >>> mx.nd.contrib.RROIAlign(mx.nd.ones((1, 1, 8, 8)), mx.nd.array([[0, 4, 4, 2, 2, 45]]), pooled_size=(1, 1), spatial_scale=1).asnumpy().item()
    1.0
    """
    name = "RROIAlign"
    check(name, data, rois, 6)
    bins = pooled(name, pooled_size)
    box = rois.detach()[:, 1:]
    box = box.float() if box.dtype in HALF else box
    centre_x, centre_y = box[:, 0] * spatial_scale, box[:, 1] * spatial_scale
    width, height = (box[:, 2] * spatial_scale).clamp(min=1.0), (box[:, 3] * spatial_scale).clamp(min=1.0)
    angle = box[:, 4] * (math.pi / 180)
    batch = rois.detach()[:, 0].long()
    pieces = []
    for samples, r in _sample_counts(bins, (height, width), sampling_ratio):
        dy = _positions(-height[r] / 2, height[r] / bins[0], bins[0], samples[0]).unsqueeze(2)
        dx = _positions(-width[r] / 2, width[r] / bins[1], bins[1], samples[1]).unsqueeze(1)
        cos, sin = angle[r].cos().reshape(-1, 1, 1), angle[r].sin().reshape(-1, 1, 1)
        x = (dx * cos + dy * sin + centre_x[r].reshape(-1, 1, 1)).flatten(1)
        y = (dy * cos - dx * sin + centre_y[r].reshape(-1, 1, 1)).flatten(1)
        values = bilinear(data, batch[r], y, x).reshape(r.size(0), bins[0], samples[0], bins[1], samples[1], data.size(1))
        pieces.append((r, values.mean((2, 4)).permute(0, 3, 1, 2)))
    return with_zero_gradients(_collected(data, pieces, rois.size(0), bins), rois)


@rotated_roi_align.infer
def _rotated_shape(data: Tensor, rois: Tensor, *, pooled_size: tuple, **_: object) -> Tensor:
    check("RROIAlign", data, rois, 6)
    return data.new_empty((rois.size(0), data.size(1), *pooled("RROIAlign", pooled_size)))


@op("_contrib_PSROIPooling", amp="widest")
def ps_roi_pooling(data: Tensor, rois: Tensor, *, spatial_scale: float, output_dim: int, pooled_size: int, group_size: int = 0) -> Tensor:
    """Averages over pooled_size x pooled_size bins of every region, each from its own channel: (R, output_dim, pooled_size, pooled_size).

    data has output_dim * group_size**2 channels (group_size 0: pooled_size); bin (i, j) reads group (i group_size / pooled_size, ...). Empty bins give 0.

    >>> x, roi = mx.nd.ones((1, 8, 6, 6)), mx.nd.array([[0, 0, 0, 5, 5]])
    >>> mx.nd.contrib.PSROIPooling(x, roi, spatial_scale=1, output_dim=2, pooled_size=2).shape
    (1, 2, 2, 2)
    """
    name = "PSROIPooling"
    check(name, data, rois, 5)
    group = group_size or pooled_size
    if data.size(1) != output_dim * group * group:
        raise MXNetError(
            f"{name}: data has {data.size(1)} channels, output_dim * group_size**2 is {output_dim * group * group}. Change either."
        )
    height, width = data.shape[2:]
    box = rois.detach()[:, 1:].float()
    low, high = _round(box[:, :2]) * spatial_scale, (_round(box[:, 2:]) + 1.0) * spatial_scale
    size = (high - low).clamp(min=0.1) / pooled_size
    i = torch.arange(pooled_size, device=data.device, dtype=size.dtype)

    def mask(axis: int, limit: int) -> Tensor:
        start = torch.floor(i * size[:, axis : axis + 1] + low[:, axis : axis + 1]).clamp(0, limit)
        end = torch.ceil((i + 1) * size[:, axis : axis + 1] + low[:, axis : axis + 1]).clamp(0, limit)
        return inside(start, end, limit)

    wide = data.float() if data.dtype in HALF else data
    in_columns, in_rows = mask(0, width).to(wide.dtype), mask(1, height).to(wide.dtype)
    which = (i * group / pooled_size).floor().long().clamp(0, group - 1)
    # (N, output_dim, i, j, H, W): the channel that each bin reads
    bins = wide.reshape(data.size(0), output_dim, group, group, height, width)[:, :, which][:, :, :, which]
    batch = rois.detach()[:, 0].long()
    parts = []
    for part in groups(rois.size(0), bins[0].numel() if data.size(0) else 1):
        parts.append(torch.einsum("rcijhw,rih,rjw->rcij", bins[batch[part]], in_rows[part], in_columns[part]))
    total = torch.cat(parts) if parts else nothing(wide, output_dim, pooled_size, pooled_size)
    cells = in_rows.sum(2).unsqueeze(2) * in_columns.sum(2).unsqueeze(1)
    return with_zero_gradients((total / cells.clamp(min=1).unsqueeze(1)).to(data.dtype), rois)
