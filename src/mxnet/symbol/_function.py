"""Symbolic functions made from operators: `mx.sym.exp` and its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._op.registry import Op
from .._runtime.functions import help_text, signature
from .._runtime.state import state
from ..error import MXNetError
from ._node import Entry, compose

_symbol: Any = None  # the Symbol class; symbol.py fills it in


class Kinds:
    """Slots for classes of other layers."""

    numpy: Any = None  # the class of symbols with NumPy's semantics


def entry_of(value: Any, where: str) -> Entry:
    """The one output that a symbol stands for as an input."""
    if not isinstance(value, _symbol):
        raise AssertionError(f"{where}: inputs must be Symbols, got {type(value).__name__}. Make one with mx.sym.var.")
    heads = value._heads
    if len(heads) != 1:
        raise MXNetError(f"{where}: input {value.name or 'group'} has {len(heads)} outputs. Choose one, like symbol[0].")
    return heads[0]


def create(op: Op, function: str, args: tuple, kwargs: dict) -> Any:
    """A symbol of the operator: symbols by position or name are inputs, everything else attributes."""
    op.prepare()
    label, scope = kwargs.pop("name", None), kwargs.pop("attr", None)
    kwargs.pop("out", None)
    named: dict[str, Any] = {}
    attrs: dict[str, Any] = {}
    inputs = op.inputs
    for key, value in kwargs.items():
        if isinstance(value, _symbol):
            named[key] = value
        elif key in inputs and not op.variadic:
            if value is not None:
                raise AssertionError(f"{op.name}: input {key} must be a Symbol, got {type(value).__name__}. Make one with mx.sym.var.")
        else:
            attrs[key] = value
    if op.variadic:
        if inputs[0] in attrs and isinstance(attrs[inputs[0]], (list, tuple)):
            args = tuple(attrs.pop(inputs[0]))
        elif len(args) == 1 and isinstance(args[0], (list, tuple)):
            args = tuple(args[0])
        if named and op._active is None:
            if args:
                raise TypeError(f"{op.name}: takes symbols by position or by name (arg0=, arg1= ...), not both. Choose one.")
            places, named = _numbered(op, named), {}
            given: list = [None if a is None else entry_of(a, op.name) for a in places]
        else:
            given = [entry_of(a, op.name) for a in args]
        asked = attrs.pop(op.count_attr, None)
        count = max(len(given), len(named))
        if asked is not None and op.inputs:
            count = _count(op, asked, count)
            given += [None] * (count - len(given) - len(named)) if op._active is None or not named else []
        if op.count_attr in op.specs:
            attrs[op.count_attr] = count
    else:
        arity, names = len(inputs), tuple(op.specs)
        given = [None if a is None else entry_of(a, op.name) for a in args[:arity]]
        for i, a in enumerate(args[arity:]):
            if i >= len(names):
                raise TypeError(f"{op.name}: takes at most {arity + len(names)} arguments, got {len(args)}. See help(mx.sym.{function}).")
            if names[i] in attrs or isinstance(a, _symbol):
                raise TypeError(f"{op.name}: got more than {arity} inputs, or {names[i]} twice. The inputs are {', '.join(inputs)}.")
            if a is not None:
                attrs[names[i]] = a
        while given and given[-1] is None:
            given.pop()
    node = compose(op, function, given, {k: entry_of(v, op.name) for k, v in named.items()}, attrs, label, scope)
    like_numpy = state.symbolic or Kinds.numpy is not None and any(type(a) is Kinds.numpy for a in (*args, *named.values()))
    return (Kinds.numpy if like_numpy else _symbol)([(node, i) for i in range(node.num_visible())])


def _numbered(op: Op, named: dict[str, Any]) -> tuple:
    """Symbols given as arg0=, arg1= ... in the order of their numbers; None where a number is left out."""
    places = {}
    for key, value in named.items():
        number = key.removeprefix("arg")
        if not number.isdecimal() or int(number) >= 1 << 16:
            raise MXNetError(f"{op.name}: has no input {key!r}. Pass symbols by position, or as arg0=, arg1= ...")
        places[int(number)] = value
    return tuple(places.get(i) for i in range(max(places) + 1))


def _count(op: Op, asked: Any, given: int) -> int:
    """How many inputs a call with `num_args` has: those that are not given become variables."""
    try:
        count = int(asked)
    except (TypeError, ValueError):
        raise MXNetError(f"{op.name}: {op.count_attr} must be an int, got {asked!r}. Leave it out, inputs are counted.") from None
    if not given <= count < 1 << 16:
        raise MXNetError(f"{op.name}: {op.count_attr} is {count}, there are {given} inputs. Leave it out, inputs are counted.")
    return count


def sym_function(op: Op, name: str, module: str) -> Callable:
    """The symbolic function of an operator."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return create(op, name, args, kwargs)

    call.__name__ = call.__qualname__ = name
    call.__module__ = module
    call.__doc__ = help_text(op)
    call.__signature__ = signature(op)  # type: ignore[attr-defined]
    return call
