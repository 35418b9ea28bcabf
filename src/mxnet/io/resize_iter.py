"""ResizeIter: epochs of another length."""

from __future__ import annotations

from ._batch import DataIter, IterOfBatches


class ResizeIter(IterOfBatches):
    """Makes every epoch `size` batches long: shorter ends early, longer begins the inner iterator again.

    reset_internal  whether `reset` begins the inner iterator again
    """

    def __init__(self, data_iter: DataIter, size: int, reset_internal: bool = True) -> None:
        super().__init__(data_iter.batch_size)
        self.data_iter = data_iter
        self.size = size
        self.reset_internal = reset_internal
        self.cur = 0
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
