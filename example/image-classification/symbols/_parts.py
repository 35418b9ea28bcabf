"""What networks share: their beginning, their end, and a convolution with what follows it.

A float16 network casts its input; batch statistics, sums and the softmax are float32. Nodes have the names that published files of the
networks use; where those are automatic ones (flatten0, fullyconnected0), a node is made without a name, in the same order.
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol


def begin(dtype: str, *, copy: bool = False) -> Symbol:
    """The input `data`, in the type that the network computes in. copy: published files of the network have a node `id` behind it."""
    data = mx.sym.Variable("data")
    if dtype != "float32":
        return mx.sym.Cast(data, dtype=dtype)
    return mx.sym.identity(data, name="id") if copy else data


def end(net: Symbol, num_classes: int, dtype: str, name: str | None = "fc1") -> Symbol:
    """A dense layer to num_classes and a softmax with its loss, in float32. name None: the next automatic one."""
    net = mx.sym.FullyConnected(net, num_hidden=num_classes, name=name)
    if dtype != "float32":
        net = mx.sym.Cast(net, dtype="float32")
    return mx.sym.SoftmaxOutput(net, name="softmax")


def relu(net: Symbol, name: str | None = None) -> Symbol:
    """max(net, 0)."""
    return mx.sym.Activation(net, act_type="relu", name=name)


def max_pool(net: Symbol, kernel: int, stride: int, pad: int = 0, name: str | None = None) -> Symbol:
    """The largest of each square of kernel x kernel."""
    return mx.sym.Pooling(net, kernel=(kernel, kernel), stride=(stride, stride), pad=(pad, pad), pool_type="max", name=name)


def mean_pool(net: Symbol, kernel: int, pad: int = 0, name: str | None = None) -> Symbol:
    """The mean of each square of kernel x kernel, at every place."""
    return mx.sym.Pooling(net, kernel=(kernel, kernel), stride=(1, 1), pad=(pad, pad), pool_type="avg", name=name)


def global_pool(net: Symbol, name: str | None = None, **settings: tuple) -> Symbol:
    """The mean of each channel. (N, C, H, W) -> (N, C)"""
    net = mx.sym.Pooling(net, **{"kernel": (7, 7)} | settings, global_pool=True, pool_type="avg", name=name)
    return mx.sym.Flatten(net)


def conv(net: Symbol, filters: int, kernel: int | tuple[int, int], stride: int = 1, pad: int | tuple[int, int] | None = None,
         name: str | None = "conv", *, groups: int = 1, bias: bool = False) -> Symbol:  # fmt: skip
    """A convolution, with a square kernel unless two sizes are given; the image keeps its size unless stride or pad say otherwise."""
    sizes = (kernel, kernel) if isinstance(kernel, int) else kernel
    if pad is None:
        pad = tuple(size // 2 for size in sizes)
    return mx.sym.Convolution(
        net,
        num_filter=filters,
        kernel=sizes,
        stride=(stride, stride),
        pad=(pad, pad) if isinstance(pad, int) else pad,
        num_group=groups,
        no_bias=not bias,
        name=name,
    )


def image_size(image_shape: str | tuple | list) -> tuple[int, int, int]:
    """(channels, height, width) of "3,224,224" or of three numbers."""
    parts = image_shape.split(",") if isinstance(image_shape, str) else image_shape
    channels, height, width = (int(n) for n in parts)
    return channels, height, width
