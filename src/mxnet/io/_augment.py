"""Random changes of training images: affine maps, crops, colors (arguments of ImageRecordIter, in the order in which they act)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor

from .._op import resample
from .._op.image_color import COMPONENTS, DEVIATIONS, GREY
from .._op.params import Shape
from .._op.resample import Interpolation
from ..error import MXNetError

#: name -> (type, default): what `Augmenter` reads, besides data_shape
ARGUMENTS: dict[str, tuple[Any, Any]] = {
    "resize": (int, -1), "pad": (int, 0), "fill_value": (int, 255), "inter_method": (int, 1), "rand_crop": (bool, False),
    "rand_mirror": (bool, False), "mirror": (bool, False), "max_rotate_angle": (int, 0), "rotate": (int, -1), "rotate_list": (Shape, ()),
    "max_aspect_ratio": (float, 0.0), "min_aspect_ratio": (float | None, None), "max_shear_ratio": (float, 0.0), "max_crop_size": (int, -1),
    "min_crop_size": (int, -1), "max_random_scale": (float, 1.0), "min_random_scale": (float, 1.0), "max_img_size": (float, 1e10),
    "min_img_size": (float, 0.0), "random_h": (int, 0), "random_s": (int, 0), "random_l": (int, 0), "brightness": (float, 0.0),
    "contrast": (float, 0.0), "saturation": (float, 0.0), "pca_noise": (float, 0.0), "random_resized_crop": (bool, False),
    "max_random_area": (float, 1.0), "min_random_area": (float, 1.0), "aug_seq": (str, "aug_default"),
}  # fmt: skip
_AUTO, _ANY = 9, 10  # inter_method: by the change of size; one of the five at random
_TRIALS = 10  # crops of a random area that are tried before the central one is taken


class Augmenter:
    """Makes an image (height, width, channels) of uint8 one of data_shape, with the random changes that the arguments ask for."""

    def __init__(self, owner: str, arguments: dict[str, Any]) -> None:
        self.owner, self.a = owner, arguments
        self.height, self.width = arguments["data_shape"][1:]
        a = arguments
        if a["inter_method"] not in (*range(5), _AUTO, _ANY):
            raise MXNetError(f"{owner}: inter_method {a['inter_method']} is unknown. Use 0 to 4, {_AUTO} (automatic) or {_ANY} (random).")
        if a["aug_seq"] != "aug_default":
            raise MXNetError(f"{owner}: aug_seq {a['aug_seq']!r} is unknown. Use aug_default.")
        low, high = a["min_aspect_ratio"], a["max_aspect_ratio"]
        self.ratios = (1 - high, 1 + high) if low is None else (low, high)
        others = ("min_random_scale", "max_random_scale", "min_crop_size", "max_crop_size", "rand_crop")
        if a["random_resized_crop"] and any(a[n] != ARGUMENTS[n][1] for n in others):
            raise MXNetError(f"{owner}: random_resized_crop excludes {', '.join(others)}. Leave them out.")
        if a["random_resized_crop"] and not (0 < self.ratios[0] <= self.ratios[1] and a["min_random_area"] <= a["max_random_area"]):
            raise MXNetError(
                f"{owner}: random_resized_crop needs 0 < min_aspect_ratio <= max_aspect_ratio and min_random_area <= max_random_area."
            )
        if a["min_crop_size"] > a["max_crop_size"] or (a["max_crop_size"] != -1 and a["min_crop_size"] < 1):
            raise MXNetError(f"{owner}: min_crop_size {a['min_crop_size']} and max_crop_size {a['max_crop_size']} are no range. Pass both.")
        whole = not a["random_resized_crop"]  # which has ratios and areas of its own
        self.affine = (
            a["max_rotate_angle"] > 0 or a["max_shear_ratio"] > 0 or a["rotate"] > 0 or len(a["rotate_list"]) > 0
            or a["max_random_scale"] != 1 or a["min_random_scale"] != 1 or (whole and self.ratios != (1.0, 1.0))
            or a["max_img_size"] != 1e10 or a["min_img_size"] != 0
        )  # fmt: skip

    def __call__(self, image: Tensor, random: np.random.RandomState) -> Tensor:
        """The changed image, with its pixels in 0..255."""
        a = self.a
        height, width = image.shape[:2]
        if a["resize"] > 0:
            short = a["resize"]
            new = (short * height // width, short) if height > width else (short, short * width // height)
            image = self._resize(image, *new, random)
        if self.affine:
            image = self._warp(image, random)
        if a["pad"] > 0:
            image = nnf.pad(image, [0, 0, *[a["pad"]] * 4], value=a["fill_value"])
        image = self._crop(image, random)
        if image.shape[2] == 3:
            image = self._colors(image, random)
        return image.flip(1) if a["mirror"] or (a["rand_mirror"] and random.random_sample() < 0.5) else image

    def _resize(self, image: Tensor, height: int, width: int, random: np.random.RandomState) -> Tensor:
        return resized(self.owner, image, height, width, self.a["inter_method"], random)

    def _warp(self, image: Tensor, random: np.random.RandomState) -> Tensor:
        """Shear, rotation, scale and aspect ratio about the middle of the image."""
        a, (height, width) = self.a, image.shape[:2]
        shear = random.uniform(-a["max_shear_ratio"], a["max_shear_ratio"])
        angle = random.randint(-a["max_rotate_angle"], a["max_rotate_angle"] + 1)
        if a["rotate"] > 0:
            angle = a["rotate"]
        if len(a["rotate_list"]):
            angle = a["rotate_list"][random.randint(len(a["rotate_list"]))]
        scale = ratio = 1.0
        if not a["random_resized_crop"]:
            scale, ratio = random.uniform(a["min_random_scale"], a["max_random_scale"]), random.uniform(*self.ratios)
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        tall = 2 * scale / (1 + ratio)
        wide = ratio * tall
        turn = np.array([[tall * cos - shear * sin * wide, tall * sin + shear * cos * wide], [-sin * wide, cos * wide]])
        new_width, new_height = (max(a["min_img_size"], min(a["max_img_size"], scale * n)) for n in (width, height))
        shift = (np.array([new_width, new_height]) - turn @ [width, height]) / 2
        size = max(int(new_height), 1), max(int(new_width), 1)
        kind = _kind(a["inter_method"], (height, width), size, random)
        return _mapped(image, np.linalg.inv(turn), shift, size, a["fill_value"], kind)

    def _crop(self, image: Tensor, random: np.random.RandomState) -> Tensor:
        a = self.a
        if a["random_resized_crop"]:
            part = self._random_area(image, random)
            if part is not None:
                return self._resize(part, self.height, self.width, random)
        elif a["max_crop_size"] != -1:
            if min(image.shape[:2]) < a["max_crop_size"]:
                raise MXNetError(
                    f"the image has {image.shape[0]} x {image.shape[1]} pixels, max_crop_size asks for {a['max_crop_size']}. Pass resize=..."
                )
            size = int(random.randint(a["min_crop_size"], a["max_crop_size"] + 1))
            return self._resize(self._cut(image, size, size, random), self.height, self.width, random)
        if image.shape[0] < self.height:
            image = self._resize(image, self.height, self.height * image.shape[1] // image.shape[0], random)
        if image.shape[1] < self.width:
            image = self._resize(image, self.width * image.shape[0] // image.shape[1], self.width, random)
        return self._cut(image, self.height, self.width, random)

    def _cut(self, image: Tensor, height: int, width: int, random: np.random.RandomState) -> Tensor:
        """A part of the image: anywhere with rand_crop, else in the middle."""
        down, right = image.shape[0] - height, image.shape[1] - width
        y, x = (random.randint(down + 1), random.randint(right + 1)) if self.a["rand_crop"] else (down // 2, right // 2)
        return image[y : y + height, x : x + width]

    def _random_area(self, image: Tensor, random: np.random.RandomState) -> Tensor | None:
        """A part of random area and aspect ratio; None if none of the tried ones fits."""
        a, (height, width) = self.a, image.shape[:2]
        if (a["min_random_area"], a["max_random_area"], *self.ratios) == (1.0, 1.0, 1.0, 1.0):
            return None
        for _ in range(_TRIALS):
            area = height * width * random.uniform(a["min_random_area"], a["max_random_area"])
            ratio = random.uniform(*self.ratios)
            rows, columns = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
            if random.random_sample() > 0.5:
                rows, columns = columns, rows
            if 0 < rows <= height and 0 < columns <= width:
                y, x = random.randint(height - rows + 1), random.randint(width - columns + 1)
                return image[y : y + rows, x : x + columns]
        return None

    def _colors(self, image: Tensor, random: np.random.RandomState) -> Tensor:
        a = self.a
        if a["brightness"] > 0 or a["contrast"] > 0 or a["saturation"] > 0:
            factors = {name: 1 + random.uniform(-a[name], a[name]) for name in _JITTER}
            for name in random.permutation(list(factors)):
                image = _bytes(_JITTER[name](image.float(), factors[name]))
        if a["random_h"] or a["random_s"] or a["random_l"]:
            # a fifth of one draw and four fifths of another: large changes are rare
            draws = (random.random_sample((3, 2)) @ [0.2, 0.8]) * 2 - 1
            hue, saturation, lightness = (int(d * a[n]) for d, n in zip(draws, ("random_h", "random_s", "random_l")))
            image = moved_hls(image, hue, lightness, saturation)
        if a["pca_noise"] > 0:
            noise = torch.from_numpy(np.array(COMPONENTS) * DEVIATIONS @ random.normal(0, a["pca_noise"], 3))
            image = (image + noise).trunc().clamp(0, 255).to(torch.uint8)
        return image


def resized(owner: str, image: Tensor, height: int, width: int, method: int, random: np.random.RandomState) -> Tensor:
    """The image in another size; `method` is an inter_method."""
    size = (image.shape[0], image.shape[1])
    return image if size == (height, width) else resample.resize(owner, image, height, width, _kind(method, size, (height, width), random))


def _kind(method: int, old: tuple[int, int], new: tuple[int, int], random: np.random.RandomState) -> int:
    if method == _AUTO:
        larger, smaller = (all(f(n, o) for n, o in zip(new, old)) for f in (int.__gt__, int.__lt__))
        return Interpolation.CUBIC if larger else Interpolation.AREA if smaller else Interpolation.LINEAR
    return int(random.randint(5)) if method == _ANY else method


def _bytes(image: Tensor) -> Tensor:
    return image.round().clamp(0, 255).to(torch.uint8)


def _grey(image: Tensor) -> Tensor:
    """(h, w, 3) -> (h, w, 1). The original takes blue for red here, and red for blue."""
    return image @ torch.tensor(GREY[::-1], dtype=image.dtype)[:, None]


_JITTER = {
    "brightness": lambda image, factor: image * factor,
    "contrast": lambda image, factor: image * factor + (1 - factor) * _grey(image).mean(),
    "saturation": lambda image, factor: image * factor + (1 - factor) * _grey(image),
}


def _mapped(image: Tensor, back: np.ndarray, shift: np.ndarray, size: tuple[int, int], fill: int, kind: int) -> Tensor:
    """The image whose pixel p is the old one's at back @ (p - shift), with (x, y) as coordinates; `fill` where there is none."""
    y, x = torch.meshgrid(torch.arange(size[0], dtype=torch.float64), torch.arange(size[1], dtype=torch.float64), indexing="ij")
    place = (torch.stack([x, y], 2) - torch.from_numpy(shift)) @ torch.from_numpy(back).T
    last = torch.tensor([max(image.shape[1] - 1, 1), max(image.shape[0] - 1, 1)])
    mode = {Interpolation.NEAREST: "nearest", Interpolation.CUBIC: "bicubic"}.get(Interpolation(kind), "bilinear")
    planes = image.permute(2, 0, 1)[None].float() - fill  # zero is what grid_sample takes outside
    found = nnf.grid_sample(planes, (2 * place / last - 1).float()[None], mode=mode, padding_mode="zeros", align_corners=True)
    return _bytes(found[0].permute(1, 2, 0) + fill)


def moved_hls(image: Tensor, hue: int, lightness: int, saturation: int) -> Tensor:
    """Colors moved in the space of hue (0..180, half degrees), lightness and saturation (0..255), in whole steps."""
    rgb = image.float() / 255
    high, low = rgb.amax(2), rgb.amin(2)
    spread, light = high - low, (high + low) / 2
    share = torch.where(light < 0.5, spread / (high + low).clamp(min=1e-9), spread / (2 - high - low).clamp(min=1e-9))
    red, green, blue = rgb.unbind(2)
    safe = torch.where(spread == 0, torch.ones_like(spread), spread)
    turn = torch.where(high == red, (green - blue) / safe, torch.where(high == green, 2 + (blue - red) / safe, 4 + (red - green) / safe))
    turn = torch.where(spread == 0, torch.zeros_like(turn), torch.remainder(turn, 6)) * 30
    turn = (turn.round() + hue).clamp(0, 180) / 30
    light = ((light * 255).round() + lightness).clamp(0, 255) / 255
    share = ((share * 255).round() + saturation).clamp(0, 255) / 255
    high = torch.where(light <= 0.5, light * (1 + share), light + share - light * share)
    low = 2 * light - high
    channels = []
    for offset in (2, 0, 4):  # red, green, blue: a trapezoid over the wheel
        place = torch.remainder(turn + offset, 6)
        channels.append(low + (high - low) * torch.minimum(place, 4 - place).clamp(0, 1))
    return _bytes(torch.stack(channels, 2) * 255)
