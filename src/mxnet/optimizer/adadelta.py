"""AdaDelta."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, accumulator_type, check, dense, zeros_like


@Optimizer.register
class AdaDelta(Optimizer):
    """a = rho a + (1 - rho) g^2;  s = sqrt(b + epsilon) / sqrt(a + epsilon) * g;  b = rho b + (1 - rho) s^2;  weight -= s + wd * weight.

    g = clip(rescale_grad * grad) (arXiv 1212.5701). The learning rate plays no part. State: (a, b), float32 (float64 for float64 weights).
    """

    def __init__(self, rho: float = 0.90, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def create_state(self, index: Any, weight: Any) -> Any:
        kind = accumulator_type(weight)
        return zeros_like(weight, "default", kind), zeros_like(weight, "default", kind)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        _, wd = self._step(index)
        check(self, weight, grad)
        a, b = state[0]._d, state[1]._d
        with dense(weight) as w:
            g = self._dense_gradient(grad, a.dtype)
            a.mul_(self.rho).addcmul_(g, g, value=1.0 - self.rho)
            step = (b + self.epsilon).sqrt_().div_((a + self.epsilon).sqrt_()).mul_(g)
            b.mul_(self.rho).addcmul_(step, step, value=1.0 - self.rho)
            w.sub_(step.add_(w, alpha=wd).to(w.dtype))
