"""Functions of `mx.np` that work entry by entry."""

from __future__ import annotations

from typing import Any

import numpy as onp

from .._op.registry import NAMES
from .._runtime.invoke import invoke
from ..symbol.symbol import Symbol
from ..util import only_neutral
from ._call import NUMBERS, binary, call, checked, plain, unary

_UNARY = """absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil cos cosh degrees exp expm1 fix floor log log10 log1p log2 negative
radians reciprocal rint sign sin sinh sqrt square tan tanh trunc isnan isinf isfinite isposinf isneginf logical_not bitwise_not""".split()
_ALIASES = {"abs": "absolute", "fabs": "absolute", "invert": "bitwise_not", "deg2rad": "radians", "rad2deg": "degrees"}
_BINARY: dict[str, dict[str, Any]] = {
    "add": {"symmetric": True},
    "subtract": {},
    "multiply": {"symmetric": True},
    "true_divide": {},
    "divide": {"registered": "true_divide"},
    "mod": {},
    "remainder": {"registered": "mod"},
    "power": {},
    "maximum": {"symmetric": True},
    "minimum": {"symmetric": True},
    "hypot": {"symmetric": True},
    "copysign": {},
    "arctan2": {},
    "ldexp": {},
    "lcm": {"symmetric": True},
    "bitwise_and": {"symmetric": True},
    "bitwise_or": {"symmetric": True},
    "bitwise_xor": {"symmetric": True},
    "equal": {"symmetric": True},
    "not_equal": {"symmetric": True},
    "greater": {"reverse": "less"},
    "greater_equal": {"reverse": "less_equal"},
    "less": {"reverse": "greater"},
    "less_equal": {"reverse": "greater_equal"},
}
FUNCTIONS = {n: unary(n, flags=n.startswith("is")) for n in _UNARY}
FUNCTIONS |= {n: unary(n, f"_npi_{of}") for n, of in _ALIASES.items()}
FUNCTIONS |= {n: binary(n, **how) for n, how in _BINARY.items()}
globals().update(FUNCTIONS)


def around(x: Any, decimals: int = 0, out: Any = None, **kwargs: Any) -> Any:
    """x rounded to `decimals` places."""
    only_neutral("mx.np.around", kwargs)
    return call("_npi_around", x, out=out, decimals=decimals)


round = round_ = around


def clip(a: Any, a_min: Any, a_max: Any, out: Any = None) -> Any:
    """a with entries below a_min and above a_max set to them; None is no limit."""
    if a_min is None and a_max is None:
        raise ValueError("mx.np.clip: a_min and a_max are both None. Pass one.")
    if isinstance(a, NUMBERS):
        return onp.clip(a, a_min, a_max)
    low, high = (float("-inf") if a_min is None else a_min), (float("inf") if a_max is None else a_max)
    return call("_npi_clip", a, out=out, a_min=float(low), a_max=float(high))


def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None, **kwargs: Any) -> Any:
    """NaN and infinities replaced by numbers; copy=False writes into x."""
    attrs = {"nan": nan, **({} if posinf is None else {"posinf": posinf}), **({} if neginf is None else {"neginf": neginf})}
    return call("_npi_nan_to_num", x, out=None if copy else x, copy=copy, **attrs)


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """x where the condition holds, else y; of a condition alone: the indices where it holds."""
    if x is None and y is None:
        if isinstance(condition, Symbol):
            raise TypeError("mx.np.where: of a symbol, the number of results is not known. Pass x and y, or use mx.sym.npx.nonzero.")
        return tuple(call("_npx_nonzero", condition).T)
    if x is None or y is None:
        raise ValueError("mx.np.where: pass both x and y, or neither.")
    if isinstance(condition, NUMBERS):
        return x if condition else y
    if isinstance(x, NUMBERS) and isinstance(y, NUMBERS):
        return call("_npi_where_scalar2", condition, x=float(x), y=float(y))
    if isinstance(y, NUMBERS):
        return _where_number("_npi_where_rscalar", condition, x, y)
    if isinstance(x, NUMBERS):
        return _where_number("_npi_where_lscalar", condition, y, x)
    return call("_npi_where", condition, x, y)


def _where_number(name: str, condition: Any, x: Any, number: Any) -> Any:
    if isinstance(condition, Symbol) or isinstance(x, Symbol):
        return call(name, condition, x, scalar=plain(number))
    return invoke(
        NAMES[name].prepare(), (checked(condition, "where"), checked(x, "where")), {"scalar": plain(number)}
    )  # whole ones stay whole


FUNCTIONS |= {f.__name__: f for f in (around, clip, nan_to_num, where)} | {"round": around, "round_": around}
