"""Metrics of predicted probabilities: CrossEntropy, NegativeLogLikelihood, Perplexity."""

from __future__ import annotations

import math
from typing import Any

import torch

from ..registry import BadArgument
from ._base import EvalMetric, alias, check_label_shapes, pairs, register


def _probabilities(owner: str, label: torch.Tensor, pred: torch.Tensor) -> torch.Tensor:
    """pred[i, label[i]] in float32 or wider."""
    label = label.reshape(-1).to(torch.int64)
    if label.shape[0] != pred.shape[0]:
        raise BadArgument(f"{owner}: {label.shape[0]} labels for {pred.shape[0]} rows of probabilities. Pass one label a row.")
    if label.numel() and not 0 <= int(label.min()) <= int(label.max()) < pred.shape[1]:
        raise IndexError(
            f"{owner}: labels reach from {int(label.min())} to {int(label.max())}, there are {pred.shape[1]} classes. Use 0..{pred.shape[1] - 1}."
        )
    wide = pred if pred.dtype == torch.float64 else pred.float()
    return wide.gather(1, label[:, None])[:, 0]


class _LogLoss(EvalMetric):
    """Mean of -log(p[label] + eps) over rows."""

    def __init__(self, eps: float, name: str, output_names: Any, label_names: Any) -> None:
        super().__init__(name, output_names, label_names, eps=eps, has_global_stats=True)
        self.eps = eps

    def update(self, labels: Any, preds: Any) -> None:
        for label, pred in pairs(labels, preds):
            p = _probabilities(type(self).__name__, label, pred)
            self._add(float(-(p + self.eps).log().sum(dtype=torch.float64)), p.numel())


@alias("ce", "cross-entropy")
@register
class CrossEntropy(_LogLoss):
    """Mean of -log(p[label] + eps) for probabilities (rows, classes) and labels (rows,)."""

    def __init__(self, eps: float = 1e-12, name: str = "cross-entropy", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(eps, name, output_names, label_names)


@alias("nll_loss")
@register
class NegativeLogLikelihood(_LogLoss):
    """Mean of -log(p[label] + eps) for probabilities (rows, classes) and labels (rows,)."""

    def __init__(self, eps: float = 1e-12, name: str = "nll-loss", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(eps, name, output_names, label_names)


@register
class Perplexity(EvalMetric):
    """exp of the mean of -log(max(p[label], 1e-10)), leaving out the label `ignore_label`; probabilities along `axis` (the last).

    Labels that are no class count as the nearest one.
    """

    def __init__(
        self, ignore_label: int | None, axis: int = -1, name: str = "perplexity", output_names: Any = None, label_names: Any = None
    ) -> None:
        super().__init__(name, output_names, label_names, ignore_label=ignore_label, has_global_stats=True)
        self.ignore_label = ignore_label
        self.axis = axis

    def update(self, labels: Any, preds: Any) -> None:
        if len(labels) != len(preds):
            raise BadArgument(f"Perplexity: {len(labels)} labels for {len(preds)} predictions. Pass one for each.")
        check_label_shapes(labels, preds)
        for label, pred in pairs(labels, preds):
            if label.numel() * pred.shape[self.axis] != pred.numel():
                raise BadArgument(
                    f"Perplexity: labels {tuple(label.shape)} do not fit probabilities {tuple(pred.shape)}. Pass one label for each distribution."
                )
            label = label.reshape(-1)
            rows = pred.movedim(self.axis, -1).reshape(-1, pred.shape[self.axis])
            keep = torch.ones_like(label, dtype=torch.bool) if self.ignore_label is None else label.to(torch.int64) != self.ignore_label
            inside = label[keep].clamp(0, rows.shape[1] - 1)  # as the operator pick
            p = _probabilities("Perplexity", inside, rows[keep])
            self._add(float(-p.clamp_min(1e-10).log().sum(dtype=torch.float64)), p.numel())

    def get(self) -> tuple[str, float]:
        return self.name, math.exp(self.sum_metric / self.num_inst) if self.num_inst else math.nan

    def get_global(self) -> tuple[str, float]:
        return self.name, math.exp(self.global_sum_metric / self.global_num_inst) if self.global_num_inst else math.nan
