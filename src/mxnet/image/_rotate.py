"""Rotation of images (channels, height, width) round their middle."""

from __future__ import annotations

import math
import random
from typing import Any

import torch
import torch.nn.functional as nnf

from .._runtime.array import wrap
from ..ndarray import NDArray


def imrotate(src: NDArray, rotation_degrees: Any, zoom_in: bool = False, zoom_out: bool = False) -> NDArray:
    """Images (C, H, W) or (N, C, H, W), float32, turned round their middle; bilinear, zeros outside.

    rotation_degrees  a number, or an array with one for each image
    zoom_in           so large that no corner is empty; zoom_out: so small that the whole image is seen
    """
    if zoom_in and zoom_out:
        raise ValueError("imrotate: zoom_in and zoom_out exclude each other. Use one of them.")
    t = src._d
    if t.dtype != torch.float32:
        raise TypeError(f"imrotate: needs float32 images, got {str(t.dtype).replace('torch.', '')}. Convert with astype('float32').")
    if t.dim() not in (3, 4):
        raise ValueError(f"imrotate: needs images (C, H, W) or (N, C, H, W), got {tuple(t.shape)}. Put channels first.")
    images = t if t.dim() == 4 else t.unsqueeze(0)
    several = isinstance(rotation_degrees, NDArray)
    if several and t.dim() == 3 and rotation_degrees.size != 1:
        raise TypeError(f"imrotate: {rotation_degrees.size} angles for one image. Pass a number, or a batch of images (N, C, H, W).")
    angles = rotation_degrees._d.reshape(-1) if several else torch.tensor([float(rotation_degrees)])
    if several and angles.numel() != images.shape[0]:
        raise ValueError(f"imrotate: {angles.numel()} angles for {images.shape[0]} images. Pass one angle, or one for each image.")
    turned = _turned(images, torch.deg2rad(angles.to(device=t.device, dtype=torch.float32)), zoom_in, zoom_out)
    return wrap(turned if t.dim() == 4 else turned[0], src.context)


def random_rotate(src: NDArray, angle_limits: tuple[float, float], zoom_in: bool = False, zoom_out: bool = False) -> NDArray:
    """`imrotate` by an angle (for each image of a batch its own) between the limits, in degrees."""
    low, high = angle_limits
    if src.ndim == 3:
        return imrotate(src, random.uniform(low, high), zoom_in, zoom_out)
    angles = torch.tensor([random.uniform(low, high) for _ in range(src.shape[0])])
    return imrotate(src, wrap(angles), zoom_in, zoom_out)


def _turned(images: torch.Tensor, radians: torch.Tensor, zoom_in: bool, zoom_out: bool) -> torch.Tensor:
    count, _, height, width = images.shape
    radians = radians.expand(count).reshape(-1, 1, 1)
    half_h, half_w = (height - 1) / 2, (width - 1) / 2
    rows = torch.arange(height, dtype=torch.float32, device=images.device).reshape(1, -1, 1) - half_h
    columns = torch.arange(width, dtype=torch.float32, device=images.device).reshape(1, 1, -1) - half_w
    cos, sin = torch.cos(radians), torch.sin(radians)
    across, down = (columns * cos - rows * sin) / max(half_w, 0.5), (columns * sin + rows * cos) / max(half_h, 0.5)
    if zoom_in or zoom_out:
        reach, corner = math.hypot(height, width), math.atan(height / width)  # the diagonal and its angle
        wide = torch.maximum(torch.cos(corner + radians.abs()).abs(), torch.cos(corner - radians.abs()).abs()) * reach
        high = torch.maximum(torch.sin(corner + radians.abs()).abs(), torch.sin(corner - radians.abs()).abs()) * reach
        scale = torch.maximum(wide / width, high / height) if zoom_out else torch.minimum(width / wide, height / high)
        across, down = across * scale, down * scale
    return nnf.grid_sample(images, torch.stack([across, down], dim=-1), mode="bilinear", padding_mode="zeros", align_corners=True)
