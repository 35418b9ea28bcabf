"""Operators of `mx.np` that make arrays from numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..error import MXNetError
from .params import DType, Shape
from .registry import Op, op, register


@op("_npi_arange")
def arange(*, start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1, infer_range: bool = False, ctx: str = "",
           dtype: DType = torch.float32, device: Any) -> Tensor:  # fmt: skip
    """start, start + step, ... below stop."""
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise MXNetError("arange: step must not be 0. Pass a positive or negative step.")
    count = max(math.ceil((stop - start) / step), 0)
    whole = all(float(v).is_integer() for v in (start, step))
    made = torch.arange(count, dtype=torch.int64 if whole else torch.float64, device=device)
    made = made * (int(step) if whole else step) + (int(start) if whole else start)
    return made.to(dtype).repeat_interleave(repeat) if repeat != 1 else made.to(dtype)


@op("_npi_eye")
def eye(*, N: int, M: int | None = None, k: int = 0, ctx: str = "", dtype: DType = torch.float32, device: Any) -> Tensor:
    """A matrix with ones on the k-th diagonal."""
    columns = N if M is None else M
    made = torch.zeros(N, columns, dtype=dtype, device=device)
    if -N < k < columns:
        made.diagonal(k).fill_(1)
    return made


@op("_npi_identity")
def identity(*, shape: Shape = (), ctx: str = "", dtype: DType = torch.float32, device: Any) -> Tensor:
    """A square matrix with ones on its diagonal."""
    return torch.eye(shape[0], dtype=dtype, device=device)


@op("_npi_indices")
def indices(*, dimensions: Shape, dtype: DType = torch.int32, ctx: str = "", device: Any) -> Tensor:
    """The index of each element of a grid along each axis, stacked."""
    grids = torch.meshgrid(*(torch.arange(n, dtype=dtype, device=device) for n in dimensions), indexing="ij") if dimensions else ()
    return torch.stack(grids) if grids else torch.empty(0, dtype=dtype, device=device)


@op("_npi_logspace")
def logspace(*, start: float, stop: float, num: int, endpoint: bool = True, base: float = 10.0, ctx: str = "",
             dtype: DType = torch.float32, device: Any) -> Tensor:  # fmt: skip
    """base ** x for evenly spaced x."""
    steps = torch.linspace(start, stop, num if endpoint else num + 1, dtype=torch.float64, device=device)[:num]
    return torch.pow(torch.full((), base, dtype=torch.float64, device=device), steps).to(dtype)


_WINDOWS: dict[str, Callable[[Tensor], Tensor]] = {
    "hanning": lambda t: 0.5 - 0.5 * torch.cos(t),
    "hamming": lambda t: 0.54 - 0.46 * torch.cos(t),
    "blackman": lambda t: 0.42 - 0.5 * torch.cos(t) + 0.08 * torch.cos(2 * t),
}


def _window(name: str, fn: Callable[[Tensor], Tensor]) -> None:
    def make(*, M: int | None = None, ctx: str = "", dtype: DType = torch.float32, device: Any) -> Tensor:
        if M is None:
            raise MXNetError(f"{name}: M is missing. Pass the number of points.")
        if M <= 1:
            return torch.ones(max(M, 0), dtype=dtype, device=device)
        return fn(torch.arange(M, dtype=torch.float64, device=device) * (2 * math.pi / (M - 1))).to(dtype)

    register(Op(f"_npi_{name}", make, doc=f"The {name} window of M points."))


for _name, _fn in _WINDOWS.items():
    _window(_name, _fn)
