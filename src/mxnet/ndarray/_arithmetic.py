"""Methods of Python's arithmetic and comparison operators on arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .._op.registry import NAMES
from .._runtime.array import Array, in_graph
from .._runtime.invoke import BAD_INPUT, NO_ATTRS, Hooks, explain, invoke
from .._runtime.state import state
from ..error import MXNetError

NUMBERS = (int, float, bool, np.number, np.bool_)
_dense: Any = None  # NDArray; its module fills this in


def binary(array_op: str, scalar_op: str, symbol: str) -> Callable:
    """The method of a binary operator: array with array, or array with number. Two dense arrays take the shortest way."""
    op: Any = None
    fn: Any = None
    special = True

    def method(self: Array, other: Any) -> Any:
        nonlocal op, fn, special
        if type(other) is _dense and type(self) is _dense and not special and not Hooks.active:
            recording = state.recording
            try:
                r = fn(self._t, other._t) if recording else fn(self._d, other._d)
            except BAD_INPUT as e:
                raise explain(op, e, (self._d, other._d), NO_ATTRS) from None
            a = _dense()
            if recording and r.requires_grad:
                a._t = r
            else:
                a._d = r
            a._ctx = self._ctx
            return a
        if isinstance(other, Array):
            if op is None:
                op = NAMES[array_op].prepare()
                fn, special = op.fn, op.special
            return invoke(op, (self, other), NO_ATTRS)
        if isinstance(other, NUMBERS):
            return invoke(NAMES[scalar_op].prepare(), (self,), scalar_attrs(other))
        return _foreign(self, other, symbol)

    return method


def inplace(forward: Callable, symbol: str) -> Callable:
    """The method of an operator that writes its result into the left array."""

    def method(self: Array, other: Any) -> Array:
        if state.recording and in_graph(self):
            raise MXNetError(f"NDArray: {symbol} would change an array of a recorded graph. Write x = x {symbol[0]} y inside record().")
        result = forward(self, other)
        if result is NotImplemented:
            raise TypeError(f"NDArray: {symbol} does not take {type(other).__name__}. Convert it with mx.nd.array.")
        _assign(self, result)
        return self

    return method


_SCALARS: dict[Any, dict] = {}


def scalar_attrs(value: Any) -> dict:
    """Typed attributes of a scalar operator, made once for each number (but zero, which has two signs); integers stay exact."""
    key = (value, type(value))
    found = _SCALARS.get(key)
    if found is None:
        found = {"scalar": int(value) if isinstance(value, (int, np.integer, np.bool_)) else float(value)}
        if len(_SCALARS) > 4096:
            _SCALARS.clear()
        if value != 0:
            _SCALARS[key] = found
    return found


def _foreign(self: Array, other: Any, symbol: str) -> Any:
    if isinstance(other, torch.Tensor):
        raise TypeError(f"NDArray: {symbol} with a torch tensor is ambiguous. Use mx.nd.from_torch(tensor) or array.to_torch() first.")
    if isinstance(other, np.ndarray) or not hasattr(other, "__array_priority__"):
        raise TypeError(f"NDArray: {symbol} does not take {type(other).__name__}. Convert it with mx.nd.array.")
    return NotImplemented


def _assign(target: Array, result: Array) -> None:
    """Write a whole result into an array, keeping the graph if it was recorded."""
    if target._d.shape != result._d.shape:
        raise MXNetError(
            f"NDArray: cannot write a result of shape {tuple(result._d.shape)} into an array of shape {tuple(target._d.shape)}. Use equal shapes."
        )
    target._d.copy_(result._d if result.stype == "default" else result._d.to_dense())
    if state.recording and in_graph(result):
        target._t = result._t.to(target._d.dtype)
