"""Functions that `mx.np` takes from NumPy as they are: arrays are copied to NumPy and back, without gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from .._runtime.array import Array
from ._call import named
from ._creation import array

_NAMES = """allclose apply_along_axis apply_over_axes argpartition argwhere array_equal array_equiv choose compress corrcoef correlate
count_nonzero cov digitize divmod extract flatnonzero float_power frexp heaviside histogram2d histogram_bin_edges histogramdd i0 in1d interp
intersect1d isclose isin ix_ lexsort min_scalar_type modf msort nanargmax nanargmin nancumprod nancumsum nanmax nanmedian nanmin nanpercentile
nanprod nanquantile nanstd nansum nanvar ndim packbits partition piecewise poly polyadd polydiv polyfit polyint polymul polysub positive
promote_types ptp real result_type roots searchsorted select setdiff1d setxor1d signbit size spacing take_along_axis trapz tril_indices_from
trim_zeros triu_indices_from union1d unpackbits unwrap vander""".split()
_LINALG = ["cond", "lstsq", "matrix_power", "matrix_rank", "multi_dot", "qr"]
#: what NumPy 2 calls differently
_RENAMED: dict[str, Callable] = {
    "in1d": onp.isin,
    "trapz": getattr(onp, "trapezoid", None) or onp.trapz,
    "msort": lambda a: onp.sort(a, axis=0),
}  # type: ignore[attr-defined]


def to_numpy(value: Any) -> Any:
    """Arrays inside any nesting of lists, tuples and dicts as NumPy arrays."""
    if isinstance(value, Array):
        return value.asnumpy()
    if isinstance(value, (list, tuple)):
        return type(value)(to_numpy(v) for v in value)
    return {k: to_numpy(v) for k, v in value.items()} if isinstance(value, dict) else value


def from_numpy(value: Any) -> Any:
    """NumPy arrays inside any nesting of lists and tuples as `mx.np.ndarray`, NumPy numbers as Python's."""
    if isinstance(value, onp.generic):
        return value.item()
    if isinstance(value, onp.ndarray):
        return array(value, dtype=value.dtype)
    if isinstance(value, (list, tuple)):
        return tuple(from_numpy(v) for v in value) if isinstance(value, tuple) else [from_numpy(v) for v in value]
    return value


def borrowed(name: str, function: Callable) -> Callable:
    """NumPy's function on `mx.np` arrays."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return from_numpy(function(*to_numpy(args), **to_numpy(kwargs)))

    return named(call, name, f"NumPy's {name}, computed by NumPy on a copy; without gradient.")


FUNCTIONS = {n: borrowed(n, _RENAMED.get(n) or getattr(onp, n)) for n in _NAMES if n in _RENAMED or hasattr(onp, n)}
FUNCTIONS["alltrue"] = borrowed("alltrue", onp.all)
LINALG = {n: borrowed(n, getattr(onp.linalg, n)) for n in _LINALG}
globals().update(FUNCTIONS)
