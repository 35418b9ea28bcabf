"""How an update operator runs a formula: where the new weight goes, in which type the arithmetic is done, what is checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from .._dtype import name_of
from ..error import MXNetError
from .nn_checks import HALF, expect_float, same_dtype


def destination(weight: Tensor, out: Any) -> Tensor:
    """The tensor to update in place: `out` (holding the weight), or a copy of the weight. Never part of a graph."""
    if out is None:
        return weight.detach().clone()
    return out if out.data_ptr() == weight.data_ptr() else out.copy_(weight.detach())


def check(op: str, weight: Tensor, one_type: bool = True, **others: Tensor) -> None:
    """All tensors have the weight's shape, and its floating-point type unless one_type is false."""
    expect_float(op, weight, "weight")
    for name, t in others.items():
        if t.shape != weight.shape:
            raise MXNetError(f"{op}: {name} has shape {tuple(t.shape)}, weight {tuple(weight.shape)}. Pass arrays of equal shapes.")
    if one_type:
        same_dtype(op, weight=weight, **others)


def check_master(op: str, weight: Tensor, grad: Tensor, **states: Tensor) -> None:
    """As `check`, where gradient and weight share a type and all states and the master weight are float32."""
    check(op, weight, False, grad=grad, **states)
    same_dtype(op, weight=weight, grad=grad)
    for name, t in states.items():
        if t.dtype != torch.float32:
            raise MXNetError(f"{op}: {name} is {name_of(t.dtype)}, it must be float32. Use {name}.astype('float32').")


def master_types(types: dict, **_: object) -> tuple[dict, list]:
    """Types of an mp_ operator: weight and gradient share one, states and the master weight are float32."""
    weight = types.get("weight") or types.get("grad")
    return {n: t or (weight if n in ("weight", "grad") else torch.float32) for n, t in types.items()}, [weight]


def run(formula: Callable, weight: Tensor, grad: Tensor, states: Sequence[Tensor], out: Any, gradient: Callable, **numbers: Any) -> Tensor:
    """The formula on (weight, gradient(grad, weight), *states); half types are computed in float32 and rounded once."""
    target = destination(weight, out)
    if target.dtype not in HALF:
        formula(target, gradient(grad.detach(), target), *states, **numbers)
        return target
    wide, wide_states = target.float(), [s.float() for s in states]
    formula(wide, gradient(grad.detach().float(), wide), *wide_states, **numbers)
    for state, new in zip(states, wide_states):
        state.copy_(new)
    return target.copy_(wide)


def run_master(
    formula: Callable, weight: Tensor, grad: Tensor, states: Sequence[Tensor], master: Tensor, out: Any, gradient: Callable, **numbers: Any
) -> Tensor:
    """The formula on the float32 master weight, in place; the result is the master rounded to weight's type."""
    formula(master, gradient(grad.detach().float(), master), *states, **numbers)
    return master.to(weight.dtype) if out is None else out.copy_(master)
