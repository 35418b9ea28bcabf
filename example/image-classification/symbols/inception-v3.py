"""Inception with factorized convolutions.

C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, without the
side classifier.
"""

from __future__ import annotations

from collections.abc import Sequence

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts

#: (filters, kernel, stride of 1 or 2) of one convolution. One of stride 2 has no border.
Step = tuple


def layer(net: Symbol, step: Step, name: str, pad: int | None = None) -> Symbol:
    """relu(normalized(convolution))."""
    filters, kernel, stride = (*step, 1)[:3]
    if stride == 2:
        pad = 0
    net = _parts.conv(net, filters, kernel, stride, pad, name=f"{name}_conv2d")
    return _parts.relu(mx.sym.BatchNorm(net, fix_gamma=True, name=f"{name}_batchnorm"), f"{name}_relu")


def tower(net: Symbol, steps: Sequence[Step], name: str) -> Symbol:
    """Convolutions one after the other: NAME_conv, NAME_conv_1, NAME_conv_2 .."""
    for i, step in enumerate(steps):
        net = layer(net, step, f"{name}_conv_{i}" if i else f"{name}_conv")
    return net


def split(net: Symbol, steps: Sequence[Step], filters: int, name: str) -> list[Symbol]:
    """A tower that ends in a 1x3 and a 3x1 convolution side by side."""
    net = tower(net, steps, name)
    return [layer(net, (filters, (1, 3)), f"{name}_mixed_conv"), layer(net, (filters, (3, 1)), f"{name}_mixed_conv_1")]


def pooled(net: Symbol, name: str, projection: int, kind: str = "avg") -> Symbol:
    """Pooling that keeps the size, and a 1x1 convolution."""
    net = mx.sym.Pooling(net, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type=kind, name=f"{kind}_pool_{name}_pool")
    return tower(net, [(projection, 1)], f"{name}_tower_2")


def join(branches: Sequence[Symbol], name: str) -> Symbol:
    """The branches, joined by channels."""
    return mx.sym.Concat(*branches, name=f"ch_concat_{name}_chconcat")


def square(net: Symbol, projection: int, name: str) -> Symbol:
    """Branches 1x1; 1x1, 5x5; 1x1, 3x3, 3x3; pooling, 1x1 (35 x 35)."""
    one, five = tower(net, [(64, 1)], name), tower(net, [(48, 1), (64, 5)], f"{name}_tower")
    three = tower(net, [(64, 1), (96, 3), (96, 3)], f"{name}_tower_1")
    return join([one, five, three, pooled(net, name, projection)], name)


def factored(net: Symbol, few: int, name: str) -> Symbol:
    """Branches of 1x7 and 7x1 convolutions with few filters, the last of each with 192 (17 x 17)."""
    wide, high = (1, 7), (7, 1)
    branches = [tower(net, [(192, 1)], name), tower(net, [(few, 1), (few, wide), (192, high)], f"{name}_tower")]
    branches.append(tower(net, [(few, 1), (few, high), (few, wide), (few, high), (192, wide)], f"{name}_tower_1"))
    return join([*branches, pooled(net, name, 192)], name)


def spread(net: Symbol, kind: str, name: str) -> Symbol:
    """Branches of which two end in 1x3 and 3x1 side by side (8 x 8)."""
    branches = [tower(net, [(320, 1)], name), *split(net, [(384, 1)], 384, f"{name}_tower")]
    branches += split(net, [(448, 1), (384, 3)], 384, f"{name}_tower_1")
    return join([*branches, pooled(net, name, 192, kind)], name)


def shrink(net: Symbol, towers: Sequence[Sequence[Step]], prefixes: Sequence[str], name: str) -> Symbol:
    """Towers that halve the size, beside pooling."""
    branches = [tower(net, steps, f"{name}{prefix}") for steps, prefix in zip(towers, prefixes)]
    return join([*branches, _parts.max_pool(net, 3, 2, name=f"max_pool_{name}_pool")], name)


def get_symbol(num_classes: int = 1000, dtype: str = "float32", **_) -> Symbol:
    """The network; images of 299 x 299 or larger."""
    net = layer(layer(_parts.begin(dtype, copy=True), (32, 3, 2), "conv"), (32, 3), "conv_1", 0)
    net = _parts.max_pool(layer(net, (64, 3), "conv_2"), 3, 2, name="pool")
    net = _parts.max_pool(layer(layer(net, (80, 1), "conv_3"), (192, 3), "conv_4", 0), 3, 2, name="pool1")
    for i, projection in enumerate((32, 64, 64)):
        net = square(net, projection, f"mixed_{i}" if i else "mixed")
    net = shrink(net, [[(384, 3, 2)], [(64, 1), (96, 3), (96, 3, 2)]], ["", "_tower"], "mixed_3")
    for i, few in enumerate((128, 160, 160, 192), 4):
        net = factored(net, few, f"mixed_{i}")
    net = shrink(net, [[(192, 1), (320, 3, 2)], [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)]], ["_tower", "_tower_1"], "mixed_8")
    net = spread(spread(net, "avg", "mixed_9"), "max", "mixed_10")
    net = mx.sym.Flatten(_parts.mean_pool(net, 8, name="global_pool"), name="flatten")
    return _parts.end(net, num_classes, dtype)
