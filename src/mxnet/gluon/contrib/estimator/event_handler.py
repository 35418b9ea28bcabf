"""Handlers: objects that an Estimator tells what happens. `priority`: smaller ones hear first. True from batch_end or epoch_end stops training."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .... import metric as metrics
from ..._errors import GluonError

__all__ = ["EventHandler", "TrainBegin", "TrainEnd", "EpochBegin", "EpochEnd", "BatchBegin", "BatchEnd", "StoppingHandler", "MetricHandler",
           "ValidationHandler", "LoggingHandler", "CheckpointHandler", "EarlyStoppingHandler", "GradientUpdateHandler"]  # fmt: skip


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

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """After an epoch; True stops training."""
        return False


class BatchBegin(EventHandler):
    """Hears of every batch's begin."""

    def batch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Before a batch; kwargs: batch."""


class BatchEnd(EventHandler):
    """Hears of every batch's end."""

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """After a batch; kwargs: batch, pred, label, loss. True stops training."""
        return False


class StoppingHandler(TrainBegin, BatchEnd, EpochEnd):
    """Stops after a number of epochs or of batches."""

    def __init__(self, max_epoch: int | None = None, max_batch: int | None = None) -> None:
        self.max_epoch, self.max_batch = max_epoch, max_batch
        self.current_batch = self.current_epoch = 0

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start counting."""
        self.current_batch = self.current_epoch = 0

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count a batch."""
        self.current_batch += 1
        return self.current_batch == self.max_batch

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count an epoch."""
        self.current_epoch += 1
        return self.current_epoch == self.max_epoch


class MetricHandler(EpochBegin, BatchEnd):
    """Keeps metrics: reset at an epoch's begin, updated after each batch."""

    def __init__(self, metrics: Any, priority: float = -1000) -> None:
        self.metrics = metrics if isinstance(metrics, (list, tuple)) else [metrics]
        self.priority = priority

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Reset."""
        for m in self.metrics:
            m.reset()

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Update."""
        for m in self.metrics:
            if isinstance(m, metrics.Loss):
                m.update(0, kwargs["loss"])
            else:
                m.update(kwargs["label"], kwargs["pred"])
        return False


class ValidationHandler(TrainBegin, BatchEnd, EpochEnd):
    """Calls eval_fn(val_data=...) after every epoch_period epochs and every batch_period batches."""

    def __init__(self, val_data: Any, eval_fn: Callable, epoch_period: int | None = 1, batch_period: int | None = None, priority: float = -1000,
                 event_handlers: Any = None) -> None:  # fmt: skip
        self.val_data, self.eval_fn, self.epoch_period, self.batch_period = val_data, eval_fn, epoch_period, batch_period
        self.priority, self.event_handlers = priority, event_handlers
        self.current_batch = self.current_epoch = 0

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start counting."""
        self.current_batch = self.current_epoch = 0

    def _run(self) -> None:
        if self.event_handlers is None:
            self.eval_fn(val_data=self.val_data)
        else:
            self.eval_fn(val_data=self.val_data, event_handlers=self.event_handlers)

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count, and validate if it is time."""
        self.current_batch += 1
        if self.batch_period and self.current_batch % self.batch_period == 0:
            self._run()
        return False

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count, and validate if it is time."""
        self.current_epoch += 1
        if self.epoch_period and self.current_epoch % self.epoch_period == 0:
            self._run()
        return False


class LoggingHandler(TrainBegin, TrainEnd, EpochBegin, EpochEnd, BatchBegin, BatchEnd):
    """Logs times and metrics with the estimator's logger: after every epoch, or every log_interval batches."""

    def __init__(self, log_interval: Any = "epoch", metrics: Any = None, priority: float = np.inf) -> None:
        if log_interval != "epoch" and not isinstance(log_interval, int):
            raise ValueError(f"LoggingHandler: log_interval is {log_interval!r}. Use 'epoch' or a number of batches.")
        self.log_interval, self.metrics, self.priority = log_interval, list(metrics or []), priority
        self.batch_index = self.current_epoch = self.processed_samples = 0

    def _values(self) -> str:
        return ", ".join(f"{name}: {value:.4f}" for name, value in (m.get() for m in self.metrics))

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Log how training begins."""
        self._start, self.batch_index, self.current_epoch = time.time(), 0, 0
        limit = f"{estimator.max_epoch} epochs" if estimator.max_epoch else f"{estimator.max_batch} batches"
        rate = estimator.trainer.learning_rate
        estimator.logger.info(f"Training begins: {type(estimator.trainer.optimizer).__name__}, learning rate {rate:.4g}, {limit}.")

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Log how training ended."""
        estimator.logger.info(f"Training ended after {time.time() - self._start:.1f} s. {self._values()}")

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start the epoch's clock."""
        self._epoch_start, self.batch_index = time.time(), 0

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Log the epoch."""
        estimator.logger.info(f"[Epoch {self.current_epoch}] {time.time() - self._epoch_start:.1f} s, {self._values()}")
        self.current_epoch += 1
        return False

    def batch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start the batch's clock."""
        self._batch_start = time.time()

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Log the batch if it is time."""
        if self.log_interval != "epoch" and self.batch_index % self.log_interval == 0:
            passed = time.time() - self._batch_start
            estimator.logger.info(f"[Epoch {self.current_epoch}][Batch {self.batch_index}] {passed:.3f} s, {self._values()}")
        self.batch_index += 1
        return False


def _better(mode: str, monitor: Any, where: str) -> Callable[[float, float], bool]:
    if mode not in ("auto", "min", "max"):
        raise ValueError(f"{where}: mode is {mode!r}. Use auto, min or max.")
    name = monitor.get()[0].lower() if monitor is not None else ""
    upward = mode == "max" or (mode == "auto" and any(word in name for word in ("acc", "f1", "mcc", "pearson")))
    return np.greater if upward else np.less


class CheckpointHandler(TrainBegin, BatchEnd, EpochEnd):
    """Saves parameters and trainer states to `model_dir` every so many epochs or batches, and the best by `monitor` if save_best.

    Files: PREFIX-epochEbatchB.params and .states, PREFIX-best.params. max_checkpoints: older ones are deleted.
    resume_from_checkpoint: training continues from the newest.
    """

    def __init__(self, model_dir: str, model_prefix: str = "model", monitor: Any = None, verbose: int = 0, save_best: bool = False, mode: str = "auto",
                 epoch_period: int | None = 1, batch_period: int | None = None, max_checkpoints: int = 5, resume_from_checkpoint: bool = False) -> None:  # fmt: skip
        if save_best and not isinstance(monitor, metrics.EvalMetric):
            raise ValueError("CheckpointHandler: save_best needs monitor, a metric of the estimator. Pass est.val_metrics[0] or another.")
        self.model_dir, self.model_prefix, self.monitor, self.verbose, self.save_best = model_dir, model_prefix, monitor, verbose, save_best
        self.epoch_period, self.batch_period, self.max_checkpoints = epoch_period, batch_period, max_checkpoints
        self.resume_from_checkpoint = resume_from_checkpoint
        self._is_better = _better(mode, monitor, "CheckpointHandler")
        self.best = np.inf if self._is_better is np.less else -np.inf
        self.saved_checkpoints: list[str] = []
        self.current_batch = self.current_epoch = 0
        os.makedirs(model_dir, exist_ok=True)

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start counting, or continue from the newest checkpoint."""
        self.current_batch = self.current_epoch = 0
        if self.resume_from_checkpoint:
            found = sorted((f for f in os.listdir(self.model_dir) if f.startswith(self.model_prefix + "-epoch") and f.endswith(".params")),
                           key=lambda f: os.path.getmtime(os.path.join(self.model_dir, f)))  # fmt: skip
            if found:
                base = os.path.join(self.model_dir, found[-1][: -len(".params")])
                estimator.net.load_parameters(base + ".params", ctx=None)
                if os.path.exists(base + ".states"):
                    estimator.trainer.load_states(base + ".states")

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count, and save if it is time."""
        self.current_batch += 1
        if self.batch_period and self.current_batch % self.batch_period == 0:
            self._save(estimator)
        return False

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count, and save if it is time."""
        self.current_epoch += 1
        if self.epoch_period and self.current_epoch % self.epoch_period == 0:
            self._save(estimator)
        return False

    def _save(self, estimator: Any) -> None:
        base = os.path.join(self.model_dir, f"{self.model_prefix}-epoch{self.current_epoch}batch{self.current_batch}")
        estimator.net.save_parameters(base + ".params")
        estimator.trainer.save_states(base + ".states")
        self.saved_checkpoints.append(base)
        if len(self.saved_checkpoints) > self.max_checkpoints:
            oldest = self.saved_checkpoints.pop(0)
            for end in (".params", ".states"):
                if os.path.exists(oldest + end):
                    os.remove(oldest + end)
        if self.save_best:
            value = self.monitor.get()[1]
            if self._is_better(value, self.best):
                self.best = value
                estimator.net.save_parameters(os.path.join(self.model_dir, f"{self.model_prefix}-best.params"))
                if self.verbose:
                    estimator.logger.info(f"{self.monitor.get()[0]} {value:.4f} is the best so far, saved.")


class EarlyStoppingHandler(TrainBegin, EpochEnd, TrainEnd):
    """Stops when `monitor` has not improved by more than min_delta for `patience` epochs (or never beat `baseline`)."""

    def __init__(self, monitor: Any, min_delta: float = 0, patience: int = 0, mode: str = "auto", baseline: float | None = None) -> None:
        if not isinstance(monitor, metrics.EvalMetric):
            raise GluonError(
                f"EarlyStoppingHandler: monitor must be a metric of the estimator, got {type(monitor).__name__}. Pass est.val_metrics[0]."
            )
        self.monitor, self.patience, self.baseline = monitor, patience, baseline
        self._is_better = _better(mode, monitor, "EarlyStoppingHandler")
        self.min_delta = min_delta if self._is_better is np.greater else -min_delta
        self.train_begin(None)

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Forget earlier training."""
        self.wait = self.stopped_epoch = self.current_epoch = 0
        self.best = self.baseline if self.baseline is not None else np.inf if self._is_better is np.less else -np.inf

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Compare with the best."""
        value = self.monitor.get()[1]
        self.current_epoch += 1
        if np.isnan(value):
            return False
        if self._is_better(value - self.min_delta, self.best):
            self.best, self.wait = value, 0
            return False
        self.wait += 1
        if self.wait < max(1, self.patience):
            return False
        self.stopped_epoch = self.current_epoch
        return True

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Log the reason."""
        if self.stopped_epoch:
            estimator.logger.info(
                f"Stopped early at epoch {self.stopped_epoch}: {self.monitor.get()[0]} did not improve on {self.best:.4f}."
            )


class GradientUpdateHandler(BatchEnd):
    """Makes a trainer step after each batch; hears before the others. Derive from it to accumulate gradients over batches."""

    def __init__(self, priority: float = -2000) -> None:
        self.priority = priority

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Step."""
        size = kwargs.get("batch_size") or sum(len(each) for each in kwargs["loss"])
        estimator.trainer.step(size)
        return False
