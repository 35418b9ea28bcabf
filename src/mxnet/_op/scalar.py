"""Functions of an array and a number. The number takes the array's type (1.5 is 1 for int32), as in MXNet; with is_int=False integer
arrays become float64 instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .gradients import straight_through
from .registry import Op, register

_BITS = {torch.uint8: (8, False), torch.int8: (8, True), torch.int16: (16, True), torch.int32: (32, True), torch.int64: (64, True)}


def _wrapped(value: int, dtype: torch.dtype) -> int:
    """The integer as the type's own arithmetic has it: 300 is 44 in uint8."""
    bits, signed = _BITS.get(dtype, (64, True))
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def _scalar_tensor(value: Any, like: Tensor) -> Tensor:
    return torch.full((), value, dtype=like.dtype, device=like.device)


def _mod(x: Tensor, s: Any) -> Tensor:
    return straight_through(x, torch.zeros_like(x)) if s == 0 else torch.remainder(x, s)


def _rmod(x: Tensor, s: Any) -> Tensor:
    if x.is_floating_point():
        return torch.where(x == 0, torch.zeros_like(x), torch.remainder(_scalar_tensor(s, x), x))
    return torch.where(x == 0, torch.zeros_like(x), torch.remainder(_scalar_tensor(s, x), torch.where(x == 0, torch.ones_like(x), x)))


def _div(x: Tensor, s: Any) -> Tensor:
    return torch.div(x, s) if x.is_floating_point() else torch.div(x, s, rounding_mode="trunc")


def _rdiv(x: Tensor, s: Any) -> Tensor:
    return torch.div(_scalar_tensor(s, x), x, rounding_mode=None if x.is_floating_point() else "trunc")


def _power(x: Tensor, s: Any) -> Tensor:
    return torch.pow(x, s) if x.is_floating_point() else torch.pow(x.double(), float(s)).to(x.dtype)


def _rpower(x: Tensor, s: Any) -> Tensor:
    return (
        torch.pow(_scalar_tensor(s, x), x)
        if x.is_floating_point()
        else torch.pow(_scalar_tensor(float(s), x.double()), x.double()).to(x.dtype)
    )


def _maximum(x: Tensor, s: Any) -> Tensor:
    return torch.where(x >= s, x, _scalar_tensor(s, x)) if x.requires_grad else torch.clamp_min(x, s)


def _minimum(x: Tensor, s: Any) -> Tensor:
    return torch.where(x <= s, x, _scalar_tensor(s, x)) if x.requires_grad else torch.clamp_max(x, s)


def _hypot(x: Tensor, s: Any) -> Tensor:
    wide = x if x.dtype in (torch.float32, torch.float64) else x.float() if x.is_floating_point() else x.double()
    return torch.hypot(wide, _scalar_tensor(s, wide)).to(x.dtype)


def _flag(fn: Callable[[Tensor, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    return lambda x, s: fn(x, s).to(x.dtype)


class Row(NamedTuple):
    """fn(array, number); exact: the number as it is, so that float arrays need nothing else."""

    fn: Callable[[Tensor, Any], Tensor]
    formula: str
    aliases: tuple[str, ...]
    zero_grad: bool = False
    amp: str = "any"


SCALAR: dict[str, Row] = {
    "_plus_scalar": Row(torch.add, "x + scalar", ("_PlusScalar",)),
    "_minus_scalar": Row(torch.sub, "x - scalar", ("_MinusScalar",)),
    "_rminus_scalar": Row(torch.rsub, "scalar - x", ("_RMinusScalar",)),
    "_mul_scalar": Row(torch.mul, "x * scalar", ("_MulScalar",)),
    "_div_scalar": Row(_div, "x / scalar", ("_DivScalar",)),
    "_rdiv_scalar": Row(_rdiv, "scalar / x", ("_RDivScalar",), amp="fp32"),
    "_mod_scalar": Row(_mod, "the remainder of x / scalar with the scalar's sign", ("_ModScalar",)),
    "_rmod_scalar": Row(_rmod, "the remainder of scalar / x with x's sign", ("_RModScalar",)),
    "_power_scalar": Row(_power, "x ** scalar", ("_PowerScalar",), amp="fp32"),
    "_rpower_scalar": Row(_rpower, "scalar ** x", ("_RPowerScalar",), amp="fp32"),
    "_maximum_scalar": Row(_maximum, "the larger of x and scalar", ("_MaximumScalar", "_npi_maximum_scalar")),
    "_minimum_scalar": Row(_minimum, "the smaller of x and scalar", ("_MinimumScalar", "_npi_minimum_scalar")),
    "_hypot_scalar": Row(_hypot, "sqrt(x^2 + scalar^2)", ("_HypotScalar", "_npi_hypot_scalar"), amp="fp32"),
    "_equal_scalar": Row(_flag(torch.eq), "1 where x == scalar, else 0", ("_EqualScalar",), True),
    "_not_equal_scalar": Row(_flag(torch.ne), "1 where x != scalar, else 0", ("_NotEqualScalar",), True),
    "_greater_scalar": Row(_flag(torch.gt), "1 where x > scalar, else 0", ("_GreaterScalar",), True),
    "_greater_equal_scalar": Row(_flag(torch.ge), "1 where x >= scalar, else 0", ("_GreaterEqualScalar",), True),
    "_lesser_scalar": Row(_flag(torch.lt), "1 where x < scalar, else 0", ("_LesserScalar",), True),
    "_lesser_equal_scalar": Row(_flag(torch.le), "1 where x <= scalar, else 0", ("_LesserEqualScalar",), True),
    "_logical_and_scalar": Row(_flag(lambda x, s: (x != 0) & bool(s)), "1 where x and scalar are not 0, else 0", ("_LogicalAndScalar",), True),
    "_logical_or_scalar": Row(_flag(lambda x, s: (x != 0) | bool(s)), "1 where x or scalar is not 0, else 0", ("_LogicalOrScalar",), True),
    "_logical_xor_scalar": Row(_flag(lambda x, s: (x != 0) ^ bool(s)), "1 where exactly one of x and scalar is not 0, else 0",
                               ("_LogicalXorScalar",), True),
    "_scatter_plus_scalar": Row(torch.add, "x + scalar where x is stored", ()),
    "_scatter_minus_scalar": Row(torch.sub, "x - scalar where x is stored", ()),
}  # fmt: skip


def _make(fn: Callable[[Tensor, Any], Tensor]) -> Callable[..., Tensor]:
    def run(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
        if data.is_floating_point():
            return fn(data, scalar)
        if data.dtype == torch.bool:
            data = data.to(torch.int64)
        if not is_int:
            return fn(data.double(), scalar)
        return fn(data, _wrapped(int(scalar), data.dtype))

    return run


for _name, _row in SCALAR.items():
    _doc = f"{_row.formula}, elementwise. The scalar is cut to the array's type for integer arrays (is_int=False: the result is float64)."
    register(Op(_name, _make(_row.fn), aliases=_row.aliases, amp=_row.amp, zero_grad=_row.zero_grad, doc=_doc))
