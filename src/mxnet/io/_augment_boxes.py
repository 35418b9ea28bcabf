"""Random changes of images together with the boxes of their objects (arguments of ImageDetRecordIter, in the order in which they act)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor

from .._op.params import Floats, Shape
from ..error import MXNetError
from ._augment import moved_hls, resized

#: arguments with one value, or one for each of num_crop_sampler samplers: name -> (type, default)
SAMPLERS: dict[str, tuple[Any, Any]] = {
    "min_crop_scales": (Floats, (0.0,)), "max_crop_scales": (Floats, (1.0,)), "min_crop_aspect_ratios": (Floats, (1.0,)),
    "max_crop_aspect_ratios": (Floats, (1.0,)), "min_crop_overlaps": (Floats, (0.0,)), "max_crop_overlaps": (Floats, (1.0,)),
    "min_crop_sample_coverages": (Floats, (0.0,)), "max_crop_sample_coverages": (Floats, (1.0,)),
    "min_crop_object_coverages": (Floats, (0.0,)), "max_crop_object_coverages": (Floats, (1.0,)), "max_crop_trials": (Shape, (25,)),
}  # fmt: skip
#: name -> (type, default): what `BoxAugmenter` reads, besides data_shape
ARGUMENTS: dict[str, tuple[Any, Any]] = {
    "resize": (int, -1), "rand_crop_prob": (float, 0.0), **SAMPLERS, "num_crop_sampler": (int, 1), "crop_emit_mode": (str, "center"),
    "emit_overlap_thresh": (float, 0.3), "rand_pad_prob": (float, 0.0), "max_pad_scale": (float, 1.0), "max_random_hue": (int, 0),
    "random_hue_prob": (float, 0.0), "max_random_saturation": (int, 0), "random_saturation_prob": (float, 0.0),
    "max_random_illumination": (int, 0), "random_illumination_prob": (float, 0.0), "max_random_contrast": (float, 0.0),
    "random_contrast_prob": (float, 0.0), "rand_mirror_prob": (float, 0.0), "fill_value": (int, 127), "inter_method": (int, 1),
    "resize_mode": (str, "force"), "aug_seq": (str, "det_aug_default"),
}  # fmt: skip
_LIMITS = ("overlaps", "sample_coverages", "object_coverages")
_LEAST_PAD = 1.05  # smaller borders are left out


class Objects(NamedTuple):
    """The label of an image: its header, and a row for each object (class, left, top, right, bottom, ...) in shares of the image."""

    header: np.ndarray
    rows: np.ndarray

    @classmethod
    def read(cls, label: np.ndarray) -> Objects:
        """From numbers: header width, object width, the rest of the header, the objects; empty boxes are left out."""
        head, width = (int(n) for n in label[:2]) if label.size >= 7 else (0, 0)
        if head < 2 or width < 5 or label.size < head or (label.size - head) % width:
            raise MXNetError(
                f"the label of {label.size} numbers is none of objects. It must be: header width (2 or more), object width (5 or more), "
                "the rest of the header, then for each object: class, left, top, right, bottom, ..."
            )
        rows = label[head:].reshape(-1, width)
        return cls(label[:head], rows[(rows[:, 3] > rows[:, 1]) & (rows[:, 4] > rows[:, 2])])

    def numbers(self) -> np.ndarray:
        """The label as it is stored."""
        return np.concatenate([self.header, self.rows.ravel()]).astype(np.float32)

    def seen_from(self, x: float, y: float, width: float, height: float) -> Objects:
        """Boxes in shares of another frame, cut off at its borders."""
        rows = self.rows.copy()
        rows[:, 1:5] = (rows[:, 1:5] - [x, y, x, y]) / [width, height, width, height]
        rows[:, 1:3], rows[:, 3:5] = np.maximum(rows[:, 1:3], 0), np.minimum(rows[:, 3:5], 1)
        return self._replace(rows=rows)


class BoxAugmenter:
    """Makes an image (height, width, channels) of uint8 with its label one that fits data_shape, with the random changes asked for."""

    def __init__(self, owner: str, arguments: dict[str, Any]) -> None:
        self.owner, a = owner, dict(arguments)
        for name, known in (("resize_mode", ("force", "shrink", "fit")), ("crop_emit_mode", ("center", "overlap"))):
            if a[name] not in known:
                raise MXNetError(f"{owner}: {name} {a[name]!r} is unknown. Use {', '.join(known)}.")
        count = a["num_crop_sampler"]
        for name in SAMPLERS:
            if len(a[name]) not in (1, count) and count > 0:
                raise MXNetError(
                    f"{owner}: {name} has {len(a[name])} values, num_crop_sampler is {count}. Pass one, or as many as samplers."
                )
            a[name] = tuple(a[name]) * count if len(a[name]) == 1 else tuple(a[name])
        for what in ("scales", "aspect_ratios", *_LIMITS):
            if any(low > high for low, high in zip(a[f"min_crop_{what}"], a[f"max_crop_{what}"])):
                raise MXNetError(
                    f"{owner}: min_crop_{what} {a[f'min_crop_{what}']} is above max_crop_{what} {a[f'max_crop_{what}']}. Swap them."
                )
        self.a = a

    def __call__(self, image: Tensor, label: np.ndarray, random: np.random.RandomState) -> tuple[Tensor, np.ndarray]:
        """(changed image, changed label)."""
        a, objects = self.a, Objects.read(label)
        if a["resize"] > 0:
            height, width = image.shape[:2]
            short = a["resize"]
            size = (short * height // width, short) if height > width else (short, short * width // height)
            image = self._resize(image, *size, random)
        if image.shape[2] == 3:
            image = self._colors(image, random)
        if random.random_sample() < a["rand_mirror_prob"]:
            image = image.flip(1)
            objects.rows[:, [1, 3]] = 1 - objects.rows[:, [3, 1]]
        if a["max_pad_scale"] > 1 and random.random_sample() < a["rand_pad_prob"]:
            image, objects = self._pad(image, objects, random)
        if a["num_crop_sampler"] > 0 and random.random_sample() < a["rand_crop_prob"]:
            image, objects = self._crop(image, objects, random)
        return self._fit(image, random), objects.numbers()

    def _resize(self, image: Tensor, height: int, width: int, random: np.random.RandomState) -> Tensor:
        return resized(self.owner, image, height, width, self.a["inter_method"], random)

    def _colors(self, image: Tensor, random: np.random.RandomState) -> Tensor:
        a = self.a
        moves = []
        for name in ("hue", "saturation", "illumination", "contrast"):
            move = random.uniform(-1, 1) * a[f"max_random_{name}"]
            moves.append(move if random.random_sample() < a[f"random_{name}_prob"] else 0)
        hue, saturation, lightness = (int(m) for m in moves[:3])
        if hue or saturation or lightness:
            image = moved_hls(image, hue, lightness, saturation)
        return (image.float() * (1 + moves[3])).round().clamp(0, 255).to(torch.uint8) if abs(moves[3]) > 1e-3 else image

    def _pad(self, image: Tensor, objects: Objects, random: np.random.RandomState) -> tuple[Tensor, Objects]:
        """A border of random widths on all sides."""
        scale = random.uniform(1, self.a["max_pad_scale"])
        if scale < _LEAST_PAD:
            return image, objects
        x, y = random.uniform(0, scale - 1, 2)
        height, width = image.shape[:2]
        border = [0, 0, int(x * width), int((scale - x - 1) * width), int(y * height), int((scale - y - 1) * height)]
        return nnf.pad(image, border, value=self.a["fill_value"]), objects.seen_from(-x, -y, scale, scale)

    def _crop(self, image: Tensor, objects: Objects, random: np.random.RandomState) -> tuple[Tensor, Objects]:
        """The first crop of a random sampler that meets its limits; the whole image if no sampler finds one."""
        height, width = image.shape[:2]
        for i in random.permutation(self.a["num_crop_sampler"]):
            for _ in range(self.a["max_crop_trials"][i]):
                x, y, w, h = box = self._box(i, width / height, random)
                kept = self._kept(i, box, objects)
                left, top, right, bottom = int(x * width), int(y * height), int(w * width), int(h * height)
                if kept is not None and right > 0 and bottom > 0:
                    return image[top : top + bottom, left : left + right], kept.seen_from(*box)
        return image, objects

    def _box(self, i: int, shape: float, random: np.random.RandomState) -> tuple[float, float, float, float]:
        """A random part of the image (x, y, width, height) in shares of it; `shape` is the image's width / height."""
        a = self.a
        scale = random.uniform(a["min_crop_scales"][i], a["max_crop_scales"][i]) + 1e-12
        low, high = max(a["min_crop_aspect_ratios"][i] / shape, scale**2), min(a["max_crop_aspect_ratios"][i] / shape, scale**-2)
        ratio = math.sqrt(random.uniform(low, high))
        width, height = min(1.0, scale * ratio), min(1.0, scale / ratio)
        return random.uniform(0, 1 - width), random.uniform(0, 1 - height), width, height

    def _kept(self, i: int, box: tuple[float, float, float, float], objects: Objects) -> Objects | None:
        """The objects that stay in the crop; None where it does not meet its limits, or loses all."""
        a, rows = self.a, objects.rows
        if not len(rows):
            return objects
        x, y, w, h = box
        across = np.minimum(rows[:, 3], x + w) - np.maximum(rows[:, 1], x)
        down = np.minimum(rows[:, 4], y + h) - np.maximum(rows[:, 2], y)
        shared = across.clip(0) * down.clip(0)
        sizes = (rows[:, 3] - rows[:, 1]) * (rows[:, 4] - rows[:, 2])
        met = np.ones(len(rows), bool)
        for what, share in zip(_LIMITS, (shared / (w * h + sizes - shared), shared / (w * h), shared / sizes)):
            low, high = a[f"min_crop_{what}"][i], a[f"max_crop_{what}"][i]
            if low > 0 or high < 1:
                met &= (share >= low) & (share <= high)
        if not met.any():
            return None
        if a["crop_emit_mode"] == "overlap":
            stays = shared / sizes > a["emit_overlap_thresh"]
        else:
            middle = (rows[:, 1] + rows[:, 3]) / 2, (rows[:, 2] + rows[:, 4]) / 2
            stays = (middle[0] >= x) & (middle[0] < x + w) & (middle[1] >= y) & (middle[1] < y + h)
        return objects._replace(rows=rows[stays]) if stays.any() else None

    def _fit(self, image: Tensor, random: np.random.RandomState) -> Tensor:
        """The image in the size that resize_mode asks for: exactly (force), at most (shrink), or as large as fits (fit)."""
        height, width = self.a["data_shape"][1:]
        if self.a["resize_mode"] == "force":
            return self._resize(image, height, width, random)
        ratio = min(height / image.shape[0], width / image.shape[1])
        if self.a["resize_mode"] == "shrink" and ratio >= 1:
            return image
        return self._resize(image, max(int(ratio * image.shape[0]), 1), max(int(ratio * image.shape[1]), 1), random)
