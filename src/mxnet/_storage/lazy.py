"""Row-sparse optimizer steps on tables: lazy (only the gradient's rows) or exact (all rows, a block at a time). Nothing is densified."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from .kernels import load
from .parallel import share
from .row_sparse import RowSparse

#: Rows of one block of an exact step.
BLOCK = 65536


def fused(kernel: str, tables: Sequence[torch.Tensor], grad: RowSparse, numbers: Sequence[float]) -> bool:
    """Run a compiled kernel on tables (weight first) of float32 or float64 on a CPU; False if it does not serve them."""
    weight = tables[0]
    if weight.device.type != "cpu" or weight.dtype not in (torch.float32, torch.float64):
        return False
    if any(t.dtype != weight.dtype or not t.is_contiguous() for t in tables):
        return False
    if not grad.nnz or not grad.data.numel():
        return True
    k = grad.data[0].numel()
    flat = [t.detach().reshape(-1).numpy() for t in tables]
    ids, values = grad.indices.contiguous().numpy(), grad.data.to(weight.dtype).contiguous().reshape(-1).numpy()
    run = load("updates").KERNELS[kernel]
    share(lambda lo, hi: run(*flat, ids, values, k, *numbers, lo, hi), grad.nnz, grad.nnz * k * 8)
    return True


def by_rows(step: Callable[..., torch.Tensor], tables: Sequence[torch.Tensor], grad: RowSparse) -> None:
    """step(weight, grad, *states) in place on the gradient's rows, through gathered copies."""
    if not grad.nnz:
        return
    rows = [t.index_select(0, grad.indices) for t in tables]
    rows[0] = step(rows[0], grad.data, *rows[1:])
    for table, changed in zip(tables, rows):
        table.index_copy_(0, grad.indices, changed)


def by_blocks(step: Callable[..., torch.Tensor], tables: Sequence[torch.Tensor], grad: RowSparse) -> None:
    """step(weight, grad, *states) in place on every row, with the gradient densified for one block of rows at a time."""
    total = tables[0].shape[0]
    bounds = torch.arange(0, total + BLOCK, BLOCK, device=grad.device).clamp_(max=total)
    starts = torch.searchsorted(grad.indices, bounds).tolist()
    for i in range(len(starts) - 1):
        low, high = i * BLOCK, min((i + 1) * BLOCK, total)
        if low >= high:
            continue
        dense = torch.zeros((high - low, *grad.data.shape[1:]), dtype=grad.dtype, device=grad.device)
        part = slice(starts[i], starts[i + 1])
        dense.index_copy_(0, grad.indices[part] - low, grad.data[part])
        blocks = [t[low:high] for t in tables]
        changed = step(blocks[0], dense, *blocks[1:])
        if changed.data_ptr() != blocks[0].data_ptr():
            blocks[0].copy_(changed)
