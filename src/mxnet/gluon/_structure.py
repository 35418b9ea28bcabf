"""Nested arguments of blocks: taking lists apart and putting them together again."""

from __future__ import annotations

from typing import Any


def flatten(value: Any) -> tuple[list[Any], Any]:
    """Nested lists and tuples -> (leaves in order, their structure): a structure is 1 for a leaf, None for None, else a tuple of structures."""
    if value is None:
        return [None], None
    if not isinstance(value, (list, tuple)):
        return [value], 1
    leaves, parts = [], []
    for v in value:
        found, part = flatten(v)
        leaves += found
        parts.append(part)
    return leaves, (type(value) is tuple, *parts)


def regroup(leaves: list[Any], structure: Any) -> Any:
    """The inverse of `flatten`; takes leaves off the front of the list."""
    if structure == 1 or structure is None:
        return leaves.pop(0)
    parts = [regroup(leaves, s) for s in structure[1:]]
    return tuple(parts) if structure[0] else parts


def indent(text: str, spaces: int) -> str:
    """Lines after the first moved to the right."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * spaces + line for line in rest)])
