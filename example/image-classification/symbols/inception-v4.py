"""Inception in its fourth version: one kind of block for each size of the image.

C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", AAAI 2017
(its figures 3 to 9). Names count the convolutions of a block.
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts

#: Kernels.
HIGH, WIDE = (7, 1), (1, 7)
#: Convolutions whose published name tells another kernel than they have: (block's last letter, number) -> what the name says.
NAMED = {("B", 5): (1, 7), ("C", 4): (3, 1), ("C", 5): (1, 3), ("C", 9): (1, 3), ("C", 10): (3, 1)}


class Builder:
    """Makes the layers of one block, with the block's name and a running number."""

    def __init__(self, name: str) -> None:
        self.name, self.count, self.joined, self.pooled = name, 0, 0, 0

    def layer(self, net: Symbol, filters: int, kernel: int | tuple[int, int], stride: int = 1, pad: int | None = None) -> Symbol:
        """relu(normalized(convolution)); one of stride 2 has no border."""
        self.count += 1
        size = (kernel, kernel) if isinstance(kernel, int) else kernel
        if self.name.startswith("in"):
            size = NAMED.get((self.name[-1], self.count), size)
        name = f"{self.name}_conv{self.count}_{size[0]}*{size[1]}"
        net = _parts.conv(net, filters, kernel, stride, 0 if stride == 2 else pad, name=f"{name}_conv2d")
        return _parts.relu(mx.sym.BatchNorm(net, fix_gamma=True, name=f"{name}_batchnorm"), f"{name}_relu")

    def tower(self, net: Symbol, *steps: tuple) -> Symbol:
        """Layers one after the other."""
        for step in steps:
            net = self.layer(net, *step)
        return net

    def smaller(self, net: Symbol) -> Symbol:
        """Pooling of stride 2."""
        self.pooled += 1
        return _parts.max_pool(net, 3, 2, name=f"{self.name}_maxpool_{self.pooled}")

    def mean(self, net: Symbol) -> Symbol:
        """The mean of each 3 x 3, with a border."""
        return _parts.mean_pool(net, 3, 1, f"{self.name}_avgpool_1")

    def join(self, *branches: Symbol) -> Symbol:
        """Branches, joined by channels."""
        self.joined += 1
        return mx.sym.Concat(*branches, name=f"{self.name}_concat_{self.joined}")


def stem(net: Symbol) -> Symbol:
    """299 x 299 x 3 -> 35 x 35 x 384."""
    b = Builder("in_stem")
    net = b.tower(net, (32, 3, 2), (32, 3, 1, 0), (64, 3))
    net = b.join(b.smaller(net), b.layer(net, 96, 3, 2))
    net = b.join(b.tower(net, (64, 1), (96, 3, 1, 0)), b.tower(net, (64, 1), (64, HIGH), (64, WIDE), (96, 3, 1, 0)))
    return b.join(b.layer(net, 192, 3, 2), b.smaller(net))


def block_a(net: Symbol, name: str) -> Symbol:
    """35 x 35."""
    b = Builder(name)
    branches = [b.layer(b.mean(net), 96, 1), b.layer(net, 96, 1), b.tower(net, (64, 1), (96, 3)), b.tower(net, (64, 1), (96, 3), (96, 3))]
    return b.join(*branches)


def block_b(net: Symbol, name: str) -> Symbol:
    """17 x 17."""
    b = Builder(name)
    branches = [b.layer(b.mean(net), 128, 1), b.layer(net, 384, 1), b.tower(net, (192, 1), (224, WIDE), (256, HIGH))]
    return b.join(*branches, b.tower(net, (192, 1), (192, WIDE), (224, HIGH), (224, WIDE), (256, HIGH)))


def block_c(net: Symbol, name: str) -> Symbol:
    """8 x 8: towers that end in 1x3 and 3x1 side by side."""
    b = Builder(name)
    branches = [b.layer(b.mean(net), 256, 1), b.layer(net, 256, 1)]
    short = b.layer(net, 384, 1)
    branches += [b.layer(short, 256, (1, 3)), b.layer(short, 256, (3, 1))]
    long = b.tower(net, (384, 1), (448, (1, 3)), (512, (3, 1)))
    return mx.sym.Concat(*branches, b.layer(long, 256, (3, 1)), b.layer(long, 256, (1, 3)), name=f"{name}_concat")


def shrink_a(net: Symbol) -> Symbol:
    """35 x 35 -> 17 x 17."""
    b = Builder("re1A")
    return b.join(b.smaller(net), b.layer(net, 384, 3, 2), b.tower(net, (192, 1), (224, 3), (256, 3, 2)))


def shrink_b(net: Symbol) -> Symbol:
    """17 x 17 -> 8 x 8."""
    b = Builder("re1B")
    wide = [(256, 1), (256, WIDE), (320, HIGH), (320, 3, 2)]
    return b.join(b.smaller(net), b.tower(net, (192, 1), (192, 3, 2)), b.tower(net, *wide))


def get_symbol(num_classes: int = 1000, dtype: str = "float32", **_) -> Symbol:
    """The network; images of 299 x 299. The last pooling has a border of 1 and gives 3 x 3 means of each channel, as published files have it."""
    net = stem(_parts.begin(dtype, copy=True))
    for i in range(1, 5):
        net = block_a(net, f"in{i}A")
    net = shrink_a(net)
    for i in range(1, 8):
        net = block_b(net, f"in{i}B")
    net = shrink_b(net)
    for i in range(1, 4):
        net = block_c(net, f"in{i}C")
    net = mx.sym.Dropout(_parts.mean_pool(net, 8, 1, "global_avgpool"), p=0.2)
    return _parts.end(mx.sym.Flatten(net, name="flatten"), num_classes, dtype)
