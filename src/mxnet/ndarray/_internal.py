"""`mx.nd._internal`: the functions of operators whose registered names begin with an underscore."""

from __future__ import annotations

from typing import Any

from .._op.registry import NAMES
from .._runtime.functions import Namespace

_functions = Namespace(__name__, lambda name: name if name in NAMES else None)


def __getattr__(name: str) -> Any:
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted(NAMES)
