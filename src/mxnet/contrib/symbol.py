"""The functions of the operators `_contrib_*`, under the name they had first; `mx.sym.contrib` is the same and more."""

from __future__ import annotations

from typing import Any

from ..symbol import contrib


def __getattr__(name: str) -> Any:
    try:
        return getattr(contrib, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return dir(contrib)
