"""EarlyStoppingHandler: training ends when a metric no longer improves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ....metric import CompositeEvalMetric, EvalMetric
from ..._errors import GluonError
from ._events import EpochEnd, TrainBegin, TrainEnd
from ._monitor import better, worst


class EarlyStoppingHandler(TrainBegin, EpochEnd, TrainEnd):
    """Stops when `monitor` has not improved by more than min_delta for `patience` epochs, counted from the best or from `baseline`.

    mode  "min", "max" or "auto": which way the metric improves; `stopped_epoch`: the epoch that was the last, counted from 0

    Differences: mode "auto" lets metrics shrink whose names speak of no accuracy, where the original let all of them grow.
    """

    def __init__(self, monitor: Any, min_delta: float = 0, patience: int = 0, mode: str = "auto", baseline: float | None = None) -> None:
        if not isinstance(monitor, EvalMetric) or isinstance(monitor, CompositeEvalMetric):
            raise GluonError(
                f"EarlyStoppingHandler: monitor must be one metric of the estimator, got {type(monitor).__name__}. Pass est.val_metrics[0]."
            )
        self.monitor, self.patience, self.baseline = monitor, patience, baseline
        self.monitor_op = better(mode, monitor, "EarlyStoppingHandler")
        self.min_delta = min_delta if self.monitor_op is np.greater else -min_delta
        self.train_begin(None)

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Forget earlier training."""
        self.wait = self.stopped_epoch = self.current_epoch = 0
        self.stop_training = False
        self.best = worst(self.monitor_op) if self.baseline is None else self.baseline

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Compare with the best."""
        name, value = self.monitor.get()
        if np.isnan(value):
            warnings.warn(f"EarlyStoppingHandler: {name} has no value. Use a metric of the estimator.", RuntimeWarning, stacklevel=2)
        elif self.monitor_op(value - self.min_delta, self.best):
            self.best, self.wait = value, 0
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped_epoch, self.stop_training = self.current_epoch, True
        self.current_epoch += 1
        return self.stop_training

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Log the reason."""
        if self.stop_training:
            name = self.monitor.get()[0]
            estimator.logger.info(f"[Epoch {self.stopped_epoch}] EarlyStoppingHandler: {name} no longer improves on {self.best:.4f}.")
