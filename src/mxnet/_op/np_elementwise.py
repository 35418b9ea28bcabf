"""Elementwise operators of `mx.np`: functions of one array, of two arrays, and of an array and a number.

Differences to the operators of `mx.nd`: arithmetic promotes its inputs to a common type, `true_divide` of integers is float32, comparisons
and logic give bool, bool with a number is int64, and zero-dimensional arrays stay so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..error import MXNetError
from . import unary  # noqa: F401  registers what is taken over below
from .binary import check_types, hypot, power, remainder
from .gradients import straight_through
from .registry import NAMES, Op, op, register
from .scalar import _wrapped

#: name in NumPy -> operator of `mx.nd` with the same function
_SAME = {n: n for n in """arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil cos cosh degrees exp expm1 fix floor log log10 log1p log2 negative
radians reciprocal rint sign sin sinh sqrt square tan tanh trunc""".split()}  # fmt: skip
_SAME["absolute"] = "abs"


def _of_bool_too(fn: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """bool through float32 and back."""

    def compute(x: Tensor) -> Tensor:
        return fn(x.float()).bool() if x.dtype == torch.bool else fn(x)

    return compute


_TESTS: dict[str, Callable[[Tensor], Tensor]] = {
    "isnan": torch.isnan,
    "isinf": torch.isinf,
    "isfinite": torch.isfinite,
    "isposinf": torch.isposinf,
    "isneginf": torch.isneginf,
    "logical_not": torch.logical_not,
}

for _name, _nd in _SAME.items():
    _aliases = ["_npi_abs"] if _name == "absolute" else []
    register(Op(f"_npi_{_name}", _of_bool_too(NAMES[_nd].fn), inputs=("x",), aliases=_aliases, doc=f"{_name}(x), entry by entry."))
for _name, _fn in _TESTS.items():
    register(Op(f"_npi_{_name}", _fn, inputs=("x",), zero_grad=True, doc=f"{_name}(x) as bool, entry by entry."))


@op("_npi_bitwise_not", zero_grad=True)
def bitwise_not(x: Tensor) -> Tensor:
    """The bits of integers inverted; logical not of bool."""
    _no_floats("bitwise_not", x)
    return torch.bitwise_not(x)


@op("_npi_around")
def around(x: Tensor, *, decimals: int = 0) -> Tensor:
    """x rounded to `decimals` places, halves to the even neighbour; integers are cut off. The gradient is zero."""
    if not x.is_floating_point():
        unit = 10 ** max(-decimals, 0)
        return torch.div(x, unit, rounding_mode="trunc") * unit if unit > 1 and x.dtype != torch.bool else x.clone()
    return straight_through(x, torch.round(x.detach(), decimals=decimals), 0.0)


@op("_npi_nan_to_num")
def nan_to_num(data: Tensor, *, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """NaN and infinities replaced by numbers: `nan`, the largest and the smallest number of the type unless given."""
    if not data.is_floating_point():
        return data.clone()
    limits = torch.finfo(data.dtype)
    keep = torch.isfinite(data)
    found = torch.nan_to_num(data.detach(), nan, limits.max if posinf is None else posinf, limits.min if neginf is None else neginf)
    return torch.where(keep, data, found)


# ---- two arrays


def promoted(lhs: Tensor, rhs: Tensor) -> tuple[Tensor, Tensor]:
    """Both arrays in their common type; int8 with uint8 is int32."""
    if lhs.dtype is rhs.dtype:
        return lhs, rhs
    pair = {lhs.dtype, rhs.dtype}
    kind = torch.int32 if pair == {torch.int8, torch.uint8} else torch.promote_types(lhs.dtype, rhs.dtype)
    return lhs.to(kind), rhs.to(kind)


def _no_floats(name: str, *arrays: Tensor) -> None:
    for a in arrays:
        if a.is_floating_point():
            raise MXNetError(f"{name}: takes integers or bool, got {str(a.dtype)[6:]}. Convert with astype.")


def _subtract(lhs: Tensor, rhs: Tensor) -> Tensor:
    return torch.logical_xor(lhs, rhs) if lhs.dtype == torch.bool else torch.sub(lhs, rhs)


def _mod(lhs: Tensor, rhs: Tensor) -> Tensor:
    return torch.zeros_like(lhs) & rhs if lhs.dtype == torch.bool else remainder(lhs, rhs)


def _power(lhs: Tensor, rhs: Tensor) -> Tensor:
    return power(lhs.to(torch.uint8), rhs.to(torch.uint8)).bool() if lhs.dtype == torch.bool else power(lhs, rhs)


def true_divide(lhs: Tensor, rhs: Tensor) -> Tensor:
    """lhs / rhs; two arrays of integers give float32."""
    if not lhs.is_floating_point() and not rhs.is_floating_point():
        return torch.div(lhs.float(), rhs.float())
    lhs, rhs = promoted(lhs, rhs)
    return torch.div(lhs, rhs)


def _wide(fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Integers through float64."""

    def compute(lhs: Tensor, rhs: Tensor) -> Tensor:
        return fn(lhs, rhs) if lhs.is_floating_point() else fn(lhs.double(), rhs.double()).to(lhs.dtype)

    return compute


def _ldexp(lhs: Tensor, rhs: Tensor) -> Tensor:
    return lhs * torch.exp2(rhs)


def _lcm(lhs: Tensor, rhs: Tensor) -> Tensor:
    _no_floats("lcm", lhs, rhs)
    return torch.logical_and(lhs, rhs) if lhs.dtype == torch.bool else torch.lcm(lhs, rhs)


def _bits(name: str, fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def compute(lhs: Tensor, rhs: Tensor) -> Tensor:
        _no_floats(name, lhs, rhs)
        return fn(lhs, rhs)

    return compute


def _promoting(fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def compute(lhs: Tensor, rhs: Tensor) -> Tensor:
        return fn(*promoted(lhs, rhs))

    return compute


def _alike(name: str, fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def compute(lhs: Tensor, rhs: Tensor) -> Tensor:
        check_types(name, lhs, rhs)
        return fn(lhs, rhs)

    return compute


_PROMOTING: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "subtract": _subtract,
    "multiply": torch.mul,
    "mod": _mod,
    "power": _power,
}
_ALIKE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "copysign": _wide(torch.copysign),
    "arctan2": _wide(torch.atan2),
    "hypot": hypot,
    "ldexp": _wide(_ldexp),
    "lcm": _lcm,
    "bitwise_and": _bits("bitwise_and", torch.bitwise_and),
    "bitwise_or": _bits("bitwise_or", torch.bitwise_or),
    "bitwise_xor": _bits("bitwise_xor", torch.bitwise_xor),
}
_COMPARE: dict[str, Callable[[Any, Any], Tensor]] = {
    "equal": torch.eq,
    "not_equal": torch.ne,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
}
_EXACT = ("lcm", "bitwise_and", "bitwise_or", "bitwise_xor")
for _name, _two in _PROMOTING.items():
    register(Op(f"_npi_{_name}", _promoting(_two), inputs=("lhs", "rhs"), doc=f"{_name}(lhs, rhs), broadcasting, in the common type."))
for _name, _two in _ALIKE.items():
    _inputs = ("x1", "x2") if _name in ("arctan2", "hypot") else ("lhs", "rhs")
    register(Op(f"_npi_{_name}", _alike(_name, _two), inputs=_inputs, zero_grad=_name in _EXACT,
                doc=f"{_name} of two arrays of one type, broadcasting."))  # fmt: skip
for _name, _two in _COMPARE.items():
    register(
        Op(f"_npi_{_name}", _alike(_name, _two), inputs=("lhs", "rhs"), zero_grad=True, doc=f"{_name}(lhs, rhs) as bool, broadcasting.")
    )
register(Op("_npi_true_divide", true_divide, inputs=("lhs", "rhs"), doc=true_divide.__doc__))


# ---- an array and a number


def _as_number(x: Tensor, scalar: Any) -> Any:
    """The number in the array's type: 2.5 is 2 for integers."""
    if x.is_floating_point():
        return scalar
    if isinstance(scalar, float):
        if not math.isfinite(scalar):
            raise MXNetError(f"mx.np: {scalar} is no number of type {str(x.dtype)[6:]}. Convert the array to a float type.")
        scalar = int(scalar)
    return bool(scalar) if x.dtype == torch.bool else _wrapped(int(scalar), x.dtype)


def _full(x: Tensor, scalar: Any) -> Tensor:
    return torch.full((), scalar, dtype=x.dtype, device=x.device)


def _with_number(fn: Callable[[Tensor, Any], Tensor], bool_stays: bool = False) -> Callable[..., Tensor]:
    def compute(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
        x = data.to(torch.int64) if data.dtype == torch.bool and not bool_stays else data
        if not is_int and not x.is_floating_point() and not bool_stays:
            x = x.double()
        return fn(x, _as_number(x, scalar))

    return compute


def _nd_scalar(name: str) -> Callable[[Tensor, Any], Tensor]:
    fn = NAMES[name].fn
    return lambda x, s: fn(x, scalar=s)


def _second(fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    return lambda x, s: fn(x, _full(x, s))


def _first(fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    return lambda x, s: fn(_full(x, s), x)


_NUMBER: dict[str, Callable[[Tensor, Any], Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "rsubtract": lambda x, s: torch.rsub(x, s),
    "multiply": torch.mul,
    "mod": _nd_scalar("_mod_scalar"),
    "rmod": _nd_scalar("_rmod_scalar"),
    "power": _nd_scalar("_power_scalar"),
    "rpower": _nd_scalar("_rpower_scalar"),
    "copysign": _second(_ALIKE["copysign"]),
    "rcopysign": _first(_ALIKE["copysign"]),
    "arctan2": _second(_ALIKE["arctan2"]),
    "rarctan2": _first(_ALIKE["arctan2"]),
    "ldexp": _second(_ALIKE["ldexp"]),
    "rldexp": _first(_ALIKE["ldexp"]),
}


def _describe(name: str, fn: Callable[[Tensor, Any], Tensor], zero_grad: bool = False, bool_stays: bool = False) -> None:
    register(Op(f"_npi_{name}_scalar", _with_number(fn, bool_stays), zero_grad=zero_grad,
                doc=f"{name} of an array and a number; the number takes the array's type (bool arrays become int64)."))  # fmt: skip


for _name, _number in _NUMBER.items():
    _describe(_name, _number)
for _name in _EXACT:
    _describe(_name, _second(_ALIKE[_name]), zero_grad=True, bool_stays=True)
for _name, _two in _COMPARE.items():
    _describe(_name, _two, zero_grad=True)


@op("_npi_true_divide_scalar")
def true_divide_scalar(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    """data / scalar; integers give float32."""
    return torch.div(data if data.is_floating_point() else data.float(), scalar)


@op("_npi_rtrue_divide_scalar")
def rtrue_divide_scalar(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    """scalar / data; integers give float32."""
    x = data if data.is_floating_point() else data.float()
    return torch.div(_full(x, scalar), x)


# ---- choice


def _chosen(condition: Tensor) -> Tensor:
    return condition if condition.dtype == torch.bool else condition != 0


@op("_npi_where")
def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """x where the condition holds, else y; all three broadcast."""
    check_types("where", x, y)
    return torch.where(_chosen(condition), x, y)


@op("_npi_where_lscalar")
def where_lscalar(condition: Tensor, x: Tensor, *, scalar: float = 0.0) -> Tensor:
    """The number where the condition holds, else x."""
    return torch.where(_chosen(condition), _full(x, _as_number(x, scalar)), x)


@op("_npi_where_rscalar")
def where_rscalar(condition: Tensor, y: Tensor, *, scalar: float = 0.0) -> Tensor:
    """y where the condition holds, else the number."""
    return torch.where(_chosen(condition), y, _full(y, _as_number(y, scalar)))


@op("_npi_where_scalar2", zero_grad=True)
def where_scalar2(condition: Tensor, *, x: float = 0.0, y: float = 0.0) -> Tensor:
    """One of two numbers, as float32."""
    first, second = (torch.full((), v, dtype=torch.float32, device=condition.device) for v in (x, y))
    return torch.where(_chosen(condition), first, second)


@op("_npx_relu")
def relu(data: Tensor) -> Tensor:
    """max(data, 0)."""
    return torch.relu(data)


@op("_npx_sigmoid")
def sigmoid(data: Tensor) -> Tensor:
    """1 / (1 + exp(-data))."""
    return torch.sigmoid(data)
