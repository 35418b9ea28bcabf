"""Metrics of classifiers: Accuracy, TopKAccuracy, F1, MCC, PCC."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from ..registry import BadArgument
from ._base import EvalMetric, alias, check_label_shapes, pairs, register


@alias("acc")
@register
class Accuracy(EvalMetric):
    """The share of labels that the prediction hits. Predictions are scores (argmax over `axis`), or classes if they have the label's shape."""

    def __init__(self, axis: int = 1, name: str = "accuracy", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(name, output_names, label_names, axis=axis, has_global_stats=True)
        self.axis = axis

    def update(self, labels: Any, preds: Any) -> None:
        for label, pred in pairs(labels, preds):
            if pred.shape != label.shape:
                pred = pred.argmax(self.axis)
            pred, label = pred.reshape(-1).to(torch.int32), label.reshape(-1).to(torch.int32)
            check_label_shapes(label, pred)
            self._add(int((pred == label).sum()), pred.numel())


@alias("top_k_accuracy", "top_k_acc")
@register
class TopKAccuracy(EvalMetric):
    """The share of labels among the `top_k` highest scores of predictions (rows, classes). Predictions (rows,) are compared as they are."""

    def __init__(self, top_k: int = 1, name: str = "top_k_accuracy", output_names: Any = None, label_names: Any = None) -> None:
        super().__init__(name, output_names, label_names, top_k=top_k, has_global_stats=True)
        if top_k <= 1:
            raise BadArgument(f"TopKAccuracy: top_k is {top_k}. Use 2 or more, or Accuracy.")
        self.top_k = top_k
        self.name += f"_{top_k}"

    def update(self, labels: Any, preds: Any) -> None:
        for label, pred in pairs(labels, preds):
            if pred.dim() > 2:
                raise BadArgument(
                    f"TopKAccuracy: predictions have shape {tuple(pred.shape)}; 1 or 2 axes are possible. Reshape them to (rows, classes)."
                )
            label = label.to(torch.int64)
            check_label_shapes(label, pred)
            label = label.reshape(-1)
            if pred.dim() == 1:
                hits = pred.to(torch.int64) == label
            else:
                best = pred.float().topk(min(self.top_k, pred.shape[1]), dim=1).indices
                hits = (best == label[:, None]).any(1)
            self._add(int(hits.sum()), pred.shape[0])


class BinaryCounts:
    """Hits and misses of a binary classifier, local and global: [true positives, false positives, false negatives, true negatives]."""

    def __init__(self) -> None:
        self.local, self.overall = [0, 0, 0, 0], [0, 0, 0, 0]

    def update(self, owner: str, label: torch.Tensor, pred: torch.Tensor) -> None:
        """Count labels (rows,) against scores (rows, 2)."""
        label = label.to(torch.int32)
        if pred.dim() < 2:
            raise ValueError(
                f"{owner}: predictions have shape {tuple(pred.shape)}, scores (rows, 2) are needed. Stack the scores of both classes."
            )
        check_label_shapes(label, pred)
        if label.unique().numel() > 2:
            raise ValueError(f"{owner}: labels hold more than 2 classes. Use it for binary classification, PCC for more classes.")
        hit, positive = pred.argmax(1).reshape(-1) == 1, label.reshape(-1) == 1
        found = [hit & positive, hit & ~positive, ~hit & positive, ~hit & (label.reshape(-1) == 0)]
        for i, count in enumerate(torch.stack(found).sum(1).tolist()):
            self.local[i] += count
            self.overall[i] += count

    def reset_local(self) -> None:
        """Forget the local counts."""
        self.local = [0, 0, 0, 0]

    def reset(self) -> None:
        """Forget all."""
        self.local, self.overall = [0, 0, 0, 0], [0, 0, 0, 0]


def f1_score(counts: list[int]) -> float:
    """2 tp / (2 tp + fp + fn), 0 without positives."""
    tp, fp, fn, _ = counts
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def matthews(counts: list[int]) -> float:
    """(tp tn - fp fn) / sqrt((tp + fp) (tp + fn) (tn + fp) (tn + fn)), leaving out factors that are 0."""
    tp, fp, fn, tn = counts
    if not sum(counts):
        return 0.0
    product = math.prod(f for f in (tp + fp, tp + fn, tn + fp, tn + fn) if f)
    return (tp * tn - fp * fn) / math.sqrt(product)


class _Binary(EvalMetric):
    """A score of the counts of a binary classifier: averaged over batches ("macro"), or taken of all counts ("micro")."""

    def __init__(self, name: str, output_names: Any, label_names: Any, average: str) -> None:
        self.average = average
        self.metrics = BinaryCounts()
        super().__init__(name, output_names, label_names, has_global_stats=True)

    def _score(self, counts: list[int]) -> float:
        raise NotImplementedError

    def update(self, labels: Any, preds: Any) -> None:
        for label, pred in pairs(labels, preds):
            self.metrics.update(type(self).__name__, label, pred)
        local, overall = self.metrics.local, self.metrics.overall
        if self.average == "macro":
            self._add(self._score(local), 1)
            self.metrics.reset()
        else:
            self.num_inst, self.global_num_inst = sum(local), sum(overall)
            self.sum_metric, self.global_sum_metric = self._score(local) * self.num_inst, self._score(overall) * self.global_num_inst

    def reset(self) -> None:
        super().reset()
        self.metrics.reset()

    def reset_local(self) -> None:
        super().reset_local()
        self.metrics.reset_local()


@register
class F1(_Binary):
    """2 * precision * recall / (precision + recall) of binary labels and scores (rows, 2); average "macro" (over batches) or "micro"."""

    def __init__(self, name: str = "f1", output_names: Any = None, label_names: Any = None, average: str = "macro") -> None:
        super().__init__(name, output_names, label_names, average)

    def _score(self, counts: list[int]) -> float:
        return f1_score(counts)


@register
class MCC(_Binary):
    """Matthews' correlation coefficient of binary labels and scores (rows, 2); average "macro" (over batches) or "micro"."""

    def __init__(self, name: str = "mcc", output_names: Any = None, label_names: Any = None, average: str = "macro") -> None:
        super().__init__(name, output_names, label_names, average)

    def _score(self, counts: list[int]) -> float:
        return matthews(counts)


@register
class PCC(EvalMetric):
    """The correlation of predicted and true class for any number of classes, from the whole confusion matrix (Gorodkin 2004).

    `lcm`, `gcm`: local and global confusion matrix [predicted, true]. Equals MCC (micro) for two classes.
    """

    def __init__(self, name: str = "pcc", output_names: Any = None, label_names: Any = None, has_global_stats: bool = True) -> None:
        self.k = 2
        super().__init__(name, output_names, label_names, has_global_stats=has_global_stats)

    def _grow(self, more: int) -> None:
        self.lcm = np.pad(self.lcm, ((0, more), (0, more)))
        self.gcm = np.pad(self.gcm, ((0, more), (0, more)))
        self.k += more

    @staticmethod
    def _correlation(matrix: np.ndarray) -> float:
        n, x, y = matrix.sum(), matrix.sum(1), matrix.sum(0)
        spread_x, spread_y = (x * (n - x)).sum(), (y * (n - y)).sum()
        if spread_x == 0 or spread_y == 0:
            return math.nan
        return float((matrix.diagonal() * n - x * y).sum() / math.sqrt(spread_x * spread_y))

    def update(self, labels: Any, preds: Any) -> None:
        for label, pred in pairs(labels, preds):
            label = label.reshape(-1).to(torch.int64)
            pred = (pred if pred.shape == label.shape else pred.argmax(1)).reshape(-1).to(torch.int64)
            check_label_shapes(label, pred)
            if label.numel() and int(label.min()) < 0:
                raise ValueError(f"PCC: label {int(label.min())} is negative. Use classes from 0.")
            top = int(max(pred.max(), label.max())) if label.numel() else 0
            if top >= self.k:
                self._grow(top + 1 - self.k)
            counts = torch.bincount(pred * self.k + label, minlength=self.k**2).reshape(self.k, self.k).cpu().numpy()
            self.lcm += counts
            self.gcm += counts
        self.num_inst += 1
        self.global_num_inst += 1

    @property
    def sum_metric(self) -> float:  # type: ignore[override]
        """The local correlation times the number of updates."""
        return self._correlation(self.lcm) * self.num_inst

    @property
    def global_sum_metric(self) -> float:  # type: ignore[override]
        """The global correlation times the number of updates."""
        return self._correlation(self.gcm) * self.global_num_inst

    def reset(self) -> None:
        self.global_num_inst = 0
        self.gcm = np.zeros((self.k, self.k))
        self.reset_local()

    def reset_local(self) -> None:
        self.num_inst = 0
        self.lcm = np.zeros((self.k, self.k))
