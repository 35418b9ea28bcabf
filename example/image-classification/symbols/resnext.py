"""Residual networks whose 3 x 3 convolutions work in groups of channels.

S. Xie, R. Girshick, P. Dollar, Z. Tu, K. He, "Aggregated Residual Transformations for Deep Neural Networks", CVPR 2017 (32 groups of 4).
The input is normalized too, and the first unit of each stage has a convolution in its shortcut.
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts
from ._residual import depth


def norm(net: Symbol, name: str, fix_gamma: bool = False) -> Symbol:
    """Each channel with mean 0 and variance 1 over the batch."""
    return mx.sym.BatchNorm(net, fix_gamma=fix_gamma, eps=2e-5, momentum=0.9, name=name)


def residual_unit(net: Symbol, filters: int, stride: int, same: bool, name: str, bottleneck: bool, groups: int) -> Symbol:
    """relu(net + normalized convolutions(net)); the convolution that shrinks is the one with groups."""
    if bottleneck:
        plan = [(filters // 2, 1, 1, 1), (filters // 2, 3, stride, groups), (filters, 1, 1, 1)]
    else:
        plan = [(filters, 3, stride, 1), (filters, 3, 1, 1)]
    body = net
    for i, (width, kernel, step, split) in enumerate(plan, 1):
        body = norm(_parts.conv(body, width, kernel, step, name=f"{name}_conv{i}", groups=split), f"{name}_bn{i}")
        if i < len(plan):
            body = _parts.relu(body, f"{name}_relu{i}")
    shortcut = net if same else norm(_parts.conv(net, filters, 1, stride, name=f"{name}_sc"), f"{name}_sc_bn")
    return _parts.relu(body + shortcut, f"{name}_relu")


def get_symbol(num_classes: int = 1000, num_layers: int = 50, image_shape: str = "3,224,224", num_group: int = 32, conv_workspace: int = 256,
               dtype: str = "float32", **_) -> Symbol:  # fmt: skip
    """The network with 50, 101, 152, 200 or 269 layers and num_group groups (18 and 34 have plain units).

    Images of at most 32 x 32: 6n+2 layers with plain units, or 9n+2 >= 164. conv_workspace has no effect.
    """
    d = depth("resnext", num_layers, image_shape, small_height=32)
    net = norm(_parts.begin(dtype, copy=True), "bn_data", fix_gamma=True)
    net = _parts.conv(net, d.stem, *((3, 1) if d.small else (7, 2)), name="conv0")
    if not d.small:
        net = _parts.max_pool(_parts.relu(norm(net, "bn0"), "relu0"), 3, 2, 1)
    for stage, (units, filters) in enumerate(zip(d.units, d.filters), 1):
        for unit in range(1, units + 1):
            stride = 2 if unit == 1 and stage > 1 else 1
            net = residual_unit(net, filters, stride, unit > 1, f"stage{stage}_unit{unit}", d.bottleneck, num_group)
    return _parts.end(_parts.global_pool(net, "pool1"), num_classes, dtype)
