"""The tree of blocks in `-model.json` files of `Block.save`: names, children, and the graphs of hybridized blocks.

One entry for a block, under its class name in lower case and its number in the order of a walk through the tree:
orig_name; children: the key of each child by its name; the entries of the children; for a HybridBlock hybridized, and if it has a graph
inputs and symbol (JSON texts) with in_format and out_format (0 for an array, n for a symbol with n outputs, -1 for None, lists of these).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from ._errors import GluonError
from .parameter import ParameterDict


def outline(block: Any, numbers: Iterator[int] | None = None) -> dict[str, Any]:
    """The entry of a block and of all below it, under its key."""
    numbers = numbers or count()
    entry: dict[str, Any] = {"orig_name": block.name}
    key = _key(block, next(numbers))
    if hasattr(block, "_cached_graph"):
        graph = block._cached_graph
        if graph:
            structure, outputs = block._formats()
            entry.update(
                in_format=_as_list(structure), out_format=_format(outputs), inputs=[v.tojson() for v in graph[0]], symbol=graph[1].tojson()
            )
        entry["hybridized"] = bool(graph)
    entry["children"] = {child.name: name for name, child in block._children.items()}
    for child in block._children.values():
        entry.update(outline(child, numbers))
    return {key: entry}


def restore(block: Any, saved: dict[str, Any], numbers: Iterator[int] | None = None) -> None:
    """Give a block, and all below it, the names and keys of a saved outline, so that names in files fit; hybridized blocks are so again."""
    numbers = numbers or count()
    key = _key(block, next(numbers))
    entry = saved.get(key)
    names = entry.get("children") if isinstance(entry, dict) else None
    if not isinstance(names, dict) or not isinstance(entry.get("orig_name"), str) or len(names) > len(block._children):
        raise GluonError(
            f"load: the file has no block {key} with {len(block._children)} children. Build the blocks as when they were saved."
        )
    old, block._name = block._name, entry["orig_name"]
    _rename(block.params, block.params.prefix, f"{block._name}_")
    if entry.get("hybridized"):
        block._active = True
        block._clear_cached_op()
    for child in block._children.values():
        restore(child, entry, numbers)
    for name, child in list(block._children.items()):
        if not isinstance(names.get(child.name), str):
            raise GluonError(
                f"load: block {old} has a child {child.name} that the file does not name. Build the blocks as when they were saved."
            )
        block._children[names[child.name]] = block._children.pop(name)


def _key(block: Any, number: int) -> str:
    return f"{type(block).__name__.lower()}{number}"


def _rename(params: ParameterDict, old: str, new: str) -> None:
    for name, p in list(params._params.items()):
        del params._params[name]
        if p.name == name:  # a shared parameter keeps its name
            p.name, p._var = new + name[len(old) :], None
        params._params[p.name] = p


def _as_list(structure: Any) -> list[Any]:
    """The format of arguments: a number means so many arrays side by side."""
    return [0] * structure if isinstance(structure, int) else _format(structure)


def _format(structure: Any) -> Any:
    if structure == 1:
        return 0
    return -1 if structure is None else [_format(part) for part in structure[1:]]
