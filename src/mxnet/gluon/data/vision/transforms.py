"""Transforms of images: blocks for `dataset.transform_first(...)`. Images are (h, w, c) uint8 until ToTensor makes (c, h, w) float32 of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....base import numeric_types
from ...block import Block, HybridBlock
from ...nn import Sequential
from ._images import cropped, fitted, turned

__all__ = ["Compose", "Cast", "ToTensor", "Normalize", "Rotate", "RandomRotation", "RandomResizedCrop", "CropResize", "CenterCrop", "Resize",
           "RandomFlipLeftRight", "RandomFlipTopBottom", "RandomBrightness", "RandomContrast", "RandomSaturation", "RandomHue", "RandomColorJitter",
           "RandomLighting", "RandomApply"]  # fmt: skip


class Compose(Sequential):
    """One transform after another.

    >>> T = mx.gluon.data.vision.transforms
    >>> T.Compose([T.Resize(4), T.ToTensor()])(mx.nd.zeros((8, 8, 3), dtype="uint8")).shape
    (3, 4, 4)
    """

    def __init__(self, transforms: list[Block]) -> None:
        super().__init__()
        self.add(*transforms)

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Run the transforms that can as graphs."""
        for child in self._children.values():
            child.hybridize(active, **kwargs)


class RandomApply(Sequential):
    """All transforms with probability p, else none."""

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.add(*(transforms if isinstance(transforms, (list, tuple)) else [transforms]))
        self.p = p

    def forward(self, x: Any) -> Any:
        """The changed image, or the image."""
        return x if self.p < np.random.random() else super().forward(x)


class Cast(HybridBlock):
    """Another data type."""

    def __init__(self, dtype: Any = "float32") -> None:
        super().__init__()
        self._dtype = dtype

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """x in the type."""
        return F.cast(x, self._dtype)


class ToTensor(HybridBlock):
    """(h, w, c) uint8 in 0..255 -> (c, h, w) float32 in 0..1; batches (n, h, w, c) too."""

    def __init__(self) -> None:
        super().__init__()

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The image as network input."""
        return F.image.to_tensor(x)


class Normalize(HybridBlock):
    """(x - mean) / std of each channel, for (c, h, w) float32; numbers, or one for each channel."""

    def __init__(self, mean: Any = 0.0, std: Any = 1.0) -> None:
        super().__init__()
        self._mean, self._std = _tuple(mean), _tuple(std)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The normalized image."""
        return F.image.normalize(x, mean=self._mean, std=self._std)


class Resize(HybridBlock):
    """Resized to size: (width, height), or one number: both, or with keep_ratio the shorter edge.

    interpolation: 0 nearest, 1 bilinear, 2 area, 3 bicubic, 4 Lanczos.
    """

    def __init__(self, size: Any, keep_ratio: bool = False, interpolation: int = 1) -> None:
        super().__init__()
        self._size, self._keep, self._interpolation = size, keep_ratio, interpolation

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The resized image."""
        return F.image.resize(x, size=_tuple(self._size), keep_ratio=self._keep, interp=self._interpolation)


class CenterCrop(Block):
    """The middle of size (width, height) or one number; from a smaller image the largest part of those proportions, enlarged."""

    def __init__(self, size: Any, interpolation: int = 1) -> None:
        super().__init__()
        self._size, self._interpolation = _pair(size), interpolation

    def forward(self, x: Any) -> Any:
        """The middle."""
        height, width = x.shape[-3], x.shape[-2]
        w, h = fitted((width, height), self._size)
        return cropped(x, (width - w) // 2, (height - h) // 2, w, h, self._size, self._interpolation)


class CropResize(HybridBlock):
    """The part at (x, y) of width and height, then resized if a size is given."""

    def __init__(self, x: int, y: int, width: int, height: int, size: Any = None, interpolation: int | None = None) -> None:
        super().__init__()
        self._box = {"x": x, "y": y, "width": width, "height": height}
        self._size, self._interpolation = size, interpolation

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The part."""
        out = F.image.crop(x, **self._box)
        if self._size:
            out = F.image.resize(
                out, size=_pair(self._size), keep_ratio=False, interp=1 if self._interpolation is None else self._interpolation
            )
        return out


class RandomResizedCrop(Block):
    """A random part, resized to size: its area is `scale` of the image's, its proportions (width : height) are in `ratio`."""

    def __init__(self, size: Any, scale: Any = (0.08, 1.0), ratio: Any = (3.0 / 4.0, 4.0 / 3.0), interpolation: int = 1) -> None:
        super().__init__()
        self._size, self._interpolation = _pair(size), interpolation
        self._scale = (scale, 1.0) if isinstance(scale, numeric_types) else tuple(scale)
        self._ratio = tuple(ratio)

    def forward(self, x: Any) -> Any:
        """A random part."""
        height, width = x.shape[-3], x.shape[-2]
        for _ in range(10):
            area = np.random.uniform(*self._scale) * height * width
            ratio = np.exp(np.random.uniform(*np.log(self._ratio)))
            w, h = round(float(np.sqrt(area * ratio))), round(float(np.sqrt(area / ratio)))
            if 0 < w <= width and 0 < h <= height:
                left, top = np.random.randint(0, width - w + 1), np.random.randint(0, height - h + 1)
                return cropped(x, int(left), int(top), w, h, self._size, self._interpolation)
        w, h = fitted((width, height), self._size)
        return cropped(x, (width - w) // 2, (height - h) // 2, w, h, self._size, self._interpolation)


class RandomFlipLeftRight(HybridBlock):
    """Mirrored left to right with probability 1/2."""

    def __init__(self) -> None:
        super().__init__()

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The image or its mirror image."""
        return F.image.random_flip_left_right(x)


class RandomFlipTopBottom(HybridBlock):
    """Mirrored top to bottom with probability 1/2."""

    def __init__(self) -> None:
        super().__init__()

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The image or its mirror image."""
        return F.image.random_flip_top_bottom(x)


class _Factor(HybridBlock):
    """A color transform with a random factor in [1 - amount, 1 + amount]."""

    _operator = ""

    def __init__(self, amount: float) -> None:
        super().__init__()
        self._args = (max(0, 1 - amount), 1 + amount)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The changed image."""
        return getattr(F.image, self._operator)(x, min_factor=self._args[0], max_factor=self._args[1])


class RandomBrightness(_Factor):
    """Pixels times a random factor in [1 - brightness, 1 + brightness]."""

    _operator = "random_brightness"

    def __init__(self, brightness: float) -> None:
        super().__init__(brightness)


class RandomContrast(_Factor):
    """Distances from the mean grey times a random factor in [1 - contrast, 1 + contrast]."""

    _operator = "random_contrast"

    def __init__(self, contrast: float) -> None:
        super().__init__(contrast)


class RandomSaturation(_Factor):
    """Distances from each pixel's grey times a random factor in [1 - saturation, 1 + saturation]."""

    _operator = "random_saturation"

    def __init__(self, saturation: float) -> None:
        super().__init__(saturation)


class RandomHue(_Factor):
    """Colors turned on the color circle by a random amount up to `hue`."""

    _operator = "random_hue"

    def __init__(self, hue: float) -> None:
        super().__init__(hue)


class RandomColorJitter(HybridBlock):
    """Random brightness, contrast, saturation and hue, in random order."""

    def __init__(self, brightness: float = 0, contrast: float = 0, saturation: float = 0, hue: float = 0) -> None:
        super().__init__()
        self._args = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue}

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The changed image."""
        return F.image.random_color_jitter(x, **self._args)


class RandomLighting(HybridBlock):
    """Noise along the principal colors of ImageNet, with standard deviation alpha.

    Source: Krizhevsky et al. 2012.
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self._alpha = alpha

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The changed image."""
        return F.image.random_lighting(x, alpha_std=self._alpha)


class Rotate(Block):
    """(c, h, w) or (n, c, h, w) float32 turned by an angle in degrees; zoom_in: no empty corners, zoom_out: the whole image stays visible."""

    def __init__(self, rotation_degrees: float, zoom_in: bool = False, zoom_out: bool = False) -> None:
        super().__init__()
        self._degrees, self._zoom_in, self._zoom_out = rotation_degrees, zoom_in, zoom_out

    def forward(self, x: Any) -> Any:
        """The turned image."""
        return turned(x, self._degrees, self._zoom_in, self._zoom_out)


class RandomRotation(Block):
    """Turned by a random angle between two limits in degrees, with probability rotate_with_proba."""

    def __init__(self, angle_limits: Any, zoom_in: bool = False, zoom_out: bool = False, rotate_with_proba: float = 1.0) -> None:
        super().__init__()
        lower, upper = angle_limits
        if lower >= upper:
            raise ValueError(f"RandomRotation: angle_limits are {angle_limits}. The first must be smaller than the second.")
        if not 0 <= rotate_with_proba <= 1:
            raise ValueError(f"RandomRotation: rotate_with_proba is {rotate_with_proba}. Use a probability from 0 to 1.")
        self._limits, self._zoom_in, self._zoom_out, self._chance = (lower, upper), zoom_in, zoom_out, rotate_with_proba

    def forward(self, x: Any) -> Any:
        """The turned image."""
        if np.random.random() > self._chance:
            return x
        return turned(x, float(np.random.uniform(*self._limits)), self._zoom_in, self._zoom_out)


def _tuple(value: Any) -> tuple:
    return (value,) if isinstance(value, numeric_types) else tuple(value)


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, numeric_types) else tuple(size)
