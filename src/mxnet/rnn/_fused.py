"""FusedRNNCell: whole layers in the one operator RNN, with its weights in one vector."""

from __future__ import annotations

from typing import Any

from .. import initializer as init
from .. import ndarray as nd
from .. import symbol as sym
from ..error import MXNetError
from ..symbol import Symbol
from ._base import BaseRNNCell, RNNParams, format_sequence
from ._cells import GRUCell, LSTMCell, RNNCell
from ._combined import BidirectionalCell, DropoutCell, SequentialRNNCell

_GATES = {"rnn_relu": ("",), "rnn_tanh": ("",), "lstm": ("_i", "_f", "_c", "_o"), "gru": ("_r", "_z", "_o")}


class FusedRNNCell(BaseRNNCell):
    """`num_layers` layers of one mode ("rnn_relu", "rnn_tanh", "lstm", "gru"), one or both directions; can only be unrolled."""

    def __init__(self, num_hidden: int, num_layers: int = 1, mode: str = "lstm", bidirectional: bool = False, dropout: float = 0.0,
                 get_next_state: bool = False, forget_bias: float = 1.0, prefix: str | None = None, params: RNNParams | None = None) -> None:  # fmt: skip
        super().__init__(f"{mode}_" if prefix is None else prefix, params)
        if mode not in _GATES:
            raise MXNetError(f"FusedRNNCell: mode {mode!r} is unknown. Use one of {', '.join(_GATES)}.")
        self._num_hidden, self._num_layers, self._mode, self._bidirectional = num_hidden, num_layers, mode, bidirectional
        self._dropout, self._get_next_state, self._forget_bias = dropout, get_next_state, forget_bias
        self._directions = ["l", "r"] if bidirectional else ["l"]
        initializer = init.FusedRNN(None, num_hidden, num_layers, mode, bidirectional, forget_bias)
        self._parameter = self.params.get("parameters", init=initializer)

    @property
    def state_info(self) -> list[dict]:
        """h, and for an LSTM c: (layers * directions, batch, num_hidden)."""
        shape = (self._num_layers * len(self._directions), 0, self._num_hidden)
        return [{"shape": shape, "__layout__": "LNC"}] * (2 if self._mode == "lstm" else 1)

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return _GATES[self._mode]

    @property
    def _num_gates(self) -> int:
        return len(self._gate_names)

    def _pieces(self, vector: Any, inputs: int) -> dict[str, Any]:
        """Views of each gate's weight and bias in the vector: all weights layer by layer, then all biases."""
        hidden, directions = self._num_hidden, self._directions
        found, at = {}, 0
        for layer in range(self._num_layers):
            width = inputs if layer == 0 else len(directions) * hidden
            for d in directions:
                for group, columns in (("i2h", width), ("h2h", hidden)):
                    for gate in self._gate_names:
                        found[f"{self._prefix}{d}{layer}_{group}{gate}_weight"] = vector[at : at + hidden * columns].reshape(
                            (hidden, columns)
                        )
                        at += hidden * columns
        for layer in range(self._num_layers):
            for d in directions:
                for group in ("i2h", "h2h"):
                    for gate in self._gate_names:
                        found[f"{self._prefix}{d}{layer}_{group}{gate}_bias"] = vector[at : at + hidden]
                        at += hidden
        assert at == vector.size, f"FusedRNNCell: {vector.size} parameters, expected {at}. Check num_hidden and num_layers."
        return found

    def unpack_weights(self, args: dict) -> dict:
        """Arguments with each gate's weight and bias on its own."""
        args = dict(args)
        vector = args.pop(self._parameter.name)
        b, m, h = len(self._directions), self._num_gates, self._num_hidden
        inputs = vector.size // b // h // m - (self._num_layers - 1) * (h + b * h + 2) - h - 2
        args.update({name: piece.copy() for name, piece in self._pieces(vector, inputs).items()})
        return args

    def pack_weights(self, args: dict) -> dict:
        """The reverse of unpack_weights."""
        args = dict(args)
        first = args[f"{self._prefix}l0_i2h{self._gate_names[0]}_weight"]
        inputs, h, b = first.shape[1], self._num_hidden, len(self._directions)
        size = (inputs + h + 2) * h * self._num_gates * b + (self._num_layers - 1) * self._num_gates * h * (h + b * h + 2) * b
        vector = nd.zeros((size,), ctx=first.context, dtype=first.dtype)
        for name, piece in self._pieces(vector, inputs).items():
            piece[:] = args.pop(name)
        args[self._parameter.name] = vector
        return args

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """Not possible: the operator runs whole sequences."""
        raise NotImplementedError("FusedRNNCell: cannot be stepped. Use unroll, or unfuse() it.")

    def unroll(
        self, length: int, inputs: Any, begin_state: list | None = None, layout: str = "NTC", merge_outputs: bool | None = None
    ) -> tuple:
        """(outputs, states): one call of the operator RNN; states only with get_next_state."""
        self.reset()
        inputs, axis = format_sequence(length, inputs, layout, True)
        if axis == 1:  # the operator's layout is TNC
            inputs = sym.swapaxes(inputs, dim1=0, dim2=1)
        else:
            assert axis == 0, f"FusedRNNCell: layout {layout!r} is not supported. Use NTC or TNC."
        states = self.begin_state() if begin_state is None else begin_state
        named = {"state": states[0], **({"state_cell": states[1]} if self._mode == "lstm" else {})}
        rnn = sym.RNN(data=inputs, parameters=self._parameter, state_size=self._num_hidden, num_layers=self._num_layers,
                      bidirectional=self._bidirectional, p=self._dropout, state_outputs=self._get_next_state, mode=self._mode,
                      name=f"{self._prefix}rnn", **named)  # fmt: skip
        if not self._get_next_state:
            outputs, after = rnn, []
        elif self._mode == "lstm":
            outputs, after = rnn[0], [rnn[1], rnn[2]]
        else:
            outputs, after = rnn[0], [rnn[1]]
        if axis == 1:
            outputs = sym.swapaxes(outputs, dim1=0, dim2=1)
        outputs, _ = format_sequence(length, outputs, layout, merge_outputs)
        return outputs, after

    def unfuse(self) -> SequentialRNNCell:
        """The same network of single cells, with the same weights after unpack_weights and pack_weights."""

        def plain(prefix: str) -> BaseRNNCell:
            if self._mode == "lstm":
                return LSTMCell(self._num_hidden, prefix=prefix, forget_bias=self._forget_bias)
            if self._mode == "gru":
                return GRUCell(self._num_hidden, prefix=prefix)
            return RNNCell(self._num_hidden, activation=self._mode[4:], prefix=prefix)

        stack = SequentialRNNCell()
        for i in range(self._num_layers):
            if self._bidirectional:
                left, right = plain(f"{self._prefix}l{i}_"), plain(f"{self._prefix}r{i}_")
                stack.add(BidirectionalCell(left, right, output_prefix=f"{self._prefix}bi_l{i}_"))
            else:
                stack.add(plain(f"{self._prefix}l{i}_"))
            if self._dropout > 0 and i != self._num_layers - 1:
                stack.add(DropoutCell(self._dropout, prefix=f"{self._prefix}_dropout{i}_"))
        return stack
