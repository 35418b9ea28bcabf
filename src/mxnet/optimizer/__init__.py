"""Optimizers: `mx.optimizer.create("adam", learning_rate=1e-3)`, and updaters that keep their states."""

from __future__ import annotations

from ..ndarray import NDArray
from . import contrib, optimizer
from .optimizer import *  # noqa: F403
from .optimizer import __all__ as _names
from .optimizer import __getattr__ as __getattr__

__all__ = [*_names, "contrib", "optimizer"]
