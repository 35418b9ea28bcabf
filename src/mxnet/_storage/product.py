"""Products of Csr matrices with dense and row-sparse operands. Cost follows stored entries; half types are summed in float32."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from . import pages
from .csr import Csr
from .distinct import distinct, marked
from .kernels import load
from .parallel import share, threads_for
from .row_sparse import RowSparse
from .slicing import select, take_rows

HALF = (torch.float16, torch.bfloat16)
_FAST = (torch.float32, torch.float64, *HALF)


def _blocks(k: int, widest: int, overlap: bool) -> list[tuple[int, int]]:
    """(first column, width) of blocks of 64, 32, 16, ... columns that cover k; the last may reach back where overlap is harmless."""
    out, at = [], 0
    while at < k:
        left = k - at
        if left >= widest:
            width = widest
        else:
            width = 1 << (left.bit_length() - 1)
            if overlap and width < left and k >= 2 * width:
                out.append((k - 2 * width, 2 * width))
                break
        out.append((at, width))
        at += width
    return out


def csr_dot(a: Csr, b: torch.Tensor) -> torch.Tensor:
    """a (rows, n) . b (n, k) -> (rows, k)."""
    rows, k = a.shape[0], b.shape[1]
    if a.dtype not in _FAST or a.device.type != "cpu":
        return _csr_dot_torch(a, b)
    half = b.dtype in HALF
    kind = 0 if not half else 1 if b.dtype == torch.float16 else 2
    wide = torch.float32 if half else b.dtype
    out = torch.empty((rows, k), dtype=wide)
    if not out.numel():
        return out.to(b.dtype)
    if not a.nnz:
        return out.zero_().to(b.dtype)
    module = load("product")
    b = b.contiguous()
    dense = (b.view(torch.int16) if half else b).numpy().reshape(-1)
    values = (a.data.float() if half else a.data).contiguous().numpy()
    indices, indptr, flat = a.indices.contiguous().numpy(), a.indptr.contiguous().numpy(), out.numpy().reshape(-1)
    for column, width in _blocks(k, 32 if wide == torch.float64 else 64, True):
        kernel = module.csr_dot(width, kind)
        if threads_for(a.nnz * width) == 1:
            kernel(values, indices, indptr, dense, k, column, flat, 0, rows)
        else:
            run = partial(kernel, values, indices, indptr, dense, k, column, flat)
            share(run, rows, a.nnz * width, lambda t, threads: int(np.searchsorted(indptr, a.nnz * t // threads)))
    return out.to(b.dtype) if half else out


def csr_t_dot(a: Csr, b: torch.Tensor) -> RowSparse:
    """a.T (n, rows) . b (rows, k) -> row-sparse (n, k): only rows of columns that have entries are stored."""
    fast = a.dtype in _FAST and a.device.type == "cpu"
    n = a.shape[1]
    if not fast:
        ids, place = distinct(a.indices, n)
        return RowSparse(_scatter_torch(a, place, b, ids.shape[0]), ids, (n, b.shape[1]))
    if a.nnz >= 2 * n:  # nearly every row is touched: skip the places
        ids, rows = marked(a.indices, n), scatter(a, a.indices, b, n)
        return RowSparse(rows if ids.shape[0] == n else rows.index_select(0, ids), ids, (n, b.shape[1]))
    ids, place = distinct(a.indices, n, torch.int32)
    return RowSparse(scatter(a, place, b, ids.shape[0]), ids, (n, b.shape[1]))


def csr_t_dot_dense(a: Csr, b: torch.Tensor) -> torch.Tensor:
    """a.T (n, rows) . b (rows, k) -> dense (n, k)."""
    if a.dtype not in _FAST or a.device.type != "cpu":
        return _scatter_torch(a, a.indices, b, a.shape[1])
    return scatter(a, a.indices, b, a.shape[1])


def scatter(a: Csr, place: torch.Tensor, b: torch.Tensor, n: int) -> torch.Tensor:
    """(n, k): row place[j] collects values[j] * b[row of j]."""
    k, half = b.shape[1], b.dtype in HALF
    wide = torch.float32 if half else b.dtype
    out = pages.zeros((n, k), wide)
    if not out.numel() or not a.nnz:
        return out.to(b.dtype)
    module = load("product")
    values, rhs = a.data.to(wide).contiguous().numpy(), b.to(wide).contiguous().numpy().reshape(-1)
    places, indptr, flat = place.contiguous().numpy(), a.indptr.contiguous().numpy(), out.numpy().reshape(-1)
    many = threads_for(a.nnz * k) > 1 and a.is_canonical()
    for column, width in _blocks(k, 32 if wide == torch.float64 else 64, False):
        kernel = module.scatter_rows(width)
        if many:

            def part(begin: int, end: int, kernel: Any = kernel, column: int = column) -> None:
                kernel(values, places, indptr, rhs, k, column, flat, begin, end, False)

            share(part, n, a.nnz * width)
        else:
            kernel(values, places, indptr, rhs, k, column, flat, 0, n, True)
    return out.to(b.dtype) if half else out


def csr_dot_rows(a: Csr, b: RowSparse) -> torch.Tensor:
    """a (rows, n) . b (n, k) -> (rows, k) for row-sparse b."""
    if b.is_full():
        return csr_dot(a, b.data)
    if not b.nnz:
        return torch.zeros((a.shape[0], b.shape[1]), dtype=b.dtype, device=b.device)
    place, stored = b.positions(a.indices)
    return csr_dot(select(a, stored, place[stored], b.nnz), b.data)


def csr_t_dot_rows(a: Csr, b: RowSparse) -> RowSparse:
    """a.T (n, rows) . b (rows, k) -> row-sparse (n, k) for row-sparse b."""
    if b.is_full():
        return csr_t_dot(a, b.data)
    return csr_t_dot(take_rows(a, b.indices), b.data)


# ---- torch: accelerators and integer types


def _csr_dot_torch(a: Csr, b: torch.Tensor) -> torch.Tensor:
    if b.device.type == "cuda" and b.dtype.is_floating_point and a.nnz:
        a = a.canonical()
        matrix = torch.sparse_csr_tensor(a.indptr, a.indices, a.data, a.shape, check_invariants=False)
        return matrix @ b
    wide = torch.float32 if b.dtype in HALF else b.dtype
    out = torch.zeros((a.shape[0], b.shape[1]), dtype=wide, device=b.device)
    rows, step = a.row_ids(), max(1, 16_000_000 // max(b.shape[1], 1))
    for at in range(0, a.nnz, step):
        part = slice(at, at + step)
        out.index_add_(0, rows[part], a.data[part].to(wide).unsqueeze(1) * b.index_select(0, a.indices[part]).to(wide))
    return out.to(b.dtype)


def _scatter_torch(a: Csr, place: torch.Tensor, b: torch.Tensor, n: int) -> torch.Tensor:
    wide = torch.float32 if b.dtype in HALF else b.dtype
    out = torch.zeros((n, b.shape[1]), dtype=wide, device=b.device)
    rows, step = a.row_ids(), max(1, 16_000_000 // max(b.shape[1], 1))
    for at in range(0, a.nnz, step):
        part = slice(at, at + step)
        out.index_add_(0, place[part], a.data[part].to(wide).unsqueeze(1) * b.index_select(0, rows[part]).to(wide))
    return out.to(b.dtype)
