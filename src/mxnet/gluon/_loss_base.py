"""The base of losses: weighting, and the mean over everything but the batch."""

from __future__ import annotations

from typing import Any

from ..base import numeric_types
from .block import HybridBlock


class Loss(HybridBlock):
    """Base of losses: derive from it and define `hybrid_forward(self, F, pred, label, sample_weight=None)`.

    weight      a factor on every loss, or None
    batch_axis  the axis that the result keeps
    `sample_weight`, an array that broadcasts against the loss, weighs samples (shape (N, 1) for one number a sample).
    """

    def __init__(self, weight: float | None, batch_axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._weight = weight
        self._batch_axis = batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The loss; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__}: hybrid_forward is not defined. Define it in the class.")

    def _mean(self, F: Any, loss: Any, factor: float | None, sample_weight: Any) -> Any:
        """Weighted, and averaged over all axes but the batch axis."""
        return F.mean(_apply_weighting(F, loss, factor, sample_weight), axis=self._batch_axis, exclude=True)


def _apply_weighting(F: Any, loss: Any, weight: float | None = None, sample_weight: Any = None) -> Any:
    """loss * sample_weight * weight, whichever of them are given."""
    if sample_weight is not None:
        loss = F.broadcast_mul(loss, sample_weight)
    if weight is not None:
        if not isinstance(weight, numeric_types):
            raise AssertionError(f"Loss: weight must be a number, got {type(weight).__name__}. Pass arrays as sample_weight.")
        loss = loss * weight
    return loss


def _reshape_like(F: Any, x: Any, y: Any) -> Any:
    """x in the shape of y."""
    if getattr(x, "_d", None) is not None and tuple(x.shape) == tuple(y.shape):
        return x
    return F.reshape_like(x, y)
