"""Cells made of cells: stacks, both directions, dropout, zoneout, residual connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import symbol as sym
from ..symbol import Symbol
from ._base import BaseRNNCell, RNNParams, format_sequence, packed, unpacked


class _SeveralCells(BaseRNNCell):
    """States and weights of a cell are those of its `_cells`, one after the other."""

    _cells: list[BaseRNNCell]

    @property
    def state_info(self) -> list[dict]:
        """The states of all cells, in order."""
        return [info for c in self._cells for info in c.state_info]

    def begin_state(self, **kwargs: Any) -> list:
        """Initial states of all cells."""
        assert not self._modified, "begin_state: the cell is inside a modifier cell. Call the modifier's begin_state."
        return [s for c in self._cells for s in c.begin_state(**kwargs)]

    def unpack_weights(self, args: dict) -> dict:
        """Arguments with each gate's weight and bias on its own."""
        return unpacked(self._cells, args)

    def pack_weights(self, args: dict) -> dict:
        """The reverse of unpack_weights."""
        return packed(self._cells, args)


class SequentialRNNCell(_SeveralCells):
    """Cells on top of each other."""

    def __init__(self, params: RNNParams | None = None) -> None:
        self._cells: list[BaseRNNCell] = []
        super().__init__("", params)
        self._override_cell_params = params is not None

    def add(self, cell: BaseRNNCell) -> None:
        """Put a cell on top."""
        self._cells.append(cell)
        if self._override_cell_params:
            assert cell._own_params, "SequentialRNNCell: pass params to the stack or to its cells, not to both."
            cell.params._params.update(self.params._params)
        self.params._params.update(cell.params._params)

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """One step of all cells."""
        self._counter += 1
        after, at = [], 0
        for cell in self._cells:
            assert not isinstance(cell, BidirectionalCell), "SequentialRNNCell: a bidirectional cell cannot be stepped. Use unroll."
            n = len(cell.state_info)
            inputs, new = cell(inputs, states[at : at + n])
            at += n
            after += new
        return inputs, after

    def unroll(
        self, length: int, inputs: Any, begin_state: list | None = None, layout: str = "NTC", merge_outputs: bool | None = None
    ) -> tuple:
        """(outputs, states): each cell over the whole sequence, then the next."""
        self.reset()
        states = self.begin_state() if begin_state is None else begin_state
        after, at = [], 0
        for i, cell in enumerate(self._cells):
            n = len(cell.state_info)
            last = i == len(self._cells) - 1
            inputs, new = cell.unroll(
                length, inputs=inputs, begin_state=states[at : at + n], layout=layout, merge_outputs=merge_outputs if last else None
            )
            at += n
            after += new
        return inputs, after


class DropoutCell(BaseRNNCell):
    """Dropout on the input; no states."""

    def __init__(self, dropout: float, prefix: str = "dropout_", params: RNNParams | None = None) -> None:
        super().__init__(prefix, params)
        assert isinstance(dropout, (int, float)), (
            f"DropoutCell: dropout must be a number, got {type(dropout).__name__}. Pass a probability."
        )
        self.dropout = dropout

    @property
    def state_info(self) -> list[dict]:
        """No states."""
        return []

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(dropped input, states)."""
        return (sym.Dropout(data=inputs, p=self.dropout) if self.dropout > 0 else inputs), states

    def unroll(
        self, length: int, inputs: Any, begin_state: list | None = None, layout: str = "NTC", merge_outputs: bool | None = None
    ) -> tuple:
        """(dropped inputs, []); one symbol is dropped as a whole."""
        self.reset()
        inputs, _ = format_sequence(length, inputs, layout, merge_outputs)
        if isinstance(inputs, Symbol):
            return self(inputs, [])
        return super().unroll(length, inputs, begin_state=begin_state, layout=layout, merge_outputs=merge_outputs)


class ModifierCell(BaseRNNCell):
    """A cell that changes what another one does; weights and states are the other's."""

    def __init__(self, base_cell: BaseRNNCell) -> None:
        base_cell._modified = True
        self.base_cell = base_cell
        super().__init__()

    @property
    def params(self) -> RNNParams:
        """The inner cell's variables."""
        self._own_params = False
        return self.base_cell.params

    @property
    def state_info(self) -> list[dict]:
        """The inner cell's states."""
        return self.base_cell.state_info

    def begin_state(self, init_sym: Callable = sym.zeros, **kwargs: Any) -> list:
        """The inner cell's initial states."""
        assert not self._modified, "begin_state: the cell is inside a modifier cell. Call the modifier's begin_state."
        kwargs.setdefault("func", init_sym)
        self.base_cell._modified = False
        begin = self.base_cell.begin_state(**kwargs)
        self.base_cell._modified = True
        return begin

    def unpack_weights(self, args: dict) -> dict:
        """The inner cell's."""
        return self.base_cell.unpack_weights(args)

    def pack_weights(self, args: dict) -> dict:
        """The inner cell's."""
        return self.base_cell.pack_weights(args)


class ZoneoutCell(ModifierCell):
    """Outputs and states that at random keep their old values (D. Krueger et al., "Zoneout", 2017)."""

    def __init__(self, base_cell: BaseRNNCell, zoneout_outputs: float = 0.0, zoneout_states: float = 0.0) -> None:
        assert type(base_cell).__name__ != "FusedRNNCell", "ZoneoutCell: a FusedRNNCell cannot be stepped. unfuse() it first."
        assert not isinstance(base_cell, BidirectionalCell), (
            "ZoneoutCell: a bidirectional cell cannot be stepped. Put zoneout on its cells."
        )
        super().__init__(base_cell)
        self.zoneout_outputs, self.zoneout_states = zoneout_outputs, zoneout_states
        self.prev_output: Symbol | None = None

    def reset(self) -> None:
        """Forget the steps that were made."""
        super().reset()
        self.base_cell.reset()
        self.prev_output = None

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(output, states), mixed with the old ones."""
        output, new = self.base_cell(inputs, states)

        def mixed(p: float, after: Symbol, before: Symbol) -> Symbol:
            return sym.where(sym.Dropout(sym.ones_like(after), p=p), after, before)

        if self.zoneout_outputs > 0.0:
            output = mixed(self.zoneout_outputs, output, self.prev_output if self.prev_output is not None else sym.zeros_like(output))
        if self.zoneout_states > 0.0:
            new = [mixed(self.zoneout_states, a, b) for a, b in zip(new, states)]
        self.prev_output = output
        return output, new


class ResidualCell(ModifierCell):
    """output + input (Y. Wu et al., "Google's Neural Machine Translation System", 2016)."""

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(output + input, states)."""
        output, states = self.base_cell(inputs, states)
        return sym.elemwise_add(output, inputs, name=f"{output.name}_plus_residual"), states

    def unroll(
        self, length: int, inputs: Any, begin_state: list | None = None, layout: str = "NTC", merge_outputs: bool | None = None
    ) -> tuple:
        """(outputs + inputs, states)."""
        self.reset()
        self.base_cell._modified = False
        outputs, states = self.base_cell.unroll(length, inputs=inputs, begin_state=begin_state, layout=layout, merge_outputs=merge_outputs)
        self.base_cell._modified = True
        merge = isinstance(outputs, Symbol) if merge_outputs is None else merge_outputs
        inputs, _ = format_sequence(length, inputs, layout, merge)
        if merge:
            return sym.elemwise_add(outputs, inputs, name=f"{outputs.name}_plus_residual"), states
        return [sym.elemwise_add(o, i, name=f"{o.name}_plus_residual") for o, i in zip(outputs, inputs)], states


class BidirectionalCell(_SeveralCells):
    """Two cells, one over the sequence, one over its reverse; outputs side by side."""

    def __init__(self, l_cell: BaseRNNCell, r_cell: BaseRNNCell, params: RNNParams | None = None, output_prefix: str = "bi_") -> None:
        self._cells = [l_cell, r_cell]
        super().__init__("", params)
        self._output_prefix = output_prefix
        self._override_cell_params = params is not None
        if self._override_cell_params:
            assert l_cell._own_params and r_cell._own_params, "BidirectionalCell: pass params to it or to its cells, not to both."
            l_cell.params._params.update(self.params._params)
            r_cell.params._params.update(self.params._params)
        self.params._params.update(l_cell.params._params)
        self.params._params.update(r_cell.params._params)

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """Not possible: the reverse direction needs the whole sequence."""
        raise NotImplementedError("BidirectionalCell: cannot be stepped. Use unroll.")

    def unroll(
        self, length: int, inputs: Any, begin_state: list | None = None, layout: str = "NTC", merge_outputs: bool | None = None
    ) -> tuple:
        """(outputs, [states of the left cell, states of the right cell])."""
        self.reset()
        inputs, axis = format_sequence(length, inputs, layout, False)
        states = self.begin_state() if begin_state is None else begin_state
        left, right = self._cells
        n = len(left.state_info)
        l_out, l_states = left.unroll(length, inputs=inputs, begin_state=states[:n], layout=layout, merge_outputs=merge_outputs)
        r_out, r_states = right.unroll(
            length, inputs=list(reversed(inputs)), begin_state=states[n:], layout=layout, merge_outputs=merge_outputs
        )
        merge = isinstance(l_out, Symbol) and isinstance(r_out, Symbol) if merge_outputs is None else merge_outputs
        if merge_outputs is None:
            l_out, _ = format_sequence(None, l_out, layout, merge)  # type: ignore[arg-type]
            r_out, _ = format_sequence(None, r_out, layout, merge)  # type: ignore[arg-type]
        if merge:
            r_out = sym.reverse(r_out, axis=axis)
            return sym.Concat(l_out, r_out, dim=2, name=f"{self._output_prefix}out"), [l_states, r_states]
        r_out = list(reversed(r_out))
        outputs = [sym.Concat(a, b, dim=1, name=f"{self._output_prefix}t{i}") for i, (a, b) in enumerate(zip(l_out, r_out))]
        return outputs, [l_states, r_states]
