"""An optimizer for tests of what calls optimizers."""

from __future__ import annotations

from typing import Any

from ._base import MXNetError, Optimizer, check, zeros_like


@Optimizer.register
class Test(Optimizer):
    """weight += rescale_grad * grad; the state is a copy of the new weight. Dense weights only."""

    def create_state(self, index: Any, weight: Any) -> Any:
        return zeros_like(weight, "default", "float32")

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        if weight.stype != "default":
            raise MXNetError(f"Test: the weight is {weight.stype}; only dense weights are updated. Convert it with tostype('default').")
        check(self, weight, grad)
        g = grad._d if grad.stype == "default" else grad._d.to_dense()
        weight._d.add_(g, alpha=self.rescale_grad)
        state._d.copy_(weight._d)
