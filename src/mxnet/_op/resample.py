"""Resizing of images by separable interpolation: `Interpolation` names the kinds, as OpenCV numbers them.

Every kind maps target pixel i to the source position (i + 0.5) scale - 0.5 and keeps the border pixel outside the image; nothing smooths before
shrinking but `AREA`.
"""

from __future__ import annotations

import math
from enum import IntEnum

import torch
import torch.nn.functional as nnf
from torch import Tensor

from ..error import MXNetError


class Interpolation(IntEnum):
    """How a pixel is made from its neighbours."""

    NEAREST = 0
    LINEAR = 1
    CUBIC = 2
    AREA = 3
    LANCZOS = 4


def resize(name: str, images: Tensor, height: int, width: int, interp: int) -> Tensor:
    """(..., h, w, c) -> (..., height, width, c), in the array's type; uint8 is rounded and kept in 0..255."""
    if height < 1 or width < 1:
        raise MXNetError(f"{name}: target size {height} x {width} (height x width) is empty. Use sizes of 1 or more.")
    if interp not in Interpolation.__members__.values():
        known = ", ".join(f"{k.value} {k.name.lower()}" for k in Interpolation)
        raise MXNetError(f"{name}: interp {interp} is unknown. Use one of: {known}.")
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise MXNetError(
            f"{name}: needs uint8 or float images, got {str(images.dtype).replace('torch.', '')}. Convert with astype('float32')."
        )
    if 0 in images.shape:
        raise MXNetError(f"{name}: the image of shape {tuple(images.shape)} is empty. Check the input.")
    if images.shape[-3:-1] == (height, width):
        return images.clone()
    kind = Interpolation(interp)
    if kind is Interpolation.NEAREST:
        rows, columns = (_taps(kind, old, new, images.device)[0][0] for old, new in zip(images.shape[-3:-1], (height, width)))
        return images.index_select(-3, rows).index_select(-2, columns)
    wide = images if images.dtype in (torch.float32, torch.float64) else images.float()
    if kind in _TORCH:
        planes = wide.movedim(-1, -3)  # (..., h, w, c) -> (..., c, h, w)
        flat = nnf.interpolate(planes.reshape(-1, 1, *planes.shape[-2:]), (height, width), mode=_TORCH[kind], align_corners=False)
        out = flat.reshape(*planes.shape[:-2], height, width).movedim(-3, -1)
    else:
        out = _along_rows(wide, kind, height).transpose(-3, -2).contiguous()
        out = _along_rows(out, kind, width).transpose(-3, -2)
    return (out.round().clamp(0, 255).to(torch.uint8) if images.dtype == torch.uint8 else out.to(images.dtype)).contiguous()


_TORCH = {Interpolation.LINEAR: "bilinear", Interpolation.CUBIC: "bicubic"}
Taps = list[tuple[Tensor, Tensor]]


def _along_rows(images: Tensor, kind: Interpolation, new: int) -> Tensor:
    """(..., h, w, c) -> (..., new, w, c): the sum over taps of the picked rows times their weights."""
    if images.shape[-3] == new:
        return images
    total: Tensor | None = None
    for picked, weight in _taps(kind, images.shape[-3], new, images.device):
        part, factor = images.index_select(-3, picked), weight.to(images.dtype).reshape(-1, 1, 1)
        total = part * factor if total is None else torch.addcmul(total, part, factor)
    assert total is not None
    return total


def _taps(kind: Interpolation, old: int, new: int, device: torch.device) -> Taps:
    """For each pixel that counts: where it lies for every target pixel, and its weight there. The weights of a target pixel add up to 1."""
    place = torch.arange(new, dtype=torch.float64, device=device)
    scale = old / new
    start = place * scale
    where = (place + 0.5) * scale - 0.5
    if kind is Interpolation.NEAREST:
        start = place * (1 / (new / old))  # OpenCV's order of roundings decides at the border of two pixels
        found = [(torch.floor(start), torch.ones_like(start))]
    elif kind is Interpolation.LANCZOS:  # sinc(x) sinc(x / 4) over eight pixels, scaled to add up to 1
        first = torch.floor(where)
        found = [(first + k, torch.sinc(where - first - k) * torch.sinc((where - first - k) / 4)) for k in range(-3, 5)]
        whole = torch.stack([w for _, w in found]).sum(0)
        found = [(p, w / whole) for p, w in found]
    elif scale >= 1:  # area, shrinking: the part of the target's interval that a source pixel covers
        first = torch.floor(start)
        found = [(first + k, (torch.minimum(start + scale, first + k + 1) - torch.maximum(start, first + k)).clamp_min(0) / scale)
                 for k in range(math.ceil(scale) + 1)]  # fmt: skip
    else:  # area, growing: linear, between pixels only where the target's interval crosses their border
        first = torch.floor(start)
        part = (place + 1) - (first + 1) / scale
        part = torch.where(part <= 0, 0.0, part - torch.floor(part))
        found = [(first, 1 - part), (first + 1, part)]
    return [(p.long().clamp(0, old - 1), w) for p, w in found]


def keep_ratio(height: int, width: int, short: int) -> tuple[int, int]:
    """(height, width) whose shorter edge is `short`, in the shape of the old ones."""
    return (int(height * short / width), short) if height > width else (short, int(width * short / height))


def border_places(size: int, before: int, after: int, kind: int, device: torch.device) -> Tensor:
    """The source pixel of every pixel of an axis with a border: 1 repeats the edge, 2 mirrors with it, 3 wraps, 4 mirrors without it."""
    place = torch.arange(-before, size + after, device=device)
    if kind == 1:
        return place.clamp(0, size - 1)
    if kind == 3:
        return torch.remainder(place, size)
    if kind == 4 and size == 1:
        return torch.zeros_like(place)
    period = 2 * size if kind == 2 else 2 * size - 2
    inside = torch.remainder(place, period)
    return torch.where(inside < size, inside, period - inside - (1 if kind == 2 else 0))


def parse_size(name: str, size: tuple, ratio: bool, height: int, width: int) -> tuple[int, int]:
    """(height, width) of a size attribute: one number for both edges (or the shorter one), or (width, height)."""
    if len(size) not in (1, 2) or any(s is None or s < 1 for s in size):
        raise MXNetError(f"{name}: size must be one or two numbers above 0, got {size}. Use an int or (width, height).")
    if len(size) == 2:
        return size[1], size[0]
    new = keep_ratio(height, width, size[0]) if ratio else (size[0], size[0])
    return max(1, math.floor(new[0])), max(1, math.floor(new[1]))
