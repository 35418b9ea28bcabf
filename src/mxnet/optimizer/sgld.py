"""Stochastic gradient Langevin dynamics."""

from __future__ import annotations

import math
from typing import Any

import torch

from .._runtime import rng
from ._base import Optimizer, check, dense


@Optimizer.register
class SGLD(Optimizer):
    """weight += -lr / 2 * (clip(rescale_grad * grad) + wd * weight) + N(0, lr): samples from the posterior (Welling and Teh, ICML 2011).

    No state. The noise comes from the generator of the weight's context (`mx.random.seed`).
    """

    def create_state(self, index: Any, weight: Any) -> Any:
        return None

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        check(self, weight, grad)
        with dense(weight) as w:
            g = self._dense_gradient(grad, w.dtype).add_(w, alpha=wd)
            noise = torch.empty_like(w).normal_(0.0, math.sqrt(lr), generator=rng.generator(weight.context))
            w.sub_(g, alpha=lr / 2).add_(noise)
