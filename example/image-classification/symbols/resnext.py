"""Residual networks whose 3 x 3 convolutions work in groups of channels.

S. Xie, R. Girshick, P. Dollar, Z. Tu, K. He, "Aggregated Residual Transformations for Deep Neural Networks", CVPR 2017 (32 groups of 4).
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts
from ._residual import depth


def conv_norm(net: Symbol, filters: int, kernel: int, stride: int, name: str, groups: int = 1) -> Symbol:
    """normalized(convolution(net))."""
    net = _parts.conv(net, filters, kernel, stride, name=f"{name}_conv", groups=groups)
    return mx.sym.BatchNorm(net, fix_gamma=False, eps=2e-5, momentum=0.9, name=f"{name}_bn")


def residual_unit(net: Symbol, filters: int, stride: int, same: bool, name: str, bottleneck: bool, groups: int) -> Symbol:
    """relu(net + normalized convolutions(net)); the convolution that shrinks is the one with groups."""
    if bottleneck:
        plan = [(filters // 2, 1, 1, 1), (filters // 2, 3, stride, groups), (filters, 1, 1, 1)]
    else:
        plan = [(filters, 3, stride, 1), (filters, 3, 1, 1)]
    body = net
    for i, (width, kernel, step, split) in enumerate(plan, 1):
        body = conv_norm(body, width, kernel, step, f"{name}_{i}", split)
        if i < len(plan):
            body = _parts.relu(body, f"{name}_relu{i}")
    shortcut = net if same else conv_norm(net, filters, 1, stride, f"{name}_sc")
    return _parts.relu(body + shortcut, f"{name}_relu")


def get_symbol(num_classes: int = 1000, num_layers: int = 50, image_shape: str = "3,224,224", num_group: int = 32, conv_workspace: int = 256,
               dtype: str = "float32", **_) -> Symbol:  # fmt: skip
    """The network with 50, 101, 152 layers and num_group groups (18 and 34 have plain units), or 9n+2 >= 164 for images of at most 32 x 32."""
    d = depth("resnext", num_layers, image_shape)
    net = conv_norm(_parts.begin(dtype), d.stem, *((3, 1) if d.small else (7, 2)), "stem")
    net = _parts.relu(net, "stem_relu")
    if not d.small:
        net = _parts.max_pool(net, 3, 2, 1, name="stem_pool")
    channels = d.stem
    for stage, (units, filters) in enumerate(zip(d.units, d.filters), 1):
        for unit in range(1, units + 1):
            stride = 2 if unit == 1 and stage > 1 else 1
            same = stride == 1 and channels == filters
            net = residual_unit(net, filters, stride, same, f"stage{stage}_unit{unit}", d.bottleneck, num_group)
            channels = filters
    return _parts.end(_parts.global_pool(net, "pool1"), num_classes, dtype)
