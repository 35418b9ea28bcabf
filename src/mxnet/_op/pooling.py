"""Pooling over windows of 1 to 3 spatial axes."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..error import MXNetError
from .convolution import channels_last
from .nn_checks import HALF, expect_float, window
from .params import Shape
from .registry import Op, op, register

PoolType = Literal["avg", "lp", "max", "sum"]
Convention = Literal["full", "same", "valid"]
Layout = Literal[None, "NCDHW", "NCHW", "NCW", "NDHWC", "NHWC", "NWC"]
MAX = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
AVG = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)


class Plan(NamedTuple):
    """The windows over data of one spatial size."""

    stride: tuple[int, ...]
    pad: tuple[int, ...]
    counts: tuple[int, ...]  # windows along each axis
    beyond: tuple[int, ...]  # cells that the last window needs beyond the data; negative ones are data that no window reads
    regular: bool  # whether torch's own pooling makes these windows


@lru_cache(4096)
def _plan(convention: str, size: tuple, kernel: tuple, stride: tuple, pad: tuple) -> Plan:
    """Checks the attributes and lays out the windows, once for all calls that are alike."""
    dims = len(size)
    if len(kernel) != dims or min(kernel) < 1:
        raise MXNetError(
            f"Pooling: kernel {kernel} must have {dims} positive entries, one for each spatial axis. Pass kernel, or global_pool=True."
        )
    stride = window("Pooling", "stride", stride[:dims], dims, 1, 1)  # entries for further axes are ignored, as in the original
    pad = window("Pooling", "pad", pad[:dims], dims, 0, 0)
    if convention == "same" and any(pad):
        raise MXNetError(f"Pooling: pad {pad} cannot be combined with pooling_convention='same'. Leave pad away.")
    counts = []
    for n, k, s, p in zip(size, kernel, stride, pad):
        if n + 2 * p < k:
            raise MXNetError(
                f"Pooling: kernel {kernel} exceeds the padded data (spatial size {size}, pad {pad}). Use a smaller kernel or pad more."
            )
        whole = (n + 2 * p - k) // s + 1 if convention == "valid" else -(-(n + 2 * p - k) // s) + 1
        counts.append(-(-n // s) if convention == "same" else whole)
    beyond = tuple((c - 1) * s + k - n - p for n, k, s, p, c in zip(size, kernel, stride, pad, counts))
    regular = all(
        b <= p and 2 * p <= k and c == (n + 2 * p - k) // s + 1 for n, k, s, p, b, c in zip(size, kernel, stride, pad, beyond, counts)
    )
    return Plan(stride, pad, tuple(counts), beyond, regular)


def _cells(n: int, k: int, s: int, p: int, count: int, with_pad: bool, like: Tensor) -> Tensor:
    """How many cells each window of one axis covers: of data and padding, or of data only."""
    start = torch.arange(count, device=like.device) * s - p
    end = (start + k).clamp(max=n + p)
    if not with_pad:
        start, end = start.clamp(min=0), end.clamp(max=n)
    return (end - start).to(like.dtype)


def _pool(data: Tensor, pool_type: str, kernel: tuple, plan: Plan, p_value: int, with_pad: bool) -> Tensor:
    """Pooling of channel-first data where everything about the windows is decided."""
    dims, size = len(kernel), tuple(data.shape[2:])
    stride, pad, counts, beyond, regular = plan
    if regular and pool_type == "max":
        return MAX[dims - 1](data, kernel, stride, pad)
    if regular and pool_type == "avg" and (with_pad or not any(pad)):
        return AVG[dims - 1](data, kernel, stride, pad)
    fill = torch.finfo(data.dtype).min if pool_type == "max" else 0.0
    if pool_type == "lp":
        data = data if p_value == 1 else data**p_value
    if any(pad) or any(beyond):
        data = F.pad(data, [v for p, b in zip(reversed(pad), reversed(beyond)) for v in (p, b)], value=fill)
    if pool_type == "max":
        return MAX[dims - 1](data, kernel, stride)
    total = AVG[dims - 1](data, kernel, stride) * prod(kernel)
    if pool_type == "sum":
        return total
    if pool_type == "lp":
        return total if p_value == 1 else torch.sqrt(total) if p_value == 2 else total.sign() * total.abs() ** (1 / 3)
    for axis, (n, k, s, p, c) in enumerate(zip(size, kernel, stride, pad, counts)):
        divisor = _cells(n, k, s, p, c, with_pad, total).clamp(min=1)
        total = total / divisor.reshape(-1, *[1] * (dims - axis - 1))
    return total


def _global(data: Tensor, pool_type: str, p_value: int) -> Tensor:
    axes = tuple(range(2, data.dim()))
    if pool_type == "max":  # through max_pool, so that one cell of equal ones gets the gradient
        return MAX[len(axes) - 1](data, tuple(data.shape[2:]))
    if pool_type == "avg":
        return data.mean(axes, keepdim=True)
    if pool_type == "sum" or p_value == 1:
        return data.sum(axes, keepdim=True)
    total = (data**p_value).sum(axes, keepdim=True)
    return torch.sqrt(total) if p_value == 2 else total.sign() * total.abs() ** (1 / 3)


def _pooling(
    data: Tensor, *, kernel: Shape = (), pool_type: PoolType = "max", global_pool: bool = False, cudnn_off: bool = False,
    pooling_convention: Convention = "valid", stride: Shape = (), pad: Shape = (), p_value: int | None = None,
    count_include_pad: bool | None = None, layout: Layout = None,
) -> Tensor:  # fmt: skip
    """The max, avg, sum or lp norm of each window of data.

    data (N, C, spatial...) with 1 to 3 spatial axes, or (N, spatial..., C) where layout ends in C. Windows of size `kernel` start every `stride`
    (default 1) cells, `pad` cells before the data. Windows along an axis of size n: valid floor((n + 2 pad - kernel) / stride) + 1, full the same
    with ceil, same ceil(n / stride). global_pool: one window, all of the data. avg divides by the window's cells, those of the padding too
    unless count_include_pad is false. lp is (sum x**p_value) ** (1 / p_value) with p_value 1, 2 or 3. The gradient of max goes to the first largest
    cell. Floating-point types; half types sum in float32.

    Differs: pooling_convention='same' works for every pool_type and number of axes (the original: max over one axis).

    >>> mx.nd.Pooling(mx.nd.ones((1, 1, 4, 4)), kernel=(2, 2), stride=(2, 2), pool_type="sum").asnumpy().tolist()
    [[[[4.0, 4.0], [4.0, 4.0]]]]
    """
    name = "Pooling"
    expect_float(name, data)
    dims = data.dim() - 2
    if not 1 <= dims <= 3:
        raise MXNetError(
            f"{name}: data of shape {tuple(data.shape)} has {dims + 2} dimensions, it needs 3 to 5 (batch, channels, spatial axes). Reshape data."
        )
    if pool_type == "lp" and p_value not in (1, 2, 3):
        raise MXNetError(f"{name}: p_value {p_value} is not supported for pool_type='lp'. Pass p_value=1, 2 or 3.")
    last = layout is not None and channels_last(name, layout, dims)
    if last:  # (N, ..., C) -> (N, C, ...)
        data = data.movedim(-1, 1)
    wide = data.float() if data.dtype in HALF and pool_type in ("sum", "lp") else data
    if global_pool:
        result = _global(wide, pool_type, p_value or 1)
    else:
        plan = _plan(pooling_convention, tuple(data.shape[2:]), kernel, stride, pad)
        result = _pool(wide, pool_type, kernel, plan, p_value or 1, count_include_pad is None or count_include_pad)
    result = result.to(data.dtype)
    return result.movedim(1, -1).contiguous() if last else result


def _pooling_v1(
    data: Tensor, *, kernel: Shape = (), pool_type: Literal["avg", "max", "sum"] = "max", global_pool: bool = False,
    pooling_convention: Literal["full", "valid"] = "valid", stride: Shape = (), pad: Shape = (),
) -> Tensor:  # fmt: skip
    """The old Pooling, for graphs that were saved with it: avg always divides by the size of the kernel, whatever part of it lies outside the data."""
    average = pool_type == "avg" and not global_pool
    result = _pooling(data, kernel=kernel, pool_type="sum" if average else pool_type, global_pool=global_pool, pooling_convention=pooling_convention,
                      stride=stride, pad=pad)  # fmt: skip
    return result / prod(kernel) if average else result


pooling = register(Op("Pooling", _pooling, aliases=["_npx_pooling"]))
pooling_v1 = register(Op("Pooling_v1", _pooling_v1))


@op("_contrib_AdaptiveAvgPooling2D")
def adaptive_avg_pooling(data: Tensor, *, output_size: Shape = ()) -> Tensor:
    """Averages of (N, C, H, W) over an output_size grid (h, w), or (h, h) for one number, or (1, 1) by default.

    Cell i of h covers rows floor(i H / h) to ceil((i + 1) H / h). Floating-point types.

    >>> mx.nd.contrib.AdaptiveAvgPooling2D(mx.nd.ones((1, 1, 4, 4)), output_size=2).shape
    (1, 1, 2, 2)
    """
    name = "AdaptiveAvgPooling2D"
    if data.dim() != 4:
        raise MXNetError(
            f"{name}: data of shape {tuple(data.shape)} must have 4 dimensions (batch, channels, height, width). Reshape data."
        )
    if len(output_size) > 2 or any(s < 1 for s in output_size):
        raise MXNetError(f"{name}: output_size {output_size} must be one or two positive numbers. Pass for example (2, 3).")
    expect_float(name, data)
    size = (1, 1) if not output_size else tuple(output_size) * (3 - len(output_size))
    return F.adaptive_avg_pool2d(data, size)
