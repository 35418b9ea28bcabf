"""mrcnn_mask_target: the training targets of a mask head."""

from __future__ import annotations

import torch
from torch import Tensor

from ..error import MXNetError
from .nn_checks import expect_float, expect_shape, same_dtype
from .params import Shape
from .registry import op
from .roi_pooling import _collected, _grid_average, _positions, _sample_counts, groups


@op("_contrib_mrcnn_mask_target", outputs=2, output_names=("output0", "output1"), zero_grad=True)
def mrcnn_mask_target(
    rois: Tensor, gt_masks: Tensor, matches: Tensor, cls_targets: Tensor, *, num_rois: int, num_classes: int, mask_size: Shape,
    sample_ratio: int = 2, aligned: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(mask targets, mask weights), both (B, num_rois, num_classes, *mask_size).

    rois (B, N, 4) corners in pixels, gt_masks (B, M, H, W), matches (B, N) the mask of each region, cls_targets (B, N) its class. The targets are
    ROIAlign averages of the matched mask over the region, the same for all classes; the weights are 1 for the region's class and 0 for the others.

    >>> roi, mask, zero = mx.nd.array([[[0, 0, 3, 3]]]), mx.nd.ones((1, 1, 4, 4)), mx.nd.zeros((1, 1))
    >>> mx.nd.contrib.mrcnn_mask_target(roi, mask, zero, zero, num_rois=1, num_classes=2, mask_size=(2, 2))[0].shape
    (1, 1, 2, 2, 2)
    """
    name = "mrcnn_mask_target"
    expect_float(name, rois, "rois")
    same_dtype(name, rois=rois, gt_masks=gt_masks, matches=matches, cls_targets=cls_targets)
    if rois.dim() != 3 or rois.size(2) != 4 or gt_masks.dim() != 4:
        raise MXNetError(
            f"{name}: rois {tuple(rois.shape)} must be (batch, regions, 4), gt_masks {tuple(gt_masks.shape)} (batch, masks, height, width)."
        )
    batch, regions, masks = rois.size(0), rois.size(1), gt_masks.size(1)
    if regions != num_rois or gt_masks.size(0) != batch:
        raise MXNetError(
            f"{name}: rois hold {regions} regions of {batch} images, num_rois is {num_rois} and gt_masks hold {gt_masks.size(0)} images."
        )
    for label, t in (("matches", matches), ("cls_targets", cls_targets)):
        expect_shape(name, label, t, (batch, regions), "batch, regions")
    if len(mask_size) not in (1, 2) or min(mask_size) < 1:
        raise MXNetError(f"{name}: mask_size {mask_size} must be one or two positive numbers. Pass for example (14, 14).")
    bins = mask_size[0], mask_size[-1]
    box = rois.detach().reshape(-1, 4).float() - (0.5 if aligned else 0.0)
    size = box[:, 3] - box[:, 1], box[:, 2] - box[:, 0]
    height, width = size if aligned else (size[0].clamp(min=1.0), size[1].clamp(min=1.0))
    image = torch.arange(batch, device=rois.device).repeat_interleave(regions)
    which = image * masks + matches.detach().reshape(-1).long().clamp(0, max(0, masks - 1))
    planes = gt_masks.detach().reshape(batch * masks, 1, *gt_masks.shape[2:])
    pieces = []
    for samples, chosen in _sample_counts(bins, (height, width), sample_ratio):
        for part in groups(chosen.size(0), bins[0] * bins[1] * samples[0] * samples[1]):
            r = chosen[part]
            y = _positions(box[r, 1], height[r] / bins[0], bins[0], samples[0])
            x = _positions(box[r, 0], width[r] / bins[1], bins[1], samples[1])
            pieces.append((r, _grid_average(planes, which[r], y, x, bins, samples)))
    targets = _collected(planes, pieces, batch * regions, bins).reshape(batch, regions, 1, *bins).expand(-1, -1, num_classes, -1, -1)
    classes = torch.arange(num_classes, device=rois.device)
    weights = (cls_targets.unsqueeze(2) == classes).to(rois.dtype).reshape(batch, regions, num_classes, 1, 1).expand_as(targets)
    return targets.contiguous(), weights.contiguous()


@mrcnn_mask_target.infer
def _shape(rois: Tensor, *_: Tensor, num_classes: int, mask_size: tuple, **__: object) -> tuple[Tensor, Tensor]:
    shape = (*rois.shape[:2], num_classes, mask_size[0], mask_size[-1])
    return rois.new_empty(shape), rois.new_empty(shape)
