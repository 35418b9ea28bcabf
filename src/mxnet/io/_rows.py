"""Rows of dense and sparse values: a range of them, or chosen ones."""

from __future__ import annotations

from typing import Any

import torch

from .._storage import Csr


def count(value: Any) -> int:
    """How many rows there are."""
    return int(value.shape[0])


def rows(value: Any, start: int, stop: int) -> Any:
    """Rows start..stop. Dense rows share memory with the source."""
    if isinstance(value, torch.Tensor):
        return value[start:stop]
    if value.stype == "row_sparse":
        return rows(value.to_dense(), start, stop)
    indptr = value.indptr
    low, high = int(indptr[start]), int(indptr[stop])
    return Csr(
        value.data[low:high].clone(),
        value.indices[low:high].clone(),
        indptr[start : stop + 1] - low,
        (stop - start, *value.shape[1:]),
        value._canonical,
    )


def take(value: Any, index: torch.Tensor) -> Any:
    """The rows of an index (int64)."""
    if isinstance(value, torch.Tensor):
        return value.index_select(0, index)
    if value.stype == "row_sparse":
        return take(value.to_dense(), index)
    begin = value.indptr[index]
    lengths = value.indptr[index + 1] - begin
    indptr = torch.zeros(index.numel() + 1, dtype=torch.int64)
    torch.cumsum(lengths, 0, out=indptr[1:])
    place = torch.repeat_interleave(begin - indptr[:-1], lengths) + torch.arange(int(indptr[-1]))
    return Csr(value.data[place], value.indices[place], indptr, (index.numel(), *value.shape[1:]), value._canonical)


def join(first: Any, second: Any) -> Any:
    """The rows of one value followed by those of another."""
    if isinstance(first, torch.Tensor):
        return torch.cat([first, second])
    data, indices = torch.cat([first.data, second.data]), torch.cat([first.indices, second.indices])
    indptr = torch.cat([first.indptr, second.indptr[1:] + first.indptr[-1]])
    return Csr(data, indices, indptr, (first.shape[0] + second.shape[0], *first.shape[1:]))
