"""Inference of storage types: an operator's own rule, or sparse where it has an implementation that keeps the storage, else default."""

from __future__ import annotations

from ..error import MXNetError
from ._node import Entry, Node, variables

_NUMBER = {"0": "default", "1": "row_sparse", "2": "csr"}


def infer(heads: list[Entry], nodes: list[Node], given: dict[str, str]) -> tuple:
    """(argument, output, auxiliary) storage types."""
    found: dict[tuple[int, int], str] = {}
    names = {n.name for n in nodes if n.op is None}
    for key in given:
        if key not in names:
            raise MXNetError(f"infer_storage_type: there is no argument {key!r}. Use {', '.join(sorted(names))}.")
    for n in nodes:
        if n.op is None:
            found[id(n), 0] = given.get(n.name) or _NUMBER.get(n.texts.get("__storage_type__", "0"), "default")
            continue
        stypes = tuple(found[id(e), i] for e, i in n.inputs)
        for i in range(n.num_outputs()):
            found[id(n), i] = _output(n, stypes)
    arguments, states = variables(nodes)
    return [found[id(n), 0] for n in arguments], [found[id(n), i] for n, i in heads], [found[id(n), 0] for n in states]


def _output(n: Node, stypes: tuple[str, ...]) -> str:
    op = n.op
    assert op is not None
    if op.stype_rule is not None:
        answer = op.stype_rule(stypes, **op.with_defaults(n.attrs))
        return answer if isinstance(answer, str) else answer[0]
    if "stype" in n.attrs:
        return n.attrs["stype"]
    sparse = set(stypes) - {"default"}
    if len(sparse) == 1 and len(set(stypes)) == 1 and _keeps(op, stypes):
        return stypes[0]
    return "default"


def _keeps(op: object, stypes: tuple[str, ...]) -> bool:
    """Elementwise operators with an implementation for these storage types keep them."""
    name = op.name  # type: ignore[attr-defined]
    return stypes in op.storages and not name.startswith(("dot", "sum", "mean", "norm", "_square_sum", "FullyConnected"))  # type: ignore[attr-defined]
