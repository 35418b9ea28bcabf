"""Inception with normalized layers.

S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", ICML 2015 (its table
of the network). Small images have a network of their own, whose blocks have two branches and whose first layer does not shrink the image.
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
#: Blocks for small images: filters of the 1x1 and of the 3x3 branch; or of the 3x3 branch of stride 2, beside pooling.
SMALL_BLOCKS = {
    "3a": (32, 32), "3b": (32, 48), "3c": (80,), "4a": (112, 48), "4b": (96, 64), "4c": (80, 80), "4d": (48, 96), "4e": (96,),
    "5a": (176, 160), "5b": (176, 160),
}  # fmt: skip


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
    pool_name = f"{b.pool}_pool_{name}_pool"
    pool = mx.sym.Pooling(net, kernel=(3, 3), stride=(b.stride, b.stride), pad=(1, 1), pool_type=b.pool, name=pool_name)
    branches = [three, double, layer(pool, b.projection, 1, f"{name}_proj") if b.projection else pool]
    if b.one:
        branches.insert(0, layer(net, b.one, 1, f"{name}_1x1"))
    return mx.sym.Concat(*branches, name=f"ch_concat_{name}_chconcat")


def small_block(net: Symbol, filters: tuple[int, ...], name: str) -> Symbol:
    """The two branches side by side, joined by channels."""
    if len(filters) == 1:
        branches = [layer(net, filters[0], 3, f"{name}_conv", 2), _parts.max_pool(net, 3, 2, 1, f"{name}_pool")]
    else:
        branches = [layer(net, filters[0], 1, f"{name}_1x1"), layer(net, filters[1], 3, f"{name}_3x3")]
    return mx.sym.Concat(*branches, name=f"{name}_ch_concat")


def get_symbol(num_classes: int = 1000, image_shape: str = "3,224,224", dtype: str = "float32", **_) -> Symbol:
    """The network; images of 4 x 4 to 32 x 32, or of 193 x 193 or larger."""
    _, height, _ = _parts.image_size(image_shape)
    net = _parts.begin(dtype)
    if height <= 32:
        net = layer(net, 96, 3, "1")
        for name, filters in SMALL_BLOCKS.items():
            net = small_block(net, filters, f"in{name}")
        net = _parts.mean_pool(net, -(-height // 4), name="global_pool")
    else:
        net = _parts.max_pool(layer(net, 64, 7, "1", 2), 3, 2, name="pool_1")
        net = layer(layer(net, 64, 1, "2_red"), 192, 3, "2")
        net = _parts.max_pool(net, 3, 2, name="pool_2")
        for name, description in BLOCKS.items():
            net = block(net, description, name)
        net = _parts.mean_pool(net, 7, name="global_pool")
    return _parts.end(mx.sym.Flatten(net), num_classes, dtype, None)
