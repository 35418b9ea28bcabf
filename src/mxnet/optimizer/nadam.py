"""Nesterov Adam."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, check, dense, zeros_like


@Optimizer.register
class Nadam(Optimizer):
    """Adam with Nesterov momentum (Dozat 2016). With p_t = beta1 (1 - 0.5 * 0.96^(t schedule_decay)) and P the product of all p so far:

    m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
    weight -= lr ((1 - p_t) g / (1 - P) + p_{t+1} m / (1 - P p_{t+1})) / (sqrt(v / (1 - beta2^t)) + epsilon)

    g = clip(rescale_grad * grad + wd * weight). State: (m, v). As in MXNet, P is one number for all parameters: every update multiplies it.
    """

    def __init__(self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
                 schedule_decay: float = 0.004, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.schedule_decay = schedule_decay
        self.m_schedule = 1.0

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight, "default"), zeros_like(weight, "default")

    def _momentum(self, t: int) -> float:
        return self.beta1 * (1.0 - 0.5 * 0.96 ** (t * self.schedule_decay))

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        check(self, weight, grad)
        t = self._index_update_count[index]
        now, later = self._momentum(t), self._momentum(t + 1)
        self.m_schedule *= now
        m, v = state[0]._d, state[1]._d
        with dense(weight) as w:
            g = self._dense_gradient(grad, w.dtype, w * wd)
            m.mul_(self.beta1).add_(g, alpha=1.0 - self.beta1)
            v.mul_(self.beta2).addcmul_(g, g, value=1.0 - self.beta2)
            step = g.mul_((1.0 - now) / (1.0 - self.m_schedule)).add_(m, alpha=later / (1.0 - self.m_schedule * later))
            w.sub_(step.div_((v / (1.0 - self.beta2**t)).sqrt_().add_(self.epsilon)), alpha=lr)
