"""Symbols and the functions that make them (MXNet's module of this name)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _dtype, attribute
from .._op.registry import NAMES
from ..base import integer_types, numeric_types, string_types
from ..error import MXNetError
from ._function import create
from ._node import HIDDEN, Node, graph_texts
from ._symbol import Group, Symbol, load, load_json, split_v2

__all__ = ["Symbol", "var", "Variable", "Group", "load", "load_json", "pow", "power", "maximum", "minimum", "hypot", "eye", "zeros", "ones", "full",
           "arange", "linspace", "histogram", "split_v2", "integer_types", "numeric_types", "string_types"]  # fmt: skip

_STYPES = {"default": "0", "row_sparse": "1", "csr": "2"}


def var(name: str, attr: dict | None = None, shape: Any = None, lr_mult: float | None = None, wd_mult: float | None = None, dtype: Any = None,
        init: Any = None, stype: str | None = None, profiler_scope: Any = None, **kwargs: Any) -> Symbol:  # fmt: skip
    """A free variable. What is given about it travels with the graph: shape, dtype, multipliers of the optimizer, initializer, storage type."""
    if not isinstance(name, str):
        raise TypeError(f"var: name must be a str, got {type(name).__name__}. Pass a name.")
    texts = graph_texts(attribute.current().get(attr))
    given: tuple[tuple[str, Any], ...] = (("shape", shape), ("lr_mult", lr_mult), ("wd_mult", wd_mult))
    for key, value in given:
        if value is not None:
            texts[f"__{key}__"] = str(tuple(value) if key == "shape" and not isinstance(value, int) else value)
    if dtype is not None:
        texts["__dtype__"] = str(_dtype.BY_TORCH[_dtype.to_torch(dtype, "var")].flag)
    if init is not None:
        texts["__init__"] = init if isinstance(init, str) else init.dumps()
    if stype is not None:
        if stype not in _STYPES:
            raise MXNetError(f"var: stype {stype!r} is unknown. Use default, row_sparse or csr.")
        texts["__storage_type__"] = _STYPES[stype]
    for key, value in kwargs.items():
        if not (key.startswith("__") and key.endswith("__")) and key not in HIDDEN:
            raise ValueError(f"var: attribute {key!r} is not supported. Write it as __{key}__ to attach it to the graph.")
        texts[f"__{key}__" if key in HIDDEN else key] = str(value)
    return Symbol([(Node(None, name, texts), 0)])


Variable = var


def _either(name: str, array_op: str, scalar_op: str, reverse_op: str, left: Any, right: Any, python: Any) -> Any:
    if isinstance(left, Symbol) and isinstance(right, Symbol):
        return create(NAMES[array_op], array_op, (left, right), {})
    if isinstance(left, Symbol) and isinstance(right, (int, float, np.number)):
        return create(NAMES[scalar_op], scalar_op, (left,), {"scalar": right})
    if isinstance(right, Symbol) and isinstance(left, (int, float, np.number)):
        return create(NAMES[reverse_op], reverse_op, (right,), {"scalar": left})
    if isinstance(left, (int, float, np.number)) and isinstance(right, (int, float, np.number)):
        return python(left, right)
    raise TypeError(f"{name}: takes symbols and numbers, got {type(left).__name__} and {type(right).__name__}. Pass these.")


def pow(base: Any, exp: Any) -> Any:
    """base ** exp."""
    return _either("pow", "_Power", "_PowerScalar", "_RPowerScalar", base, exp, lambda a, b: a**b)


def power(base: Any, exp: Any) -> Any:
    """base ** exp."""
    return pow(base, exp)


def maximum(left: Any, right: Any) -> Any:
    """The larger one, elementwise."""
    return _either("maximum", "_Maximum", "_MaximumScalar", "_MaximumScalar", left, right, max)


def minimum(left: Any, right: Any) -> Any:
    """The smaller one, elementwise."""
    return _either("minimum", "_Minimum", "_MinimumScalar", "_MinimumScalar", left, right, min)


def hypot(left: Any, right: Any) -> Any:
    """sqrt(left^2 + right^2)."""
    return _either("hypot", "_Hypot", "_HypotScalar", "_HypotScalar", left, right, lambda a, b: float(np.hypot(a, b)))


def _type(dtype: Any) -> str:
    return _dtype.name_of(_dtype.to_torch(dtype))


def eye(N: int, M: int = 0, k: int = 0, dtype: Any = None, **kwargs: Any) -> Symbol:
    """A matrix with ones on the k-th diagonal."""
    return create(NAMES["_eye"], "_eye", (), {"N": N, "M": M, "k": k, "dtype": _type(dtype), **kwargs})


def zeros(shape: Any, dtype: Any = None, **kwargs: Any) -> Symbol:
    """An array of zeros."""
    return create(NAMES["_zeros"], "_zeros", (), {"shape": shape, "dtype": _type(dtype), **kwargs})


def ones(shape: Any, dtype: Any = None, **kwargs: Any) -> Symbol:
    """An array of ones."""
    return create(NAMES["_ones"], "_ones", (), {"shape": shape, "dtype": _type(dtype), **kwargs})


def full(shape: Any, val: float, dtype: Any = None, **kwargs: Any) -> Symbol:
    """An array filled with one value."""
    return create(NAMES["_full"], "_full", (), {"shape": shape, "dtype": _type(dtype), "value": float(val), **kwargs})


def arange(start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1, infer_range: bool = False, name: str | None = None,
           dtype: Any = None) -> Symbol:  # fmt: skip
    """start, start + step, ... below stop, each `repeat` times."""
    attrs = {"start": start, "stop": stop, "step": step, "repeat": repeat, "infer_range": infer_range, "name": name, "dtype": _type(dtype)}
    return create(NAMES["_arange"], "_arange", (), attrs)


def linspace(start: float, stop: float, num: int, endpoint: bool = True, name: str | None = None, dtype: Any = None) -> Symbol:
    """`num` evenly spaced values from start to stop."""
    attrs = {"start": start, "stop": stop, "num": num, "endpoint": endpoint, "name": name, "dtype": _type(dtype)}
    return create(NAMES["_linspace"], "_linspace", (), attrs)


def histogram(a: Symbol, bins: Any = 10, range: Any = None, **kwargs: Any) -> Symbol:
    """Counts and bin edges of the values."""
    if isinstance(bins, Symbol):
        return create(NAMES["_histogram"], "_histogram", (a, bins), kwargs)
    if range is None:
        raise ValueError("histogram: range is required when bins is an int. Pass range=(low, high).")
    return create(NAMES["_histogram"], "_histogram", (a,), {"bin_cnt": bins, "range": range, **kwargs})
