"""Metrics of metrics and of functions: CompositeEvalMetric, CustomMetric, create, np."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np_

from .._runtime.array import Array
from ._base import EvalMetric, alias, check_label_shapes, create_registered, register


@alias("composite")
@register
class CompositeEvalMetric(EvalMetric):
    """Several metrics as one; `get` gives lists of names and values."""

    def __init__(self, metrics: Any = None, name: str = "composite", output_names: Any = None, label_names: Any = None) -> None:
        self.metrics: list[EvalMetric] = []
        super().__init__(name, output_names, label_names, has_global_stats=True)
        self.metrics = [create(m) for m in metrics or []]

    def add(self, metric: Any) -> None:
        """Add a metric (an object or a name)."""
        self.metrics.append(create(metric))

    def get_metric(self, index: int) -> EvalMetric:
        """The metric of that number."""
        try:
            return self.metrics[index]
        except IndexError:
            raise ValueError(
                f"CompositeEvalMetric: metric {index} does not exist, there are {len(self.metrics)}. Use a number below that."
            ) from None

    def update_dict(self, labels: dict, preds: dict) -> None:  # type: ignore[override]
        """Update every metric, from the named labels and outputs if names were given."""
        if self.label_names is not None:
            labels = {n: a for n, a in labels.items() if n in self.label_names}
        if self.output_names is not None:
            preds = {n: a for n, a in preds.items() if n in self.output_names}
        for metric in self.metrics:
            metric.update_dict(labels, preds)

    def update(self, labels: Any, preds: Any) -> None:
        for metric in self.metrics:
            metric.update(labels, preds)

    def reset(self) -> None:
        for metric in self.metrics:
            metric.reset()

    def reset_local(self) -> None:
        for metric in self.metrics:
            metric.reset_local()

    def get(self) -> tuple[list, list]:
        return _collect(m.get_name_value() for m in self.metrics)

    def get_global(self) -> tuple[list, list]:
        return _collect(m.get_global_name_value() for m in self.metrics)

    def get_config(self) -> dict:
        return {**super().get_config(), "metrics": [m.get_config() for m in self.metrics]}


def _collect(found: Any) -> tuple[list, list]:
    rows = [pair for pairs in found for pair in pairs]
    return [name for name, _ in rows], [value for _, value in rows]


@register
class CustomMetric(EvalMetric):
    """The mean of `feval(label, prediction)` on NumPy arrays; feval gives a number, or a pair (sum, number of instances).

    allow_extra_outputs  predictions beyond the labels are ignored instead of an error
    """

    def __init__(self, feval: Callable, name: str | None = None, allow_extra_outputs: bool = False, output_names: Any = None,
                 label_names: Any = None) -> None:  # fmt: skip
        if name is None:
            name = getattr(feval, "__name__", type(feval).__name__)
            name = f"custom({name})" if "<" in name else name
        super().__init__(name, output_names, label_names, feval=feval, allow_extra_outputs=allow_extra_outputs, has_global_stats=True)
        self._feval = feval
        self._allow_extra_outputs = allow_extra_outputs

    def update(self, labels: Any, preds: Any) -> None:
        if not self._allow_extra_outputs:
            labels, preds = check_label_shapes(labels, preds, True)
        for pred, label in zip(preds, labels):
            found = self._feval(*(a.asnumpy() if isinstance(a, Array) else np_.asarray(a) for a in (label, pred)))
            total, count = found if isinstance(found, tuple) else (found, 1)
            self._add(total, count)

    def get_config(self) -> dict:
        raise NotImplementedError("CustomMetric: a function cannot be saved. Make the metric again from the function.")


def np(numpy_feval: Callable, name: str | None = None, allow_extra_outputs: bool = False) -> CustomMetric:
    """A metric from a function of NumPy arrays (label, prediction).

    >>> mx.metric.np(lambda label, pred: abs(label - pred).max(), name="worst")
    """

    def feval(label: Any, pred: Any) -> Any:
        return numpy_feval(label, pred)

    feval.__name__ = getattr(numpy_feval, "__name__", type(numpy_feval).__name__)
    return CustomMetric(feval, name, allow_extra_outputs)


def create(metric: Any, *args: Any, **kwargs: Any) -> EvalMetric:
    """A metric from its name, an object, a function, or a list of them.

    >>> mx.metric.create(["acc", "ce"])
    """
    if isinstance(metric, (list, tuple)):
        made = CompositeEvalMetric()
        for each in metric:
            made.add(create(each, *args, **kwargs))
        return made
    if callable(metric) and not isinstance(metric, EvalMetric):
        return CustomMetric(metric, *args, **kwargs)
    return create_registered(metric, *args, **kwargs)
