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
    a, b = first.unsqueeze(-2).unbind(-1), second.unsqueeze(-3).unbind(-1)
    width = (torch.minimum(a[2], b[2]) - torch.maximum(a[0], b[0]) + extra).clamp(min=0)
    height = (torch.minimum(a[3], b[3]) - torch.maximum(a[1], b[1]) + extra).clamp(min=0)
    common = width * height
    union = area(first, extra).unsqueeze(-1) + area(second, extra).unsqueeze(-2) - common
    return torch.where(union > 0, common / union.clamp(min=torch.finfo(union.dtype).tiny), 0.0)


def suppress(boxes: Tensor, valid: Tensor, threshold: float, classes: Tensor | None = None, extra: float = 0.0, or_equal: bool = False,
             limit: int | None = None) -> Tensor:  # fmt: skip
    """Which boxes survive: (B, N) of bool.

    boxes (B, N, 4) in corners, best first. A box falls if its overlap with a surviving better one (of its class, where classes (B, N) are
    given) exceeds the threshold, or reaches it with or_equal. limit: the caller reads no more than the first `limit` survivors of each row.
    """
    keep = torch.zeros_like(valid)
    count = boxes.size(1)
    kinds = torch.zeros_like(valid, dtype=torch.uint8) if classes is None else classes
    alive, alive_kinds, real = boxes[:, :0], kinds[:, :0], valid[:, :0]  # the survivors so far; rows have different numbers of them
    step = BLOCK if limit is None else max(1, min(BLOCK, limit))
    for start in range(0, count, step):
        block = slice(start, min(count, start + step))
        own, own_kinds = boxes[:, block], kinds[:, block]
        candidates = valid[:, block]
        if alive.size(1):
            beaten = _beats(alive, own, alive_kinds, own_kinds, threshold, extra, or_equal) & real.unsqueeze(2)
            candidates = candidates & ~beaten.any(1)
        settled = _settle(candidates, _beats(own, own, own_kinds, own_kinds, threshold, extra, or_equal).triu(1))
        keep[:, block] = settled
        if block.stop == count or limit is not None and bool((keep.sum(1) >= limit).all()):
            break
        front = torch.sort((~settled).to(torch.uint8), dim=1, stable=True)[1][:, : int(settled.sum(1).max())]
        alive = torch.cat([alive, own.gather(1, front.unsqueeze(2).expand(-1, -1, 4))], 1)
        alive_kinds = torch.cat([alive_kinds, own_kinds.gather(1, front)], 1)
        real = torch.cat([real, settled.gather(1, front)], 1)
    return keep


def _beats(better: Tensor, boxes: Tensor, better_kinds: Tensor, kinds: Tensor, threshold: float, extra: float, or_equal: bool) -> Tensor:
    overlap = overlaps(better, boxes, extra)
    over = overlap >= threshold if or_equal else overlap > threshold
    return over & (better_kinds.unsqueeze(2) == kinds.unsqueeze(1))


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
