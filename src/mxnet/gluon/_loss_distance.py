"""Losses on distances between vectors."""

from __future__ import annotations

from typing import Any

from ._loss_base import Loss, _apply_weighting, _reshape_like
from ._loss_classification import KLDivLoss


class TripletLoss(Loss):
    """max(0, |pred - positive|^2 - |pred - negative|^2 + margin), squares summed over all axes but the batch.

    Source: Schroff et al. 2015, arXiv:1503.03832.
    """

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, pred: Any, positive: Any, negative: Any) -> Any:
        """One number for each sample."""
        near = F.square(_reshape_like(F, positive, pred) - pred)
        far = F.square(_reshape_like(F, negative, pred) - pred)
        loss = F.sum(near - far, axis=self._batch_axis, exclude=True)
        return _apply_weighting(F, F.relu(loss + self._margin), self._weight, None)


class CosineEmbeddingLoss(Loss):
    """1 - cos(input1, input2) where label is 1, max(0, cos - margin) where it is -1; inputs (N, d), label (N,), result (N, 1)."""

    def __init__(self, weight: float | None = None, batch_axis: int = 0, margin: float = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, input1: Any, input2: Any, label: Any, sample_weight: Any = None) -> Any:
        """One number for each sample."""
        input1 = _reshape_like(F, input1, input2)
        cosine = self._cosine(F, input1, input2)
        label = F.reshape(label, shape=(-1, 1))
        loss = (1 - cosine) * (label == 1) + F.relu(cosine - self._margin) * (label == -1)
        return _apply_weighting(F, loss, self._weight, sample_weight)

    @staticmethod
    def _cosine(F: Any, x: Any, y: Any) -> Any:
        def column(v: Any) -> Any:
            return F.reshape(v, shape=(-1, 1))

        lengths = column(F.norm(x, axis=-1)) * column(F.norm(y, axis=-1))
        return column(F.sum(x * y, axis=-1)) / F.maximum(lengths, 1e-12)


class SDMLLoss(Loss):
    """Smoothed deep metric learning: x1[i] and x2[i] are a pair, all other x2[j] of the batch count as not paired with x1[i].

    The loss is KL(labels || softmax(-|x1[i] - x2[j]|^2)) with labels 1 - smoothing_parameter on the diagonal. x1, x2: (N, d), result (N,).

    Source: Bonadiman et al. 2019, arXiv:1905.12786.
    """

    def __init__(self, smoothing_parameter: float = 0.3, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self.kl_loss = KLDivLoss(from_logits=True)
        self.smoothing_parameter = smoothing_parameter

    def hybrid_forward(self, F: Any, x1: Any, x2: Any) -> Any:
        """One number for each pair."""
        distances = F.sum(F.square(F.broadcast_sub(F.expand_dims(x1, axis=1), F.expand_dims(x2, axis=0))), axis=2)
        number = F.contrib.arange_like(x1, axis=0)
        paired = F.broadcast_equal(F.expand_dims(number, axis=1), F.expand_dims(number, axis=0))
        count = F.sum(paired)
        labels = paired * (1 - self.smoothing_parameter) + F.broadcast_div((1 - paired) * self.smoothing_parameter, count - 1)
        return self.kl_loss(F.log_softmax(-distances, axis=1), labels)
