"""Products and linear algebra of `mx.np`. Matrices stand in the last two axes; float32 and float64 (products: any type)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .binary import check_types
from .params import Shape
from .registry import op


def _product(name: str, a: Tensor, b: Tensor) -> None:
    check_types(name, a, b)


def _tensordot(name: str, a: Tensor, b: Tensor, first: list[int], second: list[int]) -> Tensor:
    left, right = [a.shape[i] for i in first], [b.shape[i] for i in second]
    if left != right:
        raise MXNetError(f"{name}: axes {first} of a {tuple(a.shape)} and {second} of b {tuple(b.shape)} differ in size. Make them equal.")
    if a.dtype == torch.bool:
        return torch.tensordot(a.int(), b.int(), (first, second)).bool()
    return torch.tensordot(a, b, (first, second))


@op("_np_dot", amp="low")
def dot(a: Tensor, b: Tensor) -> Tensor:
    """Products summed over the last axis of a and the last but one of b (its only one for vectors); a number multiplies."""
    _product("dot", a, b)
    if a.dim() == 0 or b.dim() == 0:
        return a * b
    return _tensordot("dot", a, b, [a.dim() - 1], [max(b.dim() - 2, 0)])


@dot.complete_shapes
def _dot_shapes(shapes: dict, **_: object) -> dict:
    """What is summed over has one size in both arrays."""
    a, b = shapes.get("a"), shapes.get("b")
    if a and b:
        place = max(len(b) - 2, 0)
        shapes["b"] = (*b[:place], a[-1], *b[place + 1 :])
        shapes["a"] = (*a[:-1], b[place] if b[place] > 0 else a[-1])
    return shapes


@op("_npi_matmul", amp="low")
def matmul(a: Tensor, b: Tensor) -> Tensor:
    """The matrix product of the last two axes, the others broadcast; vectors are rows on the left and columns on the right."""
    _product("matmul", a, b)
    if a.dim() == 0 or b.dim() == 0:
        raise MXNetError("matmul: numbers have no matrix product. Use multiply.")
    if a.shape[-1] != b.shape[max(b.dim() - 2, 0)]:
        raise MXNetError(f"matmul: a {tuple(a.shape)} and b {tuple(b.shape)} do not fit: {a.shape[-1]} columns. Give b as many rows.")
    return torch.matmul(a, b)


@op("_npi_tensordot", amp="low")
def tensordot(a: Tensor, b: Tensor, *, a_axes_summed: Shape, b_axes_summed: Shape) -> Tensor:
    """Products summed over pairs of axes."""
    _product("tensordot", a, b)
    if len(a_axes_summed) != len(b_axes_summed):
        raise MXNetError(f"tensordot: axes {a_axes_summed} and {b_axes_summed} differ in number. Pass pairs of axes.")
    return _tensordot("tensordot", a, b, [i % a.dim() for i in a_axes_summed], [i % b.dim() for i in b_axes_summed])


@op("_npi_tensordot_int_axes", amp="low")
def tensordot_int_axes(a: Tensor, b: Tensor, *, axes: int) -> Tensor:
    """Products summed over the last `axes` axes of a and the first of b."""
    _product("tensordot", a, b)
    if axes > min(a.dim(), b.dim()):
        raise MXNetError(f"tensordot: {axes} axes of a {tuple(a.shape)} and b {tuple(b.shape)}. Use at most {min(a.dim(), b.dim())}.")
    return _tensordot("tensordot", a, b, list(range(a.dim() - axes, a.dim())), list(range(axes)))


@op("_npi_einsum", count_attr="num_args", amp="low")
def einsum(*data: Tensor, num_args: int = 0, subscripts: str = "", optimize: int = 0) -> Tensor:
    """Products summed as `subscripts` say."""
    for other in data[1:]:
        check_types("einsum", data[0], other)
    return torch.einsum(subscripts, *data)


# ---- decompositions and equations


def _matrix(name: str, *matrices: Tensor, square: bool = False) -> None:
    for m in matrices:
        if m.dtype not in (torch.float32, torch.float64):
            raise MXNetError(f"{name}: takes float32 or float64, got {str(m.dtype)[6:]}. Convert with astype.")
        if m.dim() < 2 or square and m.shape[-1] != m.shape[-2]:
            kind = "square matrices" if square else "matrices"
            raise MXNetError(f"{name}: takes {kind}, got shape {tuple(m.shape)}. Reshape it.")


def _real(A: Tensor) -> Tensor:
    """Integers as float64."""
    return A if A.is_floating_point() else A.double()


@op("_npi_cholesky", amp="fp32", lenient=False)
def cholesky(A: Tensor) -> Tensor:
    """The lower triangle L with L L^T = A."""
    _matrix("cholesky", A, square=True)
    return torch.linalg.cholesky(A)


@op("_npi_solve", amp="fp32")
def solve(A: Tensor, B: Tensor) -> Tensor:
    """X with A X = B."""
    _matrix("solve", A, square=True)
    check_types("solve", A, B)
    if B.dim() == 1:
        return torch.linalg.solve(A, B.unsqueeze(-1)).squeeze(-1)
    return torch.linalg.solve(A, B)


@op("_npi_svd", amp="fp32", outputs=3)
def svd(A: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """UT, L, V with A = UT diag(L) V; L in descending order."""
    _matrix("svd", A)
    u, s, v = torch.linalg.svd(A, full_matrices=False)
    return u, s, v


@op("_npi_eigh", amp="fp32", outputs=2)
def eigh(A: Tensor, *, UPLO: Literal["L", "U"] = "L") -> tuple[Tensor, Tensor]:
    """Eigenvalues in ascending order and eigenvectors (columns) of a symmetric matrix, of which one triangle is read."""
    A = _real(A)
    _matrix("eigh", A, square=True)
    w, v = torch.linalg.eigh(A, UPLO=UPLO)
    return w, v


@op("_npi_eigvalsh", amp="fp32")
def eigvalsh(A: Tensor, *, UPLO: Literal["L", "U"] = "L") -> Tensor:
    """Eigenvalues of a symmetric matrix in ascending order."""
    A = _real(A)
    _matrix("eigvalsh", A, square=True)
    return torch.linalg.eigvalsh(A, UPLO=UPLO)


@op("_npi_eig", amp="fp32", outputs=2, zero_grad=True)
def eig(A: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors (columns) of a matrix whose eigenvalues are real."""
    A = _real(A)
    _matrix("eig", A, square=True)
    w, v = torch.linalg.eig(A.detach())
    return w.real.contiguous(), v.real.contiguous()


@op("_npi_eigvals", amp="fp32", zero_grad=True)
def eigvals(A: Tensor) -> Tensor:
    """Eigenvalues of a matrix whose eigenvalues are real."""
    A = _real(A)
    _matrix("eigvals", A, square=True)
    return torch.linalg.eigvals(A.detach()).real.contiguous()


@op("_npi_pinv", amp="fp32", zero_grad=True)
def pinv(A: Tensor, rcond: Tensor, *, hermitian: bool = False) -> Tensor:
    """The pseudo-inverse; singular values below rcond times the largest count as zero."""
    _matrix("pinv", A)
    return torch.linalg.pinv(A, rtol=rcond.to(A.dtype), hermitian=hermitian)


@op("_npi_pinv_scalar_rcond", amp="fp32", zero_grad=True)
def pinv_scalar_rcond(A: Tensor, *, rcond: float = 1e-15, hermitian: bool = False) -> Tensor:
    """The pseudo-inverse; singular values below rcond times the largest count as zero."""
    _matrix("pinv", A)
    return torch.linalg.pinv(A, rtol=rcond, hermitian=hermitian)


@op("_npi_tensorinv", amp="fp32")
def tensorinv(a: Tensor, *, ind: int = 2) -> Tensor:
    """The inverse of a as a map from its last axes to its first `ind`."""
    rows = 1
    for n in a.shape[:ind]:
        rows *= n
    if ind <= 0 or rows * rows != a.numel():
        raise MXNetError(f"tensorinv: the first {ind} axes of {tuple(a.shape)} must hold as many elements as the others. Check ind.")
    return torch.linalg.inv(a.reshape(rows, rows)).reshape(*a.shape[ind:], *a.shape[:ind])


@op("_npi_tensorsolve", amp="fp32")
def tensorsolve(a: Tensor, b: Tensor, *, a_axes: Shape | None = ()) -> Tensor:
    """x with tensordot(a, x, x.ndim) = b; the axes `a_axes` of a are moved to its end first."""
    check_types("tensorsolve", a, b)
    if a_axes:
        last = [i % a.dim() for i in a_axes]
        a = a.permute(*[i for i in range(a.dim()) if i not in last], *last)
    shape = a.shape[b.dim() :]
    if b.numel() ** 2 != a.numel():
        raise MXNetError(f"tensorsolve: a {tuple(a.shape)} is not square for b {tuple(b.shape)}. Check the shapes.")
    return torch.linalg.solve(a.reshape(b.numel(), -1), b.reshape(-1)).reshape(shape)


@op("_npi_norm", amp="fp32")
def norm(data: Tensor, *, ord: str = "", axis: Shape | None = None, keepdims: bool = False, flag: int | None = None) -> Tensor:
    """A norm over `axis` (all axes by default): of vectors for one axis, of matrices for two."""
    if not data.is_floating_point():
        raise MXNetError(f"norm: takes float types, got {str(data.dtype)[6:]}. Convert with astype.")
    axes = tuple(range(data.dim())) if axis is None else tuple(i % data.dim() for i in axis)
    if flag is not None:  # `ord` is 2 then, whatever the norm
        ord = {1: "fro" if len(axes) == 2 else "", 2: "nuc", -2: ""}.get(flag, ord)
    if ord in ("", "fro", "None") and not (ord == "fro" and len(axes) != 2):
        return torch.linalg.vector_norm(data, 2, axes or None, keepdim=keepdims)
    order = ord if ord in ("fro", "nuc") else float(ord)
    if len(axes) == 1 and not isinstance(order, str):
        return torch.linalg.vector_norm(data, order, axes, keepdim=keepdims)
    if len(axes) != 2:
        raise MXNetError(f"norm: ord {ord!r} does not fit {len(axes)} axes. Use one axis for vectors, two for matrices.")
    return torch.linalg.matrix_norm(data, order, axes, keepdim=keepdims)
