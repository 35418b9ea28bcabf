"""Version facts, under the name that MXNet had for them."""

from __future__ import annotations

import os

from . import __version__


def find_include_path() -> str:
    """The package's folder: there are no C headers in this implementation."""
    return os.path.dirname(__file__)


__all__ = ["__version__", "find_include_path"]
