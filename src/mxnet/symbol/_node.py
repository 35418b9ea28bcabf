"""The graph: nodes that name an operator, its attributes as text, and the outputs of other nodes that are its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .. import attribute, name
from .._op.registry import Op
from ..error import MXNetError, hint

#: Attributes that belong to the graph, not to an operator; they are kept under `__key__` and can be asked for as `key`.
HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage", "profiler_scope")
#: (node, number of its output)
Entry = tuple["Node", int]


class Node:
    """A variable (op is None) or an operator's call. `texts` are the attributes as graph files hold them."""

    __slots__ = ("op", "name", "texts", "inputs", "subgraphs", "_typed")

    def __init__(self, op: Op | None, name: str, texts: dict[str, str], inputs: Sequence[Entry] = (), subgraphs: Sequence[Any] = ()) -> None:
        self.op, self.name, self.texts, self.inputs, self.subgraphs = op, name, texts, list(inputs), list(subgraphs)
        self._typed: dict | None = None

    @property
    def attrs(self) -> dict:
        """Typed attributes of the operator."""
        if self._typed is None:
            assert self.op is not None
            own = {k: v for k, v in self.texts.items() if not (k.startswith("__") and k.endswith("__"))}
            if self.op.variadic and self.op.count_attr not in self.op.specs:
                own.pop(self.op.count_attr, None)
            self._typed = self.op.parse(own)
        return self._typed

    def input_names(self) -> list[str]:
        """Names of the inputs, in order."""
        assert self.op is not None
        if self.op.variadic and self.op._active is None:
            return [f"{self.op.inputs[0]}{i}" for i in range(len(self.inputs))]
        return list(self.op.active_inputs(self.attrs))

    def aux_positions(self) -> list[int]:
        """Which inputs are auxiliary states."""
        if self.op is None:
            return []
        states = self.op.aux_inputs(self.attrs)
        return [i for i, n in enumerate(self.input_names()) if n in states] if states else []

    def num_outputs(self) -> int:
        """Outputs of the operator, hidden ones included."""
        return 1 if self.op is None else self.op.num_outputs(self.attrs)

    def num_visible(self) -> int:
        """Outputs that a symbol of the node has."""
        return 1 if self.op is None else self.op.num_visible(self.attrs)

    def output_name(self, index: int) -> str:
        """The name of an output."""
        if self.op is None:
            return self.name
        names = self.op.names_of_outputs(self.attrs)
        if names:
            return f"{self.name}_{names[index]}"
        return f"{self.name}_output" if self.num_outputs() == 1 else f"{self.name}_output{index}"


def order(heads: Iterable[Entry]) -> list[Node]:
    """All nodes below the heads, inputs before users, in depth-first order."""
    seen: set[int] = set()
    out: list[Node] = []
    for head, _ in heads:
        stack: list[tuple[Node, int]] = [(head, 0)]
        while stack:
            node, at = stack.pop()
            if at == 0:
                if id(node) in seen:
                    continue
                seen.add(id(node))
            if at < len(node.inputs):
                stack.append((node, at + 1))
                child = node.inputs[at][0]
                if id(child) not in seen:
                    stack.append((child, 0))
            else:
                out.append(node)
    return out


def variables(nodes: Iterable[Node]) -> tuple[list[Node], list[Node]]:
    """(arguments, auxiliary states) among the nodes: a variable is a state if an operator writes it."""
    nodes = list(nodes)
    states = {id(n.inputs[i][0]) for n in nodes for i in n.aux_positions() if i < len(n.inputs)}
    free = [n for n in nodes if n.op is None]
    return [n for n in free if id(n) not in states], [n for n in free if id(n) in states]


def graph_texts(attrs: dict) -> dict[str, str]:
    """Attributes of a scope as a node keeps them: hidden ones under `__key__`."""
    return {f"__{k}__" if k in HIDDEN else k: v for k, v in attrs.items()}


def compose(op: Op, function: str, given: Sequence[Entry | None], named: dict[str, Entry], attrs: dict, label: str | None,
            scope: dict | None) -> Node:  # fmt: skip
    """The node of an operator applied to entries; missing inputs become variables named after the node."""
    typed = op.parse(attrs)
    texts = {k: op.specs[k].text(v) if k in op.specs else str(v) for k, v in attrs.items() if v is not None or k in op.specs}
    for key, value in graph_texts(attribute.current().get(scope)).items():
        if not (key.startswith("__") and key.endswith("__")):
            raise MXNetError(f"{op.name}: cannot find attribute {key!r} (attributes: {', '.join(op.specs)}).{hint(key, op.specs)} Write __{key}__ for "
                             "an attribute of your own.")  # fmt: skip
        texts.setdefault(key, value)
    label = name.current().get(label, function.lower())
    if op.variadic and op._active is None:
        if named:
            raise MXNetError(f"{op.name}: takes inputs by position, got {next(iter(named))}=. Pass symbols by position.")
        entries = [e for e in given if e is not None]
        if op.count_attr not in op.specs:
            texts = {op.count_attr: str(len(entries)), **texts}
        return Node(op, label, texts, entries)
    names = list(op.active_inputs(typed))
    optional = [n for n in op.inputs if n not in names]
    slots: dict[str, Entry] = {}
    every = names + optional
    for i, entry in enumerate(given):
        if entry is not None:
            if i >= len(every):
                raise MXNetError(f"{op.name}: takes {len(every)} inputs ({', '.join(every)}), got {len(given)}. Pass fewer.")
            slots[every[i]] = entry
    for key, entry in named.items():
        if key not in every and key not in op.inputs:
            raise MXNetError(f"{op.name}: has no input {key!r} (inputs: {', '.join(every)}).{hint(key, every)}")
        slots[key] = entry
    names += [n for n in optional if n in slots]
    entries = [slots[n] if n in slots else (Node(None, f"{label}_{n}", dict(texts)), 0) for n in names]
    return Node(op, label, texts, entries)
