"""Convolutions that learn where to look."""

from __future__ import annotations

from typing import Any

from ...block import HybridBlock
from ...nn import Activation
from ...nn._conv import spread
from ...parameter import ParameterDict

__all__ = ["DeformableConvolution", "ModulatedDeformableConvolution"]


class DeformableConvolution(HybridBlock):
    """Convolution of images whose sampling points are moved by offsets, which another convolution computes from the same input.

    Parameters: offset_weight, offset_bias of that convolution, deformable_conv_weight, deformable_conv_bias. Layout NCHW.

    Source: Dai et al. 2017, arXiv:1703.06211.
    """

    _numbers_per_point = 2
    _masked = False

    def __init__(self, channels: int, kernel_size: Any = (1, 1), strides: Any = (1, 1), padding: Any = (0, 0), dilation: Any = (1, 1), groups: int = 1,
                 num_deformable_group: int = 1, layout: str = "NCHW", use_bias: bool = True, in_channels: int = 0, activation: str | None = None,
                 weight_initializer: Any = None, bias_initializer: Any = "zeros", offset_weight_initializer: Any = "zeros",
                 offset_bias_initializer: Any = "zeros", offset_use_bias: bool = True, op_name: str = "DeformableConvolution", adj: Any = None,
                 prefix: str | None = None, params: ParameterDict | None = None) -> None:  # fmt: skip
        super().__init__(prefix=prefix, params=params)
        where = type(self).__name__
        if layout not in ("NCHW", "NHWC"):
            raise AssertionError(f"{where}: layout is {layout!r}. Use NCHW.")
        self._channels, self._in_channels = channels, in_channels
        kernel = spread(kernel_size, 2, where, "kernel_size")
        shared = {"kernel": kernel, "stride": spread(strides, 2, where, "strides"), "dilate": spread(dilation, 2, where, "dilation"),
                  "pad": spread(padding, 2, where, "padding"), "num_group": groups, "layout": layout}  # fmt: skip
        points = self._numbers_per_point * kernel[0] * kernel[1] * num_deformable_group
        self._offset_points = 2 * kernel[0] * kernel[1] * num_deformable_group
        self._kwargs_offset = {**shared, "num_filter": points, "no_bias": not offset_use_bias}
        self._kwargs_deformable_conv = {
            **shared,
            "num_filter": channels,
            "num_deformable_group": num_deformable_group,
            "no_bias": not use_bias,
        }
        rest = in_channels // groups if in_channels else 0
        offset_shape, shape = (points, rest, *kernel), (channels, rest, *kernel)
        if layout == "NHWC":
            offset_shape, shape = (points, *kernel, rest), (channels, *kernel, rest)

        def get(name: str, shape: tuple, init: Any, wanted: bool = True) -> Any:
            return self.params.get(name, shape=shape, init=init, allow_deferred_init=True) if wanted else None

        with self.name_scope():
            self.offset_weight = get("offset_weight", offset_shape, offset_weight_initializer)
            self.offset_bias = get("offset_bias", (points,), offset_bias_initializer, offset_use_bias)
            self.deformable_conv_weight = get("deformable_conv_weight", shape, weight_initializer)
            self.deformable_conv_bias = get("deformable_conv_bias", (channels,), bias_initializer, use_bias)
            self.act = Activation(activation, prefix=activation + "_") if activation else None

    def _alias(self) -> str:
        return "deformable_conv"

    def hybrid_forward(self, F: Any, x: Any, offset_weight: Any, deformable_conv_weight: Any, offset_bias: Any = None,
                       deformable_conv_bias: Any = None) -> Any:  # fmt: skip
        """The convolution at moved points."""
        biases = [] if offset_bias is None else [offset_bias]
        offset = F.Convolution(x, offset_weight, *biases, cudnn_off=True, **self._kwargs_offset)
        biases = [] if deformable_conv_bias is None else [deformable_conv_bias]
        if self._masked:
            at = F.slice_axis(offset, axis=1, begin=0, end=self._offset_points)
            mask = F.sigmoid(F.slice_axis(offset, axis=1, begin=self._offset_points, end=None)) * 2
            out = F.contrib.ModulatedDeformableConvolution(
                x, at, mask, deformable_conv_weight, *biases, name="fwd", **self._kwargs_deformable_conv
            )
        else:
            out = F.contrib.DeformableConvolution(x, offset, deformable_conv_weight, *biases, name="fwd", **self._kwargs_deformable_conv)
        return out if self.act is None else self.act(out)

    def __repr__(self) -> str:
        shape, k = self.deformable_conv_weight.shape, self._kwargs_deformable_conv
        return f"{type(self).__name__}({shape[1] or None} -> {shape[0]}, kernel_size={k['kernel']}, stride={k['stride']})"


class ModulatedDeformableConvolution(DeformableConvolution):
    """DeformableConvolution with a learned weight (0 to 2) for every sampling point.

    Source: Zhu et al. 2018, arXiv:1811.11168.
    """

    _numbers_per_point = 3
    _masked = True

    def __init__(self, channels: int, kernel_size: Any = (1, 1), strides: Any = (1, 1), padding: Any = (0, 0), dilation: Any = (1, 1), groups: int = 1,
                 num_deformable_group: int = 1, layout: str = "NCHW", use_bias: bool = True, in_channels: int = 0, activation: str | None = None,
                 weight_initializer: Any = None, bias_initializer: Any = "zeros", offset_weight_initializer: Any = "zeros",
                 offset_bias_initializer: Any = "zeros", offset_use_bias: bool = True, op_name: str = "ModulatedDeformableConvolution", adj: Any = None,
                 prefix: str | None = None, params: ParameterDict | None = None) -> None:  # fmt: skip
        super().__init__(channels, kernel_size, strides, padding, dilation, groups, num_deformable_group, layout, use_bias, in_channels, activation,
                         weight_initializer, bias_initializer, offset_weight_initializer, offset_bias_initializer, offset_use_bias, op_name, adj,
                         prefix, params)  # fmt: skip

    def _alias(self) -> str:
        return "modulated_deformable_conv"
