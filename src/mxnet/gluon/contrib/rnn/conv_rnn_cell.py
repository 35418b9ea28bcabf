"""Recurrent cells on images: convolutions in place of the matrix products. The kernel of the state is odd, so that it keeps its size."""

from __future__ import annotations

from typing import Any

from ...nn._conv import spread
from ...parameter import ParameterDict
from ...rnn import HybridRecurrentCell
from ...rnn._cell_basic import activate

__all__ = ["Conv1DRNNCell", "Conv2DRNNCell", "Conv3DRNNCell", "Conv1DLSTMCell", "Conv2DLSTMCell", "Conv3DLSTMCell", "Conv1DGRUCell",
           "Conv2DGRUCell", "Conv3DGRUCell"]  # fmt: skip


class _BaseConvRNNCell(HybridRecurrentCell):
    """Parameters, states and the two convolutions of a step."""

    _gates = 1
    _spatial = 2

    def __init__(self, input_shape: Any, hidden_channels: int, i2h_kernel: Any, h2h_kernel: Any, i2h_pad: Any, i2h_dilate: Any, h2h_dilate: Any,
                 i2h_weight_initializer: Any, h2h_weight_initializer: Any, i2h_bias_initializer: Any, h2h_bias_initializer: Any, conv_layout: str,
                 activation: Any, prefix: str | None, params: ParameterDict | None) -> None:  # fmt: skip
        super().__init__(prefix=prefix, params=params)
        where, count = type(self).__name__, self._spatial
        self._hidden_channels, self._input_shape, self._conv_layout, self._activation = (
            hidden_channels,
            tuple(input_shape),
            conv_layout,
            activation,
        )
        self._i2h_kernel, self._h2h_kernel = spread(i2h_kernel, count, where, "i2h_kernel"), spread(h2h_kernel, count, where, "h2h_kernel")
        if any(k % 2 == 0 for k in self._h2h_kernel):
            raise AssertionError(f"{where}: h2h_kernel is {self._h2h_kernel}. Use odd sizes, the state must keep its size.")
        if len(self._input_shape) != count + 1:
            raise AssertionError(f"{where}: input_shape is {self._input_shape}. Pass {count + 1} sizes: {conv_layout[1:]}.")
        self._i2h_pad, self._i2h_dilate = spread(i2h_pad, count, where, "i2h_pad"), spread(i2h_dilate, count, where, "i2h_dilate")
        self._h2h_dilate = spread(h2h_dilate, count, where, "h2h_dilate")
        self._h2h_pad = tuple(d * (k - 1) // 2 for d, k in zip(self._h2h_dilate, self._h2h_kernel))
        self._channel_axis = conv_layout.find("C")
        first = conv_layout[1] == "C"
        channels, sizes = (self._input_shape[0], self._input_shape[1:]) if first else (self._input_shape[-1], self._input_shape[:-1])
        out = tuple((s + 2 * p - d * (k - 1) - 1) + 1 for s, p, d, k in zip(sizes, self._i2h_pad, self._i2h_dilate, self._i2h_kernel))
        self._state_shape = (hidden_channels, *out) if first else (*out, hidden_channels)
        rows = self._gates * hidden_channels
        i2h_shape = (rows, channels, *self._i2h_kernel) if first else (rows, *self._i2h_kernel, channels)
        h2h_shape = (rows, hidden_channels, *self._h2h_kernel) if first else (rows, *self._h2h_kernel, hidden_channels)
        self.i2h_weight = self.params.get("i2h_weight", shape=i2h_shape, init=i2h_weight_initializer, allow_deferred_init=True)
        self.h2h_weight = self.params.get("h2h_weight", shape=h2h_shape, init=h2h_weight_initializer, allow_deferred_init=True)
        self.i2h_bias = self.params.get("i2h_bias", shape=(rows,), init=i2h_bias_initializer, allow_deferred_init=True)
        self.h2h_bias = self.params.get("h2h_bias", shape=(rows,), init=h2h_bias_initializer, allow_deferred_init=True)

    def state_info(self, batch_size: int = 0) -> list[dict]:
        """Shape and layout of the states."""
        return [{"shape": (batch_size, *self._state_shape), "__layout__": self._conv_layout} for _ in range(2 if self._gates == 4 else 1)]

    def _sums(
        self, F: Any, inputs: Any, state: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> tuple[Any, Any, str]:
        step = f"t{self._counter}_"
        rows = self._gates * self._hidden_channels
        i2h = F.Convolution(inputs, i2h_weight, i2h_bias, num_filter=rows, kernel=self._i2h_kernel, stride=(1,) * self._spatial, pad=self._i2h_pad,
                            dilate=self._i2h_dilate, layout=self._conv_layout, name=step + "i2h")  # fmt: skip
        h2h = F.Convolution(state, h2h_weight, h2h_bias, num_filter=rows, kernel=self._h2h_kernel, stride=(1,) * self._spatial, pad=self._h2h_pad,
                            dilate=self._h2h_dilate, layout=self._conv_layout, name=step + "h2h")  # fmt: skip
        return i2h, h2h, step

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.i2h_weight.shape[1]} -> {self.i2h_weight.shape[0]})"


class _ConvRNNCell(_BaseConvRNNCell):
    """h' = activation(conv(x) + conv(h))."""

    def _alias(self) -> str:
        return "conv_rnn"

    def hybrid_forward(self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any) -> Any:
        """One step."""
        i2h, h2h, step = self._sums(F, inputs, states[0], i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        output = activate(F, i2h + h2h, self._activation, name=step + "out")
        return output, [output]


class _ConvLSTMCell(_BaseConvRNNCell):
    """LSTM with convolutions.

    Source: Shi et al. 2015, arXiv:1506.04214.
    """

    _gates = 4

    def _alias(self) -> str:
        return "conv_lstm"

    def hybrid_forward(self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any) -> Any:
        """One step."""
        i2h, h2h, step = self._sums(F, inputs, states[0], i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i, f, g, o = F.SliceChannel(i2h + h2h, num_outputs=4, axis=self._channel_axis, name=step + "slice")
        memory = F.sigmoid(f) * states[1] + F.sigmoid(i) * activate(F, g, self._activation, name=step + "c")
        output = F.elemwise_mul(F.sigmoid(o), activate(F, memory, self._activation), name=step + "out")
        return output, [output, memory]


class _ConvGRUCell(_BaseConvRNNCell):
    """GRU with convolutions."""

    _gates = 3

    def _alias(self) -> str:
        return "conv_gru"

    def hybrid_forward(self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any) -> Any:
        """One step."""
        i2h, h2h, step = self._sums(F, inputs, states[0], i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i_r, i_z, i_n = F.SliceChannel(i2h, num_outputs=3, axis=self._channel_axis, name=step + "i2h_slice")
        h_r, h_z, h_n = F.SliceChannel(h2h, num_outputs=3, axis=self._channel_axis, name=step + "h2h_slice")
        reset, update = F.sigmoid(i_r + h_r), F.sigmoid(i_z + h_z)
        new = activate(F, i_n + reset * h_n, self._activation, name=step + "h_act")
        output = F.elemwise_add((1.0 - update) * new, update * states[0], name=step + "out")
        return output, [output]


class _On1D(_BaseConvRNNCell):
    """The constructor of cells on a sequence axis."""

    _spatial = 1

    def __init__(self, input_shape: Any, hidden_channels: int, i2h_kernel: Any, h2h_kernel: Any, i2h_pad: Any = (0,), i2h_dilate: Any = (1,),
                 h2h_dilate: Any = (1,), i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None,
                 i2h_bias_initializer: Any = "zeros", h2h_bias_initializer: Any = "zeros", conv_layout: str = "NCW", activation: Any = "tanh",
                 prefix: str | None = None, params: ParameterDict | None = None) -> None:  # fmt: skip
        super().__init__(input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate, i2h_weight_initializer,
                         h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout, activation, prefix, params)  # fmt: skip


class _On2D(_BaseConvRNNCell):
    """The constructor of cells on images."""

    _spatial = 2

    def __init__(self, input_shape: Any, hidden_channels: int, i2h_kernel: Any, h2h_kernel: Any, i2h_pad: Any = (0, 0), i2h_dilate: Any = (1, 1),
                 h2h_dilate: Any = (1, 1), i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None,
                 i2h_bias_initializer: Any = "zeros", h2h_bias_initializer: Any = "zeros", conv_layout: str = "NCHW", activation: Any = "tanh",
                 prefix: str | None = None, params: ParameterDict | None = None) -> None:  # fmt: skip
        super().__init__(input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate, i2h_weight_initializer,
                         h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout, activation, prefix, params)  # fmt: skip


class _On3D(_BaseConvRNNCell):
    """The constructor of cells on volumes."""

    _spatial = 3

    def __init__(self, input_shape: Any, hidden_channels: int, i2h_kernel: Any, h2h_kernel: Any, i2h_pad: Any = (0, 0, 0), i2h_dilate: Any = (1, 1, 1),
                 h2h_dilate: Any = (1, 1, 1), i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None,
                 i2h_bias_initializer: Any = "zeros", h2h_bias_initializer: Any = "zeros", conv_layout: str = "NCDHW", activation: Any = "tanh",
                 prefix: str | None = None, params: ParameterDict | None = None) -> None:  # fmt: skip
        super().__init__(input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate, i2h_weight_initializer,
                         h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, conv_layout, activation, prefix, params)  # fmt: skip


class Conv1DRNNCell(_On1D, _ConvRNNCell):
    """h' = activation(conv(x) + conv(h)); on a sequence axis: input_shape (C, W). conv_layout NCW or channels last."""


class Conv2DRNNCell(_On2D, _ConvRNNCell):
    """h' = activation(conv(x) + conv(h)); on images: input_shape (C, H, W). conv_layout NCHW or channels last."""


class Conv3DRNNCell(_On3D, _ConvRNNCell):
    """h' = activation(conv(x) + conv(h)); on volumes: input_shape (C, D, H, W). conv_layout NCDHW or channels last."""


class Conv1DLSTMCell(_On1D, _ConvLSTMCell):
    """LSTM with convolutions, states [h, c]; on a sequence axis: input_shape (C, W). conv_layout NCW or channels last."""


class Conv2DLSTMCell(_On2D, _ConvLSTMCell):
    """LSTM with convolutions, states [h, c]; on images: input_shape (C, H, W). conv_layout NCHW or channels last."""


class Conv3DLSTMCell(_On3D, _ConvLSTMCell):
    """LSTM with convolutions, states [h, c]; on volumes: input_shape (C, D, H, W). conv_layout NCDHW or channels last."""


class Conv1DGRUCell(_On1D, _ConvGRUCell):
    """GRU with convolutions; on a sequence axis: input_shape (C, W). conv_layout NCW or channels last."""


class Conv2DGRUCell(_On2D, _ConvGRUCell):
    """GRU with convolutions; on images: input_shape (C, H, W). conv_layout NCHW or channels last."""


class Conv3DGRUCell(_On3D, _ConvGRUCell):
    """GRU with convolutions; on volumes: input_shape (C, D, H, W). conv_layout NCDHW or channels last."""
