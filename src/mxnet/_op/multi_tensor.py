"""Operators on lists of arrays that training loops use: sums of squares, checks for overflow, zeroing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .registry import op


@op("multi_sum_sq", zero_grad=True)
def multi_sum_sq(*data: Tensor, num_arrays: int) -> Tensor:
    """The sum of squares of every array, float32 of shape (num_arrays,); half types are summed in float32.

    >>> mx.nd.multi_sum_sq(mx.nd.ones(3), mx.nd.ones((2, 2)), num_arrays=2).asnumpy().tolist()
    [3.0, 4.0]
    """
    return torch.stack([d.detach().float().square().sum() for d in data])


def _finite(data: tuple[Tensor, ...], init_output: bool, out: Any) -> Tensor:
    sums = [torch.isfinite(d).all() for d in data]
    fine = torch.stack(sums).all().reshape(1).to(torch.float32)
    return fine if init_output or out is None else fine * out


@op("all_finite", zero_grad=True)
def all_finite(data: Tensor, *, init_output: bool = True, out: Any = None) -> Tensor:
    """[1] if no element is infinite or nan, else [0]; with init_output=False multiplied into what `out` holds.

    >>> mx.nd.all_finite(mx.nd.array([1., float("nan")])).asnumpy().tolist()
    [0.0]
    """
    return _finite((data,), init_output, out)


@op("multi_all_finite", zero_grad=True)
def multi_all_finite(*data: Tensor, num_arrays: int = 1, init_output: bool = True, out: Any = None) -> Tensor:
    """all_finite of several arrays together.

    >>> mx.nd.multi_all_finite(mx.nd.ones(2), mx.nd.ones(3), num_arrays=2).asnumpy().tolist()
    [1.0]
    """
    return _finite(data, init_output, out)


def _float_types(types: dict, **_: object) -> tuple:
    known = next((t for t in types.values() if t is not None), None)
    return {n: t or known for n, t in types.items()}, [torch.float32]


for _each in (multi_sum_sq, all_finite, multi_all_finite):
    _each.types(_float_types)


@op("reset_arrays", outputs=0)
def reset_arrays(*data: Tensor, num_arrays: int) -> tuple[()]:
    """Fill every array with zeros, in place. No output.

    >>> x = mx.nd.ones(2)
    >>> mx.nd.reset_arrays(x, num_arrays=1)
    []
    >>> x.asnumpy().tolist()
    [0.0, 0.0]
    """
    with torch.no_grad():
        for d in data:
            d.detach().zero_()
    return ()
