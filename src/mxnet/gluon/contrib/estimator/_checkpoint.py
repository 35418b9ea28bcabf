"""CheckpointHandler: files of the network and of the trainer during training, and training that continues from them."""

from __future__ import annotations

import os
import re
import warnings
from typing import Any

import numpy as np

from ....metric import EvalMetric
from ..._errors import GluonError
from ._events import BatchEnd, EpochEnd, TrainBegin
from ._monitor import better, worst


class CheckpointHandler(TrainBegin, BatchEnd, EpochEnd):
    """Saves parameters and trainer states to `model_dir` every epoch_period epochs and every batch_period batches.

    Files: PREFIX-epochEbatchB.params and .states (both numbers count from 0), the graph of a hybridized network as PREFIX-symbol.json after the
    first batch, and with save_best PREFIX-best.params and .states whenever `monitor` has improved (`mode`: auto, min or max).
    max_checkpoints         of the numbered ones; older ones are deleted
    resume_from_checkpoint  training continues from the newest of model_dir, and the epochs (or batches) that are done count

    Differences: mode "auto" lets metrics shrink whose names speak of no accuracy, where the original let all of them grow.

    >>> E = mx.gluon.contrib.estimator
    >>> keep = E.CheckpointHandler("checkpoints", epoch_period=2)   # doctest: +SKIP
    >>> est.fit(data, epochs=10, event_handlers=keep)               # doctest: +SKIP
    """

    def __init__(self, model_dir: str, model_prefix: str = "model", monitor: Any = None, verbose: int = 0, save_best: bool = False, mode: str = "auto",
                 epoch_period: int | None = 1, batch_period: int | None = None, max_checkpoints: int = 5, resume_from_checkpoint: bool = False) -> None:  # fmt: skip
        if save_best and not isinstance(monitor, EvalMetric):
            raise ValueError("CheckpointHandler: save_best needs monitor, a metric of the estimator. Pass est.val_metrics[0] or another.")
        self.model_dir, self.model_prefix, self.monitor, self.verbose, self.save_best = model_dir, model_prefix, monitor, verbose, save_best
        self.epoch_period, self.batch_period, self.max_checkpoints = epoch_period, batch_period, max_checkpoints
        self.resume_from_checkpoint = resume_from_checkpoint
        self.saved_checkpoints: list[str] = []
        self.current_batch = self.current_epoch = 0
        if save_best:
            self.monitor_op = better(mode, monitor, "CheckpointHandler")
            self.best = worst(self.monitor_op)
        os.makedirs(model_dir, exist_ok=True)

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start counting, or continue from the newest checkpoint."""
        self.current_batch = self.current_epoch = 0
        if self.save_best:
            self.best = worst(self.monitor_op)
        if not self.resume_from_checkpoint:
            return
        other, own = (self.epoch_period, self.batch_period) if estimator.max_batch else (self.batch_period, self.epoch_period)
        if other or not own:
            raise GluonError(
                f"CheckpointHandler: training by {'batches' if estimator.max_batch else 'epochs'} continues from checkpoints of the same kind only "
                f"(epoch_period={self.epoch_period}, batch_period={self.batch_period}). Set that period and the other one to None."
            )
        self._resume_from_checkpoint(estimator)

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Save if it is time, and count."""
        if self.current_batch == 0:
            self._save_symbol(estimator)
        if self.batch_period and (self.current_batch + 1) % self.batch_period == 0:
            self._save_checkpoint(estimator)
        self.current_batch += 1

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Save if it is time, and count."""
        if self.epoch_period and (self.current_epoch + 1) % self.epoch_period == 0:
            self._save_checkpoint(estimator)
        self.current_epoch += 1

    # ---- saving

    def _save_checkpoint(self, estimator: Any) -> None:
        epoch, batch = self.current_epoch, self.current_batch
        if self.resume_from_checkpoint:
            epoch += self.trained_epoch + 1
            batch += self.trained_batch + (0 if estimator.max_epoch else 1)  # at an epoch's end the last batch is counted already
        prefix = f"{self.model_prefix}-epoch{epoch}batch{batch}"
        self._save_params_and_trainer(estimator, prefix)
        if self.verbose:
            estimator.logger.info(f"[Epoch {self.current_epoch}] CheckpointHandler: saved {prefix} in {self.model_dir}.")
        if self.save_best:
            self._save_best(estimator)

    def _save_best(self, estimator: Any) -> None:
        name, value = self.monitor.get()
        if np.isnan(value):
            warnings.warn(
                f"CheckpointHandler: {name} has no value, the best is not saved. Use a metric of the estimator.", RuntimeWarning, 4
            )
        elif self.monitor_op(value, self.best):
            self._save_params_and_trainer(estimator, self.model_prefix + "-best")
            if self.verbose:
                estimator.logger.info(
                    f"[Epoch {self.current_epoch}] CheckpointHandler: {name} improved from {self.best:.5f} to {value:.5f}."
                )
            self.best = value
        elif self.verbose:
            estimator.logger.info(f"[Epoch {self.current_epoch}] CheckpointHandler: {name} did not improve on {self.best:.5f}.")

    def _save_symbol(self, estimator: Any) -> None:
        path = os.path.join(self.model_dir, self.model_prefix + "-symbol.json")
        graph = getattr(estimator.net, "_cached_graph", None)
        if graph:
            graph[1].save(path)
        else:
            estimator.logger.info(f"CheckpointHandler: {path} is not written, the network is not hybridized. Call net.hybridize() before.")

    def _save_params_and_trainer(self, estimator: Any, file_prefix: str) -> None:
        estimator.net.save_parameters(os.path.join(self.model_dir, file_prefix + ".params"))
        estimator.trainer.save_states(os.path.join(self.model_dir, file_prefix + ".states"))
        if file_prefix == self.model_prefix + "-best":
            return
        self.saved_checkpoints.append(file_prefix)
        if len(self.saved_checkpoints) > self.max_checkpoints:
            oldest = self.saved_checkpoints.pop(0)
            for end in (".params", ".states"):
                if os.path.exists(os.path.join(self.model_dir, oldest + end)):
                    os.remove(os.path.join(self.model_dir, oldest + end))

    # ---- continuing

    def _found(self) -> list[tuple[int, int]]:
        """(epoch, batch) of every numbered checkpoint in model_dir, the newest last."""
        pattern = re.compile(re.escape(self.model_prefix) + r"-epoch(\d+)batch(\d+)\.params")
        matches = (pattern.fullmatch(f) for f in os.listdir(self.model_dir))
        return sorted((int(m[1]), int(m[2])) for m in matches if m)

    def _resume_from_checkpoint(self, estimator: Any) -> None:
        found = self._found()
        self.trained_epoch, self.trained_batch = found[-1] if found else (-1, -1)
        if not found:
            estimator.logger.info(f"CheckpointHandler: no checkpoint in {self.model_dir}, training begins anew.")
            return
        unit, done = ("max_epoch", self.trained_epoch) if estimator.max_epoch else ("max_batch", self.trained_batch)
        limit = getattr(estimator, unit)
        if done >= limit - 1:
            raise ValueError(
                f"CheckpointHandler: the checkpoint has reached {unit} already ({done + 1} of {limit}). "
                "Train for more, or set resume_from_checkpoint=False to begin anew."
            )
        setattr(estimator, unit, limit - done - 1)
        base = os.path.join(self.model_dir, f"{self.model_prefix}-epoch{self.trained_epoch}batch{self.trained_batch}")
        if not os.path.exists(base + ".states"):
            raise GluonError(f"CheckpointHandler: {base}.states is missing. Both files of a checkpoint are needed to continue.")
        self.saved_checkpoints = [f"{self.model_prefix}-epoch{e}batch{b}" for e, b in found]
        estimator.net.load_parameters(base + ".params", ctx=estimator.context)
        estimator.trainer.load_states(base + ".states")
        estimator.logger.warning(
            f"CheckpointHandler: training continues from epoch {self.trained_epoch}, batch {self.trained_batch}, {unit} is {getattr(estimator, unit)}."
        )
