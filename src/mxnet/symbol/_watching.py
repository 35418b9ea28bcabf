"""What a monitor sees of a graph: every inner result under MXNet's name, and the statistics of normalizations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._op.registry import Op
from .._runtime.array import Array
from ._node import Node

#: (function of name and array, whether inputs are shown too)
Monitor = tuple[Callable[[str, Array], None], bool]

#: Operators of one input that call it by its name when they are watched; the others say input0.
_NAMED = frozenset({"softmax", "log_softmax", "softmin", "Dropout", "Pooling", "SliceChannel", "MakeLoss", "LRN", "L2Normalization", "SwapAxis", "Pad",
                    "GridGenerator", "SoftmaxActivation", "LeakyReLU", "RNN"})  # fmt: skip


def report(monitor: Monitor, nodes: list[Node], values: dict[tuple[int, int], Any]) -> None:
    """Show the values (by node id and output) of a pass, operator by operator."""
    show, inputs = monitor
    for n in nodes:
        if n.op is None:
            continue
        if inputs:
            for (e, i), name in zip(n.inputs, input_names(n)):
                if e.op is None:
                    show(e.name, values[id(e), i])
                show(f"{n.name}_{name}", values[id(e), i])
        for i in range(n.num_outputs()):
            if (id(n), i) in values:
                show(n.output_name(i), values[id(n), i])


def talkative(heads: list, nodes: list[Node]) -> tuple[list, list[Node]]:
    """The same graph with the statistics of normalizations as further outputs."""
    made: dict[int, Node] = {}
    for n in nodes:
        more = {"output_mean_var": "True"} if n.op is not None and "output_mean_var" in n.op.specs else {}
        made[id(n)] = n if n.op is None else Node(n.op, n.name, {**n.texts, **more}, [(made[id(e)], i) for e, i in n.inputs], n.subgraphs)
    return [(made[id(n)], i) for n, i in heads], list(made.values())


def input_names(node: Node) -> list[str]:
    """How a monitor calls the inputs of a node."""
    op: Op = node.op  # type: ignore[assignment]
    if op.variadic and op._active is None:
        return [f"arg{i}" for i in range(len(node.inputs))]
    return ["input0"] if len(op.inputs) == 1 and op.name not in _NAMED else node.input_names()
