"""Cells around cells: zoneout, residual connections, both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import symbol
from .._errors import GluonError
from .._structure import _indent
from ..parameter import ParameterDict
from ._cell import HybridRecurrentCell, is_tensor
from ._sequence import arranged, as_steps, batch_size_of, masked, merged, module_of, reversed_steps


class ModifierCell(HybridRecurrentCell):
    """Base of cells that change another cell; the other cell's parameters are theirs, and it must not be called itself any more."""

    def __init__(self, base_cell: HybridRecurrentCell) -> None:
        if base_cell._modified:
            raise GluonError(f"{type(self).__name__}: cell {base_cell.name} is already inside another cell. Make a new cell.")
        base_cell._modified = True
        super().__init__(prefix=base_cell.prefix + self._alias(), params=None)
        self.base_cell = base_cell

    @property
    def params(self) -> ParameterDict:
        """The other cell's parameters."""
        return self.base_cell.params

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """The other cell's states."""
        return self.base_cell.state_info(batch_size)

    def begin_state(self, func: Callable = symbol.zeros, **kwargs: Any) -> list[Any]:
        """Start states of the other cell; by default symbols (pass func=mx.nd.zeros for arrays)."""
        self._check_not_modified("begin_state")
        self.base_cell._modified = False
        try:
            return self.base_cell.begin_state(func=func, **kwargs)
        finally:
            self.base_cell._modified = True

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """One step; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__}: hybrid_forward is not defined. Define it in the class.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_indent(repr(self.base_cell), 2)})"


class ZoneoutCell(ModifierCell):
    """In training, elements of outputs and states keep their previous value with the given probabilities.

    Source: Krueger et al. 2016, arXiv:1606.01305.
    """

    def __init__(self, base_cell: HybridRecurrentCell, zoneout_outputs: float = 0.0, zoneout_states: float = 0.0) -> None:
        if isinstance(base_cell, BidirectionalCell):
            raise GluonError("ZoneoutCell: a BidirectionalCell makes no single steps. Put zoneout round the cells inside it.")
        super().__init__(base_cell)
        self.zoneout_outputs = zoneout_outputs
        self.zoneout_states = zoneout_states
        self._prev_output: Any = None

    def _alias(self) -> str:
        return "zoneout"

    def reset(self) -> None:
        """Start a new sequence."""
        super().reset()
        self._prev_output = None

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """One step."""
        output, after = self.base_cell(inputs, states)

        def kept(rate: float, new: Any, old: Any) -> Any:
            return new if rate == 0 else F.where(F.Dropout(F.ones_like(new), p=rate), new, old)

        before = F.zeros_like(output) if self._prev_output is None else self._prev_output
        output = kept(self.zoneout_outputs, output, before)
        after = [kept(self.zoneout_states, new, old) for new, old in zip(after, states)]
        self._prev_output = output
        return output, after

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p_out={self.zoneout_outputs}, p_state={self.zoneout_states}, {_indent(repr(self.base_cell), 2)})"


class ResidualCell(ModifierCell):
    """output + input: a residual connection round a cell of equal input and output size.

    Source: Wu et al. 2016, arXiv:1609.08144.
    """

    def __init__(self, base_cell: HybridRecurrentCell) -> None:
        super().__init__(base_cell)

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """One step."""
        output, states = self.base_cell(inputs, states)
        return F.elemwise_add(output, inputs, name=f"t{self._counter}_fwd"), states

    def unroll(self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC", merge_outputs: bool | None = None,
               valid_length: Any = None) -> tuple[Any, list[Any]]:  # fmt: skip
        """The other cell's sequence, plus the inputs."""
        self.reset()
        self.base_cell._modified = False
        try:
            outputs, states = self.base_cell.unroll(length, inputs, begin_state, layout, merge_outputs, valid_length)
        finally:
            self.base_cell._modified = True
        merge = is_tensor(outputs) if merge_outputs is None else merge_outputs
        given = merged(inputs, layout) if merge else as_steps("ResidualCell", length, inputs, layout)
        if valid_length is not None:
            F = module_of(given if merge else given[0])
            given = arranged("ResidualCell", length, masked(F, given, layout, valid_length), layout, merge)
        outputs = outputs + given if merge else [o + g for o, g in zip(outputs, given)]
        return outputs, states


class BidirectionalCell(HybridRecurrentCell):
    """Two cells, one from the first step to the last and one back; outputs are put side by side. Only `unroll`, no single steps."""

    def __init__(self, l_cell: HybridRecurrentCell, r_cell: HybridRecurrentCell, output_prefix: str = "bi_") -> None:
        super().__init__(prefix="", params=None)
        self.register_child(l_cell, "l_cell")
        self.register_child(r_cell, "r_cell")
        self._output_prefix = output_prefix

    def __call__(self, inputs: Any, states: Any) -> Any:
        raise NotImplementedError("BidirectionalCell: cannot make single steps. Call unroll.")

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """States of both cells."""
        return [info for cell in self._children.values() for info in cell.state_info(batch_size)]

    def begin_state(self, **kwargs: Any) -> list[Any]:
        """Start states of both cells."""
        self._check_not_modified("begin_state")
        return [s for cell in self._children.values() for s in cell.begin_state(**kwargs)]

    def unroll(self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC", merge_outputs: bool | None = None,
               valid_length: Any = None) -> tuple[Any, list[Any]]:  # fmt: skip
        """Run both cells; arguments as in RecurrentCell.unroll."""
        self.reset()
        where = "BidirectionalCell"
        steps = as_steps(where, length, inputs, layout)
        F = module_of(steps[0])
        states = self._begin(begin_state, steps[0], batch_size_of(steps[0], layout), layout)
        left, right = self._children["l_cell"], self._children["r_cell"]
        count = len(left.state_info())
        l_out, l_states = left.unroll(length, steps, states[:count], layout, merge_outputs, valid_length)
        r_out, r_states = right.unroll(length, reversed_steps(F, steps, valid_length), states[count:], layout, False, valid_length)
        r_out = reversed_steps(F, r_out, valid_length)
        merge = is_tensor(l_out) if merge_outputs is None else merge_outputs
        l_out, r_out = arranged(where, length, l_out, layout, merge), arranged(where, length, r_out, layout, merge)
        if merge:
            outputs = F.concat(l_out, r_out, dim=2, name=f"{self._output_prefix}out")
        else:
            outputs = [F.concat(a, b, dim=1, name=f"{self._output_prefix}t{i}") for i, (a, b) in enumerate(zip(l_out, r_out))]
        return outputs, [*l_states, *r_states]

    def __repr__(self) -> str:
        left, right = self._children["l_cell"], self._children["r_cell"]
        return f"{type(self).__name__}(forward={_indent(repr(left), 2)}, backward={_indent(repr(right), 2)})"
