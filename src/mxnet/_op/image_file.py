"""Encoded images (JPEG, PNG ...) as arrays. OpenCV or Pillow decodes, whichever is installed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..error import MXNetError
from .registry import op


def decode(name: str, data: bytes, flag: int, to_rgb: bool) -> np.ndarray:
    """(h, w, 3) in the order red, green, blue (or blue, green, red), or (h, w, 1) grey for flag 0. flag -1: as the file has it."""
    if not data:
        raise MXNetError(f"{name}: the buffer is empty. Pass the bytes of an image file.")
    pixels = _with_opencv(data, flag)
    if pixels is None:
        pixels = _with_pillow(name, data, flag)
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels[:, :, None])
    order = [2, 1, 0, 3] if to_rgb else [0, 1, 2, 3]
    return np.ascontiguousarray(pixels[:, :, order[: pixels.shape[2]]])


def _with_opencv(data: bytes, flag: int) -> np.ndarray | None:
    """The pixels, blue first; None where OpenCV is missing or cannot read them."""
    try:
        import cv2  # noqa: PLC0415  heavy and optional
    except ImportError:
        return None
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:
        return None


def _with_pillow(name: str, data: bytes, flag: int) -> np.ndarray:
    try:
        from PIL import Image  # noqa: PLC0415  heavy and optional
    except ImportError:
        raise MXNetError(
            f"{name}: cannot decode {len(data)} bytes as an image. Pass the bytes of a JPEG or PNG file (pip install mxtorch[image])."
        ) from None
    try:
        picture: Any = Image.open(io.BytesIO(data))
        picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as e:
        if isinstance(e, Image.UnidentifiedImageError):
            e = ValueError("no known format")
        raise MXNetError(f"{name}: cannot decode {len(data)} bytes as an image ({e}). Pass the bytes of a JPEG or PNG file.") from None
    grey = flag == 0 or (flag < 0 and picture.mode in ("1", "L"))
    pixels = np.asarray(picture.convert("L" if grey else "RGB"))
    return pixels if grey else pixels[:, :, ::-1]


@op("_cvimdecode", aliases=["_npi_cvimdecode"])
def cvimdecode(buf: Tensor, *, flag: int = 1, to_rgb: bool = True) -> Tensor:
    """The image in a buffer of bytes (uint8): (h, w, 3), or (h, w, 1) grey for flag=0; red first, or blue first without to_rgb."""
    if buf.dtype != torch.uint8 or buf.dim() != 1:
        raise MXNetError(
            f"_cvimdecode: needs a uint8 array of one axis, got {tuple(buf.shape)} {str(buf.dtype).replace('torch.', '')}. Pass a file's bytes."
        )
    return torch.from_numpy(decode("_cvimdecode", buf.cpu().numpy().tobytes(), flag, to_rgb))


@cvimdecode.types
def _(types: dict, **_: object) -> tuple[dict, list]:
    return {"buf": types["buf"] or torch.uint8}, [torch.uint8]


@op("_cvimread", aliases=["_npi_cvimread"])
def cvimread(*, filename: str, flag: int = 1, to_rgb: bool = True, device: torch.device | None = None) -> Tensor:
    """The image in a file, as _cvimdecode gives it."""
    try:
        data = Path(filename).read_bytes()
    except OSError as e:
        raise MXNetError(f"_cvimread: cannot read {filename!r} ({e.strerror}). Check the path.") from None
    return torch.from_numpy(decode("_cvimread", data, flag, to_rgb))


@cvimread.types
def _(types: dict, **_: object) -> tuple[dict, list]:
    return types, [torch.uint8]
