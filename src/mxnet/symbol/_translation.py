"""The translation of a graph to a torch.fx GraphModule: straight-line Python, one call of an operator's function after the other.

Attributes are typed constants of the code. `training`, the random generator and the device are inputs of the module.
"""

from __future__ import annotations

import importlib
import keyword
import operator
from collections.abc import Callable, Container
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from .._op.control_flow import run as run_bodies
from .._op.gradients import zero_gradient
from .._op.registry import Op
from ._merge import merged, merging
from ._mirror import mirrored, noted
from ._node import Node, order, variables

if TYPE_CHECKING:
    from torch import fx

_INPUTS = ("training", "generator", "device")
#: The casts of mixed precision: (operator, tensors, attributes) -> tensors.
Cast = Callable[[Op, list, dict], list]


def to_fx(heads: list, shapes: dict[int, tuple] | None = None, edges: list[tuple[Node, int]] | None = None,
          cast: Cast | None = None, mirror: Container[int] = ()) -> fx.GraphModule:  # fmt: skip
    """The graph as a GraphModule: inputs are arguments, auxiliary states, then training, generator and device; outputs a tuple.

    With `edges` (a list that is filled) every input of every operator is a tensor of its own, and an output of the module too.
    With `cast` (mixed precision) the inputs of every operator go through it. The results of the nodes in `mirror` (ids) can be repeated.
    """
    fx = importlib.import_module("torch.fx")  # a third of what `import mxnet` would cost; needed at the first graph only
    nodes = order(heads)
    arguments, states = variables(nodes)
    graph = fx.Graph()
    made: dict[int, Any] = {}
    reserved_names = [f"_{name}_" for name in _INPUTS]
    for n, name in zip(arguments + states, _parameter_names([n.name for n in arguments + states], reserved_names)):
        made[id(n)] = (graph.placeholder(name),)
    reserved = {name: graph.placeholder(label) for name, label in zip(_INPUTS, reserved_names)}
    ends: list[Any] = []
    for n in nodes:
        if n.op is None:
            continue
        given = [made[id(e)][i] for e, i in n.inputs]
        if edges is not None:
            states_at = n.aux_positions()
            for i in range(len(given)):
                if i not in states_at:
                    given[i] = graph.call_function(_edge, (given[i],))
                    edges.append((n, i))
                    ends.append(given[i])
        values = argument_list(n, given)
        kwargs = {**n.attrs, **{r: reserved[r] for r in n.op.reserved if r in reserved}}
        if "out" in n.op.reserved:
            kwargs["out"] = None
        if shapes and id(n) in shapes:
            kwargs["shape"] = shapes[id(n)]
        fn = _stopped(n.op.fn) if n.op.zero_grad else n.op.fn
        if n.subgraphs:
            fn, kwargs = with_bodies(n), dict(reserved)
        if cast is not None:
            fn = _cast_first(fn, n.op, n.attrs, cast)
        if id(n) in mirror:
            fn = noted(fn)
        call = graph.create_node("call_function", fn, tuple(values), kwargs, name=_identifier(n.name))
        call.meta["mxnet"] = n.op.name
        count = n.num_outputs()
        if count == 1 and not isinstance(n.op._outputs, int):  # as many outputs as attributes say: one may be a tuple of one
            call = graph.call_function(_only, (call,))
        made[id(n)] = (call,) if count == 1 else tuple(graph.call_function(operator.getitem, (call, i)) for i in range(count))
    graph.output(tuple(made[id(n)][i] for n, i in heads) + tuple(ends))
    graph.lint()
    return fx.GraphModule(torch.nn.Module(), graph, "Graph")


def _stopped(fn: Callable) -> Callable:
    """The function of an operator whose gradient is zero by definition, as part of a graph."""

    def run(*tensors: Any, **attrs: Any) -> Any:
        result = fn(*tensors, **attrs)
        tracked = [t for t in tensors if isinstance(t, torch.Tensor) and t.requires_grad]
        return zero_gradient(result, tracked) if tracked else result

    run.__name__ = getattr(fn, "__name__", "operator")
    run.__module__ = getattr(fn, "__module__", __name__)
    return run


def _edge(value: torch.Tensor) -> torch.Tensor:
    """The value as a tensor of its own, so that its gradient is that of one user."""
    return value.view_as(value) if value.requires_grad else value


def _only(result: Any) -> Any:
    """The one output of an operator that can have several."""
    return result[0] if isinstance(result, (tuple, list)) else result


def argument_list(node: Node, values: list) -> list:
    """The inputs in the function's order, None where an optional one in the middle is absent."""
    op = node.op
    assert op is not None
    names = node.input_names()
    if op.variadic or names == list(op.inputs[: len(names)]):
        return values
    by_name = dict(zip(names, values))
    return [by_name.get(n) for n in op.inputs]


def _cast_first(fn: Callable, op: Op, attrs: dict, cast: Cast) -> Callable:
    """The function of an operator behind the casts of mixed precision; states that it writes arrive as they are."""
    states = [op.inputs.index(name) for name in op.mutates]

    def run(*tensors: Any, **kwargs: Any) -> Any:
        given = cast(op, list(tensors), attrs)
        for i in states:
            if i < len(tensors):
                given[i] = tensors[i]
        return fn(*given, **kwargs)

    run.__name__ = getattr(fn, "__name__", "operator")
    run.__module__ = getattr(fn, "__module__", __name__)
    return run


def _identifier(name: str) -> str:
    text = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    return f"_{text}" if not text or text[0].isdigit() else text


def _parameter_names(names: list[str], taken: list[str]) -> list[str]:
    """A Python parameter for each variable: any text can be a variable's name, and a name that the code itself uses must not be hidden."""
    used = {*taken, "self", "inf", "nan", "device"}
    made = []
    for name in names:
        text = _identifier(name)
        if keyword.iskeyword(text) or text.startswith(("torch", "mxnet")):
            text = f"_{text}"
        while text in used:
            text += "_"
        used.add(text)
        made.append(text)
    return made


class _Body:
    """A body of a control-flow operator: a graph, and where each input of its module stands among the graph's free variables."""

    def __init__(self, graph: Any) -> None:
        self.heads = merged(graph._heads) if merging() else list(graph._heads)
        self.nodes = order(self.heads)
        arguments, states = variables(self.nodes)
        names = graph.list_inputs()
        self.arguments = [names.index(n.name) for n in arguments]
        self.states = [names.index(n.name) for n in states]

    @cached_property
    def module(self) -> fx.GraphModule:
        """The GraphModule (made at first use: one branch of two may never run)."""
        return to_fx(self.heads, mirror=mirrored([n for n in self.nodes if n.op is not None], self.heads))


def with_bodies(node: Node) -> Callable[..., Any]:
    """A control-flow operator as a function of tensors: its bodies are GraphModules of their own."""
    bodies = [_Body(g) for g in node.subgraphs]
    attrs = node.attrs

    def run(*tensors: torch.Tensor, training: bool, generator: Any, device: Any) -> Any:
        def function(body: _Body) -> Callable[..., tuple]:
            def call(*values: torch.Tensor) -> tuple:
                states = [values[p].detach() for p in body.states]
                return body.module(*[values[p] for p in body.arguments], *states, training, generator, device)

            return call

        results = run_bodies(node.op, [function(b) for b in bodies], tensors, attrs)  # type: ignore[arg-type]
        return results if len(results) != 1 else results[0]

    run.__name__ = node.op.name.strip("_")  # type: ignore[union-attr]
    return run
