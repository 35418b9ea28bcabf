"""What iterators give: descriptions of arrays, batches, and the base class of iterators."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from .. import _dtype
from ..registry import BadArgument


class DataDesc(namedtuple("DataDesc", ["name", "shape"])):
    """Name and shape of an input, with its data type and its layout (which axis is what: "NCHW", "TNC" ...).

    It unpacks and compares as the pair (name, shape).
    """

    dtype: Any
    layout: str | None

    def __new__(cls, name: str, shape: Any, dtype: Any = np.float32, layout: str | None = "NCHW") -> DataDesc:
        made = super().__new__(cls, name, tuple(shape))
        made.dtype = dtype
        made.layout = layout
        return made

    def __getnewargs__(self) -> tuple:
        return self.name, self.shape, self.dtype, self.layout

    def __repr__(self) -> str:
        return f"DataDesc[{self.name},{self.shape},{self.dtype},{self.layout}]"

    __str__ = __repr__

    @staticmethod
    def get_batch_axis(layout: str | None) -> int:
        """The axis that the layout calls N; 0 without a layout, -1 if it has no N."""
        return 0 if layout is None else layout.find("N")

    @staticmethod
    def get_list(shapes: Any, types: Any) -> list[DataDesc]:
        """Descriptions from pairs (name, shape) and pairs (name, type)."""
        kinds = dict(types) if types is not None else {}
        return [DataDesc(name, shape, kinds[name]) if name in kinds else DataDesc(name, shape) for name, shape in shapes]


class DataBatch:
    """Arrays of one batch.

    data, label   lists of arrays (label may be None)
    pad           how many rows at the end are filling
    index         identifiers of the rows, or None
    bucket_key    for BucketingModule; then provide_data and provide_label describe this batch
    """

    def __init__(self, data: Any, label: Any = None, pad: int | None = None, index: Any = None, bucket_key: Any = None, provide_data: Any = None,
                 provide_label: Any = None) -> None:  # fmt: skip
        for what, value in (("data", data), ("label", label)):
            if value is not None and not isinstance(value, (list, tuple)):
                raise BadArgument(f"DataBatch: {what} must be a list of arrays, got {type(value).__name__}. Put it into a list.")
        self.data, self.label, self.pad, self.index = data, label, pad, index
        self.bucket_key, self.provide_data, self.provide_label = bucket_key, provide_data, provide_label

    def __str__(self) -> str:
        data = [tuple(d.shape) for d in self.data] if self.data else []
        label = [tuple(d.shape) for d in self.label] if self.label else None
        return f"{type(self).__name__}: data shapes: {data} label shapes: {label}"


class DataIter:
    """Base of iterators: a subclass defines `iter_next`, `getdata`, `getlabel`, `getpad` (or `next`), `reset`, `provide_data`, `provide_label`."""

    def __init__(self, batch_size: int = 0) -> None:
        self.batch_size = batch_size

    def __iter__(self) -> DataIter:
        return self

    def __next__(self) -> DataBatch:
        return self.next()

    def reset(self) -> None:
        """Begin again."""

    def next(self) -> DataBatch:
        """The next batch; StopIteration at the end of the epoch."""
        if self.iter_next():
            return DataBatch(self.getdata(), self.getlabel(), self.getpad(), self.getindex())
        raise StopIteration

    def iter_next(self) -> bool:
        """Move to the next batch; False at the end of the epoch."""
        return False

    def getdata(self) -> Any:
        """The data arrays of the current batch."""

    def getlabel(self) -> Any:
        """The label arrays of the current batch."""

    def getindex(self) -> Any:
        """The identifiers of the current batch's rows, or None."""
        return None

    def getpad(self) -> Any:
        """How many rows of the current batch are filling."""


def dtype_of(value: Any) -> Any:
    """The data type of an array for a DataDesc."""
    return _dtype.TORCH_TO_NUMPY[value._d.dtype]


class IterOfBatches(DataIter):
    """An iterator whose `iter_next` puts a whole batch into `current_batch`."""

    current_batch: DataBatch | None = None

    def next(self) -> DataBatch:
        """The next batch."""
        if self.iter_next():
            return self.current_batch  # type: ignore[return-value]
        raise StopIteration

    def getdata(self) -> Any:
        """The data arrays of the current batch."""
        return self.current_batch.data  # type: ignore[union-attr]

    def getlabel(self) -> Any:
        """The label arrays of the current batch."""
        return self.current_batch.label  # type: ignore[union-attr]

    def getindex(self) -> Any:
        """The identifiers of the current batch's rows."""
        return self.current_batch.index  # type: ignore[union-attr]

    def getpad(self) -> Any:
        """How many rows of the current batch are filling."""
        return self.current_batch.pad  # type: ignore[union-attr]
