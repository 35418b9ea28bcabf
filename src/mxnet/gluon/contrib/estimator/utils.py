"""Checks that the Estimator and its handlers share: metrics, and which metric suits a loss."""

from __future__ import annotations

from typing import Any

from ....metric import Accuracy, CompositeEvalMetric, EvalMetric
from ..._errors import GluonError
from ...loss import SoftmaxCrossEntropyLoss


def _check_metrics(metrics: Any) -> list[EvalMetric]:
    """A metric, a composite or a list of metrics as a flat list; a list stays the same list."""
    if isinstance(metrics, CompositeEvalMetric):
        return [m for part in metrics.metrics for m in _check_metrics(part)]
    if isinstance(metrics, EvalMetric):
        return [metrics]
    found = metrics or []
    for m in found:
        if not isinstance(m, EvalMetric):
            raise ValueError(f"Estimator: metrics must be EvalMetrics, got {type(m).__name__}. Pass for example mx.metric.Accuracy().")
    return found


def _check_handler_metric_ref(handler: Any, known_metrics: set[EvalMetric]) -> None:
    """Refuse a handler with metrics that nobody updates."""
    for name in dir(handler):
        if "metric" not in name:
            continue
        held = getattr(handler, name)
        for metric in held if isinstance(held, list) else [held] if held else []:
            if metric not in known_metrics:
                raise GluonError(
                    f"Estimator: {type(handler).__name__}.{name} has a metric that the estimator does not know ({metric}). "
                    "Use those of estimator.train_metrics and estimator.val_metrics, or pass every handler yourself."
                )


def _suggest_metric_for_loss(loss: Any) -> EvalMetric | None:
    """Accuracy for classification, else None."""
    return Accuracy() if isinstance(loss, SoftmaxCrossEntropyLoss) else None
