"""Metrics of predicted numbers: MAE, MSE, RMSE, PearsonCorrelation; and Loss, the mean of the outputs themselves."""

from __future__ import annotations

import math
from typing import Any

import torch

from .._runtime.array import Array
from ._base import EvalMetric, alias, check_label_shapes, pairs, real, register


class _Error(EvalMetric):
    """The mean over batches of a mean error of one batch."""

    def __init__(self, name: str, output_names: Any, label_names: Any) -> None:
        super().__init__(name, output_names, label_names, has_global_stats=True)

    def _of(self, difference: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def update(self, labels: Any, preds: Any) -> None:
        for label, pred in pairs(labels, preds):
            label, pred = (t.double().reshape(-1, 1) if t.dim() == 1 else t.double() for t in (label, pred))
            try:
                difference = label - pred
            except RuntimeError:
                raise ValueError(
                    f"{type(self).__name__}: labels {tuple(label.shape)} and predictions {tuple(pred.shape)} do not fit. Pass equal shapes."
                ) from None
            self._add(float(self._of(difference)), 1)


@register
class MAE(_Error):
    """Mean of |label - prediction|, averaged over batches."""

    def __init__(self, name: str = "mae", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(name, output_names, label_names)

    def _of(self, difference: torch.Tensor) -> torch.Tensor:
        return difference.abs().mean()


@register
class MSE(_Error):
    """Mean of (label - prediction) ** 2, averaged over batches."""

    def __init__(self, name: str = "mse", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(name, output_names, label_names)

    def _of(self, difference: torch.Tensor) -> torch.Tensor:
        return difference.square().mean()


@register
class RMSE(_Error):
    """Root of the mean of (label - prediction) ** 2 of each batch, averaged over batches."""

    def __init__(self, name: str = "rmse", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(name, output_names, label_names)

    def _of(self, difference: torch.Tensor) -> torch.Tensor:
        return difference.square().mean().sqrt()


@alias("pearsonr")
@register
class PearsonCorrelation(EvalMetric):
    """Pearson's correlation of labels and predictions: averaged over batches ("macro"), or of all of them together ("micro")."""

    def __init__(self, name: str = "pearsonr", output_names: Any = None, label_names: Any = None, average: str = "macro") -> None:
        self.average = average
        super().__init__(name, output_names, label_names, has_global_stats=True)
        if average == "micro":
            self.reset_micro()

    def reset_micro(self) -> None:
        """Forget the running means and sums of squares."""
        self._pred_nums = self._label_nums = 0
        self._mean_p = self._mean_l = 0.0
        self._sse_p = self._sse_l = self._conv = 0.0

    def reset(self) -> None:
        super().reset()
        if self.average == "micro":
            self.reset_micro()

    def update_variance(self, new_values: Any, *aggregate: Any) -> tuple:
        """(count, mean, sum of squared deviations) after further values."""
        count, mean, spread = aggregate
        flat = torch.as_tensor(new_values).double().reshape(-1)
        total = count + flat.numel()
        shift = float((flat - mean).sum())
        new_mean = mean + shift / total
        return total, new_mean, spread + float(((flat - mean) * (flat - new_mean)).sum())

    def update_cov(self, label: Any, pred: Any) -> None:
        """Add the products of deviations from the means as they are now."""
        label, pred = (torch.as_tensor(t).double().reshape(-1) for t in (label, pred))
        self._conv += float(((label - self._mean_l) * (pred - self._mean_p)).sum())

    def _update_together(self, label: torch.Tensor, pred: torch.Tensor) -> None:
        """Chan's combination of two samples: exact for any batches."""
        n, m = self._label_nums, label.numel()
        mean_l, mean_p = float(label.mean()), float(pred.mean())
        share = n * m / (n + m)
        self._conv += float(((label - mean_l) * (pred - mean_p)).sum()) + (mean_l - self._mean_l) * (mean_p - self._mean_p) * share
        self._label_nums, self._mean_l, self._sse_l = self.update_variance(label, n, self._mean_l, self._sse_l)
        self._pred_nums, self._mean_p, self._sse_p = self.update_variance(pred, self._pred_nums, self._mean_p, self._sse_p)

    def update(self, labels: Any, preds: Any) -> None:
        for label, pred in pairs(labels, preds):
            check_label_shapes(label, pred, False, True)
            label, pred = label.double().reshape(-1), pred.double().reshape(-1)
            if self.average == "macro":
                self._add(float(torch.corrcoef(torch.stack([pred, label]))[0, 1]), 1)
            elif label.numel():
                self._update_together(label, pred)
                self.num_inst += 1
                self.global_num_inst += 1

    def get(self) -> tuple[str, float]:
        if not self.num_inst:
            return self.name, math.nan
        if self.average == "macro":
            return self.name, self.sum_metric / self.num_inst
        spread = math.sqrt(self._sse_p * self._sse_l)
        return self.name, self._conv / spread if spread else math.nan


@register
class Loss(EvalMetric):
    """Mean of all elements of the predictions, which are losses; labels are ignored."""

    def __init__(self, name: str = "loss", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(name, output_names, label_names, has_global_stats=True)

    def update(self, _: Any, preds: Any) -> None:
        for pred in [preds] if isinstance(preds, Array) else preds:
            found = real(pred)
            self._add(float(found.sum(dtype=torch.float64)), found.numel())


@register
class Torch(Loss):
    """The same as Loss, under the name of another framework."""

    def __init__(self, name: str = "torch", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(name, output_names, label_names)


@register
class Caffe(Loss):
    """The same as Loss, under the name of another framework."""

    def __init__(self, name: str = "caffe", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(name, output_names, label_names)
