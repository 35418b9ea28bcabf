"""Csr: a matrix that stores, row by row, the columns and values of its entries."""

from __future__ import annotations

from typing import Any

import torch

from .errors import StorageError
from .struct import SparseStruct


class Csr(SparseStruct):
    """A matrix of `shape` (rows, columns).

    data     (entries,) values, any data type
    indices  (entries,) int64: the column of each entry
    indptr   (rows + 1,) int64: the entries of row i are indptr[i]:indptr[i + 1]

    Structs made by this package have ascending columns without repeats in every row; users may bring others, `canonical()` repairs them.
    The constructor checks nothing: `check()` does.
    """

    __slots__ = ("data", "indices", "indptr", "shape", "_canonical")
    stype = "csr"

    def __init__(self, data: torch.Tensor, indices: torch.Tensor, indptr: torch.Tensor, shape: Any, canonical: bool | None = None) -> None:
        self.data, self.indices, self.indptr = data, indices, indptr
        self.shape: tuple[int, ...] = tuple(shape)
        self._canonical = canonical

    def with_data(self, data: torch.Tensor) -> Csr:
        """The same places with other values."""
        return Csr(data, self.indices, self.indptr, self.shape, self._canonical)

    def clone(self) -> Csr:
        """A deep copy."""
        return Csr(self.data.clone(), self.indices.clone(), self.indptr.clone(), self.shape, self._canonical)

    def to(self, target: Any) -> Csr:
        """On another device, or with another data type of the values; shares what does not change."""
        if isinstance(target, torch.dtype):
            return self.with_data(self.data.to(target))
        return Csr(self.data.to(target), self.indices.to(target), self.indptr.to(target), self.shape, self._canonical)

    def row_ids(self) -> torch.Tensor:
        """(entries,) the row of each entry."""
        rows = torch.arange(self.shape[0], device=self.device)
        return torch.repeat_interleave(rows, self.indptr.diff(), output_size=self.nnz)

    def write_into(self, zeroed: torch.Tensor) -> None:
        """Put the entries into a tensor of zeros."""
        if self.nnz:
            zeroed.index_put_((self.row_ids(), self.indices), self.data.to(zeroed.dtype), accumulate=not self.is_canonical())

    def is_canonical(self) -> bool:
        """Whether the columns of each row ascend without repeats; found once."""
        if self._canonical is None:
            if self.nnz < 2:
                self._canonical = True
            else:
                falls = self.indices[1:] <= self.indices[:-1]  # allowed only where a new row starts
                starts = torch.zeros(self.nnz + 1, dtype=torch.bool, device=self.device)
                starts[self.indptr] = True
                self._canonical = not bool((falls & ~starts[1:-1]).any())
        return self._canonical

    def canonical(self) -> Csr:
        """The same matrix with ascending columns in every row, repeats added up."""
        if self.is_canonical():
            return self
        columns = max(self.shape[1], 1)
        keys, place = torch.unique(self.row_ids() * columns + self.indices, return_inverse=True)
        wide = torch.float32 if self.dtype in (torch.float16, torch.bfloat16) else self.dtype
        data = torch.zeros(keys.shape, dtype=wide, device=self.device).index_add_(0, place, self.data.to(wide)).to(self.dtype)
        rows = keys // columns
        return Csr(data, keys - rows * columns, pointers(rows, self.shape[0]), self.shape, True)

    def check(self, full: bool = True) -> None:
        """StorageError for the first defect: lengths, and with `full` also the order of indptr and of columns, and column ranges."""
        if len(self.shape) != 2 or min(self.shape) < 0:
            raise StorageError(f"csr: shape must be two sizes of 0 or more, got {self.shape}. Pass (rows, columns).")
        rows, columns = self.shape
        for name, t in (("data", self.data), ("indices", self.indices), ("indptr", self.indptr)):
            if t.dim() != 1:
                raise StorageError(f"csr: {name} must have one axis, got shape {tuple(t.shape)}. Pass a flat array.")
        if self.indptr.shape[0] != rows + 1:
            raise StorageError(
                f"csr: indptr has length {self.indptr.shape[0]}, {rows} rows need {rows + 1}. Pass one start for each row and the end."
            )
        if self.data.shape[0] != self.indices.shape[0]:
            raise StorageError(
                f"csr: data has length {self.data.shape[0]}, indices {self.indices.shape[0]}. Pass one column for each value."
            )
        first, last = self.indptr[[0, -1]].tolist()
        if first != 0 or last != self.nnz:
            raise StorageError(
                f"csr: indptr runs from {first} to {last}, must run from 0 to {self.nnz} (the number of entries). Correct its ends."
            )
        if not full:
            return
        steps = self.indptr.diff()
        if rows and int(steps.min()) < 0:
            row = int(steps.argmin())
            pair = self.indptr[row : row + 2].tolist()
            raise StorageError(f"csr: indptr falls from {pair[0]} to {pair[1]} at row {row}. It must never fall.")
        if self.nnz:
            low, high = (int(v) for v in torch.aminmax(self.indices))
            if low < 0 or high >= columns:
                bad = low if low < 0 else high
                raise StorageError(f"csr: column {bad} is out of range for {columns} columns. Use 0..{columns - 1}.")

    def check_order(self) -> None:
        """StorageError if the columns of a row do not ascend or repeat."""
        if not self.is_canonical():
            raise StorageError("csr: the columns of a row must ascend without repeats. Sort each row and add up its repeats.")

    def __repr__(self) -> str:
        return f"Csr({self.shape[0]}x{self.shape[1]}, {self.nnz} entries, {self.dtype})"


def pointers(sorted_rows: torch.Tensor, rows: int) -> torch.Tensor:
    """(rows + 1,) indptr of entries with these ascending rows."""
    out = torch.zeros(rows + 1, dtype=torch.int64, device=sorted_rows.device)
    if sorted_rows.shape[0]:
        torch.cumsum(torch.bincount(sorted_rows, minlength=rows), 0, out=out[1:])
    return out
