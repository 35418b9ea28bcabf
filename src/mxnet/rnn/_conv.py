"""Convolutional cells: products are convolutions, states are maps (X. Shi et al., "Convolutional LSTM Network", 2015)."""

from __future__ import annotations

import functools
from typing import Any

from .. import symbol as sym
from ..symbol import Symbol
from ._base import BaseRNNCell, RNNParams

_LEAKY = functools.partial(sym.LeakyReLU, act_type="leaky", slope=0.2)


class BaseConvRNNCell(BaseRNNCell):
    """What the convolutional cells share: kernels of input and state, and the shape of the state."""

    def __init__(self, input_shape: tuple, num_hidden: int, h2h_kernel: tuple, h2h_dilate: tuple, i2h_kernel: tuple, i2h_stride: tuple,
                 i2h_pad: tuple, i2h_dilate: tuple, i2h_weight_initializer: Any, h2h_weight_initializer: Any, i2h_bias_initializer: Any,
                 h2h_bias_initializer: Any, activation: Any, prefix: str = "", params: RNNParams | None = None,
                 conv_layout: str = "NCHW") -> None:  # fmt: skip
        super().__init__(prefix, params)
        assert all(k % 2 == 1 for k in h2h_kernel), (
            f"{type(self).__name__}: h2h_kernel {h2h_kernel} must be odd, so that states keep their size."
        )
        self._h2h_kernel, self._h2h_dilate = h2h_kernel, h2h_dilate
        self._h2h_pad = tuple(d * (k - 1) // 2 for k, d in zip(h2h_kernel, h2h_dilate))
        self._i2h = {"kernel": i2h_kernel, "stride": i2h_stride, "pad": i2h_pad, "dilate": i2h_dilate}
        self._num_hidden, self._input_shape, self._conv_layout, self._activation = num_hidden, input_shape, conv_layout, activation
        channels = conv_layout.find("C")
        probe = sym.Convolution(sym.Variable("data"), num_filter=num_hidden, layout=conv_layout, **self._i2h)
        shape = probe.infer_shape(data=input_shape)[1][0]
        self._state_shape = (0, *shape[1:])
        assert channels in (1, len(conv_layout) - 1), f"{type(self).__name__}: conv_layout {conv_layout!r} is unknown. Use NCHW or NHWC."
        self._iW = self.params.get("i2h_weight", init=i2h_weight_initializer)
        self._hW = self.params.get("h2h_weight", init=h2h_weight_initializer)
        self._iB = self.params.get("i2h_bias", init=_named(i2h_bias_initializer))
        self._hB = self.params.get("h2h_bias", init=_named(h2h_bias_initializer))

    @property
    def state_info(self) -> list[dict]:
        """One map."""
        return [{"shape": self._state_shape, "__layout__": self._conv_layout}]

    def _products(self, inputs: Symbol, state: Symbol, name: str) -> tuple[Symbol, Symbol]:
        width = self._num_hidden * len(self._gate_names)
        i2h = sym.Convolution(
            name=f"{name}i2h", data=inputs, num_filter=width, weight=self._iW, bias=self._iB, layout=self._conv_layout, **self._i2h
        )
        h2h = sym.Convolution(name=f"{name}h2h", data=state, num_filter=width, kernel=self._h2h_kernel, dilate=self._h2h_dilate, pad=self._h2h_pad,
                              stride=(1,) * len(self._h2h_kernel), weight=self._hW, bias=self._hB, layout=self._conv_layout)  # fmt: skip
        return i2h, h2h

    def _split(self, x: Symbol, name: str) -> Symbol:
        return sym.SliceChannel(x, num_outputs=len(self._gate_names), axis=self._conv_layout.find("C"), name=name)

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(output, new states) of one step."""
        raise NotImplementedError("BaseConvRNNCell: use ConvRNNCell, ConvLSTMCell or ConvGRUCell.")


def _named(initializer: Any) -> Any:
    return f'["{initializer}", {{}}]' if isinstance(initializer, str) and not initializer.startswith("[") else initializer


def _cell(gates: tuple[str, ...], states: int, default_prefix: str, words: str) -> Any:
    """The base of one kind: constructor with the kind's defaults."""

    class Cell(BaseConvRNNCell):
        def __init__(self, input_shape: tuple, num_hidden: int, h2h_kernel: tuple = (3, 3), h2h_dilate: tuple = (1, 1), i2h_kernel: tuple = (3, 3),
                     i2h_stride: tuple = (1, 1), i2h_pad: tuple = (1, 1), i2h_dilate: tuple = (1, 1), i2h_weight_initializer: Any = None,
                     h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros", h2h_bias_initializer: Any = "zeros",
                     activation: Any = _LEAKY, prefix: str = default_prefix, params: RNNParams | None = None,
                     conv_layout: str = "NCHW") -> None:  # fmt: skip
            super().__init__(input_shape, num_hidden, h2h_kernel, h2h_dilate, i2h_kernel, i2h_stride, i2h_pad, i2h_dilate, i2h_weight_initializer,
                             h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, activation, prefix, params, conv_layout)  # fmt: skip

        @property
        def _gate_names(self) -> tuple[str, ...]:
            return gates

        @property
        def state_info(self) -> list[dict]:
            return [{"shape": self._state_shape, "__layout__": self._conv_layout}] * states

    Cell.__doc__ = words
    return Cell


class ConvRNNCell(_cell(("",), 1, "ConvRNN_", "A convolutional RNN cell.")):  # type: ignore[misc]
    """h' = activation(W * x + R * h)."""

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(output, [output])."""
        name = self._step_name()
        i2h, h2h = self._products(inputs, states[0], name)
        output = self._get_activation(i2h + h2h, self._activation, name=f"{name}out")
        return output, [output]


class ConvLSTMCell(_cell(("_i", "_f", "_c", "_o"), 2, "ConvLSTM_", "A convolutional LSTM cell.")):  # type: ignore[misc]
    """c' = f c + i act(g), h' = o act(c'), with convolutions as products."""

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(h', [h', c'])."""
        name = self._step_name()
        i2h, h2h = self._products(inputs, states[0], name)
        gates = self._split(i2h + h2h, f"{name}slice")
        i = sym.Activation(gates[0], act_type="sigmoid", name=f"{name}i")
        f = sym.Activation(gates[1], act_type="sigmoid", name=f"{name}f")
        g = self._get_activation(gates[2], self._activation, name=f"{name}c")
        o = sym.Activation(gates[3], act_type="sigmoid", name=f"{name}o")
        c = sym._internal._plus(f * states[1], i * g, name=f"{name}state")
        h = sym._internal._mul(o, self._get_activation(c, self._activation), name=f"{name}out")
        return h, [h, c]


class ConvGRUCell(_cell(("_r", "_z", "_o"), 1, "ConvGRU_", "A convolutional GRU cell.")):  # type: ignore[misc]
    """h' = (1 - z) act(W * x + r (R * h)) + z h, with convolutions as products."""

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(h', [h'])."""
        name = self._step_name()
        i2h, h2h = self._products(inputs, states[0], name)
        ir, iz, io = self._split(i2h, f"{name}i2h_slice")
        hr, hz, ho = self._split(h2h, f"{name}h2h_slice")
        r = sym.Activation(ir + hr, act_type="sigmoid", name=f"{name}r_act")
        z = sym.Activation(iz + hz, act_type="sigmoid", name=f"{name}z_act")
        new = self._get_activation(io + r * ho, self._activation, name=f"{name}h_act")
        h = sym._internal._plus((1.0 - z) * new, z * states[0], name=f"{name}out")
        return h, [h]
