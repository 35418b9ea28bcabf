"""The basic cells: RNN (J. Elman, 1990), LSTM (S. Hochreiter, J. Schmidhuber, 1997), GRU (K. Cho et al., 2014)."""

from __future__ import annotations

from typing import Any

from .. import initializer as init
from .. import symbol as sym
from ..symbol import Symbol
from ._base import BaseRNNCell, RNNParams


class RNNCell(BaseRNNCell):
    """h' = activation(W x + b + R h + c)."""

    def __init__(self, num_hidden: int, activation: Any = "tanh", prefix: str = "rnn_", params: RNNParams | None = None) -> None:
        super().__init__(prefix, params)
        self._num_hidden, self._activation = num_hidden, activation
        self._iW, self._iB = self.params.get("i2h_weight"), self.params.get("i2h_bias")
        self._hW, self._hB = self.params.get("h2h_weight"), self.params.get("h2h_bias")

    @property
    def state_info(self) -> list[dict]:
        """One state (batch, num_hidden)."""
        return [{"shape": (0, self._num_hidden), "__layout__": "NC"}]

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return ("",)

    def _products(self, inputs: Symbol, state: Symbol, name: str, gates: int) -> tuple[Symbol, Symbol]:
        """W x + b and R h + c, for all gates at once."""
        width = self._num_hidden * gates
        i2h = sym.FullyConnected(data=inputs, weight=self._iW, bias=self._iB, num_hidden=width, name=f"{name}i2h")
        h2h = sym.FullyConnected(data=state, weight=self._hW, bias=self._hB, num_hidden=width, name=f"{name}h2h")
        return i2h, h2h

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(output, [output])."""
        name = self._step_name()
        i2h, h2h = self._products(inputs, states[0], name, 1)
        output = self._get_activation(i2h + h2h, self._activation, name=f"{name}out")
        return output, [output]


class LSTMCell(RNNCell):
    """c' = f c + i tanh(g), h' = o tanh(c'); gates i, f, o are sigmoids of W x + R h."""

    def __init__(self, num_hidden: int, prefix: str = "lstm_", params: RNNParams | None = None, forget_bias: float = 1.0) -> None:
        BaseRNNCell.__init__(self, prefix, params)
        self._num_hidden = num_hidden
        self._iW, self._hW = self.params.get("i2h_weight"), self.params.get("h2h_weight")
        self._iB = self.params.get("i2h_bias", init=init.LSTMBias(forget_bias=forget_bias))
        self._hB = self.params.get("h2h_bias")

    @property
    def state_info(self) -> list[dict]:
        """h and c, (batch, num_hidden) each."""
        return [{"shape": (0, self._num_hidden), "__layout__": "NC"}] * 2

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return ("_i", "_f", "_c", "_o")

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(h', [h', c'])."""
        name = self._step_name()
        i2h, h2h = self._products(inputs, states[0], name, 4)
        gates = sym.SliceChannel(i2h + h2h, num_outputs=4, name=f"{name}slice")
        i = sym.Activation(gates[0], act_type="sigmoid", name=f"{name}i")
        f = sym.Activation(gates[1], act_type="sigmoid", name=f"{name}f")
        g = sym.Activation(gates[2], act_type="tanh", name=f"{name}c")
        o = sym.Activation(gates[3], act_type="sigmoid", name=f"{name}o")
        c = sym._internal._plus(f * states[1], i * g, name=f"{name}state")
        h = sym._internal._mul(o, sym.Activation(c, act_type="tanh"), name=f"{name}out")
        return h, [h, c]


class GRUCell(RNNCell):
    """h' = (1 - z) tanh(W x + r (R h)) + z h; gates r, z are sigmoids of W x + R h."""

    def __init__(self, num_hidden: int, prefix: str = "gru_", params: RNNParams | None = None) -> None:
        super().__init__(num_hidden, "tanh", prefix, params)

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return ("_r", "_z", "_o")

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(h', [h'])."""
        name = self._step_name()
        before = states[0]
        i2h, h2h = self._products(inputs, before, f"{name}_", 3)
        ir, iz, io = sym.SliceChannel(i2h, num_outputs=3, name=f"{name}_i2h_slice")
        hr, hz, ho = sym.SliceChannel(h2h, num_outputs=3, name=f"{name}_h2h_slice")
        r = sym.Activation(ir + hr, act_type="sigmoid", name=f"{name}_r_act")
        z = sym.Activation(iz + hz, act_type="sigmoid", name=f"{name}_z_act")
        new = sym.Activation(io + r * ho, act_type="tanh", name=f"{name}_h_act")
        h = sym._internal._plus((1.0 - z) * new, z * before, name=f"{name}out")
        return h, [h]
