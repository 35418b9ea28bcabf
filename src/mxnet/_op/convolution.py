"""Convolution and Deconvolution of 1, 2 and 3 spatial axes, in channel-first and channel-last layouts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..error import MXNetError
from .nn_checks import expect_shape, same_dtype, window
from .params import Shape
from .registry import Op, op, register

Layout = Literal[None, "NCDHW", "NCHW", "NCW", "NDHWC", "NHWC", "NWC"]
CONV = (None, F.conv1d, F.conv2d, F.conv3d)
TRANSPOSED = (None, F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)


def channels_last(op_name: str, layout: str | None, dims: int) -> bool:
    """Whether the layout has its channels last; also checks that it has `dims` spatial axes."""
    if layout is None:
        return False
    if len(layout) != dims + 2:
        raise MXNetError(f"{op_name}: layout {layout} does not fit a kernel of {dims} dimensions. Use one of {dims + 2} letters.")
    return layout[-1] == "C"


class Windows(NamedTuple):
    """Everything about the windows that does not depend on data."""

    stride: tuple[int, ...]
    dilate: tuple[int, ...]
    pad: tuple[int, ...]
    last: bool


@lru_cache(4096)
def _windows(name: str, ndim: int, kernel: tuple, stride: tuple, dilate: tuple, pad: tuple, layout: str | None) -> Windows:
    """Defaults filled in and checked; one plan for all calls with these attributes."""
    dims = len(kernel)
    _check_kernel(name, kernel)
    if ndim != dims + 2:
        raise MXNetError(f"{name}: data has {ndim} dimensions, a kernel {kernel} needs {dims + 2}. Reshape data.")
    return Windows(
        window(name, "stride", stride, dims, 1, 1),
        window(name, "dilate", dilate, dims, 1, 1),
        window(name, "pad", pad, dims, 0, 0),
        channels_last(name, layout, dims),
    )


def _check_kernel(name: str, kernel: tuple) -> None:
    if not 1 <= len(kernel) <= 3 or min(kernel) < 1:
        raise MXNetError(f"{name}: kernel {kernel} must have 1, 2 or 3 positive entries. Pass for example kernel=(3, 3).")


def _check_groups(name: str, channels: int, num_filter: int, num_group: int) -> None:
    if num_filter < 1 or num_group < 1:
        raise MXNetError(f"{name}: num_filter {num_filter} and num_group {num_group} must be at least 1. Pass positive numbers.")
    if channels % num_group or num_filter % num_group:
        raise MXNetError(f"{name}: num_group {num_group} must divide the channels of data ({channels}) and num_filter ({num_filter}).")


def _weight_shape(first: int, second: int, kernel: tuple, last: bool) -> tuple[int, ...]:
    return (first, *kernel, second) if last else (first, second, *kernel)


def _apply(function: Any, data: Tensor, weight: Tensor, bias: Tensor | None, last: bool, *args: Any) -> Tensor:
    if last:  # (N, ..., C) -> (N, C, ...): torch keeps the channels-last memory inside
        data, weight = data.movedim(-1, 1), weight.movedim(-1, 1)
    result = function(data, weight, bias, *args)
    return result.movedim(1, -1).contiguous() if last else result


def _convolution(
    data: Tensor, weight: Tensor, bias: Tensor | None = None, *, kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = (),
    num_filter: int, num_group: int = 1, workspace: int = 1024, no_bias: bool = False,
    cudnn_tune: Literal[None, "fastest", "limited_workspace", "off"] = None, cudnn_off: bool = False, layout: Layout = None,
) -> Tensor:  # fmt: skip
    """Cross-correlation of data with `num_filter` kernels, plus bias.

    data (N, C, spatial...) with 1 to 3 spatial axes, weight (num_filter, C / num_group, kernel...), bias (num_filter,); layouts that end
    in C have channels last: data (N, spatial..., C), weight (num_filter, kernel..., C / num_group). Each spatial size of the result is
    floor((size + 2 pad - dilate (kernel - 1) - 1) / stride) + 1. One floating-point type for all; float16 and bfloat16 sum in float32.
    workspace and the cudnn_ attributes are accepted and have no effect. Raises MXNetError where shapes, types or groups do not fit.

    Differs: channels-last layouts work on the CPU too.

    >>> mx.nd.Convolution(mx.nd.ones((1, 2, 5, 5)), mx.nd.ones((3, 2, 3, 3)), mx.nd.zeros(3), kernel=(3, 3), num_filter=3).shape
    (1, 3, 3, 3)
    """
    stride, dilate, pad, last = _windows("Convolution", data.dim(), kernel, stride, dilate, pad, layout)
    channels = data.size(-1 if last else 1)
    _check_groups("Convolution", channels, num_filter, num_group)
    expected = _weight_shape(num_filter, channels // num_group, kernel, last)
    if weight.shape != expected:
        expect_shape("Convolution", "weight", weight, expected, "num_filter, channels / num_group, kernel")
    if no_bias:
        bias = None
    elif bias is not None and bias.shape != (num_filter,):
        expect_shape("Convolution", "bias", bias, (num_filter,), "num_filter")
    if weight.dtype != data.dtype or (bias is not None and bias.dtype != data.dtype):
        same_dtype("Convolution", data=data, weight=weight, bias=bias)
    return _apply(CONV[len(kernel)], data, weight, bias, last, stride, pad, dilate, num_group)


def _convolution_v1(
    data: Tensor, weight: Tensor, bias: Tensor | None = None, *, kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = (),
    num_filter: int, num_group: int = 1, workspace: int = 1024, no_bias: bool = False,
    cudnn_tune: Literal[None, "fastest", "limited_workspace", "off"] = None, cudnn_off: bool = False,
    layout: Literal[None, "NCDHW", "NCHW", "NDHWC", "NHWC"] = None,
) -> Tensor:  # fmt: skip
    """The old name of Convolution, for graphs that were saved with it."""
    return _convolution(data, weight, bias, kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_filter=num_filter, num_group=num_group,
                        no_bias=no_bias, layout=layout)  # fmt: skip


def _inputs(*, no_bias: bool, **_: object) -> tuple[str, ...]:
    return ("data", "weight") if no_bias else ("data", "weight", "bias")


def _shapes(shapes: dict, *, kernel: tuple, num_filter: int, num_group: int, layout: str | None, **_: object) -> dict:
    data, last = shapes.get("data"), channels_last("Convolution", layout, len(kernel))
    if data is not None and not shapes.get("weight"):
        channels = data[-1 if last else 1]
        _check_kernel("Convolution", kernel)
        _check_groups("Convolution", channels, num_filter, num_group)
        shapes["weight"] = _weight_shape(num_filter, channels // num_group, kernel, last)
    shapes["bias"] = shapes.get("bias") or (num_filter,)
    return shapes


convolution = register(Op("Convolution", _convolution, aliases=["_npx_convolution"], amp="low"))
convolution_v1 = register(Op("Convolution_v1", _convolution_v1, amp="fp32"))
for _each in (convolution, convolution_v1):
    _each.input_rule(_inputs)
    _each.complete_shapes(_shapes)


def _transposed_padding(
    size: tuple, kernel: tuple, stride: tuple, dilate: tuple, pad: tuple, adj: tuple, target: tuple
) -> tuple[tuple, tuple]:
    """(pad, adj); a target_shape replaces both, with the odd cell of padding at the far end."""
    if not any(target):
        return pad, adj
    pads, adjs = [], []
    for n, k, s, d, t in zip(size, kernel, stride, dilate, target):
        full = s * (n - 1) + d * (k - 1) + 1
        if t > full:
            raise MXNetError(
                f"Deconvolution: target_shape {target} is larger than the unpadded result ({full} for a size of {n}). Lower target_shape."
            )
        pads.append((full - t + 1) // 2)
        adjs.append((full - t) % 2)
    return tuple(pads), tuple(adjs)


@op("Deconvolution", aliases=["_npx_deconvolution"], amp="low")
def deconvolution(
    data: Tensor, weight: Tensor, bias: Tensor | None = None, *, kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = (),
    adj: Shape = (), target_shape: Shape = (), num_filter: int, num_group: int = 1, workspace: int = 512, no_bias: bool = True,
    cudnn_tune: Literal[None, "fastest", "limited_workspace", "off"] = None, cudnn_off: bool = False, layout: Layout = None,
) -> Tensor:  # fmt: skip
    """Transposed convolution: the gradient of Convolution with respect to its data, used as a layer.

    data (N, C, spatial...), weight (C, num_filter / num_group, kernel...), bias (num_filter,) where no_bias is false. Each spatial size of
    the result is stride (size - 1) + dilate (kernel - 1) + 1 - 2 pad + adj, or target_shape, which then chooses pad and adj.
    Layouts that end in C: data (N, spatial..., C), weight (C, kernel..., num_filter / num_group). Types as Convolution.

    >>> mx.nd.Deconvolution(mx.nd.ones((1, 2, 3, 3)), mx.nd.ones((2, 4, 2, 2)), kernel=(2, 2), stride=(2, 2), num_filter=4).shape
    (1, 4, 6, 6)
    """
    name = "Deconvolution"
    stride, dilate, pad, last = _windows(name, data.dim(), kernel, stride, dilate, pad, layout)
    dims = len(kernel)
    adj, target_shape = window(name, "adj", adj, dims, 0, 0), window(name, "target_shape", target_shape, dims, 0, 0)
    channels = data.size(-1 if last else 1)
    _check_groups(name, channels, num_filter, num_group)
    expect_shape(
        name, "weight", weight, _weight_shape(channels, num_filter // num_group, kernel, last), "channels, num_filter / num_group, kernel"
    )
    if no_bias:
        bias = None
    elif bias is not None:
        expect_shape(name, "bias", bias, (num_filter,), "num_filter")
    same_dtype(name, data=data, weight=weight, bias=bias)
    size = data.shape[1:-1] if last else data.shape[2:]
    pad, adj = _transposed_padding(size, kernel, stride, dilate, pad, adj, target_shape)
    if any(a >= s for a, s in zip(adj, stride)) and any(adj):
        raise MXNetError(f"{name}: adj {adj} must be smaller than stride {stride}. Lower adj.")
    return _apply(TRANSPOSED[dims], data, weight, bias, last, stride, pad, adj, num_group, dilate)


deconvolution.input_rule(_inputs)


@deconvolution.complete_shapes
def _transposed_shapes(shapes: dict, *, kernel: tuple, num_filter: int, num_group: int, layout: str | None, **_: object) -> dict:
    data, last = shapes.get("data"), channels_last("Deconvolution", layout, len(kernel))
    if data is not None and not shapes.get("weight"):
        channels = data[-1 if last else 1]
        _check_kernel("Deconvolution", kernel)
        _check_groups("Deconvolution", channels, num_filter, num_group)
        shapes["weight"] = _weight_shape(channels, num_filter // num_group, kernel, last)
    shapes["bias"] = shapes.get("bias") or (num_filter,)
    return shapes


def bilinear_upsample(data: Tensor, weight: Tensor, scale: int, num_filter: int) -> Tensor:
    """The grouped transposed convolution with which UpSampling interpolates."""
    pad = -(-(scale - 1) // 2)
    return torch.nn.functional.conv_transpose2d(data, weight, None, scale, pad, 0, num_filter)
