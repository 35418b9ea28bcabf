"""Cells on top of each other."""

from __future__ import annotations

from typing import Any

from .._structure import _indent
from ..parameter import ParameterDict
from ._cell import HybridRecurrentCell, RecurrentCell
from ._cell_modifiers import BidirectionalCell
from ._sequence import as_steps, batch_size_of


class _Stack:
    """What both stacks share: every cell takes the output of the one below it; states are those of all cells in one list."""

    def add(self, cell: Any) -> None:
        """Put a cell on top."""
        self.register_child(cell)  # type: ignore[attr-defined]

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """States of all cells."""
        return [info for cell in self._children.values() for info in cell.state_info(batch_size)]  # type: ignore[attr-defined]

    def begin_state(self, **kwargs: Any) -> list[Any]:
        """Start states of all cells."""
        self._check_not_modified("begin_state")  # type: ignore[attr-defined]
        return [s for cell in self._children.values() for s in cell.begin_state(**kwargs)]  # type: ignore[attr-defined]

    def _step(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        after: list[Any] = []
        at = 0
        for cell in self._children.values():  # type: ignore[attr-defined]
            if isinstance(cell, BidirectionalCell):
                raise NotImplementedError(f"{type(self).__name__}: a BidirectionalCell cannot make single steps. Call unroll.")
            count = len(cell.state_info())
            inputs, new = cell(inputs, states[at : at + count])
            at += count
            after.extend(new)
        return inputs, after

    def unroll(self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC", merge_outputs: bool | None = None,
               valid_length: Any = None) -> tuple[Any, list[Any]]:  # fmt: skip
        """Run a sequence through one cell after another; arguments as in RecurrentCell.unroll."""
        self.reset()  # type: ignore[attr-defined]
        cells = list(self._children.values())  # type: ignore[attr-defined]
        first = as_steps(type(self).__name__, length, inputs, layout)[0]
        states = self._begin(begin_state, first, batch_size_of(first, layout), layout)  # type: ignore[attr-defined]
        after: list[Any] = []
        at = 0
        for i, cell in enumerate(cells):
            count = len(cell.state_info())
            inputs, new = cell.unroll(
                length, inputs, states[at : at + count], layout, merge_outputs if i == len(cells) - 1 else None, valid_length
            )
            at += count
            after.extend(new)
        return inputs, after

    def __getitem__(self, i: int) -> Any:
        return list(self._children.values())[i]  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self._children)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        rows = "\n".join(f"({i}): {_indent(repr(cell), 2)}" for i, cell in self._children.items())  # type: ignore[attr-defined]
        return f"{type(self).__name__}(\n{rows}\n)"


class SequentialRNNCell(_Stack, RecurrentCell):
    """Cells on top of each other: `stack.add(cell)`.

    >>> stack = mx.gluon.rnn.SequentialRNNCell()
    >>> stack.add(mx.gluon.rnn.LSTMCell(4))
    >>> stack.add(mx.gluon.rnn.GRUCell(3))
    >>> stack.initialize()
    >>> stack.unroll(5, mx.nd.ones((2, 5, 6)), merge_outputs=True)[0].shape
    (2, 5, 3)
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def __call__(self, inputs: Any, states: Any) -> Any:
        self._counter += 1
        return self._step(inputs, states)

    def hybrid_forward(self, *args: Any, **kwargs: Any) -> Any:
        """Not used: the stack is no HybridBlock."""
        raise NotImplementedError("SequentialRNNCell: is no HybridBlock. Use HybridSequentialRNNCell.")


class HybridSequentialRNNCell(_Stack, HybridRecurrentCell):
    """Hybrid cells on top of each other."""

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def __call__(self, inputs: Any, states: Any) -> Any:
        return super().__call__(inputs, states)

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """One step of every cell."""
        return self._step(inputs, states)
