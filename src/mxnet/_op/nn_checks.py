"""Checks that layers share: equal data types, expected shapes, and attributes of sliding windows."""

from __future__ import annotations

import torch
from torch import Tensor

from .._dtype import name_of
from ..error import MXNetError

#: Types whose sums are kept in float32.
HALF = (torch.float16, torch.bfloat16)


def same_dtype(op: str, **tensors: Tensor | None) -> None:
    """All given tensors share one data type, or an error that names the first two which differ."""
    first, dtype = "", None
    for name, t in tensors.items():
        if t is None:
            continue
        if dtype is None:
            first, dtype = name, t.dtype
        elif t.dtype != dtype:
            raise MXNetError(
                f"{op}: {first} is {name_of(dtype)} but {name} is {name_of(t.dtype)}. Use one data type, for example {name}.astype({name_of(dtype)!r})."
            )


def expect_shape(op: str, name: str, t: Tensor, shape: tuple[int, ...], why: str) -> None:
    """`t` has this shape, or an error with both shapes; `why` tells where the expected one comes from."""
    if tuple(t.shape) != shape:
        raise MXNetError(f"{op}: {name} has shape {tuple(t.shape)}, expected {shape} ({why}). Pass {name} of that shape.")


def expect_float(op: str, t: Tensor, name: str = "data") -> None:
    """`t` is of a floating-point type."""
    if not t.is_floating_point():
        raise MXNetError(f"{op}: {name} is {name_of(t.dtype)}, only floating-point types are supported. Use {name}.astype('float32').")


def window(op: str, name: str, value: tuple[int, ...], dims: int, default: int, least: int) -> tuple[int, ...]:
    """A stride, pad or dilation with one entry for each spatial axis; () is the default."""
    if not value:
        return (default,) * dims
    if len(value) != dims:
        raise MXNetError(f"{op}: {name} {value} has {len(value)} entries for a kernel of {dims} dimensions. Pass {dims} entries.")
    if min(value) < least:
        raise MXNetError(f"{op}: {name} {value} must have entries of at least {least}. Pass larger entries.")
    return value


def channel_axis(op: str, axis: int, ndim: int) -> int:
    """A non-negative axis, or an error that names the limits."""
    if not -ndim <= axis < ndim:
        raise MXNetError(f"{op}: axis {axis} is out of range for data of {ndim} dimensions. Pass {-ndim} <= axis < {ndim}.")
    return axis % ndim
