"""Adam."""

from __future__ import annotations

import math
from typing import Any

from ._base import Optimizer, run, zeros_like


@Optimizer.register
class Adam(Optimizer):
    """m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  weight -= lr_t m / (sqrt(v) + epsilon).

    g = clip(rescale_grad * grad + wd * weight), lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t), t the parameter's number of updates
    (arXiv 1412.6980). State: (m, v).
    lazy_update  with a row_sparse gradient only its rows are touched; False: every row.
    """

    lazy_update = True

    def __init__(self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, lazy_update: bool = True,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.lazy_update = lazy_update

    def create_state(self, index: Any, weight: Any) -> Any:
        stype = None if self.lazy_update else "default"
        return zeros_like(weight, stype), zeros_like(weight, stype)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        t = self._index_update_count[index]
        lr *= math.sqrt(1.0 - self.beta2**t) / (1.0 - self.beta1**t)
        attrs = self._common(lr, wd)
        attrs.update(beta1=float(self.beta1), beta2=float(self.beta2), epsilon=float(self.epsilon), lazy_update=self.lazy_update)
        run("adam_update", (weight, grad, *state), attrs, weight)
