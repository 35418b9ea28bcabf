"""Functions of two arrays: `elemwise_*` for equal shapes, `broadcast_*` with broadcasting; both arrays have one data type."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .. import _dtype
from ..error import MXNetError
from .registry import Op, op, register


def check_types(name: str, lhs: Tensor, rhs: Tensor) -> None:
    """Both arrays must have one data type: MXNet never promotes."""
    if lhs.dtype is not rhs.dtype:
        left, right = _dtype.name_of(lhs.dtype), _dtype.name_of(rhs.dtype)
        raise MXNetError(f"{name}: lhs is {left}, rhs is {right}; both must have one type. Convert one with astype.")


def check_shapes(name: str, lhs: Tensor, rhs: Tensor) -> None:
    """Both arrays must have one shape."""
    if lhs.shape != rhs.shape:
        raise MXNetError(
            f"{name}: lhs has shape {tuple(lhs.shape)}, rhs {tuple(rhs.shape)}; both must be equal. Use broadcast_{name.split('_')[-1]}."
        )


def _divide(lhs: Tensor, rhs: Tensor) -> Tensor:
    return torch.div(lhs, rhs) if lhs.is_floating_point() else torch.div(lhs, rhs, rounding_mode="trunc")


def remainder(lhs: Tensor, rhs: Tensor) -> Tensor:
    """The remainder with the sign of rhs; 0 where rhs is 0."""
    zero = rhs == 0
    if lhs.is_floating_point() and not (lhs.requires_grad or rhs.requires_grad):
        return torch.remainder(lhs, rhs).masked_fill_(zero, 0)
    found = torch.remainder(lhs, torch.where(zero, torch.ones_like(rhs), rhs))
    nothing = lhs - lhs.detach() if lhs.requires_grad else torch.zeros_like(lhs)  # lhs has gradient 1 there too
    return torch.where(zero, nothing, found)


def power(lhs: Tensor, rhs: Tensor) -> Tensor:
    """lhs ** rhs; integers through float, cut off."""
    if lhs.is_floating_point():
        return torch.pow(lhs, rhs)
    return torch.pow(lhs.double(), rhs.double()).to(lhs.dtype)


def maximum(lhs: Tensor, rhs: Tensor) -> Tensor:
    """The larger one; at a tie the gradient is lhs's alone (torch halves it)."""
    if not (lhs.requires_grad or rhs.requires_grad):
        return torch.maximum(lhs, rhs)
    return torch.where((lhs >= rhs) | torch.isnan(lhs), lhs, rhs)


def minimum(lhs: Tensor, rhs: Tensor) -> Tensor:
    """The smaller one; at a tie the gradient is lhs's alone (torch halves it)."""
    if not (lhs.requires_grad or rhs.requires_grad):
        return torch.minimum(lhs, rhs)
    return torch.where((lhs <= rhs) | torch.isnan(lhs), lhs, rhs)


def hypot(lhs: Tensor, rhs: Tensor) -> Tensor:
    """sqrt(lhs^2 + rhs^2) without overflow."""
    if lhs.dtype in (torch.float32, torch.float64):
        return torch.hypot(lhs, rhs)
    wide = torch.float32 if lhs.is_floating_point() else torch.float64
    return torch.hypot(lhs.to(wide), rhs.to(wide)).to(lhs.dtype)


def _flag(fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """0 and 1 in the inputs' type."""
    return lambda lhs, rhs: fn(lhs, rhs).to(lhs.dtype)


class Row(NamedTuple):
    """One function and the names it has for equal shapes and with broadcasting."""

    fn: Callable[[Tensor, Tensor], Tensor]
    formula: str
    same: tuple[str, ...]
    broadcast: tuple[str, ...]
    zero_grad: bool = False
    amp: str = "widest"


BINARY = (
    Row(torch.add, "lhs + rhs", ("elemwise_add", "_Plus", "_add", "_plus", "_sparse_elemwise_add"),
        ("broadcast_add", "_sparse_broadcast_add", "_sparse_broadcast_plus", "broadcast_plus")),
    Row(torch.sub, "lhs - rhs", ("elemwise_sub", "_Minus", "_minus", "_sparse_elemwise_sub", "_sub"),
        ("broadcast_sub", "_sparse_broadcast_minus", "_sparse_broadcast_sub", "broadcast_minus")),
    Row(torch.mul, "lhs * rhs", ("elemwise_mul", "_Mul", "_mul", "_sparse_elemwise_mul"), ("broadcast_mul", "_sparse_broadcast_mul")),
    Row(_divide, "lhs / rhs; integers are divided with truncation", ("elemwise_div", "_Div", "_div", "_sparse_elemwise_div"),
        ("broadcast_div", "_sparse_broadcast_div")),
    Row(remainder, "the remainder of lhs / rhs with the sign of rhs; 0 where rhs is 0", ("_mod", "_Mod"), ("broadcast_mod",)),
    Row(power, "lhs ** rhs", ("_power", "_Power"), ("broadcast_power",), amp="fp32"),
    Row(maximum, "the larger of lhs and rhs", ("_maximum", "_Maximum"), ("broadcast_maximum", "_npi_maximum")),
    Row(minimum, "the smaller of lhs and rhs", ("_minimum", "_Minimum"), ("broadcast_minimum", "_npi_minimum")),
    Row(hypot, "sqrt(lhs^2 + rhs^2)", ("_hypot", "_Hypot"), ("broadcast_hypot",), amp="fp32"),
    Row(_flag(torch.eq), "1 where lhs == rhs, else 0", ("_equal", "_Equal"), ("broadcast_equal",), True),
    Row(_flag(torch.ne), "1 where lhs != rhs, else 0", ("_not_equal", "_Not_Equal"), ("broadcast_not_equal",), True),
    Row(_flag(torch.gt), "1 where lhs > rhs, else 0", ("_greater", "_Greater"), ("broadcast_greater",), True),
    Row(_flag(torch.ge), "1 where lhs >= rhs, else 0", ("_greater_equal", "_Greater_Equal"), ("broadcast_greater_equal",), True),
    Row(_flag(torch.lt), "1 where lhs < rhs, else 0", ("_lesser", "_Lesser"), ("broadcast_lesser",), True),
    Row(_flag(torch.le), "1 where lhs <= rhs, else 0", ("_lesser_equal", "_Lesser_Equal"), ("broadcast_lesser_equal",), True),
    Row(_flag(torch.logical_and), "1 where both are not 0, else 0", ("_logical_and", "_Logical_And"), ("broadcast_logical_and",), True),
    Row(_flag(torch.logical_or), "1 where one is not 0, else 0", ("_logical_or", "_Logical_Or"), ("broadcast_logical_or",), True),
    Row(_flag(torch.logical_xor), "1 where exactly one is not 0, else 0", ("_logical_xor", "_Logical_Xor"), ("broadcast_logical_xor",), True),
    Row(torch.add, "lhs + rhs, for gradients", ("_grad_add",), (), amp="any"),
    Row(_divide, "lhs / rhs where lhs is stored", ("_scatter_elemwise_div",), ()),
)  # fmt: skip


def _same(name: str, fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def run(lhs: Tensor, rhs: Tensor) -> Tensor:
        if lhs.dtype is not rhs.dtype:
            check_types(name, lhs, rhs)
        if lhs.shape != rhs.shape:
            check_shapes(name, lhs, rhs)
        return fn(lhs, rhs)

    return run


def _broadcast(name: str, fn: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def run(lhs: Tensor, rhs: Tensor) -> Tensor:
        if lhs.dtype is not rhs.dtype:
            check_types(name, lhs, rhs)
        return fn(lhs, rhs)

    return run


def _equal_shapes(shapes: dict, **_: object) -> dict:
    """A missing shape is the other's."""
    known = shapes.get("lhs") or shapes.get("rhs")
    return {"lhs": shapes.get("lhs") or known, "rhs": shapes.get("rhs") or known}


for _row in BINARY:
    for _names, _wrap, _words in (
        (_row.same, _same, "Equal shapes."),
        (_row.broadcast, _broadcast, "Axes of size 1 and missing leading axes broadcast."),
    ):
        if _names:
            _doc = f"{_row.formula}, elementwise. {_words} Both arrays must have one data type; the result has it too."
            _made = Op(_names[0], _wrap(_names[0], _row.fn), inputs=("lhs", "rhs"), aliases=_names[1:], amp=_row.amp,
                       zero_grad=_row.zero_grad, doc=_doc)  # fmt: skip
            if _wrap is _same:
                _made.complete_shapes(_equal_shapes)
            register(_made)


@op("add_n", aliases=["ElementWiseSum", "_sparse_ElementWiseSum", "_sparse_add_n"], amp="widest", lenient=False)
def add_n(*args: Tensor) -> Tensor:
    """The sum of all arrays; they have one shape and one data type."""
    if not args:
        raise MXNetError("add_n: no arrays given. Pass at least one.")
    total = args[0]
    for i, a in enumerate(args[1:], 1):
        if a.shape != total.shape or a.dtype != total.dtype:
            one, other = f"{tuple(total.shape)} {_dtype.name_of(total.dtype)}", f"{tuple(a.shape)} {_dtype.name_of(a.dtype)}"
            raise MXNetError(f"add_n: array {i} is {other}, array 0 {one}; all must be alike. Reshape or convert it.")
        total = total + a
    return total.clone() if len(args) == 1 else total


@add_n.complete_shapes
def _(shapes: dict, **_: object) -> dict:
    known = next((s for s in shapes.values() if s is not None), None)
    return {n: s or known for n, s in shapes.items()}


@op("_contrib_allclose", zero_grad=True)
def allclose(a: Tensor, b: Tensor, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True) -> Tensor:
    """1 if |a - b| <= atol + rtol |b| everywhere, else 0, as a uint8 scalar."""
    if a.dtype != b.dtype:
        raise MXNetError(
            f"_contrib_allclose: a is {_dtype.name_of(a.dtype)}, b {_dtype.name_of(b.dtype)}. Convert one of them with astype."
        )
    return torch.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan).all().to(torch.uint8)


@allclose.types
def _(types: dict, **_: object) -> tuple:
    known = types["a"] or types["b"]
    return {"a": known, "b": known}, [torch.uint8]
