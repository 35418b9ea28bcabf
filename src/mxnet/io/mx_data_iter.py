"""MXDataIter: batches of rows from a file that is held in memory (CSVIter, LibSVMIter, MNISTIter)."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np
import torch

from .. import _dtype
from .._runtime.array import Array, wrap
from ..context import cpu
from ..error import MXNetError
from . import _rows
from ._batch import DataBatch, DataDesc, DataIter


class Source(NamedTuple):
    """Rows of data and label, and how to cut them.

    round_batch  the last batch is filled up with the first rows, and the next epoch begins after them; otherwise it is filled with rows of
                 the batch before, and the next epoch begins at the first row
    drop_last    rows that fill no batch are left out
    dtype, scale the type of batches, and a factor on dense data, if the rows are kept in another type
    """

    name: str
    data: Any
    label: Any
    batch_size: int
    round_batch: bool = True
    drop_last: bool = False
    dtype: torch.dtype | None = None
    scale: float = 1.0


class MXDataIter(DataIter):
    """An iterator over a Source; `batch.pad` rows at the end of a batch are filling."""

    def __init__(self, handle: Source, data_name: str = "data", label_name: str = "softmax_label", **_: Any) -> None:
        if handle.batch_size < 1:
            raise MXNetError(f"{handle.name}: batch_size {handle.batch_size} must be at least 1. Pass the number of rows of a batch.")
        super().__init__(handle.batch_size)
        self.handle = handle
        self.data_name, self.label_name = data_name, label_name
        self.num_data = _rows.count(handle.data)
        self._offset = 0  # rows of this epoch that the last batch of the one before has given
        self._skip_load = False
        self._begin()

    def _begin(self) -> None:
        self._cursor = self._offset - self.batch_size

    @property
    def provide_data(self) -> list[DataDesc]:
        """Description of the data of a batch."""
        return [self._describe(self.data_name, self.handle.data)]

    @property
    def provide_label(self) -> list[DataDesc]:
        """Description of the label of a batch."""
        return [self._describe(self.label_name, self.handle.label)]

    def _describe(self, name: str, value: Any) -> DataDesc:
        return DataDesc(name, (self.batch_size, *value.shape[1:]), _dtype.TORCH_TO_NUMPY[self.handle.dtype or value.dtype])

    def reset(self) -> None:
        """Begin the next epoch."""
        over = self._cursor + self.batch_size - self.num_data
        ended = self._cursor < self.num_data < self._cursor + self.batch_size or self._cursor >= self.num_data
        if self._cursor >= self.num_data:
            over -= self.batch_size
        self._offset = (
            over % self.num_data if self.handle.round_batch and not self.handle.drop_last and ended and over > 0 and self.num_data else 0
        )
        self._begin()

    def debug_skip_load(self) -> None:
        """Give the first batch again and again, to measure everything but loading."""
        self._skip_load = True

    def iter_next(self) -> bool:
        """Move to the next batch."""
        if self._skip_load and self._cursor >= 0:
            return True
        self._cursor += self.batch_size
        last = self._cursor + self.batch_size <= self.num_data if self.handle.drop_last else self._cursor < self.num_data
        return last

    def next(self) -> DataBatch:
        """The next batch."""
        if not self.iter_next():
            raise StopIteration
        index = self._index()
        pad = self.getpad()
        return DataBatch([self._rows_of(self.handle.data, index)], [self._rows_of(self.handle.label, index)], pad, self.getindex())

    def _index(self) -> torch.Tensor | slice:
        start, stop = self._cursor, self._cursor + self.batch_size
        if stop <= self.num_data:
            return slice(start, stop)
        row = torch.arange(start, stop)
        beyond = row >= self.num_data
        if self.handle.round_batch or start < self.batch_size:
            row = row % max(self.num_data, 1)
        else:
            row = torch.where(beyond, row - self.batch_size, row)
        return row

    def _rows_of(self, value: Any, index: Any) -> Array:
        if isinstance(index, slice):
            part = _rows.rows(value, index.start, index.stop)
            part = part.clone() if isinstance(part, torch.Tensor) and self.handle.dtype is None else part
        else:
            part = _rows.take(value, index)
        if self.handle.dtype is not None:
            part = part.to(self.handle.dtype)
            if value is self.handle.data:
                part = part * self.handle.scale
        return wrap(part, cpu())

    def getdata(self) -> Array:
        """The data of the current batch."""
        return self._rows_of(self.handle.data, self._index())

    def getlabel(self) -> Array:
        """The label of the current batch."""
        return self._rows_of(self.handle.label, self._index())

    def getindex(self) -> np.ndarray:
        """The numbers of the current batch's rows in the file."""
        index = self._index()
        return np.arange(index.start, index.stop, dtype=np.uint64) if isinstance(index, slice) else index.numpy().astype(np.uint64)

    def getpad(self) -> int:
        """How many rows of the current batch are filling."""
        return max(self._cursor + self.batch_size - self.num_data, 0)


def part_of(rows: int, parts: int, index: int, owner: str) -> tuple[int, int]:
    """The range of rows that part `index` of `parts` reads: equal shares, in order."""
    if parts < 1 or not 0 <= index < parts:
        raise MXNetError(f"{owner}: part_index {index} of num_parts {parts} does not exist. Use 0 <= part_index < num_parts.")
    return rows * index // parts, rows * (index + 1) // parts


def open_file(path: str, owner: str) -> Any:
    """The file, open for reading bytes."""
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(21, "Is a directory")
        return open(path, "rb")
    except OSError as e:
        raise MXNetError(f"{owner}: cannot open {path!r} ({e.strerror}). Check the path.") from None
