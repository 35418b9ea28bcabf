"""A perceptron with two hidden layers, of 128 and 64 units."""

from __future__ import annotations

import mxnet as mx

from . import _parts


def get_symbol(num_classes: int = 10, dtype: str = "float32", **_) -> mx.sym.Symbol:
    """The network; images of any size."""
    net = mx.sym.Flatten(_parts.begin(dtype))
    for i, units in enumerate((128, 64), 1):
        net = _parts.relu(mx.sym.FullyConnected(net, num_hidden=units, name=f"fc{i}"), f"relu{i}")
    return _parts.end(net, num_classes, dtype, "fc3")
