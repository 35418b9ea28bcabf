"""What networks share: their beginning, their end, and a convolution with what follows it.

A float16 network casts its input; batch statistics, sums and the softmax are float32.
"""

from __future__ import annotations

import mxnet as mx
from mxnet.symbol import Symbol


def begin(dtype: str) -> Symbol:
    """The input `data`, in the type that the network computes in."""
    data = mx.sym.Variable("data")
    return data if dtype == "float32" else mx.sym.Cast(data, dtype=dtype, name="data_cast")


def end(net: Symbol, num_classes: int, dtype: str, name: str = "fc1") -> Symbol:
    """A dense layer to num_classes and a softmax with its loss, in float32."""
    return softmax(mx.sym.FullyConnected(net, num_hidden=num_classes, name=name), dtype)


def softmax(net: Symbol, dtype: str) -> Symbol:
    """The softmax with its loss, in float32."""
    if dtype != "float32":
        net = mx.sym.Cast(net, dtype="float32", name="logits_cast")
    return mx.sym.SoftmaxOutput(net, name="softmax")


def relu(net: Symbol, name: str) -> Symbol:
    """max(net, 0)."""
    return mx.sym.Activation(net, act_type="relu", name=name)


def max_pool(net: Symbol, kernel: int, stride: int, pad: int = 0, name: str | None = None) -> Symbol:
    """The largest of each square of kernel x kernel."""
    return mx.sym.Pooling(net, kernel=(kernel, kernel), stride=(stride, stride), pad=(pad, pad), pool_type="max", name=name)


def global_pool(net: Symbol, name: str) -> Symbol:
    """The mean of each channel. (N, C, H, W) -> (N, C)"""
    net = mx.sym.Pooling(net, global_pool=True, kernel=(7, 7), pool_type="avg", name=name)
    return mx.sym.Flatten(net, name=f"{name}_flatten")


def conv(net: Symbol, filters: int, kernel: int, stride: int = 1, pad: int | None = None, name: str = "conv", *, groups: int = 1,
         bias: bool = False) -> Symbol:  # fmt: skip
    """A convolution with a square kernel; the size stays unless stride or pad say otherwise."""
    pad = kernel // 2 if pad is None else pad
    return mx.sym.Convolution(
        net,
        num_filter=filters,
        kernel=(kernel, kernel),
        stride=(stride, stride),
        pad=(pad, pad),
        num_group=groups,
        no_bias=not bias,
        name=name,
    )


def image_size(image_shape: str | tuple | list) -> tuple[int, int, int]:
    """(channels, height, width) of "3,224,224" or of three numbers."""
    parts = image_shape.split(",") if isinstance(image_shape, str) else image_shape
    channels, height, width = (int(n) for n in parts)
    return channels, height, width
