"""Nested lists of arrays or symbols, as control flow takes and gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Nesting:
    """Taking nested lists of one kind of leaves apart, and putting them together again.

    kind     the class of leaves
    name     what error messages call one of them, with its article
    outputs  the leaves in one of them: a symbol may have several outputs
    empty    what stands for None
    """

    def __init__(self, kind: type, name: str, outputs: Callable[[Any], list], empty: Callable[[], Any]) -> None:
        self._kind, self._name, self._outputs, self._empty = kind, name, outputs, empty

    def flatten(self, value: Any, what: str) -> tuple[list[Any], Any]:
        """The leaves in order, and the nesting: 0 for a leaf, a list for a list or for several outputs, None for None.

        Raises AssertionError (as MXNet does), which begins with `what`, for anything else.
        """
        if isinstance(value, self._kind):
            leaves = self._outputs(value)
            return (leaves, 0) if len(leaves) == 1 else (leaves, [0] * len(leaves))
        if value is None:
            return [], None
        if not isinstance(value, (list, tuple)):
            kind = self._name.split()[-1]
            raise AssertionError(f"{what} must be {self._name} or (nested) lists of {kind}s, got {type(value).__name__}. Pass {kind}s.")
        flat: list[Any] = []
        nesting = []
        for part in value:
            leaves, inner = self.flatten(part, what)
            flat += leaves
            nesting.append(inner)
        return flat, nesting

    def nested(self, flat: list[Any], nesting: Any) -> Any:
        """`flatten` undone; takes the leaves off the front of the list."""
        if nesting is None:
            return self._empty()
        return flat.pop(0) if nesting == 0 else [self.nested(flat, inner) for inner in nesting]


def pair(result: Any, what: str) -> tuple[Any, Any]:
    """What a body must return."""
    if not isinstance(result, (list, tuple)) or len(result) != 2:
        raise ValueError(f"{what} must return two things, outputs and states, got {type(result).__name__}. Return (outputs, states).")
    return result[0], result[1]
