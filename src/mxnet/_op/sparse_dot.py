"""dot in every combination of storage types and transpositions.

    lhs       rhs                       result
    csr       default, row_sparse       default; csr.T . x is row_sparse (default with forward_stype="default" or for csr.T . x.T)
    csr       csr                       default (csr with forward_stype="csr")
    default   csr                       csr with every non-empty column (default with forward_stype="default"); default.T . csr is default
    others                              default

The gradient of x in csr . x is row_sparse: the rows that the matrix names. The gradient of a sparse operand is that of a dense one, at every
place; it takes as little memory as the other operand and the head gradient allow.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._storage import Csr, RowSparse, to_stype
from .._storage.algebra import csr_matmul
from .._storage.product import csr_dot, csr_dot_rows, csr_t_dot, csr_t_dot_dense, csr_t_dot_rows
from .._storage.rows import rows_of
from .._storage.slicing import transpose
from ..error import MXNetError
from .sparse_attach import DENSE, Tracked, implements


@implements("dot")
def dot(lhs: Any, rhs: Any, *, transpose_a: bool = False, transpose_b: bool = False, forward_stype: str | None = None) -> Any:
    """Dispatch on the operands' kinds; see the table above."""
    _check(lhs, rhs, transpose_a, transpose_b)
    if isinstance(lhs, Csr):
        if isinstance(rhs, Csr):
            result = _csr_csr(lhs, rhs, transpose_a, transpose_b, forward_stype)
        else:
            result = _csr_rows(lhs, rhs, transpose_a, transpose_b, forward_stype)
    elif isinstance(rhs, Csr):
        stype = "default" if isinstance(lhs, RowSparse) else forward_stype
        result = _dense_csr(_dense(lhs), rhs, transpose_a, transpose_b, stype)
    else:
        result = _row_sparse(lhs, rhs, transpose_a, transpose_b)
    if forward_stype is not None and result is not DENSE and getattr(result.result, "stype", "default") != forward_stype:
        result.result = to_stype(result.result, forward_stype)
    return result


def _check(lhs: Any, rhs: Any, ta: bool, tb: bool) -> None:
    if len(lhs.shape) != 2 or len(rhs.shape) != 2:
        raise MXNetError(
            f"dot: sparse operands need two axes, got shapes {tuple(lhs.shape)} and {tuple(rhs.shape)}. Reshape a vector to (n, 1)."
        )
    if lhs.dtype != rhs.dtype:
        raise MXNetError(f"dot: lhs is {lhs.dtype}, rhs {rhs.dtype}. Convert one with astype.".replace("torch.", ""))
    inner = lhs.shape[0] if ta else lhs.shape[1]
    other = rhs.shape[1] if tb else rhs.shape[0]
    if inner != other:
        raise MXNetError(f"dot: shapes {tuple(lhs.shape)}{'.T' if ta else ''} and {tuple(rhs.shape)}{'.T' if tb else ''} do not fit ({inner} and {other}). "
                         "The inner sizes must be equal.")  # fmt: skip


def _dense(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else x.data if isinstance(x, RowSparse) and x.is_full() else x.to_dense()


def _times(a: Csr, x: Any) -> Tensor:
    """a . x for x of any storage."""
    return csr_dot(a, x) if isinstance(x, Tensor) else csr_dot_rows(a, x) if isinstance(x, RowSparse) else csr_dot(a, x.to_dense())


def _t_times(a: Csr, x: Any) -> RowSparse:
    """a.T . x for x of any storage."""
    return csr_t_dot(a, x) if isinstance(x, Tensor) else csr_t_dot_rows(a, x) if isinstance(x, RowSparse) else csr_t_dot(a, x.to_dense())


def _csr_rows(a: Csr, x: Any, ta: bool, tb: bool, forward_stype: str | None) -> Any:
    if tb:
        x = _dense(x).t().contiguous()
    result: Any
    if not ta:
        result = _times(a, x)

        def of_x(g: Any) -> Any:
            found = _t_times(a, g)
            return found.to_dense().t() if tb else found

        return Tracked(result, lambda g: _outer(_dense(g), x), of_x)
    dense = forward_stype == "default" or (tb and forward_stype is None)
    result = csr_t_dot_dense(a, x) if dense and isinstance(x, Tensor) else _t_times(a, x)

    def of_x_transposed(g: Any) -> Any:
        found = _times(a, g)
        return found.t() if tb else found

    return Tracked(result, lambda g: _outer(_dense(x), g), of_x_transposed)


def _outer(left: Tensor, right: Any) -> Any:
    """left . right.T; for a row_sparse right operand a Csr that stores the columns of its rows."""
    if isinstance(right, RowSparse):
        return _columns(right.data @ left.t(), right.indices, (left.shape[0], right.shape[0]))
    return left @ _dense(right).t()


def _csr_csr(a: Csr, b: Csr, ta: bool, tb: bool, forward_stype: str | None) -> Any:
    left, right = transpose(a) if ta else a, transpose(b) if tb else b
    product = csr_matmul(left, right, forward_stype == "csr")

    def of_a(g: Any) -> Any:
        full = csr_dot(right, _dense(g).t().contiguous())  # (inner, rows of the result)
        return full if ta else full.t()

    def of_b(g: Any) -> Any:
        full = csr_t_dot(left, _dense(g))  # (inner, columns of the result)
        return full.to_dense().t() if tb else full

    return Tracked(product, of_a, of_b)


def _dense_csr(x: Tensor, a: Csr, ta: bool, tb: bool, forward_stype: str | None) -> Any:
    if x.numel() == 0 or a.shape[0] == 0:
        return DENSE
    turned = x.contiguous() if ta else x.t().contiguous()  # (inner, rows of the result)
    if tb:
        whole = csr_dot(a, turned)  # (columns of the result, rows)
        if ta or forward_stype == "default":
            result: Any = whole.t().contiguous()
        else:
            ids = (a.indptr.diff() > 0).nonzero().reshape(-1)
            result = _columns(whole.index_select(0, ids), ids, (turned.shape[1], a.shape[0]))
    else:
        rows = csr_t_dot(a, turned)  # columns of the result as rows
        if ta or forward_stype == "default":
            result = torch.zeros((turned.shape[1], a.shape[1]), dtype=x.dtype, device=x.device)
            result[:, rows.indices] = rows.data.t()
        else:
            result = _columns(rows.data, rows.indices, (turned.shape[1], a.shape[1]))

    def of_x(g: Any) -> Any:
        g = _dense(g).t().contiguous()  # (columns of the result, rows)
        found = csr_t_dot_dense(a, g) if tb else csr_dot(a, g)  # (inner, rows)
        return found if ta else found.t()

    def of_a(g: Any) -> Any:
        found = turned @ _dense(g)  # (inner, columns of the result)
        return found.t() if tb else found

    return Tracked(result, of_x, of_a)


def _columns(data: Tensor, ids: Tensor, shape: tuple[int, int]) -> Csr:
    """A Csr whose every row has entries in the same columns; data (columns, rows)."""
    rows, n = shape[0], ids.shape[0]
    indptr = torch.arange(rows + 1, device=ids.device) * n
    return Csr(data.t().reshape(-1), ids.repeat(rows), indptr, shape, True)


def _row_sparse(lhs: Any, rhs: Any, ta: bool, tb: bool) -> Any:
    if isinstance(rhs, Tensor):  # row_sparse . default
        if ta:
            result = lhs.data.t() @ (rhs.t() if tb else rhs).index_select(0, lhs.indices)
        else:
            result = torch.zeros((lhs.shape[0], rhs.shape[0 if tb else 1]), dtype=lhs.dtype, device=lhs.device)
            result.index_copy_(0, lhs.indices, lhs.data @ (rhs.t() if tb else rhs))

        def of_lhs(g: Any) -> Any:
            other = rhs if tb else rhs.t()
            return other.t() @ _dense(g).t() if ta else _dense(g) @ other

        def of_rhs(g: Any) -> Any:
            if ta:
                found = torch.zeros((lhs.shape[0], g.shape[1]), dtype=lhs.dtype, device=lhs.device)
                found.index_copy_(0, lhs.indices, lhs.data @ _dense(g))
            else:
                found = lhs.data.t() @ rows_of(g, lhs.indices)
            return found.t() if tb else found

        return Tracked(result, of_lhs, of_rhs)
    left = lhs if isinstance(lhs, Tensor) else _dense(lhs)  # ... . row_sparse
    left = left.t() if ta else left
    if tb:
        result = torch.zeros((left.shape[0], rhs.shape[0]), dtype=left.dtype, device=left.device)
        result[:, rhs.indices] = left @ rhs.data.t()
        return Tracked(result, _left_gradient(ta, lambda g: _dense(g).index_select(1, rhs.indices) @ rhs.data),
                       lambda g: _dense(g).t() @ left)  # fmt: skip
    picked = left.index_select(1, rhs.indices)

    def spread(g: Any) -> Tensor:
        found = torch.zeros_like(left)
        found[:, rhs.indices] = _dense(g) @ rhs.data.t()
        return found

    return Tracked(picked @ rhs.data, _left_gradient(ta, spread), lambda g: left.t() @ _dense(g))


def _left_gradient(ta: bool, compute: Any) -> Any:
    return (lambda g: compute(g).t()) if ta else compute
