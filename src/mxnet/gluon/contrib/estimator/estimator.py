"""The Estimator: fits a network to data, telling handlers what happens."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

from .... import metric as metrics
from ....context import Context, cpu, gpu, num_gpus
from ... import loss as gluon_loss
from ..._errors import GluonError
from ...trainer import Trainer
from .batch_processor import BatchProcessor
from .event_handler import (
    BatchBegin,
    BatchEnd,
    EpochBegin,
    EpochEnd,
    GradientUpdateHandler,
    LoggingHandler,
    MetricHandler,
    StoppingHandler,
    TrainBegin,
    TrainEnd,
    ValidationHandler,
)

__all__ = ["Estimator"]


class Estimator:
    """A network with its loss, metrics and trainer.

    train_metrics, val_metrics  metrics besides the loss; validation metrics default to those of training
    initializer  for a network that is not initialized; trainer: default Adam's step 0.001
    context      one or several; default: all GPUs, or the CPU
    val_net, val_loss  network and loss for validation; default: those of training

    >>> import logging
    >>> data = mx.gluon.data.DataLoader(mx.gluon.data.ArrayDataset(mx.nd.ones((4, 2)), mx.nd.zeros(4)), 2)
    >>> est = mx.gluon.contrib.estimator.Estimator(mx.gluon.nn.Dense(3), mx.gluon.loss.SoftmaxCrossEntropyLoss())
    >>> est.logger.setLevel(logging.WARNING)
    >>> est.fit(data, epochs=1)
    """

    def __init__(self, net: Any, loss: Any, train_metrics: Any = None, val_metrics: Any = None, initializer: Any = None, trainer: Trainer | None = None,
                 context: Any = None, val_net: Any = None, val_loss: Any = None, batch_processor: BatchProcessor | None = None) -> None:  # fmt: skip
        if not isinstance(loss, gluon_loss.Loss):
            raise ValueError(f"Estimator: loss must be a gluon Loss, got {type(loss).__name__}. Pass for example gluon.loss.L2Loss().")
        self.net, self.loss = net, loss
        self.val_net, self.val_loss = val_net or net, val_loss or loss
        self._train_metrics = _metrics(train_metrics)
        self._val_metrics = _metrics(val_metrics) if val_metrics is not None else [type(m)() for m in self._train_metrics]
        for found, word in ((self._train_metrics, "training"), (self._val_metrics, "validation")):
            found.append(metrics.Loss(f"{word} {loss.name.rstrip('1234567890')}"))
            for m in found[:-1]:
                if not m.name.startswith(word):
                    m.name = f"{word} {m.name}"
        self.logger = logging.Logger(name="Estimator", level=logging.INFO)
        self.logger.addHandler(logging.StreamHandler(sys.stdout))
        self.context = self._contexts(context)
        self._initialize(initializer)
        if trainer is not None and not isinstance(trainer, Trainer):
            raise ValueError(
                f"Estimator: trainer must be a gluon.Trainer, got {type(trainer).__name__}. Create one from net.collect_params()."
            )
        self.trainer = trainer or Trainer(net.collect_params(), "adam", {"learning_rate": 0.001})
        self.batch_processor = batch_processor or BatchProcessor()
        self.max_epoch: int | None = None
        self.max_batch: int | None = None
        self.resume_from_checkpoint = False

    def _contexts(self, context: Any) -> list[Context]:
        if context is None:
            return [gpu(i) for i in range(num_gpus())] or [cpu()]
        found = [context] if isinstance(context, Context) else list(context)
        if not found or any(not isinstance(c, Context) for c in found):
            raise ValueError(f"Estimator: context is {context!r}. Pass a context or a list of them, for example [mx.gpu(0)].")
        return found

    def _initialize(self, initializer: Any) -> None:
        params = self.net.collect_params()
        if all(p._data is not None or p._deferred_init for p in params.values()):
            if initializer is not None:
                warnings.warn("Estimator: the network is initialized already, the initializer is not used.", stacklevel=3)
            for p in params.values():
                if set(p.list_ctx()) != set(self.context):
                    p.reset_ctx(self.context)
            return
        if initializer is None:
            params.initialize(ctx=self.context)
        else:
            params.initialize(init=initializer, ctx=self.context)

    @property
    def train_metrics(self) -> list[Any]:
        """Metrics of training, the loss last."""
        return self._train_metrics

    @property
    def val_metrics(self) -> list[Any]:
        """Metrics of validation, the loss last."""
        return self._val_metrics

    def evaluate(self, val_data: Any, batch_axis: int = 0, event_handlers: Any = None) -> None:
        """One pass over validation data; `val_metrics` have the results."""
        handlers = _list(event_handlers)
        if not any(isinstance(h, MetricHandler) for h in handlers):
            handlers.append(MetricHandler(self.val_metrics))
        told = _sorted(handlers)
        for h in told[EpochBegin]:
            h.epoch_begin(self)
        for batch in val_data:
            for h in told[BatchBegin]:
                h.batch_begin(self, batch=batch)
            _, label, pred, loss = self.batch_processor.evaluate_batch(self, batch, batch_axis)
            for h in told[BatchEnd]:
                h.batch_end(self, batch=batch, pred=pred, label=label, loss=loss)
        for h in told[EpochEnd]:
            h.epoch_end(self)

    def fit(self, train_data: Any, val_data: Any = None, epochs: int | None = None, event_handlers: Any = None, batches: int | None = None,
            batch_axis: int = 0) -> None:  # fmt: skip
        """Train for a number of epochs or of batches; handlers that are not given are added: stopping, updates, metrics, validation, logging."""
        if (epochs is None) == (batches is None):
            raise GluonError(f"Estimator: fit needs epochs or batches, got epochs={epochs}, batches={batches}. Pass exactly one.")
        self.max_epoch, self.max_batch = epochs, batches
        handlers = _list(event_handlers)

        def add(kind: type, make: Any) -> None:
            if not any(isinstance(h, kind) for h in handlers):
                handlers.append(make())

        add(StoppingHandler, lambda: StoppingHandler(epochs, batches))
        add(GradientUpdateHandler, GradientUpdateHandler)
        add(MetricHandler, lambda: MetricHandler(self.train_metrics))
        if val_data is not None:
            add(ValidationHandler, lambda: ValidationHandler(val_data, self.evaluate))
        add(LoggingHandler, lambda: LoggingHandler(metrics=self.train_metrics + (self.val_metrics if val_data is not None else [])))
        told = _sorted(handlers)
        for h in told[TrainBegin]:
            h.train_begin(self)
        while True:
            for h in told[EpochBegin]:
                h.epoch_begin(self)
            stop = False
            for batch in train_data:
                for h in told[BatchBegin]:
                    h.batch_begin(self, batch=batch)
                _, label, pred, loss = self.batch_processor.fit_batch(self, batch, batch_axis)
                size = sum(len(y) for y in label)
                answers = [h.batch_end(self, batch=batch, pred=pred, label=label, loss=loss, batch_size=size) for h in told[BatchEnd]]
                stop = any(answers)
                if stop:
                    break
            answers = [h.epoch_end(self) for h in told[EpochEnd]]  # all of them hear it, whoever wants to stop
            if stop or any(answers):
                break
        for h in told[TrainEnd]:
            h.train_end(self)


def _list(handlers: Any) -> list[Any]:
    return [] if handlers is None else list(handlers) if isinstance(handlers, (list, tuple)) else [handlers]


def _sorted(handlers: list[Any]) -> dict[type, list[Any]]:
    """Handlers by event, those with a smaller `priority` first."""
    kinds = (TrainBegin, EpochBegin, BatchBegin, BatchEnd, EpochEnd, TrainEnd)
    for h in handlers:
        if not isinstance(h, kinds):
            raise ValueError(f"Estimator: a handler is a {type(h).__name__}. Derive it from TrainBegin, BatchEnd or another event class.")
    ordered = sorted(handlers, key=lambda h: getattr(h, "priority", 0))
    return {kind: [h for h in ordered if isinstance(h, kind)] for kind in kinds}


def _metrics(given: Any) -> list[Any]:
    found = _list(given)
    for m in found:
        if not isinstance(m, metrics.EvalMetric):
            raise ValueError(f"Estimator: metrics must be EvalMetrics, got {type(m).__name__}. Pass for example mx.metric.Accuracy().")
    return found
