"""Data sets: things with a length and with samples at positions 0, 1, 2, ..."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import recordio
from ..._runtime.array import Array
from .._errors import GluonError
from .sampler import FilterSampler, Sampler, SequentialSampler

__all__ = ["Dataset", "SimpleDataset", "ArrayDataset", "RecordFileDataset"]


class Dataset:
    """Base of data sets: define `__getitem__` and `__len__`.

    >>> ds = mx.gluon.data.SimpleDataset([1, 2, 3]).transform(lambda x: x * 10)
    >>> ds[2], len(ds)
    (30, 3)
    """

    def __getitem__(self, idx: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: __getitem__ is not defined. Define it in the class.")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: __len__ is not defined. Define it in the class.")

    def filter(self, fn: Callable[[Any], bool]) -> Dataset:
        """The samples for which fn(sample) is true; fn runs now."""
        return _SampledDataset(self, FilterSampler(fn, self))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Part `index` of num_shards parts of equal size; the first parts are one longer if it does not divide."""
        if not 0 <= index < num_shards:
            raise GluonError(f"shard: index is {index}, there are {num_shards} shards. Use 0 to {num_shards - 1}.")
        each, larger = divmod(len(self), num_shards)
        start = each * index + min(index, larger)
        return _SampledDataset(self, SequentialSampler(each + (index < larger), start))

    def take(self, count: int | None) -> Dataset:
        """The first `count` samples (all, if count is None or larger)."""
        if count is None or count > len(self):
            count = len(self)
        if count < 0:
            raise GluonError(f"take: count is {count}. Use 0 or more.")
        return _SampledDataset(self, SequentialSampler(count))

    def sample(self, sampler: Sampler) -> Dataset:
        """The samples that a sampler names, in its order."""
        if not isinstance(sampler, Sampler):
            raise TypeError(f"sample: needs a Sampler, got {type(sampler).__name__}. Pass mx.gluon.data.SequentialSampler or a kind of it.")
        return _SampledDataset(self, sampler)

    def transform(self, fn: Callable, lazy: bool = True) -> Dataset:
        """fn(sample), or fn(*sample) for tuples; at each access, or once now if not lazy."""
        changed = _LazyTransformDataset(self, fn)
        return changed if lazy else SimpleDataset([changed[i] for i in range(len(changed))])

    def transform_first(self, fn: Callable, lazy: bool = True) -> Dataset:
        """fn on the first element of each sample, for example on images but not on labels."""
        return self.transform(_TransformFirstClosure(fn), lazy)


class SimpleDataset(Dataset):
    """A list (or anything with positions and a length) as a data set."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: int) -> Any:
        return self._data[idx]


class _LazyTransformDataset(Dataset):
    def __init__(self, data: Any, fn: Callable) -> None:
        self._data, self._fn = data, fn

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: int) -> Any:
        item = self._data[idx]
        return self._fn(*item) if isinstance(item, tuple) else self._fn(item)


class _TransformFirstClosure:
    """A function for the first of several values; a class, so that it can be pickled for worker processes."""

    def __init__(self, fn: Callable) -> None:
        self._fn = fn

    def __call__(self, x: Any, *args: Any) -> Any:
        return (self._fn(x), *args) if args else self._fn(x)


class _SampledDataset(Dataset):
    def __init__(self, data: Any, sampler: Sampler) -> None:
        self._data, self._indices = data, list(sampler)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, idx: int) -> Any:
        return self._data[self._indices[idx]]


class ArrayDataset(Dataset):
    """Arrays (or lists, or data sets) of equal length side by side: a sample is a tuple with one element of each, or the element if there is one.

    >>> ds = mx.gluon.data.ArrayDataset([1, 2], [3, 4])
    >>> ds[1]
    (2, 4)
    """

    def __init__(self, *args: Any) -> None:
        if not args:
            raise GluonError("ArrayDataset: needs at least one array. Pass data, and labels if there are any.")
        self._length = len(args[0])
        self._data = []
        for i, data in enumerate(args):
            if len(data) != self._length:
                raise GluonError(
                    f"ArrayDataset: array {i} has {len(data)} elements, the first has {self._length}. Pass arrays of equal length."
                )
            if isinstance(data, Array) and data.stype == "default" and len(data.shape) == 1:
                data = data.asnumpy()
            self._data.append(data)

    def __getitem__(self, idx: int) -> Any:
        if len(self._data) == 1:
            return self._data[0][idx]
        return tuple(data[idx] for data in self._data)

    def __len__(self) -> int:
        return self._length


class RecordFileDataset(Dataset):
    """The raw records of a RecordIO file (`x.rec`, with its index `x.idx` beside it)."""

    def __init__(self, filename: str) -> None:
        self.idx_file = os.path.splitext(filename)[0] + ".idx"
        self.filename = filename
        self._record = recordio.MXIndexedRecordIO(self.idx_file, self.filename, "r")

    def __getitem__(self, idx: int) -> bytes:
        return self._record.read_idx(self._record.keys[idx])

    def __len__(self) -> int:
        return len(self._record.keys)


class _DownloadedDataset(Dataset):
    """A data set that lies in files of a folder, fetched when they are not there."""

    def __init__(self, root: str, transform: Callable | None) -> None:
        self._transform = transform
        self._data: Any = None
        self._label: Any = None
        self._root = os.path.expanduser(root)
        os.makedirs(self._root, exist_ok=True)
        self._get_data()

    def __getitem__(self, idx: int) -> Any:
        if self._transform is not None:
            return self._transform(self._data[idx], self._label[idx])
        return self._data[idx], self._label[idx]

    def __len__(self) -> int:
        return len(self._label)

    def _get_data(self) -> None:
        raise NotImplementedError(f"{type(self).__name__}: _get_data is not defined. Define it in the class.")


def as_numpy(x: Any) -> np.ndarray:
    """A NumPy array of an NDArray or of anything NumPy takes."""
    return x.asnumpy() if isinstance(x, Array) else np.asarray(x)
