"""Automatic names: `fullyconnected0`, `fullyconnected1` ..., counted by the innermost NameManager."""

from __future__ import annotations

import threading
from typing import Any

from .base import WithClassProperties, classproperty


class NameManager(metaclass=WithClassProperties):
    """`with NameManager():` counts names from 0 inside the block."""

    _current = threading.local()

    def __init__(self) -> None:
        self._counter: dict[str, int] = {}
        self._old: list[NameManager] = []

    def get(self, name: str | None, hint: str) -> str:
        """The given name, or the hint with its next number."""
        if name:
            return name
        number = self._counter.get(hint, 0)
        self._counter[hint] = number + 1
        return f"{hint}{number}"

    def __enter__(self) -> NameManager:
        self._old.append(current())
        NameManager._current.value = self
        return self

    def __exit__(self, ptype: Any, value: Any, trace: Any) -> None:
        NameManager._current.value = self._old.pop()


class Prefix(NameManager):
    """`with Prefix("net_"):` names inside the block begin with the prefix."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        """The name with the prefix."""
        return self._prefix + super().get(name, hint)


def current() -> NameManager:
    """The innermost NameManager of this thread."""
    found = getattr(NameManager._current, "value", None)
    if found is None:
        found = NameManager._current.value = NameManager()
    return found


def _set_current(_: type, value: NameManager) -> None:
    NameManager._current.value = value


#: The innermost NameManager of this thread; it can be assigned.
NameManager.current = classproperty(lambda _: current(), _set_current)  # type: ignore[attr-defined]
