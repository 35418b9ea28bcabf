"""RMSProp."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, accumulator_type, run, zeros_like


@Optimizer.register
class RMSProp(Optimizer):
    """n = gamma1 n + (1 - gamma1) g^2;  weight -= lr g / sqrt(n + epsilon)   (Tieleman and Hinton 2012).

    centered      subtract the square of a running mean of g under the root, and use momentum gamma2 (Graves, arXiv 1308.0850)
    clip_weights  bound on every element of the weight after the step
    g = clip(rescale_grad * grad + wd * weight). State: (n,) or, centered, (n, mean, delta).
    """

    def __init__(self, learning_rate: float = 0.001, gamma1: float = 0.9, gamma2: float = 0.9, epsilon: float = 1e-8, centered: bool = False,
                 clip_weights: float | None = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.gamma1 = gamma1
        self.gamma2 = gamma2
        self.centered = centered
        self.epsilon = epsilon
        self.clip_weights = clip_weights

    def create_state(self, index: Any, weight: Any) -> Any:
        return tuple(zeros_like(weight, dtype=accumulator_type(weight)) for _ in range(3 if self.centered else 1))

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        attrs = self._common(lr, wd)
        attrs.update(gamma1=float(self.gamma1), epsilon=float(self.epsilon))
        if self.clip_weights:
            attrs["clip_weights"] = float(self.clip_weights)
        if self.centered:
            attrs["gamma2"] = float(self.gamma2)
        run("rmspropalex_update" if self.centered else "rmsprop_update", (weight, grad, *state), attrs, weight)
