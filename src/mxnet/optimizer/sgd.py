"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from typing import Any

from ._base import LOW_PRECISION, Optimizer, aggregation_size, all_dense, run, zeros_like


@Optimizer.register
class SGD(Optimizer):
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

    def create_state_multi_precision(self, index: Any, weight: Any) -> Any:
        if self.multi_precision and weight._d.dtype in LOW_PRECISION:
            master = weight.astype("float32")
            return self.create_state(index, master), master
        return self.create_state(index, weight)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        self._update_impl(index, weight, grad, state, False)

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        first = weight[0] if isinstance(weight, (list, tuple)) else weight
        self._update_impl(index, weight, grad, state, self.multi_precision and first._d.dtype in LOW_PRECISION)

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
        if master and self.lazy_update and grad.stype == "row_sparse" and weight.stype == "default":
            self._update_one(lr, wd, copy, grad.astype("float32"), momentum, False)  # the gradient's rows of the master alone
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
        attrs = self._common(0.0, 0.0)
        del attrs["lr"], attrs["wd"]
        attrs.update(lrs=tuple(map(float, lrs)), wds=tuple(map(float, wds)), num_weights=len(weights))
        columns = [weights, grads]
        name = "multi_mp_sgd" if master else "multi_sgd"
        if self.momentum != 0.0:
            name += "_mom"
            attrs["momentum"] = float(self.momentum)
            columns.append([s[0] for s in states] if master else states)
        if master:
            columns.append([s[1] for s in states])
        run(name + "_update", [a for row in zip(*columns) for a in row], attrs, list(weights))


@Optimizer.register
class ccSGD(SGD):
    """The old name of SGD."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
