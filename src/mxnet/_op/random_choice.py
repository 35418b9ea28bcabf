"""Random integers and choices: _random_randint, _sample_multinomial, _shuffle, _sample_unique_zipfian."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .._dtype import name_of
from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import expect_float
from .params import DType, Shape
from .random import sizes
from .registry import op


@op("_random_randint", aliases=["random_randint", "_npi_random_randint"])
def randint(
    *, low: int, high: int, shape: Shape | None = None, ctx: str = "", dtype: DType | None = None, device: torch.device,
    generator: torch.Generator, out: Any = None,
) -> Tensor:  # fmt: skip
    """Integers low ... high - 1, all equally likely, as int32 (default) or int64. Errors: low >= high, another dtype.

    >>> mx.nd.random_randint(low=3, high=4, shape=(2,)).asnumpy().tolist()
    [3, 3]
    """
    kind = _integer_kind(dtype, out)
    if low >= high:
        raise MXNetError(f"_random_randint: low {low} must be below high {high}. Pass low < high.")
    if kind == torch.int32 and (low < -(2**31) or high > 2**31):
        raise MXNetError(f"_random_randint: low {low} and high {high} exceed int32. Pass dtype='int64'.")
    return torch.randint(low, high, sizes("_random_randint", shape, out), dtype=torch.int64, device=device, generator=generator).to(kind)


def _integer_kind(dtype: torch.dtype | None, out: Any = None) -> torch.dtype:
    kind = dtype if dtype is not None else out.dtype if isinstance(out, Tensor) else torch.int32
    if kind not in (torch.int32, torch.int64):
        raise MXNetError(f"_random_randint: dtype {name_of(kind)} must be int32 or int64. Draw one and convert it.")
    return kind


@randint.infer
def _(*, shape: tuple | None = None, dtype: torch.dtype | None = None, **_: Any) -> Tensor:
    return torch.empty(sizes("_random_randint", shape), dtype=_integer_kind(dtype), device="meta")


def _multinomial_shape(data: Tensor, shape: tuple) -> tuple[int, ...]:
    if data.ndim == 0 or data.shape[-1] == 0:
        raise MXNetError(f"_sample_multinomial: data of shape {tuple(data.shape)} must hold probabilities on its last axis. Reshape it.")
    expect_float("_sample_multinomial", data)
    full = (*data.shape[:-1], *sizes("_sample_multinomial", tuple(shape or ())))
    return full or (1,)


@op("_sample_multinomial", aliases=["sample_multinomial"], outputs=lambda get_prob, **_: 2 if get_prob else 1)
def multinomial(
    data: Tensor, *, shape: Shape = (), get_prob: bool = False, dtype: DType = torch.int32, generator: torch.Generator
) -> Tensor | tuple[Tensor, Tensor]:
    """Classes drawn by the probabilities on the last axis of data: shape data.shape[:-1] + shape, as `dtype`.

    get_prob: also the log probability of each drawn class, whose gradient reaches data (as REINFORCE needs). Probability that
    is missing to 1 goes to the last class. Errors: negative probabilities or NaN; more classes than `dtype` has numbers for.

    >>> mx.nd.sample_multinomial(mx.nd.array([0, 1]), shape=3).asnumpy().tolist()
    [1, 1, 1]
    """
    full = _multinomial_shape(data, shape)
    if dtype not in (torch.uint8, torch.int32, torch.float16, torch.float32, torch.float64):
        raise MXNetError(f"_sample_multinomial: dtype {name_of(dtype)} is not supported. Use uint8, int32, float16, float32 or float64.")
    largest = int(2 / torch.finfo(dtype).eps) if dtype.is_floating_point else torch.iinfo(dtype).max  # every number up to it exists
    if data.shape[-1] > largest + 1:
        raise MXNetError(
            f"_sample_multinomial: {data.shape[-1]} classes, {name_of(dtype)} names {largest + 1} at most. Use dtype='int32' or 'float64'."
        )
    plain = data.detach()
    if bool((~(plain >= 0)).any()):
        raise MXNetError("_sample_multinomial: data holds negative probabilities or NaN. Pass probabilities, for example softmax(data).")
    classes = data.shape[-1]
    bounds = plain.reshape(-1, classes).double().cumsum(1)
    count = math.prod(full) // max(bounds.shape[0], 1)
    where = torch.rand(bounds.shape[0], count, dtype=torch.float64, device=data.device, generator=generator)
    drawn = torch.searchsorted(bounds, where, right=True).clamp_(max=classes - 1)
    result = drawn.reshape(full).to(dtype)
    if result.is_floating_point():
        result = with_zero_gradients(result, data)
    if not get_prob:
        return result
    return result, torch.log(data.reshape(-1, classes).gather(1, drawn)).reshape(full)


@multinomial.infer
def _(data: Tensor, *, shape: tuple = (), get_prob: bool = False, dtype: torch.dtype = torch.int32, **_: Any) -> Any:
    full = _multinomial_shape(data, shape)
    drawn = torch.empty(full, dtype=dtype, device="meta")
    return (drawn, torch.empty(full, dtype=data.dtype, device="meta")) if get_prob else drawn


@multinomial.types
def _(types: dict, *, get_prob: bool, dtype: torch.dtype, **_: Any) -> tuple:
    return types, [dtype, types["data"]] if get_prob else [dtype]


@op("_shuffle", aliases=["shuffle", "_npi_shuffle"])
def shuffle(data: Tensor, *, generator: torch.Generator) -> Tensor:
    """data with its first axis in random order.

    >>> sorted(mx.nd.shuffle(mx.nd.array([1, 2, 3])).asnumpy().tolist())
    [1.0, 2.0, 3.0]
    """
    if data.ndim == 0:
        raise MXNetError("_shuffle: data is a scalar. Pass an array with at least one axis.")
    return data.index_select(0, torch.randperm(data.shape[0], device=data.device, generator=generator))


@shuffle.infer
def _(data: Tensor, **_: Any) -> Tensor:
    return torch.empty_like(data)


@op("_sample_unique_zipfian", outputs=2)
def sample_unique_zipfian(
    *, range_max: int, shape: Shape | None = None, device: torch.device, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Distinct classes for each row, drawn log-uniformly: P(c) = log((c + 2) / (c + 1)) / log(range_max + 1).

    shape: (rows, samples). Outputs int64: the classes, and for each row how many draws it took. Errors: more samples than classes.

    >>> classes, tries = mx.nd._internal._sample_unique_zipfian(3, shape=(1, 3))
    >>> sorted(classes.asnumpy()[0].tolist())
    [0, 1, 2]
    """
    if shape is None or len(shape) != 2:
        raise MXNetError(f"_sample_unique_zipfian: shape {shape} must be (rows, samples). Pass two sizes.")
    rows, count = sizes("_sample_unique_zipfian", shape)
    if count > range_max:
        raise MXNetError(f"_sample_unique_zipfian: {count} distinct samples of {range_max} classes cannot be. Pass fewer samples.")
    drawn = [_distinct(range_max, count, device, generator) for _ in range(rows)]
    classes = torch.tensor([d[0] for d in drawn], dtype=torch.int64, device=device).reshape(rows, count)
    return classes, torch.tensor([d[1] for d in drawn], dtype=torch.int64, device=device)


def _distinct(range_max: int, count: int, device: torch.device, generator: torch.Generator) -> tuple[list[int], int]:
    """`count` distinct classes in the order of their first draw, and the number of draws."""
    found: dict[int, None] = {}
    tries = 0
    while len(found) < count:
        u = torch.rand(max(16, 2 * (count - len(found))), dtype=torch.float64, device=device, generator=generator)
        for c in (torch.exp(u * math.log(range_max + 1)).long() - 1).remainder(range_max).tolist():
            tries += 1
            found[c] = None
            if len(found) == count:
                break
    return list(found), tries


@sample_unique_zipfian.infer
def _(*, shape: tuple, **_: Any) -> tuple[Tensor, Tensor]:
    return torch.empty(shape, dtype=torch.int64, device="meta"), torch.empty(shape[:1], dtype=torch.int64, device="meta")


@sample_unique_zipfian.types
def _(types: dict, **_: Any) -> tuple:
    return types, [torch.int64, torch.int64]
