"""`mx.nd.np._internal`: the operators registered as `_npi_*`, under their names without the prefix."""

from __future__ import annotations

from typing import Any

from ..._op.registry import NAMES
from ..._runtime.functions import Namespace

_functions = Namespace(__name__, lambda name: f"_npi_{name}")


def __getattr__(name: str) -> Any:
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted({*globals(), *(n.removeprefix("_npi_") for n in NAMES if n.startswith("_npi_"))})
