"""Region proposals: Proposal (one image) and MultiProposal (a batch)."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, sqrt

import torch
from torch import Tensor

from ..error import MXNetError
from .nms import suppress
from .nn_checks import expect_float, expect_shape, same_dtype
from .params import Floats
from .registry import Op, register


def _base_anchors(stride: int, scales: tuple, ratios: tuple) -> list[tuple[float, float, float, float]]:
    """Anchors of the cell at 0, in pixels: every scale of every ratio (height / width), rounded as the first detectors did."""
    middle = (stride - 1) / 2
    anchors = []
    for ratio in ratios:
        width = floor(sqrt(floor(stride * stride / ratio)) + 0.5)
        height = floor(width * ratio + 0.5)
        for scale in scales:
            x, y = (width * scale - 1) / 2, (height * scale - 1) / 2
            anchors.append((middle - x, middle - y, middle + x, middle + y))
    return anchors


def _moved(anchors: Tensor, delta: Tensor, iou_loss: bool) -> Tensor:
    """Boxes (B, N, 4) from anchors (N, 4) and regression outputs (B, N, 4)."""
    if iou_loss:
        return anchors + delta
    size = anchors[:, 2:] - anchors[:, :2] + 1.0
    centre = anchors[:, :2] + (size - 1.0) / 2
    centre, half = delta[..., :2] * size + centre, (torch.exp(delta[..., 2:]) * size - 1.0) / 2
    return torch.cat([centre - half, centre + half], -1)


def _proposals(
    name: str, cls_prob: Tensor, bbox_pred: Tensor, im_info: Tensor, rpn_pre_nms_top_n: int, rpn_post_nms_top_n: int, threshold: float, rpn_min_size: int,
    scales: tuple, ratios: tuple, feature_stride: int, output_score: bool, iou_loss: bool,
) -> Tensor | tuple[Tensor, Tensor]:  # fmt: skip
    expect_float(name, cls_prob, "cls_prob")
    same_dtype(name, cls_prob=cls_prob, bbox_pred=bbox_pred, im_info=im_info)
    count = len(scales) * len(ratios)
    if cls_prob.dim() != 4 or cls_prob.size(1) != 2 * count:
        raise MXNetError(
            f"{name}: cls_prob of shape {tuple(cls_prob.shape)} must have {2 * count} channels (two for each scale and ratio) and 4 dimensions."
        )
    batch, _, height, width = cls_prob.shape
    expect_shape(name, "bbox_pred", bbox_pred, (batch, 4 * count, height, width), "four channels for each scale and ratio")
    expect_shape(name, "im_info", im_info, (batch, 3), "height, width and scale of every image")
    device, boxes_in_all = cls_prob.device, height * width * count
    base = torch.tensor(_base_anchors(feature_stride, scales, ratios), dtype=torch.float32, device=device)
    y, x = torch.arange(height, device=device) * feature_stride, torch.arange(width, device=device) * feature_stride
    shift = torch.stack([x.expand(height, width), y.unsqueeze(1).expand(height, width)] * 2, -1)  # (H, W, 4)
    anchors = (shift.unsqueeze(2) + base).reshape(-1, 4)  # (H * W * count, 4)
    delta = bbox_pred.float().reshape(batch, count, 4, height, width).permute(0, 3, 4, 1, 2).reshape(batch, -1, 4)
    scores = cls_prob.float()[:, count:].permute(0, 2, 3, 1).reshape(batch, -1)
    info = im_info.float()
    limit = (info[:, [1, 0, 1, 0]] - 1.0).unsqueeze(1)
    boxes = torch.minimum(_moved(anchors, delta, iou_loss), limit).clamp(min=0)
    # cells of the feature map beyond the image
    cells = (info[:, :2] / feature_stride).floor()
    row = torch.arange(boxes_in_all, device=device) // (width * count)
    column = torch.arange(boxes_in_all, device=device) // count % width
    beyond = (row >= cells[:, :1]) | (column >= cells[:, 1:2])
    least = (rpn_min_size * info[:, 2]).reshape(-1, 1, 1)
    small = ((boxes[..., 2:] - boxes[..., :2] + 1.0) < least).any(-1)
    half = torch.cat([-least, -least, least, least], -1) / 2
    boxes = torch.where(small.unsqueeze(2), boxes + half, boxes)
    scores = scores.masked_fill(small | beyond, -1.0)
    top = min(rpn_pre_nms_top_n, boxes_in_all) if rpn_pre_nms_top_n > 0 else boxes_in_all
    order = torch.sort(scores, dim=1, descending=True, stable=True)[1][:, :top]
    boxes, scores = boxes.gather(1, order.unsqueeze(2).expand(-1, -1, 4)), scores.gather(1, order)
    keep = suppress(boxes, torch.ones_like(scores, dtype=torch.bool), threshold, extra=1.0, limit=rpn_post_nms_top_n)
    wanted = min(rpn_post_nms_top_n, top)
    front = torch.sort((~keep).to(torch.uint8), dim=1, stable=True)[1]
    kept = keep.sum(1, keepdim=True).clamp(max=wanted)
    place = torch.arange(rpn_post_nms_top_n, device=device) % kept.clamp(min=1)  # too few boxes: they repeat
    chosen = front.gather(1, place)
    image = torch.arange(batch, device=device, dtype=boxes.dtype).reshape(-1, 1, 1).expand(-1, rpn_post_nms_top_n, 1)
    rois = torch.cat([image, boxes.gather(1, chosen.unsqueeze(2).expand(-1, -1, 4))], 2).reshape(-1, 5).to(cls_prob.dtype)
    return (rois, scores.gather(1, chosen).reshape(-1, 1).to(cls_prob.dtype)) if output_score else rois


def _define(name: str, shown: str, one_image: bool, doc: str) -> Op:
    def propose(
        cls_prob: Tensor, bbox_pred: Tensor, im_info: Tensor, *, rpn_pre_nms_top_n: int = 6000, rpn_post_nms_top_n: int = 300, threshold: float = 0.7,
        rpn_min_size: int = 16, scales: Floats = (4.0, 8.0, 16.0, 32.0), ratios: Floats = (0.5, 1.0, 2.0), feature_stride: int = 16,
        output_score: bool = False, iou_loss: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:  # fmt: skip
        if one_image and cls_prob.size(0) != 1:
            raise MXNetError(f"{shown}: cls_prob holds {cls_prob.size(0)} images, one is supported. Use MultiProposal.")
        return _proposals(shown, cls_prob, bbox_pred, im_info, rpn_pre_nms_top_n, rpn_post_nms_top_n, threshold, rpn_min_size, scales, ratios,
                          feature_stride, output_score, iou_loss)  # fmt: skip

    made: Callable = propose
    defined = register(
        Op(
            name,
            made,
            outputs=lambda *, output_score, **_: 2 if output_score else 1,
            output_names=("output", "score"),
            amp="widest",
            zero_grad=True,
            doc=doc,
        )
    )

    @defined.infer
    def _shape(
        cls_prob: Tensor, *_: Tensor, rpn_post_nms_top_n: int = 300, output_score: bool = False, **__: object
    ) -> Tensor | tuple[Tensor, Tensor]:
        rows = cls_prob.size(0) * rpn_post_nms_top_n
        rois = cls_prob.new_empty((rows, 5))
        return (rois, cls_prob.new_empty((rows, 1))) if output_score else rois

    return defined


DOC = """Regions of interest from a region proposal network: rows [image, x1, y1, x2, y2] in pixels, rpn_post_nms_top_n an image.

cls_prob (B, 2 A, H, W) with foreground scores in the last A channels, bbox_pred (B, 4 A, H, W), im_info (B, 3) rows [height, width, scale]; A anchors a
cell, one for each scale and ratio. Boxes are moved, clipped to the image, dropped below rpn_min_size * scale, and suppressed at `threshold` among the
best rpn_pre_nms_top_n; too few survivors are repeated. output_score adds their scores (rows, 1). iou_loss: bbox_pred holds corner differences."""

proposal = _define("_contrib_Proposal", "Proposal", True, DOC)
multi_proposal = _define("_contrib_MultiProposal", "MultiProposal", False, DOC)
