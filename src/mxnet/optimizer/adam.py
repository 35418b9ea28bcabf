"""Adam."""

from __future__ import annotations

import math
from typing import Any

import torch

from . import _together
from ._base import LOW_PRECISION, Optimizer, aggregation_size, all_dense, check, run, zeros_like


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
        # a subclass with an update of its own gets one parameter at a time
        self.aggregate_num = aggregation_size(64) if type(self).update is Adam.update else 0

    def create_state(self, index: Any, weight: Any) -> Any:
        stype = None if self.lazy_update else "default"
        return zeros_like(weight, stype), zeros_like(weight, stype)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        if isinstance(index, (list, tuple)):
            if len(index) > 1 and all_dense(weight, grad) and _together.worthwhile([w._d for w in weight]):
                self._update_together(index, weight, grad, state)
            else:
                for i, w, g, s in zip(index, weight, grad, state):
                    self.update(i, w, g, s)
            return
        lr, wd = self._step(index)
        attrs = self._common(lr * self._correction(index), wd)
        attrs.update(beta1=float(self.beta1), beta2=float(self.beta2), epsilon=float(self.epsilon), lazy_update=self.lazy_update)
        run("adam_update", (weight, grad, *state), attrs, weight)

    def _correction(self, index: Any) -> float:
        """sqrt(1 - beta2^t) / (1 - beta1^t)"""
        t = self._index_update_count[index]
        return math.sqrt(1.0 - self.beta2**t) / (1.0 - self.beta1**t)

    def _update_together(self, index: Any, weights: Any, grads: Any, states: Any) -> None:
        """Many dense parameters of one type in a few calls of torch."""
        for w, g in zip(weights, grads):
            check(self, w, g)
        self._update_count(index)
        rates = [-lr * self._correction(i) for i, lr in zip(index, self._get_lrs(index))]
        values = [w._d for w in weights]
        wide, means, variances = values, [m._d for m, _ in states], [v._d for _, v in states]
        gradients = [g._d for g in grads]
        if values[0].dtype in LOW_PRECISION:  # half arithmetic is done in float32 and rounded once
            wide, means, variances, gradients = ([t.float() for t in group] for group in (values, means, variances, gradients))
        gradients = _together.prepared(gradients, self.rescale_grad, self.clip_gradient, wide, self._get_wds(index))
        torch._foreach_lerp_(means, gradients, 1.0 - self.beta1)
        torch._foreach_mul_(variances, self.beta2)
        torch._foreach_addcmul_(variances, gradients, gradients, 1.0 - self.beta2)
        roots = torch._foreach_sqrt(variances)
        torch._foreach_add_(roots, self.epsilon)
        torch._foreach_addcdiv_(wide, means, roots, rates)
        if wide is not values:
            for (m, v), new_m, new_v in zip(states, means, variances):
                m._d.copy_(new_m)
                v._d.copy_(new_v)
            torch._foreach_copy_(values, wide)
