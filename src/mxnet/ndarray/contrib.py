"""`mx.nd.contrib`: the functions of the operators `_contrib_*`, control flow, and Python-level helpers."""

from __future__ import annotations

from typing import Any

from .._op.registry import NAMES
from .._runtime.functions import Namespace
from ..context import current_context  # noqa: F401
from ._contrib_functions import *  # noqa: F403
from ._contrib_updates import *  # noqa: F403
from ._control_flow import *  # noqa: F403
from .random import uniform  # noqa: F401

_PREFIX = "_contrib_"
_functions = Namespace(__name__, lambda name: _PREFIX + name if _PREFIX + name in NAMES else None)


def __getattr__(name: str) -> Any:
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted({n for n in globals() if not n.startswith("_")} | {n[len(_PREFIX) :] for n in NAMES if n.startswith(_PREFIX)})
