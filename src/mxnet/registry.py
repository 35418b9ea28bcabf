"""Registries of classes by lower-case name: how strings like "adam" or `'["xavier", {"magnitude": 2}]'` become objects."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

from .error import hint

_REGISTRIES: dict[type, dict[str, type]] = {}


class BadArgument(ValueError, AssertionError):
    """An argument that cannot be. MXNet uses assert in these places, so programs may catch AssertionError; ValueError is what it is."""


def get_registry(base_class: type) -> dict[str, type]:
    """A copy of the classes registered for a base class, by name."""
    return dict(_REGISTRIES.setdefault(base_class, {}))


def get_register_func(base_class: type, nickname: str) -> Callable[..., type]:
    """The function that registers subclasses of `base_class`; `nickname` names the kind in messages."""
    table = _REGISTRIES.setdefault(base_class, {})

    def register(klass: type, name: str | None = None) -> type:
        if not (isinstance(klass, type) and issubclass(klass, base_class)):
            raise BadArgument(f"register: {klass!r} is not a subclass of {base_class.__name__}. Derive the {nickname} from it.")
        key = (name or klass.__name__).lower()
        if key in table and table[key] is not klass:
            old = table[key]
            warnings.warn(
                f"{nickname} {key!r}: {klass.__module__}.{klass.__name__} replaces {old.__module__}.{old.__name__}.", stacklevel=2
            )
        table[key] = klass
        return klass

    register.__doc__ = f"Register a {nickname} class under its lower-case name; usable as a decorator."
    return register


def get_alias_func(base_class: type, nickname: str) -> Callable[..., Callable[[type], type]]:
    """The decorator that registers a class under further names."""
    register = get_register_func(base_class, nickname)

    def alias(*names: str) -> Callable[[type], type]:
        def add(klass: type) -> type:
            for name in names:
                register(klass, name)
            return klass

        return add

    alias.__doc__ = f"Decorator: register a {nickname} class under these names."
    return alias


def get_create_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """The function that makes objects from an object, a name with arguments, a dict, or JSON text."""
    table = _REGISTRIES.setdefault(base_class, {})

    def create(*args: Any, **kwargs: Any) -> Any:
        if args:
            name, args = args[0], args[1:]
        else:
            name = kwargs.pop(nickname, None)
        if isinstance(name, base_class):
            if args or kwargs:
                raise BadArgument(f"create: {nickname} is already an object, so it takes no arguments. Pass a name with arguments.")
            return name
        if isinstance(name, dict):
            return create(**name)
        if not isinstance(name, str):
            raise BadArgument(f"create: {nickname} must be a name or a {base_class.__name__}, got {type(name).__name__}. Pass one of them.")
        if name[:1] in ("[", "{"):
            return _from_json(create, nickname, name)
        found = table.get(name.lower())
        if found is None:
            known = ", ".join(sorted(table))
            raise BadArgument(f"create: no {nickname} is named {name!r}.{hint(name.lower(), table)} Use one of {known}, or register it.")
        return found(*args, **kwargs)

    create.__doc__ = f"Make a {nickname} from an object (returned as it is), a name with arguments, a dict or JSON text."
    return create


def _from_json(create: Callable[..., Any], nickname: str, text: str) -> Any:
    """`["name", {arguments}]` or `{"nickname": "name", arguments}`."""
    try:
        content = json.loads(text)
        if isinstance(content, dict):
            return create(**content)
        name, kwargs = content
        if not isinstance(name, str):
            raise ValueError("the first item is no name")
    except (ValueError, TypeError, RecursionError) as e:
        if isinstance(e, BadArgument):
            raise
        shown = text if len(text) < 80 else text[:80] + "..."
        raise BadArgument(f"create: cannot read {nickname} from {shown!r} ({e}). Write it as '[\"name\", {{arguments}}]'.") from None
    return create(name, **kwargs)
