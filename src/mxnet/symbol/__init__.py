"""`mx.sym`: graphs of operators, to be bound to arrays later."""

from __future__ import annotations

import importlib
from typing import Any

from .. import ndarray
from .._runtime.functions import Namespace
from . import _cached_op, _internal, contrib, image, linalg, op, random, sparse
from ._function import sym_function
from .symbol import *  # noqa: F403

_functions = Namespace(__name__, op.public_name, sym_function)


#: Modules that are loaded at their first use, by their names here (F.np and F.npx in blocks).
_LAZY = {"np": "numpy", "numpy": "numpy", "npx": "numpy_extension", "numpy_extension": "numpy_extension"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        globals()[name] = module = importlib.import_module(f"{__name__}.{_LAZY[name]}")
        return module
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(op.__dir__()))
