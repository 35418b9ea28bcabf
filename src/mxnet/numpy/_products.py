"""Products of `mx.np`."""

from __future__ import annotations

from typing import Any

from ..symbol.symbol import Symbol
from ._call import call, checked
from ._shape import ravel


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """Products summed over the last axis of a and the last but one of b."""
    return call("_np_dot", a, b, out=out)


def matmul(a: Any, b: Any, out: Any = None, **kwargs: Any) -> Any:
    """The matrix product of the last two axes."""
    return call("_npi_matmul", a, b, out=out)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Products summed over pairs of axes, or over the last `axes` of a and the first of b."""
    if isinstance(axes, int):
        return call("_npi_tensordot_int_axes", a, b, axes=axes)
    if len(axes) != 2:
        raise ValueError(f"mx.np.tensordot: axes must be an int or two lists of axes, got {axes}. Pass (a_axes, b_axes).")
    first, second = ((x,) if isinstance(x, int) else tuple(x) for x in axes)
    if len(first) != len(second):
        raise ValueError(f"mx.np.tensordot: axes {first} and {second} differ in number. Pass pairs of axes.")
    return call("_npi_tensordot", a, b, a_axes_summed=first, b_axes_summed=second)


def inner(a: Any, b: Any) -> Any:
    """Products summed over the last axes."""
    if any(not isinstance(checked(x, "inner"), Symbol) and x.ndim == 0 for x in (a, b)):
        return a * b
    return tensordot(a, b, ((-1,), (-1,)))


def outer(a: Any, b: Any) -> Any:
    """The products of each element of a with each of b."""
    return tensordot(ravel(a), ravel(b), 0)


def vdot(a: Any, b: Any) -> Any:
    """The sum of products of all elements."""
    return tensordot(ravel(a), ravel(b), 1)


def einsum(*operands: Any, **kwargs: Any) -> Any:
    """Products summed as the first argument says: `einsum("ij,jk->ik", a, b)`."""
    out, optimize = kwargs.pop("out", None), kwargs.pop("optimize", False)
    if kwargs:
        raise TypeError(f"mx.np.einsum: unknown argument {next(iter(kwargs))!r}. Use out and optimize.")
    subscripts, *arrays = operands
    return call("_npi_einsum", *arrays, out=out, num_args=len(arrays), subscripts=subscripts, optimize=int(bool(optimize)))


def polyval(p: Any, x: Any) -> Any:
    """The polynomial with coefficients p (highest power first) at x."""
    return call("_npi_polyval", p, x)


FUNCTIONS = {f.__name__: f for f in (dot, matmul, tensordot, inner, outer, vdot, einsum, polyval)}
