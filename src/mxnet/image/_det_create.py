"""The usual lists of augmenters for detection from a few numbers."""

from __future__ import annotations

from typing import Any

from . import _augmenters as aug
from ._create import IMAGENET_MEAN, IMAGENET_STD, color_augmenters, statistic
from ._det_augmenters import DetAugmenter, DetBorrowAug, DetHorizontalFlipAug, DetRandomCropAug, DetRandomPadAug, DetRandomSelectAug


def CreateMultiRandCropAugmenter(min_object_covered: Any = 0.1, aspect_ratio_range: Any = (0.75, 1.33), area_range: Any = (0.05, 1.0),
                                 min_eject_coverage: Any = 0.3, max_attempts: Any = 50, skip_prob: float = 0) -> DetRandomSelectAug:  # fmt: skip
    """One of several DetRandomCropAug at random. Every setting is one value for all, or a list with one for each."""
    columns = [
        v if isinstance(v, list) else [v] for v in (min_object_covered, aspect_ratio_range, area_range, min_eject_coverage, max_attempts)
    ]
    count = max(len(c) for c in columns)
    if any(len(c) not in (1, count) for c in columns):
        raise ValueError(f"CreateMultiRandCropAugmenter: lists of {[len(c) for c in columns]} values. Pass one value or {count} in each.")
    rows = zip(*[c * count if len(c) == 1 else c for c in columns])
    return DetRandomSelectAug([DetRandomCropAug(*row) for row in rows], skip_prob)


def CreateDetAugmenter(data_shape: tuple[int, int, int], resize: int = 0, rand_crop: float = 0, rand_pad: float = 0, rand_gray: float = 0,
                       rand_mirror: bool = False, mean: Any = None, std: Any = None, brightness: float = 0, contrast: float = 0, saturation: float = 0,
                       pca_noise: float = 0, hue: float = 0, inter_method: int = 2, min_object_covered: Any = 0.1,
                       aspect_ratio_range: Any = (0.75, 1.33), area_range: Any = (0.05, 3.0), min_eject_coverage: Any = 0.3, max_attempts: int = 50,
                       pad_val: Any = (127, 127, 127)) -> list[DetAugmenter]:  # fmt: skip
    """Augmenters that make images of `data_shape` (channels, height, width) with their objects.

    rand_crop, rand_pad  probabilities of a random part and of a larger, filled image (area_range[1] times as large at most)
    resize, rand_mirror, brightness ... inter_method as in CreateAugmenter; the others as in DetRandomCropAug and DetRandomPadAug
    """
    found: list[DetAugmenter] = [DetBorrowAug(aug.ResizeAug(resize, inter_method))] if resize > 0 else []
    if rand_crop > 0:
        found.append(
            CreateMultiRandCropAugmenter(
                min_object_covered, aspect_ratio_range, area_range, min_eject_coverage, max_attempts, 1 - rand_crop
            )
        )
    if rand_mirror > 0:
        found.append(DetHorizontalFlipAug(0.5))
    if rand_pad > 0:
        found.append(DetRandomSelectAug([DetRandomPadAug(aspect_ratio_range, (1.0, area_range[1]), max_attempts, pad_val)], 1 - rand_pad))
    found.append(DetBorrowAug(aug.ForceResizeAug((data_shape[2], data_shape[1]), inter_method)))
    found.append(DetBorrowAug(aug.CastAug()))
    found += [DetBorrowAug(a) for a in color_augmenters(brightness, contrast, saturation, hue, pca_noise, rand_gray)]
    mean, std = statistic("mean", mean, IMAGENET_MEAN), statistic("std", std, IMAGENET_STD)
    if mean is not None or std is not None:
        found.append(DetBorrowAug(aug.ColorNormalizeAug(mean, std)))
    return found
