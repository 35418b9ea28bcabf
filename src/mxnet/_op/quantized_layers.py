"""Layers on quantized data: int8 and uint8 in, int32 sums or int8 and uint8 out, each with its range."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .convolution import Layout as ConvLayout
from .convolution import convolution
from .fully_connected import fully_connected
from .nn_checks import channel_axis, expect_shape
from .params import DType, Shape
from .pooling import Convention, PoolType, pooling
from .pooling import Layout as PoolLayout
from .quantize import LEVELS, LIMITS, constant, dequantize, ends, expect_quantized, expect_range, magnitude, rounded
from .registry import op

INTEGERS = (torch.int8, torch.uint8)
OUTPUTS = ("output", "min_output", "max_output")
Triple = tuple[Tensor, Tensor, Tensor]


def _level(low: Tensor, high: Tensor, dtype: torch.dtype) -> Tensor:
    """The value of one level as products count it: of 127 or 255."""
    return magnitude(low, high).reshape(1) / LIMITS[dtype][1]


def _product_range(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """The int32 range of products of these levels."""
    end = first * second * 2147483647.0
    return -end, end


def _ranges(name: str, **ends: Tensor | None) -> list[Tensor]:
    """The ends of ranges, which must all be there."""
    missing = [n for n, t in ends.items() if t is None]
    if missing:
        raise MXNetError(f"{name}: input {missing[0]} is missing. Pass the range of every quantized input.")
    return [t for t in ends.values() if t is not None]


def _exact(t: Tensor) -> Tensor:
    """Quantized numbers as float64, in which sums of their products are exact on every device."""
    return t.double()


@op("_contrib_quantized_fully_connected", outputs=3, output_names=OUTPUTS, zero_grad=True)
def quantized_fully_connected(
    data: Tensor, weight: Tensor, bias: Tensor | None = None, min_data: Tensor | None = None, max_data: Tensor | None = None,
    min_weight: Tensor | None = None, max_weight: Tensor | None = None, min_bias: Tensor | None = None, max_bias: Tensor | None = None, *,
    num_hidden: int, no_bias: bool = False, flatten: bool = True,
) -> Triple:  # fmt: skip
    """FullyConnected of int8 or uint8 data and int8 weight: int32 sums and their range. An int8 bias is converted to the level of the sums.

    >>> x, low, high = mx.nd.ones((1, 2), dtype="int8"), mx.nd.array([-1.0]), mx.nd.array([1.0])
    >>> at = {"min_data": low, "max_data": high, "min_weight": low, "max_weight": high}
    >>> mx.nd.contrib.quantized_fully_connected(x, x, num_hidden=1, no_bias=True, **at)[0].asnumpy().tolist()
    [[2]]
    """
    name = "quantized_fully_connected"
    expect_quantized(name, data, *INTEGERS)
    expect_quantized(name, weight, torch.int8, name="weight")
    data_low, data_high, weight_low, weight_high = _ranges(
        name, min_data=min_data, max_data=max_data, min_weight=min_weight, max_weight=max_weight
    )
    result = fully_connected(_exact(data), _exact(weight), num_hidden=num_hidden, no_bias=True, flatten=flatten)
    if not no_bias and bias is not None:
        expect_quantized(name, bias, torch.int8, name="bias")
        expect_shape(name, "bias", bias, (num_hidden,), "num_hidden")
        low, high = _ranges(name, min_bias=min_bias, max_bias=max_bias)
        sums = magnitude(data_low, data_high).double() * magnitude(weight_low, weight_high).double()
        result = result + torch.trunc(_exact(bias) * (magnitude(low, high).double() * LEVELS[data.dtype] / sums))
    span = _product_range(_level(data_low, data_high, data.dtype), _level(weight_low, weight_high, torch.int8))
    return result.to(torch.int32), *span


@op("_contrib_quantized_conv", outputs=3, output_names=OUTPUTS, zero_grad=True)
def quantized_conv(
    data: Tensor, weight: Tensor, bias: Tensor | None = None, min_data: Tensor | None = None, max_data: Tensor | None = None,
    min_weight: Tensor | None = None, max_weight: Tensor | None = None, min_bias: Tensor | None = None, max_bias: Tensor | None = None, *,
    kernel: Shape, stride: Shape = (), dilate: Shape = (), pad: Shape = (), num_filter: int, num_group: int = 1, workspace: int = 1024,
    no_bias: bool = False, cudnn_tune: Literal[None, "fastest", "limited_workspace", "off"] = None, cudnn_off: bool = False, layout: ConvLayout = None,
) -> Triple:  # fmt: skip
    """Convolution of uint8 or int8 data and int8 weight: int32 sums (bias is added as it is) and the range of int8 products.

    Differs: takes int8 data too.

    >>> x, low, high = mx.nd.ones((1, 1, 2, 2), dtype="int8"), mx.nd.array([-1.0]), mx.nd.array([1.0])
    >>> at = {"min_data": low, "max_data": high, "min_weight": low, "max_weight": high}
    >>> mx.nd.contrib.quantized_conv(x, x, kernel=(2, 2), num_filter=1, no_bias=True, **at)[0].asnumpy().item()
    4
    """
    name = "quantized_conv"
    expect_quantized(name, data, *INTEGERS)
    expect_quantized(name, weight, torch.int8, name="weight")
    result = convolution(_exact(data), _exact(weight), None if no_bias or bias is None else _exact(bias), kernel=kernel, stride=stride, dilate=dilate,
                         pad=pad, num_filter=num_filter, num_group=num_group, no_bias=no_bias, layout=layout)  # fmt: skip
    low, high, weight_low, weight_high = _ranges(name, min_data=min_data, max_data=max_data, min_weight=min_weight, max_weight=max_weight)
    span = _product_range(_level(low, high, torch.int8), _level(weight_low, weight_high, torch.int8))
    return result.to(torch.int32), *span


def _layer_inputs(*, no_bias: bool, **_: object) -> tuple[str, ...]:
    if no_bias:
        return ("data", "weight", "min_data", "max_data", "min_weight", "max_weight")
    return ("data", "weight", "bias", "min_data", "max_data", "min_weight", "max_weight", "min_bias", "max_bias")


def _with_ranges(complete: object) -> object:
    def fill(shapes: dict, **attrs: object) -> dict:
        shapes = complete(shapes, **attrs)  # type: ignore[operator]
        for n in ("min_data", "max_data", "min_weight", "max_weight", "min_bias", "max_bias"):
            shapes[n] = shapes.get(n) or (1,)
        return shapes

    return fill


for _each, _float in ((quantized_fully_connected, fully_connected), (quantized_conv, convolution)):
    _each.input_rule(_layer_inputs)
    _each.complete_shapes(_with_ranges(_float.complete))  # type: ignore[arg-type]


def _data_ranges(shapes: dict, **_: object) -> dict:
    for n in ("min_data", "max_data"):
        shapes[n] = shapes.get(n) or (1,)
    return shapes


def _passed(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    expect_range(low, high)
    return low.detach().reshape(1).float().clone(), high.detach().reshape(1).float().clone()


@op("_contrib_quantized_pooling", outputs=3, output_names=OUTPUTS, zero_grad=True)
def quantized_pooling(
    data: Tensor, min_data: Tensor, max_data: Tensor, *, kernel: Shape = (), pool_type: PoolType = "max", global_pool: bool = False,
    cudnn_off: bool = False, pooling_convention: Convention = "valid", stride: Shape = (), pad: Shape = (), p_value: int | None = None,
    count_include_pad: bool | None = None, layout: PoolLayout = None,
) -> Triple:  # fmt: skip
    """Pooling (max or avg) of int8 or uint8 data, rounded to its type; the range stays.

    >>> x = mx.nd.ones((1, 1, 2, 2), dtype="int8")
    >>> mx.nd.contrib.quantized_pooling(x, mx.nd.array([-1.0]), mx.nd.array([1.0]), kernel=(2, 2))[0].asnumpy().item()
    1
    """
    name = "quantized_pooling"
    expect_quantized(name, data, *INTEGERS)
    if pool_type not in ("max", "avg"):
        raise MXNetError(f"{name}: pool_type {pool_type!r} is not supported. Use 'max' or 'avg'.")
    result = pooling(data.float(), kernel=kernel, pool_type=pool_type, global_pool=global_pool, pooling_convention=pooling_convention, stride=stride,
                     pad=pad, count_include_pad=count_include_pad, layout=layout)  # fmt: skip
    return rounded(result, data.dtype), *_passed(min_data, max_data)


@op("_contrib_quantized_act", outputs=3, output_names=OUTPUTS, zero_grad=True)
def quantized_act(
    data: Tensor, min_data: Tensor, max_data: Tensor, *, act_type: Literal["relu", "sigmoid", "softrelu", "softsign", "tanh"]
) -> Triple:
    """max(data, 0) of int8, uint8 or int32 data; only act_type='relu'. The range stays.

    >>> x = mx.nd.array([-5, 5], dtype="int8")
    >>> mx.nd.contrib.quantized_act(x, mx.nd.array([-1.0]), mx.nd.array([1.0]), act_type="relu")[0].asnumpy().tolist()
    [0, 5]
    """
    expect_quantized("quantized_act", data, *INTEGERS, torch.int32)
    if act_type != "relu":
        raise MXNetError(f"quantized_act: act_type {act_type!r} is not supported. Use 'relu'.")
    return data.clamp(min=0), *_passed(min_data, max_data)


@op("_contrib_quantized_flatten", outputs=3, output_names=OUTPUTS, zero_grad=True)
def quantized_flatten(data: Tensor, min_data: Tensor, max_data: Tensor) -> Triple:
    """(N, ...) -> (N, K) of quantized data; the range stays.

    >>> x = mx.nd.ones((2, 3, 4), dtype="int8")
    >>> mx.nd.contrib.quantized_flatten(x, mx.nd.array([-1.0]), mx.nd.array([1.0]))[0].shape
    (2, 12)
    """
    expect_quantized("quantized_flatten", data, *INTEGERS, torch.int32)
    return data.reshape(data.size(0), -1).clone(), *_passed(min_data, max_data)


for _each in (quantized_pooling, quantized_act, quantized_flatten):
    _each.complete_shapes(_data_ranges)


@op("_contrib_quantized_concat", outputs=3, output_names=OUTPUTS, zero_grad=True)
def quantized_concat(*data: Tensor, dim: int = 1) -> Triple:
    """Concatenation of quantized arrays, brought to their common range. Inputs: all arrays, then min and max of each in turn.

    >>> x, low, high = mx.nd.ones((1, 2), dtype="int8"), mx.nd.array([-1.0]), mx.nd.array([1.0])
    >>> mx.nd.contrib.quantized_concat(x, x, low, high, low, high)[0].asnumpy().tolist()
    [[1, 1, 1, 1]]
    """
    name = "quantized_concat"
    if len(data) % 3:
        raise MXNetError(f"{name}: got {len(data)} inputs, they must be n arrays and their n pairs of min and max. Pass 3 n inputs.")
    count = len(data) // 3
    arrays, lows, highs = data[:count], data[count::2], data[count + 1 :: 2]
    for i, a in enumerate(arrays):
        expect_quantized(name, a, *INTEGERS, name=f"input {i}")
    for t in (*lows, *highs):
        expect_shape(name, "a range", t, (1,), "one number for each end")
    dim, first = channel_axis(name, dim, arrays[0].dim()), tuple(arrays[0].shape)
    for i, a in enumerate(arrays):
        if a.dim() != len(first):
            raise MXNetError(f"{name}: input {i} has {a.dim()} axes, input 0 has {len(first)}. Reshape one of them.")
        expect_shape(name, f"input {i}", a, (*first[:dim], a.shape[dim], *first[dim + 1 :]), "that of input 0")
    low = torch.stack([t.reshape(()) for t in lows]).min().reshape(1)
    high = torch.stack([t.reshape(()) for t in highs]).max().reshape(1)
    dtype = torch.uint8 if all(a.dtype == torch.uint8 for a in arrays) else torch.int8
    whole = magnitude(low, high) / LIMITS[dtype][1]
    parts = []
    for a, own_low, own_high in zip(arrays, lows, highs):
        own = magnitude(own_low, own_high).reshape(1) / LIMITS[a.dtype][1]
        parts.append(rounded(a.float() * (own / whole), dtype))
    return torch.cat(parts, dim), low.float(), high.float()


def _fitted(values: Tensor, end: Tensor, dtype: torch.dtype, low: float | None, high: float | None) -> Triple:
    """Float values as int32 over [-end, end], or as a small type over a calibrated range."""
    if low is None or high is None:
        return rounded(values.double() * (LEVELS[torch.int32] / end.double()), torch.int32), -end, end
    bottom, top = constant(low, values), constant(high, values)
    return rounded(values * (LEVELS[dtype] / magnitude(bottom, top)), dtype), bottom, top


@op("_contrib_quantized_elemwise_add", outputs=3, output_names=OUTPUTS, zero_grad=True)
def quantized_elemwise_add(
    lhs: Tensor, rhs: Tensor, lhs_min: Tensor, lhs_max: Tensor, rhs_min: Tensor, rhs_max: Tensor, *, min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> Triple:  # fmt: skip
    """lhs + rhs of quantized arrays: int32 over the sum of their ranges, or their type over a calibrated range.

    >>> x, low, high = mx.nd.array([50], dtype="int8"), mx.nd.array([-1.0]), mx.nd.array([1.0])
    >>> mx.nd.contrib.quantized_elemwise_add(x, x, low, high, low, high, min_calib_range=-1, max_calib_range=1)[0].asnumpy().tolist()
    [100]
    """
    name = "quantized_elemwise_add"
    for label, t in (("lhs", lhs), ("rhs", rhs)):
        expect_quantized(name, t, *INTEGERS, name=label)
    expect_shape(name, "rhs", rhs, tuple(lhs.shape), "the shape of lhs")
    total = dequantize(lhs, lhs_min, lhs_max) + dequantize(rhs, rhs_min, rhs_max)
    end = (magnitude(lhs_min, lhs_max) + magnitude(rhs_min, rhs_max)).reshape(1).float()
    dtype = torch.uint8 if lhs.dtype == rhs.dtype == torch.uint8 else torch.int8
    return _fitted(total, end, dtype, min_calib_range, max_calib_range)


@op(
    "_contrib_quantized_elemwise_mul",
    outputs=lambda *, enable_float_output, **_: 1 if enable_float_output else 3,
    output_names=OUTPUTS,
    zero_grad=True,
)
def quantized_elemwise_mul(
    lhs: Tensor, rhs: Tensor, lhs_min: Tensor, lhs_max: Tensor, rhs_min: Tensor, rhs_max: Tensor, *, min_calib_range: float | None = None,
    max_calib_range: float | None = None, enable_float_output: bool = False,
) -> Triple | Tensor:  # fmt: skip
    """lhs * rhs of int8 arrays: int32 products and their range, int8 over a calibrated range, or float32 alone with enable_float_output.

    >>> x, low, high = mx.nd.array([5], dtype="int8"), mx.nd.array([-1.0]), mx.nd.array([1.0])
    >>> mx.nd.contrib.quantized_elemwise_mul(x, x, low, high, low, high)[0].asnumpy().tolist()
    [25]
    """
    name = "quantized_elemwise_mul"
    for label, t in (("lhs", lhs), ("rhs", rhs)):
        expect_quantized(name, t, torch.int8, name=label)
    expect_shape(name, "rhs", rhs, tuple(lhs.shape), "the shape of lhs")
    products = lhs.to(torch.int32) * rhs.to(torch.int32)
    first, second = _level(lhs_min, lhs_max, lhs.dtype), _level(rhs_min, rhs_max, rhs.dtype)
    values = products.float() * (first * second)
    if enable_float_output:
        return values
    if min_calib_range is None or max_calib_range is None:
        return products, *_product_range(first, second)
    return _fitted(values, first, torch.int8, min_calib_range, max_calib_range)


@op("_contrib_quantized_embedding", outputs=3, output_names=OUTPUTS, zero_grad=True)
def quantized_embedding(
    data: Tensor, weight: Tensor, min_weight: Tensor, max_weight: Tensor, *, input_dim: int, output_dim: int, dtype: DType = torch.float32,
    sparse_grad: bool = False,
) -> Triple:  # fmt: skip
    """Rows of an int8 table by index, with the table's range.

    >>> w = mx.nd.array([[1, 2], [3, 4]], dtype="int8")
    >>> mx.nd.contrib.quantized_embedding(mx.nd.array([1]), w, mx.nd.array([-1.0]), mx.nd.array([1.0]), input_dim=2, output_dim=2)[0].asnumpy().tolist()
    [[3, 4]]
    """
    expect_quantized("quantized_embedding", weight, torch.int8, name="weight")
    expect_shape("quantized_embedding", "weight", weight, (input_dim, output_dim), "input_dim, output_dim")
    ids = data.to(torch.int64).clamp(0, input_dim - 1)
    return weight[ids], *_passed(min_weight, max_weight)


@quantized_embedding.complete_shapes
def _embedding_shapes(shapes: dict, *, input_dim: int, output_dim: int, **_: object) -> dict:
    shapes["weight"] = shapes.get("weight") or (input_dim, output_dim)
    shapes["min_weight"], shapes["max_weight"] = shapes.get("min_weight") or (1,), shapes.get("max_weight") or (1,)
    return shapes


@op("_contrib_quantized_batch_norm", outputs=3, output_names=OUTPUTS, zero_grad=True)
def quantized_batch_norm(
    data: Tensor, gamma: Tensor, beta: Tensor, moving_mean: Tensor, moving_var: Tensor, min_data: Tensor, max_data: Tensor, *, eps: float = 1e-3,
    momentum: float = 0.9, fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1,
    cudnn_off: bool = False, min_calib_range: float | None = None, max_calib_range: float | None = None,
) -> Triple:  # fmt: skip
    """BatchNorm of int8 data by its moving statistics, int8 over the calibrated range (required). gamma always applies.

    >>> x, one, zero = mx.nd.array([[50]], dtype="int8"), mx.nd.ones(1), mx.nd.zeros(1)
    >>> mx.nd.contrib.quantized_batch_norm(x, one, zero, zero, one, -one, one, eps=0, min_calib_range=-1, max_calib_range=1)[0].asnumpy().tolist()
    [[50]]
    """
    name = "quantized_batch_norm"
    expect_quantized(name, data, torch.int8)
    if min_calib_range is None or max_calib_range is None:
        raise MXNetError(f"{name}: min_calib_range and max_calib_range are required. Calibrate the network and pass them.")
    axis = channel_axis(name, axis, data.dim())
    for n, t in (("gamma", gamma), ("beta", beta), ("moving_mean", moving_mean), ("moving_var", moving_var)):
        expect_shape(name, n, t, (data.shape[axis],), f"size of axis {axis} of data")
    values = data.float() * _level(min_data, max_data, data.dtype)
    shape = [1] * data.dim()
    shape[axis] = -1
    scale = gamma / torch.sqrt(moving_var + eps)
    result = values * scale.reshape(shape) + (beta - moving_mean * scale).reshape(shape)
    low, high = constant(min_calib_range, data), constant(max_calib_range, data)
    return rounded(result * (127.0 / magnitude(low, high)), torch.int8), *ends(low, high, torch.int8)


@quantized_batch_norm.complete_shapes
def _batch_norm_shapes(shapes: dict, *, axis: int, **_: object) -> dict:
    if shapes.get("data") is not None:
        for n in ("gamma", "beta", "moving_mean", "moving_var"):
            shapes[n] = shapes.get(n) or (shapes["data"][axis],)
    return _data_ranges(shapes)


INTEGER_INPUTS = ("data", "weight", "bias", "lhs", "rhs")


def _layer_types(types: dict, **_: object) -> tuple[dict, list]:
    """int8 arrays and float32 ranges make int32 sums and a float32 range."""
    return {n: t or (torch.int8 if n in INTEGER_INPUTS else torch.float32) for n, t in types.items()}, [
        torch.int32,
        torch.float32,
        torch.float32,
    ]


def _kept_types(types: dict, **_: object) -> tuple[dict, list]:
    """The result has the type of data."""
    inputs = {n: t or (torch.int8 if n in INTEGER_INPUTS else torch.float32) for n, t in types.items()}
    return inputs, [inputs["data"], torch.float32, torch.float32]


def _sum_types(
    types: dict, *, min_calib_range: float | None, max_calib_range: float | None, enable_float_output: bool = False, **_: object
) -> tuple:
    inputs, outputs = _layer_types(types)
    if enable_float_output:
        return inputs, [torch.float32]
    both = torch.uint8 if inputs["lhs"] == inputs["rhs"] == torch.uint8 else torch.int8
    return inputs, outputs if min_calib_range is None or max_calib_range is None else [both, torch.float32, torch.float32]


def _concat_types(types: dict, **_: object) -> tuple[dict, list]:
    count = len(types) // 3
    inputs = {n: t or (torch.int8 if i < count else torch.float32) for i, (n, t) in enumerate(types.items())}
    all_unsigned = all(t == torch.uint8 for t in list(inputs.values())[:count])
    return inputs, [torch.uint8 if all_unsigned else torch.int8, torch.float32, torch.float32]


def _embedding_types(types: dict, **_: object) -> tuple[dict, list]:
    return {n: t or (torch.int8 if n == "weight" else torch.float32) for n, t in types.items()}, [torch.int8, torch.float32, torch.float32]


for _each, _types in ((quantized_fully_connected, _layer_types), (quantized_conv, _layer_types), (quantized_pooling, _kept_types),
                      (quantized_act, _kept_types), (quantized_flatten, _kept_types), (quantized_batch_norm, _kept_types),
                      (quantized_concat, _concat_types), (quantized_embedding, _embedding_types), (quantized_elemwise_add, _sum_types),
                      (quantized_elemwise_mul, _sum_types)):  # fmt: skip
    _each.types(_types)
