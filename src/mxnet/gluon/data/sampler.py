"""Samplers: they say in which order a loader takes samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from typing import Any

import numpy as np

__all__ = ["Sampler", "SequentialSampler", "RandomSampler", "FilterSampler", "BatchSampler"]


class Sampler:
    """Base of samplers: iterating gives positions in a data set (or lists of them)."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: __iter__ is not defined. Define it in the class.")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: __len__ is not defined. Define it in the class.")


class SequentialSampler(Sampler):
    """start, start + 1, ..., start + length - 1."""

    def __init__(self, length: int, start: int = 0) -> None:
        self._length, self._start = length, start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._start, self._start + self._length))

    def __len__(self) -> int:
        return self._length


class RandomSampler(Sampler):
    """0 ... length - 1 in a random order, new at each pass; NumPy's generator chooses it (`np.random.seed`)."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[int]:
        return iter(np.random.permutation(self._length).tolist())

    def __len__(self) -> int:
        return self._length


class FilterSampler(Sampler):
    """Positions of the samples for which fn(sample) is true."""

    def __init__(self, fn: Callable[[Any], bool], dataset: Any) -> None:
        self._chosen = [i for i, sample in enumerate(dataset) if fn(sample)]

    def __iter__(self) -> Iterator[int]:
        return iter(self._chosen)

    def __len__(self) -> int:
        return len(self._chosen)


class BatchSampler(Sampler):
    """Lists of batch_size positions from another sampler.

    last_batch: what to do with fewer at the end: "keep" gives a shorter list, "discard" drops them, "rollover" puts them before the next pass.

    >>> list(mx.gluon.data.BatchSampler(mx.gluon.data.SequentialSampler(5), 2, "keep"))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Any, batch_size: int, last_batch: str = "keep") -> None:
        if last_batch not in ("keep", "discard", "rollover"):
            raise ValueError(f"BatchSampler: last_batch is {last_batch!r}. Use keep, discard or rollover.")
        if batch_size < 1:
            raise ValueError(f"BatchSampler: batch_size is {batch_size}. Use 1 or more.")
        self._sampler, self._batch_size, self._last_batch = sampler, batch_size, last_batch
        self._left: list[Any] = []

    def __iter__(self) -> Iterator[list[Any]]:
        batch, self._left = self._left, []
        for position in self._sampler:
            batch.append(position)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if batch:
            if self._last_batch == "keep":
                yield batch
            elif self._last_batch == "rollover":
                self._left = batch

    def __len__(self) -> int:
        count = _length(self._sampler)
        if self._last_batch == "keep":
            return -(-count // self._batch_size)
        return (count + (len(self._left) if self._last_batch == "rollover" else 0)) // self._batch_size


def _length(sampler: Any) -> int:
    if not isinstance(sampler, Sized):
        raise TypeError(f"BatchSampler: {type(sampler).__name__} has no length. Define __len__ in the sampler.")
    return len(sampler)
