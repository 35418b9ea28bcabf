"""Depths of residual networks: how many units each stage has, and how wide it is."""

from __future__ import annotations

from typing import NamedTuple

from ._parts import image_size

#: Layers -> units of the four stages (for images as of ImageNet).
UNITS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}
UNITS[269] = (3, 30, 48, 8)


class Depth(NamedTuple):
    """units and filters by stage; stem: filters of the first convolution; bottleneck: units of 1x1, 3x3, 1x1 instead of 3x3, 3x3; small: the
    first layers keep the size of the image."""

    units: tuple[int, ...]
    filters: tuple[int, ...]
    stem: int
    bottleneck: bool
    small: bool


def depth(owner: str, num_layers: int, image_shape: str, small_height: int = 28) -> Depth:
    """Four stages for large images; three stages with 6n+2 (from 164 on 9n+2) layers for small ones, as for CIFAR-10.

    Up to small_height, three stages come first where both would fit; up to a height of 32 they are there at all.
    """
    _, height, _ = image_size(image_shape)
    per_unit = 9 if num_layers >= 164 else 6
    small = None
    if height <= 32 and num_layers > 2 and (num_layers - 2) % per_unit == 0:
        filters = (64, 128, 256) if per_unit == 9 else (16, 32, 64)
        small = Depth(((num_layers - 2) // per_unit,) * 3, filters, 16, per_unit == 9, True)
    if small is not None and (height <= small_height or num_layers not in UNITS):
        return small
    if num_layers not in UNITS:
        more = " or 6n+2 (164 and more: 9n+2)" if height <= 32 else ""
        raise ValueError(
            f"{owner}: num_layers {num_layers} does not fit images of height {height}. Use {', '.join(map(str, UNITS))}{more}."
        )
    wide = num_layers >= 50
    filters = (256, 512, 1024, 2048) if wide else (64, 128, 256, 512)
    return Depth(UNITS[num_layers], filters, 64, wide, height <= 32)
