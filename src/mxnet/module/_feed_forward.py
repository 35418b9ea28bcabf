"""FeedForward: the estimator of MXNet's first years (deprecated there): fit, predict and score on arrays or iterators. Module does the work."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np

from .. import model
from .. import ndarray as nd
from ..callback import LogValidationMetricsCallback
from ..context import Context, cpu
from ..initializer import Uniform
from ..io import DataBatch, DataDesc, DataIter, NDArrayIter
from ..metric import EvalMetric, create
from ..model import BatchEndParam
from ..symbol import Symbol
from .base_module import BaseModule, as_list
from .bucketing_module import BucketingModule
from .module import Module


class FeedForward:
    """A symbol with parameters as an estimator.

    symbol                  or a function that makes one of a bucket's key; then the iterator has a default_bucket_key, and batches a bucket_key
    num_epoch, epoch_size   how long to train; epoch_size limits the batches of an epoch
    optimizer, kwargs       as for Module.init_optimizer
    numpy_batch_size        batch size where fit and predict get NumPy arrays
    """

    def __init__(self, symbol: Any, ctx: Any = None, num_epoch: int | None = None, epoch_size: int | None = None, optimizer: Any = "sgd",
                 initializer: Any = Uniform(0.01), numpy_batch_size: int = 128, arg_params: dict | None = None, aux_params: dict | None = None,
                 allow_extra_params: bool = False, begin_epoch: int = 0, **kwargs: Any) -> None:  # fmt: skip
        warnings.warn("FeedForward is deprecated. Use mx.mod.Module instead.", DeprecationWarning, stacklevel=2)
        if not isinstance(symbol, Symbol) and not callable(symbol):
            raise TypeError(f"FeedForward: symbol must be a Symbol or a function of a bucket's key, got {type(symbol).__name__}. Pass one.")
        self.symbol, self.sym_gen = (symbol, None) if isinstance(symbol, Symbol) else (None, symbol)
        self.ctx = [cpu()] if ctx is None else [ctx] if isinstance(ctx, Context) else list(ctx)
        self.num_epoch, self.epoch_size, self.begin_epoch = num_epoch, epoch_size, begin_epoch
        self.optimizer, self.initializer, self.numpy_batch_size = optimizer, initializer, numpy_batch_size
        self.kwargs = dict(kwargs)
        self.arg_params, self.aux_params, self.allow_extra_params = arg_params, aux_params, allow_extra_params
        self._pred_exec: Any = None

    def __getstate__(self) -> dict:
        state = dict(self.__dict__)
        state["_pred_exec"] = None
        return state

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)

    # ---- input

    def _iterator(self, X: Any, y: Any, is_train: bool) -> Any:
        if isinstance(X, DataIter) or hasattr(X, "provide_data"):
            return X
        if not isinstance(X, (np.ndarray, nd.NDArray)):
            raise TypeError(f"FeedForward: X must be an iterator or an array, got {type(X).__name__}. Pass one of them.")
        if y is None:
            if is_train:
                raise ValueError("FeedForward: y is missing. Pass labels beside the array X.")
            y = np.zeros(X.shape[0])
        y = np.asarray(y.asnumpy() if isinstance(y, nd.NDArray) else y)
        if X.shape[0] != y.shape[0]:
            raise ValueError(f"FeedForward: X has {X.shape[0]} rows, y {y.shape[0]}. Pass as many labels as rows.")
        y = y.flatten() if y.ndim == 2 and y.shape[1] == 1 else y
        size = min(self.numpy_batch_size, X.shape[0])
        return NDArrayIter(X, y, size, shuffle=is_train, last_batch_handle="roll_over" if is_train else "pad")

    def _evaluation(self, eval_data: Any) -> Any:
        if eval_data is None or hasattr(eval_data, "provide_data"):
            return eval_data
        if isinstance(eval_data, (tuple, list)) and len(eval_data) == 2:
            return self._iterator(np.asarray(eval_data[0]), eval_data[1], False) if eval_data[0] is not None else None
        raise TypeError(f"FeedForward: eval_data must be an iterator or a pair (X, y), got {type(eval_data).__name__}. Pass one of them.")

    def _names(self, data: Any) -> tuple[list[str], list[str]]:
        """Names of data and labels; with buckets, the symbol becomes that of the default one."""
        if self.sym_gen is not None:
            self.symbol = self.sym_gen(data.default_bucket_key)
        arguments = self.symbol.list_arguments()
        inputs = [d[0] for d in data.provide_data]
        labels = [d[0] for d in data.provide_label or [] if d[0] in arguments]
        return inputs, labels or [n for n in arguments if n.endswith("label") and n not in inputs]

    def _module(self, data: Any) -> Module:
        inputs, labels = self._names(data)
        return Module(self.symbol, data_names=inputs, label_names=labels, context=self.ctx)

    def _trained(self, data: Any, logger: Any, work_load_list: Any) -> BaseModule:
        """The module that fit trains."""
        inputs, labels = self._names(data)
        if self.sym_gen is None:
            return Module(self.symbol, inputs, labels, logger, self.ctx, work_load_list)
        bucket = self.sym_gen
        return BucketingModule(lambda key: (bucket(key), inputs, labels), data.default_bucket_key, logger, self.ctx, work_load_list)

    # ---- work

    def fit(self, X: Any, y: Any = None, eval_data: Any = None, eval_metric: Any = "acc", epoch_end_callback: Any = None,
            batch_end_callback: Any = None, kvstore: Any = "local", logger: Any = None, work_load_list: Any = None, monitor: Any = None,
            eval_end_callback: Any = LogValidationMetricsCallback(), eval_batch_end_callback: Any = None) -> None:  # fmt: skip
        """Train on arrays or an iterator; parameters are kept in arg_params and aux_params."""
        data = self._iterator(X, y, True)
        module = self._trained(data, _Log(logger or logging, self.ctx), work_load_list)
        if self.epoch_size is not None:
            data = _Limited(data, self.epoch_size)
        optimizer_params = dict(self.kwargs) or {"learning_rate": 0.01}
        module.fit(data, self._evaluation(eval_data), eval_metric, epoch_end_callback, batch_end_callback, kvstore, self.optimizer, optimizer_params,
                   eval_end_callback if eval_data is not None else None, eval_batch_end_callback, self.initializer, self.arg_params, self.aux_params,
                   allow_missing=True, begin_epoch=self.begin_epoch, num_epoch=self.num_epoch, monitor=monitor)  # fmt: skip
        self.arg_params, self.aux_params = module.get_params()

    def _labels(self, data: Any, names: list[str]) -> tuple[list | None, bool]:
        """(shapes of the labels, whether batches have such labels). An iterator without labels gives zeros of shape (N,), whatever the symbol
        needs; the symbol's shapes hold, where it tells them."""
        provided = data.provide_label or []
        shapes, _, _ = self.symbol.infer_shape_partial(**{d[0]: tuple(d[1]) for d in data.provide_data})
        known = dict(zip(self.symbol.list_arguments(), shapes or []))
        told = [DataDesc(name, known.get(name) or ()) for name in names]
        fits = [d[0] for d in provided] == names
        if all(d.shape and min(d.shape) > 0 for d in told):
            fits = fits and [tuple(d[1]) for d in provided] == [tuple(d.shape) for d in told]
            return (provided if fits else told) or None, fits
        return (provided if fits else None), True

    def _bound(self, data: Any) -> tuple[Module, bool]:
        """A module with the parameters, and whether labels of batches fit it."""
        module = self._module(data)
        labels, fits = self._labels(data, module.label_names)
        module.bind(data.provide_data, labels, for_training=False)
        if not self.allow_extra_params:
            known = {*module._param_names, *module._aux_names}
            extra = [n for n in {**(self.arg_params or {}), **(self.aux_params or {})} if n not in known]
            if extra:
                raise ValueError(f"FeedForward: {extra[0]} is no parameter of the symbol. Pass allow_extra_params=True to leave it out.")
        module.init_params(None, self.arg_params or {}, self.aux_params or {}, allow_missing=False, allow_extra=True)
        return module, fits

    def predict(self, X: Any, num_batch: int | None = None, return_data: bool = False, reset: bool = True) -> Any:
        """Outputs as NumPy arrays (a list for several); with return_data also the data and labels."""
        data = self._iterator(X, None, False)
        module, fits = self._bound(data)
        if reset:
            data.reset()
        rows: list[list] = []
        inputs: list[list] = []
        labels: list[list] = []
        for i, batch in enumerate(data):
            if num_batch is not None and i == num_batch:
                break
            module.forward(batch if fits else DataBatch(batch.data, None), is_train=False)
            keep = batch.data[0].shape[0] - (batch.pad or 0)
            rows.append([o[0:keep].asnumpy() for o in module.get_outputs()])
            if return_data:
                inputs.append([d[0:keep].asnumpy() for d in batch.data])
                labels.append([d[0:keep].asnumpy() for d in batch.label or []])
        outputs = _joined(rows)
        return (outputs, _joined(inputs), _joined(labels)) if return_data else outputs

    def score(
        self, X: Any, eval_metric: Any = "acc", num_batch: int | None = None, batch_end_callback: Any = None, reset: bool = True
    ) -> Any:
        """The value of a metric on an iterator; a list of values for several metrics."""
        data = self._iterator(X, None, False)
        metric = eval_metric if isinstance(eval_metric, EvalMetric) else create(eval_metric)
        module, fits = self._bound(data)
        if fits:
            module.score(data, metric, num_batch=num_batch, batch_end_callback=batch_end_callback, reset=reset)
            return metric.get()[1]
        metric.reset()
        if reset:
            data.reset()
        for i, batch in enumerate(data):
            if num_batch is not None and i == num_batch:
                break
            module.forward(DataBatch(batch.data, None), is_train=False)
            metric.update(batch.label, module.get_outputs())
            for callback in as_list(batch_end_callback or []):
                callback(BatchEndParam(0, i, metric, locals()))
        return metric.get()[1]

    # ---- files

    def save(self, prefix: str, epoch: int | None = None, remove_amp_cast: bool = True) -> None:
        """Write a checkpoint; epoch defaults to num_epoch."""
        epoch = self.num_epoch if epoch is None else epoch
        assert epoch is not None, "FeedForward.save: epoch is missing. Pass it, or num_epoch to the constructor."
        model.save_checkpoint(prefix, epoch, self.symbol, self.arg_params or {}, self.aux_params or {}, remove_amp_cast=remove_amp_cast)

    @staticmethod
    def load(prefix: str, epoch: int, ctx: Any = None, **kwargs: Any) -> FeedForward:
        """The model of a checkpoint; training goes on from its epoch."""
        symbol, arguments, states = model.load_checkpoint(prefix, epoch)
        return FeedForward(symbol, ctx=ctx, arg_params=arguments, aux_params=states, begin_epoch=epoch, **kwargs)

    @staticmethod
    def create(symbol: Any, X: Any, y: Any = None, ctx: Any = None, num_epoch: int | None = None, epoch_size: int | None = None,
               optimizer: Any = "sgd", initializer: Any = Uniform(0.01), eval_data: Any = None, eval_metric: Any = "acc", epoch_end_callback: Any = None,
               batch_end_callback: Any = None, kvstore: Any = "local", logger: Any = None, work_load_list: Any = None,
               eval_end_callback: Any = LogValidationMetricsCallback(), eval_batch_end_callback: Any = None, **kwargs: Any) -> FeedForward:  # fmt: skip
        """A new model, trained."""
        made = FeedForward(
            symbol, ctx=ctx, num_epoch=num_epoch, epoch_size=epoch_size, optimizer=optimizer, initializer=initializer, **kwargs
        )
        made.fit(X, y, eval_data=eval_data, eval_metric=eval_metric, epoch_end_callback=epoch_end_callback, batch_end_callback=batch_end_callback,
                 kvstore=kvstore, logger=logger, work_load_list=work_load_list, eval_end_callback=eval_end_callback,
                 eval_batch_end_callback=eval_batch_end_callback)  # fmt: skip
        return made


class _Log:
    """What FeedForward logs: the start, and of each epoch its end and duration; values of metrics are left to callbacks."""

    def __init__(self, logger: Any, contexts: Any) -> None:
        self.warning, self.debug, self._info = logger.warning, logger.debug, logger.info
        self._info("Start training with %s", str(contexts))

    def info(self, text: str, *args: Any) -> None:
        """A line of Module.fit: duration of an epoch, or values of a metric."""
        if "Time cost" in text:
            self._info("Epoch[%d] Resetting Data Iterator", args[0])
            self._info(text, *args)


def _joined(rows: list[list]) -> Any:
    """Batches of arrays joined; one array alone, several as a list."""
    if not rows:
        return []
    joined = [np.concatenate(column) for column in zip(*rows)]
    return joined[0] if len(joined) == 1 else joined


class _Limited:
    """An iterator cut to a number of batches an epoch; it begins anew when the data end within one."""

    def __init__(self, data: Any, count: int) -> None:
        self.data, self.count = data, count
        self.provide_data, self.provide_label, self.batch_size = data.provide_data, data.provide_label, getattr(data, "batch_size", None)

    def reset(self) -> None:
        """The next epoch goes on where this one ended."""

    def __iter__(self) -> Any:
        done = 0
        while done < self.count:
            batch = next(self.data, None)
            if batch is None:
                self.data.reset()
                batch = next(self.data)
            yield batch
            done += 1
