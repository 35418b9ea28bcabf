"""Thirteen pairs of a convolution for each channel and a 1 x 1 convolution over channels.

A. Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017.
"""

from __future__ import annotations

import mxnet as mx

from . import _parts

#: (filters, stride) of each pair.
PAIRS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))


def get_symbol(num_classes: int = 1000, alpha: float = 1.0, resolution: int | None = None, image_shape: str = "3,224,224",
               dtype: str = "float32", **_) -> mx.sym.Symbol:  # fmt: skip
    """The network with alpha times the paper's filters; images of 32 x 32 or larger. resolution: their height, unless image_shape tells it."""

    def layer(net: mx.sym.Symbol, name: str, filters: int, kernel: int, stride: int = 1, groups: int = 1) -> mx.sym.Symbol:
        net = _parts.conv(net, filters, kernel, stride, name=f"{name}_conv2d", groups=groups)
        return _parts.relu(mx.sym.BatchNorm(net, fix_gamma=True, name=f"{name}_batchnorm"), f"{name}_relu")

    width = int(32 * alpha)
    net = layer(_parts.begin(dtype), "conv_1", width, 3, 2)
    for i, (filters, stride) in enumerate(PAIRS, 2):
        net = layer(net, f"conv_{i}_dw", width, 3, stride, groups=width)
        width = int(filters * alpha)
        net = layer(net, f"conv_{i}", width, 1)
    side = (resolution or _parts.image_size(image_shape)[1]) // 32
    net = mx.sym.Flatten(_parts.mean_pool(net, max(side, 1), name="global_pool"), name="flatten")
    return _parts.end(net, num_classes, dtype, "fc")
