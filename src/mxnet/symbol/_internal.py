"""`mx.sym._internal`: the functions of operators by their full registered names."""

from __future__ import annotations

from typing import Any

from .._op.registry import NAMES
from .._runtime.functions import Namespace
from ._function import sym_function

_functions = Namespace(__name__, lambda name: name if name in NAMES else None, sym_function)


def __getattr__(name: str) -> Any:
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted(NAMES)
