"""Large-batch SGD: gradients of several batches are summed up, and the rate is warmed up or scaled by layer."""

from __future__ import annotations

import math
from typing import Any

import torch

from ._base import Optimizer, run, zeros_like


@Optimizer.register
class LBSGD(Optimizer):
    """SGD that steps once in `batch_scale` updates, with the mean of their gradients and the rate lr * multiplier.

    warmup_strategy  how the multiplier grows from 1 to batch_scale within warmup_epochs * updates_per_epoch updates: "linear", "power2",
                     "sqrt"; or "lars": sqrt(|w|^2 / (|g|^2 + wd |w|^2)), within [0.01, 100]
    begin_epoch      the epoch at which training resumes
    """

    def __init__(self, momentum: float = 0.0, multi_precision: bool = False, warmup_strategy: str = "linear", warmup_epochs: int = 5,
                 batch_scale: float = 1, updates_per_epoch: int = 32, begin_epoch: int = 0, num_epochs: int = 60, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(multi_precision=multi_precision, **kwargs)
        self.momentum = momentum
        self.warmup_strategy = warmup_strategy
        self.warmup_epochs = warmup_epochs
        self.batch_scale = batch_scale
        self.updates_per_epoch = updates_per_epoch
        self.init_updates = begin_epoch * updates_per_epoch
        self.num_epochs = num_epochs
        self.lbmult = 1
        self.cumgrads: dict = {}
        self.adaptive = False
        self.admult = 1

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight) if self.momentum != 0.0 else None

    def _get_lbmult(self, updates: int) -> float:
        """The warm-up multiplier after so many updates."""
        whole, top = self.warmup_epochs * self.updates_per_epoch, float(self.batch_scale)
        if updates >= whole:
            return top
        if whole <= 1:
            return 1.0
        progress = {"linear": updates / whole, "power2": (updates / whole) ** 2, "sqrt": math.sqrt(updates / whole)}
        return 1.0 + (top - 1.0) * progress.get(self.warmup_strategy, 0.0)

    def _get_lars(self, weight: Any, grad: Any, wd: float) -> float:
        """The multiplier by the ratio of weight and gradient."""
        w, g = (float(torch.sum((a._d if a.stype == "default" else a._d.data).double() ** 2)) for a in (weight, grad))
        return min(max(math.sqrt(w / (g + wd * w + 1e-18)), 0.01), 100.0)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._get_lr(index), self._get_wd(index)  # before the count: a schedule is one update behind, as in MXNet
        self._update_count(index)
        record = self.cumgrads.setdefault(index, {"cum_grad": None, "num_cums": 0})
        if record["num_cums"] > 0:
            total = grad.copy() if record["cum_grad"] is None else record["cum_grad"] + grad
            record["num_cums"] += 1
        else:
            total = grad.copy()
            record["num_cums"] = self.init_updates + 1
        record["cum_grad"] = total
        if record["num_cums"] % self.batch_scale:
            return
        mean = total / self.batch_scale
        record["cum_grad"] = None
        multiplier = self._get_lars(weight, mean, wd) if self.warmup_strategy == "lars" else self._get_lbmult(record["num_cums"])
        attrs = self._common(lr * multiplier, wd)
        name, arrays = "sgd_update", (weight, mean)
        if state is not None:
            name, arrays = "sgd_mom_update", (weight, mean, state)
            attrs["momentum"] = float(self.momentum)
        run(name, arrays, attrs, weight)
