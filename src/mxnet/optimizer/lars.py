"""Layer-wise adaptive rate scaling."""

from __future__ import annotations

from typing import Any

import torch

from .. import ndarray as nd
from ._base import aggregation_size, all_dense, compute, run
from .sgd import SGD

#: parameters whose rate is not scaled, by the end of their name
_PLAIN = ("gamma", "beta", "bias")


@SGD.register
class LARS(SGD):
    """SGD whose rate for each weight is lr * eta * |w| / (rescale_grad * |g| + wd * |w| + eps)   (arXiv 1708.03888).

    Biases, gammas and betas keep lr, and so does a weight where one of the norms is 0.
    momentum_correction  scale momentum by (rate of this step / rate of the last step), for schedules
    """

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, eta: float = 0.001, eps: float = 0, momentum_correction: bool = True,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(momentum, lazy_update, **kwargs)
        self.aggregate_num = aggregation_size(64)
        self.momentum_correction = momentum_correction
        self.eta = eta
        self.eps = eps
        self.skip = 0
        self.last_lr: float | None = None
        self.cur_lr: float | None = None

    def set_wd_mult(self, args_wd_mult: dict) -> None:
        """As in every optimizer, but gammas are spared from weight decay too."""
        spared = {n: 0.0 for n in self.idx2name.values() if not n.endswith("_weight")}
        self.wd_mult = {**spared, **self._from_symbol("__wd_mult__"), **args_wd_mult}

    def _get_lrs(self, indices: Any) -> list[float]:
        rate = self.lr if self.lr_scheduler is None else self.lr_scheduler(self.num_update)
        self.last_lr = rate if self.cur_lr is None else self.cur_lr
        self.cur_lr = rate
        return [rate * self._multiplier(i, "lr_mult", self.lr_mult) for i in indices]

    def _momentum_now(self) -> float:
        if self.momentum_correction and self.last_lr:
            return self.momentum * (self.cur_lr or 0.0) / self.last_lr
        return self.momentum

    def _update_impl(self, index: Any, weight: Any, grad: Any, state: Any, master: bool) -> None:
        if not isinstance(index, (list, tuple)):
            index, weight, grad, state = [index], [weight], [grad], [state]
        self._update_count(index)
        lrs, wds = self._get_lrs(index), self._get_wds(index)
        scaled = [i for i, k in enumerate(index) if not self.idx2name.get(k, str(k)).endswith(_PLAIN)]
        if all_dense(weight, grad):
            self._update_dense(lrs, wds, weight, grad, state, master, scaled)
            return
        for i, (lr, wd, w, g, s) in enumerate(zip(lrs, wds, weight, grad, state)):
            self._update_one(self._scaled(lr, wd, w, g) if i in scaled else lr, wd, w, g, s, master)

    def _scaled(self, lr: float, wd: float, weight: Any, grad: Any) -> float:
        norms = [float(torch.linalg.vector_norm((a._d if a.stype == "default" else a._d.data).float())) for a in (weight, grad)]
        w, g = norms[0], norms[1] * self.rescale_grad
        return lr * self.eta * w / (g + wd * w + self.eps) if w > 0 and g > 0 else lr

    def _update_one(self, lr: float, wd: float, weight: Any, grad: Any, state: Any, master: bool) -> None:
        momentum, self.momentum = self.momentum, self._momentum_now()
        try:
            super()._update_one(lr, wd, weight, grad, state, master)
        finally:
            self.momentum = momentum

    def _update_dense(self, lrs: list, wds: list, weights: Any, grads: Any, states: Any, master: bool, scaled: list[int]) -> None:
        """All in one: norms, rates and steps stay on the device."""
        order = scaled + [i for i in range(len(weights)) if i not in set(scaled)]
        ctx = weights[0].context
        rates = nd.array([lrs[i] for i in order], ctx=ctx, dtype="float32")
        decays = nd.array([wds[i] for i in order], ctx=ctx, dtype="float32")
        n = len(scaled)
        if n:
            squares = [compute("multi_sum_sq", [group[i] for i in scaled], {"num_arrays": n}) for group in (weights, grads)]
            attrs = {"eta": float(self.eta), "eps": float(self.eps), "rescale_grad": float(self.rescale_grad)}
            rates[:n] = compute("multi_lars", [rates[:n], *squares, decays[:n]], attrs)
        columns = [[weights[i] for i in order], [grads[i] for i in order]]
        attrs = self._common(0.0, 0.0)
        del attrs["lr"], attrs["wd"]
        attrs["num_weights"] = len(order)
        name = "preloaded_multi_mp_sgd" if master else "preloaded_multi_sgd"
        if self.momentum != 0.0:
            name += "_mom"
            attrs["momentum"] = float(self._momentum_now())
            columns.append([states[i][0] if master else states[i] for i in order])
        if master:
            columns.append([states[i][1] for i in order])
        run(name + "_update", [*(a for row in zip(*columns) for a in row), rates, decays], attrs, columns[0])
