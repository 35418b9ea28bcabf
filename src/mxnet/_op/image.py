"""Geometry of images (height, width, channels), alone or in batches, and their way into arrays (channels, height, width)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..error import MXNetError
from . import resample
from .params import Floats, Shape
from .registry import op


def check_image(name: str, data: Tensor, batches: bool = False) -> None:
    """An image has three axes, a batch of images four."""
    if data.dim() != 3 and not (batches and data.dim() == 4):
        kinds = "(height, width, channels)" + (" or (batch, height, width, channels)" if batches else "")
        raise MXNetError(f"{name}: an image must have shape {kinds}, got {tuple(data.shape)}. Reshape it.")


@op("_image_to_tensor", aliases=["_npx__image_to_tensor"])
def to_tensor(data: Tensor) -> Tensor:
    """data / 255 as float32 with the channels first: (h, w, c) -> (c, h, w), (n, h, w, c) -> (n, c, h, w).

    >>> mx.nd.image.to_tensor(mx.nd.ones((4, 5, 3), dtype="uint8")).shape
    (3, 4, 5)
    """
    check_image("to_tensor", data, batches=True)
    scaled = data / 255 if data.is_floating_point() else data.float() / 255
    return scaled.movedim(-1, -3).to(torch.float32, memory_format=torch.contiguous_format).contiguous()


@to_tensor.types
def _(types: dict, **_: object) -> tuple:
    return types, [torch.float32]


@op("_image_normalize", aliases=["_npx__image_normalize"])
def normalize(data: Tensor, *, mean: Floats = (0.0, 0.0, 0.0, 0.0), std: Floats = (1.0, 1.0, 1.0, 1.0)) -> Tensor:
    """(data - mean) / std for each channel of (c, h, w) or (n, c, h, w), c = 1 or 3; one number serves all channels.

    Differs: mean and std may be left out (the original's defaults have four numbers, which no image fits).
    """
    if data.dim() not in (3, 4):
        raise MXNetError(
            f"normalize: an image must have shape (channels, height, width), alone or in a batch, got {tuple(data.shape)}. Use to_tensor."
        )
    channels = data.shape[-3]
    if channels not in (1, 3):
        raise MXNetError(
            f"normalize: the image of shape {tuple(data.shape)} has {channels} channels, only 1 or 3 are possible. Channels come first."
        )
    mean = mean[:1] if mean == (0.0, 0.0, 0.0, 0.0) else mean
    std = std[:1] if std == (1.0, 1.0, 1.0, 1.0) else std
    for label, numbers in (("mean", mean), ("std", std)):
        if len(numbers) not in (1, channels):
            raise MXNetError(f"normalize: {label} has {len(numbers)} numbers, the image {channels} channels. Use 1 or {channels} numbers.")
    wide = torch.float64 if data.dtype == torch.float64 else torch.float32
    shift, scale = (torch.tensor(n, dtype=wide, device=data.device).reshape(-1, 1, 1) for n in (mean, std))
    return ((data.to(wide) - shift) / scale).to(data.dtype)


@op("_image_crop", aliases=["_npx__image_crop"], views=True)
def crop(data: Tensor, *, x: int, y: int, width: int, height: int) -> Tensor:
    """The part of `width` x `height` pixels whose upper left corner is column x, row y."""
    check_image("crop", data, batches=True)
    if width < 1 or height < 1:
        raise MXNetError(f"crop: width {width} and height {height} must be 1 or more. Check them.")
    rows, columns = data.shape[-3], data.shape[-2]
    if x < 0 or y < 0 or x + width > columns or y + height > rows:
        raise MXNetError(
            f"crop: columns {x}..{x + width}, rows {y}..{y + height} leave the image of {columns} x {rows} pixels (width x height). Move it."
        )
    return data[..., y : y + height, x : x + width, :]


@op("_image_resize", aliases=["_npx__image_resize"])
def resize(data: Tensor, *, size: Shape = (), keep_ratio: bool = False, interp: int = 1) -> Tensor:
    """The image in another size: (width, height), or one number for both edges (for the shorter one with keep_ratio).

    interp: 0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos. uint8 and float images.

    >>> mx.nd.image.resize(mx.nd.ones((6, 8, 3)), size=(4, 3)).shape
    (3, 4, 3)
    """
    check_image("resize", data, batches=True)
    height, width = resample.parse_size("resize", size, keep_ratio, data.shape[-3], data.shape[-2])
    return resample.resize("resize", data, height, width, interp)


@op("_image_flip_left_right", aliases=["_npx__image_flip_left_right"])
def flip_left_right(data: Tensor) -> Tensor:
    """The columns of an image in reverse."""
    check_image("flip_left_right", data)
    return data.flip(1)


@op("_image_flip_top_bottom", aliases=["_npx__image_flip_top_bottom"])
def flip_top_bottom(data: Tensor) -> Tensor:
    """The rows of an image in reverse."""
    check_image("flip_top_bottom", data)
    return data.flip(0)


def _maybe(data: Tensor, axis: int, generator: torch.Generator | None) -> Tensor:
    if data.is_meta:
        return torch.empty_like(data)
    coin = torch.rand((), device=data.device, generator=generator) < 0.5
    return torch.where(coin, data.flip(axis), data)


@op("_image_random_flip_left_right", aliases=["_npx__image_random_flip_left_right"])
def random_flip_left_right(data: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """The columns of an image in reverse with probability 0.5."""
    check_image("random_flip_left_right", data)
    return _maybe(data, 1, generator)


@op("_image_random_flip_top_bottom", aliases=["_npx__image_random_flip_top_bottom"])
def random_flip_top_bottom(data: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """The rows of an image in reverse with probability 0.5."""
    check_image("random_flip_top_bottom", data)
    return _maybe(data, 0, generator)


@op("_cvimresize", aliases=["_npi_cvimresize"])
def cvimresize(src: Tensor, *, w: int, h: int, interp: int = 1) -> Tensor:
    """The image with w columns and h rows; interp as in `image.resize`."""
    check_image("_cvimresize", src)
    return resample.resize("_cvimresize", src, h, w, interp)


@op("_cvcopyMakeBorder")
def make_border(
    src: Tensor, *, top: int, bot: int, left: int, right: int, type: int = 0, value: float = 0.0, values: Floats = ()
) -> Tensor:
    """The image with a border of `top`, `bot`, `left`, `right` pixels.

    type: 0 `value` (or `values`, one for each channel), 1 the edge, 2 mirrored with the edge, 3 the other side, 4 mirrored without the edge.
    """
    check_image("_cvcopyMakeBorder", src)
    if min(top, bot, left, right) < 0:
        raise MXNetError(f"_cvcopyMakeBorder: top {top}, bot {bot}, left {left}, right {right} must be 0 or more. Crop to make it smaller.")
    if type not in range(5):
        raise MXNetError(
            f"_cvcopyMakeBorder: type {type} is unknown. Use 0 constant, 1 edge, 2 mirror, 3 wrap or 4 mirror without the edge."
        )
    rows, columns, channels = src.shape
    if type:
        if 0 in src.shape:
            raise MXNetError(f"_cvcopyMakeBorder: the image of shape {tuple(src.shape)} is empty. Use type 0.")
        down = resample.border_places(rows, top, bot, type, src.device)
        across = resample.border_places(columns, left, right, type, src.device)
        return src[down][:, across]
    if values and len(values) < channels:
        raise MXNetError(f"_cvcopyMakeBorder: {len(values)} values for {channels} channels. Give one for each.")
    fill = torch.tensor(values[:channels] if values else value, dtype=torch.float64, device=src.device)
    fill = (fill.clamp(0, 255) if src.dtype == torch.uint8 else fill).to(src.dtype)
    out = fill.expand(rows + top + bot, columns + left + right, channels).clone()
    out[top : top + rows, left : left + columns] = src
    return out
