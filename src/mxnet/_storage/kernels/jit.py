"""How kernels are compiled: without the GIL, kept on disk where some folder can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def jit(function: Callable | None = None, **options: Any) -> Any:
    """numba.njit(nogil=True, cache=True), or without the cache on a machine where numba finds no folder for it."""
    if function is None:
        return lambda f: jit(f, **options)
    try:
        return njit(nogil=True, cache=True, **options)(function)
    except RuntimeError:
        return njit(nogil=True, **options)(function)
