"""Convolution layers."""

from __future__ import annotations

from typing import Any

from ..block import HybridBlock
from .activations import Activation


def spread(value: Any, count: int, where: str, name: str) -> tuple[int, ...]:
    """A number for each spatial axis, from one number or a sequence."""
    if isinstance(value, (list, tuple)):
        if len(value) != count:
            raise AssertionError(f"{where}: {name} is {tuple(value)}, it needs {count} numbers. Pass one number or {count}.")
        return tuple(value)
    return (value,) * count


class _Conv(HybridBlock):
    """What all convolutions share. Subclasses say how many spatial axes there are and which layouts."""

    _spatial = 2
    _transposed = False

    def __init__(self, channels: int, kernel_size: Any, strides: Any, padding: Any, dilation: Any, groups: int, layout: str, activation: str | None,
                 use_bias: bool, weight_initializer: Any, bias_initializer: Any, in_channels: int, adj: Any = None, prefix: str | None = None,
                 params: Any = None) -> None:  # fmt: skip
        super().__init__(prefix=prefix, params=params)
        where, axes = type(self).__name__, "DHW"[-self._spatial :]
        if layout not in (f"NC{axes}", f"N{axes}C"):
            raise AssertionError(f"{where}: layout is {layout!r}. Use NC{axes} or N{axes}C.")
        self._channels = channels
        self._in_channels = in_channels
        kernel = spread(kernel_size, self._spatial, where, "kernel_size")
        self._kwargs: dict[str, Any] = {"kernel": kernel}
        for key, value, name in (("stride", strides, "strides"), ("dilate", dilation, "dilation"), ("pad", padding, "padding")):
            self._kwargs[key] = spread(value, self._spatial, where, name)
        self._kwargs.update(num_filter=channels, num_group=groups, no_bias=not use_bias, layout=layout)
        if self._transposed:
            self._kwargs["adj"] = spread(adj, self._spatial, where, "output_padding")
        rows, columns = (in_channels, channels // groups) if self._transposed else (channels, in_channels // groups)
        shape = (rows, columns, *kernel) if layout[1] == "C" else (rows, *kernel, columns)
        with self.name_scope():
            self.weight = self.params.get("weight", shape=shape, init=weight_initializer, allow_deferred_init=True)
            self.bias = self.params.get("bias", shape=(channels,), init=bias_initializer, allow_deferred_init=True) if use_bias else None
            self.act = Activation(activation, prefix=activation + "_") if activation is not None else None

    def _alias(self) -> str:
        return "conv"

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        """activation(conv(x, weight) + bias)."""
        run = F.Deconvolution if self._transposed else F.Convolution
        out = run(x, weight, name="fwd", **self._kwargs) if bias is None else run(x, weight, bias, name="fwd", **self._kwargs)
        return out if self.act is None else self.act(out)

    def __repr__(self) -> str:
        k, count = self._kwargs, self._spatial
        parts = [f"{self.weight.shape[1] or None} -> {self.weight.shape[0]}", f"kernel_size={k['kernel']}", f"stride={k['stride']}"]
        parts += [f"padding={k['pad']}"] if k["pad"] != (0,) * count else []
        parts += [f"dilation={k['dilate']}"] if k["dilate"] != (1,) * count else []
        parts += [f"output_padding={k['adj']}"] if self._transposed and k["adj"] != (0,) * count else []
        parts += [f"groups={k['num_group']}"] if k["num_group"] != 1 else []
        parts += ["bias=False"] if self.bias is None else []
        parts += [str(self.act)] if self.act is not None else []
        return f"{type(self).__name__}({', '.join(parts)})"


class Conv1D(_Conv):
    """Convolution along one axis: (N, C, W) -> (N, channels, W'), with W' = (W + 2 padding - dilation (kernel_size - 1) - 1) // strides + 1.

    layout NWC keeps channels last. groups: input and output channels are cut into that many groups that do not see each other.
    Parameters: weight (channels, C / groups, kernel_size), bias (channels,).
    """

    _spatial = 1

    def __init__(self, channels: int, kernel_size: Any, strides: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1, layout: str = "NCW",
                 activation: str | None = None, use_bias: bool = True, weight_initializer: Any = None, bias_initializer: Any = "zeros",
                 in_channels: int = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias, weight_initializer,
                         bias_initializer, in_channels, **kwargs)  # fmt: skip


class Conv2D(_Conv):
    """Convolution of images: (N, C, H, W) -> (N, channels, H', W'); sizes as in Conv1D along each axis.

    layout NHWC keeps channels last. Parameters: weight (channels, C / groups, kh, kw), bias (channels,).

    >>> net = mx.gluon.nn.Conv2D(8, 3, padding=1)
    >>> net.initialize()
    >>> net(mx.nd.ones((1, 3, 5, 5))).shape
    (1, 8, 5, 5)
    """

    def __init__(self, channels: int, kernel_size: Any, strides: Any = (1, 1), padding: Any = (0, 0), dilation: Any = (1, 1), groups: int = 1,
                 layout: str = "NCHW", activation: str | None = None, use_bias: bool = True, weight_initializer: Any = None,
                 bias_initializer: Any = "zeros", in_channels: int = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias, weight_initializer,
                         bias_initializer, in_channels, **kwargs)  # fmt: skip


class Conv3D(_Conv):
    """Convolution of volumes: (N, C, D, H, W) -> (N, channels, D', H', W'); sizes as in Conv1D along each axis."""

    _spatial = 3

    def __init__(self, channels: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: Any = (0, 0, 0), dilation: Any = (1, 1, 1), groups: int = 1,
                 layout: str = "NCDHW", activation: str | None = None, use_bias: bool = True, weight_initializer: Any = None,
                 bias_initializer: Any = "zeros", in_channels: int = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias, weight_initializer,
                         bias_initializer, in_channels, **kwargs)  # fmt: skip
