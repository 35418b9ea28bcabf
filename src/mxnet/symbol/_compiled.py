"""One translation of a graph to a torch.fx GraphModule; hybridized blocks and executors run that.

The module is straight-line Python: one call of an operator's function after the other, with typed attributes. `training`, the random
generator and the device are inputs of the module. Graphs with sparse inputs run step by step through `invoke` instead.
"""

from __future__ import annotations

import importlib
import keyword
import operator
from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, Any

import torch

from .._op.control_flow import run as run_bodies
from .._op.gradients import zero_gradient
from .._op.registry import Op
from .._runtime import rng
from .._runtime.array import Array, Classes, wrap, wrap_recorded
from .._runtime.invoke import BAD_INPUT, Hooks, invoke
from .._runtime.state import state
from ..context import Context, current_context
from ..error import MXNetError
from ._infer import Inference, known
from ._merge import merged, merging
from ._mirror import Tape, asked_for, mirrored, noted
from ._node import Node, order, variables

if TYPE_CHECKING:
    from torch import fx

_INPUTS = ("training", "generator", "device")


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


def _argument_list(node: Node, values: list) -> list:
    """The inputs in the function's order, None where an optional one in the middle is absent."""
    op = node.op
    assert op is not None
    names = node.input_names()
    if op.variadic or names == list(op.inputs[: len(names)]):
        return values
    by_name = dict(zip(names, values))
    return [by_name.get(n) for n in op.inputs]


_Cast = Callable[[Op, list, dict], list]


def _cast_first(fn: Callable, op: Op, attrs: dict, cast: _Cast) -> Callable:
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


def to_fx(heads: list, shapes: dict[int, tuple] | None = None, edges: list[tuple[Node, int]] | None = None,
          cast: _Cast | None = None, mirror: Container[int] = ()) -> fx.GraphModule:  # fmt: skip
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
        values = _argument_list(n, given)
        kwargs = {**n.attrs, **{r: reserved[r] for r in n.op.reserved if r in reserved}}
        if "out" in n.op.reserved:
            kwargs["out"] = None
        if shapes and id(n) in shapes:
            kwargs["shape"] = shapes[id(n)]
        fn = _stopped(n.op.fn) if n.op.zero_grad else n.op.fn
        if n.subgraphs:
            fn, kwargs = _with_bodies(n), dict(reserved)
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


class Compiled:
    """A graph ready to run on arrays, again and again.

    arg_names, aux_names: the inputs, in the order that `run` takes their arrays.
    """

    def __init__(self, symbol: Any, shapes: dict[int, tuple] | None = None, backend: str | None = None) -> None:
        #: what the environment asked for
        self.settings = settings()
        self.heads = merged(symbol._heads) if merging() else list(symbol._heads)
        self.nodes = order(self.heads)
        arguments, states = variables(self.nodes)
        self.arg_names, self.aux_names = [n.name for n in arguments], [n.name for n in states]
        self._variables = arguments + states
        self._shapes = shapes
        self._backend = backend
        self._args = len(arguments)
        self._run: Callable | None = None
        self._cast: _Cast | None = None  # the casts that are part of `_run`
        #: (function of name and array, whether inputs are shown too), for watching every pass
        self.monitor: tuple[Callable[[str, Array], None], bool] | None = None
        self._watched: tuple[fx.GraphModule, list[Node], list, list] | None = None
        #: after a watched and recorded pass: (operator's node, input, tensor)
        self.edges: list[tuple[Node, int, torch.Tensor]] = []
        ops = [n for n in self.nodes if n.op is not None]
        #: operators that make sparse arrays of dense ones, or that only invoke can run
        self._stepwise = any(n.op.prepare().dense_storage is not None for n in ops)  # type: ignore[union-attr]
        #: operators without inputs that leave axes of their shape open (`zeros((0, 10))` of recurrent states)
        self._open = [] if shapes or state.np_shape else [n for n in ops if not n.inputs and 0 in (n.attrs.get("shape") or ())]
        #: operators whose results are computed again in the backward pass
        self.mirrored = mirrored(ops, self.heads)
        #: whether any operator draws random numbers
        self.random = any("generator" in n.op.reserved for n in ops)  # type: ignore[union-attr]
        self._closed: dict[tuple, Compiled] = {}
        self._symbol = symbol
        self._views = [id(n) in {id(v) for v in self._variables} or (n.op is not None and n.op.views) for n, _ in self.heads]

    @property
    def module(self) -> fx.GraphModule:
        """The GraphModule (made at first use)."""
        if self._run is None:
            self._module = to_fx(self.heads, self._shapes, cast=self._cast, mirror=self.mirrored)
            self._run = self._module.forward if self._backend is None else torch.compile(self._module, backend=self._backend)
        return self._module

    def run(self, arrays: Sequence[Array]) -> list[Array]:
        """Outputs for the arrays of arg_names + aux_names; recorded inside `record()`."""
        if self._open:
            return self._with_shapes(arrays).run(arrays)
        recording = state.recording
        dense, cls = True, Classes.dense
        for a in arrays:
            if type(a) is not cls:
                if a.stype != "default":
                    dense = False
                elif Classes.numpy is not None and isinstance(a, Classes.numpy):
                    cls = Classes.numpy
        cast = Hooks.cast
        if not dense or self._stepwise or Hooks.profile is not None:
            return self.run_stepwise(arrays)
        if self.monitor is not None:
            return self._run_watched(arrays)
        if self._run is None or self._cast is not cast:
            self._run, self._cast = None, cast
            _ = self.module
        ctx = arrays[0]._ctx if arrays else current_context()
        if recording:
            tensors = [a._t for a in arrays[: self._args]] + [a._d for a in arrays[self._args :]]
        else:
            tensors = [a._d for a in arrays]
        try:
            if self.mirrored and recording:
                with Tape():
                    results = self._run(*tensors, state.training, rng.generator(ctx), ctx.torch_device)  # type: ignore[misc]
            else:
                results = self._run(*tensors, state.training, rng.generator(ctx), ctx.torch_device)  # type: ignore[misc]
        except BAD_INPUT as e:
            if isinstance(e, MXNetError):
                raise
            return self._explained(arrays, e)
        if any(self._views):
            memory = {t.untyped_storage().data_ptr() for t in tensors}
            results = [r.clone() if v and r.untyped_storage().data_ptr() in memory else r for r, v in zip(results, self._views)]
        return [wrap_recorded(r, ctx, cls) for r in results]

    def _with_shapes(self, arrays: Sequence[Array]) -> Compiled:
        """The program for inputs of these shapes, which decide the open axes."""
        key = tuple([tuple(a._d.shape) for a in arrays])
        found = self._closed.get(key)
        if found is None:
            facts = Inference(self.heads, {n.name: s for n, s in zip(self._variables, key)}, {})
            facts.infer_shapes(partial=True)
            shapes = {id(n): facts.shapes[id(n), 0] for n in self._open if known(facts.shapes.get((id(n), 0)))}
            found = self._closed[key] = Compiled(self._symbol, shapes or {0: ()}, self._backend)
        found.monitor = self.monitor
        return found

    def _explained(self, arrays: Sequence[Array], error: Exception) -> list[Array]:
        """Run step by step to name the operator that failed; if none does, the error was the graph's own."""
        self.run_stepwise(arrays)
        raise error

    def _run_watched(self, arrays: Sequence[Array]) -> list[Array]:
        """The same with all inner results, hidden ones included, shown to the monitor."""
        if self._watched is None or self._cast is not Hooks.cast:
            self._run, self._cast = None, Hooks.cast
            heads, nodes = _talkative(self.heads, self.nodes)
            entries = [(n, i) for n in nodes if n.op is not None for i in range(n.num_outputs())]
            edges: list[tuple[Node, int]] = []
            self._watched = to_fx([*heads, *entries], self._shapes, edges, self._cast), nodes, entries, edges
        program, nodes, entries, edges = self._watched
        ctx, recording = arrays[0]._ctx if arrays else current_context(), state.recording
        tensors = [a._t if recording and i < self._args else a._d for i, a in enumerate(arrays)]
        results = program(*tensors, state.training, rng.generator(ctx), ctx.torch_device)
        values: dict[tuple[int, int], Any] = {(id(n), 0): a for n, a in zip(self._variables, arrays)}
        for (n, i), r in zip(entries, results[len(self.heads) :]):
            values[id(n), i] = wrap(r.detach(), ctx)
        self._report(nodes, values)
        self.edges = [(n, i, t) for (n, i), t in zip(edges, results[len(self.heads) + len(entries) :])] if recording else []
        return [wrap_recorded(r, ctx) for r in results[: len(self.heads)]]

    def _report(self, nodes: list[Node], values: dict[tuple[int, int], Any]) -> None:
        assert self.monitor is not None
        show, inputs = self.monitor
        for n in nodes:
            if n.op is None:
                continue
            if inputs:
                for (e, i), name in zip(n.inputs, _watched_names(n)):
                    if e.op is None:
                        show(e.name, values[id(e), i])
                    show(f"{n.name}_{name}", values[id(e), i])
            for i in range(n.num_outputs()):
                if (id(n), i) in values:
                    show(n.output_name(i), values[id(n), i])

    def run_stepwise(self, arrays: Sequence[Array]) -> list[Array]:
        """The same, operator by operator through `invoke`."""
        if len(arrays) != len(self._variables):
            raise MXNetError(f"graph: takes {len(self._variables)} arrays, got {len(arrays)}. Pass {self.arg_names + self.aux_names}.")
        values: dict[tuple[int, int], Any] = {(id(n), 0): a for n, a in zip(self._variables, arrays)}
        ctx = arrays[0]._ctx if arrays else current_context()
        for n in self.nodes:
            if n.op is None:
                continue
            given = _argument_list(n, [values[id(e), i] for e, i in n.inputs])
            outputs = _call(n, given, ctx, self._shapes)
            for i, o in enumerate(outputs):
                values[id(n), i] = o
        if self.monitor is not None:
            self._report(self.nodes, values)
        out = [values[id(n), i] for n, i in self.heads]
        return [wrap(a._d, a._ctx, type(a)) if any(a is b for b in arrays) and not state.recording else a for a in out]


#: Operators of one input that call it by its name when they are watched; the others say input0.
_NAMED = frozenset({"softmax", "log_softmax", "softmin", "Dropout", "Pooling", "SliceChannel", "MakeLoss", "LRN", "L2Normalization", "SwapAxis", "Pad",
                    "GridGenerator", "SoftmaxActivation", "LeakyReLU", "RNN"})  # fmt: skip


def _talkative(heads: list, nodes: list[Node]) -> tuple[list, list[Node]]:
    """The same graph with the statistics of normalizations as further outputs."""
    made: dict[int, Node] = {}
    for n in nodes:
        more = {"output_mean_var": "True"} if n.op is not None and "output_mean_var" in n.op.specs else {}
        made[id(n)] = n if n.op is None else Node(n.op, n.name, {**n.texts, **more}, [(made[id(e)], i) for e, i in n.inputs], n.subgraphs)
    return [(made[id(n)], i) for n, i in heads], list(made.values())


def _watched_names(node: Node) -> list[str]:
    """How a monitor calls the inputs of a node."""
    op: Op = node.op  # type: ignore[assignment]
    if op.variadic and op._active is None:
        return [f"arg{i}" for i in range(len(node.inputs))]
    return ["input0"] if len(op.inputs) == 1 and op.name not in _NAMED else node.input_names()


def _call(node: Node, given: list, ctx: Context, shapes: dict[int, tuple] | None) -> list[Array]:
    op: Op = node.op  # type: ignore[assignment]
    attrs = dict(node.attrs)
    if shapes and id(node) in shapes:
        attrs["shape"] = shapes[id(node)]
    if node.subgraphs:
        return _run_bodies_on_arrays(node, given, ctx)
    if not given:
        with ctx:
            result = invoke(op.prepare(), (), attrs)
    else:
        result = invoke(op.prepare(), given, attrs)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def _with_bodies(node: Node) -> Callable[..., Any]:
    """A control-flow operator as a function of tensors: its bodies are GraphModules of their own."""
    programs = [Compiled(g) for g in node.subgraphs]
    orders = [_places(g, p) for g, p in zip(node.subgraphs, programs)]
    attrs = node.attrs

    def run(*tensors: torch.Tensor, training: bool, generator: Any, device: Any) -> Any:
        def body(program: Compiled, places: list[int]) -> Callable[..., tuple]:
            module, count = program.module, len(program.arg_names)

            def call(*values: torch.Tensor) -> tuple:
                given = [values[p] for p in places]
                return module(*given[:count], *[v.detach() for v in given[count:]], training, generator, device)

            return call

        results = run_bodies(node.op, [body(p, o) for p, o in zip(programs, orders)], tensors, attrs)  # type: ignore[arg-type]
        return results if len(results) != 1 else results[0]

    run.__name__ = node.op.name.strip("_")  # type: ignore[union-attr]
    return run


def _places(graph: Any, program: Compiled) -> list[int]:
    """Where each input of the program stands among the graph's free variables."""
    names = graph.list_inputs()
    return [names.index(n) for n in [*program.arg_names, *program.aux_names]]


def _run_bodies_on_arrays(node: Node, given: list[Array], ctx: Context) -> list[Array]:
    recording = state.recording
    tensors = [a._t if recording else a._d for a in given]
    results = _with_bodies(node)(*tensors, training=state.training, generator=rng.generator(ctx), device=ctx.torch_device)
    return [wrap_recorded(r, ctx) for r in (results if isinstance(results, tuple) else (results,))]


def settings() -> tuple[bool, bool]:
    """What the environment says about programs made now: (mirroring, merging of common expressions)."""
    return asked_for(), merging()


def program_of(symbol: Any) -> Compiled:
    """The program that all executors of a symbol share, as long as they want the same mirroring and merging."""
    if symbol._program is None or symbol._program.settings != settings():
        symbol._program = Compiled(symbol, backend=symbol._backend)
    return symbol._program
