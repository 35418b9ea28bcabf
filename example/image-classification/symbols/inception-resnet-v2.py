"""Inception blocks whose output is scaled and added to their input.

C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", AAAI 2017.
Nodes have automatic names, in the order in which published files have them, and the filters and borders of those files.
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts

#: Towers of the three kinds of residual blocks: (filters, kernel, pad) of each convolution.
TOWERS = {
    35: (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (48, 3), (64, 3))),
    17: (((192, 1),), ((129, 1), (160, (1, 7), (1, 2)), (192, (7, 1), (2, 1)))),
    8: (((192, 1),), ((192, 1), (224, (1, 3)), (256, (3, 1)))),
}
#: The channels that each kind works on.
CHANNELS = {35: 320, 17: 1088, 8: 2080}


def layer(net: Symbol, filters: int, kernel: int | tuple[int, int], pad: int | tuple[int, int] | None = None, stride: int = 1,
          active: bool = True) -> Symbol:  # fmt: skip
    """relu(normalized(convolution)); without the relu if not active."""
    net = mx.sym.BatchNorm(_parts.conv(net, filters, kernel, stride, pad, name=None, bias=True))
    return _parts.relu(net) if active else net


def tower(net: Symbol, *steps: tuple) -> Symbol:
    """Layers one after the other."""
    for step in steps:
        net = layer(net, *step)
    return net


def block(net: Symbol, kind: int, scale: float, active: bool = True) -> Symbol:
    """relu(net + scale * block(net))."""
    joined = mx.sym.Concat(*[tower(net, *steps) for steps in TOWERS[kind]])
    change = scale * layer(joined, CHANNELS[kind], 1, active=False)
    return _parts.relu(net + change) if active else net + change


def get_symbol(num_classes: int = 1000, dtype: str = "float32", **_) -> Symbol:
    """The network; images of 299 x 299, or others of 75 x 75 or larger."""
    net = tower(_parts.begin(dtype), (32, 3, 0, 2), (32, 3, 0), (64, 3))
    net = tower(_parts.max_pool(net, 3, 2), (80, 1), (192, 3, 0))
    net = _parts.max_pool(net, 3, 2)
    branches = [tower(net, (96, 1)), tower(net, (48, 1), (64, 5)), tower(net, (64, 1), (96, 3), (96, 3))]
    net = mx.sym.Concat(*branches, layer(_parts.mean_pool(net, 3, 1), 64, 1))
    for _i in range(10):
        net = block(net, 35, 0.17)
    branches = [tower(net, (384, 3, 0, 2)), tower(net, (256, 1), (256, 3), (384, 3, 0, 2))]
    net = mx.sym.Concat(*branches, _parts.max_pool(net, 3, 2))
    for _i in range(20):
        net = block(net, 17, 0.1)
    branches = [tower(net, (256, 1), (384, 3, 0, 2)), tower(net, (256, 1), (288, 3, 0, 2))]
    branches.append(tower(net, (256, 1), (288, 3), (320, 3, 0, 2)))
    net = mx.sym.Concat(*branches, _parts.max_pool(net, 3, 2))
    for _i in range(9):
        net = block(net, 8, 0.2)
    net = layer(block(net, 8, 1.0, active=False), 1536, 1)
    net = mx.sym.Dropout(_parts.global_pool(net, kernel=(1, 1), stride=(2, 2)), p=0.2)
    return _parts.end(net, num_classes, dtype, None)
