"""The basic cells: simple recurrence, LSTM, GRU, dropout."""

from __future__ import annotations

from typing import Any

from ..nn.activations import LeakyReLU
from ..parameter import ParameterDict
from ._cell import HybridRecurrentCell, is_tensor
from ._sequence import arranged, merged, module_of


def activate(F: Any, x: Any, activation: Any, **kwargs: Any) -> Any:
    """f(x) for the name of an activation, a LeakyReLU layer, or a function."""
    if isinstance(activation, str):
        direct = {"tanh": F.tanh, "relu": F.relu, "sigmoid": F.sigmoid, "softsign": F.softsign}.get(activation)
        return F.Activation(x, act_type=activation, **kwargs) if direct is None else direct(x, **kwargs)
    if isinstance(activation, LeakyReLU):
        return F.LeakyReLU(x, act_type="leaky", slope=activation._alpha, **kwargs)
    return activation(x)


class _GatedCell(HybridRecurrentCell):
    """Cells with i2h and h2h weights for a number of gates."""

    _gates = 1

    def __init__(
        self, hidden_size: int, input_size: int, recurrent_size: int, inits: tuple, prefix: str | None, params: ParameterDict | None
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._hidden_size = hidden_size
        self._input_size = input_size
        rows = self._gates * hidden_size
        i2h_weight, h2h_weight, i2h_bias, h2h_bias = inits
        self.i2h_weight = self.params.get("i2h_weight", shape=(rows, input_size), init=i2h_weight, allow_deferred_init=True)
        self.h2h_weight = self.params.get("h2h_weight", shape=(rows, recurrent_size), init=h2h_weight, allow_deferred_init=True)
        self._more_parameters()
        self.i2h_bias = self.params.get("i2h_bias", shape=(rows,), init=i2h_bias, allow_deferred_init=True)
        self.h2h_bias = self.params.get("h2h_bias", shape=(rows,), init=h2h_bias, allow_deferred_init=True)

    def _more_parameters(self) -> None:
        """Parameters between the weights and the biases."""

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """One state (N, hidden_size)."""
        return [{"shape": (batch_size, self._hidden_size), "__layout__": "NC"}]

    def _sums(
        self, F: Any, inputs: Any, state: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> tuple[Any, Any, str]:
        """W_i x + b_i, W_h h + b_h, and the name prefix of this step."""
        step = f"t{self._counter}_"
        rows = self._gates * self._hidden_size
        i2h = F.FullyConnected(inputs, i2h_weight, i2h_bias, num_hidden=rows, name=step + "i2h")
        h2h = F.FullyConnected(state, h2h_weight, h2h_bias, num_hidden=rows, name=step + "h2h")
        return i2h, h2h, step

    def __repr__(self) -> str:
        rows, columns = self.i2h_weight.shape
        extra = f", {self._activation}" if hasattr(self, "_activation") and self._gates == 1 else ""
        return f"{type(self).__name__}({columns or None} -> {rows}{extra})"


class RNNCell(_GatedCell):
    """h' = activation(W_i x + b_i + W_h h + b_h); the output is h'.

    >>> cell = mx.gluon.rnn.RNNCell(4)
    >>> cell.initialize()
    >>> out, states = cell(mx.nd.ones((2, 3)), cell.begin_state(2))
    >>> out.shape
    (2, 4)
    """

    def __init__(self, hidden_size: int, activation: Any = "tanh", i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None,
                 i2h_bias_initializer: Any = "zeros", h2h_bias_initializer: Any = "zeros", input_size: int = 0, prefix: str | None = None,
                 params: ParameterDict | None = None) -> None:  # fmt: skip
        self._activation = activation
        super().__init__(hidden_size, input_size, hidden_size, (i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer),
                         prefix, params)  # fmt: skip

    def _alias(self) -> str:
        return "rnn"

    def hybrid_forward(self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any) -> Any:
        """One step."""
        i2h, h2h, step = self._sums(F, inputs, states[0], i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        output = activate(F, i2h + h2h, self._activation, name=step + "out")
        return output, [output]


class LSTMCell(_GatedCell):
    """Long short-term memory: gates i, f, g, o from x and h; c' = f c + i g, h' = o activation(c'); states [h, c].

    Source: Hochreiter and Schmidhuber 1997.
    """

    _gates = 4

    def __init__(self, hidden_size: int, i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
                 h2h_bias_initializer: Any = "zeros", input_size: int = 0, prefix: str | None = None, params: ParameterDict | None = None,
                 activation: Any = "tanh", recurrent_activation: Any = "sigmoid") -> None:  # fmt: skip
        self._activation, self._recurrent_activation = activation, recurrent_activation
        super().__init__(hidden_size, input_size, hidden_size, (i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer),
                         prefix, params)  # fmt: skip

    def _alias(self) -> str:
        return "lstm"

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """Two states (N, hidden_size): output and memory."""
        return [
            {"shape": (batch_size, self._hidden_size), "__layout__": "NC"},
            {"shape": (batch_size, self._hidden_size), "__layout__": "NC"},
        ]

    def hybrid_forward(self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any) -> Any:
        """One step."""
        i2h, h2h, step = self._sums(F, inputs, states[0], i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i, f, g, o = F.SliceChannel(i2h + h2h, num_outputs=4, name=step + "slice")
        gate, squash = self._recurrent_activation, self._activation
        memory = activate(F, f, gate, name=step + "f") * states[1] + activate(F, i, gate, name=step + "i") * activate(
            F, g, squash, name=step + "c"
        )
        shown = F.Activation(memory, act_type=squash, name=step + "state") if isinstance(squash, str) else activate(F, memory, squash)
        output = F.elemwise_mul(activate(F, o, gate, name=step + "o"), shown, name=step + "out")
        return output, [output, memory]


class GRUCell(_GatedCell):
    """Gated recurrent unit: r, z gates; n = tanh(W_n x + b_n + r (W_h h + b_h)); h' = (1 - z) n + z h.

    Source: Cho et al. 2014, arXiv:1406.1078, in the variant of cuDNN.
    """

    _gates = 3

    def __init__(self, hidden_size: int, i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
                 h2h_bias_initializer: Any = "zeros", input_size: int = 0, prefix: str | None = None, params: ParameterDict | None = None) -> None:  # fmt: skip
        super().__init__(hidden_size, input_size, hidden_size, (i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer),
                         prefix, params)  # fmt: skip

    def _alias(self) -> str:
        return "gru"

    def hybrid_forward(self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any) -> Any:
        """One step."""
        i2h, h2h, step = self._sums(F, inputs, states[0], i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i_r, i_z, i_n = F.SliceChannel(i2h, num_outputs=3, name=step + "i2h_slice")
        h_r, h_z, h_n = F.SliceChannel(h2h, num_outputs=3, name=step + "h2h_slice")
        reset = F.Activation(i_r + h_r, act_type="sigmoid", name=step + "r_act")
        update = F.Activation(i_z + h_z, act_type="sigmoid", name=step + "z_act")
        new = F.Activation(i_n + reset * h_n, act_type="tanh", name=step + "h_act")
        output = F.elemwise_add((1.0 - update) * new, update * states[0], name=step + "out")
        return output, [output]


class DropoutCell(HybridRecurrentCell):
    """Dropout on its input; no states. axes: along these axes the choice is shared."""

    def __init__(self, rate: float, axes: tuple[int, ...] = (), prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)
        if not isinstance(rate, (int, float)):
            raise AssertionError(f"DropoutCell: rate must be a number, got {type(rate).__name__}. Pass a probability.")
        self._rate, self._axes = rate, axes

    def _alias(self) -> str:
        return "dropout"

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """No states."""
        return []

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """One step."""
        if self._rate > 0:
            inputs = F.Dropout(inputs, p=self._rate, axes=self._axes, name=f"t{self._counter}_fwd")
        return inputs, states

    def unroll(self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC", merge_outputs: bool | None = None,
               valid_length: Any = None) -> tuple[Any, list[Any]]:  # fmt: skip
        """All steps in one operation if they are in one array."""
        self.reset()
        if merge_outputs:
            inputs = merged(inputs, layout)
        if not is_tensor(inputs):
            return super().unroll(length, inputs, begin_state, layout, merge_outputs, valid_length)
        outputs, states = self.hybrid_forward(module_of(inputs), inputs, begin_state if begin_state is not None else [])
        return arranged("DropoutCell", length, outputs, layout, merge_outputs), states

    def __repr__(self) -> str:
        return f"{type(self).__name__}(rate={self._rate}, axes={self._axes})"
