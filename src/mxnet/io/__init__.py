"""Data iterators: they give batches to Module.fit and to training loops."""

from __future__ import annotations

from ..ndarray import NDArray, array, concatenate
from . import io, utils
from .io import *  # noqa: F403
from .io import __all__ as _names

__all__ = [*_names, "io", "utils"]
