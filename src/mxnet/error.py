"""Errors. Every error that a user can cause is an MXNetError or one of Python's own classes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MXNetError(RuntimeError):
    """The base of all errors of this package."""


class BadValueError(MXNetError, ValueError):
    """A value that an operator does not take, where NumPy's users expect a ValueError and MXNet's an MXNetError."""


class InternalError(MXNetError):
    """A defect of this package, not of its caller."""


class NotImplementedForSymbol(MXNetError):
    """A method of arrays that symbols do not have."""

    def __init__(self, function: object, alias: str | None = None, *args: object) -> None:
        self.function = getattr(function, "__name__", str(function))
        self.alias = alias
        self.args = args

    def __str__(self) -> str:
        hint = f" Use {self.alias} instead." if self.alias else ""
        return f"Symbol: {self.function} is not available for symbols.{hint}"


ERROR_TYPES: dict[str, type[Exception]] = {"ValueError": ValueError, "TypeError": TypeError, "IndexError": IndexError}


def register_error(func_name: object = None, cls: type | None = None) -> object:
    """Register an exception class under its (or the given) name, as a call or as a decorator."""
    if callable(func_name):
        cls, func_name = func_name, func_name.__name__  # type: ignore[assignment]

    def register(mycls: type) -> type:
        ERROR_TYPES[func_name if isinstance(func_name, str) else mycls.__name__] = mycls
        return mycls

    return register if cls is None else register(cls)


def hint(word: str, choices: Iterable[str]) -> str:
    """` Did you mean 'num_hidden'?` for the closest of the choices, or nothing."""
    close = difflib.get_close_matches(str(word), list(choices), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""
