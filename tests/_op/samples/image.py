"""Image operators without a recorded call."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np

from .sample import Sample, numbers

_PIXELS = numbers(5, 4, 3, low=0, high=255)


def _encoded() -> np.ndarray:
    """A PGM file of 2 x 3 grey pixels: a format that needs no encoder."""
    file = io.BytesIO()
    file.write(b"P5\n3 2\n255\n" + bytes([0, 50, 100, 150, 200, 250]))
    return np.frombuffer(file.getvalue(), "uint8")


def _file() -> str:
    """The same picture as a file."""
    path = Path(tempfile.gettempdir()) / "mxtorch_sample.pgm"
    path.write_bytes(_encoded().tobytes())
    return str(path)


SAMPLES = [
    Sample("_image_random_flip_left_right", (_PIXELS,), grad=(0,)),
    Sample("_image_random_flip_top_bottom", (_PIXELS.astype("uint8"),)),
    Sample("_image_random_flip_top_bottom", (_PIXELS,), grad=(0,)),
    Sample("_image_random_color_jitter", (_PIXELS,), {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "hue": 0.1}),
    Sample("_cvimdecode", (_encoded(),)),
    Sample("_cvimdecode", (_encoded(),), {"flag": 0}),
    Sample("_cvimread", (), {"filename": _file()}),
]
