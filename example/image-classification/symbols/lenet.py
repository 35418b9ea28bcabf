"""Two convolutions with tanh and pooling, and two dense layers.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition", Proceedings of the IEEE, 1998.
"""

from __future__ import annotations

import mxnet as mx

from . import _parts


def straightened(images: mx.sym.Symbol) -> mx.sym.Symbol:
    """Images of 28 x 28 under an affine map that a small network learns (M. Jaderberg et al., "Spatial Transformer Networks", 2015).

    Its last layer learns a hundred times slower than the others: a large step would turn the digits out of sight.
    """
    net = images
    for i, (filters, size, step, border) in enumerate(((30, 5, 2, 0), (60, 3, 1, 1)), 1):
        net = _parts.conv(net, filters, size, step, pad=border, name=f"stn_conv{i}", bias=True)
        net = mx.sym.Activation(net, act_type="relu", name=f"stn_relu{i}")
        net = (
            _parts.max_pool(net, 2, 2, name="stn_pool1")
            if i == 1
            else mx.sym.Pooling(net, global_pool=True, kernel=(2, 2), pool_type="avg")
        )
    six = mx.sym.FullyConnected(mx.sym.Flatten(net), num_hidden=6, name="stn_loc", attr={"__lr_mult__": "0.01"})
    return mx.sym.SpatialTransformer(images, six, target_shape=(28, 28), transform_type="affine", sampler_type="bilinear", name="stn")


def get_symbol(num_classes: int = 10, dtype: str = "float32", add_stn: bool = False, **_) -> mx.sym.Symbol:
    """The network; images of 28 x 28 or a little larger. add_stn: a spatial transformer before it."""
    net = _parts.begin(dtype)
    if add_stn:
        net = straightened(net)
    for i, filters in enumerate((20, 50), 1):
        net = _parts.conv(net, filters, 5, pad=0, name=f"conv{i}", bias=True)
        net = _parts.max_pool(mx.sym.Activation(net, act_type="tanh", name=f"tanh{i}"), 2, 2, name=f"pool{i}")
    net = mx.sym.FullyConnected(mx.sym.Flatten(net, name="flatten"), num_hidden=500, name="fc1")
    return _parts.end(mx.sym.Activation(net, act_type="tanh", name="tanh3"), num_classes, dtype, "fc2")
