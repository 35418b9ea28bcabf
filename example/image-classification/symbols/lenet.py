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
    net = _parts.max_pool(_parts.relu(_parts.conv(images, 30, 5, 2, 0, name=None, bias=True)), 2, 2)
    net = _parts.global_pool(_parts.relu(_parts.conv(net, 60, 3, name=None, bias=True)), kernel=(2, 2))
    six = mx.sym.FullyConnected(net, num_hidden=6, name="stn_loc", attr={"__lr_mult__": "0.01"})
    return mx.sym.SpatialTransformer(images, six, target_shape=(28, 28), transform_type="affine", sampler_type="bilinear")


def get_symbol(num_classes: int = 10, dtype: str = "float32", add_stn: bool = False, **_) -> mx.sym.Symbol:
    """The network; images of 28 x 28 or a little larger. add_stn: a spatial transformer before it."""
    net = _parts.begin(dtype)
    if add_stn:
        net = straightened(net)
    for filters in (20, 50):
        net = _parts.conv(net, filters, 5, pad=0, name=None, bias=True)
        net = _parts.max_pool(mx.sym.Activation(net, act_type="tanh"), 2, 2)
    net = mx.sym.FullyConnected(mx.sym.Flatten(net), num_hidden=500)
    return _parts.end(mx.sym.Activation(net, act_type="tanh"), num_classes, dtype, None)
