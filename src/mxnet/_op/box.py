"""Operators on boxes: box_nms, box_iou, box_encode, box_decode, bipartite_matching."""

from __future__ import annotations

from math import prod
from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .nms import overlaps, suppress, to_centers, to_corners
from .nn_checks import HALF, expect_float, same_dtype
from .registry import op

Format = Literal["center", "corner"]


@op("_contrib_box_nms", amp="widest", aliases=["_contrib_box_non_maximum_suppression"], output_names=("output0",))
def box_nms(
    data: Tensor, *, overlap_thresh: float = 0.5, valid_thresh: float = 0.0, topk: int = -1, coord_start: int = 2, score_index: int = 1,
    id_index: int = -1, background_id: int = -1, force_suppress: bool = False, in_format: Format = "corner", out_format: Format = "corner",
) -> Tensor:  # fmt: skip
    """Non-maximum suppression of rows (..., boxes, width): the survivors by falling score, then rows of -1. Shape and type of data.

    A row holds four coordinates from coord_start, its score at score_index and its class at id_index (-1: none). Rows whose score does not exceed
    valid_thresh or whose class is background_id are dropped; of the others the best topk (-1: all) take part. A row falls if it overlaps a
    surviving better one by more than overlap_thresh and has its class (any class with force_suppress or without classes).
    The gradient of a result row goes to the row of data that it came from.

    >>> rows = mx.nd.array([[0, 0.5, 0, 0, 1, 1], [0, 0.9, 0, 0, 1, 1]])
    >>> mx.nd.contrib.box_nms(rows).asnumpy()[:, 1].astype("f8").round(1).tolist()
    [0.9, -1.0]
    """
    name = "box_nms"
    expect_float(name, data)
    if data.dim() < 2:
        raise MXNetError(f"{name}: data of shape {tuple(data.shape)} needs at least 2 dimensions (boxes, columns). Reshape data.")
    width, count = data.size(-1), data.size(-2)
    if width < 5 or not 0 <= coord_start <= width - 4:
        raise MXNetError(
            f"{name}: coord_start {coord_start} does not leave four coordinates in rows of {width} columns. Lower coord_start or pass wider rows."
        )
    for label, index, least in (("score_index", score_index, 0), ("id_index", id_index, -1)):
        if not least <= index < width:
            raise MXNetError(f"{name}: {label} {index} is out of range for rows of {width} columns. Pass a smaller index.")
    if id_index == score_index:
        raise MXNetError(f"{name}: id_index and score_index are both {score_index}. Pass different columns.")
    rows = data.reshape(prod(data.shape[:-2]), count, width)
    values = rows.detach()
    values = values.float() if values.dtype in HALF else values
    scores = values[..., score_index]
    valid = scores > valid_thresh
    classes = values[..., id_index] if id_index >= 0 else None
    if classes is not None:
        valid = valid & (classes != background_id)
    order = torch.sort(scores.masked_fill(~valid, -torch.inf), dim=1, descending=True, stable=True)[1]
    kept = order[:, : topk if 0 <= topk < count else count]
    boxes = values[..., coord_start : coord_start + 4].gather(1, kept.unsqueeze(2).expand(-1, -1, 4))
    boxes = to_corners(boxes) if in_format == "center" else boxes
    keep = suppress(boxes, valid.gather(1, kept), overlap_thresh, None if force_suppress or classes is None else classes.gather(1, kept))
    front = torch.sort((~keep).to(torch.uint8), dim=1, stable=True)[1]  # survivors first, in their order
    source = torch.cat([kept.gather(1, front), order[:, kept.size(1) :]], 1)
    survives = torch.cat([keep.gather(1, front), torch.zeros_like(valid[:, kept.size(1) :])], 1)
    result = rows.gather(1, source.unsqueeze(2).expand(-1, -1, width))
    if in_format != out_format:  # the gradient passes by the conversion
        box = result.detach()[..., coord_start : coord_start + 4]
        change = torch.zeros_like(result.detach())
        change[..., coord_start : coord_start + 4] = (to_corners(box) if out_format == "corner" else to_centers(box)) - box
        result = result + change
    return result.masked_fill(~survives.unsqueeze(2), -1.0).reshape(data.shape)


@box_nms.infer
def _nms_shape(data: Tensor, **_: object) -> Tensor:
    return torch.empty_like(data)


@op("_contrib_box_iou", amp="widest")
def box_iou(lhs: Tensor, rhs: Tensor, *, format: Format = "corner") -> Tensor:
    """Intersection over union of every box of lhs (..., 4) with every one of rhs (..., 4): lhs axes, then rhs axes. 0 for two empty boxes.

    >>> mx.nd.contrib.box_iou(mx.nd.array([[0., 0, 2, 1]]), mx.nd.array([[0., 0, 1, 1]])).asnumpy().tolist()
    [[0.5]]
    """
    expect_float("box_iou", lhs, "lhs")
    same_dtype("box_iou", lhs=lhs, rhs=rhs)
    for label, t in (("lhs", lhs), ("rhs", rhs)):
        if t.dim() < 1 or t.size(-1) != 4:
            raise MXNetError(f"box_iou: {label} of shape {tuple(t.shape)} must have 4 coordinates in its last axis. Reshape it.")
    first, second = lhs.reshape(-1, 4), rhs.reshape(-1, 4)
    if format == "center":
        first, second = to_corners(first), to_corners(second)
    return overlaps(first, second).reshape(*lhs.shape[:-1], *rhs.shape[:-1])


@op("_contrib_bipartite_matching", outputs=2, output_names=("output0", "output1"), zero_grad=True)
def bipartite_matching(data: Tensor, *, is_ascend: bool = False, threshold: float, topk: int = -1) -> tuple[Tensor, Tensor]:
    """Greedy matching of rows and columns of scores (..., N, M): the best remaining pair is matched again and again.

    Returns for each row its column (..., N) and for each column its row (..., M), -1 without a match. Pairs that do not exceed threshold
    (is_ascend: low scores are good, and must be below it) are not matched. topk > 0: at most topk + 1 pairs, as in the original.

    >>> [r.asnumpy().tolist() for r in mx.nd.contrib.bipartite_matching(mx.nd.array([[.5, .6], [.1, .2], [.3, .4]]), threshold=1e-12)]
    [[1.0, -1.0, 0.0], [2.0, 0.0]]
    """
    name = "bipartite_matching"
    expect_float(name, data)
    if data.dim() < 2:
        raise MXNetError(f"{name}: data of shape {tuple(data.shape)} needs at least 2 dimensions. Reshape data.")
    rows, columns = data.shape[-2:]
    scores = data.detach().reshape(prod(data.shape[:-2]), rows * columns)
    scores, limit = (-scores, -threshold) if is_ascend else (scores.clone(), threshold)
    row_match = scores.new_full((scores.size(0), rows + 1), -1.0)  # the last entry takes what must not be written
    column_match = scores.new_full((scores.size(0), columns + 1), -1.0)
    pairs = min(rows, columns) if topk <= 0 else min(rows, columns, topk + 1)
    place = torch.arange(rows * columns, device=data.device)
    for _ in range(pairs if rows and columns else 0):
        value, best = scores.max(1)
        found = value > limit
        row, column = best // columns, best % columns
        row_match.scatter_(1, torch.where(found, row, rows).unsqueeze(1), column.to(scores.dtype).unsqueeze(1))
        column_match.scatter_(1, torch.where(found, column, columns).unsqueeze(1), row.to(scores.dtype).unsqueeze(1))
        used = (place // columns == row.unsqueeze(1)) | (place % columns == column.unsqueeze(1))
        scores = scores.masked_fill(used, -torch.inf)
    return row_match[:, :rows].reshape(*data.shape[:-1]), column_match[:, :columns].reshape(*data.shape[:-2], columns)


@op("_contrib_box_encode", outputs=2, output_names=("output0", "output1"), zero_grad=True)
def box_encode(samples: Tensor, matches: Tensor, anchors: Tensor, refs: Tensor, means: Tensor, stds: Tensor) -> tuple[Tensor, Tensor]:
    """Regression targets and masks (B, N, 4) of anchors (B, N, 4) for the boxes refs (B, M, 4) that matches (B, N) names; both in corners.

    target = ((centre difference / anchor size, log of the size ratio) - means) / stds; targets and masks are 0 where samples (B, N) is not above 0.5.

    >>> box, zero = mx.nd.array([[[0, 0, 1, 1]]]), mx.nd.zeros((1, 1))
    >>> mx.nd.contrib.box_encode(zero + 1, zero, box, box, mx.nd.zeros(4), mx.nd.ones(4))[0].asnumpy().tolist()
    [[[0.0, 0.0, 0.0, 0.0]]]
    """
    name, shapes = "box_encode", [tuple(t.shape) for t in (samples, matches, anchors, refs, means, stds)]
    if samples.dim() != 2 or matches.shape != samples.shape or anchors.shape != (*samples.shape, 4):
        raise MXNetError(
            f"{name}: samples {shapes[0]}, matches {shapes[1]} and anchors {shapes[2]} must be (B, N), (B, N) and (B, N, 4). Reshape them."
        )
    if refs.dim() != 3 or refs.shape[::2] != (samples.shape[0], 4) or means.numel() != 4 or stds.numel() != 4:
        raise MXNetError(
            f"{name}: refs {shapes[3]}, means {shapes[4]} and stds {shapes[5]} must be ({samples.shape[0]}, M, 4), (4,) and (4,). Reshape them."
        )
    same_dtype(name, anchors=anchors, refs=refs)
    chosen = (samples > 0.5).unsqueeze(2)
    index = matches.long().clamp(0, max(0, refs.size(1) - 1)).unsqueeze(2).expand(-1, -1, 4)
    anchor, target = to_centers(anchors), to_centers(refs.gather(1, index))
    move = (target[..., :2] - anchor[..., :2]) / anchor[..., 2:]
    scale = torch.log(target[..., 2:] / anchor[..., 2:])
    encoded = (torch.cat([move, scale], -1) - means.reshape(1, 1, 4)) / stds.reshape(1, 1, 4)
    return torch.where(chosen, encoded, 0.0), chosen.expand_as(encoded).to(encoded.dtype)


@op("_contrib_box_decode")
def box_decode(
    data: Tensor, anchors: Tensor, *, std0: float = 1.0, std1: float = 1.0, std2: float = 1.0, std3: float = 1.0, clip: float = -1.0,
    format: Format = "center",
) -> Tensor:  # fmt: skip
    """Corner boxes (B, N, 4) from regression outputs data (B, N, 4) and anchors (1, N, 4) in `format`; the inverse of box_encode with means 0.

    clip > 0 bounds the logarithms of the size ratios from above.

    >>> mx.nd.contrib.box_decode(mx.nd.zeros((1, 1, 4)), mx.nd.array([[[0.5, 0.5, 1, 1]]])).asnumpy().tolist()
    [[[0.0, 0.0, 1.0, 1.0]]]
    """
    name = "box_decode"
    expect_float(name, data)
    same_dtype(name, data=data, anchors=anchors)
    if data.dim() != 3 or data.size(2) != 4 or anchors.shape != (1, data.size(1), 4):
        raise MXNetError(
            f"{name}: data {tuple(data.shape)} must be (batch, boxes, 4) and anchors {tuple(anchors.shape)} (1, boxes, 4). Reshape them."
        )
    anchor = to_centers(anchors) if format == "corner" else anchors
    std = data.new_tensor([std0, std1, std2, std3])
    scaled = data * std
    logs = scaled[..., 2:].clamp(max=clip) if clip > 0 else scaled[..., 2:]
    return to_corners(torch.cat([scaled[..., :2] * anchor[..., 2:] + anchor[..., :2], torch.exp(logs) * anchor[..., 2:]], -1))


@box_decode.infer
def _decode_shape(data: Tensor, anchors: Tensor, **_: object) -> Tensor:
    return torch.empty_like(data)
