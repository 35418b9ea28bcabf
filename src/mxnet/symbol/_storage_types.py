"""Inference of storage types: an operator's own rule, or sparse where it has an implementation that keeps the storage, else default.

Gradients get types too: executors make gradient arrays of them.
"""

from __future__ import annotations

from typing import NamedTuple

from ..error import MXNetError
from ._node import Entry, Node, variables

_NUMBER = {"0": "default", "1": "row_sparse", "2": "csr"}
#: Operators whose results on sparse inputs are dense although they have an implementation for them.
_DENSE_RESULT = ("dot", "sum", "mean", "norm", "_square_sum", "FullyConnected", "Embedding", "take", "argmax", "argmin")


class StorageTypes(NamedTuple):
    """values: storage type by (node id, output); gradients: storage type of the gradient by argument."""

    values: dict[tuple[int, int], str]
    gradients: dict[str, str]


def infer(heads: list[Entry], nodes: list[Node], given: dict[str, str]) -> tuple:
    """(argument, output, auxiliary) storage types."""
    names = {n.name for n in nodes if n.op is None}
    for key in given:
        if key not in names:
            raise MXNetError(f"infer_storage_type: there is no argument {key!r}. Use {', '.join(sorted(names))}.")
    found = infer_stypes(heads, nodes, given).values
    arguments, states = variables(nodes)
    return [found[id(n), 0] for n in arguments], [found[id(n), i] for n, i in heads], [found[id(n), 0] for n in states]


def infer_stypes(heads: list[Entry], nodes: list[Node], given: dict[str, str]) -> StorageTypes:
    """Storage types of everything, from those of some arguments and from what variables declare."""
    found: dict[tuple[int, int], str] = {}
    for n in nodes:
        if n.op is None:
            found[id(n), 0] = given.get(n.name) or _NUMBER.get(n.texts.get("__storage_type__", "0"), "default")
            continue
        stypes = tuple(found[id(e), i] for e, i in n.inputs)
        for i in range(n.num_outputs()):
            found[id(n), i] = _output(n, stypes)
    return StorageTypes(found, _gradients(heads, nodes, found))


def _output(n: Node, stypes: tuple[str, ...]) -> str:
    op = n.op
    assert op is not None
    if op.stype_rule is not None:
        answer = op.stype_rule(stypes, **op.with_defaults(n.attrs))
        return answer if isinstance(answer, str) else answer[0]
    if "stype" in n.attrs:
        return n.attrs["stype"]
    if op.name == "dot" and stypes[0] == "csr" and n.attrs.get("transpose_a"):
        return "row_sparse"
    if op.name == "_sparse_retain" or op.name in ("elemwise_mul", "_mul") and "row_sparse" in stypes:
        return "row_sparse"
    return stypes[0] if set(stypes) - {"default"} and len(set(stypes)) == 1 and _keeps(n, stypes) else "default"


def _keeps(n: Node, stypes: tuple[str, ...]) -> bool:
    """Elementwise operators with an implementation for these storage types keep them."""
    return stypes in n.op.storages and not n.op.name.startswith(_DENSE_RESULT)  # type: ignore[union-attr]


def _gradients(heads: list[Entry], nodes: list[Node], found: dict[tuple[int, int], str]) -> dict[str, str]:
    """Storage types of gradients: what all users of a value give it, dense where they differ."""
    wanted: dict[tuple[int, int], set[str]] = {}
    for n, i in heads:
        wanted.setdefault((id(n), i), set()).add(found[id(n), i])
    for n in reversed(nodes):
        if n.op is None:
            continue
        out = _one(wanted.get((id(n), 0), set()))
        for name, (e, i) in zip(n.input_names(), n.inputs):
            wanted.setdefault((id(e), i), set()).add(_input_gradient(n, name, found[id(e), i], out, found))
    return {n.name: _one(wanted.get((id(n), 0), set())) for n in nodes if n.op is None}


def _one(stypes: set[str]) -> str:
    return next(iter(stypes)) if len(stypes) == 1 else "default"


def _input_gradient(n: Node, name: str, stype: str, out: str, found: dict[tuple[int, int], str]) -> str:
    op = n.op
    assert op is not None
    if op.name == "dot":
        first, i = n.inputs[0]
        return "row_sparse" if name == "rhs" and found[id(first), i] == "csr" and not n.attrs.get("transpose_a") else "default"
    if op.name in ("Embedding", "take") and n.attrs.get("sparse_grad") or op.name == "_contrib_SparseEmbedding":
        return "row_sparse" if name in ("weight", "a") else "default"
    if op.name == "cast_storage":
        return out
    stypes = tuple(found[id(e), i] for e, i in n.inputs)
    return out if out == stype and stype != "default" and len(set(stypes)) == 1 and _keeps(n, stypes) else "default"
