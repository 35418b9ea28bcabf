"""`mx.np`: NumPy's interface on arrays that record gradients and live on any device.

A function ends in one operator of the registry (`_npi_*`, `_np_*`), so `autograd.record()` sees it; those in `fallback` are NumPy's own.
"""

from __future__ import annotations

from . import fallback, fallback_linalg, linalg, multiarray, random, utils
from ._symbolic import _Symbol
from .multiarray import FUNCTIONS, ndarray
from .utils import *  # noqa: F403

globals().update(fallback.FUNCTIONS)
globals().update(FUNCTIONS)

__all__ = ["ndarray", "fallback", "linalg", "random", *utils.__all__, *FUNCTIONS, *fallback.FUNCTIONS]
