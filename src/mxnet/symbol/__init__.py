"""`mx.sym`: graphs of operators, to be bound to arrays later."""

from __future__ import annotations

from typing import Any

from .. import ndarray
from .._runtime.functions import Namespace
from . import _cached_op, _internal, contrib, image, linalg, op, random, sparse
from ._function import sym_function
from .symbol import *  # noqa: F403

_functions = Namespace(__name__, op.public_name, sym_function)


def __getattr__(name: str) -> Any:
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(op.__dir__()))
