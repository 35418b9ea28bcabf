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
    return call("_npi_norm", x, ord="" if ord is None else str(ord), keepdims=keepdims, **attrs)


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
    made = call("_npi_det", a)
    return made if isinstance(a, Symbol) else made.reshape(a.shape[:-2])


def slogdet(a: Any) -> tuple:
    """The sign and the logarithm of the absolute value of the determinant."""
    made = call("_npi_slogdet", a)
    return tuple(made) if isinstance(a, Symbol) else tuple(part.reshape(a.shape[:-2]) for part in made)


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
