"""Parts of sparse arrays and arrays of parts: slice, slice_axis, take, Concat, stack."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._storage import Csr, RowSparse
from .._storage.rows import sum_rows
from .._storage.slicing import block, join_columns, join_rows, take_rows
from ..error import MXNetError
from .registry import NAMES
from .sparse_attach import DENSE, Tracked, implements


@implements("slice")
def _slice(x: Any, *, begin: tuple, end: tuple, step: tuple = ()) -> Any:
    """Blocks of a csr matrix are csr; steps and row_sparse arrays go through dense copies."""
    if not isinstance(x, Csr) or any(s not in (None, 0, 1) for s in step):
        return DENSE
    NAMES["slice"].fn(torch.empty(x.shape, dtype=x.dtype, device="meta"), begin=begin, end=end, step=step)  # words the errors
    ranges = []
    for axis, size in enumerate(x.shape):
        b = begin[axis] if axis < len(begin) else None
        e = end[axis] if axis < len(end) else None
        low, high, _ = slice(b, e).indices(size)
        ranges.append((low, max(low, high)))
    rows, columns = ranges

    def gradient(g: Any) -> Any:
        dense = g if isinstance(g, Tensor) else g.to_dense()
        counts = torch.zeros(x.shape[0] + 1, dtype=torch.int64, device=dense.device)
        counts[rows[0] + 1 : rows[1] + 1] = dense.shape[1]
        indices = torch.arange(*columns, device=dense.device).repeat(dense.shape[0])
        return Csr(dense.reshape(-1), indices, counts.cumsum(0), x.shape, True)

    return Tracked(block(x, rows, columns), gradient)


@implements("slice_axis stack")
def _dense_result(*values: Any, **attrs: Any) -> Any:
    return DENSE


@implements("take")
def _take(a: Any, indices: Any, *, axis: int = 0, mode: str = "clip") -> Any:
    """Rows of a csr matrix (csr) or of a row_sparse array (default)."""
    if isinstance(a, Tensor) or not isinstance(indices, Tensor) or axis not in (0, -len(a.shape)):
        return DENSE
    rows, size = indices.to(torch.int64), a.shape[0]
    if mode == "wrap":
        rows = rows % max(size, 1)
    elif mode == "raise" and rows.numel() and (int(rows.min()) < 0 or int(rows.max()) >= size):
        raise MXNetError(f"take: an index is out of range for {size} rows. Use 0..{size - 1}, or mode 'clip' or 'wrap'.")
    else:
        rows = rows.clamp(0, size - 1)
    if isinstance(a, Csr):
        if rows.dim() != 1:
            return DENSE
        return take_rows(a, rows)

    def gradient(g: Any) -> Any:
        found, data = sum_rows(rows.reshape(-1), g.reshape(-1, *a.shape[1:]), a.shape[0])
        return RowSparse(data, found, a.shape)

    return Tracked(a.gather(rows), gradient, lambda g: torch.zeros_like(indices))


@implements("Concat")
def _concat(*data: Any, dim: int = 1) -> Any:
    """csr matrices joined along either axis are csr; any other mixture is default."""
    if not all(isinstance(x, Csr) for x in data) or dim not in (0, 1, -1, -2):
        return DENSE
    axis = dim % 2
    for i, x in enumerate(data[1:], 1):
        if x.shape[1 - axis] != data[0].shape[1 - axis]:
            raise MXNetError(f"Concat: array {i} of shape {x.shape} does not fit to array 0 of shape {data[0].shape} along axis {axis}. "
                             "Pass arrays that agree on the other axis.")  # fmt: skip
        if x.dtype != data[0].dtype:
            raise MXNetError(f"Concat: array {i} is {x.dtype}, array 0 {data[0].dtype}. Convert one with astype.".replace("torch.", ""))
    result = join_rows(data) if axis == 0 else join_columns(data)
    gradients, at = [], 0
    for x in data:
        gradients.append(_part_gradient(x, axis, at))
        at += x.shape[axis]
    return Tracked(result, *gradients)


def _part_gradient(x: Csr, axis: int, start: int) -> Any:
    def gradient(g: Any) -> Any:
        dense = g if isinstance(g, Tensor) else g.to_dense()
        return dense.narrow(axis, start, x.shape[axis])

    return gradient
