"""How storage implementations find their operators: they are listed here and attached once all operators are registered.

A storage implementation `fn(*values, **attributes)` receives tensors, `Csr` and `RowSparse` structs (None for an absent input) and only those
attributes that the caller gave. It returns a tensor, a struct, a tuple of them, `Tracked(result, gradients)`, or NotImplemented where it does
not serve a combination. Keyword `out` (if the function has it) receives the tensor or struct of `out=`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .registry import NAMES

#: What an implementation returns where the result is dense by nature: the dense function runs on densified inputs, without a warning.
DENSE = object()
#: First entry of the key of an implementation that takes any combination with at least one sparse input.
ANY = ("any",)
_TABLE: list[tuple[str, tuple[str, ...], Callable]] = []


class Tracked:
    """A result with its gradients: one function for each input (or None where there is none).

    `gradient(*output_gradients)` receives Tensor, RowSparse, Csr or None for each output and returns one of them.
    """

    __slots__ = ("result", "gradients")

    def __init__(self, result: Any, *gradients: Callable[..., Any] | None) -> None:
        self.result, self.gradients = result, gradients


def implements(names: str, *stypes: str) -> Callable[[Callable], Callable]:
    """Decorator: an implementation of the operators `names` (separated by blanks) for these storage types, or for any if none are given."""

    def add(fn: Callable) -> Callable:
        _TABLE.extend((name, stypes or ANY, fn) for name in names.split())
        return fn

    return add


def attach() -> list[str]:
    """Give every listed implementation to its operator; returns the names of operators that are not registered."""
    missing = []
    for name, stypes, fn in _TABLE:
        op = NAMES.get(name)
        if op is None:
            missing.append(name)
        else:
            op.storages[stypes] = fn
    _TABLE.clear()
    return missing
