"""Which way a watched metric improves."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np


def better(mode: str, monitor: Any, where: str) -> Callable[[Any, Any], Any]:
    """np.greater or np.less. "auto" goes by the metric's name: accuracies, f1 and correlations should grow, all others shrink."""
    if mode not in ("auto", "min", "max"):
        warnings.warn(f"{where}: mode {mode!r} is unknown, auto is used. Use auto, min or max.", RuntimeWarning, stacklevel=3)
        mode = "auto"
    name = str(monitor.get()[0]).lower()
    grows = mode == "max" or (mode == "auto" and any(word in name for word in ("acc", "f1", "mcc", "pearson")))
    return np.greater if grows else np.less


def worst(op: Callable[[Any, Any], Any]) -> float:
    """What every value improves on."""
    return np.inf if op is np.less else -np.inf
