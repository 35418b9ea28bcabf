"""Quantization: float <-> int8, uint8 and int32 with ranges that travel as arrays of one element.

A range (min, max) stands for the values of one quantized type, symmetric around 0 for signed types: a level is max(|min|, |max|) / LEVELS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from .._dtype import name_of
from ..error import MXNetError
from .nn_checks import expect_float
from .registry import op

#: How many levels make the larger end of a range (the originals count half a level more than the largest number).
LEVELS = {torch.int8: 127.5, torch.uint8: 255.5, torch.int32: 2147483647.0}
LIMITS = {torch.int8: (-128, 127), torch.uint8: (0, 255), torch.int32: (-2147483648, 2147483647)}
TYPES = {"int8": torch.int8, "uint8": torch.uint8}


def expect_quantized(op_name: str, t: Tensor, *types: torch.dtype, name: str = "data") -> None:
    """`t` is of one of these integer types."""
    if t.dtype not in types:
        raise MXNetError(
            f"{op_name}: {name} is {name_of(t.dtype)}, expected {' or '.join(name_of(d) for d in types)}. Quantize it with contrib.quantize_v2."
        )


def expect_range(low: Tensor, high: Tensor) -> None:
    """Both ends of a range are one number."""
    if low.numel() != 1 or high.numel() != 1:
        raise ValueError(f"a range is one number for each end, got arrays of shape {tuple(low.shape)} and {tuple(high.shape)}")


def magnitude(low: Tensor, high: Tensor) -> Tensor:
    """max(|low|, |high|), in float32: the levels of int32 are too fine for the half types."""
    expect_range(low, high)
    return torch.maximum(low.float().abs(), high.float().abs())


def rounded(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Values to the nearest (halves to even) number of an integer type, within its limits."""
    low, high = LIMITS[dtype]
    if dtype == torch.int32:
        return values.double().round().clamp(low, high).to(dtype)
    return values.round().clamp(low, high).to(dtype)


def ends(low: Tensor, high: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The range as (1,) arrays: symmetric for signed types."""
    expect_range(low, high)
    low, high = low.detach().reshape(1).float(), high.detach().reshape(1).float()
    return (low.clone(), high.clone()) if dtype == torch.uint8 else (-magnitude(low, high), magnitude(low, high))


def constant(value: float, like: Tensor) -> Tensor:
    """A (1,) float32 array beside `like`."""
    return torch.full((1,), value, dtype=torch.float32, device=like.device)


def _span(values: Tensor, low: float | None, high: float | None) -> tuple[Tensor, Tensor]:
    """The calibrated range, or that of the values, as (1,) arrays."""
    if low is None or high is None:
        if not values.numel():
            return constant(0.0, values), constant(0.0, values)
        return values.min().reshape(1).float(), values.max().reshape(1).float()
    return constant(low, values), constant(high, values)


def _auto(low: float | None, high: float | None) -> torch.dtype:
    """uint8 for a calibrated range without negative numbers, else int8."""
    return torch.uint8 if low is not None and high is not None and low >= 0 else torch.int8


Types = dict[str, torch.dtype | None]


def small_types(
    types: Types, *, out_type: str = "int8", min_calib_range: float | None = None, max_calib_range: float | None = None, **_: object
) -> tuple:
    """Types of float32 inputs from which a small integer and its range come out."""
    made = TYPES.get(out_type) or _auto(min_calib_range, max_calib_range)
    return {n: t or torch.float32 for n, t in types.items()}, [made, torch.float32, torch.float32]


@op("_contrib_quantize", outputs=3, output_names=("output0", "output1", "output2"), zero_grad=True)
def quantize(
    data: Tensor, min_range: Tensor, max_range: Tensor, *, out_type: Literal["int8", "uint8"] = "uint8"
) -> tuple[Tensor, Tensor, Tensor]:
    """(data in levels of max(|min|, |max|) / 127 (int8) or / 255 (uint8), its min, its max). data float32; the int8 range is symmetric.

    >>> mx.nd.contrib.quantize(mx.nd.array([1.]), mx.nd.array([-1.]), mx.nd.array([1.]), out_type="int8")[0].asnumpy().tolist()
    [127]
    """
    expect_float("quantize", data)
    dtype = TYPES[out_type]
    scale = LIMITS[dtype][1] / magnitude(min_range, max_range).reshape(1)
    return rounded(data.float() * scale, dtype), *ends(min_range, max_range, dtype)


@op("_contrib_quantize_v2", outputs=3, output_names=("output0", "output1", "output2"), zero_grad=True)
def quantize_v2(
    data: Tensor,
    *,
    out_type: Literal["auto", "int8", "uint8"] = "int8",
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """quantize with a calibrated range, or that of data where none is given. auto: uint8 for a calibrated range without negative numbers, else int8.

    data that is already int8 or uint8 passes through.

    >>> [o.asnumpy().tolist() for o in mx.nd.contrib.quantize_v2(mx.nd.array([-1.0, 1.0]), out_type="int8")]
    [[-128, 127], [-1.0], [1.0]]
    """
    if data.dtype in (torch.int8, torch.uint8):
        level = LEVELS[data.dtype]
        if min_calib_range is None or max_calib_range is None:
            min_calib_range, max_calib_range = (-level if data.dtype == torch.int8 else 0.0), level
        return data.clone(), constant(min_calib_range, data), constant(max_calib_range, data)
    expect_float("quantize_v2", data)
    dtype = TYPES.get(out_type) or _auto(min_calib_range, max_calib_range)
    wide = data.float()
    low, high = _span(wide, min_calib_range, max_calib_range)
    return rounded(wide * (LEVELS[dtype] / magnitude(low, high)), dtype), *ends(low, high, dtype)


@op("_contrib_dequantize", zero_grad=True)
def dequantize(data: Tensor, min_range: Tensor, max_range: Tensor, *, out_type: Literal["float32"] = "float32") -> Tensor:
    """float32 values of int8 or uint8 data with this range.

    >>> mx.nd.contrib.dequantize(mx.nd.array([51], dtype="int8"), mx.nd.array([-1.]), mx.nd.array([1.])).asnumpy().astype("f8").round(1).tolist()
    [0.4]
    """
    expect_quantized("dequantize", data, torch.int8, torch.uint8)
    return data.float() * (magnitude(min_range, max_range).reshape(1) / LEVELS[data.dtype])


def requantized(data: Tensor, level: Tensor, out: torch.dtype, low: float | None, high: float | None) -> tuple[Tensor, Tensor, Tensor]:
    """int32 data, whose level is given, in a smaller type over a calibrated range (or that of data)."""
    if low is None or high is None:
        real_low, real_high = data.min().float().reshape(1) * level, data.max().float().reshape(1) * level
    else:
        real_low, real_high = constant(low, data), constant(high, data)
    scale = LIMITS[out][1] / magnitude(real_low, real_high)
    return rounded(data.float() * level * scale, out), *ends(real_low, real_high, out)


@op("_contrib_requantize", outputs=3, output_names=("output0", "output1", "output2"), zero_grad=True)
def requantize(
    data: Tensor, min_range: Tensor, max_range: Tensor, *, out_type: Literal["auto", "int8", "uint8"] = "int8",
    min_calib_range: float | None = None, max_calib_range: float | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """int32 data with this range as int8 or uint8, over a calibrated range or the one that data uses.

    >>> x = mx.nd.array([2**30], dtype="int32")
    >>> mx.nd.contrib.requantize(x, mx.nd.array([-1.0]), mx.nd.array([1.0]), min_calib_range=-1, max_calib_range=1)[0].asnumpy().tolist()
    [64]
    """
    expect_quantized("requantize", data, torch.int32)
    dtype = TYPES.get(out_type) or _auto(min_calib_range, max_calib_range)
    level = magnitude(min_range, max_range).reshape(1) / LEVELS[torch.int32]
    return requantized(data, level, dtype, min_calib_range, max_calib_range)


@op("_contrib_quantize_asym", outputs=3, output_names=("output0", "output1", "output2"), zero_grad=True)
def quantize_asym(
    data: Tensor, *, min_calib_range: float | None = None, max_calib_range: float | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """(uint8 round(data * scale + shift), scale, shift), where the calibrated range, or that of data, covers 0 to 255.

    >>> mx.nd.contrib.quantize_asym(mx.nd.array([-1.0, 2.0]))[0].asnumpy().tolist()
    [0, 255]
    """
    expect_float("quantize_asym", data)
    wide = data.float()
    low, high = _span(wide, min_calib_range, max_calib_range)
    scale = 255.0 / (high - low)
    shift = 255.0 - high * scale
    return rounded(wide * scale + shift, torch.uint8), scale, shift


@op("_contrib_calibrate_entropy", outputs=2, output_names=("output0", "output1"), zero_grad=True)
def calibrate_entropy(hist: Tensor, hist_edges: Tensor, *, num_quantized_bins: int = 255) -> tuple[Tensor, Tensor]:
    """(threshold, divergence), (1,) each: the clipping threshold of a symmetric histogram that loses the least information in quantization.

    hist has an odd number of counts, hist_edges one entry more. For every range of bins around the middle, the clipped counts are compared (relative
    entropy) with what is left of them after merging into num_quantized_bins.

    >>> edges = mx.nd.array([-1.5, -0.5, 0.5, 1.5])
    >>> mx.nd.contrib.calibrate_entropy(mx.nd.array([1.0, 5.0, 1.0]), edges, num_quantized_bins=1)[0].shape
    (1,)
    """
    name, bins = "calibrate_entropy", hist.numel()
    if hist_edges.numel() != bins + 1:
        raise MXNetError(f"{name}: hist_edges has {hist_edges.numel()} entries for {bins} counts. Pass {bins + 1} edges.")
    if not 0 < num_quantized_bins <= bins:
        raise MXNetError(f"{name}: num_quantized_bins {num_quantized_bins} must be between 1 and the {bins} counts. Lower it.")
    counts = hist.detach().double().reshape(-1)
    middle = bins // 2
    thresholds, divergences = [], []
    for reach in range(num_quantized_bins // 2, middle + 1):
        thresholds.append(middle + reach + 1)
        divergences.append(_divergence(counts, middle - reach, middle + reach + 1, num_quantized_bins))
    best = torch.stack(divergences).argmin()
    edge = hist_edges.reshape(-1)[torch.tensor(thresholds, device=hist.device)[best]]
    return edge.reshape(1).float().clone(), torch.stack(divergences)[best].reshape(1).float()


@calibrate_entropy.infer
def _entropy_shape(hist: Tensor, hist_edges: Tensor, **_: object) -> tuple[Tensor, Tensor]:
    return hist.new_empty((1,), dtype=torch.float32), hist.new_empty((1,), dtype=torch.float32)


def _divergence(counts: Tensor, start: int, stop: int, merged_bins: int) -> Tensor:
    """Relative entropy of counts[start:stop], with the rest put into its ends, to its merged form."""
    inner = counts[start:stop]
    clipped = inner.clone()
    clipped[0] += counts[:start].sum()
    clipped[-1] += counts[stop:].sum()
    size = inner.numel() // merged_bins
    group = torch.div(torch.arange(inner.numel(), device=counts.device), size, rounding_mode="floor").clamp(max=merged_bins - 1)
    used = clipped != 0
    totals = torch.zeros(merged_bins, dtype=counts.dtype, device=counts.device).index_add_(0, group, inner)
    cells = torch.zeros_like(totals).index_add_(0, group, used.to(counts.dtype))
    spread = torch.where(used, (totals / cells.clamp(min=1))[group], 0.0)
    first, second = _smoothed(clipped), _smoothed(spread)
    if first is None or second is None:
        return counts.new_full((), torch.inf)
    first, second = first / first.sum(), second / second.sum()
    return (first * torch.log(first / second)).sum()


def _smoothed(p: Tensor, eps: float = 1e-4) -> Tensor | None:
    """p with its zeros lifted to eps at the cost of the rest, or None where that is impossible."""
    zero = p == 0
    empty = int(zero.sum())
    if empty == p.numel():
        return None
    cost = eps * empty / (p.numel() - empty)
    if cost >= 1.0:
        return None
    return torch.where(zero, eps, p - cost)


def _integer_first(first: torch.dtype, outputs: list[torch.dtype]) -> Callable[..., tuple]:
    """Types where the first input is an integer of the kind, all others are float32."""

    def rule(types: Types, **_: object) -> tuple:
        return {n: t or (torch.float32 if i else first) for i, (n, t) in enumerate(types.items())}, outputs

    return rule


def _requantized_types(types: Types, **attrs: Any) -> tuple:
    inputs, outputs = small_types(types, **attrs)
    return inputs | {"data": types["data"] or torch.int32}, outputs


quantize.types(small_types)
quantize_v2.types(small_types)
requantize.types(_requantized_types)
dequantize.types(_integer_first(torch.int8, [torch.float32]))
quantize_asym.types(_integer_first(torch.float32, [torch.uint8, torch.float32, torch.float32]))
calibrate_entropy.types(_integer_first(torch.float32, [torch.float32, torch.float32]))


def _ranges(shapes: dict, **_: object) -> dict:
    return shapes | {n: shapes.get(n) or (1,) for n in ("min_range", "max_range")}


for _each in (quantize, dequantize, requantize):
    _each.complete_shapes(_ranges)
