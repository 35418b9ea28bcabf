"""Inference of storage types: an operator's own rule, or sparse where it has an implementation that keeps the storage, else default.

Gradients get types too: executors make gradient arrays of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .._op.registry import Op
from .._runtime.invoke import BAD_INPUT, Sparse
from ..error import MXNetError
from ._node import Entry, Node, variables

_NUMBER = {"0": "default", "1": "row_sparse", "2": "csr"}


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
    if set(stypes) == {"default"} or not stypes:
        return "default"
    attrs = n.attrs
    key = (op.name, stypes, tuple(attrs.items()))
    try:
        if key not in _ASKED:
            _ASKED[key] = _ask(op, stypes, attrs)
        return _ASKED[key]
    except TypeError:  # an attribute that cannot be hashed
        return _ask(op, stypes, attrs)


_ASKED: dict[Any, str] = {}


def _ask(op: Op, stypes: tuple[str, ...], attrs: dict) -> str:
    """The storage type of what the operator's implementation gives for empty arrays of these storage types."""
    fn = op.storages.get(stypes) or op.storages.get(("any",))
    if fn is None:
        return "default"
    cpu = torch.device("cpu")
    values = [torch.zeros(2, 2) if s == "default" else Sparse.zeros(s, (2, 2), torch.float32, cpu) for s in stypes]
    try:
        result = fn(*values, **attrs)
    except (*BAD_INPUT, AttributeError):
        return "row_sparse" if op.name == "_sparse_retain" else "default"
    result = getattr(result, "result", result)  # a result that comes with its gradients
    first = result[0] if isinstance(result, (tuple, list)) else result
    return getattr(first, "stype", "default")


def _keeps(n: Node, stypes: tuple[str, ...]) -> bool:
    """Whether the result has the storage type of all inputs, as elementwise operators do."""
    return len(set(stypes)) == 1 and n.op.name not in ("dot", "_sparse_retain") and _output(n, stypes) == stypes[0]  # type: ignore[union-attr]


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
