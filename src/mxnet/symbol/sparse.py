"""`mx.sym.sparse`: the functions of the operators `_sparse_*`."""

from __future__ import annotations

from typing import Any

from .._op.registry import NAMES
from .._runtime.functions import Namespace
from ._function import sym_function

_PREFIX = "_sparse_"
_functions = Namespace(
    __name__,
    lambda name: _PREFIX + name if _PREFIX + name in NAMES else (name if name in NAMES and not name.startswith("_") else None),
    sym_function,
)


def __getattr__(name: str) -> Any:
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted({n for n in globals() if not n.startswith("_")} | {n[len(_PREFIX) :] for n in NAMES if n.startswith(_PREFIX)})
