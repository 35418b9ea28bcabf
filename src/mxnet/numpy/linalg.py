"""`mx.np.linalg`: linear algebra; functions that NumPy computes (`qr`, `lstsq`, `cond` ...) have no gradient."""

from __future__ import annotations

from typing import Any

from .._runtime.array import Classes
from ..symbol.symbol import Symbol
from ._call import call
from .fallback import LINALG

__all__ = ["norm", "svd", "cholesky", "inv", "det", "slogdet", "solve", "tensorinv", "tensorsolve", "pinv", "eigvals", "eig", "eigvalsh", "eigh",
           *LINALG]  # fmt: skip
globals().update(LINALG)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """A norm of vectors (ord: a number, inf, -inf, 0) or of matrices (ord: 'fro', 'nuc', 1, -1, 2, -2, inf, -inf).

    ord None is the root of the sum of squares over `axis`, by default over all axes.
    """
    which = axis if axis is None or isinstance(axis, (tuple, list)) else (axis,)
    attrs = {} if which is None else {"axis": tuple(which)}
    if isinstance(x, Symbol):
        return _symbol_norm(x, ord, None if which is None else tuple(which), keepdims)
    return call("_npi_norm", x, ord="" if ord is None else str(ord), keepdims=keepdims, **attrs)


def _symbol_norm(x: Symbol, ord: Any, axis: tuple | None, keepdims: bool) -> Any:
    """The norm as graph files of 1.9.1 hold it: a flag beside a number, and orders that are maxima or minima computed from others."""
    if ord in (float("inf"), float("-inf"), "inf", "-inf") or ord in (1, -1) and axis is not None and len(axis) == 2:
        return _extreme_norm(x, str(ord), axis, keepdims)
    if axis is None and ord is None:
        flag = -2
    elif ord in (None, "fro", "f"):
        flag = 1
    else:
        flag = 2 if ord == "nuc" else 0 if ord in (2, -2) and axis is not None and len(axis) == 2 else -1
    order = 2 if ord is None or isinstance(ord, str) else ord
    return call("_npi_norm", x, ord=str(order), axis=axis, keepdims=keepdims, flag=flag)


def _extreme_norm(x: Symbol, ord: str, axis: tuple | None, keepdims: bool) -> Any:
    size = call("_npi_absolute", x)
    pick = "_np_min" if ord.startswith("-") else "_np_max"
    if axis is not None and len(axis) == 2:  # sums along one axis, then the extreme of the other
        summed = axis[1] if ord.endswith("inf") else axis[0]
        return _squeezed(call(pick, call("_np_sum", size, axis=(summed,), keepdims=True), axis=axis, keepdims=True), axis, keepdims)
    return call(pick, size, axis=axis, keepdims=keepdims)


def _squeezed(x: Symbol, axis: tuple, keepdims: bool) -> Any:
    return x if keepdims else call("_np_squeeze", x, axis=axis)


def svd(a: Any) -> tuple:
    """UT, L, V with a = UT diag(L) V."""
    return tuple(call("_npi_svd", a))


def cholesky(a: Any) -> Any:
    """The lower triangle L with L L^T = a."""
    return call("_npi_cholesky", a)


def inv(a: Any) -> Any:
    """The inverse."""
    return call("_npi_inv", a)


def det(a: Any) -> Any:
    """The determinant."""
    if isinstance(a, Symbol):  # the operator gives one matrix a determinant of shape (1,)
        return call("_np_squeeze", call("_npi_det", call("_npi_expand_dims", a, axis=0)), axis=(0,))
    return call("_npi_det", a).reshape(a.shape[:-2])


def slogdet(a: Any) -> tuple:
    """The sign and the logarithm of the absolute value of the determinant."""
    if isinstance(a, Symbol):
        return tuple(call("_np_squeeze", part, axis=(0,)) for part in call("_npi_slogdet", call("_npi_expand_dims", a, axis=0)))
    return tuple(part.reshape(a.shape[:-2]) for part in call("_npi_slogdet", a))


def solve(a: Any, b: Any) -> Any:
    """x with a x = b."""
    return call("_npi_solve", a, b)


def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of a as a map from its last axes to its first `ind`."""
    return call("_npi_tensorinv", a, ind=ind)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """x with tensordot(a, x, x.ndim) = b."""
    return call("_npi_tensorsolve", a, b, **({} if axes is None else {"a_axes": tuple(axes)}))


def pinv(a: Any, rcond: Any = 1e-15, hermitian: bool = False) -> Any:
    """The pseudo-inverse."""
    if hermitian:
        raise NotImplementedError("mx.np.linalg.pinv: hermitian=True is not supported. Leave it away.")
    if isinstance(rcond, (Classes.numpy, Symbol)):
        return call("_npi_pinv", a, rcond, hermitian=hermitian)
    return call("_npi_pinv_scalar_rcond", a, rcond=rcond, hermitian=hermitian)


def eigvals(a: Any) -> Any:
    """Eigenvalues, which must be real."""
    return call("_npi_eigvals", a)


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues of a symmetric matrix in ascending order."""
    return call("_npi_eigvalsh", a, UPLO=UPLO)


def eig(a: Any) -> tuple:
    """Eigenvalues, which must be real, and eigenvectors."""
    return tuple(call("_npi_eig", a))


def eigh(a: Any, UPLO: str = "L") -> tuple:
    """Eigenvalues of a symmetric matrix in ascending order, and eigenvectors."""
    return tuple(call("_npi_eigh", a, UPLO=UPLO))
