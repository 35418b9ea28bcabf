"""Augmenters: objects that change an image (height, width, channels), most of them at random. `dumps` describes them as JSON."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np

from .._op.registry import find
from .._runtime.functions import nd_function
from ..ndarray import NDArray, array
from . import _functions as functions

dot = nd_function(find("dot"), "dot", __name__)


class Augmenter:
    """Base class: keyword arguments of the constructor are what `dumps` shows; a subclass defines `__call__`."""

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = {k: _plain(v) for k, v in kwargs.items()}

    def dumps(self) -> Any:
        """The lower-case class name and the settings, as JSON."""
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __call__(self, src: NDArray) -> NDArray:
        """The changed image."""
        raise NotImplementedError(f"{type(self).__name__}: defines no __call__. Define it in the subclass.")


def _plain(value: Any) -> Any:
    if isinstance(value, NDArray):
        value = value.asnumpy()
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


class SequentialAug(Augmenter):
    """Augmenters one after the other."""

    def __init__(self, ts: list[Augmenter]) -> None:
        super().__init__()
        self.ts = ts

    def dumps(self) -> Any:
        """The class name and the descriptions of the parts."""
        return [type(self).__name__.lower(), [t.dumps() for t in self.ts]]

    def __call__(self, src: NDArray) -> NDArray:
        """The changed image."""
        for t in self.ts:
            src = t(src)
        return src


class RandomOrderAug(SequentialAug):
    """Augmenters in random order."""

    def __call__(self, src: NDArray) -> NDArray:
        """The changed image."""
        for t in random.sample(self.ts, len(self.ts)):
            src = t(src)
        return src


class ResizeAug(Augmenter):
    """`size` pixels on the shorter edge."""

    def __init__(self, size: int, interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size, self.interp = size, interp

    def __call__(self, src: NDArray) -> NDArray:
        """The resized image."""
        return functions.resize_short(src, self.size, self.interp)


class ForceResizeAug(Augmenter):
    """Exactly `size` (width, height)."""

    def __init__(self, size: functions.Size, interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size, self.interp = size, interp

    def __call__(self, src: NDArray) -> NDArray:
        """The resized image."""
        sizes = (src.shape[0], src.shape[1], self.size[1], self.size[0])
        return functions.imresize(src, *self.size, interp=functions._get_interp_method(self.interp, sizes))


class RandomCropAug(Augmenter):
    """A random part, resized to `size` (width, height)."""

    def __init__(self, size: functions.Size, interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size, self.interp = size, interp

    def __call__(self, src: NDArray) -> NDArray:
        """The part."""
        return functions.random_crop(src, self.size, self.interp)[0]


class RandomSizedCropAug(Augmenter):
    """A part of random area and proportions, resized to `size`; see `random_size_crop`."""

    def __init__(self, size: functions.Size, area: Any, ratio: tuple[float, float], interp: int = 2, **kwargs: Any) -> None:
        area = kwargs.pop("min_area", area)
        if kwargs:
            raise TypeError(f"RandomSizedCropAug: unknown argument {next(iter(kwargs))!r}. Remove it.")
        super().__init__(size=size, area=area, ratio=ratio, interp=interp)
        self.size, self.area, self.ratio, self.interp = size, area, ratio, interp

    def __call__(self, src: NDArray) -> NDArray:
        """The part."""
        return functions.random_size_crop(src, self.size, self.area, self.ratio, self.interp)[0]


class CenterCropAug(Augmenter):
    """The middle part, resized to `size` (width, height)."""

    def __init__(self, size: functions.Size, interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size, self.interp = size, interp

    def __call__(self, src: NDArray) -> NDArray:
        """The part."""
        return functions.center_crop(src, self.size, self.interp)[0]


class HorizontalFlipAug(Augmenter):
    """Left and right exchanged with probability p."""

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p

    def __call__(self, src: NDArray) -> NDArray:
        """The image or its mirror image."""
        return src.flip(axis=1) if random.random() < self.p else src


class CastAug(Augmenter):
    """Another data type."""

    def __init__(self, typ: str = "float32") -> None:
        super().__init__(type=typ)
        self.typ = typ

    def __call__(self, src: NDArray) -> NDArray:
        """The image in the type."""
        return src.astype(self.typ)


class ColorNormalizeAug(Augmenter):
    """(src - mean) / std, each left out if None."""

    def __init__(self, mean: Any, std: Any) -> None:
        super().__init__(mean=mean, std=std)
        self.mean, self.std = functions.as_statistic(mean), functions.as_statistic(std)

    def __call__(self, src: NDArray) -> NDArray:
        """The normalized image."""
        return functions.color_normalize(src, self.mean, self.std)


class BrightnessJitterAug(Augmenter):
    """All colors times a random factor in 1 - brightness .. 1 + brightness."""

    def __init__(self, brightness: float) -> None:
        super().__init__(brightness=brightness)
        self.brightness = brightness

    def __call__(self, src: NDArray) -> NDArray:
        """The changed image."""
        return src * (1.0 + random.uniform(-self.brightness, self.brightness))


#: weights of red, green and blue in brightness (ITU-R BT.601)
_GREY = np.array([[[0.299, 0.587, 0.114]]], dtype=np.float32)


class ContrastJitterAug(Augmenter):
    """f src + (1 - f) m with a random factor f in 1 - contrast .. 1 + contrast, m the mean brightness of the image."""

    def __init__(self, contrast: float) -> None:
        super().__init__(contrast=contrast)
        self.contrast = contrast
        self.coef = array(_GREY)

    def __call__(self, src: NDArray) -> NDArray:
        """The changed image."""
        factor = 1.0 + random.uniform(-self.contrast, self.contrast)
        mean = (src * self.coef).sum() * (1.0 / (src.shape[0] * src.shape[1]))
        return src * factor + mean.reshape((1, 1, 1)) * (1.0 - factor)


class SaturationJitterAug(Augmenter):
    """f src + (1 - f) g with a random factor f in 1 - saturation .. 1 + saturation, g the brightness of each pixel."""

    def __init__(self, saturation: float) -> None:
        super().__init__(saturation=saturation)
        self.saturation = saturation
        self.coef = array(_GREY)

    def __call__(self, src: NDArray) -> NDArray:
        """The changed image."""
        factor = 1.0 + random.uniform(-self.saturation, self.saturation)
        return src * factor + (src * self.coef).sum(axis=2, keepdims=True) * (1.0 - factor)


class HueJitterAug(Augmenter):
    """Colors turned by a random part (up to `hue`) of half a turn round the grey axis of the YIQ space (NTSC)."""

    def __init__(self, hue: float) -> None:
        super().__init__(hue=hue)
        self.hue = hue
        self.tyiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]])
        self.ityiq = np.array([[1.0, 0.956, 0.621], [1.0, -0.272, -0.647], [1.0, -1.107, 1.705]])

    def __call__(self, src: NDArray) -> NDArray:
        """The changed image."""
        angle = random.uniform(-self.hue, self.hue) * np.pi
        turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
        return dot(src, array((self.ityiq @ turn @ self.tyiq).T))


class ColorJitterAug(RandomOrderAug):
    """Brightness, contrast and saturation (those above 0) changed in random order."""

    def __init__(self, brightness: float, contrast: float, saturation: float) -> None:
        kinds = ((BrightnessJitterAug, brightness), (ContrastJitterAug, contrast), (SaturationJitterAug, saturation))
        super().__init__([kind(strength) for kind, strength in kinds if strength > 0])


class LightingAug(Augmenter):
    """src plus the principal colors `eigvec` times eigval times normal numbers of deviation alphastd (AlexNet's lighting)."""

    def __init__(self, alphastd: float, eigval: Any, eigvec: Any) -> None:
        super().__init__(alphastd=alphastd, eigval=eigval, eigvec=eigvec)
        self.alphastd, self.eigval, self.eigvec = alphastd, np.asarray(eigval), np.asarray(eigvec)

    def __call__(self, src: NDArray) -> NDArray:
        """The changed image."""
        alpha = np.random.normal(0, self.alphastd, size=(3,))
        return src + array(((self.eigvec * alpha) @ self.eigval).reshape(1, 1, 3))


class RandomGrayAug(Augmenter):
    """Grey (ITU-R BT.709, rounded) with probability p."""

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p
        self.mat = array(np.repeat([[0.21], [0.72], [0.07]], 3, axis=1))

    def __call__(self, src: NDArray) -> NDArray:
        """The image, or its grey."""
        return dot(src, self.mat) if random.random() < self.p else src
