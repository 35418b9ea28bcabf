"""Products of matrices and higher arrays. float16 and bfloat16 accumulate in float32."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .binary import check_types
from .registry import op


def _check_floats(name: str, lhs: Tensor, rhs: Tensor) -> None:
    check_types(name, lhs, rhs)
    if not lhs.is_floating_point():
        raise MXNetError(f"{name}: needs float arrays, got {str(lhs.dtype).replace('torch.', '')}. Convert with astype('float32').")


@op("dot", aliases=["_sparse_dot"], amp="widest")
def dot(lhs: Tensor, rhs: Tensor, *, transpose_a: bool = False, transpose_b: bool = False,
        forward_stype: Literal[None, "csr", "default", "row_sparse"] = None) -> Tensor:  # fmt: skip
    """The sum over the last axis of lhs and the first of rhs (transpose_a: the first of lhs; transpose_b: the last of rhs).

    Shapes: (n, k) . (k, m) -> (n, m); vectors give shape (1,); (..., k) . (k, ...) -> (..., ...). Storage: csr . dense is dense with a
    row-sparse gradient of rhs; csr.T . dense can be row-sparse (forward_stype).

    >>> mx.nd.dot(mx.nd.ones((2, 3)), mx.nd.ones((3, 4)))
    """
    if lhs.dtype is not rhs.dtype or not lhs.is_floating_point():
        _check_floats("dot", lhs, rhs)
    if lhs.dim() == 2 and rhs.dim() == 2:
        a, b = lhs.t() if transpose_a else lhs, rhs.t() if transpose_b else rhs
        try:
            return torch.mm(a, b)
        except RuntimeError:
            if a.shape[1] != b.shape[0]:
                _disagree(lhs, rhs, transpose_a, transpose_b)
            raise
    if lhs.dim() == 1 and rhs.dim() == 1:
        if lhs.shape != rhs.shape:
            _disagree(lhs, rhs, transpose_a, transpose_b)
        return torch.dot(lhs, rhs).reshape(1)
    if not lhs.dim() or not rhs.dim():
        raise MXNetError("dot: arrays need at least one axis. Reshape to (1,).")
    left, right = (0 if transpose_a else lhs.dim() - 1), (rhs.dim() - 1 if transpose_b else 0)
    if lhs.shape[left] != rhs.shape[right]:
        _disagree(lhs, rhs, transpose_a, transpose_b)
    return torch.tensordot(lhs, rhs, dims=([left], [right]))


def _disagree(lhs: Tensor, rhs: Tensor, transpose_a: bool, transpose_b: bool) -> None:
    flags = "".join(f", transpose_{n}=True" for n, on in (("a", transpose_a), ("b", transpose_b)) if on)
    raise MXNetError(f"dot: shapes {tuple(lhs.shape)} and {tuple(rhs.shape)} do not fit{flags}. The summed axes must be of equal size.")


@op("batch_dot", aliases=["_npx_batch_dot"], amp="widest")
def batch_dot(lhs: Tensor, rhs: Tensor, *, transpose_a: bool = False, transpose_b: bool = False,
              forward_stype: Literal[None, "csr", "default", "row_sparse"] = None) -> Tensor:  # fmt: skip
    """The products of matrices: (..., n, k) . (..., k, m) -> (..., n, m), with equal leading axes."""
    if lhs.dtype is not rhs.dtype or not lhs.is_floating_point():
        _check_floats("batch_dot", lhs, rhs)
    if lhs.dim() < 3 or lhs.dim() != rhs.dim() or lhs.shape[:-2] != rhs.shape[:-2]:
        raise MXNetError(
            f"batch_dot: shapes {tuple(lhs.shape)} and {tuple(rhs.shape)} need three axes or more, equal but for the last two. Reshape."
        )
    a = lhs.transpose(-1, -2) if transpose_a else lhs
    b = rhs.transpose(-1, -2) if transpose_b else rhs
    if a.shape[-1] != b.shape[-2]:
        raise MXNetError(
            f"batch_dot: matrices {tuple(a.shape[-2:])} and {tuple(b.shape[-2:])} do not fit. The summed axes must be of equal size."
        )
    return torch.matmul(a, b)


@op("khatri_rao", amp="fp32", lenient=False)
def khatri_rao(*args: Tensor) -> Tensor:
    """The column-wise Kronecker product of matrices (n_i, k): shape (n_1 n_2 ..., k)."""
    if not args or any(a.dim() != 2 or a.shape[1] != args[0].shape[1] for a in args):
        raise MXNetError(f"khatri_rao: needs matrices with as many columns, got {[tuple(a.shape) for a in args]}. Check the shapes.")
    out = args[0]
    for a in args[1:]:
        out = (out[:, None, :] * a[None, :, :]).reshape(-1, out.shape[1])
    return out.clone() if len(args) == 1 else out
