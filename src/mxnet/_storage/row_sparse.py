"""RowSparse: an array that stores some of its rows; all others are zero."""

from __future__ import annotations

from typing import Any

import torch

from .errors import StorageError
from .gather import gather
from .struct import SparseStruct


class RowSparse(SparseStruct):
    """An array of `shape` (rows, ...).

    data     (stored, ...) values of the stored rows
    indices  (stored,) int64: which rows they are, ascending without repeats

    The constructor checks nothing: `check()` does.
    """

    __slots__ = ("data", "indices", "shape")
    stype = "row_sparse"

    def __init__(self, data: torch.Tensor, indices: torch.Tensor, shape: Any) -> None:
        self.data, self.indices = data, indices
        self.shape: tuple[int, ...] = tuple(shape)

    def is_full(self) -> bool:
        """Whether every row is stored; its data then is the dense array."""
        return self.indices.shape[0] == self.shape[0]

    def with_data(self, data: torch.Tensor) -> RowSparse:
        """The same rows with other values."""
        return RowSparse(data, self.indices, (self.shape[0], *data.shape[1:]))

    def clone(self) -> RowSparse:
        """A deep copy."""
        return RowSparse(self.data.clone(), self.indices.clone(), self.shape)

    def to(self, target: Any) -> RowSparse:
        """On another device, or with another data type; shares what does not change."""
        if isinstance(target, torch.dtype):
            return RowSparse(self.data.to(target), self.indices, self.shape)
        return RowSparse(self.data.to(target), self.indices.to(target), self.shape)

    def to_dense(self) -> torch.Tensor:
        """The whole array."""
        if self.is_full():
            return self.data.clone()
        return super().to_dense()

    def write_into(self, zeroed: torch.Tensor) -> None:
        """Put the rows into a tensor of zeros."""
        if self.nnz:
            zeroed.index_copy_(0, self.indices, self.data.to(zeroed.dtype))

    def positions(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(place of each given row among the stored ones, whether it is stored)."""
        if self.is_full():
            return rows, torch.ones(rows.shape, dtype=torch.bool, device=rows.device)
        if not self.nnz:
            return torch.zeros_like(rows), torch.zeros(rows.shape, dtype=torch.bool, device=rows.device)
        place = torch.searchsorted(self.indices, rows.contiguous()).clamp_(max=self.nnz - 1)
        return place, self.indices[place] == rows

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """(*rows.shape, ...) the values of any rows, stored or not."""
        flat = rows.reshape(-1)
        if self.is_full():
            out = gather(self.data, flat)
        elif not self.nnz:
            out = torch.zeros((flat.shape[0], *self.data.shape[1:]), dtype=self.dtype, device=self.device)
        else:
            place, stored = self.positions(flat)
            out = self.data.index_select(0, place)
            out[~stored] = 0
        return out.reshape(*rows.shape, *self.data.shape[1:])

    def check(self, full: bool = True) -> None:
        """StorageError for the first defect: lengths and row shape, and with `full` also the order and range of the rows."""
        if not self.shape or min(self.shape) < 0:
            raise StorageError(f"row_sparse: shape must have at least one axis and no negative size, got {self.shape}. Pass (rows, ...).")
        if self.indices.dim() != 1:
            raise StorageError(f"row_sparse: indices must have one axis, got shape {tuple(self.indices.shape)}. Pass a flat array.")
        if self.data.dim() != len(self.shape) or tuple(self.data.shape[1:]) != self.shape[1:]:
            raise StorageError(f"row_sparse: data has shape {tuple(self.data.shape)}, rows of {self.shape} need (stored, {', '.join(map(str, self.shape[1:]))})."
                             " Pass rows of that shape.")  # fmt: skip
        if self.data.shape[0] != self.indices.shape[0]:
            raise StorageError(
                f"row_sparse: data has {self.data.shape[0]} rows, indices {self.indices.shape[0]}. Pass one row number for each row."
            )
        if not full or not self.nnz:
            return
        low, high = (int(v) for v in torch.aminmax(self.indices))
        if low < 0 or high >= self.shape[0]:
            raise StorageError(
                f"row_sparse: row {low if low < 0 else high} is out of range for {self.shape[0]} rows. Use 0..{self.shape[0] - 1}."
            )
        steps = self.indices.diff()
        if self.nnz > 1 and int(steps.min()) <= 0:
            at = int(steps.argmin())
            raise StorageError(
                f"row_sparse: row {int(self.indices[at + 1])} comes after row {int(self.indices[at])}. Rows must ascend without repeats."
            )

    def __repr__(self) -> str:
        return f"RowSparse({'x'.join(map(str, self.shape))}, {self.nnz} rows, {self.dtype})"
