"""NDArrayIter: batches from arrays in memory."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

from .. import ndarray as nd
from .._runtime.array import Array, wrap
from ..error import hint
from ..ndarray import sparse
from ..registry import BadArgument
from . import _rows
from ._batch import DataBatch, DataDesc, DataIter, dtype_of

_HANDLES = ("pad", "discard", "roll_over")


def named_arrays(source: Any, default_name: str, required: bool) -> list[tuple[str, Array]]:
    """(name, array) pairs of an array, a list or a dict of arrays; NumPy arrays, scipy CSR matrices and HDF5 datasets are converted."""
    if source is None:
        if required:
            raise BadArgument(f"NDArrayIter: {default_name} is None. Pass an array, a list or a dict of arrays.")
        return []
    if isinstance(source, (np.ndarray, Array)) or _is_other_array(source):
        source = {default_name: source}
    elif isinstance(source, (list, tuple)):
        if required and not source:
            raise BadArgument(f"NDArrayIter: {default_name} is empty. Pass at least one array.")
        many = len(source) > 1
        source = {f"_{i}_{default_name}" if many else default_name: a for i, a in enumerate(source)}
    elif not isinstance(source, dict):
        raise TypeError(
            f"NDArrayIter: {default_name} must be an array, a list or a dict of arrays, got {type(source).__name__}. Convert it first."
        )
    return [(name, _convert(name, source[name])) for name in sorted(source)]


def _is_other_array(value: Any) -> bool:
    return type(value).__module__.split(".")[0] in ("scipy", "h5py")


def _convert(name: str, value: Any) -> Array:
    if isinstance(value, Array):
        return value
    try:
        if type(value).__module__.startswith("scipy"):
            return sparse.array(value.tocsr(), dtype=value.dtype)
        return nd.array(np.asarray(value) if _is_other_array(value) else value)
    except (TypeError, ValueError) as e:
        raise TypeError(f"NDArrayIter: {name} cannot be converted to an array ({e}). Pass NDArrays or NumPy arrays.") from None


class NDArrayIter(DataIter):
    """Batches of rows of arrays.

    data, label        an array, a list of arrays (named _0_data, _1_data ...) or a dict by name; NumPy arrays become float32
    batch_size         rows of a batch
    shuffle            a new order in each epoch, from NumPy's global generator
    last_batch_handle  what becomes of the rows that fill no batch at the end of an epoch: "pad" fills up with the first rows (`batch.pad` of
                       them), "discard" drops them, "roll_over" gives them to the next epoch
    data_name, label_name, layout   for the descriptions
    The first data array says how many rows there are; further rows of longer arrays are never read.
    CSR arrays give CSR batches, whatever the handle (MXNet 1.9.1 gives dense ones); other sparse arrays give dense batches.

    >>> it = mx.io.NDArrayIter(np.arange(6).reshape(3, 2), np.arange(3), batch_size=2)
    >>> [b.pad for b in it]
    [0, 1]
    """

    def __init__(self, data: Any, label: Any = None, batch_size: int = 1, shuffle: bool = False, last_batch_handle: str = "pad",
                 data_name: str = "data", label_name: str = "softmax_label", layout: str = "NCHW") -> None:  # fmt: skip
        super().__init__(batch_size)
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(
                f"NDArrayIter: batch_size must be an int of at least 1, got {batch_size!r}. Pass the number of rows of a batch."
            )
        if last_batch_handle not in _HANDLES:
            text = f"NDArrayIter: last_batch_handle {last_batch_handle!r} is unknown.{hint(str(last_batch_handle), _HANDLES)}"
            warnings.warn(f"{text} Use one of {', '.join(_HANDLES)}; 'discard' is used now.", stacklevel=2)
            last_batch_handle = "discard"
        self.data = named_arrays(data, data_name, True)
        self.label = named_arrays(label, label_name, False)
        self.num_data = _rows.count(self.data[0][1])
        for name, value in self.data + self.label:
            if not value.shape or _rows.count(value) < self.num_data:
                got = value.shape[0] if value.shape else "no"
                raise ValueError(f"NDArrayIter: {name} has {got} rows, {self.data[0][0]} has {self.num_data}. Pass arrays of equal length.")
        self.idx = np.arange(self.num_data)
        self._order = np.arange(self.num_data)
        self.shuffle = shuffle
        self.last_batch_handle = last_batch_handle
        self.layout = layout
        self.data_list = [value for _, value in self.data + self.label]
        self.num_source = len(self.data_list)
        self.cursor = -batch_size
        self._left: np.ndarray | None = None  # rows of the last epoch that begin this one
        self.reset()

    @property
    def provide_data(self) -> list[DataDesc]:
        """Descriptions of the data arrays of a batch."""
        return self._describe(self.data)

    @property
    def provide_label(self) -> list[DataDesc]:
        """Descriptions of the label arrays of a batch."""
        return self._describe(self.label)

    def _describe(self, arrays: list) -> list[DataDesc]:
        return [DataDesc(name, (self.batch_size, *value.shape[1:]), dtype_of(value), self.layout) for name, value in arrays]

    def hard_reset(self) -> None:
        """Begin again, and forget rows rolled over."""
        self._left = None
        if self.shuffle:
            self._shuffle()
        self.cursor = -self.batch_size

    def reset(self) -> None:
        """Begin the next epoch."""
        rolls = self.last_batch_handle == "roll_over" and self.num_data - self.batch_size < self.cursor < self.num_data
        self._left = np.array(self._order[self.cursor :]) if rolls and self.cursor >= 0 else None
        if self.shuffle:
            self._shuffle()
        self.cursor = -self.batch_size - (0 if self._left is None else len(self._left))

    def _shuffle(self) -> None:
        np.random.shuffle(self.idx)
        self._order = self._order[self.idx]  # MXNet reorders the reordered data: programs that seed NumPy get its batches

    def iter_next(self) -> bool:
        """Move to the next batch."""
        self.cursor += self.batch_size
        if self.last_batch_handle == "discard":
            return self.cursor + self.batch_size <= self.num_data
        if self.last_batch_handle == "roll_over":
            return self.cursor + self.batch_size <= self.num_data or (self.cursor < 0 and self._left is not None)
        return self.cursor < self.num_data

    def next(self) -> DataBatch:
        """The next batch."""
        if not self.iter_next():
            raise StopIteration
        return DataBatch(data=self.getdata(), label=self.getlabel(), pad=self.getpad(), index=None)

    def _index(self) -> np.ndarray | slice:
        """The rows of the current batch: a slice where they are consecutive."""
        start, stop = self.cursor, self.cursor + self.batch_size
        if start < 0:
            left = self._left if self._left is not None else self._order[:0]
            return np.concatenate([left, self._cycle(self.batch_size - len(left))])
        if stop <= self.num_data:
            return self._order[start:stop] if self.shuffle else slice(start, stop)
        return np.concatenate([self._order[start:], self._cycle(stop - self.num_data)])

    def _cycle(self, n: int) -> np.ndarray:
        return np.resize(self._order, n) if self.num_data else self._order

    def _get(self, arrays: list) -> list[Array]:
        index = self._index()
        chosen = torch.from_numpy(np.ascontiguousarray(index, dtype=np.int64)) if not isinstance(index, slice) else None
        made = []
        for _, value in arrays:
            source = value._d
            if chosen is None:
                part = _rows.rows(source, index.start, index.stop)  # type: ignore[union-attr]
            else:
                part = _rows.take(source, chosen.to(source.device))
            made.append(wrap(part, value._ctx))
        return made

    def getdata(self) -> list[Array]:
        """The data arrays of the current batch."""
        return self._get(self.data)

    def getlabel(self) -> list[Array]:
        """The label arrays of the current batch."""
        return self._get(self.label)

    def getpad(self) -> int:
        """How many rows of the current batch are filling (for "roll_over": rows that the batch took ahead, as MXNet counts them)."""
        if self.last_batch_handle == "pad" and self.cursor + self.batch_size > self.num_data:
            return self.cursor + self.batch_size - self.num_data
        if self.last_batch_handle == "roll_over" and -self.batch_size < self.cursor < 0:
            return -self.cursor
        return 0
