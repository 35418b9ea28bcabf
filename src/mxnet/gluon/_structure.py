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


def _indent(text: str, spaces: int) -> str:
    """Lines after the first moved to the right."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * spaces + line for line in rest)])


def _flatten(args: Any, inout_str: str) -> tuple[list[Any], Any]:
    """Leaves of nested arguments and their format as MXNet writes it: 0 an array, n a symbol with n outputs, -1 None, lists of these.

    inout_str: "input" or "output", for the error.
    """
    if args is None:
        return [None], -1
    if hasattr(args, "list_outputs"):
        count = len(args.list_outputs())
        return [args], count if count > 1 else 0
    if isinstance(args, (list, tuple)):
        pairs = [_flatten(a, inout_str) for a in args]
        return [leaf for leaves, _ in pairs for leaf in leaves], [form for _, form in pairs]
    if not hasattr(args, "asnumpy"):
        raise ValueError(
            f"HybridBlock: the {inout_str} of a hybridized block must be arrays in lists, got {type(args).__name__}. Convert it first."
        )
    return [args], 0


def _regroup(args: Any, fmt: Any) -> Any:
    """The inverse of `_flatten`."""
    rest = list(args)

    def take(form: Any) -> Any:
        if isinstance(form, list):
            return [take(part) for part in form]
        count = max(form, 1)
        taken, rest[:] = rest[:count], rest[count:]
        return taken if form > 0 else taken[0]

    return take(fmt)
