"""Contributed optimizers: GroupAdaGrad."""

from __future__ import annotations

from typing import Any

from .. import ndarray as nd
from ..registry import BadArgument
from ._base import Optimizer, accumulator_type, check, run

__all__ = ["GroupAdaGrad"]


@Optimizer.register
class GroupAdaGrad(Optimizer):
    """AdaGrad with one accumulator a row: h += mean(g^2 over the row);  weight -= lr g / sqrt(h + eps), with g = clip(rescale_grad * grad).

    For embeddings: the state is (rows, 1). Weights have 2 axes; weight decay must be 0. A row_sparse gradient touches its rows only.
    """

    lazy_update = True

    def __init__(self, eps: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps

    def create_state(self, index: Any, weight: Any) -> Any:
        if len(weight.shape) != 2:
            raise BadArgument(f"GroupAdaGrad: the weight has shape {tuple(weight.shape)}; 2 axes are needed. Use AdaGrad for it.")
        shape, kind = (weight.shape[0], 1), accumulator_type(weight)
        if weight.stype == "default":
            return nd.zeros(shape, ctx=weight.context, dtype=kind)
        return nd.sparse.zeros(weight.stype, shape, ctx=weight.context, dtype=kind)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        lr, wd = self._step(index)
        if wd != 0:
            raise BadArgument(f"GroupAdaGrad: weight decay {wd} is not supported. Set wd=0.")
        if grad.stype == "row_sparse":
            attrs = self._common(lr, wd)
            del attrs["wd"]
            run("_contrib_group_adagrad_update", (weight, grad, state), {**attrs, "epsilon": float(self.float_stable_eps)}, weight)
            return
        check(self, weight, grad)
        w, h = weight._d, state._d
        g = self._dense_gradient(grad, h.dtype)
        h.add_((g * g).mean(dim=1, keepdim=True))
        w.sub_(g.mul_(lr).div_((h + self.float_stable_eps).sqrt_()).to(w.dtype))
