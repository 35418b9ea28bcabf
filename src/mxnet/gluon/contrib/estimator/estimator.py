"""The Estimator: fits a network to data, telling handlers what happens."""

from __future__ import annotations

import copy
import logging
import sys
import warnings
from typing import Any

from .... import metric as metrics
from ....context import Context, cpu, gpu, num_gpus
from ... import loss as gluon_loss
from ..._errors import GluonError
from ...data import DataLoader
from ...trainer import Trainer
from ...utils import split_and_load
from ._events import EVENTS, _check_event_handlers
from .batch_processor import BatchProcessor
from .event_handler import GradientUpdateHandler, LoggingHandler, MetricHandler, StoppingHandler, ValidationHandler
from .utils import _check_handler_metric_ref, _check_metrics, _suggest_metric_for_loss

__all__ = ["Estimator"]


class Estimator:
    """A network with its loss, metrics and trainer.

    train_metrics    default: the loss, with accuracy before it for SoftmaxCrossEntropyLoss; their names get "training " in front
    val_metrics      default: copies of those of training; their names get "validation " in front
    initializer      for the parameters that are not initialized yet; trainer: default SGD with step 0.001
    context          one or several; default: the first GPU, or the CPU
    val_net, val_loss  network and loss for validation; default: those of training
    batch_processor  what to do with a batch: `fit_batch` and `evaluate_batch`
    logger           a logging.Logger that writes to stdout

    >>> import logging
    >>> data = mx.gluon.data.DataLoader(mx.gluon.data.ArrayDataset(mx.nd.ones((4, 2)), mx.nd.zeros(4)), 2)
    >>> net = mx.gluon.nn.Dense(3)
    >>> net.initialize()
    >>> trainer = mx.gluon.Trainer(net.collect_params(), "adam")
    >>> est = mx.gluon.contrib.estimator.Estimator(net, mx.gluon.loss.SoftmaxCrossEntropyLoss(), trainer=trainer)
    >>> est.logger.setLevel(logging.WARNING)
    >>> est.fit(data, epochs=1)
    """

    logger: logging.Logger

    def __init__(self, net: Any, loss: Any, train_metrics: Any = None, val_metrics: Any = None, initializer: Any = None, trainer: Trainer | None = None,
                 context: Any = None, val_net: Any = None, val_loss: Any = None, batch_processor: BatchProcessor | None = None) -> None:  # fmt: skip
        self.net, self.loss = net, self._check_loss(loss)
        self._train_metrics = _check_metrics(train_metrics)
        self._val_metrics = _check_metrics(val_metrics)
        self._name_metrics()
        self.val_net = net if val_net is None else val_net
        self.val_loss = self.loss if val_loss is None else self._check_loss(val_loss)
        self.logger = logging.Logger(name="Estimator", level=logging.INFO)
        self.logger.addHandler(logging.StreamHandler(sys.stdout))
        self.context = self._check_context(context)
        self._initialize(initializer)
        self.trainer = self._check_trainer(trainer)
        self.batch_processor = self._check_batch_processor(batch_processor)
        self.max_epoch: int | None = None
        self.max_batch: int | None = None
        self.batch_axis = 0

    # ---- what was given

    def _check_loss(self, loss: Any) -> gluon_loss.Loss:
        if not isinstance(loss, gluon_loss.Loss):
            raise ValueError(f"Estimator: loss must be a gluon Loss, got {type(loss).__name__}. Pass for example gluon.loss.L2Loss().")
        return loss

    def _check_context(self, context: Any) -> list[Context]:
        if not context:
            if num_gpus() > 1:
                warnings.warn("Estimator: gpu(0) is used, one of several. Pass context=[mx.gpu(0), mx.gpu(1)] to use more.", stacklevel=3)
            return [gpu(0)] if num_gpus() else [cpu()]
        found = [context] if isinstance(context, Context) else context
        if not isinstance(found, (list, tuple)) or not all(isinstance(c, Context) for c in found):
            raise ValueError(f"Estimator: context is {context!r}. Pass a context or a list of them, for example [mx.gpu(0)].")
        for c in found:
            if c.device_type == "gpu" and c.device_id >= num_gpus():
                raise GluonError(f"Estimator: {c} does not exist (GPUs here: {num_gpus()}). Pass one of them, or mx.cpu().")
        return list(found)

    def _check_trainer(self, trainer: Any) -> Trainer:
        if not trainer:
            warnings.warn("No trainer specified: SGD with learning rate 0.001 is used.", stacklevel=3)
            return Trainer(self.net.collect_params(), "sgd", {"learning_rate": 0.001})
        if not isinstance(trainer, Trainer):
            raise ValueError(
                f"Estimator: trainer must be a gluon.Trainer, got {type(trainer).__name__}. Create one from net.collect_params()."
            )
        return trainer

    def _check_batch_processor(self, processor: Any) -> Any:
        if processor is None:
            return BatchProcessor()
        if not all(callable(getattr(processor, name, None)) for name in ("fit_batch", "evaluate_batch")):
            raise ValueError(f"Estimator: {type(processor).__name__} lacks fit_batch or evaluate_batch. Derive it from BatchProcessor.")
        return processor

    def _initialize(self, initializer: Any) -> None:
        if not self._is_initialized():
            self.net.initialize(**({"init": initializer} if initializer else {}), ctx=self.context)
        elif initializer:
            warnings.warn(
                "Network already fully initialized: the initializer is not used. net.initialize(init, force_reinit=True) uses it.",
                stacklevel=3,
            )

    def _is_initialized(self) -> bool:
        return all(p._data is not None or p._deferred_init for p in self.net.collect_params().values())

    def _get_data_and_label(self, batch: Any, ctx: Any, batch_axis: int = 0) -> tuple[list, list]:
        """Lists of data and labels with one entry for each context."""
        data, label = (split_and_load(x, ctx, batch_axis=batch_axis) for x in (batch[0], batch[1]))
        return data, label

    # ---- metrics

    def _name_metrics(self) -> None:
        if not self._train_metrics:
            suggested = _suggest_metric_for_loss(self.loss)
            loss_name = self.loss.name.rstrip("1234567890")
            self._train_metrics = [*([suggested] if suggested else []), metrics.Loss(loss_name)]
        for m in self._train_metrics:
            m.name = "training " + m.name
        if not self._val_metrics:
            self._val_metrics = [copy.deepcopy(m) for m in self._train_metrics]
        for m in self._val_metrics:
            m.name = m.name.replace("training", "validation") if "training" in m.name else "validation " + m.name

    @property
    def train_metrics(self) -> list[Any]:
        """Metrics of training."""
        return self._train_metrics

    @property
    def val_metrics(self) -> list[Any]:
        """Metrics of validation."""
        return self._val_metrics

    # ---- the loops

    def evaluate(self, val_data: Any, batch_axis: int = 0, event_handlers: Any = None) -> None:
        """One pass over validation data (a DataLoader); `val_metrics` have the results."""
        self._check_data(val_data, "val_data")
        for m in self.val_metrics:
            m.reset()
        handlers = self._prepare_default_validation_handlers(event_handlers)
        _, epoch_begin, batch_begin, batch_end, epoch_end, _ = self._categorize_handlers(handlers)
        for h in epoch_begin:
            h.epoch_begin(self)
        for batch in val_data:
            for h in batch_begin:
                h.batch_begin(self, batch=batch)
            _, label, pred, loss = self.batch_processor.evaluate_batch(self, batch, batch_axis)
            for h in batch_end:
                h.batch_end(self, batch=batch, pred=pred, label=label, loss=loss)
        for h in epoch_end:
            h.epoch_end(self)

    def fit(self, train_data: Any, val_data: Any = None, epochs: int | None = None, event_handlers: Any = None, batches: int | None = None,
            batch_axis: int = 0) -> None:  # fmt: skip
        """Train on a DataLoader for a number of epochs or of batches. Stopping is always handled; handlers of updates, metrics, validation
        (with val_data) and logging are added if none of their kind is given.
        """
        self._check_data(train_data, "train_data")
        if bool(epochs) == bool(batches):
            raise GluonError(f"Estimator: fit needs epochs or batches, got epochs={epochs}, batches={batches}. Pass exactly one.")
        self.max_epoch, self.max_batch, self.batch_axis = epochs, batches, batch_axis
        handlers = self._prepare_default_handlers(val_data, event_handlers)
        train_begin, epoch_begin, batch_begin, batch_end, epoch_end, train_end = self._categorize_handlers(handlers)
        for h in train_begin:
            h.train_begin(self)
        while True:
            for h in epoch_begin:
                h.epoch_begin(self)
            for batch in train_data:
                for h in batch_begin:
                    h.batch_begin(self, batch=batch)
                _, label, pred, loss = self.batch_processor.fit_batch(self, batch, batch_axis)
                answers = [h.batch_end(self, batch=batch, pred=pred, label=label, loss=loss) for h in batch_end]
                if any(answers):  # after all of them have heard it
                    break
            answers = [h.epoch_end(self) for h in epoch_end]
            if any(answers):
                break
        for h in train_end:
            h.train_end(self)

    def _check_data(self, data: Any, name: str) -> None:
        if not isinstance(data, DataLoader):
            raise ValueError(f"Estimator: {name} must be a gluon.data.DataLoader, got {type(data).__name__}. Put the data into one.")

    # ---- handlers

    def _prepare_default_handlers(self, val_data: Any, event_handlers: Any) -> list[Any]:
        given = _check_event_handlers(event_handlers)
        added: list[Any] = [StoppingHandler(self.max_epoch, self.max_batch)]
        if not _has(given, GradientUpdateHandler):
            added.append(GradientUpdateHandler())
        if not _has(given, MetricHandler):
            added.append(MetricHandler(self.train_metrics))
        if val_data and not _has(given, ValidationHandler):
            added.append(ValidationHandler(val_data, self.evaluate))
        if not _has(given, LoggingHandler):
            added.append(LoggingHandler(metrics=self.train_metrics))
        return _joined(given, added, {*self.train_metrics, *self.val_metrics})

    def _prepare_default_validation_handlers(self, event_handlers: Any) -> list[Any]:
        given = _check_event_handlers(event_handlers)
        added: list[Any] = []
        if not _has(given, MetricHandler):
            added.append(MetricHandler(self.val_metrics))
        if not _has(given, LoggingHandler):
            added.append(LoggingHandler(metrics=self.val_metrics))
        return _joined(given, added, set(self.val_metrics))

    def _categorize_handlers(self, event_handlers: list[Any]) -> tuple[list[Any], ...]:
        """The handlers of each event: train_begin, epoch_begin, batch_begin, batch_end, epoch_end, train_end."""
        return tuple([h for h in event_handlers if isinstance(h, kind)] for kind in EVENTS)


def _has(handlers: list[Any], kind: type) -> bool:
    return any(isinstance(h, kind) for h in handlers)


def _joined(given: list[Any], added: list[Any], known: set[Any]) -> list[Any]:
    """All handlers in the order in which they hear. Where given ones meet added ones, their metrics must be the estimator's."""
    handlers = given + added
    if given and added:
        for h in handlers:
            _check_handler_metric_ref(h, known)
    return sorted(handlers, key=lambda h: getattr(h, "priority", 0))
