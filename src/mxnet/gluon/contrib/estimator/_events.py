"""The events of training: a handler derives from the classes of those that it wants to hear. True from batch_end or epoch_end stops training."""

from __future__ import annotations

from typing import Any


class EventHandler:
    """Base of all handlers."""


class TrainBegin(EventHandler):
    """Hears that training begins."""

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Before the first epoch."""


class TrainEnd(EventHandler):
    """Hears that training ends."""

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """After the last epoch."""


class EpochBegin(EventHandler):
    """Hears of every epoch's begin."""

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Before an epoch."""


class EpochEnd(EventHandler):
    """Hears of every epoch's end."""

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool | None:
        """After an epoch; True stops training."""
        return False


class BatchBegin(EventHandler):
    """Hears of every batch's begin."""

    def batch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Before a batch; kwargs: batch."""


class BatchEnd(EventHandler):
    """Hears of every batch's end."""

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool | None:
        """After a batch; kwargs: batch, pred, label, loss. True stops training."""
        return False


#: In the order in which `Estimator._categorize_handlers` gives the lists.
EVENTS = (TrainBegin, EpochBegin, BatchBegin, BatchEnd, EpochEnd, TrainEnd)


def _check_event_handlers(handlers: Any) -> list[EventHandler]:
    """One handler, several or None, as a new list."""
    found = [handlers] if isinstance(handlers, EventHandler) else list(handlers or [])
    for h in found:
        if not isinstance(h, EventHandler):
            raise ValueError(f"Estimator: a handler is a {type(h).__name__}. Derive it from TrainBegin, BatchEnd or another event class.")
    return found
