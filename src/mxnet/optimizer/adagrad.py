"""AdaGrad."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, accumulator_type, check, dense, run, zeros_like


@Optimizer.register
class AdaGrad(Optimizer):
    """h += g^2;  weight -= lr (g / sqrt(h + eps) + wd * weight), with g = clip(rescale_grad * grad)  (Duchi et al., JMLR 2011).

    State: h, float32 (float64 for float64 weights). A row_sparse gradient touches its rows only and allows no weight decay (wd must be 0).
    """

    lazy_update = True

    def __init__(self, eps: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight, dtype=accumulator_type(weight))

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        if grad.stype == "row_sparse":
            run("_sparse_adagrad_update", (weight, grad, state), {**self._common(lr, wd), "epsilon": float(self.float_stable_eps)}, weight)
            return
        check(self, weight, grad)
        with dense(weight) as w, dense(state) as h:
            g = self._dense_gradient(grad, h.dtype)
            h.addcmul_(g, g)
            step = g.div_((h + self.float_stable_eps).sqrt_())
            if wd:
                step.add_(w, alpha=wd)
            w.sub_(step if step.dtype == w.dtype else (step * lr).to(w.dtype), alpha=lr if step.dtype == w.dtype else 1)
