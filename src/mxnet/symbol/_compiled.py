"""A graph as a program: `Compiled` runs its translation on arrays; a symbol's executors share one.

Graphs with sparse inputs, and operators that only `invoke` can run, go step by step through `invoke` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch

from .._op.registry import Op
from .._runtime import rng
from .._runtime.array import Array, Classes, wrap, wrap_recorded
from .._runtime.invoke import BAD_INPUT, Hooks, invoke
from .._runtime.state import state
from ..context import Context, current_context
from ..error import MXNetError
from ._infer import Inference
from ._merge import merged, merging
from ._mirror import Tape, asked_for, mirrored
from ._node import Node, order, variables
from ._partial_shapes import known
from ._translation import Cast, argument_list, to_fx, with_bodies
from ._watching import Monitor, report, talkative

if TYPE_CHECKING:
    from torch import fx


_AS_IT_IS = nullcontext()


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
        self._cast: Cast | None = None  # the casts that are part of `_run`
        #: watches every pass
        self.monitor: Monitor | None = None
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
            with Tape() if self.mirrored and recording else _AS_IT_IS:
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
            heads, nodes = talkative(self.heads, self.nodes)
            entries = [(n, i) for n in nodes if n.op is not None for i in range(n.num_outputs())]
            edges: list[tuple[Node, int]] = []
            self._watched = to_fx([*heads, *entries], self._shapes, edges, self._cast), nodes, entries, edges
        assert self.monitor is not None
        program, nodes, entries, edges = self._watched
        ctx, recording = arrays[0]._ctx if arrays else current_context(), state.recording
        tensors = [a._t if recording and i < self._args else a._d for i, a in enumerate(arrays)]
        results = program(*tensors, state.training, rng.generator(ctx), ctx.torch_device)
        values: dict[tuple[int, int], Any] = {(id(n), 0): a for n, a in zip(self._variables, arrays)}
        for (n, i), r in zip(entries, results[len(self.heads) :]):
            values[id(n), i] = wrap(r.detach(), ctx)
        report(self.monitor, nodes, values)
        self.edges = [(n, i, t) for (n, i), t in zip(edges, results[len(self.heads) + len(entries) :])] if recording else []
        return [wrap_recorded(r, ctx) for r in results[: len(self.heads)]]

    def run_stepwise(self, arrays: Sequence[Array]) -> list[Array]:
        """The same, operator by operator through `invoke`."""
        if len(arrays) != len(self._variables):
            raise MXNetError(f"graph: takes {len(self._variables)} arrays, got {len(arrays)}. Pass {self.arg_names + self.aux_names}.")
        values: dict[tuple[int, int], Any] = {(id(n), 0): a for n, a in zip(self._variables, arrays)}
        ctx = arrays[0]._ctx if arrays else current_context()
        for n in self.nodes:
            if n.op is None:
                continue
            given = argument_list(n, [values[id(e), i] for e, i in n.inputs])
            outputs = _call(n, given, ctx, self._shapes)
            for i, o in enumerate(outputs):
                values[id(n), i] = o
        if self.monitor is not None:
            report(self.monitor, self.nodes, values)
        out = [values[id(n), i] for n, i in self.heads]
        return [wrap(a._d, a._ctx, type(a)) if any(a is b for b in arrays) and not state.recording else a for a in out]


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


def _run_bodies_on_arrays(node: Node, given: list[Array], ctx: Context) -> list[Array]:
    recording = state.recording
    tensors = [a._t if recording else a._d for a in given]
    results = with_bodies(node)(*tensors, training=state.training, generator=rng.generator(ctx), device=ctx.torch_device)
    return [wrap_recorded(r, ctx) for r in (results if isinstance(results, tuple) else (results,))]


def settings() -> tuple[bool, bool]:
    """What the environment says about programs made now: (mirroring, merging of common expressions)."""
    return asked_for(), merging()


def program_of(symbol: Any) -> Compiled:
    """The program that all executors of a symbol share, as long as they want the same mirroring and merging."""
    if symbol._program is None or symbol._program.settings != settings():
        symbol._program = Compiled(symbol, backend=symbol._backend)
    return symbol._program
