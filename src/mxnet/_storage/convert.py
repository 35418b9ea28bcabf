"""Between storage types, and between structs and torch's own sparse tensors."""

from __future__ import annotations

from typing import Any

import torch

from .csr import Csr, pointers
from .errors import StorageError
from .row_sparse import RowSparse
from .rows import sum_rows

STYPES = ("default", "csr", "row_sparse")


def zeros(stype: str, shape: tuple, dtype: torch.dtype, device: Any) -> Any:
    """A struct without stored elements (or a dense tensor of zeros)."""
    if stype == "csr":
        if len(shape) != 2:
            raise StorageError(f"csr: shape must have two axes, got {tuple(shape)}. Use row_sparse or default storage for others.")
        empty = torch.zeros(0, dtype=torch.int64, device=device)
        return Csr(
            torch.zeros(0, dtype=dtype, device=device), empty, torch.zeros(shape[0] + 1, dtype=torch.int64, device=device), shape, True
        )
    if stype == "row_sparse":
        if not shape:
            raise StorageError("row_sparse: shape must have at least one axis, got (). Use default storage for a scalar.")
        return RowSparse(torch.zeros((0, *shape[1:]), dtype=dtype, device=device), torch.zeros(0, dtype=torch.int64, device=device), shape)
    if stype == "default":
        return torch.zeros(shape, dtype=dtype, device=device)
    raise StorageError(f"stype: {stype!r} is unknown. Use one of {', '.join(STYPES)}.")


def csr_from_dense(t: torch.Tensor) -> Csr:
    """The elements of a matrix that are not zero."""
    if t.dim() != 2:
        raise StorageError(f"csr: needs a matrix, got shape {tuple(t.shape)}. Reshape it to two axes.")
    rows, columns = t.nonzero(as_tuple=True)
    return Csr(t[rows, columns], columns, pointers(rows, t.shape[0]), tuple(t.shape), True)


def row_sparse_from_dense(t: torch.Tensor) -> RowSparse:
    """The rows that are not all zero."""
    if t.dim() == 0:
        raise StorageError("row_sparse: needs at least one axis, got shape (). Reshape it to (1,).")
    kept = (
        (t != 0).reshape(t.shape[0], -1).any(1).nonzero().reshape(-1) if t.numel() else torch.zeros(0, dtype=torch.int64, device=t.device)
    )
    return RowSparse(t.index_select(0, kept), kept, tuple(t.shape))


def from_dense(t: torch.Tensor, stype: str) -> Any:
    """A dense tensor in any storage type (the tensor itself for "default")."""
    return t if stype == "default" else csr_from_dense(t) if stype == "csr" else row_sparse_from_dense(t)


def to_stype(value: Any, stype: str) -> Any:
    """A tensor or struct in any storage type; the value itself if it has it."""
    have = getattr(value, "stype", "default")
    if have == stype:
        return value
    if have == "default":
        return from_dense(value, stype)
    if have == "csr" and stype == "row_sparse":
        return csr_to_row_sparse(value)
    dense = value.to_dense()
    return from_dense(dense, stype)


def csr_to_row_sparse(value: Csr) -> RowSparse:
    """The rows that have entries, densely."""
    counts = value.indptr.diff()
    kept = (counts > 0).nonzero().reshape(-1)
    place = torch.repeat_interleave(torch.arange(kept.shape[0], device=value.device), counts[kept], output_size=value.nnz)
    data = torch.zeros((kept.shape[0], value.shape[1]), dtype=value.dtype, device=value.device)
    data.index_put_((place, value.indices), value.data, accumulate=not value.is_canonical())
    return RowSparse(data, kept, value.shape)


def grad_to_coo(value: Any) -> torch.Tensor:
    """A gradient as torch's graph carries it: a tensor as it is, RowSparse as hybrid COO (one sparse axis), Csr as COO."""
    if isinstance(value, torch.Tensor):
        return value
    if value.stype == "row_sparse":
        places = value.indices.unsqueeze(0)
    else:
        value = value.canonical()
        places = torch.stack((value.row_ids(), value.indices))
    return torch.sparse_coo_tensor(places, value.data, value.shape, is_coalesced=True, check_invariants=False)


#: Nodes of torch's graph (beside leaves) that can take the gradient of their result as a sparse tensor.
_SPARSE_NODES = ("SparseFunctionBackward", "ToCopyBackward0")


def accepts_sparse_gradient(t: torch.Tensor) -> bool:
    """Whether a recorded tensor may get a sparse gradient: it is a leaf, or made by a node that can handle one."""
    node = t.grad_fn
    return node is None or node.name() in _SPARSE_NODES


def coo_to_struct(t: torch.Tensor) -> Any:
    """The reverse of `grad_to_coo`, for any sparse tensor that torch's graph may bring; a dense tensor as it is."""
    if t.layout == torch.strided:
        return t
    if t.layout != torch.sparse_coo:
        t = t.to_sparse_coo()
    if t.sparse_dim() == 1:
        ids = t._indices()[0]
        # torch's accumulation forgets that a tensor is coalesced; looking at the ids is much cheaper than sorting them
        if t.is_coalesced() or ids.shape[0] < 2 or bool((ids[1:] > ids[:-1]).all()):
            return RowSparse(t._values(), ids, tuple(t.shape))
        found, rows = sum_rows(ids.contiguous(), t._values(), t.shape[0])
        return RowSparse(rows, found, tuple(t.shape))
    t = t.coalesce()
    if t.sparse_dim() == 2 and t.dense_dim() == 0:
        rows, columns = t.indices()
        return Csr(t.values(), columns.contiguous(), pointers(rows, t.shape[0]), tuple(t.shape), True)
    return row_sparse_from_dense(t.to_dense())
