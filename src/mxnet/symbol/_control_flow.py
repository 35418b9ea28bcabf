"""`mx.sym.contrib.foreach`, `while_loop` and `cond`: control flow as operators whose bodies are graphs of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import attribute
from .._nesting import Nesting, pair
from .._op.registry import NAMES
from ..error import MXNetError
from ._function import create
from ._node import Entry, Node, order
from ._symbol import Symbol
from .symbol import var

__all__ = ["foreach", "while_loop", "cond"]

_NESTING = Nesting(Symbol, "a Symbol", list, list)


class Body:
    """The graph of a function of symbols, cut out of everything that was made outside of it.

    graph    its outputs
    inputs   for each of its free variables, in the order of `graph.list_inputs()`, the name and the entry outside that it stands for
    """

    def __init__(self, hint: str, call: Callable[[], tuple[list[Symbol], Any]], inside: dict[str, Entry]) -> None:
        label = _scope_name(hint)
        with attribute.AttrScope(__subgraph_name__=label):
            outputs, self.extra = call()
            seen: set[str] = set()
            heads = []
            for o in outputs:
                own = o.list_attr().get("__subgraph_name__", "") == label and o._heads[0][0].op is not None
                if not own or o.list_outputs()[0] in seen:
                    o = create(NAMES["_copy"], "identity", (o,), {})
                seen.add(o.list_outputs()[0])
                heads.append(o._heads[0])
        self.graph, outside = _cut(heads, label)
        self.inputs = [(n.name, inside.get(n.name) or outside.get(n.name) or (n, 0)) for n in order(self.graph._heads) if n.op is None]


def _scope_name(hint: str) -> str:
    outer = attribute.current()._attr.get("__subgraph_name__", "")
    name = f"{outer}${hint}" if outer else hint
    names = attribute.AttrScope._subgraph_names
    names[name] += 1
    return f"{name}{names[name] - 1}"


def _cut(heads: list[Entry], label: str) -> tuple[Symbol, dict[str, Entry]]:
    """A copy of the graph in which results of nodes made outside are variables, and what those stand for."""
    outside: dict[str, Entry] = {}
    made: dict[tuple[int, int], Entry] = {}

    def moved(entry: Entry) -> Entry:
        node, i = entry
        if (id(node), i) not in made:
            name = node.output_name(i)
            outside[name] = entry
            made[id(node), i] = (Node(None, name, {}), 0)
        return made[id(node), i]

    for node in order(heads):
        if node.op is None:
            made[id(node), 0] = (node, 0)
        elif node.texts.get("__subgraph_name__") == label:
            copy = Node(node.op, node.name, node.texts, [moved(e) for e in node.inputs], node.subgraphs)
            for i in range(node.num_outputs()):
                made[id(node), i] = (copy, i)
    return Symbol([made[id(n), i] for n, i in heads]), outside


def _placeholder(s: Symbol) -> Any:
    node, i = s._heads[0]
    return var(f"{node.name}-{i}")


def _node(op: str, bodies: list[Body], entries: list[Entry], attrs: dict[str, Any]) -> Symbol:
    symbols = [Symbol([e]) for e in entries]
    made = create(NAMES[op], op, tuple(symbols), {k: v if isinstance(v, int) else str(v) for k, v in attrs.items()})
    node = made._heads[0][0]
    node.subgraphs = [b.graph for b in bodies]
    node.texts["num_args"] = str(len(entries) + len(bodies))
    return made


def foreach(body: Callable[[Any, Any], Any], data: Any, init_states: Any, name: str = "foreach") -> tuple[Any, Any]:
    """Run `outputs, states = body(data[i], states)` for each i of the first axis; the outputs stacked, and the last states.

    data, init_states and what body returns are symbols or (nested) lists of them. The body becomes a graph inside the graph.

    >>> x, s = mx.sym.var("x"), mx.sym.var("s")
    >>> out, last = mx.sym.contrib.foreach(lambda x, s: (x + s, x + s), x, s)
    >>> last.eval(x=mx.nd.array([[1], [2], [3]]), s=mx.nd.array([0]))[0].asnumpy().tolist()
    [6.0]
    """
    rows, row_nesting = _NESTING.flatten(data, "foreach: data")
    states, state_nesting = _NESTING.flatten(init_states, "foreach: init_states")
    if not rows:
        raise MXNetError("foreach: data holds no symbols. Pass at least one.")
    inside: dict[str, Entry] = {}
    nestings: list[Any] = []

    def call() -> tuple[list[Symbol], int]:
        steps, firsts = [_placeholder(s) for s in rows], [_placeholder(s) for s in states]
        places["data"], places["states"] = [s.name for s in steps], [s.name for s in firsts]
        inside.update({p.name: s._heads[0] for p, s in zip([*steps, *firsts], [*rows, *states])})
        outputs, new_states = pair(body(_NESTING.nested(steps, row_nesting), _NESTING.nested(firsts, state_nesting)), "foreach: body")
        flat_out, nesting = _NESTING.flatten(outputs, "foreach: outputs of body")
        flat_states, new_nesting = _NESTING.flatten(new_states, "foreach: states of body")
        if len(flat_states) != len(states):
            raise AssertionError(f"foreach: body returned {len(flat_states)} states for {len(states)}. Return all of them.")
        nestings.extend((nesting, new_nesting))
        return [*flat_out, *flat_states], len(flat_out)

    places: dict[str, list[str]] = {}
    made = Body(name, call, inside)
    names = [n for n, _ in made.inputs]
    for kind in ("data", "states"):
        missing = [p for p in places[kind] if p not in names]
        if missing:
            what = "data arrays" if kind == "data" else "state arrays"
            raise AssertionError(f"foreach: the {what} have to be used in the loop body, {missing[0]} is not. Leave it out.")
    data_at, state_at = [names.index(n) for n in places["data"]], [names.index(n) for n in places["states"]]
    rest = [i for i in range(len(names)) if i not in data_at and i not in state_at]
    entries = [s._heads[0] for s in (*rows, *states)] + [made.inputs[i][1] for i in rest]
    result = _node("_foreach", [made], entries, {"num_outputs": len(made.graph), "num_out_data": made.extra, "in_state_locs": state_at,
                                                 "in_data_locs": data_at, "remain_locs": rest})  # fmt: skip
    flat = list(result)
    return _NESTING.nested(flat, nestings[0]), _NESTING.nested(flat, nestings[1])


def while_loop(
    cond: Callable[..., Any], func: Callable[..., Any], loop_vars: Any, max_iterations: int | None = None, name: str = "while_loop"
) -> Any:
    """While cond(*loop_vars) holds, at most max_iterations times: `step_output, loop_vars = func(*loop_vars)`.

    Returns the step outputs stacked along a new first axis of size max_iterations (zeros behind the last step), and the last loop_vars.
    Shapes are not inferred through it.
    """
    if max_iterations is None:
        raise ValueError("while_loop: max_iterations should be specified. Pass an int.")
    variables, nesting = _NESTING.flatten(loop_vars, "while_loop: loop_vars")
    if not variables:
        raise ValueError("while_loop: loop_vars should contain at least one symbol. Pass the loop's variables.")
    inside: dict[str, Entry] = {}
    nestings: list[Any] = []

    def arguments() -> Any:
        made = [_placeholder(s) for s in variables]
        inside.update({p.name: s._heads[0] for p, s in zip(made, variables)})
        nested = _NESTING.nested(list(made), nesting)
        return [nested] if nesting == 0 else nested

    def test() -> tuple[list[Symbol], int]:
        result = cond(*arguments())
        if not isinstance(result, Symbol) or len(result) != 1:
            raise TypeError(f"while_loop: cond must return one Symbol, got {type(result).__name__}. Compare symbols.")
        return [result], 0

    def step() -> tuple[list[Symbol], int]:
        outputs, states = pair(func(*arguments()), "while_loop: func")
        flat_out, out_nesting = _NESTING.flatten([] if outputs is None else outputs, "while_loop: outputs of func")
        flat_states, _ = _NESTING.flatten(states, "while_loop: loop_vars of func")
        if len(flat_states) != len(variables):
            raise ValueError(f"while_loop: func returned {len(flat_states)} loop_vars for {len(variables)}. Return all of them.")
        nestings.append(out_nesting)
        return [*flat_out, *flat_states], len(flat_out)

    tested, stepped = Body(f"{name}_cond", test, inside), Body(f"{name}_func", step, inside)
    places = list(inside)
    entries = [s._heads[0] for s in variables]
    located = []
    for made in (tested, stepped):
        locs = []
        for input_name, entry in made.inputs:
            if input_name in inside:
                locs.append(places.index(input_name))
            else:
                locs.append(len(entries))
                entries.append(entry)
        located.append(locs)
    names = [n for n, _ in stepped.inputs]
    missing = [p for p in places if p not in names]
    if missing:
        raise ValueError(f"while_loop: the loop variable {missing[0]} is not used by func. Leave it out.")
    result = _node("_while_loop", [tested, stepped], entries, {
        "num_outputs": len(stepped.graph), "num_out_data": stepped.extra, "max_iterations": int(max_iterations), "cond_input_locs": located[0],
        "func_input_locs": located[1], "func_var_locs": [names.index(p) for p in places]})  # fmt: skip
    flat = list(result)
    return _NESTING.nested(flat, nestings[0]), _NESTING.nested(flat, nesting)


def cond(pred: Any, then_func: Callable[[], Any], else_func: Callable[[], Any], name: str = "cond") -> Any:
    """What then_func() returns where pred (a symbol of one element) is not 0, else what else_func() returns; only that branch runs.

    Both return the same structure. Shapes are not inferred through it.
    """
    nestings: list[Any] = []

    def test() -> tuple[list[Symbol], int]:
        value = pred() if callable(pred) and not isinstance(pred, Symbol) else pred
        if not isinstance(value, Symbol) or len(value) != 1:
            raise TypeError(f"cond: pred must be one Symbol, got {type(value).__name__}. Compare symbols.")
        return [value], 0

    def branch(func: Callable[[], Any]) -> Callable[[], tuple[list[Symbol], int]]:
        def call() -> tuple[list[Symbol], int]:
            flat, nesting = _NESTING.flatten(func(), "cond: outputs of a branch")
            nestings.append(nesting)
            return flat, 0

        return call

    bodies = [Body(f"{name}_pred", test, {}), Body(f"{name}_then", branch(then_func), {}), Body(f"{name}_else", branch(else_func), {})]
    if len(bodies[1].graph) != len(bodies[2].graph):
        raise ValueError(f"cond: the branches return {len(bodies[1].graph)} and {len(bodies[2].graph)} outputs. Return as many in both.")
    entries: list[Entry] = []
    keys: list[tuple[int, int]] = []
    located = []
    for made in bodies:
        locs = []
        for _, entry in made.inputs:
            key = (id(entry[0]), entry[1])
            if key not in keys:
                keys.append(key)
                entries.append(entry)
            locs.append(keys.index(key))
        located.append(locs)
    result = _node("_cond", bodies, entries, {"num_outputs": len(bodies[1].graph), "cond_input_locs": located[0], "then_input_locs": located[1],
                                             "else_input_locs": located[2]})  # fmt: skip
    return _NESTING.nested(list(result), nestings[0])
