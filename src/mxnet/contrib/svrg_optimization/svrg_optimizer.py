"""Optimizers of SVRGModule: one for parameters, and assignment for the averaged gradients that a store keeps beside them."""

from __future__ import annotations

from typing import Any

from ... import optimizer as opt
from ...optimizer import Optimizer

__all__: list[str] = []

#: The part of an optimizer that the wrapped one has and the wrapper shows.
_SHARED = ("lr", "wd", "rescale_grad", "lr_scheduler", "num_update", "idx2name", "param_dict", "lr_mult", "wd_mult", "multi_precision")


@opt.register
class _AssignmentOptimizer(Optimizer):
    """weight = gradient: a store keeps what was pushed last."""

    def create_state(self, index: Any, weight: Any) -> None:
        """There is no state."""

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Copy the gradient over the weight."""
        weight[:] = grad


@opt.register
class _SVRGOptimizer(Optimizer):
    """Another optimizer, except that parameters whose names end in `_full` (averaged gradients) are assigned.

    default_optimizer   a name, with kwargs for its class, or an Optimizer
    """

    def __init__(self, default_optimizer: Any, **kwargs: Any) -> None:
        self.default_opt = default_optimizer if isinstance(default_optimizer, Optimizer) else opt.create(default_optimizer, **kwargs)
        self.aux_opt = _AssignmentOptimizer()
        self.clip_gradient, self.aggregate_num = self.default_opt.clip_gradient, 0

    def __getattr__(self, name: str) -> Any:
        if name in _SHARED:
            return getattr(self.default_opt, name)
        raise AttributeError(f"_SVRGOptimizer: there is no attribute {name!r}.")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SHARED:
            setattr(self.default_opt, name, value)
        else:
            super().__setattr__(name, value)

    def __getstate__(self) -> dict:
        return {"default_opt": self.default_opt, "aux_opt": self.aux_opt, "clip_gradient": self.clip_gradient, "aggregate_num": 0}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)

    def _chosen(self, index: Any) -> Optimizer:
        name = self.default_opt.idx2name.get(index, index)
        return self.aux_opt if str(name).endswith("_full") else self.default_opt

    @property
    def learning_rate(self) -> float:
        """That of the wrapped optimizer."""
        return self.default_opt.learning_rate

    def set_learning_rate(self, lr: float) -> None:
        """Set that of the wrapped optimizer."""
        self.default_opt.set_learning_rate(lr)

    def _set_current_context(self, device_id: int) -> None:
        self.default_opt._set_current_context(device_id)

    def create_state(self, index: Any, weight: Any) -> Any:
        """The state that the parameter's optimizer needs."""
        return self._chosen(index).create_state(index, weight)

    def create_state_multi_precision(self, index: Any, weight: Any) -> Any:
        """The same, with a float32 copy of half-precision weights if the wrapped optimizer keeps one."""
        return self._chosen(index).create_state_multi_precision(index, weight)

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """A step of the parameter's optimizer."""
        self._chosen(index).update(index, weight, grad, state)

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """The same, on the float32 copy."""
        self._chosen(index).update_multi_precision(index, weight, grad, state)
