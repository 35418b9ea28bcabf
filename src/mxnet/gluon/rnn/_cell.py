"""The base of recurrent cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import ndarray, symbol
from ..._dtype import TORCH_TO_NUMPY
from ..._runtime.array import Array
from ...symbol import Symbol
from .._errors import GluonError
from ..block import Block, HybridBlock
from ..parameter import ParameterDict
from ._sequence import arranged, as_steps, batch_size_of, last_states, masked, module_of, zero_state


class RecurrentCell(Block):
    """Base of cells. `output, states = cell(input, states)` makes one step; `unroll` runs a sequence; `reset()` starts a new one.

    Subclasses define `state_info` and the step (`forward`, or `hybrid_forward` in HybridRecurrentCell).
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._modified = False
        self.reset()

    def reset(self) -> None:
        """Forget what a cell keeps during a sequence (counters, dropout masks)."""
        self._init_counter = -1
        self._counter = -1
        for cell in self._children.values():
            if isinstance(cell, RecurrentCell):
                cell.reset()

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """Shape and layout of each state."""
        raise NotImplementedError(f"{type(self).__name__}: state_info is not defined. Define it in the class.")

    def begin_state(self, batch_size: int = 0, func: Callable = ndarray.zeros, **kwargs: Any) -> list[Any]:
        """States for the start of a sequence, made by `func(shape=..., name=..., **kwargs)`: zeros by default."""
        self._check_not_modified("begin_state")
        states = []
        for info in self.state_info(batch_size):
            self._init_counter += 1
            made = {**(info or {}), **kwargs}
            if func is ndarray.zeros or func is symbol.zeros:
                made.pop("__layout__", None)
            states.append(func(name=f"{self._prefix}begin_state_{self._init_counter}", **made))
        return states

    def _check_not_modified(self, what: str) -> None:
        if self._modified:
            raise GluonError(
                f"{type(self).__name__}: {what} of a cell inside another cell (residual, zoneout ...) cannot be called. Call the outer cell."
            )

    def _begin(self, begin_state: Any, like: Any, batch_size: int, layout: str) -> list[Any]:
        """The given states, or zeros on the context and of the type of an input step."""
        if begin_state is not None:
            return begin_state
        if isinstance(like, Symbol):
            axis = [c for c in layout if c != "T"].index("N")
            return [zero_state(like, info["shape"], info.get("__layout__", "NC").find("N"), axis) for info in self.state_info(1)]
        return self.begin_state(func=ndarray.zeros, batch_size=batch_size, ctx=like.context, dtype=TORCH_TO_NUMPY[like._d.dtype])

    def unroll(self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC", merge_outputs: bool | None = None,
               valid_length: Any = None) -> tuple[Any, list[Any]]:  # fmt: skip
        """Run `length` steps: (outputs, states after the last).

        inputs         one array (N, T, ...) or (T, N, ...) as `layout` says, or a list of steps
        merge_outputs  True: one array; False: a list; None: a list, or one array if valid_length is given
        valid_length   (N,) number of valid steps of each sample: outputs after them are 0, states are those at the last valid step
        """
        self.reset()
        steps = as_steps(type(self).__name__, length, inputs, layout)
        F = module_of(steps[0])
        states = self._begin(begin_state, steps[0], batch_size_of(steps[0], layout), layout)
        outputs, history = [], []
        for step in steps:
            output, states = self(step, states)
            outputs.append(output)
            if valid_length is not None:
                history.append(states)
        if valid_length is not None:
            states = last_states(F, history, valid_length)
            outputs = masked(F, outputs, layout, valid_length)
        return arranged(type(self).__name__, length, outputs, layout, merge_outputs), states

    def forward(self, inputs: Any, states: Any) -> Any:
        """One step."""
        self._counter += 1
        return super().forward(inputs, states)


class HybridRecurrentCell(RecurrentCell, HybridBlock):
    """A cell whose step is `hybrid_forward(self, F, inputs, states, ...)`."""

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """One step; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__}: hybrid_forward is not defined. Define it in the class.")


def is_tensor(x: Any) -> bool:
    """Whether x is an array or a symbol, not a list of them."""
    return isinstance(x, (Array, Symbol))
