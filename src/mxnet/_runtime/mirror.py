"""Modules that offer the names of another module: `mx.nd.np` those of `mx.np` as they are, `mx.sym.np` as functions that make symbols.

Nothing is imported or made before a name is asked for.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .._op.registry import NAMES, Op
from .state import state


def symbolic(function: Callable) -> Callable:
    """A function of `mx.np` or `mx.npx` that makes symbols even where it takes no array (`zeros`, `random.uniform`)."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        before, state.symbolic = state.symbolic, True
        try:
            return function(*args, **kwargs)
        finally:
            state.symbolic = before

    return call


def _of_operator(function: Callable, op: Op, symbols: bool) -> Callable:
    """A function that also takes what every function made from an operator takes: the operator's name for its array, `out=`, `name=`, and for symbols `attr=`."""
    own = inspect.signature(function)
    first = next(iter(own.parameters))
    array = op.inputs[0] if op.inputs and op.inputs[0] not in own.parameters else None
    extra = [n for n in ("out", "name", *(["attr"] if symbols else [])) if n not in own.parameters]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if array is not None and array in kwargs:
            kwargs[first] = kwargs.pop(array)
        given = {n: kwargs.pop(n) for n in extra if n in kwargs}
        made = function(*args, **kwargs)
        if symbols:
            _describe(made, given.get("name"), given.get("attr"))
        elif given.get("out") is not None:
            given["out"][...] = made
            return given["out"]
        return made

    if any(p.kind is p.VAR_KEYWORD or p.kind is p.VAR_POSITIONAL for p in own.parameters.values()):
        return call
    keyword = inspect.Parameter.KEYWORD_ONLY
    shown = [*own.parameters.values(), *(inspect.Parameter(n, keyword, default=None) for n in extra)]
    if array is not None:
        shown.append(inspect.Parameter(array, keyword, default=None))
    call.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    return call


def _describe(symbol: Any, name: str | None, attr: dict | None) -> None:
    """Give the node that was made last its name and attributes."""
    heads = getattr(symbol, "_heads", None)
    if heads is not None and name is not None:
        heads[0][0].name = name
    if heads is not None and attr:
        symbol._set_attr(**attr)


def mirrored(module: str, source: str, symbols: bool = False) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a module that mirrors `source`; a module inside is found under the same name beside `module`.

    >>> from mxnet.symbol import numpy
    >>> numpy.exp(mx.sym.var("x").as_np_ndarray()).list_arguments()
    ['x']
    """

    def get(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        try:
            found = getattr(importlib.import_module(source), name)
        except AttributeError:
            raise AttributeError(f"module {module!r} has no attribute {name!r}. See dir({module}).") from None
        if isinstance(found, ModuleType):
            inside = importlib.util.find_spec(f"{module}.{name}")
            found = found if inside is None else importlib.import_module(f"{module}.{name}")
        elif callable(found) and not isinstance(found, type):
            op = next((NAMES[p + name] for p in ("_np_", "_npi_", "_npx_") if p + name in NAMES), None)
            if op is not None and "attr" not in inspect.signature(found).parameters:
                found = _of_operator(found, op, symbols)
            found = symbolic(found) if symbols else found
        setattr(sys.modules[module], name, found)
        return found

    def names() -> list[str]:
        origin = importlib.import_module(source)
        return sorted({*vars(sys.modules[module]), *getattr(origin, "__all__", dir(origin))})

    return get, names
