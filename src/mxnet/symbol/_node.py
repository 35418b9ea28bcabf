"""The graph: nodes that name an operator, its attributes as text, and the outputs of other nodes that are its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import attribute, name
from .._op.registry import Op
from ..error import MXNetError, hint

#: Attributes that belong to the graph, not to an operator; they are kept under `__key__` and can be asked for as `key`.
HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage")
#: (node, number of its output)
Entry = tuple["Node", int]


class Node:
    """A variable (op is None) or an operator's call. `texts` are the attributes as graph files hold them."""

    __slots__ = ("op", "name", "texts", "inputs", "subgraphs", "versions", "_typed", "_names")

    def __init__(
        self, op: Op | None, name: str, texts: dict[str, str], inputs: Sequence[Entry] = (), subgraphs: Sequence[Any] = ()
    ) -> None:
        self.op, self.name, self.texts, self.inputs, self.subgraphs = op, name, texts, list(inputs), list(subgraphs)
        #: versions of the inputs as a graph file had them; None: counted when written
        self.versions: list[int] | None = None
        self._typed: dict | None = None
        self._names: Sequence[str] | None = None

    @property
    def attrs(self) -> dict:
        """Typed attributes of the operator."""
        if self._typed is None:
            assert self.op is not None
            specs, free = self.op.specs, self.op.free
            self._typed = self.op.parse({k: v for k, v in self.texts.items() if k in specs or free and not is_private(k)})
        return self._typed

    def input_names(self) -> list[str]:
        """Names of the inputs, in order."""
        assert self.op is not None
        op, count = self.op, len(self.inputs)
        names = [] if op.variadic and op._active is None else list(op.active_inputs(self.attrs))
        if len(names) < count:  # optional inputs that are given, or any number of them
            names += (
                [n for n in op.inputs if n not in names] if not op.variadic else [f"{op.inputs[0]}{i}" for i in range(len(names), count)]
            )
        return names

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
        if self._names is None:
            self._names = self.op.names_of_outputs(self.attrs)
        names = self._names
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
    """Attributes of a scope as a node keeps them: hidden ones under `__key__`. All must be text."""
    for key, value in attrs.items():
        if not isinstance(value, str):
            raise ValueError(f"Symbol: attribute {key} must be a str, got {value!r}. Use str(value).")
    return {f"__{k}__" if k in HIDDEN else k: v for k, v in attrs.items()}


def compose(op: Op, function: str, given: Sequence[Entry | None], named: dict[str, Entry], attrs: dict, label: str | None,
            scope: dict | None) -> Node:  # fmt: skip
    """The node of an operator applied to entries; missing inputs become variables named after the node."""
    own, extra = _sorted_attrs(op, attrs, scope)
    typed = op.parse(own)
    texts = {**{k: _text(op, k, v) for k, v in own.items() if v is not None or k in op.specs and op.specs[k].optional}, **extra}
    label = name.current().get(label, function.lower())
    if op.variadic and op._active is None:
        if named:
            raise MXNetError(f"{op.name}: takes inputs by position, got {next(iter(named))}=. Pass symbols by position.")
        entries = [(Node(None, f"{label}_arg{i}", {}), 0) if e is None else e for i, e in enumerate(given)]
        if not entries and op.inputs:
            raise MXNetError(f"{op.name}: got no inputs. Pass symbols, or {op.count_attr}= for variables.")
        if not counts_otherwise(op):
            texts[op.count_attr] = str(len(entries))
        return Node(op, label, texts, entries)
    if op.variadic and not op.free:  # an operator of the user's own does not count its inputs
        texts[op.count_attr] = str(own.get(op.count_attr, len(given)))
    names = list(op.active_inputs(typed))
    if len(given) > len(names):
        if op.variadic and not op.free:
            names += [f"{op.inputs[0]}{i}" for i in range(len(names), len(given))]
        elif op._active is None and not op.variadic:
            names = list(op.inputs[: len(given)])
        elif any(e is not None for e in given[len(names) :]):
            raise MXNetError(f"{op.name}: takes {len(names)} inputs ({', '.join(names)}), got {len(given)}. Pass fewer.")
    slots: dict[str, Entry] = {n: e for n, e in zip(names, given) if e is not None}
    for key, entry in named.items():
        if key not in names:
            if key not in op.inputs or op._active is not None:
                raise MXNetError(f"{op.name}: has no input {key!r} with these attributes (inputs: {', '.join(names)}).{hint(key, names)}")
            names.append(key)  # optional and given
        if key in slots:
            raise TypeError(f"{op.name}: input {key} is given by position and by name. Pass it once.")
        slots[key] = entry
    if op._active is None and not op.variadic:
        names = [n for n in op.inputs if n in slots or n in op.inputs[: op.required]]
    states = op.aux_inputs(typed)
    entries = [slots[n] if n in slots else (Node(None, f"{label}_{n}", dict(texts)), 0) for n in names]
    for n, (variable, _) in zip(names, entries):
        start = DEFAULT_INIT.get((op.name, n))
        if start is not None and variable.op is None and (n in states or n not in slots):
            variable.texts.setdefault("__init__", start)
    return Node(op, label, texts, entries)


def counts_otherwise(op: Op) -> bool:
    """Whether graph files hold the number of a variadic operator's inputs in an attribute of its own, and have no `num_args`."""
    return op.name == "amp_multicast" or any(n in op.specs for n in ("num_arrays", "num_tensors", "num_weights"))


#: Initializers of variables that are no plain weights: (operator, input) -> text of the initializer.
DEFAULT_INIT = {
    **{(o, n): v for o in ("BatchNorm", "BatchNorm_v1", "_contrib_SyncBatchNorm", "_contrib_BatchNormWithReLU")
       for n, v in (("moving_mean", '["zero", {}]'), ("moving_var", '["one", {}]'))},
    ("IdentityAttachKLSparseReg", "moving_avg"): '["zero", {}]',
    ("LeakyReLU", "gamma"): '["Constant", {"value": 0.25}]',
    ("UpSampling", "weight"): '["bilinear", {}]',
}  # fmt: skip


def _text(op: Op, key: str, value: Any) -> str:
    """The text of an attribute as it was given; data types by their names."""
    spec = op.specs.get(key)
    if spec is not None and (spec.kind == "DType" or not isinstance(value, (str, int, float, bool, tuple, list))):
        return spec.text(value)
    if isinstance(value, (tuple, list)):
        value = type(value)(v.item() if isinstance(v, np.generic) else v for v in value)
    return str(value)


def is_private(key: str) -> bool:
    """Whether an attribute belongs to the graph: `__key__`."""
    return len(key) > 4 and key.startswith("__") and key.endswith("__")


def _sorted_attrs(op: Op, attrs: dict, scope: dict | None) -> tuple[dict, dict[str, str]]:
    """(attributes of the operator, attributes of the graph), from keyword arguments and from the attribute scope."""
    own, extra = {}, dict(graph_texts(attribute.current().get(scope)))
    for key, value in attrs.items():
        if key in HIDDEN:
            extra[f"__{key}__"] = str(value)
        elif is_private(key):
            extra[key] = str(value)
        else:
            own[key] = value
    for key in list(extra):
        if not is_private(key):
            if key in op.specs:
                own.setdefault(key, extra.pop(key))
            elif any(key.endswith("_" + h) for h in HIDDEN):
                own[key] = extra.pop(key)
            elif not op.lenient:
                raise MXNetError(f"{op.name}: cannot find attribute {key!r} (attributes: {', '.join(op.specs)}).{hint(key, op.specs)} "
                                 f"Write __{key}__ for an attribute of your own.")  # fmt: skip
    for key in own:
        if key not in op.specs and any(key.endswith("_" + h) for h in HIDDEN):
            raise MXNetError(
                f"{op.name}: {key} sets an attribute of an input. Make the input with mx.sym.var(..., lr_mult=...) and pass it."
            )
    return own, extra
