"""Losses on numbers."""

from __future__ import annotations

import math
from typing import Any

from ._loss_base import Loss, _apply_weighting, _reshape_like


class L2Loss(Loss):
    """1/2 weight (pred - label)^2, averaged over all axes but the batch.

    >>> mx.gluon.loss.L2Loss()(mx.nd.array([[1, 3]]), mx.nd.array([[0, 1]])).asnumpy().tolist()
    [1.25]
    """

    def __init__(self, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """One number for each sample."""
        factor = None if self._weight is None else self._weight / 2
        return self._mean(F, F.square(_reshape_like(F, label, pred) - pred), factor, sample_weight)


class L1Loss(Loss):
    """|pred - label|, averaged over all axes but the batch."""

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """One number for each sample."""
        return self._mean(F, F.abs(_reshape_like(F, label, pred) - pred), self._weight, sample_weight)


class HuberLoss(Loss):
    """With d = |pred - label|: d - rho / 2 if d > rho, else d^2 / (2 rho); averaged over all axes but the batch.

    Source: Girshick 2015, arXiv:1504.08083 (smooth L1).
    """

    def __init__(self, rho: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._rho = rho

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """One number for each sample."""
        distance = F.abs(_reshape_like(F, label, pred) - pred)
        loss = F.where(distance > self._rho, distance - 0.5 * self._rho, (0.5 / self._rho) * F.square(distance))
        return self._mean(F, loss, self._weight, sample_weight)


class PoissonNLLLoss(Loss):
    """Negative log likelihood of a Poisson distribution: exp(pred) - target pred, or pred - target log(pred + epsilon) if not from_logits.

    compute_full adds Stirling's approximation of log(target!) where target > 1. The result is one number: the mean over everything.
    """

    def __init__(
        self, weight: float | None = None, from_logits: bool = True, batch_axis: int = 0, compute_full: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._compute_full = compute_full

    def hybrid_forward(self, F: Any, pred: Any, target: Any, sample_weight: Any = None, epsilon: float = 1e-08) -> Any:
        """The mean loss, shape (1,)."""
        target = _reshape_like(F, target, pred)
        loss = F.exp(pred) - target * pred if self._from_logits else pred - target * F.log(pred + epsilon)
        if self._compute_full:
            large = target > 1
            safe = F.where(large, target, F.ones_like(target))
            loss = loss + large * (safe * F.log(safe) - safe + 0.5 * F.log(2 * math.pi * safe))
        return F.mean(_apply_weighting(F, loss, self._weight, sample_weight))
