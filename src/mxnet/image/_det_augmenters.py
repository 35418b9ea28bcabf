"""Augmenters for detection: they change an image and its objects together.

Objects are a NumPy array (objects, 5 or more): class, left, top, right, bottom as parts of the image's width and height, then anything.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ndarray import NDArray, array
from ._augmenters import Augmenter, _plain
from ._functions import copyMakeBorder, fixed_crop

Sample = tuple[NDArray, np.ndarray]


class DetAugmenter:
    """Base class: keyword arguments of the constructor are what `dumps` shows; a subclass defines `__call__`."""

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = {k: _plain(v) for k, v in kwargs.items()}

    def dumps(self) -> Any:
        """The lower-case class name and the settings, as JSON."""
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __call__(self, src: NDArray, label: np.ndarray) -> Sample:
        """The changed image and objects."""
        raise NotImplementedError(f"{type(self).__name__}: defines no __call__. Define it in the subclass.")


class DetBorrowAug(DetAugmenter):
    """An augmenter of images that moves nothing (colors, forced size), for detection."""

    def __init__(self, augmenter: Augmenter) -> None:
        if not isinstance(augmenter, Augmenter):
            raise TypeError(f"DetBorrowAug: needs an image Augmenter, got {type(augmenter).__name__}. Pass one of mx.image.*Aug.")
        super().__init__()
        self.augmenter = augmenter

    def dumps(self) -> Any:
        """The class name and the augmenter's description."""
        return [type(self).__name__.lower(), self.augmenter.dumps()]

    def __call__(self, src: NDArray, label: np.ndarray) -> Sample:
        """The changed image; the objects stay."""
        return self.augmenter(src), label


class DetRandomSelectAug(DetAugmenter):
    """One of the augmenters at random, or none with probability skip_prob."""

    def __init__(self, aug_list: Any, skip_prob: float = 0) -> None:
        super().__init__(skip_prob=skip_prob)
        self.aug_list = list(aug_list) if isinstance(aug_list, (list, tuple)) else [aug_list]
        for a in self.aug_list:
            if not isinstance(a, DetAugmenter):
                raise ValueError(f"DetRandomSelectAug: needs DetAugmenters, got {type(a).__name__}. Wrap image augmenters in DetBorrowAug.")
        self.skip_prob = skip_prob if self.aug_list else 1

    def dumps(self) -> Any:
        """The class name and the descriptions of the choices."""
        return [type(self).__name__.lower(), [a.dumps() for a in self.aug_list]]

    def __call__(self, src: NDArray, label: np.ndarray) -> Sample:
        """The changed image and objects."""
        return (src, label) if random.random() < self.skip_prob else random.choice(self.aug_list)(src, label)


class DetHorizontalFlipAug(DetAugmenter):
    """Left and right exchanged with probability p."""

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p

    def __call__(self, src: NDArray, label: np.ndarray) -> Sample:
        """The image and objects, or their mirror images."""
        if random.random() >= self.p:
            return src, label
        turned = label.copy()
        turned[:, 1], turned[:, 3] = 1 - label[:, 3], 1 - label[:, 1]
        return src.flip(axis=1), turned


def _pair(name: str, value: Any, low: float, high: float) -> tuple[float, float]:
    """A range; ValueError unless low <= first <= second <= high."""
    first, second = value if isinstance(value, (list, tuple)) else (value, value)
    if not low <= first <= second <= high:
        raise ValueError(f"{name} {value} must be two numbers, rising, in {low}..{high}. Change it.")
    return first, second


def _shares(label: np.ndarray, x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """The share of each object that lies inside of a part of the image."""
    width = np.clip(np.minimum(label[:, 3], x1) - np.maximum(label[:, 1], x0), 0, None)
    height = np.clip(np.minimum(label[:, 4], y1) - np.maximum(label[:, 2], y0), 0, None)
    whole = np.maximum((label[:, 3] - label[:, 1]) * (label[:, 4] - label[:, 2]), 1e-12)
    return width * height / whole


class DetRandomCropAug(DetAugmenter):
    """A random part of the image that shows enough of the objects in it.

    min_object_covered  every object that the part touches shows more than this share
    aspect_ratio_range  least and largest width / height
    area_range          least and largest share of the image; 1 and more: the whole image at most
    min_eject_coverage  objects that show less than this share are taken out
    max_attempts        then the image stays as it is
    """

    def __init__(self, min_object_covered: float = 0.1, aspect_ratio_range: Any = (0.75, 1.33), area_range: Any = (0.05, 1.0),
                 min_eject_coverage: float = 0.3, max_attempts: int = 50) -> None:  # fmt: skip
        super().__init__(min_object_covered=min_object_covered, aspect_ratio_range=aspect_ratio_range, area_range=area_range,
                         min_eject_coverage=min_eject_coverage, max_attempts=max_attempts)  # fmt: skip
        self.min_object_covered, self.min_eject_coverage, self.max_attempts = min_object_covered, min_eject_coverage, max_attempts
        self.aspect_ratio_range = _pair("DetRandomCropAug: aspect_ratio_range", aspect_ratio_range, 1e-6, math.inf)
        self.area_range = _pair("DetRandomCropAug: area_range", area_range, 0, math.inf)

    def __call__(self, src: NDArray, label: np.ndarray) -> Sample:
        """The part and the objects in it."""
        rows, columns = src.shape[:2]
        for _ in range(self.max_attempts):
            shape = random.uniform(*self.aspect_ratio_range)
            area = random.uniform(self.area_range[0], min(self.area_range[1], 1.0)) * rows * columns
            w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if not (0 < w <= columns and 0 < h <= rows):
                continue
            x0, y0 = random.randint(0, columns - w), random.randint(0, rows - h)
            found = self._objects(label, x0 / columns, y0 / rows, w / columns, h / rows)
            if found is not None:
                return fixed_crop(src, x0, y0, w, h), found
        return src, label

    def _objects(self, label: np.ndarray, x0: float, y0: float, w: float, h: float) -> np.ndarray | None:
        """The objects as a part sees them; None if it shows too little."""
        shares = _shares(label, x0, y0, x0 + w, y0 + h)
        touched = shares[shares > 0]
        if not touched.size or touched.min() <= self.min_object_covered:
            return None
        kept = label[shares >= self.min_eject_coverage].copy()
        kept[:, (1, 3)] = np.clip((kept[:, (1, 3)] - x0) / w, 0, 1)
        kept[:, (2, 4)] = np.clip((kept[:, (2, 4)] - y0) / h, 0, 1)
        kept = kept[(kept[:, 3] > kept[:, 1]) & (kept[:, 4] > kept[:, 2])]
        return kept if len(kept) else None


class DetRandomPadAug(DetAugmenter):
    """The image at a random place of a larger one that is filled with pad_val, so that objects become smaller.

    aspect_ratio_range  least and largest width / height of the larger image
    area_range          its least and largest size, as a multiple of the image's
    """

    def __init__(self, aspect_ratio_range: Any = (0.75, 1.33), area_range: Any = (1.0, 3.0), max_attempts: int = 50,
                 pad_val: Sequence[float] = (128, 128, 128)) -> None:  # fmt: skip
        values: tuple = tuple(pad_val) if isinstance(pad_val, (list, tuple)) else (pad_val,)
        super().__init__(aspect_ratio_range=aspect_ratio_range, area_range=area_range, max_attempts=max_attempts, pad_val=values)
        self.pad_val, self.max_attempts = values, max_attempts
        self.aspect_ratio_range = _pair("DetRandomPadAug: aspect_ratio_range", aspect_ratio_range, 1e-6, math.inf)
        self.area_range = _pair("DetRandomPadAug: area_range", area_range, 1, math.inf)

    def __call__(self, src: NDArray, label: np.ndarray) -> Sample:
        """The larger image and its objects."""
        rows, columns = src.shape[:2]
        for _ in range(self.max_attempts):
            shape = random.uniform(*self.aspect_ratio_range)
            area = random.uniform(*self.area_range) * rows * columns
            w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if w < columns or h < rows or (w, h) == (columns, rows):
                continue
            x0, y0 = random.randint(0, w - columns), random.randint(0, h - rows)
            values = self.pad_val if len(self.pad_val) == src.shape[2] else self.pad_val[:1] * src.shape[2]
            larger = copyMakeBorder(src, y0, h - rows - y0, x0, w - columns - x0, 0, values=values)
            moved = label.copy()
            moved[:, (1, 3)] = (label[:, (1, 3)] * columns + x0) / w
            moved[:, (2, 4)] = (label[:, (2, 4)] * rows + y0) / h
            return larger, moved
        return src, label


def object_array(label: Any) -> np.ndarray:
    """Objects from the numbers of a record: header width, object width, the rest of the header, then the objects.

    Objects without area are left out; without any object that has one, MXNetError's base RuntimeError.
    """
    raw = np.asarray(label.asnumpy() if isinstance(label, NDArray) else label, dtype=np.float32).ravel()
    if raw.size < 7:
        raise RuntimeError(
            f"a label of {raw.size} numbers is too short for detection (7 at least). Make the records with im2rec --pack-label"
        )
    header, width = int(raw[0]), int(raw[1])
    if header < 2 or width < 5 or (raw.size - header) % width:
        raise RuntimeError(f"a label of {raw.size} numbers with header width {header} and object width {width} cannot be")
    objects = raw[header:].reshape(-1, width)
    valid = objects[(objects[:, 3] > objects[:, 1]) & (objects[:, 4] > objects[:, 2])]
    if not len(valid):
        raise RuntimeError("a label without any object that has an area")
    return valid


def drawn(image: NDArray, objects: np.ndarray, color: Any, thickness: int) -> NDArray:
    """The image (height, width, 3) with a frame round every object."""
    pixels = image.asnumpy().copy()
    rows, columns = pixels.shape[:2]
    for _, x0, y0, x1, y1 in objects[:, :5]:
        left, right = (int(np.clip(v * columns, 0, columns - 1)) for v in (x0, x1))
        top, bottom = (int(np.clip(v * rows, 0, rows - 1)) for v in (y0, y1))
        for step in range(thickness):
            pixels[min(top + step, rows - 1), left : right + 1] = color
            pixels[max(bottom - step, 0), left : right + 1] = color
            pixels[top : bottom + 1, min(left + step, columns - 1)] = color
            pixels[top : bottom + 1, max(right - step, 0)] = color
    return array(pixels, dtype=pixels.dtype)
