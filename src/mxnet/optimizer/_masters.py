"""What SGD, NAG and LAMB share: operators that update a 16-bit weight and its float32 master copy at once."""

from __future__ import annotations

from typing import Any

from ._base import LOW_PRECISION, Optimizer


class MasterOperators(Optimizer):
    """An optimizer whose operators have mp_ forms: `_update_impl` does both kinds of update."""

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """One step of one parameter, or of lists of them."""
        self._update_impl(index, weight, grad, state, False)

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """One step, in the master copy where there is one."""
        first = weight[0] if isinstance(weight, (list, tuple)) else weight
        self._update_impl(index, weight, grad, state, self.multi_precision and first._d.dtype in LOW_PRECISION)

    def _update_impl(self, index: Any, weight: Any, grad: Any, state: Any, master: bool) -> None:
        """What subclasses define. master: the state holds a master copy."""
        raise NotImplementedError(f"{type(self).__name__}: define update(index, weight, grad, state) in the subclass.")


class MasterLast(MasterOperators):
    """The same with the master copy behind the state, as MXNet's momentum optimizers keep it."""

    def create_state_multi_precision(self, index: Any, weight: Any) -> Any:
        """(state of the master copy, master copy) where `multi_precision` asks for one, else the state."""
        if self.multi_precision and weight._d.dtype in LOW_PRECISION:
            master = weight.astype("float32")
            return self.create_state(index, master), master
        return self.create_state(index, weight)
