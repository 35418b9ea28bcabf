"""Delay-compensated asynchronous gradient descent."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, check, dense, zeros_like


@Optimizer.register
class DCASGD(Optimizer):
    """mom = momentum * mom - lr * (g + wd * weight + lamda * g^2 * (weight - previous));  previous = weight;  weight += mom.

    g = clip(rescale_grad * grad); `previous` is the weight before its last update (arXiv 1609.08326). State: (mom or None, previous).
    Differs: momentum works (MXNet 1.9.1 raises for weights of more than one element).
    """

    def __init__(self, momentum: float = 0.0, lamda: float = 0.04, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.weight_previous: dict = {}
        self.lamda = lamda

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight, "default") if self.momentum != 0.0 else None, weight.copy()

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        check(self, weight, grad)
        momentum, previous = state
        with dense(weight) as w, dense(previous) as before:
            g = self._dense_gradient(grad, w.dtype)
            step = (g * g).mul_(w - before).mul_(self.lamda).add_(g).add_(w, alpha=wd).mul_(-lr)
            if momentum is not None:
                step = momentum._d.mul_(self.momentum).add_(step)
            before.copy_(w)
            w.add_(step)
