"""Parts of Csr matrices and matrices of parts: rows, blocks, chosen rows, joining. Cost follows the entries involved."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .csr import Csr


def row_block(a: Csr, begin: int, end: int) -> Csr:
    """Rows begin..end-1 (a copy)."""
    starts = a.indptr[begin : end + 1]
    low, high = starts[[0, -1]].tolist()
    return Csr(a.data[low:high].clone(), a.indices[low:high].clone(), starts - low, (end - begin, a.shape[1]), a._canonical)


def column_block(a: Csr, begin: int, end: int) -> Csr:
    """Columns begin..end-1 (a copy)."""
    kept = (a.indices >= begin) & (a.indices < end)
    return select(a, kept, a.indices[kept] - begin, end - begin)


def select(a: Csr, kept: torch.Tensor, columns: torch.Tensor, width: int) -> Csr:
    """The entries of a mask, with new columns in a matrix of another width."""
    running = torch.zeros(a.nnz + 1, dtype=torch.int64, device=a.device)
    torch.cumsum(kept, 0, out=running[1:])
    return Csr(a.data[kept], columns, running[a.indptr], (a.shape[0], width), a._canonical)


def block(a: Csr, rows: tuple[int, int], columns: tuple[int, int]) -> Csr:
    """Rows and columns of two half-open ranges (a copy)."""
    if rows != (0, a.shape[0]):
        a = row_block(a, *rows)
    if columns != (0, a.shape[1]):
        return column_block(a, *columns)
    return a.clone() if rows == (0, a.shape[0]) else a


def take_rows(a: Csr, rows: torch.Tensor) -> Csr:
    """Chosen rows in any order, repeats allowed."""
    begins, counts = a.indptr[rows], a.indptr[rows + 1] - a.indptr[rows]
    indptr = torch.zeros(rows.shape[0] + 1, dtype=torch.int64, device=a.device)
    torch.cumsum(counts, 0, out=indptr[1:])
    total = int(indptr[-1])
    source = torch.arange(total, device=a.device) + torch.repeat_interleave(begins - indptr[:-1], counts, output_size=total)
    return Csr(a.data[source], a.indices[source], indptr, (rows.shape[0], a.shape[1]), a._canonical)


def join_rows(parts: Sequence[Csr]) -> Csr:
    """Matrices of equal width one below the other."""
    indptr, offset = [parts[0].indptr], parts[0].nnz
    for p in parts[1:]:
        indptr.append(p.indptr[1:] + offset)
        offset += p.nnz
    shape = (sum(p.shape[0] for p in parts), parts[0].shape[1])
    return Csr(torch.cat([p.data for p in parts]), torch.cat([p.indices for p in parts]), torch.cat(indptr), shape,
               True if all(p._canonical for p in parts) else None)  # fmt: skip


def join_columns(parts: Sequence[Csr]) -> Csr:
    """Matrices of equal height side by side."""
    rows = torch.cat([p.row_ids() for p in parts])
    offsets, width = [], 0
    for p in parts:
        offsets.append(width)
        width += p.shape[1]
    columns = torch.cat([p.indices + o for p, o in zip(parts, offsets)])
    order = torch.argsort(rows, stable=True)
    indptr = parts[0].indptr
    for p in parts[1:]:
        indptr = indptr + p.indptr
    return Csr(torch.cat([p.data for p in parts])[order], columns[order], indptr, (parts[0].shape[0], width),
               True if all(p._canonical for p in parts) else None)  # fmt: skip


def transpose(a: Csr) -> Csr:
    """The transposed matrix (entries sorted by column)."""
    order = torch.argsort(a.indices, stable=True)
    indptr = torch.zeros(a.shape[1] + 1, dtype=torch.int64, device=a.device)
    if a.nnz:
        torch.cumsum(torch.bincount(a.indices, minlength=a.shape[1]), 0, out=indptr[1:])
    return Csr(a.data[order], a.row_ids()[order], indptr, (a.shape[1], a.shape[0]), a._canonical)
