"""Images as arrays (h, w, channels): decoding, cropping, turning."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as nnf

from .... import ndarray
from ...._op.registry import find
from ...._runtime.array import wrap
from ...._runtime.functions import nd_function
from ..._errors import GluonError

_decode = nd_function(find("_cvimdecode"), "imdecode", __name__)


def decoded(data: bytes, flag: int) -> Any:
    """The image in a file's bytes: flag 1 color, red first; 0 grey."""
    return _decode(wrap(torch.from_numpy(np.frombuffer(data, np.uint8).copy())), flag=flag, to_rgb=True)


def fitted(size: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """`wanted` (width, height) shrunk to fit into an image of `size`, keeping its proportions."""
    width, height = wanted
    if height > size[1]:
        width, height = width * size[1] / height, size[1]
    if width > size[0]:
        width, height = size[0], height * size[0] / width
    return int(width), int(height)


def cropped(x: Any, left: int, top: int, width: int, height: int, size: tuple[int, int], interpolation: int) -> Any:
    """A part of an image, resized to `size` (width, height) if it is not of that size."""
    part = ndarray.image.crop(x, x=left, y=top, width=width, height=height)
    return part if (width, height) == tuple(size) else ndarray.image.resize(part, size=tuple(size), keep_ratio=False, interp=interpolation)


def turned(x: Any, degrees: Any, zoom_in: bool, zoom_out: bool) -> Any:
    """Images (C, H, W) or (N, C, H, W), float32, turned round their middle; bilinear, zeros outside.

    degrees: a number, or one for each image. zoom_in leaves no empty corners, zoom_out shows the whole image.
    """
    if zoom_in and zoom_out:
        raise GluonError("rotate: zoom_in and zoom_out exclude each other. Use one of them.")
    t = x._d
    if t.dtype != torch.float32:
        raise TypeError(f"rotate: needs float32 images, got {str(t.dtype).replace('torch.', '')}. Use ToTensor or astype first.")
    single = t.dim() == 3
    if t.dim() not in (3, 4):
        raise GluonError(f"rotate: needs images (C, H, W) or (N, C, H, W), got {tuple(t.shape)}. Put channels first.")
    batch = t.unsqueeze(0) if single else t
    count, _, height, width = batch.shape
    angles = torch.as_tensor(degrees.asnumpy() if hasattr(degrees, "asnumpy") else degrees, dtype=torch.float32, device=t.device).reshape(
        -1
    )
    if angles.numel() not in (1, count):
        raise GluonError(f"rotate: {angles.numel()} angles for {count} images. Pass one angle, or one for each image.")
    radians = (angles * (math.pi / 180)).expand(count).reshape(-1, 1, 1)
    half_h, half_w = (height - 1) / 2, (width - 1) / 2
    rows = torch.arange(height, dtype=torch.float32, device=t.device).reshape(1, -1, 1) - half_h
    columns = torch.arange(width, dtype=torch.float32, device=t.device).reshape(1, 1, -1) - half_w
    cos, sin = torch.cos(radians), torch.sin(radians)
    across, down = (columns * cos - rows * sin) / half_w, (columns * sin + rows * cos) / half_h
    if zoom_in or zoom_out:
        scale = _zoom(radians, height, width, zoom_out)
        across, down = across * scale, down * scale
    result = nnf.grid_sample(batch, torch.stack([across, down], dim=-1), mode="bilinear", padding_mode="zeros", align_corners=True)
    return wrap(result[0] if single else result, x.context)


def _zoom(radians: torch.Tensor, height: int, width: int, outward: bool) -> torch.Tensor:
    """The factor on coordinates by which the turned frame covers (or fits into) the image."""
    reach, corner = math.hypot(height, width), math.atan(height / width)
    x = torch.maximum((reach * torch.cos(corner + radians.abs())).abs(), (reach * torch.cos(corner - radians.abs())).abs())
    y = torch.maximum((reach * torch.sin(corner + radians.abs())).abs(), (reach * torch.sin(corner - radians.abs())).abs())
    return torch.maximum(x / width, y / height) if outward else torch.minimum(width / x, height / y)
