"""Resizing of images by separable interpolation: `Interpolation` names the kinds, as OpenCV numbers them.

Every kind maps target pixel i to the source position (i + 0.5) scale - 0.5 and keeps the border pixel outside the image; nothing smooths before
shrinking but `AREA`.
"""

from __future__ import annotations

import math
from enum import IntEnum

import torch
from torch import Tensor

from ..error import MXNetError


class Interpolation(IntEnum):
    """How a pixel is made from its neighbours."""

    NEAREST = 0
    LINEAR = 1
    CUBIC = 2
    AREA = 3
    LANCZOS = 4


_TORCH = {Interpolation.NEAREST: "nearest", Interpolation.LINEAR: "bilinear", Interpolation.CUBIC: "bicubic"}


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
    wide = images if images.dtype in (torch.float32, torch.float64) else images.float()
    planes = wide.movedim(-1, -3)  # (..., h, w, c) -> (..., c, h, w)
    kind = Interpolation(interp)
    if kind in _TORCH:
        flat = planes.reshape(-1, 1, *planes.shape[-2:])
        corners = None if kind is Interpolation.NEAREST else False
        out = torch.nn.functional.interpolate(flat, (height, width), mode=_TORCH[kind], align_corners=corners)
        out = out.reshape(*planes.shape[:-2], height, width)
    else:
        rows, columns = _weights(kind, planes.shape[-2], height, planes), _weights(kind, planes.shape[-1], width, planes)
        out = torch.matmul(torch.matmul(rows, planes), columns.transpose(0, 1))
    out = out.movedim(-3, -1).contiguous()
    return out.round().clamp(0, 255).to(torch.uint8) if images.dtype == torch.uint8 else out.to(images.dtype)


def _weights(kind: Interpolation, old: int, new: int, like: Tensor) -> Tensor:
    """(new, old): the weight of each source pixel in each target pixel; rows add up to 1."""
    place = torch.arange(new, dtype=torch.float64, device=like.device)
    source = torch.arange(old, dtype=torch.float64, device=like.device)
    scale = old / new
    if kind is Interpolation.AREA and scale >= 1:  # the part of the target's interval that a source pixel covers
        start, end = (place * scale)[:, None], ((place + 1) * scale)[:, None]
        weights = (torch.minimum(end, source + 1) - torch.maximum(start, source)).clamp_min(0)
        return (weights / weights.sum(1, keepdim=True)).to(like.dtype)
    if kind is Interpolation.AREA:  # growing: linear, between pixels only where the target's interval crosses their border
        first = torch.floor(place * scale)
        part = (place + 1) - (first + 1) / scale
        part = torch.where(part <= 0, 0.0, part - torch.floor(part))
        taps = [(0, 1 - part), (1, part)]
    else:  # sinc(x) sinc(x / 4) over eight pixels, scaled to add up to 1
        where = (place + 0.5) * scale - 0.5
        first = torch.floor(where)
        offsets = torch.arange(-3, 5, dtype=torch.float64, device=like.device)
        distance = (where - first)[:, None] - offsets
        windowed = torch.sinc(distance) * torch.sinc(distance / 4)
        windowed = windowed / windowed.sum(1, keepdim=True)
        taps = [(int(k) - 3, windowed[:, k]) for k in range(8)]
    weights = torch.zeros((new, old), dtype=torch.float64, device=like.device)
    for offset, value in taps:
        columns = (first.long() + offset).clamp(0, old - 1)[:, None]
        weights = weights.scatter_add(1, columns, value[:, None])
    return weights.to(like.dtype)


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
