"""Inception with normalized layers.

S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", ICML 2015 (its table
of the network). For small images the first layers do not shrink the image.
"""

from __future__ import annotations

from typing import NamedTuple

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts


class Block(NamedTuple):
    """Filters of the four branches: 1x1; 1x1 -> 3x3; 1x1 -> 3x3 -> 3x3; pooling -> 1x1. A block of stride 2 has no first branch, and its
    pooling passes the channels on."""

    one: int
    three: tuple[int, int]
    double: tuple[int, int]
    pool: str
    projection: int
    stride: int = 1


BLOCKS = {
    "3a": Block(64, (64, 64), (64, 96), "avg", 32),
    "3b": Block(64, (64, 96), (64, 96), "avg", 64),
    "3c": Block(0, (128, 160), (64, 96), "max", 0, 2),
    "4a": Block(224, (64, 96), (96, 128), "avg", 128),
    "4b": Block(192, (96, 128), (96, 128), "avg", 128),
    "4c": Block(160, (128, 160), (128, 160), "avg", 128),
    "4d": Block(96, (128, 192), (160, 192), "avg", 128),
    "4e": Block(0, (128, 192), (192, 256), "max", 0, 2),
    "5a": Block(352, (192, 320), (160, 224), "avg", 128),
    "5b": Block(352, (192, 320), (192, 224), "max", 128),
}


def layer(net: Symbol, filters: int, kernel: int, name: str, stride: int = 1) -> Symbol:
    """relu(normalized(convolution))."""
    net = _parts.conv(net, filters, kernel, stride, name=f"conv_{name}", bias=True)
    net = mx.sym.BatchNorm(net, fix_gamma=False, eps=1e-5 + 1e-10, momentum=0.9, name=f"bn_{name}")
    return _parts.relu(net, f"relu_{name}")


def block(net: Symbol, b: Block, name: str) -> Symbol:
    """The four branches side by side, joined by channels."""
    three = layer(layer(net, b.three[0], 1, f"{name}_3x3_reduce"), b.three[1], 3, f"{name}_3x3", b.stride)
    double = layer(layer(net, b.double[0], 1, f"{name}_double_3x3_reduce"), b.double[1], 3, f"{name}_double_3x3_0")
    double = layer(double, b.double[1], 3, f"{name}_double_3x3_1", b.stride)
    pool = mx.sym.Pooling(net, kernel=(3, 3), stride=(b.stride, b.stride), pad=(1, 1), pool_type=b.pool, name=f"{b.pool}_pool_{name}_pool")
    branches = [three, double, layer(pool, b.projection, 1, f"{name}_proj") if b.projection else pool]
    if b.one:
        branches.insert(0, layer(net, b.one, 1, f"{name}_1x1"))
    return mx.sym.Concat(*branches, name=f"ch_concat_{name}_chconcat")


def get_symbol(num_classes: int = 1000, image_shape: str = "3,224,224", dtype: str = "float32", **_) -> Symbol:
    """The network; images of 24 x 24 or larger."""
    _, height, _ = _parts.image_size(image_shape)
    net = _parts.begin(dtype)
    if height <= 32:
        net = layer(net, 64, 3, "1")
    else:
        net = _parts.max_pool(layer(net, 64, 7, "1", 2), 3, 2, name="pool_1")
        net = layer(layer(net, 64, 1, "2_red"), 192, 3, "2")
        net = _parts.max_pool(net, 3, 2, name="pool_2")
    for name, description in BLOCKS.items():
        net = block(net, description, name)
    return _parts.end(_parts.global_pool(net, "global_pool"), num_classes, dtype)
