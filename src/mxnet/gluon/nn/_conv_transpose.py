"""Transposed convolution layers: the gradient of a convolution as a forward pass, used to enlarge."""

from __future__ import annotations

from typing import Any

from ._conv import _Conv


class Conv1DTranspose(_Conv):
    """Transposed convolution: (N, C, W) -> (N, channels, W'), W' = (W - 1) strides - 2 padding + dilation (kernel_size - 1) + output_padding + 1.

    Parameters: weight (C, channels / groups, kernel_size), bias (channels,).
    """

    _spatial = 1
    _transposed = True

    def __init__(self, channels: int, kernel_size: Any, strides: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
                 groups: int = 1, layout: str = "NCW", activation: str | None = None, use_bias: bool = True, weight_initializer: Any = None,
                 bias_initializer: Any = "zeros", in_channels: int = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias, weight_initializer,
                         bias_initializer, in_channels, adj=output_padding, **kwargs)  # fmt: skip
        self.outpad = self._kwargs["adj"]


class Conv2DTranspose(_Conv):
    """Transposed convolution of images: (N, C, H, W) -> (N, channels, H', W'); sizes as in Conv1DTranspose along each axis.

    >>> net = mx.gluon.nn.Conv2DTranspose(2, 4, strides=2, padding=1)
    >>> net.initialize()
    >>> net(mx.nd.ones((1, 3, 5, 5))).shape
    (1, 2, 10, 10)
    """

    _transposed = True

    def __init__(self, channels: int, kernel_size: Any, strides: Any = (1, 1), padding: Any = (0, 0), output_padding: Any = (0, 0),
                 dilation: Any = (1, 1), groups: int = 1, layout: str = "NCHW", activation: str | None = None, use_bias: bool = True,
                 weight_initializer: Any = None, bias_initializer: Any = "zeros", in_channels: int = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias, weight_initializer,
                         bias_initializer, in_channels, adj=output_padding, **kwargs)  # fmt: skip
        self.outpad = self._kwargs["adj"]


class Conv3DTranspose(_Conv):
    """Transposed convolution of volumes: (N, C, D, H, W) -> (N, channels, D', H', W'); sizes as in Conv1DTranspose along each axis."""

    _spatial = 3
    _transposed = True

    def __init__(self, channels: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: Any = (0, 0, 0), output_padding: Any = (0, 0, 0),
                 dilation: Any = (1, 1, 1), groups: int = 1, layout: str = "NCDHW", activation: str | None = None, use_bias: bool = True,
                 weight_initializer: Any = None, bias_initializer: Any = "zeros", in_channels: int = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(channels, kernel_size, strides, padding, dilation, groups, layout, activation, use_bias, weight_initializer,
                         bias_initializer, in_channels, adj=output_padding, **kwargs)  # fmt: skip
        self.outpad = self._kwargs["adj"]
