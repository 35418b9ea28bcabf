"""Csr algebra entry by entry (sum, product, lookup) and the product of two Csr matrices. Cost follows the entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .csr import Csr, pointers
from .kernels import load
from .row_sparse import RowSparse

HALF = (torch.float16, torch.bfloat16)


def _keys(a: Csr) -> torch.Tensor:
    """(entries,) ascending numbers of the places of a canonical matrix."""
    return a.row_ids() * max(a.shape[1], 1) + a.indices


def _matches(a: Csr, b: Csr) -> tuple[torch.Tensor, torch.Tensor]:
    """(place in b of each entry of a, whether it is there)."""
    if not b.nnz:
        return torch.zeros(a.nnz, dtype=torch.int64, device=a.device), torch.zeros(a.nnz, dtype=torch.bool, device=a.device)
    theirs, mine = _keys(b), _keys(a)
    place = torch.searchsorted(theirs, mine).clamp_(max=b.nnz - 1)
    return place, theirs[place] == mine


def same_places(a: Csr, b: Csr) -> bool:
    """Whether two matrices store entries at the same places in the same order."""
    return a.indices is b.indices or (a.nnz == b.nnz and torch.equal(a.indptr, b.indptr) and torch.equal(a.indices, b.indices))


def union(a: Csr, b: Csr) -> tuple[Csr, torch.Tensor, torch.Tensor]:
    """(a on the places of either matrix, place of each entry of a, place of each entry of b), for canonical matrices."""
    if a.device.type == "cpu":
        parts = (a.indptr, a.indices, b.indptr, b.indices)
        indptr, indices, from_a, from_b = (torch.from_numpy(t) for t in load("algebra").union(*(t.contiguous().numpy() for t in parts)))
    else:
        keys, place = torch.unique(torch.cat((_keys(a), _keys(b))), return_inverse=True)
        from_a, from_b = place[: a.nnz], place[a.nnz :]
        rows = keys // max(a.shape[1], 1)
        indptr, indices = pointers(rows, a.shape[0]), keys - rows * max(a.shape[1], 1)
    data = torch.zeros(indices.shape[0], dtype=a.dtype, device=a.device)
    data[from_a] = a.data
    return Csr(data, indices, indptr, a.shape, True), from_a, from_b


def add(a: Csr, b: Csr, alpha: int = 1) -> Csr:
    """a + alpha * b, stored where either is."""
    a, b = a.canonical(), b.canonical()
    if same_places(a, b):
        return Csr(torch.add(a.data, b.data, alpha=alpha), a.indices.clone(), a.indptr.clone(), a.shape, True)
    total, _, from_b = union(a, b)
    total.data[from_b] += b.data * alpha if alpha != 1 else b.data
    return total


def combine(a: Csr, b: Csr, function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Csr:
    """function(a, b), stored where either is; function(0, 0) must be 0."""
    a, b = a.canonical(), b.canonical()
    left, _, from_b = union(a, b)
    right = torch.zeros_like(left.data)
    right[from_b] = b.data
    return left.with_data(function(left.data, right))


def multiply(a: Csr, b: Csr) -> Csr:
    """a * b, stored where both are."""
    a, b = a.canonical(), b.canonical()
    if same_places(a, b):
        return Csr(a.data * b.data, a.indices.clone(), a.indptr.clone(), a.shape, True)
    place, there = _matches(a, b)
    running = torch.zeros(a.nnz + 1, dtype=torch.int64, device=a.device)
    torch.cumsum(there, 0, out=running[1:])
    data = a.data[there] * (b.data[place[there]] if b.nnz else b.data)
    return Csr(data, a.indices[there], running[a.indptr], a.shape, True)


def entries_of(g: Any, a: Csr) -> torch.Tensor:
    """(entries,) the values of a tensor or struct at the places of a."""
    if isinstance(g, torch.Tensor):
        return g[a.row_ids(), a.indices]
    if isinstance(g, RowSparse):
        if not g.nnz:
            return torch.zeros(a.nnz, dtype=g.dtype, device=g.device)
        place, stored = g.positions(a.row_ids())
        return g.data[place, a.indices].masked_fill_(~stored, 0)
    if same_places(g, a):
        return g.data
    place, there = _matches(a, g.canonical())
    if not g.nnz:
        return torch.zeros(a.nnz, dtype=g.dtype, device=a.device)
    return g.canonical().data[place].masked_fill_(~there, 0)


def csr_matmul(a: Csr, b: Csr, sparse: bool) -> Any:
    """a . b as Csr (places where any product falls) or dense; half types are summed in float32."""
    wide = torch.float32 if a.dtype in HALF else a.dtype
    if a.device.type != "cpu":
        left, right = (torch.sparse_csr_tensor(m.indptr, m.indices, m.data.to(wide), m.shape) for m in (a.canonical(), b.canonical()))
        product = left @ right
        if not sparse:
            return product.to_dense().to(a.dtype)
        return Csr(product.values().to(a.dtype), product.col_indices(), product.crow_indices(), (a.shape[0], b.shape[1]))
    module = load("algebra")
    parts = [t.contiguous().numpy() for t in (a.data.to(wide), a.indices, a.indptr, b.data.to(wide), b.indices, b.indptr)]
    if not sparse:
        out = torch.zeros((a.shape[0], b.shape[1]), dtype=wide)
        module.matmul_dense(*parts, out.numpy())
        return out.to(a.dtype)
    indptr, indices, data = (torch.from_numpy(t) for t in module.matmul(*parts, b.shape[1]))
    return Csr(data.to(a.dtype), indices, indptr, (a.shape[0], b.shape[1]), True)
