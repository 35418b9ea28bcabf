"""Operators that make arrays from a rule: zeros, ones, constants, ranges, the identity matrix."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import channel_axis
from .params import DType, Shape
from .registry import op


def _sizes(name: str, shape: tuple | None) -> tuple[int, ...]:
    sizes = tuple(shape or ())
    if any(s is None or s < 0 for s in sizes):
        raise MXNetError(f"{name}: shape {shape} must hold sizes of 0 or more. Pass the full shape.")
    return sizes


@op("_zeros", aliases=["_npi_zeros"])
def zeros(*, shape: Shape = (), ctx: str = "", dtype: DType = torch.float32, device: torch.device) -> Tensor:
    """An array of zeros.

    >>> mx.nd._internal._zeros(shape=(2, 3)).shape
    (2, 3)
    """
    return torch.zeros(_sizes("_zeros", shape), dtype=dtype, device=device)


@op("_zeros_without_dtype")
def zeros_without_dtype(*, shape: Shape | None = None, ctx: str = "", dtype: int = -1, device: torch.device) -> Tensor:
    """An array of zeros of the default type; the type is meant to be inferred from its use.

    >>> mx.nd._internal._zeros_without_dtype(shape=(2, 3)).shape
    (2, 3)
    """
    return torch.zeros(_sizes("_zeros_without_dtype", shape), dtype=torch.float32, device=device)


@op("_ones", aliases=["_npi_ones"])
def ones(*, shape: Shape = (), ctx: str = "", dtype: DType = torch.float32, device: torch.device) -> Tensor:
    """An array of ones.

    >>> mx.nd._internal._ones(shape=(2,), dtype="int32").asnumpy().tolist()
    [1, 1]
    """
    return torch.ones(_sizes("_ones", shape), dtype=dtype, device=device)


@op("_full", aliases=["_npi_full"])
def full(*, shape: Shape | None = None, ctx: str = "", dtype: DType = torch.float32, value: float, device: torch.device) -> Tensor:
    """An array filled with one value; fractions are cut off for integer types.

    >>> mx.nd._internal._full(shape=(2,), value=7).asnumpy().tolist()
    [7.0, 7.0]
    """
    number = value if dtype.is_floating_point or dtype == torch.bool else _integer("_full", value)
    return torch.full(_sizes("_full", shape), number, dtype=dtype, device=device)


def _integer(name: str, value: float) -> int:
    if not math.isfinite(value):
        raise MXNetError(f"{name}: value {value} has no integer. Pass a finite value or a floating-point dtype.")
    return int(value)


def _steps(start: float, step: float, count: int, repeat: int, kind: torch.dtype, device: torch.device | str) -> Tensor:
    """count elements start + step * i, each repeated; start and step are read in the type of the result."""
    if not kind.is_floating_point:
        start, step = int(start), int(step)
    wide = torch.float64 if kind.is_floating_point else torch.int64
    line = torch.arange(-(-count // repeat), dtype=wide, device=device) * step + start
    return (line.repeat_interleave(repeat)[:count] if repeat > 1 else line).to(kind)


def _arange_of(name: str, start: float, stop: float | None, step: float, repeat: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    if stop is None:
        start, stop = 0.0, start
    if step == 0:
        raise MXNetError(f"{name}: step must not be 0. Pass a positive or negative step.")
    if repeat < 1:
        raise MXNetError(f"{name}: repeat {repeat} must be at least 1. Pass how often each value comes.")
    if not (start < stop if step > 0 else start > stop) or not math.isfinite(stop - start):
        raise MXNetError(
            f"{name}: start {start}, stop {stop}, step {step} give no values. Pass stop beyond start in the direction of step."
        )
    return _steps(start, step, math.ceil((stop - start) / step) * repeat, repeat, dtype, device)


@op("_arange")
def arange(
    *,
    start: float,
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    ctx: str = "",
    dtype: DType = torch.float32,
    device: torch.device,
) -> Tensor:
    """start, start + step, ... below stop, each `repeat` times; with stop=None 0 ... start. infer_range leaves stop to the graph.

    >>> mx.nd._internal._arange(start=1, stop=6, step=2).asnumpy().tolist()
    [1.0, 3.0, 5.0]
    """
    return _arange_of("_arange", start, stop, step, repeat, dtype, device)


@op("_linspace", aliases=["_npi_linspace"])
def linspace(
    *, start: float, stop: float, num: int, endpoint: bool = True, ctx: str = "", dtype: DType = torch.float32, device: torch.device
) -> Tensor:
    """`num` evenly spaced values from start to stop, or up to one step before it with endpoint=False.

    >>> mx.nd._internal._linspace(start=0, stop=1, num=3).asnumpy().tolist()
    [0.0, 0.5, 1.0]
    """
    if num < 0:
        raise MXNetError(f"_linspace: num {num} must not be negative. Pass the number of values.")
    step = (stop - start) / max(num - 1 if endpoint else num, 1)
    values = torch.arange(num, dtype=torch.float64, device=device) * step + start
    if endpoint and num > 1:
        values[-1] = stop
    return values.to(dtype)


@op("_eye")
def eye(*, N: int, M: int = 0, k: int = 0, ctx: str = "", dtype: DType = torch.float32, device: torch.device) -> Tensor:
    """An N x M matrix (M=0: square) with ones on the k-th diagonal.

    >>> mx.nd._internal._eye(N=2, k=1).asnumpy().tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    if N < 0 or M < 0:
        raise MXNetError(f"_eye: N {N} and M {M} must not be negative. Pass numbers of rows and columns.")
    columns = torch.arange(M or N, device=device)
    return (torch.arange(N, device=device)[:, None] + k == columns[None, :]).to(dtype)


@op("_set_value", lenient=True)
def set_value(*, src: float, device: torch.device, out: Any = None) -> Tensor:
    """Every element of `out` set to src.

    >>> x = mx.nd.zeros((2,))
    >>> mx.nd._internal._set_value(src=3, out=x).asnumpy().tolist()
    [3.0, 3.0]
    """
    if not isinstance(out, Tensor):
        raise MXNetError("_set_value: there is nothing to fill. Pass out=array.")
    number = src if out.is_floating_point() or out.dtype == torch.bool else _integer("_set_value", src)
    return torch.full_like(out, number)


@op("zeros_like", aliases=["_sparse_zeros_like"], zero_grad=True)
def zeros_like(data: Tensor) -> Tensor:
    """Zeros in the shape and type of data.

    >>> mx.nd.zeros_like(mx.nd.ones((2,))).asnumpy().tolist()
    [0.0, 0.0]
    """
    return torch.zeros(data.shape, dtype=data.dtype, device=data.device)


@op("ones_like", zero_grad=True)
def ones_like(data: Tensor) -> Tensor:
    """Ones in the shape and type of data.

    >>> mx.nd.ones_like(mx.nd.zeros((2,))).asnumpy().tolist()
    [1.0, 1.0]
    """
    return torch.ones(data.shape, dtype=data.dtype, device=data.device)


@op("_contrib_arange_like", aliases=["_npx_arange_like"])
def arange_like(data: Tensor, *, start: float = 0.0, step: float = 1.0, repeat: int = 1, ctx: str = "", axis: int | None = None) -> Tensor:
    """start, start + step, ... in the shape and type of data, or as a vector of the size of one axis. The gradient is zero.

    >>> mx.nd.contrib.arange_like(mx.nd.zeros((2, 3)), axis=1).asnumpy().tolist()
    [0.0, 1.0, 2.0]
    """
    if repeat < 1:
        raise MXNetError(f"_contrib_arange_like: repeat {repeat} must be at least 1. Pass how often each value comes.")
    shape = tuple(data.shape) if axis is None else (data.shape[channel_axis("_contrib_arange_like", axis, data.ndim)],)
    result = _steps(start, step, math.prod(shape), repeat, data.dtype, data.device).reshape(shape)
    return with_zero_gradients(result, data) if result.is_floating_point() else result
