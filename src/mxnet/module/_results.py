"""What comes out of the last pass, for modules that leave the passes to somebody else."""

from __future__ import annotations

from typing import Any

from .base_module import BaseModule


class Results(BaseModule):
    """Outputs, gradients and states of `self._runner`: the executors of a Module, the module of a BucketingModule's current bucket."""

    @property
    def _runner(self) -> Any:
        """Who ran the last pass."""
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
