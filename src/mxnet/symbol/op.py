"""`mx.sym.op`: the functions of all operators whose names have no prefix."""

from __future__ import annotations

from typing import Any

from .._op.registry import NAMES
from .._runtime.functions import Namespace
from ._function import sym_function


def public_name(name: str) -> str | None:
    """The registered name behind a function of this module."""
    return None if name.startswith("_") or name not in NAMES else name


_functions = Namespace(__name__, public_name, sym_function)


def __getattr__(name: str) -> Any:
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted(n for n in NAMES if not n.startswith("_"))
