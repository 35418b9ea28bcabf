"""Boxes: areas, overlaps, the two formats, and greedy non-maximum suppression."""

from __future__ import annotations

import torch
from torch import Tensor

#: Boxes are suppressed in blocks of this many, so that memory stays far below one number a pair.
BLOCK = 1024


def to_corners(boxes: Tensor) -> Tensor:
    """(x, y, width, height) around the centre -> (x1, y1, x2, y2); the last axis holds the four."""
    half = boxes[..., 2:] / 2
    return torch.cat([boxes[..., :2] - half, boxes[..., :2] + half], -1)


def to_centers(boxes: Tensor) -> Tensor:
    """(x1, y1, x2, y2) -> (x, y, width, height) around the centre."""
    return torch.cat([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], -1)


def area(boxes: Tensor, extra: float = 0.0) -> Tensor:
    """Areas of corner boxes, 0 where a side is negative; `extra` is added to each side (1 for boxes of pixels)."""
    sides = boxes[..., 2:] - boxes[..., :2] + extra
    return torch.where((sides < 0).any(-1), 0.0, sides[..., 0] * sides[..., 1])


def overlaps(first: Tensor, second: Tensor, extra: float = 0.0) -> Tensor:
    """Intersection over union of corner boxes (..., N, 4) and (..., M, 4): (..., N, M); 0 where the union is empty."""
    a, b = first.unsqueeze(-2), second.unsqueeze(-3)
    sides = torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2]) + extra
    common = sides.clamp(min=0).prod(-1)
    union = area(first, extra).unsqueeze(-1) + area(second, extra).unsqueeze(-2) - common
    return torch.where(union > 0, common / union.clamp(min=torch.finfo(union.dtype).tiny), 0.0)


def suppress(
    boxes: Tensor, valid: Tensor, threshold: float, classes: Tensor | None = None, extra: float = 0.0, or_equal: bool = False
) -> Tensor:
    """Which boxes survive: (B, N) of bool.

    boxes (B, N, 4) in corners, best first. A box falls if its overlap with a surviving better one (of its class, where classes (B, N) are
    given) exceeds the threshold, or reaches it with or_equal.
    """
    keep = valid.clone()
    count = boxes.size(1)
    for start in range(0, count, BLOCK):
        block = slice(start, min(count, start + BLOCK))
        falls = torch.zeros_like(valid[:, block])
        for earlier in range(0, start, BLOCK):
            before = slice(earlier, earlier + BLOCK)
            falls |= (_beats(boxes, classes, before, block, threshold, extra, or_equal) & keep[:, before].unsqueeze(2)).any(1)
        candidates = valid[:, block] & ~falls
        keep[:, block] = _settle(candidates, _beats(boxes, classes, block, block, threshold, extra, or_equal).triu(1))
    return keep


def _beats(boxes: Tensor, classes: Tensor | None, first: slice, second: slice, threshold: float, extra: float, or_equal: bool) -> Tensor:
    overlap = overlaps(boxes[:, first], boxes[:, second], extra)
    over = overlap >= threshold if or_equal else overlap > threshold
    return over if classes is None else over & (classes[:, first].unsqueeze(2) == classes[:, second].unsqueeze(1))


def _settle(candidates: Tensor, beats: Tensor) -> Tensor:
    """The one set in which a candidate is kept exactly if no kept one before it beats it. Each round settles at least one more box of every
    chain of suppressions, and a set that a round does not change is the answer: chains are short, so rounds are few.
    """
    keep = candidates
    while True:
        new = candidates & ~(beats & keep.unsqueeze(2)).any(1)
        if torch.equal(new, keep):
            return new
        keep = new
