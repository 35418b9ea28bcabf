"""Adamax."""

from __future__ import annotations

from typing import Any

import torch

from ._base import Optimizer, check, dense, zeros_like


@Optimizer.register
class Adamax(Optimizer):
    """m = beta1 m + (1 - beta1) g;  u = max(beta2 u, |g|);  weight -= lr / (1 - beta1^t) * m / u   (arXiv 1412.6980, section 7).

    g = clip(rescale_grad * grad + wd * weight). State: (m, u).
    """

    def __init__(self, learning_rate: float = 0.002, beta1: float = 0.9, beta2: float = 0.999, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight, "default"), zeros_like(weight, "default")

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        lr /= 1.0 - self.beta1 ** self._index_update_count[index]
        check(self, weight, grad)
        m, u = state[0]._d, state[1]._d
        with dense(weight) as w:
            g = self._dense_gradient(grad, w.dtype, w * wd)
            m.mul_(self.beta1).add_(g, alpha=1.0 - self.beta1)
            torch.maximum(u.mul_(self.beta2), g.abs_(), out=u)
            w.sub_(m / u, alpha=lr)
