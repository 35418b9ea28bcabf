"""The graph of a hybridized block: a symbol, where each of its inputs comes from, and the program that runs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import torch

from .. import symbol
from .._runtime.array import Array, Classes, wrap_recorded
from .._runtime.state import state
from ..context import Context
from ..error import MXNetError, hint
from ..symbol import Symbol
from ..symbol._compiled import Compiled
from ..symbol._watching import input_names
from ._errors import GluonError
from ._kinds import check_kinds, is_numpy
from ._structure import flatten, regroup
from .parameter import Parameter


class Graph:
    """`slots` says for each input of the program which leaf of the arguments (a number) or which parameter it is."""

    __slots__ = ("symbol", "inputs", "outputs", "program", "slots", "repeats", "numpy")

    def __init__(
        self, sym: Symbol, inputs: dict[str, int], outputs: Any, params: Any, flags: dict | None = None, backend: str | None = None,
        numpy: bool | None = None,
    ) -> None:  # fmt: skip
        #: whether outputs are arrays of mx.np; None: as the inputs are
        self.numpy = numpy
        self.symbol, self.inputs, self.outputs = sym, inputs, outputs
        self.program = make_program(sym, flags or {}, backend)
        self.slots: list[int | Parameter] = []
        for name in [*self.program.arg_names, *self.program.aux_names]:
            if name in inputs:
                self.slots.append(inputs[name])
            elif name in params:
                self.slots.append(params[name])
            else:
                raise GluonError(
                    f"graph: variable {name} is neither an input nor a parameter of the block. Make it with self.params.get or pass it in."
                )
        heads = [(id(n), i) for n, i in sym._heads]
        self.repeats = [k for k, head in enumerate(heads) if head in heads[:k]]

    def params(self) -> Iterator[Parameter]:
        """The parameters among the inputs."""
        return (s for s in self.slots if isinstance(s, Parameter))

    def named(self, leaves: list[Any], read: Callable[[Any], Any]) -> dict[str, Any]:
        """read(leaf) by the name of the input that it fills."""
        return {name: read(leaves[i]) for name, i in self.inputs.items() if i in self.slots}

    def fill(self, leaves: list[Any]) -> list[Any]:
        """Arrays for all inputs of the program."""
        ctx = next(v for v in leaves if v is not None)._ctx
        for v in leaves[1:] if len(leaves) > 1 else ():
            if v is not None and v._ctx is not ctx and _apart(v._ctx, ctx):
                raise ValueError(f"hybridized block: inputs are on {ctx} and on {v._ctx}. Copy them to one context with as_in_context.")
        return [leaves[s] if type(s) is int else s.data(ctx) for s in self.slots]  # type: ignore[union-attr]

    def run(self, arrays: list[Any], hook: tuple[Callable, bool] | None = None) -> Any:
        """Outputs in the structure that the block returned."""
        outputs = self.program.run(arrays) if hook is None else self._watch(arrays, *hook)
        if self.numpy is not None and isinstance(outputs[0], Classes.numpy or ()) is not self.numpy:
            outputs = [o.as_np_ndarray() if self.numpy else o.as_nd_ndarray() for o in outputs]
        if self.outputs == 1:
            return outputs[0]
        if self.repeats and state.recording:
            for k in self.repeats:  # an array of its own, so that each of them may get a head gradient
                t = outputs[k]._t
                outputs[k] = wrap_recorded(t.view_as(t), outputs[k]._ctx, type(outputs[k]))
        return regroup(list(outputs), self.outputs)

    def _watch(self, arrays: list[Any], callback: Callable, inputs_too: bool) -> list[Any]:
        """Run with every visible inner result (and the inputs, if wanted) told to the hook, with the operator's name."""
        program = self.program
        operators: dict[str, str] = {}
        for n in program.nodes:
            if n.op is not None:
                operators.update((n.output_name(i), n.op.name) for i in range(n.op.num_visible(n.attrs)))
                operators.update((f"{n.name}_{name}", n.op.name) for name in input_names(n))
        variables = {n.name for n in program.nodes if n.op is None}
        before = ""  # a variable is told by its own name just before the input that reads it, perhaps under the same name

        def tell(name: str, value: Any) -> None:
            nonlocal before
            repeated, before = name == before, name
            if name in operators and (repeated or name not in variables):
                callback(name, operators[name], value)

        program.monitor = (tell, inputs_too)
        try:
            return program.run(arrays)
        finally:
            program.monitor = None


def _apart(a: Context, b: Context) -> bool:
    """Whether arrays of two contexts cannot meet in a graph; pinned and shared memory of the CPU go with cpu."""
    return a != b and (a.device_type == b.device_type or "gpu" in (a.device_type, b.device_type))


def make_program(sym: Symbol, flags: dict, backend: str | None) -> Compiled:
    """The program of a symbol, compiled by torch.compile if a backend is given."""
    if backend is not None:  # asking torch for its backends loads its compiler
        known = ("eager", *torch.compiler.list_backends(exclude_tags=()))
        if backend not in known:
            raise MXNetError(
                f"hybridize: backend {backend!r} is not available.{hint(backend, known)} Use None or one of {', '.join(known)}."
            )
    return Compiled(sym, backend=backend)


def structure_of(args: tuple) -> tuple[list[Any], Any]:
    """Leaves and a hashable structure of the arguments; arrays side by side are the common case."""
    for a in args:
        if not isinstance(a, Array):
            return flatten(list(args))
    return list(args), len(args)


def trace(
    call: Callable, leaves: list[Any], structure: Any, params: Callable[[], Any], name: str, flags: dict, backend: str | None
) -> Graph:
    """Call the block with symbols in place of arrays, and make a Graph of what it returns.

    A single input is called `data`, several `data0`, `data1` ...
    """
    for v in leaves:
        if v is not None and not isinstance(v, Array):
            raise ValueError(f"{name}: arguments of a hybridized block must be NDArrays, None or nested lists of them, got {type(v).__name__}. "
                             "Convert it with mx.nd.array, or make it an attribute of the block.")  # fmt: skip
    real = [i for i, v in enumerate(leaves) if v is not None]
    names = ["data"] if len(real) == 1 else [f"data{k}" for k in range(len(real))]
    symbols: list[Any] = [None] * len(leaves)
    for i, n in zip(real, names):
        symbols[i] = symbol.var(n).as_np_ndarray() if state.np_array else symbol.var(n)
    args = symbols if isinstance(structure, int) else regroup(symbols, structure)
    out = call(*args)
    results, shape = flatten(out)
    if any(not isinstance(r, Symbol) for r in results):
        kinds = ", ".join(sorted({type(r).__name__ for r in results}))
        raise MXNetError(f"{name}: hybrid_forward must return symbols in lists when hybridized, got {kinds}. Compute everything with F.")
    check_kinds(results, name)
    whole = results[0] if len(results) == 1 else symbol.Group(results)
    if len(whole.list_outputs()) != len(results):  # an operator with several outputs, returned as one symbol
        counts = [len(r.list_outputs()) for r in results]
        shape = (False, *[1] * counts[0]) if len(results) == 1 and shape == 1 else _spread(shape, counts)
    return Graph(whole, dict(zip(names, real)), _in_lists(shape), params(), flags, backend, is_numpy(results[0]))


def _in_lists(shape: Any) -> Any:
    """The structure with lists in place of tuples: what a graph gives back."""
    return (False, *[_in_lists(s) for s in shape[1:]]) if isinstance(shape, tuple) else shape


def _spread(shape: Any, counts: list[int]) -> Any:
    """The structure with a list in place of every leaf that has several outputs."""
    if shape == 1:
        count = counts.pop(0)
        return 1 if count == 1 else (False, *[1] * count)
    return (shape[0], *[_spread(s, counts) for s in shape[1:]])


def without_types(sym: Symbol) -> Symbol:
    """A copy of the graph whose variables say nothing about data types."""
    graph = json.loads(sym.tojson())
    for node in graph["nodes"]:
        if node["op"] == "null":
            node.get("attrs", {}).pop("__dtype__", None)
    return symbol.load_json(json.dumps(graph))
