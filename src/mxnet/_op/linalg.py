"""Linear algebra on matrices: the last two axes; all leading axes are batches. float32 and float64 only, as in the original.

Sources: the routines' definitions in LAPACK; gradients after M. Seeger et al., "Auto-Differentiating Linear Algebra", 2017.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .. import _dtype
from ..error import MXNetError
from .registry import op

_FLOATS = (torch.float32, torch.float64)


def _check_floats(name: str, *matrices: Tensor) -> None:
    for i, a in enumerate(matrices):
        if a.dtype not in _FLOATS:
            raise MXNetError(
                f"{name}: input {i} is {_dtype.name_of(a.dtype)}, only float32 and float64 are supported. Convert with astype('float32')."
            )
        if a.dtype != matrices[0].dtype:
            raise MXNetError(
                f"{name}: inputs are {_dtype.name_of(matrices[0].dtype)} and {_dtype.name_of(a.dtype)}; all must have one type. Convert one."
            )


def _check(name: str, *matrices: Tensor, square: bool = False) -> None:
    """Matrices of one float type, with equal leading axes."""
    _check_floats(name, *matrices)
    first = matrices[0]
    for a in matrices:
        if a.dim() < 2:
            raise MXNetError(f"{name}: needs matrices (two axes or more), got shape {tuple(a.shape)}. Reshape it.")
        if a.shape[:-2] != first.shape[:-2]:
            raise MXNetError(
                f"{name}: leading axes {tuple(first.shape[:-2])} and {tuple(a.shape[:-2])} differ; they do not broadcast. Reshape one."
            )
    if square and first.shape[-1] != first.shape[-2]:
        raise MXNetError(f"{name}: needs square matrices, got {tuple(first.shape)}. The last two axes must be equal.")


def _finish(out: Tensor) -> Tensor:
    """Scalars have shape (1,)."""
    return out.reshape(1) if out.dim() == 0 else out


def _flip(a: Tensor, turn: bool) -> Tensor:
    return a.transpose(-1, -2) if turn else a


def _rows_last(name: str, axis: int, *arrays: Tensor) -> list[Tensor]:
    """Arrays with their row axis moved to the place before the last."""
    _check_floats(name, *arrays)
    ndim = arrays[0].dim()
    if any(a.dim() != ndim for a in arrays) or ndim < 2:
        raise MXNetError(f"{name}: shapes {[tuple(a.shape) for a in arrays]} need as many axes, two or more. Reshape.")
    where = axis + ndim if axis < 0 else axis
    if not 0 <= where < ndim - 1:
        raise MXNetError(f"{name}: axis {axis} is no row axis of {ndim} axes (columns are the last one). Use 0..{ndim - 2} or -2.")
    return [a if where == ndim - 2 else a.movedim(where, -2) for a in arrays]


def _multiply(name: str, a: Tensor, b: Tensor, transpose_a: bool, transpose_b: bool) -> Tensor:
    _check(name, a, b)
    a, b = _flip(a, transpose_a), _flip(b, transpose_b)
    if a.shape[-1] != b.shape[-2]:
        raise MXNetError(
            f"{name}: matrices {tuple(a.shape[-2:])} and {tuple(b.shape[-2:])} (after transposing) do not fit. The summed axes must be equal."
        )
    return torch.matmul(a, b)


def _rows_back(out: Tensor, axis: int) -> Tensor:
    where = axis + out.dim() if axis < 0 else axis
    return out if where == out.dim() - 2 else out.movedim(-2, where)


@op("_linalg_gemm", aliases=["linalg_gemm"], amp="fp32")
def gemm(A: Tensor, B: Tensor, C: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, beta: float = 1.0,
         axis: int = -2) -> Tensor:  # fmt: skip
    """alpha op(A) op(B) + beta C, op = transposition if asked for. Rows are `axis`, columns the last axis.

    >>> mx.nd.linalg.gemm(mx.nd.ones((2, 3)), mx.nd.ones((3, 2)), mx.nd.ones((2, 2)), alpha=2.0)
    """
    a, b, c = _rows_last("linalg_gemm", axis, A, B, C)
    product = _multiply("linalg_gemm", a, b, transpose_a, transpose_b)
    if product.shape != c.shape:
        raise MXNetError(f"linalg_gemm: C has shape {tuple(c.shape)}, the product {tuple(product.shape)}; both must be equal. Check C.")
    return _rows_back(alpha * product + beta * c, axis)


@op("_linalg_gemm2", aliases=["linalg_gemm2"], amp="fp32")
def gemm2(A: Tensor, B: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, axis: int = -2) -> Tensor:
    """alpha op(A) op(B), op = transposition if asked for. Rows are `axis`, columns the last axis.

    >>> mx.nd.linalg.gemm2(mx.nd.ones((2, 3)), mx.nd.ones((4, 3)), transpose_b=True)
    """
    if axis == -2 and A.dim() == 2 and B.dim() == 2 and A.dtype is B.dtype and A.dtype in _FLOATS:  # the common case, without more checks
        a, b = A.t() if transpose_a else A, B.t() if transpose_b else B
        if a.shape[1] == b.shape[0]:
            return torch.mm(a, b) if alpha == 1 else alpha * torch.mm(a, b)
    a, b = _rows_last("linalg_gemm2", axis, A, B)
    product = _multiply("linalg_gemm2", a, b, transpose_a, transpose_b)
    return _rows_back(product if alpha == 1 else alpha * product, axis)


@op("_linalg_syrk", aliases=["linalg_syrk"], amp="fp32")
def syrk(A: Tensor, *, transpose: bool = False, alpha: float = 1.0) -> Tensor:
    """alpha A A^T, or alpha A^T A if transpose."""
    _check("linalg_syrk", A)
    a = _flip(A, transpose)
    return alpha * torch.matmul(a, a.transpose(-1, -2))


def _triangle(a: Tensor, lower: bool) -> Tensor:
    return torch.tril(a) if lower else torch.triu(a)


def _check_sides(name: str, a: Tensor, b: Tensor, rightside: bool) -> None:
    _check(name, a, b, square=True)
    if b.shape[-1 if rightside else -2] != a.shape[-1]:
        side = "columns" if rightside else "rows"
        raise MXNetError(
            f"{name}: A is {tuple(a.shape[-2:])}, B {tuple(b.shape[-2:])}; B needs {a.shape[-1]} {side}. Check rightside and the shapes."
        )


@op("_linalg_trmm", aliases=["linalg_trmm"], amp="fp32")
def trmm(A: Tensor, B: Tensor, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0) -> Tensor:
    """alpha op(A) B, or alpha B op(A) if rightside, with the lower (or upper) triangle of the square A; the rest of A is not read."""
    _check_sides("linalg_trmm", A, B, rightside)
    a = _flip(_triangle(A, lower), transpose)
    return alpha * (torch.matmul(B, a) if rightside else torch.matmul(a, B))


@op("_linalg_trsm", aliases=["linalg_trsm"], amp="fp32")
def trsm(A: Tensor, B: Tensor, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0) -> Tensor:
    """X with op(A) X = alpha B, or X op(A) = alpha B if rightside, A a lower (or upper) triangle; the rest of A is not read."""
    _check_sides("linalg_trsm", A, B, rightside)
    a = _flip(_triangle(A, lower), transpose)
    return torch.linalg.solve_triangular(a, alpha * B, upper=lower == transpose, left=not rightside)


@op("_linalg_potrf", aliases=["linalg_potrf"], amp="fp32")
def potrf(A: Tensor, *, lower: bool = True) -> Tensor:
    """The lower triangle L with L L^T = A, A symmetric positive definite (its lower triangle is read). Not definite: MXNetError.

    lower=False: the upper triangle U with U^T U = A, from the upper triangle of A.

    >>> mx.nd.linalg.potrf(mx.nd.array([[4.0, 2.0], [2.0, 3.0]]))
    """
    _check("linalg_potrf", A, square=True)
    return _flip(torch.linalg.cholesky(_flip(A, not lower)), not lower)


@op("_linalg_potri", aliases=["linalg_potri"], amp="fp32")
def potri(A: Tensor, *, lower: bool = True) -> Tensor:
    """(A A^T)^-1 for a lower triangle A, the result of potrf; (A^T A)^-1 for an upper one with lower=False."""
    _check("linalg_potri", A, square=True)
    A = _flip(A, not lower)
    one = torch.eye(A.shape[-1], dtype=A.dtype, device=A.device).expand(A.shape)
    inverse = torch.linalg.solve_triangular(torch.tril(A), one, upper=False)
    return torch.matmul(inverse.transpose(-1, -2), inverse)


@op("_linalg_gelqf", aliases=["linalg_gelqf"], outputs=2, amp="fp32")
def gelqf(A: Tensor) -> tuple[Tensor, Tensor]:
    """(Q, L) with A = L Q for matrices (m, n), m <= n: Q (m, n) has orthonormal rows, L (m, m) is a lower triangle."""
    _check("linalg_gelqf", A)
    if A.shape[-2] > A.shape[-1]:
        raise MXNetError(f"linalg_gelqf: needs at least as many columns as rows, got {tuple(A.shape[-2:])}. Transpose the matrix.")
    q, r = torch.linalg.qr(A.transpose(-1, -2))
    return q.transpose(-1, -2), r.transpose(-1, -2)


class _Eigen(torch.autograd.Function):
    """Eigenvectors as rows, eigenvalues ascending. The gradient is symmetric and stays finite at equal eigenvalues, whose distance it bounds."""

    SMALLEST = {torch.float32: 1e-30, torch.float64: 1e-100}

    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = torch.linalg.eigh(a)
        rows = vectors.transpose(-1, -2)
        if rows.shape[-1]:  # LAPACK leaves the sign open: the component of largest size is positive
            largest = torch.gather(rows, -1, rows.abs().argmax(-1, keepdim=True))
            rows = torch.where(largest < 0, -rows, rows)
        rows = rows.contiguous()
        ctx.save_for_backward(rows, values)
        return rows, values

    @staticmethod
    def backward(ctx: Any, rows_grad: Tensor, values_grad: Tensor) -> Tensor:
        rows, values = ctx.saved_tensors
        turned = torch.matmul(rows_grad, rows.transpose(-1, -2))
        distance = (values[..., :, None] - values[..., None, :]).tril(-1).clamp_min(_Eigen.SMALLEST[values.dtype])
        below = ((turned - turned.transpose(-1, -2)) / (2 * distance)).tril(-1)
        inner = below + below.transpose(-1, -2) + torch.diag_embed(values_grad)
        return torch.matmul(rows.transpose(-1, -2), torch.matmul(inner, rows))


@op("_linalg_syevd", outputs=2, amp="fp32")
def syevd(A: Tensor) -> tuple[Tensor, Tensor]:
    """(U, L) with A = U^T diag(L) U for symmetric A (its lower triangle is read): rows of U are eigenvectors, L ascends."""
    _check("linalg_syevd", A, square=True)
    return _Eigen.apply(A)


@op("_linalg_inverse", aliases=["_npi_inv", "linalg_inverse"], amp="fp32")
def inverse(A: Tensor) -> Tensor:
    """A^-1 of square matrices. Singular: MXNetError."""
    _check("linalg_inverse", A, square=True)
    return torch.linalg.inv(A)


class _Determinant(torch.autograd.Function):
    """(sign, log |det|, det), with gradient 0 for singular matrices."""

    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        sign, size = torch.linalg.slogdet(a)
        ctx.save_for_backward(a, sign)
        return sign, size

    @staticmethod
    def backward(ctx: Any, sign_grad: Tensor, size_grad: Tensor) -> Tensor:
        a, sign = ctx.saved_tensors
        singular = (sign == 0)[..., None, None]
        one = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
        inverse = torch.linalg.inv(torch.where(singular, one, a)).transpose(-1, -2)
        return torch.where(singular, torch.zeros_like(a), size_grad[..., None, None] * inverse)


@op("_linalg_det", aliases=["_npi_det", "linalg_det"], amp="fp32")
def det(A: Tensor) -> Tensor:
    """The determinants of square matrices; the gradient det(A) A^-T is 0 where A is singular. One matrix: shape (1,)."""
    _check("linalg_det", A, square=True)
    if not A.requires_grad:
        return _finish(torch.linalg.det(A))
    sign, size = _Determinant.apply(A)
    return _finish(torch.where(sign == 0, torch.zeros_like(size), sign * torch.exp(torch.where(sign == 0, torch.zeros_like(size), size))))


@op("_linalg_slogdet", aliases=["_npi_slogdet", "linalg_slogdet"], outputs=2, amp="fp32")
def slogdet(A: Tensor) -> tuple[Tensor, Tensor]:
    """(sign, log |det|) of square matrices: sign is 0 and the logarithm -inf, with gradient 0, where A is singular."""
    _check("linalg_slogdet", A, square=True)
    sign, size = _Determinant.apply(A)
    return _finish(sign), _finish(size)


@op("_linalg_sumlogdiag", aliases=["linalg_sumlogdiag"], amp="fp32")
def sumlogdiag(A: Tensor) -> Tensor:
    """The sum of the logarithms of the diagonal, for each square matrix."""
    _check("linalg_sumlogdiag", A, square=True)
    return _finish(torch.log(torch.diagonal(A, dim1=-2, dim2=-1)).sum(-1))


def _check_offset(name: str, a: Tensor, offset: int) -> None:
    if abs(offset) >= a.shape[-1]:
        raise MXNetError(
            f"{name}: offset {offset} leaves nothing of {tuple(a.shape[-2:])} matrices. Use -{a.shape[-1] - 1}..{a.shape[-1] - 1}."
        )


@op("_linalg_extractdiag", aliases=["linalg_extractdiag"], amp="fp32")
def extractdiag(A: Tensor, *, offset: int = 0) -> Tensor:
    """The diagonals (offset > 0: above, < 0: below the main one) of square matrices: (..., n, n) -> (..., n - |offset|)."""
    _check("linalg_extractdiag", A, square=True)
    _check_offset("linalg_extractdiag", A, offset)
    return torch.diagonal(A, offset, -2, -1).clone()


@op("_linalg_makediag", aliases=["linalg_makediag"], amp="fp32")
def makediag(A: Tensor, *, offset: int = 0) -> Tensor:
    """Matrices with a given diagonal and zeros elsewhere: (..., n) -> (..., n + |offset|, n + |offset|)."""
    _check_floats("linalg_makediag", A)
    if not A.dim():
        raise MXNetError("linalg_makediag: needs at least one axis, got a scalar. Reshape to (1,).")
    return torch.diag_embed(A, offset)


def _places(size: int, offset: int, lower: bool, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row and column numbers of a triangle, a lower one row by row, an upper one column by column; an offset decides which it is."""
    rows, columns = torch.tril_indices(size, size, -abs(offset), device=device)
    return (rows, columns) if offset < 0 or (offset == 0 and lower) else (columns, rows)


@op("_linalg_extracttrian", aliases=["linalg_extracttrian"], amp="fp32")
def extracttrian(A: Tensor, *, offset: int = 0, lower: bool = True) -> Tensor:
    """The elements of the lower triangle row by row, or of the upper one column by column: (..., n, n) -> (..., m (m + 1) / 2), m = n - |offset|.

    offset > 0 takes the upper triangle above the diagonal, offset < 0 the lower one below it; `lower` counts only for offset = 0.
    """
    _check("linalg_extracttrian", A, square=True)
    _check_offset("linalg_extracttrian", A, offset)
    rows, columns = _places(A.shape[-1], offset, lower, A.device)
    return A[..., rows, columns]


@op("_linalg_maketrian", aliases=["linalg_maketrian"], amp="fp32")
def maketrian(A: Tensor, *, offset: int = 0, lower: bool = True) -> Tensor:
    """Matrices with a given triangle and zeros elsewhere: the reverse of extracttrian."""
    _check_floats("linalg_maketrian", A)
    count = A.shape[-1] if A.dim() else 0
    side = (math.isqrt(8 * count + 1) - 1) // 2
    if side * (side + 1) // 2 != count or not count:
        raise MXNetError(f"linalg_maketrian: the last axis has size {count}, no triangle has as many elements. Use m (m + 1) / 2.")
    size = side + abs(offset)
    rows, columns = _places(size, offset, lower, A.device)
    flat = torch.zeros((*A.shape[:-1], size * size), dtype=A.dtype, device=A.device)
    return flat.index_copy(-1, rows * size + columns, A).reshape(*A.shape[:-1], size, size)
