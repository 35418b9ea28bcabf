"""Additional layers."""

from __future__ import annotations

from .basic_layers import *  # noqa: F403
from .basic_layers import __all__
