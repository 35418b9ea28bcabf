"""EvalMetric, its registry, and helpers that the metrics share."""

from __future__ import annotations

import math
from typing import Any

import torch

from .. import registry
from .._runtime.array import Array


def check_label_shapes(labels: Any, preds: Any, wrap: bool = False, shape: bool = False) -> tuple[Any, Any]:
    """Check that labels and predictions are of equal number (or, with shape=True, of equal shape); wrap=True puts single arrays into lists."""
    have, want = (tuple(labels.shape), tuple(preds.shape)) if shape else (len(labels), len(preds))
    if have != want:
        what = "shape" if shape else "number"
        raise ValueError(
            f"metric: {what} of labels {have} differs from {what} of predictions {want}. Pass labels that belong to the predictions."
        )
    if wrap:
        labels = [labels] if isinstance(labels, Array) else labels
        preds = [preds] if isinstance(preds, Array) else preds
    return labels, preds


class EvalMetric:
    """A number that describes how good predictions are, averaged over all that `update` has seen.

    It has a local average (since `reset_local`) and a global one (since `reset`).
    name          shown name
    output_names, label_names   which outputs and labels `update_dict` takes; None: all
    """

    _resetting = False  # a subclass's reset may call reset_local
    _has_global_stats = False  # and may be called before the constructor of this class

    def __init__(self, name: str, output_names: Any = None, label_names: Any = None, **kwargs: Any) -> None:
        self.name = str(name)
        self.output_names = output_names
        self.label_names = label_names
        self._has_global_stats = kwargs.pop("has_global_stats", False)
        self._kwargs = kwargs
        self.reset()

    def __str__(self) -> str:
        return f"EvalMetric: {dict(self.get_name_value())}"

    def get_config(self) -> dict:
        """The arguments from which `create` makes the metric again."""
        own = {"metric": type(self).__name__, "name": self.name, "output_names": self.output_names, "label_names": self.label_names}
        return {**self._kwargs, **own}

    def update_dict(self, label: dict, pred: dict) -> None:
        """Update from labels and predictions by name."""
        preds = [pred[n] for n in self.output_names] if self.output_names is not None else list(pred.values())
        labels = [label[n] for n in self.label_names] if self.label_names is not None else list(label.values())
        self.update(labels, preds)

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and predictions into account."""
        raise NotImplementedError(f"{type(self).__name__}: define update(labels, preds) in the subclass.")

    def _add(self, total: float, count: int) -> None:
        """Count a sum over some instances."""
        self.sum_metric += total
        self.global_sum_metric += total
        self.num_inst += count
        self.global_num_inst += count

    def reset(self) -> None:
        """Forget everything."""
        self.num_inst = 0
        self.sum_metric: float = 0.0
        self.global_num_inst = 0
        self.global_sum_metric: float = 0.0

    def reset_local(self) -> None:
        """Begin a new local average.

        A subclass of the time before global averages (0.12) has only a `reset` of its own, often of several sums: that is called then.
        """
        own = type(self)
        if (
            own.reset is not EvalMetric.reset
            and own.reset_local is EvalMetric.reset_local
            and not self._has_global_stats
            and not self._resetting
        ):
            self._resetting = True
            try:
                self.reset()
            finally:
                self._resetting = False
            return
        self.num_inst = 0
        self.sum_metric = 0.0

    def get(self) -> tuple[Any, Any]:
        """(name, local average); nan before the first update."""
        return self.name, self.sum_metric / self.num_inst if self.num_inst else math.nan

    def get_global(self) -> tuple[Any, Any]:
        """(name, global average)."""
        if not self._has_global_stats:
            return self.get()
        return self.name, self.global_sum_metric / self.global_num_inst if self.global_num_inst else math.nan

    def get_name_value(self) -> list[tuple[str, float]]:
        """Pairs (name, local average)."""
        return _pairs(self.get())

    def get_global_name_value(self) -> list[tuple[str, float]]:
        """Pairs (name, global average)."""
        return _pairs(self.get_global() if self._has_global_stats else self.get())


def _pairs(found: tuple[Any, Any]) -> list[tuple[str, float]]:
    names, values = found
    return list(zip(names if isinstance(names, list) else [names], values if isinstance(values, list) else [values]))


register = registry.get_register_func(EvalMetric, "metric")
alias = registry.get_alias_func(EvalMetric, "metric")
create_registered = registry.get_create_func(EvalMetric, "metric")


def values(array: Any) -> torch.Tensor:
    """The dense values of an array, outside any graph."""
    d = array._d if isinstance(array, Array) else torch.as_tensor(array)
    return d if isinstance(d, torch.Tensor) else d.to_dense()


def real(array: Any) -> torch.Tensor:
    """The values as float32 or float64, so that sums of 16-bit values do not overflow."""
    t = values(array)
    return t if t.dtype in (torch.float32, torch.float64) else t.float()


def classes(array: Any) -> torch.Tensor:
    """Labels as a flat vector of int64 (rounded towards zero)."""
    return values(array).reshape(-1).to(torch.int64)


def pairs(labels: Any, preds: Any) -> Any:
    """(label, prediction) on the prediction's device, for lists of equal length or single arrays."""
    labels, preds = check_label_shapes(labels, preds, True)
    return [(values(label).to(values(pred).device), values(pred)) for label, pred in zip(labels, preds)]
