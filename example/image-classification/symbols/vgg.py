"""Stages of 3 x 3 convolutions, each ended by pooling, and three dense layers.

K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015 (configurations A, B, D, E).
"""

from __future__ import annotations

import mxnet as mx

from . import _parts

#: Layers with weights -> convolutions in each of the five stages.
STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
FILTERS = (64, 128, 256, 512, 512)


def get_symbol(num_classes: int = 1000, num_layers: int = 11, batch_norm: bool = False, dtype: str = "float32", **_) -> mx.sym.Symbol:
    """The network with 11, 13, 16 or 19 layers; images of 32 x 32 or larger."""
    if num_layers not in STAGES:
        raise ValueError(f"vgg: num_layers {num_layers} is not a configuration. Use one of {', '.join(map(str, STAGES))}.")
    net = _parts.begin(dtype)
    for stage, (count, filters) in enumerate(zip(STAGES[num_layers], FILTERS), 1):
        for i in range(1, count + 1):
            net = _parts.conv(net, filters, 3, name=f"conv{stage}_{i}", bias=True)
            if batch_norm:
                net = mx.sym.BatchNorm(net, name=f"bn{stage}_{i}")
            net = _parts.relu(net, f"relu{stage}_{i}")
        net = _parts.max_pool(net, 2, 2, name=f"pool{stage}")
    net = mx.sym.Flatten(net, name="flatten")
    for i in (6, 7):
        net = _parts.relu(mx.sym.FullyConnected(net, num_hidden=4096, name=f"fc{i}"), f"relu{i}")
        net = mx.sym.Dropout(net, p=0.5, name=f"drop{i}")
    return _parts.end(net, num_classes, dtype, "fc8")
