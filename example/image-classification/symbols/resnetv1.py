"""Residual networks whose units end with the sum and a relu (version 1).

K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016. A unit that shrinks does so in its first
convolution; the first unit of each stage has a convolution in its shortcut, also where it keeps the shape.
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts
from ._residual import depth


def conv_norm(net: Symbol, filters: int, kernel: int, stride: int, conv_name: str, norm_name: str) -> Symbol:
    """normalized(convolution(net))."""
    net = _parts.conv(net, filters, kernel, stride, name=conv_name)
    return mx.sym.BatchNorm(net, fix_gamma=False, eps=2e-5, momentum=0.9, name=norm_name)


def residual_unit(net: Symbol, filters: int, stride: int, same: bool, name: str, bottleneck: bool) -> Symbol:
    """relu(net + normalized convolutions(net))."""
    plan = [(filters // 4, 1, stride), (filters // 4, 3, 1), (filters, 1, 1)] if bottleneck else [(filters, 3, stride), (filters, 3, 1)]
    body = net
    for i, (width, kernel, step) in enumerate(plan, 1):
        body = conv_norm(body, width, kernel, step, f"{name}_conv{i}", f"{name}_bn{i}")
        if i < len(plan):
            body = _parts.relu(body, f"{name}_relu{i}")
    shortcut = net if same else conv_norm(net, filters, 1, stride, f"{name}_conv1sc", f"{name}_sc")
    return _parts.relu(body + shortcut, f"{name}_relu3")


def get_symbol(num_classes: int = 1000, num_layers: int = 50, image_shape: str = "3,224,224", conv_workspace: int = 256, dtype: str = "float32",
               **_) -> Symbol:  # fmt: skip
    """The network with 18, 34, 50, 101, 152, 200 or 269 layers, or 6n+2 for images of at most 32 x 32. conv_workspace has no effect."""
    d = depth("resnet-v1", num_layers, image_shape)
    net = conv_norm(_parts.begin(dtype, copy=True), d.stem, *((3, 1) if d.small else (7, 2)), "conv0", "bn0")
    if not d.small:
        net = _parts.max_pool(_parts.relu(net, "relu0"), 3, 2, 1)
    for stage, (units, filters) in enumerate(zip(d.units, d.filters), 1):
        for unit in range(1, units + 1):
            stride = 2 if unit == 1 and stage > 1 else 1
            net = residual_unit(net, filters, stride, unit > 1, f"stage{stage}_unit{unit}", d.bottleneck)
    return _parts.end(_parts.global_pool(net, "pool1"), num_classes, dtype)
