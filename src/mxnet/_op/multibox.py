"""Single-shot detection: MultiBoxPrior, MultiBoxTarget, MultiBoxDetection."""

from __future__ import annotations

import torch
from torch import Tensor

from ..error import MXNetError
from .nms import overlaps, suppress, to_centers, to_corners
from .nn_checks import HALF, expect_float, expect_shape, same_dtype
from .params import Floats
from .registry import op


@op("_contrib_MultiBoxPrior", aliases=["_npx_multibox_prior"], amp="fp32", zero_grad=True)
def multibox_prior(
    data: Tensor,
    *,
    sizes: Floats = (1.0,),
    ratios: Floats = (1.0,),
    clip: bool = False,
    steps: Floats = (-1.0, -1.0),
    offsets: Floats = (0.5, 0.5),
) -> Tensor:
    """Anchor boxes for the cells of a feature map (N, C, H, W): (1, H W (sizes + ratios - 1), 4) corners in [0, 1] units.

    A cell's anchors: every size with the first ratio, then the first size with every other ratio; height = size / sqrt(ratio) and
    width = size H / W sqrt(ratio). Centres are (row + offsets[0]) steps[0], (column + offsets[1]) steps[1]; steps default to 1 / H and 1 / W.

    >>> mx.nd.contrib.MultiBoxPrior(mx.nd.zeros((1, 1, 1, 1)), sizes=(1, 0.5)).asnumpy()[0, 1].tolist()
    [0.25, 0.25, 0.75, 0.75]
    """
    name = "MultiBoxPrior"
    expect_float(name, data)
    if data.dim() != 4:
        raise MXNetError(
            f"{name}: data of shape {tuple(data.shape)} must have 4 dimensions (batch, channels, height, width). Reshape data."
        )
    if not sizes or not ratios or min(*sizes, *ratios) <= 0:
        raise MXNetError(f"{name}: sizes {sizes} and ratios {ratios} must be positive and not empty. Pass at least one of each.")
    if len(steps) != 2 or len(offsets) != 2 or (max(steps) > 0) != (min(steps) > 0):
        raise MXNetError(
            f"{name}: steps {steps} and offsets {offsets} must be two numbers each (y, x), the steps both positive or both negative."
        )
    height, width = data.shape[2:]
    step_y, step_x = steps if steps[0] > 0 else (1.0 / height, 1.0 / width)
    y = (torch.arange(height, device=data.device, dtype=torch.float32) + offsets[0]) * step_y
    x = (torch.arange(width, device=data.device, dtype=torch.float32) + offsets[1]) * step_x
    shapes = [(s, ratios[0]) for s in sizes] + [(sizes[0], r) for r in ratios[1:]]
    halves = [(s * height / width * r**0.5 / 2, s / r**0.5 / 2) for s, r in shapes]
    centre = torch.stack([x.expand(height, width), y.unsqueeze(1).expand(height, width)], -1).reshape(-1, 1, 2)
    half = torch.tensor(halves, device=data.device)
    boxes = torch.cat([centre - half, centre + half], -1).reshape(1, -1, 4)
    return (boxes.clamp(0, 1) if clip else boxes).to(data.dtype)


@multibox_prior.infer
def _prior_shape(data: Tensor, *, sizes: tuple = (1.0,), ratios: tuple = (1.0,), **_: object) -> Tensor:
    return data.new_empty((1, data.size(2) * data.size(3) * (len(sizes) + len(ratios) - 1), 4))


def _match(overlap: Tensor, truths: Tensor, threshold: float) -> tuple[Tensor, Tensor, Tensor]:
    """(has a match, its row of truth, its overlap) for every anchor; overlap (B, N, M), truths (B, M) tells which rows count.

    First every truth takes its best free anchor, best pair first; then anchors without one take their best truth if it overlaps enough.
    """
    batch, anchors, count = overlap.shape
    overlap = overlap.masked_fill(~truths.unsqueeze(1), -1.0)
    matched = torch.zeros((batch, anchors + 1), dtype=torch.bool, device=overlap.device)  # one more entry takes what must not be written
    which, value = torch.zeros((batch, anchors + 1), dtype=torch.int64, device=overlap.device), overlap.new_full((batch, anchors + 1), -1.0)
    free = overlap.reshape(batch, -1)
    place = torch.arange(anchors * count, device=overlap.device)
    for _ in range(min(anchors, count)):
        best, index = free.max(1)
        found = best > 1e-6
        row, column = index // count, index % count
        target = torch.where(found, row, anchors).unsqueeze(1)
        matched.scatter_(1, target, True)
        which.scatter_(1, target, column.unsqueeze(1))
        value.scatter_(1, target, best.unsqueeze(1))
        used = found.unsqueeze(1) & ((place // count == row.unsqueeze(1)) | (place % count == column.unsqueeze(1)))
        free = free.masked_fill(used, -1.0)
    matched, which, value = matched[:, :anchors], which[:, :anchors], value[:, :anchors]
    best, index = overlap.max(2)
    more = ~matched & (best > threshold) if threshold > 0 else torch.zeros_like(matched)
    return matched | more, torch.where(matched, which, index), torch.where(matched, value, best)


@op(
    "_contrib_MultiBoxTarget",
    aliases=["_npx_multibox_target"],
    outputs=3,
    output_names=("loc_target", "loc_mask", "cls_target"),
    amp="fp32",
    zero_grad=True,
)
def multibox_target(
    anchor: Tensor, label: Tensor, cls_pred: Tensor, *, overlap_threshold: float = 0.5, ignore_label: float = -1.0,
    negative_mining_ratio: float = -1.0, negative_mining_thresh: float = 0.5, minimum_negative_samples: int = 0,
    variances: Floats = (0.1, 0.1, 0.2, 0.2),
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Training targets of anchors (1, N, 4): (box targets (B, 4 N), their mask (B, 4 N), class targets (B, N)).

    label (B, M, 5 or more) holds rows [class, x1, y1, x2, y2]; the first row of class -1 ends a sample. Every labelled box takes its best anchor, then
    each anchor that overlaps a box by more than overlap_threshold takes that. Class targets are class + 1 for those, 0 for background,
    ignore_label for the rest: with negative_mining_ratio > 0 only that many times the positives (at least minimum_negative_samples) become background, those
    of overlap below negative_mining_thresh whose predicted background probability (cls_pred (B, classes, N), row 0) is lowest. A sample without boxes is
    ignored entirely.

    >>> anchor, label = mx.nd.array([[[0, 0, 1, 1]]]), mx.nd.array([[[2, 0, 0, 1, 1]]])
    >>> mx.nd.contrib.MultiBoxTarget(anchor, label, mx.nd.ones((1, 4, 1)))[2].asnumpy().tolist()
    [[3.0]]
    """
    name = "MultiBoxTarget"
    expect_float(name, anchor, "anchor")
    same_dtype(name, anchor=anchor, label=label, cls_pred=cls_pred)
    if anchor.dim() != 3 or anchor.size(0) != 1 or anchor.size(2) != 4:
        raise MXNetError(f"{name}: anchor of shape {tuple(anchor.shape)} must be (1, anchors, 4). Reshape it.")
    if label.dim() != 3 or label.size(2) < 5 or len(variances) != 4:
        raise MXNetError(
            f"{name}: label of shape {tuple(label.shape)} must be (batch, boxes, 5 or more), variances {variances} four numbers."
        )
    if cls_pred.dim() != 3 or cls_pred.size(2) != anchor.size(1) or cls_pred.size(0) != label.size(0):
        raise MXNetError(
            f"{name}: cls_pred of shape {tuple(cls_pred.shape)} must be ({label.size(0)}, classes, {anchor.size(1)}). Pass matching predictions."
        )
    kind = anchor.dtype
    if kind in HALF:  # the differences of near corners need float32
        anchor, label, cls_pred = anchor.float(), label.float(), cls_pred.float()
    batch, anchors = label.size(0), anchor.size(1)
    truths = (label[..., 0] != -1).to(torch.int64).cumprod(1).bool()
    any_truth = truths.any(1, keepdim=True)
    boxes = anchor.expand(batch, -1, -1)
    positive, which, overlap = _match(overlaps(boxes, label[..., 1:5]), truths, overlap_threshold)
    positive = positive & any_truth
    chosen = label.gather(1, which.unsqueeze(2).expand(-1, -1, label.size(2)))
    centre, target = to_centers(boxes), to_centers(chosen[..., 1:5])
    scale = torch.tensor(variances, dtype=anchor.dtype, device=anchor.device)
    move = (target[..., :2] - centre[..., :2]) / centre[..., 2:]
    grow = torch.log(target[..., 2:] / centre[..., 2:])
    loc = torch.where(positive.unsqueeze(2), torch.cat([move, grow], -1) / scale, 0.0)
    mask = positive.unsqueeze(2).expand(-1, -1, 4).to(anchor.dtype)
    if negative_mining_ratio > 0:
        background = torch.softmax(cls_pred, 1)[:, 0]
        eligible = ~positive & (overlap < negative_mining_thresh)
        wanted = (positive.sum(1, keepdim=True) * negative_mining_ratio).long().clamp(min=minimum_negative_samples)
        order = torch.sort(background.masked_fill(~eligible, torch.inf), dim=1, stable=True)[1]
        rank = torch.empty_like(order).scatter_(1, order, torch.arange(anchors, device=order.device).expand_as(order))
        negative = eligible & (rank < wanted)
    else:
        negative = ~positive
    cls = torch.where(positive, chosen[..., 0] + 1, torch.where(negative & any_truth, 0.0, ignore_label))
    return loc.reshape(batch, -1).to(kind), mask.reshape(batch, -1).to(kind), cls.to(kind)


@op("_contrib_MultiBoxDetection", aliases=["_npx_multibox_detection"], amp="fp32", zero_grad=True)
def multibox_detection(
    cls_prob: Tensor, loc_pred: Tensor, anchor: Tensor, *, clip: bool = True, threshold: float = 0.01, background_id: int = 0,
    nms_threshold: float = 0.5, force_suppress: bool = False, variances: Floats = (0.1, 0.1, 0.2, 0.2), nms_topk: int = -1,
) -> Tensor:  # fmt: skip
    """Detections (B, N, 6), rows [class, score, x1, y1, x2, y2], by falling score; class -1 marks what was suppressed, rows of -1 are no detections.

    cls_prob (B, classes, N) with the background in row 0, loc_pred (B, 4 N) relative to anchor (1, N, 4). An anchor's class is its most likely
    one other than background, if its probability reaches threshold. Suppression is by class unless force_suppress, among the best nms_topk.
    background_id is accepted and has no effect, as in the original.

    >>> scores, anchor = mx.nd.array([[[0.25], [0.75]]]), mx.nd.array([[[0, 0, 1, 1]]])
    >>> mx.nd.contrib.MultiBoxDetection(scores, mx.nd.zeros((1, 4)), anchor).asnumpy().tolist()
    [[[0.0, 0.75, 0.0, 0.0, 1.0, 1.0]]]
    """
    name = "MultiBoxDetection"
    expect_float(name, cls_prob, "cls_prob")
    same_dtype(name, cls_prob=cls_prob, loc_pred=loc_pred, anchor=anchor)
    if cls_prob.dim() != 3 or len(variances) != 4:
        raise MXNetError(
            f"{name}: cls_prob of shape {tuple(cls_prob.shape)} must be (batch, classes, anchors), variances {variances} four numbers."
        )
    batch, _, anchors = cls_prob.shape
    expect_shape(name, "anchor", anchor, (1, anchors, 4), "the anchors of cls_prob")
    expect_shape(name, "loc_pred", loc_pred, (batch, 4 * anchors), "four numbers an anchor")
    score, index = cls_prob[:, 1:].max(1)
    detected = score >= threshold
    centre = to_centers(anchor)
    scaled = loc_pred.reshape(batch, anchors, 4) * torch.tensor(variances, dtype=cls_prob.dtype, device=cls_prob.device)
    box = to_corners(torch.cat([scaled[..., :2] * centre[..., 2:] + centre[..., :2], torch.exp(scaled[..., 2:]) * centre[..., 2:]], -1))
    rows = torch.cat([index.to(score.dtype).unsqueeze(2), score.unsqueeze(2), box.clamp(0, 1) if clip else box], 2)

    def ordered(by: Tensor, t: Tensor) -> Tensor:
        return t.gather(1, by.unsqueeze(2).expand_as(t)) if t.dim() == 3 else t.gather(1, by)

    front = torch.sort((~detected).to(torch.uint8), dim=1, stable=True)[1]  # detections first
    rows, detected = ordered(front, rows), ordered(front, detected)
    if 0 < nms_threshold <= 1:
        best = torch.sort(rows[..., 1].masked_fill(~detected, -torch.inf), dim=1, descending=True, stable=True)[1]
        count = min(anchors, nms_topk) if nms_topk > 0 else anchors
        by_score = ordered(best, rows)
        keep = suppress(by_score[:, :count, 2:], ordered(best, detected)[:, :count], nms_threshold, None if force_suppress else by_score[:, :count, 0],
                        or_equal=True)  # fmt: skip
        # beyond nms_topk the rows stay where they were, without a class
        taken = torch.where(torch.arange(anchors, device=rows.device).reshape(1, -1, 1) < count, by_score, rows)
        keep = torch.cat([keep, torch.zeros_like(detected[:, count:])], 1)
        rows = torch.cat([torch.where(keep.unsqueeze(2), taken[..., :1], -1.0), taken[..., 1:]], 2)
    return rows.masked_fill(~detected.unsqueeze(2), -1.0)


@multibox_detection.infer
def _detection_shape(cls_prob: Tensor, loc_pred: Tensor, anchor: Tensor, **_: object) -> Tensor:
    return cls_prob.new_empty((cls_prob.size(0), cls_prob.size(2), 6))
