"""A training loop with events: `Estimator(net, loss).fit(data, epochs=3)`."""

from __future__ import annotations

from .batch_processor import BatchProcessor
from .estimator import Estimator
from .event_handler import *  # noqa: F403
from .event_handler import __all__ as _handlers

__all__ = ["Estimator", "BatchProcessor", *_handlers]
