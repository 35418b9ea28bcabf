"""Units that widen, convolve each channel, and narrow without an activation; where the shape stays, the input is added.

M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018 (its table 2).
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol

from . import _parts

#: (how much wider, filters, units, stride of the first unit) of each sequence.
SEQUENCES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
#: Filters of the last convolution.
LAST = 1280


def layer(net: Symbol, filters: int, kernel: int, prefix: str, stride: int = 1, groups: int = 1, active: bool = True) -> Symbol:
    """normalized(convolution(net)), cut to [0, 6] if active."""
    net = _parts.conv(net, filters, kernel, stride, name=f"{prefix}-conv2d", groups=groups)
    net = mx.sym.BatchNorm(net, fix_gamma=False, use_global_stats=False, eps=1e-5, name=f"{prefix}-batchnorm")
    return mx.sym.clip(net, 0, 6, name=f"{prefix}-relu6") if active else net


def unit(net: Symbol, channels: int, filters: int, wider: int, stride: int, add: bool, prefix: str) -> Symbol:
    """One unit, from `channels` to `filters` channels."""
    width = channels * wider
    body = layer(net, width, 1, f"{prefix}-exp")
    body = layer(body, width, 3, f"{prefix}-depthwise", stride, groups=width)
    body = layer(body, filters, 1, f"{prefix}-linear", active=False)
    return mx.sym.elemwise_add(net, body, name=f"{prefix}-shortcut") if add else body


def get_symbol(num_classes: int = 1000, multiplier: float = 1.0, dtype: str = "float32", **_) -> Symbol:
    """The network with multiplier times the paper's filters (the last convolution never has fewer); images of 32 x 32 or larger."""
    channels = round(32 * multiplier)
    net = layer(_parts.begin(dtype), channels, 3, "first-3x3-conv", 2)
    for i, (wider, filters, units, stride) in enumerate(SEQUENCES):
        filters = round(filters * multiplier)
        for j in range(units):
            net = unit(net, channels, filters, wider, 1 if j else stride, j > 0, f"seq-{i}-block{j}")
            channels = filters
    net = layer(net, max(int(LAST * multiplier), LAST), 1, "last-1x1-conv")
    net = mx.sym.Pooling(net, kernel=(7, 7), stride=(1, 1), pool_type="avg", global_pool=True, name="global_pool")
    return _parts.end(mx.sym.Flatten(net, name="flatten"), num_classes, dtype, "fc")
