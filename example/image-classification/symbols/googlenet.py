"""Inception without normalization, 22 layers deep.

C. Szegedy et al., "Going Deeper with Convolutions", CVPR 2015 (its table 1), without the two side classifiers.
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts

#: Filters of a block: 1x1; before the 3x3, 3x3; before the 5x5, 5x5; after the pooling. None: pooling between the stages.
BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64), "pool4": None,
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128), "pool5": None,
    "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip


def layer(net: Symbol, filters: int, kernel: int, name: str, stride: int = 1) -> Symbol:
    """relu(convolution)."""
    return _parts.relu(_parts.conv(net, filters, kernel, stride, name=f"conv_{name}", bias=True), f"relu_{name}")


def block(net: Symbol, filters: tuple[int, ...], name: str) -> Symbol:
    """Four branches side by side, joined by channels."""
    branches = [layer(net, filters[0], 1, f"{name}_1x1")]
    for kernel, few, many in ((3, *filters[1:3]), (5, *filters[3:5])):
        part = f"{name}_{kernel}x{kernel}"
        branches.append(layer(layer(net, few, 1, f"{part}_reduce"), many, kernel, part))
    pool = _parts.max_pool(net, 3, 1, 1, f"max_pool_{name}_pool")
    branches.append(layer(pool, filters[5], 1, f"{name}_proj"))
    return mx.sym.Concat(*branches, name=f"ch_concat_{name}_chconcat")


def get_symbol(num_classes: int = 1000, dtype: str = "float32", **_) -> Symbol:
    """The network; images of 224 x 224, or others of 35 x 35 or larger."""
    net = _parts.max_pool(layer(_parts.begin(dtype), 64, 7, "conv1", 2), 3, 2)
    net = layer(layer(net, 64, 1, "conv2"), 192, 3, "conv3")
    net = _parts.max_pool(net, 3, 2)
    for name, filters in BLOCKS.items():
        net = _parts.max_pool(net, 3, 2) if filters is None else block(net, filters, f"in{name}")
    return _parts.end(_parts.global_pool(net), num_classes, dtype, None)
