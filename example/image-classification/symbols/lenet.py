"""Two convolutions with tanh and pooling, and two dense layers.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition", Proceedings of the IEEE, 1998.
"""

from __future__ import annotations

import mxnet as mx

from . import _parts


def get_symbol(num_classes: int = 10, dtype: str = "float32", **_) -> mx.sym.Symbol:
    """The network; images of 28 x 28 or a little larger."""
    net = _parts.begin(dtype)
    for i, filters in enumerate((20, 50), 1):
        net = _parts.conv(net, filters, 5, pad=0, name=f"conv{i}", bias=True)
        net = _parts.max_pool(mx.sym.Activation(net, act_type="tanh", name=f"tanh{i}"), 2, 2, name=f"pool{i}")
    net = mx.sym.FullyConnected(mx.sym.Flatten(net, name="flatten"), num_hidden=500, name="fc1")
    return _parts.end(mx.sym.Activation(net, act_type="tanh", name="tanh3"), num_classes, dtype, "fc2")
