"""How functions of `mx.np` call operators: checks of arguments, numbers beside arrays, `out=`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as onp

from .._op.registry import NAMES
from .._runtime.array import Array, Classes
from .._runtime.invoke import NO_ATTRS, invoke
from .._runtime.state import state
from ..context import current_context, parse_context
from ..symbol._function import create
from ..symbol.symbol import Symbol
from ..util import only_neutral

NUMBERS = (int, float, bool, onp.number, onp.bool_)


def is_array(x: Any) -> bool:
    """Whether x is an `mx.np.ndarray`."""
    return isinstance(x, Classes.numpy)


def checked(x: Any, where: str) -> Any:
    """x, which must be an `mx.np.ndarray` (or a symbol, of which the operator then becomes a node)."""
    if not isinstance(x, (Classes.numpy, Symbol)):
        extra = " Use x.as_np_ndarray()." if isinstance(x, Array) else " Make one with mx.np.array."
        raise TypeError(f"mx.np.{where}: needs an mx.np.ndarray, got {type(x).__name__}.{extra}")
    return x


def call(name: str, *arrays: Any, out: Any = None, **attrs: Any) -> Any:
    """Run a registered operator on arrays; results are `mx.np.ndarray`, lists of them for several."""
    op = NAMES[name].prepare()
    public = public_of(name)
    for a in arrays:
        if a is not None:
            checked(a, public)
    if state.symbolic and not arrays or any(isinstance(a, Symbol) for a in arrays):
        return create(op, public, arrays, _listed(attrs))
    made = invoke(op, arrays, op.parse(attrs) if attrs else NO_ATTRS, _as_out(out, public))
    if arrays or out is not None:
        return made
    return made.as_np_ndarray()


def public_of(name: str) -> str:
    """A registered name without the prefix of its family; nodes of symbols are named after it."""
    for prefix in ("_npi_", "_np_", "_npx_", "_"):
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name


def _listed(attrs: dict) -> dict:
    """Attributes as graph files of 1.9.1 hold them: numbers of a list are written with brackets."""
    return {k: list(v) if k == "indices" and isinstance(v, tuple) else v for k, v in attrs.items()}


def _as_out(out: Any, where: str) -> Any:
    if type(out) is tuple and len(out) == 1:
        out = out[0]
    if out is not None and not isinstance(out, (list, tuple)):
        checked(out, f"{where}: out")
    return out


def plain(value: Any) -> Any:
    """A NumPy number as a Python number."""
    return value.item() if isinstance(value, (onp.number, onp.bool_)) else value


def unary(name: str, registered: str | None = None, flags: bool = False) -> Callable:
    """The function of one array; of a number it is NumPy's. With `flags` the result is bool, and so must `out` be."""
    op, node_name = NAMES[registered or f"_npi_{name}"], public_of(registered or name)

    def function(x: Any, out: Any = None, **kwargs: Any) -> Any:
        if kwargs:
            only_neutral(f"mx.np.{name}", kwargs)
        if isinstance(x, NUMBERS):
            return getattr(onp, name)(x)
        if isinstance(x, Symbol):
            return create(op, node_name, (x,), {})
        if out is not None and flags and _as_out(out, name).dtype != onp.bool_:
            raise TypeError(f"mx.np.{name}: out must be an array of bool, got {out.dtype}. Make one with dtype='bool'.")
        return invoke(op.prepare(), (checked(x, name),), NO_ATTRS, _as_out(out, name))

    return named(function, name, op.doc)


def binary(name: str, symmetric: bool = False, registered: str | None = None, reverse: str | None = None) -> Callable:
    """The function of two arrays, of an array and a number, of a number and an array; of two numbers it is NumPy's."""
    base = registered or name
    both, right = NAMES[f"_npi_{base}"], NAMES[f"_npi_{base}_scalar"]
    left_name = f"{base}_scalar" if symmetric else f"{reverse}_scalar" if reverse else f"r{base}_scalar"
    left = NAMES[f"_npi_{left_name}"]

    def function(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> Any:
        if kwargs:
            only_neutral(f"mx.np.{name}", kwargs)
        if out is not None:
            out = _as_out(out, name)
        if isinstance(x1, Classes.numpy):
            if isinstance(x2, Classes.numpy):
                return invoke(both, (x1, x2), NO_ATTRS, out)
            if isinstance(x2, NUMBERS):
                return invoke(right, (x1,), {"scalar": plain(x2)}, out)
        elif isinstance(x1, NUMBERS):
            if isinstance(x2, Classes.numpy):
                return invoke(left, (x2,), {"scalar": plain(x1)}, out)
            if isinstance(x2, NUMBERS):
                return getattr(onp, name)(x1, x2)
        if isinstance(x1, Symbol) or isinstance(x2, Symbol):
            if isinstance(x2, NUMBERS):
                return with_number(right, f"{base}_scalar", x1, x2)
            if isinstance(x1, NUMBERS):
                return with_number(left, left_name, x2, x1)
            if isinstance(x1, Symbol) and isinstance(x2, Symbol):
                return create(both, base, (x1, x2), {})
        wrong = x2 if isinstance(x1, (Classes.numpy, Symbol, *NUMBERS)) and not isinstance(x2, (Symbol, *NUMBERS)) else x1
        raise TypeError(f"mx.np.{name}: takes arrays and numbers, got {type(wrong).__name__}. Convert it with mx.np.array.")

    return named(function, name, both.doc)


def with_number(op: Any, node_name: str, x: Symbol, number: Any) -> Any:
    """The symbol of an operator on an array and a number. Graph files tell whether the number is whole: with one that is not, arrays of
    integers become float64.
    """
    attrs: dict[str, Any] = {"scalar": float(number) if abs(number) < 2**53 else plain(number)}
    if "is_int" in op.specs:
        attrs["is_int"] = isinstance(number, (int, bool, onp.integer, onp.bool_))
    return create(op, node_name, (x,), attrs)


def named(function: Callable, name: str, doc: str | None, module: str = "mxnet.numpy") -> Callable:
    """A function made from a table, under its public name."""
    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    function.__doc__ = doc
    return function


def axes(axis: Any) -> tuple[int, ...] | None:
    """An axis argument as a tuple, or None."""
    return None if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (operator.index(axis),)


def kind(dtype: Any) -> Any:
    """The name of a data type, or None; Python's float is float64 and int is int64, as in NumPy."""
    if dtype is None:
        return None
    return onp.dtype(dtype).name if dtype in (float, int, bool) or not isinstance(dtype, str) else dtype


def device(ctx: Any) -> str:
    """The context as operators take it."""
    return str(parse_context(ctx) if ctx is not None else current_context())


def sizes(shape: Any) -> tuple[int, ...]:
    """A shape argument as a tuple."""
    if isinstance(shape, (tuple, list)):
        return tuple(operator.index(n) for n in shape)
    return (operator.index(shape),)
