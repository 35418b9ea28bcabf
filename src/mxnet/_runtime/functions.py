"""Python functions made from operators: `mx.nd.exp` and its kind, with a real signature and help text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .._op.params import REQUIRED
from .._op.registry import NAMES, Op, may_be_cached
from ..error import MXNetError
from .array import Array, Classes
from .invoke import BAD_INPUT, NO_ATTRS, Hooks, explain, invoke
from .state import state


def nd_function(op: Op, name: str, module: str) -> Callable:
    """The imperative function of an operator."""
    op.prepare()
    call = _variadic(op) if op.variadic else _unary(op) if op.bare and len(op.inputs) == 1 and not op.special else _fixed(op)
    call.__name__ = call.__qualname__ = name
    call.__module__ = module
    call.__doc__ = help_text(op)
    call.__signature__ = signature(op)  # type: ignore[attr-defined]
    return call


def _fixed(op: Op) -> Callable:
    inputs, specs = op.inputs, op.specs
    arity, attr_names, position = len(inputs), tuple(specs), {n: i for i, n in enumerate(inputs)}
    plain = op.required == arity and not op._required_attrs and op._active is None
    parse = op.parse
    fast: dict[Any, tuple] = {}  # (number of arrays, attributes) of calls that were checked before -> (typed attributes, types as given)

    def call(*args: Any, **kwargs: Any) -> Any:
        count = len(args)
        if plain and count == arity and not kwargs:
            return invoke(op, args, NO_ATTRS)
        try:
            typed, types = fast[(count, *kwargs.items())]
        except (KeyError, TypeError, NotImplementedError):  # arrays of mx.np refuse to be hashed with the latter
            pass
        else:
            if types == [type(v) for v in kwargs.values()]:  # 1, 1.0 and True are one key, but not one attribute
                return invoke(op, args, typed)
        arrays: list = [None] * arity
        attrs: dict = {}
        out = None
        for i, a in enumerate(args):
            if i < arity:
                arrays[i] = a
            else:
                extra = i - arity - len(attr_names)
                if extra < 0:
                    attrs[attr_names[i - arity]] = a
                elif extra == 0:  # `out` and `name` stand last in the signature
                    out = a
                elif extra > 1:
                    _too_many(op, count)
        for key, value in kwargs.items():
            if key in position:
                i = position[key]
                if i < count:
                    raise TypeError(f"{op.name}: got {key} twice, by position and by name. Pass it once.")
                arrays[i] = value
            elif key == "out":
                out = value
            elif key != "name":
                attrs[key] = value
        typed = parse(attrs)
        arrays = _present(op, arrays, typed)
        if out is None and len(arrays) == count <= arity and not any(k in position for k in kwargs) and may_be_cached(kwargs):
            try:
                if len(fast) > 1024:
                    fast.clear()
                fast[(count, *kwargs.items())] = typed, [type(v) for v in kwargs.values()]
            except (TypeError, NotImplementedError):  # an attribute that cannot be hashed
                pass
        return invoke(op, arrays, typed, out)

    return call


def _unary(op: Op) -> Callable:
    """One dense array in, no attributes: the shortest way, with everything else left to the general one."""
    general, fn, dense = _fixed(op), op.fn, Classes.dense

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and not Hooks.active:
            x = args[0]
            if type(x) is dense:
                recording = state.recording
                try:
                    r = fn(x._t if recording else x._d)
                except BAD_INPUT as e:
                    raise explain(op, e, (x._d,), NO_ATTRS) from None
                a = dense()
                if recording and r.requires_grad:
                    a._t = r
                else:
                    a._d = r
                a._ctx = x._ctx
                return a
        return general(*args, **kwargs)

    return call


def _present(op: Op, arrays: list, attrs: dict) -> list:
    """Check that every input which these attributes call for is there; cut absent ones off the end."""
    needed: Sequence[str]
    if op._active is None:
        needed = op.inputs[: op.required]
    else:
        needed = op.active_inputs(attrs)
        count = len(needed)
        if tuple(needed) != op.inputs[:count] and None not in _kinds(arrays[:count]) and not any(_kinds(arrays[count:])):
            # by position, arrays stand for the inputs that these attributes leave, not for those that they take away
            placed: list = [None] * len(arrays)
            for name, array in zip(needed, arrays):
                placed[op.inputs.index(name)] = array
            arrays = placed
    for name in needed:
        if name in op.inputs and arrays[op.inputs.index(name)] is None:
            raise MXNetError(f"{op.name}: input {name} is missing. Pass an NDArray.")
    while arrays and arrays[-1] is None:
        arrays.pop()
    return arrays


def _kinds(arrays: list) -> list:
    """The classes of arrays, None for absent ones (comparing arrays themselves would compare their values)."""
    return [None if a is None else type(a) for a in arrays]


def _too_many(op: Op, count: int) -> Any:
    raise TypeError(f"{op.name}: takes at most {len(op.inputs) + len(op.specs)} arguments, got {count}. See help(mx.nd.{op.name}).")


def _variadic(op: Op) -> Callable:
    first, count = op.inputs[0], op.count_attr
    counted = count in op.specs  # an operator whose outputs depend on how many arrays it gets declares the attribute

    def call(*args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        kwargs.pop("name", None)
        kwargs.pop(count, None)
        data = kwargs.pop(first, args)
        if len(data) == 1 and isinstance(data[0], (list, tuple)):
            data = data[0]
        arrays = list(data) if not isinstance(data, Array) else [data]
        if counted:
            kwargs[count] = len(arrays)
        return invoke(op, arrays, op.parse(kwargs), out)

    return call


def signature(op: Op) -> inspect.Signature:
    """data=None, ..., attributes with their defaults, out=None, name=None, **kwargs."""
    make, kind = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD
    if op.variadic:
        return inspect.Signature([make(op.inputs[0], make.VAR_POSITIONAL), make("kwargs", make.VAR_KEYWORD)])
    rows = [make(n, kind, default=None) for n in op.inputs]
    rows += [make(n, kind, default=None if s.default is REQUIRED else s.default) for n, s in op.specs.items()]
    rows += [make(n, kind, default=None) for n in ("out", "name") if n not in op.specs]
    return inspect.Signature([*rows, make("kwargs", make.VAR_KEYWORD)])


def help_text(op: Op) -> str:
    """The operator's docstring with a table of its inputs and attributes."""
    lines = [inspect.cleandoc(op.doc or op.name), "", "Parameters", "----------"]
    lines += [f"{n} : NDArray" for n in op.inputs]
    for n, s in op.specs.items():
        lines.append(f"{n} : {s.describe()}" + ("" if s.default is REQUIRED else f", default {s.default!r}"))
    if op.aliases:
        lines += ["", "Registered also as " + ", ".join(op.aliases) + "."]
    return "\n".join(lines)


class Namespace:
    """Makes a module's operator functions at first use (PEP 562): importing costs nothing per operator."""

    def __init__(self, module: str, rule: Callable[[str], str | None], make: Callable[[Op, str, str], Callable] = nd_function) -> None:
        """rule: public name in this module -> registered name, or None if the module has no such function."""
        self.module, self.rule, self.make = module, rule, make

    def get(self, name: str, scope: dict) -> Any:
        """The module's `__getattr__`."""
        registered = None if name.startswith("__") else self.rule(name)
        op = NAMES.get(registered) if registered else None
        if op is None:
            raise AttributeError(f"module {self.module!r} has no attribute {name!r}")
        function = self.make(op, name, self.module)
        scope[name] = function
        return function


class OpMethod:
    """A class attribute that becomes a method made from an operator when it is first looked up."""

    def __init__(self, registered: str) -> None:
        self.registered = registered

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        home = next(c for c in owner.__mro__ if self.name in c.__dict__)
        if self.registered not in NAMES:
            raise AttributeError(f"{owner.__name__}.{self.name} needs operator {self.registered}, which is not registered")
        function = nd_function(NAMES[self.registered], self.name, home.__module__)
        setattr(home, self.name, function)
        return function if instance is None else function.__get__(instance, owner)
