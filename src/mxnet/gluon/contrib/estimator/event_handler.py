"""Handlers: objects that an Estimator tells what happens. Those with a smaller `priority` (default 0) hear first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....metric import Loss
from ._checkpoint import CheckpointHandler
from ._early_stopping import EarlyStoppingHandler
from ._events import BatchBegin, BatchEnd, EpochBegin, EpochEnd, EventHandler, TrainBegin, TrainEnd
from ._logging import LoggingHandler
from .utils import _check_metrics

__all__ = ["EventHandler", "TrainBegin", "TrainEnd", "EpochBegin", "EpochEnd", "BatchBegin", "BatchEnd", "StoppingHandler", "MetricHandler",
           "ValidationHandler", "LoggingHandler", "CheckpointHandler", "EarlyStoppingHandler", "GradientUpdateHandler"]  # fmt: skip


class StoppingHandler(TrainBegin, BatchEnd, EpochEnd):
    """Stops after the estimator's number of epochs or of batches."""

    def __init__(self, max_epoch: int | None = None, max_batch: int | None = None) -> None:
        self.max_epoch, self.max_batch = max_epoch, max_batch
        self.current_batch = self.current_epoch = 0
        self.stop_training = False

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start counting; a handler that resumed training has lowered the estimator's limits by now."""
        self.max_epoch, self.max_batch = estimator.max_epoch, estimator.max_batch
        self.current_batch = self.current_epoch = 0

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count a batch."""
        self.current_batch += 1
        self.stop_training |= self.current_batch == self.max_batch
        return self.stop_training

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count an epoch."""
        self.current_epoch += 1
        self.stop_training |= self.current_epoch == self.max_epoch
        return self.stop_training


class MetricHandler(EpochBegin, BatchEnd):
    """Keeps metrics: reset at an epoch's begin, updated after each batch."""

    def __init__(self, metrics: Any, priority: float = -1000) -> None:
        self.metrics, self.priority = _check_metrics(metrics), priority

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Reset."""
        for m in self.metrics:
            m.reset()

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Update."""
        for m in self.metrics:
            if isinstance(m, Loss):
                m.update(0, kwargs["loss"])
            else:
                m.update(kwargs["label"], kwargs["pred"])


class ValidationHandler(TrainBegin, BatchEnd, EpochEnd):
    """Calls `eval_fn(val_data=, batch_axis=, event_handlers=)` after every epoch_period epochs and every batch_period batches."""

    def __init__(self, val_data: Any, eval_fn: Callable, epoch_period: int | None = 1, batch_period: int | None = None, priority: float = -1000,
                 event_handlers: Any = None) -> None:  # fmt: skip
        self.val_data, self.eval_fn, self.epoch_period, self.batch_period = val_data, eval_fn, epoch_period, batch_period
        self.priority, self.event_handlers = priority, event_handlers
        self.current_batch = self.current_epoch = 0

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start counting."""
        self.current_batch = self.current_epoch = 0

    def _run(self, estimator: Any) -> None:
        self.eval_fn(val_data=self.val_data, batch_axis=estimator.batch_axis, event_handlers=self.event_handlers)

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Count, and validate if it is time."""
        self.current_batch += 1
        if self.batch_period and self.current_batch % self.batch_period == 0:
            self._run(estimator)

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Count, and validate if it is time."""
        self.current_epoch += 1
        if self.epoch_period and self.current_epoch % self.epoch_period == 0:
            self._run(estimator)


class GradientUpdateHandler(BatchEnd):
    """Makes a trainer step after each batch; hears before the others. Derive from it to accumulate gradients over batches."""

    def __init__(self, priority: float = -2000) -> None:
        self.priority = priority

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """A step for as many samples as there are losses."""
        loss = kwargs["loss"]
        estimator.trainer.step(sum(each.shape[0] for each in (loss if isinstance(loss, list) else [loss])))
