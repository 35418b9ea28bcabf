"""Shapes of which axes may be unknown. An unknown axis is 0, or -1 where NumPy shapes are on (0 is a size there); an unknown shape is None."""

from __future__ import annotations

from math import prod
from typing import Any

from .._runtime.state import state
from ..error import MXNetError
from ._shape_rules import Shape


def unknown_size() -> int:
    """How an unknown axis is written: 0, or -1 where NumPy shapes are on."""
    return -1 if state.np_shape else 0


def known(shape: Any) -> bool:
    """Whether a shape has no unknown axis (0, unless NumPy shapes are on)."""
    return shape is not None and (state.np_shape or 0 not in shape) and -1 not in shape


def agreed(old: Any, new: Any, what: str) -> Any:
    """Both facts about one shape together; a contradiction is an error."""
    if old is None or new is None:
        return old if new is None else _sizes(new, what)
    new = _sizes(new, what)
    if len(old) != len(new):
        raise MXNetError(f"infer_shape: {what} has shape {new}, but {old} was inferred before. Check the shapes of the inputs.")
    unknown = (-1,) if state.np_shape else (0, -1)
    out = []
    for a, b in zip(old, new):
        if a in unknown:
            out.append(b)
        elif b in unknown or a == b:
            out.append(a)
        else:
            raise MXNetError(f"infer_shape: {what} has shape {new}, but {old} was inferred before. Check the shapes of the inputs.")
    return tuple(out)


def check_sizes(name: str, shape: Any) -> None:
    """An error for sizes that no array can have (-1 is an unknown one)."""
    if any(d < -1 for d in shape) or prod(d for d in shape if d > 0) >= 2**63:
        raise MXNetError(
            f"infer_shape: the shape of {name} is {tuple(shape)!s:.200}. Sizes are 0 or more (-1: unknown), with less than 2**63 elements."
        )


def with_zeros(shape: Any) -> Any:
    """The shape with 0 for unknown axes; None where a known axis has size 0."""
    if shape is None or state.np_shape and 0 in shape:
        return None
    return tuple(max(d, 0) for d in shape)


def from_zeros(shape: Any) -> Any:
    """The shape, written with 0 for unknown axes, as it is written now."""
    return tuple(d or -1 for d in shape) if state.np_shape else shape


def _sizes(shape: Any, what: str) -> Shape:
    """A shape as a tuple; None in an attribute must not pass for a size."""
    shape = tuple(shape)
    if None in shape:
        raise MXNetError(f"infer_shape: {what} would have shape {shape}, which holds None. Correct the attributes of its operator.")
    return shape
