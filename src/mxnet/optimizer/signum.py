"""Sign descent."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, run, zeros_like


@Optimizer.register
class Signum(Optimizer):
    """mom = momentum * mom - (1 - momentum) * g;  weight = (1 - lr * wd_lh) * weight + lr * sign(mom)   (arXiv 1802.04434).

    g = clip(rescale_grad * grad) + wd * weight. Without momentum: weight -= lr * sign(g), and no state.
    wd_lh  weight decay applied to the weight itself instead of to the gradient
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.9, wd_lh: float = 0.0, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum
        self.wd_lh = wd_lh

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight) if self.momentum != 0.0 else None

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        attrs = self._common(lr, wd)
        if state is None:
            run("signsgd_update", (weight, grad), attrs, weight)
        else:
            attrs.update(momentum=float(self.momentum), wd_lh=float(self.wd_lh))
            run("signum_update", (weight, grad, state), attrs, weight)
