"""Follow the regularized leader."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, accumulator_type, run, zeros_like


@Optimizer.register
class Ftrl(Optimizer):
    """z += g - (sqrt(n + g^2) - sqrt(n)) / lr * weight;  n += g^2;  weight = (sign(z) lamda1 - z) / ((beta + sqrt(n)) / lr + wd) where |z| > lamda1, else 0.

    g = clip(rescale_grad * grad) (McMahan et al., KDD 2013). State: (z, n). With a row_sparse weight, a row_sparse gradient touches its rows
    only; with a dense weight it updates all rows, as MXNet does.
    """

    lazy_update = True

    def __init__(self, lamda1: float = 0.01, learning_rate: float = 0.1, beta: float = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lamda1 = lamda1
        self.beta = beta
        self.lr = learning_rate

    def create_state(self, index: Any, weight: Any) -> Any:
        kind = accumulator_type(weight)
        return zeros_like(weight, dtype=kind), zeros_like(weight, dtype=kind)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        if weight.stype == "default" and grad.stype != "default":
            grad = grad.tostype("default")
        attrs = self._common(lr, wd)
        attrs.update(lamda1=float(self.lamda1), beta=float(self.beta))
        run("ftrl_update", (weight, grad, *state), attrs, weight)
