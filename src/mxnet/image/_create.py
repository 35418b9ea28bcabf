"""CreateAugmenter: the usual list of augmenters from a few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op.image_color import COMPONENTS, DEVIATIONS
from ..registry import BadArgument
from . import _augmenters as aug
from ._functions import as_statistic

#: mean and deviation of red, green and blue of ImageNet's images
IMAGENET_MEAN = (123.68, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


def statistic(name: str, value: Any, standard: tuple[float, ...]) -> np.ndarray | None:
    """mean or std as an array of 1 or 3 numbers: True is ImageNet's, None nothing."""
    if value is True:
        return np.array(standard)
    if value is None or value is False:
        return None
    if not isinstance(value, np.ndarray) or value.shape[:1] not in ((1,), (3,)):
        raise BadArgument(f"CreateAugmenter: {name} must be True or a NumPy array of 1 or 3 numbers, got {value!r}. Pass np.array([...]).")
    return value


def color_augmenters(
    brightness: float, contrast: float, saturation: float, hue: float, pca_noise: float, rand_gray: float
) -> list[aug.Augmenter]:
    """Augmenters of color for the strengths above 0."""
    found: list[aug.Augmenter] = []
    if brightness or contrast or saturation:
        found.append(aug.ColorJitterAug(brightness, contrast, saturation))
    if hue:
        found.append(aug.HueJitterAug(hue))
    if pca_noise > 0:
        found.append(aug.LightingAug(pca_noise, np.array(DEVIATIONS), np.array(COMPONENTS)))
    if rand_gray > 0:
        found.append(aug.RandomGrayAug(rand_gray))
    return found


def CreateAugmenter(data_shape: tuple[int, int, int], resize: int = 0, rand_crop: bool = False, rand_resize: bool = False,
                    rand_mirror: bool = False, mean: Any = None, std: Any = None, brightness: float = 0, contrast: float = 0, saturation: float = 0,
                    hue: float = 0, pca_noise: float = 0, rand_gray: float = 0, inter_method: int = 2) -> list[aug.Augmenter]:  # fmt: skip
    """Augmenters that make images of `data_shape` (channels, height, width), float32.

    resize                  the shorter edge first, 0: not
    rand_crop, rand_resize  a random part, of random area and proportions; else the middle
    rand_mirror             left and right exchanged in half of the cases
    brightness ... hue      strength of random changes; pca_noise: of lighting; rand_gray: probability of grey
    mean, std               normalization: True for ImageNet's, or NumPy arrays
    inter_method            0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos, 9 by size, 10 at random
    """
    found: list[aug.Augmenter] = [aug.ResizeAug(resize, inter_method)] if resize > 0 else []
    size = (data_shape[2], data_shape[1])
    if rand_resize:
        if not rand_crop:
            raise BadArgument("CreateAugmenter: rand_resize needs rand_crop. Pass rand_crop=True.")
        found.append(aug.RandomSizedCropAug(size, 0.08, (3.0 / 4.0, 4.0 / 3.0), inter_method))
    else:
        found.append((aug.RandomCropAug if rand_crop else aug.CenterCropAug)(size, inter_method))
    if rand_mirror:
        found.append(aug.HorizontalFlipAug(0.5))
    found.append(aug.CastAug())
    found += color_augmenters(brightness, contrast, saturation, hue, pca_noise, rand_gray)
    mean, std = statistic("mean", mean, IMAGENET_MEAN), statistic("std", std, IMAGENET_STD)
    if mean is not None or std is not None:
        found.append(aug.ColorNormalizeAug(as_statistic(mean), as_statistic(std)))
    return found
