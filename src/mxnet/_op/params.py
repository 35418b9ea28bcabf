"""Operator attributes: an annotation in an operator's signature is the whole specification of one attribute.

bool, int, float, str, Shape, Floats, DType, Literal[...], Subgraph, and `X | None` of each. A Spec parses Python values and
the strings of JSON graphs alike, writes them back as MXNet writes them, and words the error for a wrong one.
"""

from __future__ import annotations

import ast
import types
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NewType, TypeAlias

import numpy as np
import torch

from .. import _dtype
from ..error import MXNetError

if TYPE_CHECKING:  # what a type checker takes them for; at run time each is a kind of its own
    Shape: TypeAlias = tuple[Any, ...]
    Floats: TypeAlias = tuple[float, ...]
    DType: TypeAlias = torch.dtype
    Subgraph: TypeAlias = Any
else:
    #: A tuple of int; an int is read as a tuple of one. Entries may be None where the operator allows it (`slice`).
    Shape = NewType("Shape", tuple)
    #: A tuple of float.
    Floats = NewType("Floats", tuple)
    #: Any data type; the operator receives a torch.dtype.
    DType = NewType("DType", torch.dtype)
    #: A symbol inside a symbol (control flow).
    Subgraph = NewType("Subgraph", object)
#: Attribute without default.
REQUIRED = object()


class Spec:
    """How one attribute is read: `parse(value)` gives the typed value, `text(value)` MXNet's string of it."""

    __slots__ = ("name", "kind", "optional", "choices", "default", "_parse")

    def __init__(self, name: str, annotation: Any, default: Any) -> None:
        self.name, self.default = name, default
        self.optional = False
        self.choices: tuple[Any, ...] = ()
        origin = typing.get_origin(annotation)
        if origin in (typing.Union, types.UnionType):
            parts = [a for a in typing.get_args(annotation) if a is not type(None)]
            self.optional = len(parts) != len(typing.get_args(annotation))
            if len(parts) != 1:
                raise TypeError(f"attribute {name}: {annotation} is not a supported annotation")
            annotation = parts[0]
            origin = typing.get_origin(annotation)
        if origin is Literal:
            self.kind, choices = "Literal", typing.get_args(annotation)
            self.optional = self.optional or None in choices
            self.choices = tuple(c for c in choices if c is not None)
        else:
            self.kind = _KINDS[annotation]
        self._parse: Callable[[Any], Any] = _PARSERS[self.kind] if not self.choices else self._choose

    def parse(self, value: Any, op: str) -> Any:
        """The typed value of a Python value or string."""
        if value is None or (type(value) is str and value == "None" and "None" not in self.choices):
            if self.optional or self.kind == "Shape":
                return None if self.optional else self.default if self.default is not REQUIRED else ()
            if value is None and self.default is None:
                return None
            raise MXNetError(f"{op}: {self.name} must be {self.describe()}, got None. Pass a value.")
        try:
            return self._parse(value)
        except (ValueError, TypeError, SyntaxError, OverflowError, MemoryError, RecursionError, MXNetError) as e:
            shown = repr(value)
            shown = shown if len(shown) < 80 else shown[:80] + "..."
            more = f" ({e})" if isinstance(e, MXNetError) else ""
            raise MXNetError(f"{op}: {self.name} must be {self.describe()}, got {shown}.{more} Pass such a value.") from None

    def _choose(self, value: Any) -> Any:
        if value in self.choices:
            return value
        for choice in self.choices:
            if str(choice) == str(value):
                return choice
        raise ValueError

    def describe(self) -> str:
        """What a value may be, for errors."""
        if self.choices:
            text = "one of " + ", ".join(repr(c) for c in self.choices)
        else:
            text = _WORDS[self.kind]
        return text + " or None" if self.optional else text

    def text(self, value: Any) -> str:
        """The string that graph files hold."""
        if isinstance(value, torch.dtype):
            return _dtype.name_of(value)
        if self.kind == "DType" and value is not None:
            return _dtype.name_of(_dtype.to_torch(value))
        return str(value)


def _bool(value: Any) -> bool:
    if value is True or value is False:
        return value
    if isinstance(value, str):
        found = {"true": True, "1": True, "false": False, "0": False}.get(value.lower())
        return _fail() if found is None else found
    if isinstance(value, (int, np.integer, np.bool_, float)) and value in (0, 1):
        return bool(value)
    return _fail()


def _fail() -> Any:
    raise ValueError


_INT64 = 2**63


def _int(value: Any) -> int:
    if isinstance(value, str):
        text = value.strip()
        value = {"True": 1, "False": 0}[text] if text in ("True", "False") else int(text)
    elif type(value) is not int:
        value = int(value) if isinstance(value, (bool, int, np.integer, np.bool_)) else _fail()
    return value if -_INT64 <= value < _INT64 else _fail()


def _float(value: Any) -> float:
    if type(value) is float:
        return value
    if isinstance(value, (int, float, np.number, np.bool_)) and not isinstance(value, np.complexfloating):
        return float(value)
    if isinstance(value, str):
        return {"True": 1.0, "False": 0.0}[value] if value in ("True", "False") else float(value)
    return _fail()


def _str(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _sequence(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > 100_000:
            raise ValueError
        value = ast.literal_eval(value.strip().replace("L", "") or "()")
    if isinstance(value, (int, float, np.number)):
        return (value,)
    if isinstance(value, (tuple, list, np.ndarray, torch.Size)):
        return value
    return _fail()


def _shape(value: Any) -> tuple:
    return tuple([v if type(v) is int or v is None else _int(v) for v in _sequence(value)])


def _floats(value: Any) -> tuple:
    return tuple([_float(v) for v in _sequence(value)])


def _same(value: Any) -> Any:
    return value


_KINDS = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    Shape: "Shape",
    Floats: "Floats",
    DType: "DType",
    Subgraph: "Subgraph",
    Any: "any",
}
_PARSERS = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "str": _str,
    "Shape": _shape,
    "Floats": _floats,
    "DType": lambda v: _dtype.to_torch(v),
    "Subgraph": _same,
    "any": _same,
}
_WORDS = {
    "bool": "a bool",
    "int": "an int",
    "float": "a number",
    "str": "a str",
    "Shape": "an int or a tuple of int",
    "Floats": "a tuple of numbers",
    "DType": "a data type",
    "Subgraph": "a symbol",
    "any": "a value",
}
