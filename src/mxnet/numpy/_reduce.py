"""Reductions, sorting and counting of `mx.np`."""

from __future__ import annotations

from typing import Any

from .._op.registry import NAMES
from .._runtime.invoke import invoke
from ._call import NUMBERS, axes, call, checked, is_array, kind


def _given(**attrs: Any) -> dict:
    return {n: v for n, v in attrs.items() if v is not None}


def sum(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None, out: Any = None) -> Any:
    """The sum over axes; of bool int64."""
    return call("_np_sum", a, out=out, keepdims=keepdims, **_given(axis=axes(axis), dtype=kind(dtype), initial=initial))


def prod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The product over axes."""
    return call("_np_prod", a, out=out, keepdims=keepdims, **_given(axis=axes(axis), dtype=kind(dtype), initial=initial))


def mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """The mean over axes; of integers float32."""
    return call("_npi_mean", a, out=out, keepdims=keepdims, **_given(axis=axes(axis), dtype=kind(dtype)))


def max(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, initial: float | None = None) -> Any:
    """The largest element over axes, at least `initial`."""
    return call("_np_max", a, out=out, keepdims=keepdims, **_given(axis=axes(axis), initial=initial))


def min(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None, initial: float | None = None) -> Any:
    """The smallest element over axes, at most `initial`."""
    return call("_np_min", a, out=out, keepdims=keepdims, **_given(axis=axes(axis), initial=initial))


def std(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """The standard deviation over axes."""
    return call("_npi_std", a, out=out, ddof=ddof, keepdims=keepdims, **_given(axis=axes(axis), dtype=kind(dtype)))


def var(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """The variance over axes."""
    return call("_npi_var", a, out=out, ddof=ddof, keepdims=keepdims, **_given(axis=axes(axis), dtype=kind(dtype)))


def all(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None) -> Any:
    """Whether no element is zero."""
    return call("_np_all", a, out=out, keepdims=keepdims, **_given(axis=axes(axis)))


def any(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None) -> Any:
    """Whether some element is not zero."""
    return call("_np_any", a, out=out, keepdims=keepdims, **_given(axis=axes(axis)))


def argmax(a: Any, axis: int | None = None, out: Any = None) -> Any:
    """The index of the first largest element; int64."""
    return call("_npi_argmax", a, out=out, **_given(axis=axis))


def argmin(a: Any, axis: int | None = None, out: Any = None) -> Any:
    """The index of the first smallest element; int64."""
    return call("_npi_argmin", a, out=out, **_given(axis=axis))


def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, out: Any = None) -> Any:
    """The mean over axes with weights; `returned` adds the sum of the weights."""
    attrs = {"returned": returned, "weighted": weights is not None, **_given(axis=axes(axis))}
    made = call("_npi_average", a, *(() if weights is None else (weights,)), out=out, **attrs)
    return tuple(made) if returned else made


def percentile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: Any = None, interpolation: str = "linear",
               keepdims: bool = False) -> Any:  # fmt: skip
    """The q-th percentiles (0..100)."""
    if overwrite_input is not None:
        raise NotImplementedError("mx.np.percentile: overwrite_input is not supported. Leave it away.")
    attrs = {"interpolation": interpolation, "keepdims": keepdims, **_given(axis=axes(axis))}
    if isinstance(q, NUMBERS):
        return call("_npi_percentile", a, out=out, q_scalar=float(q), **attrs)
    return call("_npi_percentile", a, q, out=out, **attrs)


def quantile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: Any = None, interpolation: str = "linear",
             keepdims: bool = False) -> Any:  # fmt: skip
    """The q-th quantiles (0..1)."""
    q = q * 100 if isinstance(q, NUMBERS) else checked(q, "quantile") * 100
    return percentile(a, q, axis, out, overwrite_input, interpolation, keepdims)


def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running sums along an axis, or over the flattened array."""
    return call("_np_cumsum", a, out=out, **_given(axis=axis, dtype=kind(dtype)))


def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Any:
    """Elements in ascending order along an axis (None: of the flattened array)."""
    if order is not None:
        raise NotImplementedError("mx.np.sort: order is not supported. Leave it away.")
    return call("_npi_sort", a, is_ascend=True, axis=axis) if axis is not None else call("_npi_sort", a.reshape(-1), axis=0)


def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Any:
    """The indices that sort an array along an axis; int64."""
    if order is not None:
        raise NotImplementedError("mx.np.argsort: order is not supported. Leave it away.")
    x = checked(a, "argsort") if axis is not None else checked(a, "argsort").reshape(-1)
    return call("_npi_argsort", x, axis=-1 if axis is None else axis, is_ascend=True, dtype="int64")


def unique(ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: int | None = None) -> Any:
    """The different elements in order; on demand the first index of each, the way back, and counts (int64)."""
    made = call(
        "_npi_unique", ar, return_index=return_index, return_inverse=return_inverse, return_counts=return_counts, **_given(axis=axis)
    )
    return tuple(made) if isinstance(made, list) else made


def nonzero(a: Any) -> tuple:
    """The indices of elements that are not zero, one array for each axis."""
    return tuple(call("_npx_nonzero", a).T)


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2 ... occurs, or the sums of their weights."""
    arrays = (x,) if weights is None else (x, weights)
    return call("_npi_bincount", *arrays, minlength=minlength, has_weights=weights is not None)


def histogram(a: Any, bins: Any = 10, range: Any = None, normed: Any = None, weights: Any = None, density: Any = None) -> Any:
    """How many elements fall into each bin, and the bins' borders."""
    if normed or weights is not None or density:
        raise NotImplementedError("mx.np.histogram: normed, weights and density are not supported. Leave them away.")
    if is_array(bins):
        return invoke(NAMES["_histogram"].prepare(), (checked(a, "histogram"), bins), NAMES["_histogram"].parse({}))
    if range is None:
        raise NotImplementedError("mx.np.histogram: an automatic range is not supported. Pass range=(low, high).")
    return call("_npi_histogram", a, bin_cnt=bins, range=tuple(range))


amax, amin, product, sometrue = max, min, prod, any
FUNCTIONS = {f.__name__: f for f in (sum, prod, mean, max, min, std, var, all, any, argmax, argmin, average, percentile, quantile, cumsum, sort,
                                     argsort, unique, nonzero, bincount, histogram)}  # fmt: skip
FUNCTIONS |= {"amax": max, "amin": min, "product": prod, "sometrue": any}
