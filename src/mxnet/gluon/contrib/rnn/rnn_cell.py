"""LSTM with projection, dropout that is the same at every step, and loops over sequences whose length is not known."""

from __future__ import annotations

from typing import Any

from ...parameter import ParameterDict
from ...rnn import BidirectionalCell, ModifierCell, SequentialRNNCell
from ...rnn._cell_basic import _GatedCell
from ...rnn._sequence import arranged, as_steps, batch_size_of, masked, merged, module_of

__all__ = ["VariationalDropoutCell", "LSTMPCell", "dynamic_unroll"]


class VariationalDropoutCell(ModifierCell):
    """Dropout on inputs, first state and outputs of another cell, with the same elements dropped at every step of a sequence.

    Source: Gal and Ghahramani 2016, arXiv:1512.05287.
    """

    def __init__(self, base_cell: Any, drop_inputs: float = 0.0, drop_states: float = 0.0, drop_outputs: float = 0.0) -> None:
        if drop_states and isinstance(base_cell, BidirectionalCell):
            raise AssertionError(
                "VariationalDropoutCell: a BidirectionalCell makes no single steps. Put the dropout round the cells inside it."
            )
        if (
            drop_states
            and isinstance(base_cell, SequentialRNNCell)
            and any(isinstance(c, BidirectionalCell) for c in base_cell._children.values())
        ):
            raise AssertionError(
                "VariationalDropoutCell: the stack has a BidirectionalCell in it. Put the dropout round the cells inside it."
            )
        super().__init__(base_cell)
        self.drop_inputs, self.drop_states, self.drop_outputs = drop_inputs, drop_states, drop_outputs
        self._masks: dict[str, Any] = {}

    def _alias(self) -> str:
        return "vardrop"

    def reset(self) -> None:
        """Start a new sequence, with new masks."""
        super().reset()
        self._masks = {}

    def _mask(self, F: Any, kind: str, rate: float, like: Any) -> Any:
        if kind not in self._masks:
            self._masks[kind] = F.Dropout(F.ones_like(like), p=rate)
        return self._masks[kind]

    @property
    def drop_inputs_mask(self) -> Any:
        """What inputs of the running sequence are multiplied by, or None before its first step."""
        return self._masks.get("inputs")

    @property
    def drop_states_mask(self) -> Any:
        """The same of the first state."""
        return self._masks.get("states")

    @property
    def drop_outputs_mask(self) -> Any:
        """The same of outputs."""
        return self._masks.get("outputs")

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """One step."""
        if self.drop_states:
            states = list(states)
            states[0] = states[0] * self._mask(F, "states", self.drop_states, states[0])
        if self.drop_inputs:
            inputs = inputs * self._mask(F, "inputs", self.drop_inputs, inputs)
        output, after = self.base_cell(inputs, states)
        if self.drop_outputs:
            output = output * self._mask(F, "outputs", self.drop_outputs, output)
        return output, after

    def unroll(self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC", merge_outputs: bool | None = None,
               valid_length: Any = None) -> tuple[Any, list[Any]]:  # fmt: skip
        """Run a sequence; without dropout of states the other cell's own unroll is used."""
        if self.drop_states:
            return super().unroll(length, inputs, begin_state, layout, merge_outputs, valid_length)
        self.reset()
        whole, axis = merged(inputs, layout), layout.find("T")
        F = module_of(whole)
        first = as_steps("VariationalDropoutCell", length, inputs, layout)[0]
        states = self._begin(begin_state, first, batch_size_of(first, layout), layout)
        if self.drop_inputs:
            whole = F.Dropout(whole, p=self.drop_inputs, axes=(axis,))
        self.base_cell._modified = False
        try:
            outputs, states = self.base_cell.unroll(length, whole, states, layout, True, valid_length)
        finally:
            self.base_cell._modified = True
        if self.drop_outputs:
            outputs = F.Dropout(outputs, p=self.drop_outputs, axes=(axis,))
        if valid_length is not None:
            outputs = masked(F, outputs, layout, valid_length)
        return arranged("VariationalDropoutCell", length, outputs, layout, True if merge_outputs is None else merge_outputs), states

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p_out = {self.drop_outputs}, p_state = {self.drop_states})"


class LSTMPCell(_GatedCell):
    """LSTM whose output is projected: r = W_r h with fewer elements, and r goes into the gates of the next step; states [r, c].

    Source: Sak et al. 2014, arXiv:1402.1128.
    """

    _gates = 4

    def __init__(self, hidden_size: int, projection_size: int, i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None,
                 h2r_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros", h2h_bias_initializer: Any = "zeros", input_size: int = 0,
                 prefix: str | None = None, params: ParameterDict | None = None) -> None:  # fmt: skip
        self._projection_size, self._h2r_init = projection_size, h2r_weight_initializer
        super().__init__(hidden_size, input_size, projection_size, (i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
                                                                    h2h_bias_initializer), prefix, params)  # fmt: skip

    def _more_parameters(self) -> None:
        self.h2r_weight = self.params.get(
            "h2r_weight", shape=(self._projection_size, self._hidden_size), init=self._h2r_init, allow_deferred_init=True
        )

    def _alias(self) -> str:
        return "lstmp"

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """Two states: projected output and memory."""
        return [
            {"shape": (batch_size, self._projection_size), "__layout__": "NC"},
            {"shape": (batch_size, self._hidden_size), "__layout__": "NC"},
        ]

    def hybrid_forward(self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, h2r_weight: Any, i2h_bias: Any,
                       h2h_bias: Any) -> Any:  # fmt: skip
        """One step."""
        i2h, h2h, step = self._sums(F, inputs, states[0], i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i, f, g, o = F.SliceChannel(i2h + h2h, num_outputs=4, name=step + "slice")
        memory = F.sigmoid(f) * states[1] + F.sigmoid(i) * F.tanh(g)
        hidden = F.sigmoid(o) * F.tanh(memory)
        output = F.FullyConnected(hidden, h2r_weight, num_hidden=self._projection_size, no_bias=True, name=step + "out")
        return output, [output, memory]


def dynamic_unroll(cell: Any, inputs: Any, begin_state: Any, drop_inputs: float = 0, drop_outputs: float = 0, layout: str = "TNC",
                   valid_length: Any = None) -> tuple[Any, list[Any]]:  # fmt: skip
    """Run a cell over all steps of one array: (outputs as one array, states).

    inputs (T, N, ...) or (N, T, ...); valid_length (N,) as in `unroll`; dropout of inputs and outputs is the same at all steps.
    """
    F = module_of(inputs)
    axis = layout.find("T")
    if drop_inputs:
        inputs = F.Dropout(inputs, p=drop_inputs, axes=(axis,))
    if hasattr(inputs, "_d"):
        outputs, states = cell.unroll(inputs.shape[axis], inputs, begin_state, layout, True, valid_length)
    else:
        outputs, states = _loop(F, cell, F.swapaxes(inputs, 0, axis) if axis else inputs, begin_state, valid_length)
        outputs = F.swapaxes(outputs, 0, axis) if axis else outputs
    if drop_outputs:
        outputs = F.Dropout(outputs, p=drop_outputs, axes=(axis,))
    return outputs, states


def _loop(F: Any, cell: Any, inputs: Any, states: Any, valid_length: Any) -> tuple[Any, list[Any]]:
    """A cell over the first axis of a symbol, whose length is not known: a loop in the graph."""
    cell.reset()
    if valid_length is None:
        return F.contrib.foreach(cell, inputs, states)

    def step(x: Any, carried: Any) -> tuple[list[Any], list[Any]]:
        output, after = cell(x, carried)
        return [output, *after], after

    (outputs, *history), _ = F.contrib.foreach(step, inputs, list(states))
    outputs = F.SequenceMask(outputs, valid_length, use_sequence_length=True)
    return outputs, [F.SequenceLast(h, valid_length, use_sequence_length=True) for h in history]
