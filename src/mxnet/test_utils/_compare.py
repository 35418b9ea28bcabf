"""Comparing arrays: tolerances by data type, and errors that show the worst places."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import context
from .._runtime.array import Array
from ..context import Context

RTOLS = {
    "float16": 1e-2,
    "float32": 1e-4,
    "float64": 1e-5,
    "bfloat16": 5e-2,
    "bool": 0,
    "int8": 0,
    "uint8": 0,
    "int32": 0,
    "int64": 0,
    "int16": 0,
}
ATOLS = {
    "float16": 1e-1,
    "float32": 1e-3,
    "float64": 1e-20,
    "bfloat16": 1e-1,
    "bool": 0,
    "int8": 0,
    "uint8": 0,
    "int32": 0,
    "int64": 0,
    "int16": 0,
}


def default_context() -> Context:
    """The context that tests use: the current one."""
    return context.current_context()


def set_default_context(ctx: Context) -> None:
    """Choose the context that tests, and everything else in this thread, use where none is given."""
    Context.default_ctx = ctx  # type: ignore[misc]


def default_dtype() -> type:
    """The data type that tests use."""
    return np.float32


def default_rtols() -> dict:
    """Relative tolerance of each data type."""
    return {np.dtype(k): v for k, v in RTOLS.items() if k != "bfloat16"}


def default_atols() -> dict:
    """Absolute tolerance of each data type."""
    return {np.dtype(k): v for k, v in ATOLS.items() if k != "bfloat16"}


def default_numeric_eps() -> dict:
    """Step of finite differences for each data type."""
    return {np.dtype(np.float16): 1e-1, np.dtype(np.float32): 1e-3, np.dtype(np.float64): 1e-4}


def effective_dtype(dat: Any) -> np.dtype:
    """The data type that decides the tolerance."""
    kind = getattr(dat, "dtype", None)
    try:
        return np.dtype(kind) if kind is not None else np.dtype(np.float64)
    except TypeError:
        return np.dtype(np.float16)


def get_tolerance(dat: Any, tol: Any, default_tol: dict) -> float:
    """`tol` if it is a number, `tol[type]` if a dict, else the default of the data's type."""
    if isinstance(tol, (int, float)):
        return tol
    kind = effective_dtype(dat)
    return {**default_tol, **(tol or {})}.get(kind, 0)


def get_tols(x: Any, y: Any, rtol: Any, atol: Any) -> tuple[float, float]:
    """(rtol, atol) for comparing two arrays: the larger ones of their types."""
    rtols, atols = default_rtols(), default_atols()
    return max(get_tolerance(x, rtol, rtols), get_tolerance(y, rtol, rtols)), max(
        get_tolerance(x, atol, atols), get_tolerance(y, atol, atols)
    )


def get_atol(atol: float | None = None, dtype: Any = np.dtype(np.float64)) -> float:
    """`atol`, or the default of the type."""
    return default_atols().get(np.dtype(dtype), 0) if atol is None else atol


def get_rtol(rtol: float | None = None, dtype: Any = np.dtype(np.float64)) -> float:
    """`rtol`, or the default of the type."""
    return default_rtols().get(np.dtype(dtype), 0) if rtol is None else rtol


def get_etol(etol: float | None = None) -> float:
    """The share of elements that may differ."""
    return 0 if etol is None else etol


def as_numpy(a: Any) -> np.ndarray:
    """A NumPy array of anything array like."""
    return a.asnumpy() if isinstance(a, Array) else np.asarray(a)


def same(a: Any, b: Any) -> bool:
    """Whether all elements are equal."""
    return np.array_equal(as_numpy(a), as_numpy(b))


def checkShapes(a: Any, b: Any) -> bool:
    """Assert that shapes are equal (or both scalars)."""
    assert np.shape(a) == np.shape(b), f"shapes differ: {np.shape(a)} and {np.shape(b)}"
    return True


def locationError(a: Any, b: Any, index: Any, names: tuple, maxError: bool = False) -> str:
    """One line that shows two elements and where they are."""
    a, b = as_numpy(a), as_numpy(b)
    place = ", ".join(str(int(i)) for i in index)
    return f"{'largest error' if maxError else 'error'} at ({place}): {names[0]}={a[tuple(index)]:.8f}, {names[1]}={b[tuple(index)]:.8f}"


def almost_equal(a: Any, b: Any, rtol: Any = None, atol: Any = None, equal_nan: bool = False, use_broadcast: bool = True) -> bool:
    """Whether |a - b| <= atol + rtol |b| everywhere."""
    rtol, atol = get_tols(a, b, rtol, atol)
    a, b = as_numpy(a), as_numpy(b)
    if not use_broadcast:
        checkShapes(a, b)
    return bool(np.allclose(a.astype(np.float64), b.astype(np.float64), rtol=rtol, atol=atol, equal_nan=equal_nan))


def assert_almost_equal(a: Any, b: Any, rtol: Any = None, atol: Any = None, names: tuple = ("a", "b"), equal_nan: bool = False,
                        use_broadcast: bool = True, mismatches: tuple = (10, 10)) -> None:  # fmt: skip
    """Assert |a - b| <= atol + rtol |b| everywhere; the error lists up to mismatches[1] places, worst first."""
    rtol, atol = get_tols(a, b, rtol, atol)
    a, b = as_numpy(a), as_numpy(b)
    if not use_broadcast:
        checkShapes(a, b)
    x, y = np.broadcast_arrays(a.astype(np.float64), b.astype(np.float64))
    if np.allclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan):
        return
    with np.errstate(invalid="ignore"):
        error = np.abs(x - y) / (atol + rtol * np.abs(y) + 1e-300)
        bad = ~np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan)
    error = np.where(np.isnan(error), np.inf, error) * bad
    worst = np.argsort(error, axis=None)[::-1][: mismatches[1]]
    lines = [locationError(x, y, np.unravel_index(i, x.shape), names, n == 0) for n, i in enumerate(worst) if bad.flat[i]]
    raise AssertionError(
        f"{names[0]} and {names[1]} differ at {bad.sum()} of {bad.size} places beyond rtol={rtol}, atol={atol}\n" + "\n".join(lines)
    )


def assert_allclose(a: Any, b: Any, rtol: float = 1e-07, atol: float = 0, equal_nan: bool = True) -> None:
    """`assert_almost_equal` with NumPy's defaults."""
    assert_almost_equal(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


def assert_almost_equal_with_err(a: Any, b: Any, rtol: Any = None, atol: Any = None, etol: float | None = None, names: tuple = ("a", "b"),
                                 equal_nan: bool = False, mismatches: tuple = (10, 10)) -> None:  # fmt: skip
    """Assert closeness but for a share `etol` of the elements."""
    share = get_etol(etol)
    if not share:
        return assert_almost_equal(a, b, rtol, atol, names, equal_nan, mismatches=mismatches)
    rtol, atol = get_tols(a, b, rtol, atol)
    x, y = as_numpy(a).astype(np.float64), as_numpy(b).astype(np.float64)
    wrong = float((~np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan)).mean())
    assert wrong <= share, f"{names[0]} and {names[1]} differ at a share of {wrong:.4f} of the places, allowed {share}"
    return None


def assert_almost_equal_ignore_nan(a: Any, b: Any, rtol: Any = None, atol: Any = None, names: tuple = ("a", "b")) -> None:
    """Assert closeness where neither is NaN."""
    x, y = np.copy(as_numpy(a)), np.copy(as_numpy(b))
    skip = np.isnan(x) | np.isnan(y)
    x[skip] = y[skip] = 0
    assert_almost_equal(x, y, rtol, atol, names)


def almost_equal_ignore_nan(a: Any, b: Any, rtol: Any = None, atol: Any = None) -> bool:
    """Whether |a - b| <= atol + rtol |b| wherever neither is NaN."""
    x, y = as_numpy(a), as_numpy(b)
    kept = ~(np.isnan(x) | np.isnan(y))
    return almost_equal(x[kept], y[kept], rtol, atol)


def find_max_violation(a: Any, b: Any, rtol: Any = None, atol: Any = None) -> tuple[tuple, float]:
    """(index, violation) of the place where |a - b| / (atol + rtol |b|) is largest; 1 is just allowed."""
    rtol, atol = get_tols(a, b, rtol, atol)
    x, y = as_numpy(a).astype(np.float64), as_numpy(b).astype(np.float64)
    violation = np.abs(x - y) / (atol + rtol * np.abs(y) + 1e-20)
    return np.unravel_index(np.argmax(violation), violation.shape), violation.max()


def assert_exception(f: Callable, exception_type: type, *args: Any, **kwargs: Any) -> None:
    """Assert that a call raises."""
    try:
        f(*args, **kwargs)
    except exception_type:
        return
    raise AssertionError(f"{f!r} did not raise {exception_type.__name__}")


def compare_ndarray_tuple(t1: Any, t2: Any, rtol: Any = None, atol: Any = None) -> None:
    """Assert closeness of nested tuples of arrays; None equals None."""
    if t1 is None or t2 is None:
        return
    if isinstance(t1, (tuple, list)):
        for a, b in zip(t1, t2):
            compare_ndarray_tuple(a, b, rtol, atol)
    else:
        assert_almost_equal(t1, t2, rtol=rtol, atol=atol)


def same_array(array1: Any, array2: Any) -> bool:
    """Whether two arrays share memory: a change in one shows in the other."""
    array1[:] += 1
    if not same(array1, array2):
        array1[:] -= 1
        return False
    array1[:] -= 1
    return same(array1, array2)


def same_symbol_structure(sym1: Any, sym2: Any) -> bool:
    """Whether two symbols have the same operators, in the same order, connected alike, as far as the shorter graph goes.

    Names and attributes do not matter.
    """

    def rows(sym: Any) -> list[tuple]:
        place = {id(n): i for i, n in enumerate(sym._nodes)}
        return [(None if n.op is None else n.op.name, [(place[id(e)], i) for e, i in n.inputs]) for n in sym._nodes]

    return all(a == b for a, b in zip(rows(sym1), rows(sym2)))


def list_gpus() -> range:
    """Numbers of the accelerators."""
    return range(context.num_gpus())


def is_cd_run() -> bool:
    """Whether this is a continuous-deployment run."""
    return os.environ.get("CD_JOB", "0") == "1"


def is_aarch64_run() -> bool:
    """Whether the machine has an ARM processor."""
    return os.uname().machine == "aarch64"


def has_tvm_ops() -> bool:
    """Operators compiled by TVM: there are none here."""
    return False


def is_op_runnable() -> bool:
    """Whether every operator can run on the tests' context."""
    return True
