"""BaseModule: what every module can do in terms of a few steps (bind, forward, backward, update ...) that subclasses define."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import metric as metrics
from .. import ndarray as nd
from .._checkpoint import joined_params, split_params
from ..error import MXNetError
from ..initializer import Uniform
from ..io import DataBatch
from ..model import BatchEndParam


class EmptyData(MXNetError, StopIteration):
    """An epoch without batches (the original lets the iterator's StopIteration through)."""


class BaseModule:
    """The base of modules. `fit`, `score`, `predict` work on any subclass that defines the steps.

    State goes binded -> params_initialized -> optimizer_initialized.
    """

    def __init__(self, logger: Any = logging) -> None:
        self.logger = logger
        self.binded = False
        self.for_training = False
        self.inputs_need_grad = False
        self.params_initialized = False
        self.optimizer_initialized = False
        self._symbol: Any = None

    # ---- whole passes

    def forward_backward(self, data_batch: Any) -> None:
        """Forward in training mode, then backward."""
        self.forward(data_batch, is_train=True)
        self.backward()

    def _ready(self, what: str) -> None:
        assert self.binded and self.params_initialized, f"{what}: the module is not ready. Call bind and init_params first."

    def score(self, eval_data: Any, eval_metric: Any, num_batch: int | None = None, batch_end_callback: Any = None, score_end_callback: Any = None,
              reset: bool = True, epoch: int = 0, sparse_row_id_fn: Callable | None = None) -> list[tuple[str, float]]:  # fmt: skip
        """(name, value) pairs of a metric on an iterator, in prediction mode."""
        self._ready("score")
        if reset:
            eval_data.reset()
        if not isinstance(eval_metric, metrics.EvalMetric):
            eval_metric = metrics.create(eval_metric)
        eval_metric.reset()
        count = 0
        for nbatch, eval_batch in enumerate(eval_data):
            if num_batch is not None and nbatch == num_batch:
                break
            self.prepare(eval_batch, sparse_row_id_fn=sparse_row_id_fn)
            self.forward(eval_batch, is_train=False)
            self._count(eval_metric, eval_batch)
            _notify(batch_end_callback, BatchEndParam(epoch, nbatch, eval_metric, locals()))
            count += 1
        _notify(score_end_callback, BatchEndParam(epoch, count, eval_metric, locals()))
        return eval_metric.get_name_value()

    def _count(self, eval_metric: Any, batch: Any) -> None:
        """Hand the batch's labels to the metric; a list of batches is already divided over the devices."""
        if isinstance(batch, list):
            self.update_metric(eval_metric, [b.label for b in batch], pre_sliced=True)
        else:
            self.update_metric(eval_metric, batch.label)

    def iter_predict(
        self, eval_data: Any, num_batch: int | None = None, reset: bool = True, sparse_row_id_fn: Callable | None = None
    ) -> Iterator:
        """(outputs, number, batch) for each batch; the outputs are without the rows that pad the last batch."""
        self._ready("iter_predict")
        if reset:
            eval_data.reset()
        for nbatch, eval_batch in enumerate(eval_data):
            if num_batch is not None and nbatch == num_batch:
                break
            self.prepare(eval_batch, sparse_row_id_fn=sparse_row_id_fn)
            self.forward(eval_batch, is_train=False)
            pad = eval_batch.pad or 0
            yield [out[0 : out.shape[0] - pad] for out in self.get_outputs()], nbatch, eval_batch

    def predict(self, eval_data: Any, num_batch: int | None = None, merge_batches: bool = True, reset: bool = True, always_output_list: bool = False,
                sparse_row_id_fn: Callable | None = None) -> Any:  # fmt: skip
        """Outputs for an iterator, without padding: one array (a list for several outputs), or lists by batch if merge_batches is false.

        An NDArray or NumPy array is one batch of data.
        """
        self._ready("predict")
        if isinstance(eval_data, (nd.NDArray, np.ndarray)):
            if isinstance(eval_data, np.ndarray):
                eval_data = nd.array(eval_data)
            self.forward(DataBatch([eval_data]), is_train=False)
            return self.get_outputs()[0]
        if not hasattr(eval_data, "reset"):
            raise ValueError(f"predict: eval_data must be an iterator or an array, got {type(eval_data).__name__}. Pass one of them.")
        if reset:
            eval_data.reset()
        batches = []
        for nbatch, eval_batch in enumerate(eval_data):
            if num_batch is not None and nbatch == num_batch:
                break
            self.prepare(eval_batch, sparse_row_id_fn=sparse_row_id_fn)
            self.forward(eval_batch, is_train=False)
            pad = eval_batch.pad or 0
            batches.append([out[0 : out.shape[0] - pad].copy() for out in self.get_outputs()])
        if not batches or not merge_batches:
            return batches
        count = len(batches[0])
        if any(len(b) != count for b in batches):
            raise AssertionError("predict: batches have different numbers of outputs (buckets?). Pass merge_batches=False.")
        merged = [nd.concatenate([b[i] for b in batches]) for i in range(count)]
        return merged[0] if count == 1 and not always_output_list else merged

    def fit(self, train_data: Any, eval_data: Any = None, eval_metric: Any = "acc", epoch_end_callback: Any = None, batch_end_callback: Any = None,
            kvstore: Any = "local", optimizer: Any = "sgd", optimizer_params: Any = (("learning_rate", 0.01),), eval_end_callback: Any = None,
            eval_batch_end_callback: Any = None, initializer: Any = Uniform(0.01), arg_params: dict | None = None, aux_params: dict | None = None,
            allow_missing: bool = False, force_rebind: bool = False, force_init: bool = False, begin_epoch: int = 0, num_epoch: int | None = None,
            validation_metric: Any = None, monitor: Any = None, sparse_row_id_fn: Callable | None = None) -> None:  # fmt: skip
        """Bind, initialize, and train for num_epoch epochs on an iterator; after each, score eval_data.

        batch_end_callback, eval_batch_end_callback, eval_end_callback get a BatchEndParam; epoch_end_callback (epoch, symbol, arguments, states).
        sparse_row_id_fn(batch) gives the rows of row-sparse parameters that the batch needs, by name.
        """
        assert num_epoch is not None, "fit: num_epoch is missing. Pass the number of epochs."
        if not hasattr(train_data, "provide_data"):
            raise TypeError(f"fit: train_data must be a DataIter, got {type(train_data).__name__}. "
                            "Make one of arrays with mx.io.NDArrayIter(data, label, batch_size).")  # fmt: skip
        self.bind(data_shapes=train_data.provide_data, label_shapes=train_data.provide_label, for_training=True, force_rebind=force_rebind)
        if monitor is not None:
            self.install_monitor(monitor)
        self.init_params(
            initializer=initializer, arg_params=arg_params, aux_params=aux_params, allow_missing=allow_missing, force_init=force_init
        )
        self.init_optimizer(kvstore=kvstore, optimizer=optimizer, optimizer_params=optimizer_params)
        if validation_metric is None:
            validation_metric = eval_metric
        if not isinstance(eval_metric, metrics.EvalMetric):
            eval_metric = metrics.create(eval_metric)
        for epoch in range(begin_epoch, num_epoch):
            start = time.time()
            eval_metric.reset()
            values = self._epoch(train_data, eval_metric, epoch, batch_end_callback, monitor, sparse_row_id_fn)
            for name, value in values:
                self.logger.info("Epoch[%d] Train-%s=%f", epoch, name, value)
            self.logger.info("Epoch[%d] Time cost=%.3f", epoch, time.time() - start)
            arguments, states = self.get_params()  # from the devices, and back to them: averages where devices differ
            self.set_params(arguments, states)
            for callback in as_list(epoch_end_callback) if epoch_end_callback is not None else ():
                callback(epoch, self.symbol, arguments, states)
            if eval_data is not None:
                found = self.score(eval_data, validation_metric, score_end_callback=eval_end_callback, batch_end_callback=eval_batch_end_callback,
                                   epoch=epoch, sparse_row_id_fn=sparse_row_id_fn)  # fmt: skip
                for name, value in found:
                    self.logger.info("Epoch[%d] Validation-%s=%f", epoch, name, value)
            train_data.reset()

    def _epoch(self, train_data: Any, eval_metric: Any, epoch: int, batch_end_callback: Any, monitor: Any, sparse_row_id_fn: Any) -> list:
        """Train on all batches; the metric's values over the epoch. The next batch is fetched before the metric waits for the outputs."""
        batches = iter(train_data)
        data_batch = next(batches, None)
        values: list = []
        nbatch = 0
        while data_batch is not None:
            if monitor is not None:
                monitor.tic()
            if nbatch == 0:
                self.prepare(data_batch, sparse_row_id_fn=sparse_row_id_fn)
            if isinstance(data_batch, list):  # batches that are already divided over the devices
                self.forward(data_batch, is_train=True)
                self.backward()
            else:
                self.forward_backward(data_batch)
            self.update()
            self._count(eval_metric, data_batch)
            upcoming = next(batches, None)
            if upcoming is not None:
                self.prepare(upcoming, sparse_row_id_fn=sparse_row_id_fn)
            if monitor is not None:
                monitor.toc_print()
            if upcoming is None:
                values = eval_metric.get_global_name_value()
            _notify(batch_end_callback, BatchEndParam(epoch, nbatch, eval_metric, locals()))
            data_batch = upcoming
            nbatch += 1
        if nbatch == 0:
            raise EmptyData(f"fit: train_data gave no batch in epoch {epoch}. Call its reset() if it was read before; else the batch size "
                            "may be larger than the data.")  # fmt: skip
        return values

    # ---- facts that subclasses give

    @property
    def data_names(self) -> list[str]:
        """Names of the data."""
        raise NotImplementedError(f"{type(self).__name__}: data_names is not defined.")

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        raise NotImplementedError(f"{type(self).__name__}: output_names is not defined.")

    @property
    def data_shapes(self) -> list:
        """Descriptions of the data."""
        raise NotImplementedError(f"{type(self).__name__}: data_shapes is not defined.")

    @property
    def label_shapes(self) -> Any:
        """Descriptions of the labels."""
        raise NotImplementedError(f"{type(self).__name__}: label_shapes is not defined.")

    @property
    def output_shapes(self) -> list:
        """(name, shape) of the outputs."""
        raise NotImplementedError(f"{type(self).__name__}: output_shapes is not defined.")

    @property
    def symbol(self) -> Any:
        """The symbol that the module runs."""
        return self._symbol

    # ---- parameters

    def get_params(self) -> tuple[dict, dict]:
        """(arguments, auxiliary states) by name."""
        raise NotImplementedError(f"{type(self).__name__}: get_params is not defined.")

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict | None = None, aux_params: dict | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:  # fmt: skip
        """Give parameters their first values."""
        raise NotImplementedError(f"{type(self).__name__}: init_params is not defined.")

    def set_params(self, arg_params: dict | None, aux_params: dict | None, allow_missing: bool = False, force_init: bool = True,
                   allow_extra: bool = False) -> None:  # fmt: skip
        """Set parameters; a name that is missing is an error unless allow_missing."""
        self.init_params(initializer=None, arg_params=arg_params, aux_params=aux_params, allow_missing=allow_missing, force_init=force_init,
                         allow_extra=allow_extra)  # fmt: skip

    def save_params(self, fname: str) -> None:
        """Write all parameters to a file."""
        arguments, states = self.get_params()
        nd.save(fname, joined_params(arguments, states))

    def load_params(self, fname: str) -> None:
        """Set parameters from a file that `save_params` or a checkpoint wrote."""
        arguments, states = split_params(nd.load(fname), fname)
        self.set_params(arguments, states)

    def get_states(self, merge_multi_context: bool = True) -> list:
        """Values of the states: a plain module has none."""
        assert self.binded and self.params_initialized
        assert not merge_multi_context
        return []

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Set the states: a plain module has none."""
        assert self.binded and self.params_initialized
        assert not states and not value

    def install_monitor(self, mon: Any) -> None:
        """Watch all executors."""
        raise NotImplementedError(f"{type(self).__name__}: install_monitor is not defined.")

    # ---- steps

    def prepare(self, data_batch: Any, sparse_row_id_fn: Callable | None = None) -> None:
        """Get ready for a batch: fetch the rows of row-sparse parameters that it needs."""
        if sparse_row_id_fn is not None:
            warnings.warn(f"{type(self).__name__}: sparse_row_id_fn has no effect here.", stacklevel=2)

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Compute the outputs of a batch."""
        raise NotImplementedError(f"{type(self).__name__}: forward is not defined.")

    def backward(self, out_grads: Any = None) -> None:
        """Compute gradients."""
        raise NotImplementedError(f"{type(self).__name__}: backward is not defined.")

    def get_outputs(self, merge_multi_context: bool = True) -> list:
        """Outputs of the last forward."""
        raise NotImplementedError(f"{type(self).__name__}: get_outputs is not defined.")

    def get_input_grads(self, merge_multi_context: bool = True) -> list:
        """Gradients of the data, of the last backward."""
        raise NotImplementedError(f"{type(self).__name__}: get_input_grads is not defined.")

    def update(self) -> None:
        """Update parameters with the gradients."""
        raise NotImplementedError(f"{type(self).__name__}: update is not defined.")

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Count the outputs of the last forward."""
        raise NotImplementedError(f"{type(self).__name__}: update_metric is not defined.")

    def bind(self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True, inputs_need_grad: bool = False, force_rebind: bool = False,
             shared_module: Any = None, grad_req: Any = "write") -> None:  # fmt: skip
        """Make executors for inputs of these shapes."""
        raise NotImplementedError(f"{type(self).__name__}: bind is not defined.")

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd", optimizer_params: Any = (("learning_rate", 0.01),),
                       force_init: bool = False) -> None:  # fmt: skip
        """Make the optimizer."""
        raise NotImplementedError(f"{type(self).__name__}: init_optimizer is not defined.")


def _notify(callbacks: Any, param: BatchEndParam) -> None:
    for callback in as_list(callbacks) if callbacks is not None else ():
        callback(param)


def as_list(value: Any) -> list:
    """A list of the value, or the list itself."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
