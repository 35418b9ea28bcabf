"""Follow the moving leader."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, run, zeros_like


@Optimizer.register
class FTML(Optimizer):
    """v = beta2 v + (1 - beta2) g^2;  d' = (1 - beta1^t) / lr * (sqrt(v / (1 - beta2^t)) + epsilon);
    z = beta1 z + (1 - beta1) g - (d' - beta1 d) * weight;  d = d';  weight = -z / d   (Zheng and Kwok, ICML 2017).

    g = clip(rescale_grad * grad + wd * weight). State: (d, v, z).
    """

    def __init__(self, beta1: float = 0.6, beta2: float = 0.999, epsilon: float = 1e-8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def create_state(self, index: Any, weight: Any) -> Any:
        return tuple(zeros_like(weight, "default") for _ in range(3))

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        attrs = self._common(lr, wd)
        if "clip_gradient" in attrs:
            attrs["clip_grad"] = attrs.pop("clip_gradient")
        attrs.update(t=self._index_update_count[index], beta1=float(self.beta1), beta2=float(self.beta2), epsilon=float(self.epsilon))
        run("ftml_update", (weight, grad, *state), attrs, weight)
