"""Residual networks whose units begin with normalization (version 2).

K. He, X. Zhang, S. Ren, J. Sun, "Identity Mappings in Deep Residual Networks", ECCV 2016.
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts
from ._residual import depth


def norm_relu(net: Symbol, prefix: str, number: int | str) -> Symbol:
    """relu(normalized(net))."""
    net = mx.sym.BatchNorm(net, fix_gamma=False, eps=2e-5, momentum=0.9, name=f"{prefix}bn{number}")
    return _parts.relu(net, f"{prefix}relu{number}")


def residual_unit(net: Symbol, filters: int, stride: int, same: bool, name: str, bottleneck: bool) -> Symbol:
    """net + convolutions(relu(normalized(net))); a 1 x 1 convolution fits the shortcut unless the shape stays the same."""
    first = norm_relu(net, f"{name}_", 1)
    shortcut = net if same else _parts.conv(first, filters, 1, stride, name=f"{name}_sc")
    if bottleneck:
        body = _parts.conv(first, filters // 4, 1, name=f"{name}_conv1")
        body = _parts.conv(norm_relu(body, f"{name}_", 2), filters // 4, 3, stride, name=f"{name}_conv2")
        body = _parts.conv(norm_relu(body, f"{name}_", 3), filters, 1, name=f"{name}_conv3")
    else:
        body = _parts.conv(first, filters, 3, stride, name=f"{name}_conv1")
        body = _parts.conv(norm_relu(body, f"{name}_", 2), filters, 3, name=f"{name}_conv2")
    return body + shortcut


def get_symbol(num_classes: int = 1000, num_layers: int = 50, image_shape: str = "3,224,224", conv_workspace: int = 256, dtype: str = "float32",
               **_) -> Symbol:  # fmt: skip
    """The network with 18, 34, 50, 101, 152, 200 or 269 layers, or 6n+2 for images of at most 32 x 32. conv_workspace has no effect."""
    d = depth("resnet", num_layers, image_shape)
    net = mx.sym.BatchNorm(_parts.begin(dtype, copy=True), fix_gamma=True, eps=2e-5, momentum=0.9, name="bn_data")
    if d.small:
        net = _parts.conv(net, d.stem, 3, name="conv0")
    else:
        net = norm_relu(_parts.conv(net, d.stem, 7, 2, name="conv0"), "", 0)
        net = _parts.max_pool(net, 3, 2, 1)
    for stage, (units, filters) in enumerate(zip(d.units, d.filters), 1):
        for unit in range(1, units + 1):
            stride = 2 if unit == 1 and stage > 1 else 1
            net = residual_unit(net, filters, stride, unit > 1, f"stage{stage}_unit{unit}", d.bottleneck)
    return _parts.end(_parts.global_pool(norm_relu(net, "", 1), "pool1"), num_classes, dtype)
