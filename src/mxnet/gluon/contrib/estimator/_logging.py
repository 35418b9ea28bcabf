"""LoggingHandler: what training does, in the estimator's log."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ._events import BatchBegin, BatchEnd, EpochBegin, EpochEnd, TrainBegin, TrainEnd
from .utils import _check_metrics


class LoggingHandler(TrainBegin, TrainEnd, EpochBegin, EpochEnd, BatchBegin, BatchEnd):
    """Logs times and metrics with the estimator's logger: after every epoch, and every `log_interval` batches if that is a number.

    A line of a batch: `[Epoch 0][Batch 10][Samples 88] time/interval: 0.012s training accuracy: 0.7500`.
    """

    def __init__(self, log_interval: int | str = "epoch", metrics: Any = None, priority: float = np.inf) -> None:
        if log_interval != "epoch" and not isinstance(log_interval, int):
            raise ValueError(f"LoggingHandler: log_interval is {log_interval!r}. Use 'epoch' or a number of batches.")
        self.metrics = _check_metrics(metrics)
        self.log_interval, self.priority = log_interval, priority
        self.batch_index = self.current_epoch = self.processed_samples = 0
        self.log_interval_time = 0.0

    def _values(self) -> str:
        return ", ".join(f"{name}: {value:.4f}" for name, value in (m.get() for m in self.metrics))

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Log how training begins."""
        self.train_start = time.time()
        self.batch_index = self.current_epoch = self.processed_samples = 0
        self.log_interval_time = 0.0
        name, rate = type(estimator.trainer.optimizer).__name__, estimator.trainer.learning_rate
        limit = f"{estimator.max_epoch} epochs" if estimator.max_epoch else f"{estimator.max_batch} batches"
        estimator.logger.info(f"Training begins: {name}, learning rate {rate:.4g}, {limit}.")

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Log how training ended."""
        passed = time.time() - self.train_start
        estimator.logger.info(f"Training ended after {passed:.1f} s, {self.current_epoch} epochs. {self._values()}")

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start the epoch's clock. Metrics of training have "training" in their names, others mean a pass of validation."""
        self.epoch_start = time.time()
        if any("training" in m.name for m in self.metrics):
            estimator.logger.info(f"[Epoch {self.current_epoch}] begins, learning rate {estimator.trainer.learning_rate:.4g}")
        else:
            estimator.logger.info("Validation begins")

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Log the epoch."""
        passed = time.time() - self.epoch_start
        estimator.logger.info(f"[Epoch {self.current_epoch}] {passed:.3f}s, {self._values()}")
        self.current_epoch += 1
        self.batch_index = 0

    def batch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start the batch's clock."""
        self.batch_start = time.time()

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Log the batch if it is time."""
        if isinstance(self.log_interval, int):
            self.log_interval_time += time.time() - self.batch_start
            self.processed_samples += kwargs["batch"][0].shape[0]
            if self.batch_index % self.log_interval == 0:
                place = f"[Epoch {self.current_epoch}][Batch {self.batch_index}][Samples {self.processed_samples}]"
                estimator.logger.info(f"{place} time/interval: {self.log_interval_time:.3f}s {self._values()}")
                self.log_interval_time = 0.0
        self.batch_index += 1
