"""What goes in and comes out of passes, for modules that leave the passes to somebody else."""

from __future__ import annotations

import warnings
from typing import Any

from .base_module import BaseModule


class Delegating(BaseModule):
    """Parameters go to, and outputs, gradients and states come from `self._runner`: the executors of a Module, the module of a BucketingModule's current bucket."""

    @property
    def _runner(self) -> Any:
        """Who ran the last pass."""
        raise NotImplementedError

    def set_params(self, arg_params: dict | None, aux_params: dict | None, allow_missing: bool = False, force_init: bool = True,
                   allow_extra: bool = False) -> None:  # fmt: skip
        """Set parameters; a name that is missing is an error unless allow_missing."""
        if not allow_missing:
            self.init_params(initializer=None, arg_params=arg_params, aux_params=aux_params, allow_missing=allow_missing, force_init=force_init,
                             allow_extra=allow_extra)  # fmt: skip
            return
        if self.params_initialized and not force_init:
            warnings.warn("set_params: parameters are initialized already; this call has no effect. Pass force_init=True.", stacklevel=2)
            return
        self._hand_on(arg_params, aux_params, allow_extra)
        self._params_dirty = True
        self.params_initialized = True

    def _hand_on(self, arg_params: dict | None, aux_params: dict | None, allow_extra: bool) -> None:
        """Give parameters, some of which may be missing, to whoever runs the passes."""
        raise NotImplementedError

    def get_outputs(self, merge_multi_context: bool = True) -> list:
        """Outputs of the last forward."""
        assert self.binded and self.params_initialized, "get_outputs: the module is not ready. Call bind and init_params first."
        return self._runner.get_outputs(merge_multi_context=merge_multi_context)

    def get_input_grads(self, merge_multi_context: bool = True) -> list:
        """Gradients of the data, of the last backward."""
        assert self.binded and self.params_initialized and self.inputs_need_grad, "get_input_grads: bind with inputs_need_grad=True first."
        return self._runner.get_input_grads(merge_multi_context=merge_multi_context)

    def get_states(self, merge_multi_context: bool = True) -> list:
        """Values of the states, by context."""
        assert self.binded and self.params_initialized, "get_states: the module is not ready. Call bind and init_params first."
        return self._runner.get_states(merge_multi_context=merge_multi_context)

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Set the states: all to a number, or each to its arrays."""
        assert self.binded and self.params_initialized, "set_states: the module is not ready. Call bind and init_params first."
        self._runner.set_states(states, value)

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Count the outputs of the last forward."""
        assert self.binded and self.params_initialized, "update_metric: the module is not ready. Call bind and init_params first."
        self._runner.update_metric(eval_metric, labels, pre_sliced)
