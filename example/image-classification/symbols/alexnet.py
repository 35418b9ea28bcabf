"""Five convolutions and three dense layers, in one tower.

A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012.
"""

from __future__ import annotations

import mxnet as mx

from . import _parts


def get_symbol(num_classes: int = 1000, dtype: str = "float32", **_) -> mx.sym.Symbol:
    """The network; images of 224 x 224 (227 x 227 give the sizes of the paper)."""

    def layer(net: mx.sym.Symbol, number: int, filters: int, kernel: int, stride: int = 1, pad: int | None = None) -> mx.sym.Symbol:
        return _parts.relu(_parts.conv(net, filters, kernel, stride, pad, f"conv{number}", bias=True))

    def smaller(net: mx.sym.Symbol) -> mx.sym.Symbol:
        net = mx.sym.LRN(net, alpha=1e-4, beta=0.75, knorm=2, nsize=5)
        return _parts.max_pool(net, 3, 2)

    net = smaller(layer(_parts.begin(dtype), 1, 96, 11, 4, 0))
    net = smaller(layer(net, 2, 256, 5))
    net = layer(layer(layer(net, 3, 384, 3), 4, 384, 3), 5, 256, 3)
    net = mx.sym.Flatten(_parts.max_pool(net, 3, 2))
    for i in (1, 2):
        net = _parts.relu(mx.sym.FullyConnected(net, num_hidden=4096, name=f"fc{i}"))
        net = mx.sym.Dropout(net, p=0.5)
    return _parts.end(net, num_classes, dtype, "fc3")
