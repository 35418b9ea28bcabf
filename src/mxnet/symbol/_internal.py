"""`mx.sym._internal`: the functions of operators by their full registered names."""

from __future__ import annotations

from typing import Any

from .._op.registry import NAMES
from .._runtime.functions import Namespace
from ..error import MXNetError
from ._function import entry_of, sym_function
from ._symbol import Symbol, _replaced, load_json

_functions = Namespace(__name__, lambda name: name if name in NAMES else None, sym_function)


def __getattr__(name: str) -> Any:
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted(NAMES)


def _CachedOp(*args: Symbol, subgraph: str) -> Symbol:
    """The graph of a JSON text applied to symbols, which take the places of its inputs in the order of `list_inputs()`."""
    graph = load_json(subgraph)
    names = graph.list_inputs()
    if len(args) != len(names):
        raise MXNetError(f"_CachedOp: got {len(args)} symbols for {len(names)} inputs ({', '.join(names[:20])}). Pass one for each.")
    return _replaced(graph, {n: entry_of(a, "_CachedOp") for n, a in zip(names, args)})
