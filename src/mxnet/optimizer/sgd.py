"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from typing import Any

import torch

from . import _together
from ._base import LOW_PRECISION, Optimizer, aggregation_size, all_dense, check, run, zeros_like
from ._masters import MasterLast


@Optimizer.register
class SGD(MasterLast):
    """mom = momentum * mom - lr * (clip(rescale_grad * grad) + wd * weight);  weight += mom.

    momentum     0 keeps no state
    lazy_update  with a row_sparse gradient only its rows are touched (weight decay and momentum of the others wait); False: every row
    Row-sparse weights and gradients have their own updates. Dense parameters are updated together (`aggregate_num` in one call).
    """

    lazy_update = True

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.aggregate_num = aggregation_size(64)
        self.momentum = momentum
        self.lazy_update = lazy_update

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight, None if self.lazy_update else "default") if self.momentum != 0.0 else None

    def _update_impl(self, index: Any, weight: Any, grad: Any, state: Any, master: bool) -> None:
        if not isinstance(index, (list, tuple)):
            index, weight, grad, state = [index], [weight], [grad], [state]
        self._update_count(index)
        lrs, wds = self._get_lrs(index), self._get_wds(index)
        if len(index) > 1 and all_dense(weight, grad):
            self._update_together(lrs, wds, weight, grad, state, master)
        else:
            for lr, wd, w, g, s in zip(lrs, wds, weight, grad, state):
                self._update_one(lr, wd, w, g, s, master)

    def _update_one(self, lr: float, wd: float, weight: Any, grad: Any, state: Any, master: bool) -> None:
        attrs = self._common(lr, wd)
        momentum, copy = state if master else (state, None)
        if master and momentum is None and wd == 0.0 and self.lazy_update and grad.stype == "row_sparse" and weight.stype == "default":
            self._update_one(lr, wd, copy, grad.astype("float32"), None, False)  # no other row can change
            self._store_master(weight, copy, grad)
            return
        # MXNet updates master copies of all rows; without decay and momentum that is the same as the gradient's rows
        attrs["lazy_update"] = self.lazy_update and not (master and (wd or momentum is not None))
        name, arrays = "sgd_update", (weight, grad)
        if momentum is not None:
            name, arrays = "sgd_mom_update", (weight, grad, momentum)
            attrs["momentum"] = float(self.momentum)
        if master:
            name, arrays = "mp_" + name, (*arrays, copy)
        run(name, arrays, attrs, weight)

    def _update_together(self, lrs: list, wds: list, weights: Any, grads: Any, states: Any, master: bool) -> None:
        for w, g in zip(weights, grads):
            check(self, w, g)
        values, gradients = [w._d for w in weights], [g._d for g in grads]
        momenta = [(s[0] if master else s)._d for s in states] if self.momentum != 0.0 else None
        targets = [s[1]._d for s in states] if master else values
        half = not master and values[0].dtype in LOW_PRECISION
        if half:  # half arithmetic is done in float32 and rounded once
            targets = [t.float() for t in values]
            kept, momenta = momenta, momenta and [m.float() for m in momenta]
        if master or half:
            gradients = [g.float() for g in gradients]
        rescale = self.rescale_grad
        if self.clip_gradient:
            gradients, rescale = _together.prepared(gradients, rescale, self.clip_gradient), 1.0
        for (lr, wd), places in _together.by_rate(lrs, wds).items():
            part = [_together.pick(group, places) if group is not None else None for group in (targets, gradients, momenta)]
            _together.sgd(*part, lr, wd, self.momentum, rescale)
        if master or half:
            torch._foreach_copy_(values, targets)
        if half and momenta is not None:
            torch._foreach_copy_(kept, momenta)


@Optimizer.register
class ccSGD(SGD):
    """The old name of SGD."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
