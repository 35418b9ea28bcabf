"""Updater: keeps the states of an optimizer's parameters, and applies the optimizer to (index, gradient, weight)."""

from __future__ import annotations

from typing import Any

from .. import autograd
from .._runtime.array import Array
from .._runtime.state import state as flags
from ..base import py_str
from ..error import MXNetError
from . import states as _states
from ._base import Optimizer


class Updater:
    """A function `updater(index, grad, weight)` with the optimizer's states; the KVStore and the gluon Trainer use it.

    index, grad, weight may be lists of equal length: optimizers that can (aggregate_num > 0) then update many parameters in one call.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.states: dict = {}
        #: False for states that were loaded and may still be on another context than their weight
        self.states_synced: dict = {}
        self.aggregate_updates = optimizer.aggregate_num > 0

    def __call__(self, index: Any, grad: Any, weight: Any) -> None:
        if flags.recording:
            with autograd.pause():
                self._apply(index, grad, weight)
        else:
            self._apply(index, grad, weight)

    def _apply(self, index: Any, grad: Any, weight: Any) -> None:
        optimizer = self.optimizer
        if not isinstance(index, (list, tuple)):
            if type(index) is bytes:
                index = py_str(index)
            optimizer._set_current_context(weight._ctx.device_id)
            optimizer.update_multi_precision(index, weight, grad, self._state(index, weight))
            return
        if not index:
            return
        index = [py_str(i) if type(i) is bytes else i for i in index]
        optimizer._set_current_context(weight[0]._ctx.device_id)
        states = [self._state(i, w) for i, w in zip(index, weight)]
        if not self.aggregate_updates:
            for i, w, g, s in zip(index, weight, grad, states):
                optimizer.update_multi_precision(i, w, g, s)
            return
        groups: dict[Any, list[int]] = {}
        for k, w in enumerate(weight):
            groups.setdefault((w._d.dtype, w.stype, grad[k].stype), []).append(k)
        size = optimizer.aggregate_num
        for group in groups.values():
            for start in range(0, len(group), size):
                part = group[start : start + size]
                optimizer.update_multi_precision(
                    [index[k] for k in part], [weight[k] for k in part], [grad[k] for k in part], [states[k] for k in part]
                )

    def _state(self, index: Any, weight: Any) -> Any:
        """The state of a parameter, made at its first update, and on the weight's context."""
        try:
            found = self.states[index]
        except KeyError:
            found = self.states[index] = self.optimizer.create_state_multi_precision(index, weight)
            self.states_synced[index] = True
            return found
        if not self.states_synced[index]:
            large = weight.stype == "default" and weight.size > _LARGE and weight.shape[0] > _ROWS
            # a state like the whole of a large table would only be looked at
            fitting = self.optimizer.create_state_multi_precision(index, weight[:_ROWS] if large else weight)
            rows = weight.shape[0] if large else None
            if found is None and isinstance(fitting, Array):  # saved without momentum: it begins now
                found = self.optimizer.create_state_multi_precision(index, weight) if large else fitting
            elif not _fits(found, fitting, rows):
                raise MXNetError(
                    f"Updater: the loaded state of parameter {index!r} is {_describe(found)}, {type(self.optimizer).__name__} with a weight of "
                    f"shape {tuple(weight.shape)} has {_describe(fitting, rows)}. Load the states that were saved with this model and optimizer."
                )
            found = self.states[index] = self.sync_state_context(found, weight.context)
            self.states_synced[index] = True
        return found

    def sync_state_context(self, state: Any, context: Any) -> Any:
        """The state with its arrays on a context."""
        if isinstance(state, Array):
            return state.as_in_context(context)
        if isinstance(state, (tuple, list)):
            return type(state)(self.sync_state_context(s, context) for s in state)
        return state

    def set_states(self, states: bytes) -> None:
        """Take over states (and the optimizer, if it was saved with them) from `get_states` or from a file that MXNet wrote.

        Nothing in the bytes can run code. Errors: MXNetError naming the defect and its offset.
        """
        loaded, optimizer = _states.loads(states, self.optimizer)
        if optimizer is not None:
            self.optimizer = optimizer
            self.aggregate_updates = optimizer.aggregate_num > 0
        self.states = loaded
        self.states_synced = dict.fromkeys(loaded, False)

    def get_states(self, dump_optimizer: bool = False) -> bytes:
        """All states as bytes, with the optimizer's settings and counts if `dump_optimizer`."""
        return _states.dumps(self.states, self.optimizer if dump_optimizer else None)


#: Weights of more elements are judged by the state of their first `_ROWS` rows.
_LARGE = 1 << 20
_ROWS = 2


def _shape(array: Array, rows: int | None) -> tuple[int, ...]:
    """The shape of a state array; rows: how many the whole weight has, if the state was made for `_ROWS` of them."""
    shape = tuple(array.shape)
    return shape if rows is None or shape[:1] != (_ROWS,) else (rows, *shape[1:])


def _fits(loaded: Any, fitting: Any, rows: int | None) -> bool:
    """Whether a loaded state can stand for the one that the optimizer makes itself. What is None on one side (no momentum) does not count."""
    if fitting is None:
        return True
    if loaded is None:
        return isinstance(fitting, Array)
    if isinstance(fitting, (tuple, list)):
        return isinstance(loaded, (tuple, list)) and len(loaded) == len(fitting) and all(_fits(a, b, rows) for a, b in zip(loaded, fitting))
    if isinstance(fitting, Array):
        return isinstance(loaded, Array) and tuple(loaded.shape) == _shape(fitting, rows)
    return True


def _describe(state: Any, rows: int | None = None) -> str:
    if isinstance(state, (tuple, list)):
        return f"({', '.join(_describe(s, rows) for s in state)})"
    return f"an array {_shape(state, rows)}" if isinstance(state, Array) else "none" if state is None else type(state).__name__


def get_updater(optimizer: Optimizer) -> Updater:
    """The updater of an optimizer.

    >>> updater = get_updater(mx.optimizer.SGD(learning_rate=0.1))
    >>> w = mx.nd.ones((2,)); updater(0, mx.nd.ones((2,)), w); w.asnumpy()
    array([0.9, 0.9], dtype=float32)
    """
    return Updater(optimizer)
