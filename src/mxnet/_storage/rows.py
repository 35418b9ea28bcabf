"""Row-sparse algebra: merging, retaining and combining stored rows. Cost follows the stored rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .csr import Csr
from .distinct import distinct
from .product import scatter
from .row_sparse import RowSparse
from .slicing import take_rows


def merge(parts: Sequence[RowSparse], signs: Sequence[int] | None = None) -> RowSparse:
    """The sum of arrays (or the signed sum); a row is stored if any of them stores it."""
    if len(parts) == 1:
        return parts[0].clone()
    first = parts[0]
    dtype = first.dtype
    if len(parts) == 2 and parts[0].nnz == parts[1].nnz and torch.equal(parts[0].indices, parts[1].indices):
        alpha = 1 if signs is None else signs[1]
        return RowSparse(torch.add(first.data, parts[1].data, alpha=alpha), first.indices.clone(), first.shape)
    ids, place = distinct(torch.cat([p.indices for p in parts]), first.shape[0])
    wide = torch.float32 if dtype in (torch.float16, torch.bfloat16) and len(parts) > 2 else dtype
    data = torch.zeros((ids.shape[0], *first.data.shape[1:]), dtype=wide, device=first.device)
    at = 0
    for i, p in enumerate(parts):
        here = place[at : at + p.nnz]
        at += p.nnz
        if i == 0:
            data.index_copy_(0, here, p.data.to(wide))
        else:
            data.index_add_(0, here, p.data.to(wide), alpha=1 if signs is None else signs[i])
    return RowSparse(data.to(dtype), ids, first.shape)


def combine(a: RowSparse, b: RowSparse, function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> RowSparse:
    """function(a, b) on every row that either stores; function(0, 0) must be 0."""
    ids, _ = distinct(torch.cat((a.indices, b.indices)), a.shape[0])
    return RowSparse(function(a.gather(ids), b.gather(ids)), ids, a.shape)


def retain(a: RowSparse, rows: torch.Tensor) -> RowSparse:
    """The given rows, in order and once each; those that `a` does not store are stored as zeros."""
    keep, _ = distinct(rows, a.shape[0])
    return RowSparse(a.gather(keep), keep, a.shape)


def rows_of(g: Any, rows: torch.Tensor) -> torch.Tensor:
    """The given rows of a tensor or struct, densely."""
    if isinstance(g, torch.Tensor):
        return g.index_select(0, rows)
    return take_rows(g, rows).to_dense() if isinstance(g, Csr) else g.gather(rows)


def sum_rows(ids: torch.Tensor, rows: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(distinct ids ascending, the sum of the rows of each), for ids (n,) in 0..size-1 and rows (n, ...); half types are summed in float32."""
    n = ids.shape[0]
    compiled = rows.device.type == "cpu" and rows.dtype.is_floating_point and n >= 32 and rows.numel() > 0
    found, place = distinct(ids, size, torch.int32 if compiled else torch.int64)
    if compiled:
        picks = Csr(torch.ones(n, dtype=rows.dtype), place, torch.arange(n + 1), (n, found.shape[0]), True)
        return found, scatter(picks, place, rows.reshape(n, -1), found.shape[0]).reshape(found.shape[0], *rows.shape[1:])
    wide = torch.float32 if rows.dtype in (torch.float16, torch.bfloat16) else rows.dtype
    out = torch.zeros((found.shape[0], *rows.shape[1:]), dtype=wide, device=rows.device)
    return found, out.index_add_(0, place, rows.to(wide)).to(rows.dtype)
