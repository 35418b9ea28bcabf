"""Nesterov's accelerated gradient."""

from __future__ import annotations

from typing import Any

from ._base import Optimizer, compute, run, zeros_like
from ._masters import MasterLast


@Optimizer.register
class NAG(MasterLast):
    """mom = momentum * mom - lr * g;  weight += momentum * mom - lr * g, with g = clip(rescale_grad * grad) + wd * weight.

    As in MXNet 1.9.1, the momentum that is kept decays the new weight: mom = momentum * mom - lr * (clip(...) + wd * new weight).
    Without momentum it is plain gradient descent. State: mom, and the float32 master copy under multi_precision.
    """

    def __init__(self, momentum: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight, "default") if self.momentum != 0.0 else None

    def _update_impl(self, index: Any, weight: Any, grad: Any, state: Any, master: bool) -> None:
        lr, wd = self._step(index)
        attrs = self._common(lr, wd)
        momentum, copy = state if master else (state, None)
        name, arrays = "sgd_update", (weight, grad)
        if momentum is not None:
            name, arrays = "nag_mom_update", (weight, grad, momentum)
            attrs["momentum"] = float(self.momentum)
        if master:
            name, arrays = "mp_" + name, (*arrays, copy)
        if weight.stype == "default" or momentum is None:
            run(name, arrays, attrs, weight)
        else:  # every row moves
            weight[:] = compute(name, (weight.tostype("default"), grad.tostype("default"), *arrays[2:]), attrs)
