"""Reading, resizing and cropping of images, arrays (height, width, channels); random choices come from Python's `random`."""

from __future__ import annotations

import math
import os
import random
from typing import Any

import numpy as np
import torch

from .. import ndarray
from .._op.resample import keep_ratio
from .._runtime.array import wrap
from ..ndarray import NDArray, array
from ..registry import BadArgument

Size = tuple[int, int]


def imdecode(buf: Any, *args: Any, **kwargs: Any) -> NDArray:
    """The image in the bytes of a file: (h, w, 3) uint8, red first; flag=0: grey (h, w, 1); to_rgb=False: blue first.

    buf  bytes, bytearray, or an array of uint8
    """
    if not isinstance(buf, NDArray):
        if not isinstance(buf, (bytes, bytearray, memoryview, np.ndarray)):
            raise ValueError(f"imdecode: buf must be bytes or an array of uint8, got {type(buf).__name__}. Read the file in mode 'rb'.")
        buf = wrap(torch.from_numpy(np.frombuffer(buf, np.uint8).copy()))
    return ndarray._internal._cvimdecode(buf, *args, **kwargs)


def imread(filename: Any, *args: Any, **kwargs: Any) -> NDArray:
    """The image in a file; further arguments as in `imdecode`."""
    return ndarray._internal._cvimread(os.fspath(filename) if isinstance(filename, os.PathLike) else str(filename), *args, **kwargs)


def imresize(src: NDArray, w: int, h: int, *args: Any, **kwargs: Any) -> NDArray:
    """The image with w columns and h rows; interp: 0 nearest, 1 linear (default), 2 cubic, 3 area, 4 Lanczos."""
    return ndarray._internal._cvimresize(src, w, h, *args, **kwargs)


def copyMakeBorder(src: NDArray, top: int, bot: int, left: int, right: int, *args: Any, **kwargs: Any) -> NDArray:
    """The image with a border: type 0 `value` or `values`, 1 the edge, 2 mirrored, 3 the other side, 4 mirrored without the edge."""
    return ndarray._internal._cvcopyMakeBorder(src, top, bot, left, right, *args, **kwargs)


def scale_down(src_size: Size, size: Size) -> Size:
    """`size` (width, height) shrunk to fit into src_size, in the same proportions.

    >>> mx.image.scale_down((640, 480), (720, 120))
    (640, 106)
    """
    limit_w, limit_h = src_size
    w: float = size[0]
    h: float = size[1]
    if h > limit_h:
        w, h = w * limit_h / h, limit_h
    if w > limit_w:
        w, h = limit_w, h * limit_w / w
    return int(w), int(h)


def _get_interp_method(interp: int, sizes: tuple = ()) -> int:
    """interp itself, or for 9: cubic to grow, area to shrink, else linear (sizes: old h, old w, new h, new w), for 10: any."""
    if interp == 9:
        if not sizes:
            return 2
        if len(sizes) != 4:
            raise BadArgument(f"interp 9: sizes has {len(sizes)} numbers, needs old h, old w, new h, new w. Pass four.")
        old_h, old_w, new_h, new_w = sizes
        if new_h > old_h and new_w > old_w:
            return 2
        return 3 if new_h < old_h and new_w < old_w else 1
    if interp == 10:
        return random.randint(0, 4)
    if interp not in range(5):
        raise ValueError(f"interp {interp} is unknown. Use 0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos, 9 by size, 10 at random.")
    return interp


def _resized(src: NDArray, w: int, h: int, interp: int) -> NDArray:
    return imresize(src, w, h, interp=_get_interp_method(interp, (*src.shape[:2], h, w)))


def resize_short(src: NDArray, size: int, interp: int = 2) -> NDArray:
    """The image with `size` pixels on its shorter edge, in the same proportions."""
    h, w = keep_ratio(src.shape[0], src.shape[1], size)
    return _resized(src, w, h, interp)


def fixed_crop(src: NDArray, x0: int, y0: int, w: int, h: int, size: Size | None = None, interp: int = 2) -> NDArray:
    """The part of w x h pixels from column x0, row y0, resized to `size` (width, height) if given."""
    out = src[y0 : y0 + h, x0 : x0 + w]
    if size is not None and (w, h) != tuple(size):
        out = _resized(out, size[0], size[1], interp)
    return out


def random_crop(src: NDArray, size: Size, interp: int = 2) -> tuple[NDArray, tuple[int, int, int, int]]:
    """(a random part in the proportions of `size` (width, height), resized to it; its (x0, y0, w, h))."""
    rows, columns = src.shape[:2]
    w, h = _at_least_one(scale_down((columns, rows), size))
    x0, y0 = random.randint(0, columns - w), random.randint(0, rows - h)
    return fixed_crop(src, x0, y0, w, h, size, interp), (x0, y0, w, h)


def center_crop(src: NDArray, size: Size, interp: int = 2) -> tuple[NDArray, tuple[int, int, int, int]]:
    """(the middle part in the proportions of `size` (width, height), resized to it; its (x0, y0, w, h))."""
    rows, columns = src.shape[:2]
    w, h = _at_least_one(scale_down((columns, rows), size))
    x0, y0 = (columns - w) // 2, (rows - h) // 2
    return fixed_crop(src, x0, y0, w, h, size, interp), (x0, y0, w, h)


def _at_least_one(size: Size) -> Size:
    return max(size[0], 1), max(size[1], 1)


def random_size_crop(src: NDArray, size: Size, area: Any, ratio: tuple[float, float], interp: int = 2,
                     **kwargs: Any) -> tuple[NDArray, tuple[int, int, int, int]]:  # fmt: skip
    """(a part of random area and proportions, resized to `size`; its (x0, y0, w, h)).

    area   the least and the largest share of the image, or the least one (the largest is 1)
    ratio  the least and the largest width / height
    """
    area = kwargs.pop("min_area", area)
    if kwargs:
        raise TypeError(f"random_size_crop: unknown argument {next(iter(kwargs))!r}. Remove it.")
    rows, columns = src.shape[:2]
    low, high = (area, 1.0) if isinstance(area, (int, float)) else area
    for _ in range(10):
        wanted = random.uniform(low, high) * rows * columns
        shape = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(wanted * shape)), round(math.sqrt(wanted / shape))
        if 0 < w <= columns and 0 < h <= rows:
            x0, y0 = random.randint(0, columns - w), random.randint(0, rows - h)
            return fixed_crop(src, x0, y0, w, h, size, interp), (x0, y0, w, h)
    return center_crop(src, size, interp)


def color_normalize(src: NDArray, mean: Any, std: Any = None) -> NDArray:
    """(src - mean) / std, each left out if None."""
    if mean is not None:
        src = src - mean
    return src if std is None else src / std


def as_statistic(value: Any) -> Any:
    """Three numbers as an array that images are normalized with; None stays."""
    if value is None or isinstance(value, NDArray):
        return value
    return array(np.asarray(value, dtype=np.float32))
