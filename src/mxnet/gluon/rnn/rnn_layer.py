"""Recurrent layers: whole sequences through several layers of one kind in a single operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import ndarray, symbol
from ..._dtype import TORCH_TO_NUMPY, name_of, to_torch
from ..._runtime.array import Array
from ...symbol import Symbol
from .._errors import GluonError
from ..block import HybridBlock
from ._cell_basic import DropoutCell, GRUCell, LSTMCell, RNNCell
from ._cell_modifiers import BidirectionalCell
from ._cell_stack import HybridSequentialRNNCell
from ._sequence import zero_state

__all__ = ["RNN", "LSTM", "GRU"]


class _RNNLayer(HybridBlock):
    """What the layers share: parameters by layer and direction, states, and the call of the RNN operator."""

    def __init__(self, hidden_size: int, num_layers: int, layout: str, dropout: float, bidirectional: bool, input_size: int, i2h_weight_initializer: Any,
                 h2h_weight_initializer: Any, i2h_bias_initializer: Any, h2h_bias_initializer: Any, mode: str, projection_size: int | None = None,
                 h2r_weight_initializer: Any = None, lstm_state_clip_min: float | None = None, lstm_state_clip_max: float | None = None,
                 lstm_state_clip_nan: bool = False, dtype: Any = "float32", use_sequence_length: bool = False, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if layout not in ("TNC", "NTC"):
            raise GluonError(f"{type(self).__name__}: layout is {layout!r}. Use TNC or NTC.")
        self._hidden_size, self._projection_size, self._num_layers = hidden_size, projection_size, num_layers
        self._mode, self._layout, self._dropout = mode, layout, dropout
        self._dir = 2 if bidirectional else 1
        self._input_size = input_size
        self._dtype = dtype
        self._use_sequence_length = use_sequence_length
        self._clip = (lstm_state_clip_min, lstm_state_clip_max, lstm_state_clip_nan)
        self._inits = (i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer)
        self._gates = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}[mode]
        self._skip_states = False
        rows, out = self._gates * hidden_size, projection_size or hidden_size
        width = input_size
        for layer in range(num_layers):
            for side in ("l", "r")[: self._dir]:
                name = f"{side}{layer}"
                self._make(f"{name}_i2h_weight", (rows, width), i2h_weight_initializer)
                self._make(f"{name}_h2h_weight", (rows, out), h2h_weight_initializer)
                self._make(f"{name}_i2h_bias", (rows,), i2h_bias_initializer)
                self._make(f"{name}_h2h_bias", (rows,), h2h_bias_initializer)
                if projection_size is not None:
                    self._make(f"{name}_h2r_weight", (projection_size, hidden_size), h2r_weight_initializer)
            width = out * self._dir

    def _make(self, name: str, shape: tuple[int, ...], init: Any) -> None:
        setattr(self, name, self.params.get(name, shape=shape, init=init, allow_deferred_init=True, dtype=self._dtype))

    def __repr__(self) -> str:
        rows, columns = self.l0_i2h_weight.shape
        parts = [f"{columns or None} -> {rows // self._gates}", self._layout]
        parts += [f"num_layers={self._num_layers}"] if self._num_layers != 1 else []
        parts += [f"dropout={self._dropout}"] if self._dropout != 0 else []
        parts += ["bidirectional"] if self._dir == 2 else []
        return f"{type(self).__name__}({', '.join(parts)})"

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """Shape, layout and type of each state."""
        shape = (self._num_layers * self._dir, batch_size, self._projection_size or self._hidden_size)
        return [{"shape": shape, "__layout__": "LNC", "dtype": self._dtype}]

    def cast(self, dtype: Any) -> None:
        """Change the data type of parameters and of new states."""
        super().cast(dtype)
        self._dtype = name_of(to_torch(dtype))

    def begin_state(self, batch_size: int = 0, func: Callable = ndarray.zeros, **kwargs: Any) -> list[Any]:
        """States for the start of a sequence, made by `func`: zeros by default."""
        states = []
        for i, info in enumerate(self.state_info(batch_size)):
            made = {**info, **kwargs}
            if func is ndarray.zeros or func is symbol.zeros:
                made.pop("__layout__", None)
            states.append(func(name=f"{self.prefix}h0_{i}", **made))
        return states

    def __call__(self, inputs: Any, states: Any = None, sequence_length: Any = None, **kwargs: Any) -> Any:
        self._skip_states = states is None
        if states is None:
            if isinstance(inputs, Array):
                batch = inputs.shape[self._layout.find("N")]
                states = self.begin_state(batch, ctx=inputs.context, dtype=TORCH_TO_NUMPY[inputs._d.dtype])
            else:
                axis = self._layout.find("N")
                states = [zero_state(inputs, info["shape"], 1, axis) for info in self.state_info(1)]
        if isinstance(states, (Array, Symbol)):
            states = [states]
        if self._use_sequence_length:
            return super().__call__(inputs, states, sequence_length, **kwargs)
        return super().__call__(inputs, states, **kwargs)

    def _graph_key(self, structure: Any) -> Any:
        return structure, self._skip_states

    def _traced(self) -> list[tuple[Any, Any]]:
        return [(structure, graph) for (structure, _), graph in self._graphs.items()]

    def hybrid_forward(self, F: Any, inputs: Any, states: Any, sequence_length: Any = None, **kwargs: Any) -> Any:
        """(outputs, states after the last step), or only outputs if the call gave no states."""
        if isinstance(inputs, Array):
            batch = inputs.shape[self._layout.find("N")]
            for state, info in zip(states, self.state_info(batch)):
                if tuple(state.shape) != tuple(info["shape"]):
                    raise ValueError(f"{type(self).__name__}: a state has shape {tuple(state.shape)}, it must be {tuple(info['shape'])}. "
                                     "Make states with begin_state(batch_size).")  # fmt: skip
        if self._layout == "NTC":
            inputs = F.swapaxes(inputs, dim1=0, dim2=1)
        vector = F._internal._rnn_param_concat(*[F.reshape(kwargs[n], shape=-1) for n in self._parameter_order()], dim=0)
        low, high, nan = self._clip
        attrs = {"use_sequence_length": self._use_sequence_length, "state_size": self._hidden_size, "projection_size": self._projection_size,
                 "num_layers": self._num_layers, "bidirectional": self._dir == 2, "p": self._dropout, "state_outputs": True, "mode": self._mode,
                 "lstm_state_clip_min": low, "lstm_state_clip_max": high, "lstm_state_clip_nan": nan}  # fmt: skip
        if self._use_sequence_length and self._mode != "lstm":  # the input before it, state_cell, is absent
            result = F.RNN(inputs, vector, *states, sequence_length=sequence_length, **attrs)
        else:
            result = F.RNN(inputs, vector, *states, *([sequence_length] if self._use_sequence_length else []), **attrs)
        outputs, after = result[0], [result[1], result[2]] if self._mode == "lstm" else [result[1]]
        if self._layout == "NTC":
            outputs = F.swapaxes(outputs, dim1=0, dim2=1)
        return outputs if self._skip_states else (outputs, after)

    def _collect_params_with_prefix(self, prefix: str = "") -> dict[str, Any]:
        """Structural names: files have always had those of the stack of cells."""
        before = prefix + "." if prefix else ""
        found = {}
        for name, p in self._reg_params.items():
            side, layer, part = name[0], *name[1:].split("_", 1)
            if part == "h2r_weight":
                found[before + name] = p
            else:
                found[f"{before}_unfused.{layer}.{f'{side}_cell.' if self._dir == 2 else ''}{part}"] = p
        return found

    def _parameter_order(self) -> list[str]:
        """The order of the operator's parameter vector: all weights, then all biases."""
        names = []
        for kind in ("weight", "bias"):
            for layer in range(self._num_layers):
                for side in ("l", "r")[: self._dir]:
                    for part in ("i2h", "h2h", "h2r"):
                        if part != "h2r" or (self._projection_size is not None and kind == "weight"):
                            names.append(f"{side}{layer}_{part}_{kind}")
        return names

    def _finish_deferred(self, *args: Any) -> None:
        self.infer_shape(*args)
        for p in self._reg_params.values():
            p._finish_deferred_init()

    def infer_shape(self, inputs: Any, *args: Any) -> None:
        """Set the shapes of the parameters from the input's last axis."""
        if len(inputs.shape) != 3:
            raise GluonError(
                f"{type(self).__name__}: the input has shape {tuple(inputs.shape)}, it needs the 3 axes {self._layout}. Reshape it."
            )
        width = inputs.shape[2]
        for layer in range(self._num_layers):
            for side in ("l", "r")[: self._dir]:
                getattr(self, f"{side}{layer}_i2h_weight").shape = (self._gates * self._hidden_size, width)
            width = (self._projection_size or self._hidden_size) * self._dir

    def _unfuse(self) -> HybridSequentialRNNCell:
        """A stack of cells with the same parameters."""
        if self._projection_size is not None or self._clip[0] is not None:
            raise GluonError(f"{type(self).__name__}: layers with projection or state clipping have no cells. Build them from LSTMPCell.")
        i2h_weight, h2h_weight, i2h_bias, h2h_bias = self._inits
        inits = {"i2h_weight_initializer": i2h_weight, "h2h_weight_initializer": h2h_weight, "i2h_bias_initializer": i2h_bias,
                 "h2h_bias_initializer": h2h_bias}  # fmt: skip
        kinds: dict[str, Callable] = {
            "rnn_relu": lambda **k: RNNCell(self._hidden_size, activation="relu", **inits, **k),
            "rnn_tanh": lambda **k: RNNCell(self._hidden_size, activation="tanh", **inits, **k),
            "lstm": lambda **k: LSTMCell(self._hidden_size, **inits, **k),
            "gru": lambda **k: GRUCell(self._hidden_size, **inits, **k),
        }
        cell, width = kinds[self._mode], self._input_size
        stack = HybridSequentialRNNCell(prefix=self.prefix, params=self.params)
        with stack.name_scope():
            for layer in range(self._num_layers):
                left = cell(prefix=f"l{layer}_", input_size=width)
                stack.add(left if self._dir == 1 else BidirectionalCell(left, cell(prefix=f"r{layer}_", input_size=width)))
                if self._dropout > 0 and layer != self._num_layers - 1:
                    stack.add(DropoutCell(self._dropout))
                width = self._hidden_size * self._dir
        return stack


class RNN(_RNNLayer):
    """Layers of h' = f(W_i x + b_i + W_h h + b_h) with f = relu or tanh.

    layout TNC: input (T, N, C) -> output (T, N, hidden_size, twice that if bidirectional); NTC: batch first. States
    (num_layers * directions, N, hidden_size). `layer(x)` starts with zeros and returns outputs; `layer(x, states)` returns (outputs, states).
    dropout: on the outputs of every layer but the last, in training.
    Parameters: {l,r}{layer}_{i2h,h2h}_{weight,bias}.
    """

    def __init__(self, hidden_size: int, num_layers: int = 1, activation: str = "relu", layout: str = "TNC", dropout: float = 0,
                 bidirectional: bool = False, i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
                 h2h_bias_initializer: Any = "zeros", input_size: int = 0, dtype: Any = "float32", **kwargs: Any) -> None:  # fmt: skip
        super().__init__(hidden_size, num_layers, layout, dropout, bidirectional, input_size, i2h_weight_initializer, h2h_weight_initializer,
                         i2h_bias_initializer, h2h_bias_initializer, "rnn_" + activation, dtype=dtype, **kwargs)  # fmt: skip


class LSTM(_RNNLayer):
    """Layers of LSTM (see LSTMCell); states [h, c]. Shapes, calls and parameters as in RNN.

    projection_size: outputs are projected to this size. state_clip_min, _max, _nan: bounds for the memory.
    use_sequence_length=True: `layer(x, states, sequence_length=lengths)` stops each sample at its length.

    >>> layer = mx.gluon.rnn.LSTM(4, num_layers=2)
    >>> layer.initialize()
    >>> layer(mx.nd.ones((5, 2, 3))).shape
    (5, 2, 4)
    """

    def __init__(self, hidden_size: int, num_layers: int = 1, layout: str = "TNC", dropout: float = 0, bidirectional: bool = False, input_size: int = 0,
                 i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
                 h2h_bias_initializer: Any = "zeros", projection_size: int | None = None, h2r_weight_initializer: Any = None,
                 state_clip_min: float | None = None, state_clip_max: float | None = None, state_clip_nan: bool = False, dtype: Any = "float32",
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(hidden_size, num_layers, layout, dropout, bidirectional, input_size, i2h_weight_initializer, h2h_weight_initializer,
                         i2h_bias_initializer, h2h_bias_initializer, "lstm", projection_size, h2r_weight_initializer, state_clip_min, state_clip_max,
                         state_clip_nan, dtype, **kwargs)  # fmt: skip

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """Two states: output and memory."""
        layers = self._num_layers * self._dir
        return [{"shape": (layers, batch_size, size), "__layout__": "LNC", "dtype": self._dtype}
                for size in (self._projection_size or self._hidden_size, self._hidden_size)]  # fmt: skip


class GRU(_RNNLayer):
    """Layers of GRU (see GRUCell). Shapes, calls and parameters as in RNN."""

    def __init__(self, hidden_size: int, num_layers: int = 1, layout: str = "TNC", dropout: float = 0, bidirectional: bool = False, input_size: int = 0,
                 i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
                 h2h_bias_initializer: Any = "zeros", dtype: Any = "float32", **kwargs: Any) -> None:  # fmt: skip
        super().__init__(hidden_size, num_layers, layout, dropout, bidirectional, input_size, i2h_weight_initializer, h2h_weight_initializer,
                         i2h_bias_initializer, h2h_bias_initializer, "gru", dtype=dtype, **kwargs)  # fmt: skip
