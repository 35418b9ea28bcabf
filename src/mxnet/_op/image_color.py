"""Random changes of the colors of an image (height, width, channels); integer images are cut off, uint8 kept in 0..255."""

from __future__ import annotations

import torch
from torch import Tensor

from ..error import MXNetError
from .image import check_image
from .params import Floats
from .registry import op

#: weights of red, green and blue in brightness (ITU-R BT.601)
GREY = (0.299, 0.587, 0.114)
#: principal components of the colors of natural images and their standard deviations (A. Krizhevsky et al., "ImageNet Classification", 2012)
COMPONENTS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))
DEVIATIONS = (55.46, 4.794, 1.148)


def _check(name: str, data: Tensor) -> Tensor:
    """The image in a float type that its arithmetic is done in."""
    check_image(name, data)
    if data.shape[2] not in (1, 3):
        raise MXNetError(f"{name}: the image of shape {tuple(data.shape)} has {data.shape[2]} channels, needs 1 or 3. Channels come last.")
    return data if data.dtype in (torch.float32, torch.float64) else data.float()


def _back(wide: Tensor, dtype: torch.dtype) -> Tensor:
    if dtype == torch.uint8:
        return wide.clamp(0, 255).to(dtype)
    return wide.to(dtype)


def _factor(name: str, low: float, high: float, data: Tensor, generator: torch.Generator | None) -> Tensor:
    if low < 0 or high < 0:
        raise MXNetError(f"{name}: min_factor {low} and max_factor {high} must be 0 or more. Check them.")
    return _draw(low, high, data, generator)


def _draw(low: float, high: float, data: Tensor, generator: torch.Generator | None) -> Tensor:
    """A random number between low and high, on the image's device."""
    if data.is_meta:
        return torch.empty((), device="meta")
    return low + (high - low) * torch.rand((), device=data.device, generator=generator)


def _contrast(image: Tensor, factor: Tensor) -> Tensor:
    grey = image @ torch.tensor(GREY, dtype=image.dtype, device=image.device) if image.shape[2] == 3 else image
    return image * factor + (1 - factor) * grey.mean()


def _saturation(image: Tensor, factor: Tensor) -> Tensor:
    # the original adds up no channels here: its grey is the weighted blue alone
    return image * factor + (1 - factor) * GREY[2] * image[:, :, 2:] if image.shape[2] == 3 else image


def _hue(image: Tensor, factor: Tensor) -> Tensor:
    """Hue turned by `factor` whole turns, with lightness and saturation as they are (a rotation of the HLS color wheel)."""
    if image.shape[2] != 3:
        return image
    red, green, blue = image.unbind(2)
    high, low = image.amax(2), image.amin(2)
    spread = high - low
    safe = torch.where(spread == 0, torch.ones_like(spread), spread)
    turn = torch.where(high == red, (green - blue) / safe, torch.where(high == green, 2 + (blue - red) / safe, 4 + (red - green) / safe))
    turn = turn + 6 * factor  # in sixths of a turn
    channels = []
    for offset in (2, 0, 4):  # red, green, blue: a trapezoid over the wheel, up for two sixths, flat for two
        place = torch.remainder(turn + offset, 6)
        rise = torch.minimum(place, 4 - place).clamp(0, 1)
        channels.append(low + spread * rise)
    return torch.stack(channels, 2)


@op("_image_random_brightness", aliases=["_npx__image_random_brightness"])
def random_brightness(data: Tensor, *, min_factor: float, max_factor: float, generator: torch.Generator | None = None) -> Tensor:
    """data times a random factor between min_factor and max_factor."""
    wide = _check("random_brightness", data)
    return _back(wide * _factor("random_brightness", min_factor, max_factor, data, generator), data.dtype)


@op("_image_random_contrast", aliases=["_npx__image_random_contrast"])
def random_contrast(data: Tensor, *, min_factor: float, max_factor: float, generator: torch.Generator | None = None) -> Tensor:
    """f data + (1 - f) m with a random factor f, m the mean brightness of the image."""
    wide = _check("random_contrast", data)
    return _back(_contrast(wide, _factor("random_contrast", min_factor, max_factor, data, generator)), data.dtype)


@op("_image_random_saturation", aliases=["_npx__image_random_saturation"])
def random_saturation(data: Tensor, *, min_factor: float, max_factor: float, generator: torch.Generator | None = None) -> Tensor:
    """f data + (1 - f) g with a random factor f, g = 0.114 blue for each pixel; images of one channel stay as they are.

    The grey that colors fade to is darker than the pixel's brightness (which has red and green too): the original computes it so, and
    programs tuned on it depend on it.
    """
    wide = _check("random_saturation", data)
    return _back(_saturation(wide, _factor("random_saturation", min_factor, max_factor, data, generator)), data.dtype)


@op("_image_random_hue", aliases=["_npx__image_random_hue"])
def random_hue(data: Tensor, *, min_factor: float, max_factor: float, generator: torch.Generator | None = None) -> Tensor:
    """Hue turned by a random factor of a whole turn (0 and 1: no change); images of one channel stay as they are."""
    wide = _check("random_hue", data)
    return _back(_hue(wide, _factor("random_hue", min_factor, max_factor, data, generator)), data.dtype)


@op("_image_random_color_jitter", aliases=["_npx__image_random_color_jitter"])
def random_color_jitter(data: Tensor, *, brightness: float, contrast: float, saturation: float, hue: float,
                        generator: torch.Generator | None = None) -> Tensor:  # fmt: skip
    """Brightness, contrast, saturation and hue changed in random order by factors between 1 - x and 1 + x, x the attribute.

    Differs: with all attributes 0 the image comes back as it is (the original returns memory that was never written).
    """
    wide = _check("random_color_jitter", data)
    changes = {"brightness": (brightness, lambda image, factor: image * factor), "contrast": (contrast, _contrast),
               "saturation": (saturation, _saturation), "hue": (hue, _hue)}  # fmt: skip
    for name, (strength, _) in changes.items():
        if strength < 0:
            raise MXNetError(f"random_color_jitter: {name} is {strength}, must be 0 or more. Check it.")
    names = list(changes)
    order = range(4) if data.is_meta else torch.randperm(4, device=data.device, generator=generator).tolist()
    for i in order:
        strength, change = changes[names[i]]
        if strength > 0:
            wide = change(wide, _draw(1 - strength, 1 + strength, data, generator).to(wide.dtype))
    return _back(wide, data.dtype) if wide is not data else data.clone()


def _light(wide: Tensor, alpha: Tensor) -> Tensor:
    if wide.shape[2] != 3:
        return wide.clone()
    components = torch.tensor(COMPONENTS, dtype=wide.dtype, device=wide.device)
    deviations = torch.tensor(DEVIATIONS, dtype=wide.dtype, device=wide.device)
    return wide + components @ (deviations * alpha.to(wide.dtype))


@op("_image_adjust_lighting", aliases=["_npx__image_adjust_lighting"])
def adjust_lighting(data: Tensor, *, alpha: Floats) -> Tensor:
    """data plus the principal colors of natural images times alpha, three numbers (AlexNet's lighting)."""
    wide = _check("adjust_lighting", data)
    if len(alpha) != 3:
        raise MXNetError(f"adjust_lighting: alpha has {len(alpha)} numbers, needs 3. Give one for each principal color.")
    return _back(_light(wide, torch.tensor(alpha, device=data.device)), data.dtype)


@op("_image_random_lighting", aliases=["_npx__image_random_lighting"])
def random_lighting(data: Tensor, *, alpha_std: float = 0.05, generator: torch.Generator | None = None) -> Tensor:
    """adjust_lighting with alpha drawn from a normal distribution of standard deviation alpha_std."""
    wide = _check("random_lighting", data)
    if alpha_std < 0:
        raise MXNetError(f"random_lighting: alpha_std is {alpha_std}, must be 0 or more. Check it.")
    alpha = torch.empty(3, device="meta") if data.is_meta else alpha_std * torch.randn(3, device=data.device, generator=generator)
    return _back(_light(wide, alpha), data.dtype)
