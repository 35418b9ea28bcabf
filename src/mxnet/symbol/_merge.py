"""Common expressions are computed once: calls of one operator with equal attributes and inputs become one call.

Left apart are operators that draw random numbers, write their inputs, run users' code or have bodies; losses, whose gradient does not add
up with the number of their users; and outputs of the graph, whose arrays must not share memory. MXNET_ELIMINATE_COMMON_EXPR=0 in the environment at the
time of binding turns it off.
"""

from __future__ import annotations

import os

from ._losses import LOSSES
from ._node import Entry, Node, order


def merging() -> bool:
    """Whether the environment leaves it on."""
    return os.environ.get("MXNET_ELIMINATE_COMMON_EXPR", "1") not in ("", "0")


def merged(heads: list[Entry]) -> list[Entry]:
    """The heads of the graph without repeated calls; the same heads if there are none."""
    ends = {id(n) for n, _ in heads}
    first: dict[tuple, Node] = {}
    instead: dict[int, Node] = {}
    for n in order(heads):
        if n.op is None:
            continue
        entries = [(instead.get(id(e), e), i) for e, i in n.inputs]
        own = n if all(a is b for (a, _), (b, _) in zip(entries, n.inputs)) else _with_inputs(n, entries)
        if id(n) not in ends and _may(n):
            key = (n.op.name, tuple(sorted(n.texts.items())), tuple((id(e), i) for e, i in entries))
            own = first.setdefault(key, own)
        if own is not n:
            instead[id(n)] = own
    return [(instead.get(id(n), n), i) for n, i in heads] if instead else heads


def _may(node: Node) -> bool:
    op = node.op
    assert op is not None
    return bool(node.inputs) and not (
        node.subgraphs or op.mutates or "generator" in op.reserved or op.name in LOSSES or op.name == "Custom"
    )


def _with_inputs(node: Node, inputs: list[Entry]) -> Node:
    made = Node(node.op, node.name, node.texts, inputs, node.subgraphs)
    made.versions = node.versions
    return made
