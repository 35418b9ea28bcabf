"""Functions of `mx.nd.contrib` that are no operators: isinf, isnan, isfinite, rand_zipfian."""

from __future__ import annotations

import math
from typing import Any

import torch

from .._runtime import rng
from .._runtime.array import Array, wrap
from ..context import Context, current_context
from ..error import MXNetError

__all__ = ["rand_zipfian", "isinf", "isfinite", "isnan"]


def rand_zipfian(true_classes: Any, num_sampled: int, range_max: int, ctx: Context | None = None) -> tuple[Any, Any, Any]:
    """num_sampled classes drawn with replacement, P(c) = log((c + 2) / (c + 1)) / log(range_max + 1), for sampled softmax.

    Returns the samples (int64), and the expected counts of true_classes and of the samples (float64).

    >>> samples, of_true, of_samples = mx.nd.contrib.rand_zipfian(mx.nd.array([3]), 4, 5)
    >>> samples.shape, of_true.shape
    ((4,), (1,))
    """
    if range_max < 1 or num_sampled < 0:
        raise MXNetError(f"rand_zipfian: num_sampled {num_sampled} and range_max {range_max} must be positive. Pass the number of classes.")
    ctx = current_context() if ctx is None else ctx
    log_range = math.log(range_max + 1)
    u = torch.rand(num_sampled, dtype=torch.float64, device=ctx.torch_device, generator=rng.generator(ctx))
    samples = (torch.exp(u * log_range).long() - 1).remainder(range_max)

    def expected(classes: torch.Tensor) -> torch.Tensor:
        c = classes.double()
        return torch.log((c + 2) / (c + 1)) / log_range * num_sampled

    return wrap(samples, ctx), wrap(expected(true_classes._d.to(ctx.torch_device)), ctx), wrap(expected(samples), ctx)


def _marks(data: Any, test: Any, name: str) -> Any:
    if not isinstance(data, Array) or data.stype != "default":
        raise TypeError(f"{name}: takes a dense NDArray, got {type(data).__name__}. Convert it.")
    return wrap(test(data._d).to(data._d.dtype), data._ctx, type(data))


def isinf(data: Any) -> Any:
    """1 where data is infinite, else 0, in the type of data.

    >>> mx.nd.contrib.isinf(mx.nd.array([1, float("inf")])).asnumpy().tolist()
    [0.0, 1.0]
    """
    return _marks(data, torch.isinf, "isinf")


def isfinite(data: Any) -> Any:
    """1 where data is neither infinite nor NaN, else 0, in the type of data."""
    return _marks(data, torch.isfinite, "isfinite")


def isnan(data: Any) -> Any:
    """1 where data is NaN, else 0, in the type of data."""
    return _marks(data, torch.isnan, "isnan")
