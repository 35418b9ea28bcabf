"""CPU kernels compiled by numba. `import numba` takes 0.4 s, so a kernel module is imported at the first call that needs it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType

from ..pages import settle


@cache
def load(name: str) -> ModuleType:
    """The kernel module of that name."""
    settle()
    return import_module(f"{__name__}.{name}")
