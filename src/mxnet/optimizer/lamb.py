"""Layer-wise adaptive moments."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, aggregation_size, all_dense, compute, run, zeros_like
from ._masters import MasterOperators


@Optimizer.register
class LAMB(MasterOperators):
    """u = m' / (sqrt(v') + epsilon) + wd * weight;  weight -= lr * clip(|weight|, lower_bound, upper_bound) / |u| * u   (arXiv 1904.00962).

    m' and v' are Adam's moments of g = clip(rescale_grad * grad), divided by 1 - beta^t if bias_correction. The ratio is 1 where a norm is 0.
    State: (m, v); under multi_precision (float32 copy, (m, v)).
    """

    def __init__(self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-6,
                 lower_bound: float | None = None, upper_bound: float | None = None, bias_correction: bool = True, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.aggregate_num = max(1, min(45, aggregation_size(45)))
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound
        self.bias_correction = bias_correction

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight), zeros_like(weight)

    def _update_impl(self, index: Any, weight: Any, grad: Any, state: Any, master: bool) -> None:
        if not isinstance(index, (list, tuple)):
            index, weight, grad, state = [index], [weight], [grad], [state]
        self._update_count(index)
        lrs, wds = self._get_lrs(index), self._get_wds(index)
        steps = [self._index_update_count[i] for i in index]
        if len(index) > 1 and all_dense(weight, grad):
            self._update_together(lrs, wds, steps, weight, grad, state, master)
            return
        for lr, wd, t, w, g, s in zip(lrs, wds, steps, weight, grad, state):
            self._update_one(lr, wd, t, w, g, s, master)

    def _attrs(self) -> dict[str, Any]:
        attrs = {"beta1": float(self.beta1), "beta2": float(self.beta2), "epsilon": float(self.epsilon),
                 "bias_correction": bool(self.bias_correction), "rescale_grad": float(self.rescale_grad)}  # fmt: skip
        if self.clip_gradient:
            attrs["clip_gradient"] = float(self.clip_gradient)
        return attrs

    def _bounds(self) -> dict[str, float]:
        bounds = {"lower_bound": self.lower_bound, "upper_bound": self.upper_bound}
        return {k: float(v) for k, v in bounds.items() if v}

    def _update_one(self, lr: float, wd: float, t: int, weight: Any, grad: Any, state: Any, master: bool) -> None:
        copy, moments = state if master else (None, state)
        extra, prefix = ((copy,), "mp_") if master else ((), "")
        grad = grad if grad.stype == "default" else grad.tostype("default")
        whole = weight if weight.stype == "default" else weight.tostype("default")
        u = compute(prefix + "lamb_update_phase1", (whole, grad, *moments, *extra), {**self._attrs(), "t": t, "wd": float(wd)})
        r1, r2 = (copy if master else whole).norm(), u.norm()
        run(prefix + "lamb_update_phase2", (whole, u, r1, r2, *extra), {"lr": float(lr), **self._bounds()}, whole)
        if whole is not weight:
            weight[:] = whole

    def _update_together(self, lrs: list, wds: list, steps: list, weights: Any, grads: Any, states: Any, master: bool) -> None:
        moments = [s[1] for s in states] if master else states
        columns = [weights, grads, [m for m, _ in moments], [v for _, v in moments]]
        if master:
            columns.append([s[0] for s in states])
        attrs = {**self._attrs(), **self._bounds(), "learning_rates": tuple(map(float, lrs)), "wds": tuple(map(float, wds)),
                 "step_count": tuple(steps), "num_tensors": len(weights)}  # fmt: skip
        run("_multi_mp_lamb_update" if master else "_multi_lamb_update", [a for row in zip(*columns) for a in row], attrs, list(weights))
