"""Losses: operators that give their own gradient, and what follows for the gradients of their labels and of the graph's outputs."""

from __future__ import annotations

from .._op.custom import UserOperators
from ._node import Entry, Node

#: Operators that give their own gradient, whatever the gradient of their output is.
LOSSES = frozenset(
    {"SoftmaxOutput", "LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput", "SVMOutput", "MakeLoss", "make_loss"}
)


def free_heads(heads: list[Entry], nodes: list[Node], wanted: list[str]) -> list[bool]:
    """For each output whether its gradient is of no use: every way from it to a wanted argument goes through a loss."""
    used: dict[int, bool] = {}
    for n in nodes:  # inputs before their users
        used[id(n)] = n.name in wanted if n.op is None else _reads_head(n) and any(used[id(e)] for e, _ in n.inputs)
    return [not used[id(n)] for n, _ in heads]


def label_names(nodes: list[Node]) -> set[str]:
    """Variables that only losses read, as labels: their gradients are left alone."""
    used: dict[str, bool] = {}
    for n in nodes:
        if n.op is None:
            continue
        for name, (e, _) in zip(n.input_names(), n.inputs):
            if e.op is None:
                used[e.name] = used.get(e.name, True) and n.op.name in LOSSES and name == "label"
    return {name for name, only in used.items() if only}


def _reads_head(node: Node) -> bool:
    """Whether the gradients of an operator's inputs depend on those of its outputs."""
    op = node.op
    assert op is not None
    if op.name == "Custom":
        settings = {k: v for k, v in node.attrs.items() if k != "op_type"}
        return UserOperators.reads_head is None or UserOperators.reads_head(node.attrs["op_type"], settings)
    return not (op.name in LOSSES or op.name == "BlockGrad" or op.zero_grad)
