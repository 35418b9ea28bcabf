"""The graph of a hybridized block: a symbol, where each of its inputs comes from, and the program that runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .. import symbol
from .._runtime.array import Array
from ..error import MXNetError
from ..symbol import Symbol
from ..symbol._compiled import Compiled
from ._errors import GluonError
from ._structure import flatten, regroup
from .parameter import Parameter


class Graph:
    """`slots` says for each input of the program which leaf of the arguments (a number) or which parameter it is."""

    __slots__ = ("symbol", "inputs", "outputs", "program", "slots", "_watched")

    def __init__(self, sym: Symbol, inputs: dict[str, int], outputs: Any, params: Any, flags: dict | None = None, backend: str | None = None) -> None:
        self.symbol, self.inputs, self.outputs = sym, inputs, outputs
        self.program = make_program(sym, flags or {}, backend)
        self.slots: list[int | Parameter] = []
        for name in [*self.program.arg_names, *self.program.aux_names]:
            if name in inputs:
                self.slots.append(inputs[name])
            elif name in params:
                self.slots.append(params[name])
            else:
                raise GluonError(f"graph: variable {name} is neither an input nor a parameter of the block. Make it with self.params.get or pass it in.")
        self._watched: Compiled | None = None

    def params(self) -> Iterator[Parameter]:
        """The parameters among the inputs."""
        return (s for s in self.slots if isinstance(s, Parameter))

    def named(self, leaves: list[Any], read: Callable[[Any], Any]) -> dict[str, Any]:
        """read(leaf) by the name of the input that it fills."""
        return {name: read(leaves[i]) for name, i in self.inputs.items() if i in self.slots}

    def fill(self, leaves: list[Any]) -> list[Any]:
        """Arrays for all inputs of the program."""
        ctx = next(v for v in leaves if v is not None)._ctx
        return [leaves[s] if type(s) is int else s.data(ctx) for s in self.slots]  # type: ignore[union-attr]

    def run(self, arrays: list[Any], hook: tuple[Callable, bool] | None = None) -> Any:
        """Outputs in the structure that the block returned."""
        outputs = self.program.run(arrays) if hook is None else self._watch(arrays, *hook)
        if self.outputs == 1:
            return outputs[0]
        return regroup(list(outputs), self.outputs)

    def _watch(self, arrays: list[Any], callback: Callable, monitor_all: bool) -> list[Any]:
        """Run with every inner result visible to the hook."""
        inner = self.symbol.get_internals()
        if self._watched is None:
            self._watched = Compiled(inner)
        by_name = dict(zip([*self.program.arg_names, *self.program.aux_names], arrays))
        results = self._watched.run([by_name[n] for n in [*self._watched.arg_names, *self._watched.aux_names]])
        names = inner.list_outputs()
        found = dict(zip(names, results))
        for name, value in found.items():
            if name not in by_name or monitor_all:
                callback(name, "", value)
        return [found[n] for n in self.symbol.list_outputs()]


def make_program(sym: Symbol, flags: dict, backend: str | None) -> Compiled:
    """The program of a symbol."""
    if backend is None:
        return Compiled(sym)
    try:
        return Compiled(sym, backend=backend)
    except TypeError:
        raise MXNetError(f"hybridize: backend {backend!r} is not available. Leave backend away.") from None


def structure_of(args: tuple) -> tuple[list[Any], Any]:
    """Leaves and a hashable structure of the arguments; arrays side by side are the common case."""
    for a in args:
        if not isinstance(a, Array):
            return flatten(list(args))
    return list(args), len(args)


def trace(call: Callable, leaves: list[Any], structure: Any, params: Callable[[], Any], name: str, flags: dict, backend: str | None) -> Graph:
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
        symbols[i] = symbol.var(n)
    args = symbols if isinstance(structure, int) else regroup(symbols, structure)
    out = call(*args)
    results, shape = flatten(out)
    if any(not isinstance(r, Symbol) for r in results):
        kinds = ", ".join(sorted({type(r).__name__ for r in results}))
        raise MXNetError(f"{name}: hybrid_forward must return symbols in lists when hybridized, got {kinds}. Compute everything with F.")
    whole = results[0] if len(results) == 1 else symbol.Group(results)
    if len(whole.list_outputs()) != len(results):  # an operator with several outputs, returned as one symbol
        counts = [len(r.list_outputs()) for r in results]
        shape = (False, *[1] * counts[0]) if len(results) == 1 and shape == 1 else _spread(shape, counts)
    return Graph(whole, dict(zip(names, real)), shape, params(), flags, backend)


def _spread(shape: Any, counts: list[int]) -> Any:
    """The structure with a list in place of every leaf that has several outputs."""
    if shape == 1:
        count = counts.pop(0)
        return 1 if count == 1 else (False, *[1] * count)
    return (shape[0], *[_spread(s, counts) for s in shape[1:]])
