"""ResizeIter: epochs of another length."""

from __future__ import annotations

from typing import Any

from ._batch import DataBatch, DataIter


class ResizeIter(DataIter):
    """Makes every epoch `size` batches long: shorter ends early, longer begins the inner iterator again.

    reset_internal  whether `reset` begins the inner iterator again
    """

    def __init__(self, data_iter: DataIter, size: int, reset_internal: bool = True) -> None:
        super().__init__(data_iter.batch_size)
        self.data_iter = data_iter
        self.size = size
        self.reset_internal = reset_internal
        self.cur = 0
        self.current_batch: DataBatch | None = None
        self.provide_data = data_iter.provide_data  # type: ignore[attr-defined]
        self.provide_label = data_iter.provide_label  # type: ignore[attr-defined]
        if hasattr(data_iter, "default_bucket_key"):
            self.default_bucket_key = data_iter.default_bucket_key

    def reset(self) -> None:
        """Begin the next epoch."""
        self.cur = 0
        if self.reset_internal:
            self.data_iter.reset()

    def iter_next(self) -> bool:
        """Move to the next batch."""
        if self.cur == self.size:
            return False
        try:
            self.current_batch = self.data_iter.next()
        except StopIteration:
            self.data_iter.reset()
            try:
                self.current_batch = self.data_iter.next()
            except StopIteration:
                raise ValueError("ResizeIter: the inner iterator has no batches. Give it data, or a smaller batch_size.") from None
        self.cur += 1
        return True

    def next(self) -> DataBatch:
        """The next batch of the inner iterator."""
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
