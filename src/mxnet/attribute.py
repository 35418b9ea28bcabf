"""Attributes that all symbols made in a block get: `with AttrScope(ctx_group="stage1"):`."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from .base import WithClassProperties, classproperty


class AttrScope(metaclass=WithClassProperties):
    """Attributes for the symbols made inside the block; inner scopes add to outer ones."""

    _current = threading.local()
    #: how often each name of a subgraph (control flow) was used
    _subgraph_names: defaultdict[str, int] = defaultdict(int)

    def __init__(self, **kwargs: str) -> None:
        for value in kwargs.values():
            if not isinstance(value, str):
                raise ValueError(f"AttrScope: attributes must be str, got {value!r}. Use str(value).")
        self._attr = kwargs
        self._old: list[AttrScope] = []

    def get(self, attr: dict | None) -> dict:
        """The scope's attributes and the given ones, which win."""
        if attr and not isinstance(attr, dict):
            raise TypeError(f"Symbol: attributes must be a dict of str, got {type(attr).__name__}. Pass e.g. {{'ctx_group': 'stage1'}}.")
        return {**self._attr, **(attr or {})}

    def __enter__(self) -> AttrScope:
        outer = current()
        self._old.append(outer)
        inner = AttrScope(**{**outer._attr, **self._attr})
        AttrScope._current.value = inner
        return self

    def __exit__(self, ptype: Any, value: Any, trace: Any) -> None:
        AttrScope._current.value = self._old.pop()


def current() -> AttrScope:
    """The innermost scope of this thread."""
    found = getattr(AttrScope._current, "value", None)
    if found is None:
        found = AttrScope._current.value = AttrScope()
    return found


def _set_current(_: type, value: AttrScope) -> None:
    AttrScope._current.value = value


#: The innermost AttrScope of this thread; it can be assigned.
AttrScope.current = classproperty(lambda _: current(), _set_current)  # type: ignore[attr-defined]
