"""Modules that offer the names of another module: `mx.nd.np` those of `mx.np` as they are, `mx.sym.np` as functions that make symbols.

Nothing is imported or made before a name is asked for.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

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
        elif symbols and callable(found) and not isinstance(found, type):
            found = symbolic(found)
        setattr(sys.modules[module], name, found)
        return found

    def names() -> list[str]:
        origin = importlib.import_module(source)
        return sorted({*vars(sys.modules[module]), *getattr(origin, "__all__", dir(origin))})

    return get, names
