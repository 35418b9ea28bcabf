"""NumPy's functions on `mx.np` arrays: decorators for programs that rely on the array protocols, which every NumPy supported here has."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["with_array_function_protocol", "with_array_ufunc_protocol"]


def with_array_function_protocol(func: Callable) -> Callable:
    """The function itself: `numpy.f(x)` calls `mx.np.f` for arrays of `mx.np`."""
    return func


def with_array_ufunc_protocol(func: Callable) -> Callable:
    """The function itself: ufuncs of NumPy call those of `mx.np` for its arrays."""
    return func
