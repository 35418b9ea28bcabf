"""`mx.sym.contrib`: the functions of the operators `_contrib_*`."""

from __future__ import annotations

import math
from typing import Any

from .._op.registry import NAMES
from .._runtime.functions import Namespace
from . import random
from ._control_flow import cond, foreach, while_loop  # noqa: F401
from ._function import sym_function
from ._symbol import Symbol
from .random import uniform  # noqa: F401

_PREFIX = "_contrib_"
_functions = Namespace(__name__, lambda name: _PREFIX + name if _PREFIX + name in NAMES else None, sym_function)


def rand_zipfian(true_classes: Symbol, num_sampled: int, range_max: int) -> tuple[Symbol, Symbol, Symbol]:
    """Classes drawn by the log-uniform (Zipfian) distribution, with the expected counts of the true and of the drawn classes.

    Classes are numbered by falling frequency: P(c) = (log(c + 2) - log(c + 1)) / log(range_max + 1). Sampling is with replacement.
    Returns (drawn int64 (num_sampled,), expected count of true_classes, expected count of the drawn).
    """
    scale = math.log(range_max + 1)
    drawn = random.uniform(0, scale, shape=(num_sampled,), dtype="float64")
    classes = (drawn.exp() - 1).astype("int64") % range_max

    def expected(c: Symbol) -> Symbol:
        c = c.astype("float64")
        return ((c + 2.0) / (c + 1.0)).log() / scale * num_sampled

    return classes, expected(true_classes), expected(classes)


def __getattr__(name: str) -> Any:
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted({n for n in globals() if not n.startswith("_")} | {n[len(_PREFIX) :] for n in NAMES if n.startswith(_PREFIX)})
