"""Symbols with NumPy's semantics, and `mx.sym.np`: the functions of `mx.np` that make symbols."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as onp

from .._op.registry import NAMES
from .._runtime.state import state
from ..symbol import _function
from ..symbol._function import create
from ..symbol.symbol import Symbol
from . import _elementwise, _shape
from .multiarray import ndarray

_E = _elementwise.FUNCTIONS


class _Symbol(Symbol):
    """A symbol whose operators, methods and indices are those of `mx.np.ndarray`.

    What is computed from it is such a symbol again. `as_nd_ndarray()` gives a plain one.
    """

    def as_np_ndarray(self) -> Symbol:
        """The symbol itself."""
        return self

    def as_nd_ndarray(self) -> Symbol:
        """The symbol with the semantics of `mx.sym`."""
        return Symbol(list(self._heads))

    def __getitem__(self, index: Any) -> Any:
        """An output of several, else a part of the only one: ints, slices, None, a trailing Ellipsis, or a symbol of indices or flags."""
        if len(self._heads) > 1 or isinstance(index, str):
            chosen = super().__getitem__(index)
            return _Symbol(list(chosen._heads))
        if isinstance(index, Symbol):
            return create(NAMES["_npi_advanced_indexing"], "advanced_indexing", (self, index), {})
        return _part(self, index if isinstance(index, tuple) else (index,))

    def __iter__(self) -> Any:
        if len(self._heads) == 1:
            raise TypeError("Symbol: the only output cannot be iterated over. Cut it with split.")
        return (self[i] for i in range(len(self._heads)))

    __hash__ = Symbol.__hash__

    @property
    def T(self) -> Any:
        """The axes in reverse order."""
        return _shape.transpose(self, None)

    def __neg__(self) -> Any:
        return _E["negative"](self)

    def __invert__(self) -> Any:
        return _E["bitwise_not"](self)

    def reshape(self, *args: Any, **kwargs: Any) -> Any:
        """The same elements in another shape."""
        shape = kwargs.get("newshape", kwargs.get("shape", args[0] if len(args) == 1 else args))
        return _shape.reshape(self, shape)

    def astype(self, dtype: Any, **kwargs: Any) -> Any:
        """Another data type."""
        return create(NAMES["Cast"], "cast", (self,), {"dtype": onp.dtype(dtype).name})


def _part(x: Any, key: tuple) -> Any:
    """Basic indexing without knowing the shape."""
    if key and key[-1] is Ellipsis:
        key = key[:-1]
    begin, end, step, removed, made = [], [], [], [], []
    place = 0  # the axis of the result
    for k in key:
        if k is None:
            made.append(place)
            place += 1
        elif isinstance(k, slice):
            begin.append(k.start)
            end.append(k.stop)
            step.append(k.step)
            place += 1
        elif isinstance(k, (int, onp.integer)) and not isinstance(k, bool):
            removed.append(len(begin))
            begin.append(int(k))
            end.append(int(k) + 1 if k != -1 else None)
            step.append(None)
        else:
            raise TypeError(f"Symbol: index must be made of ints, slices and None, got {type(k).__name__}. Use mx.sym.np.take.")
    if begin:
        x = create(NAMES["slice"], "slice", (x,), {"begin": tuple(begin), "end": tuple(end), "step": tuple(step)})
    if removed:
        x = _shape.squeeze(x, tuple(removed))
    for axis in made:
        x = _shape.expand_dims(x, axis)
    return x


for _name in """__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __div__ __rdiv__ __mod__ __rmod__ __pow__ __rpow__ __and__ __rand__
__or__ __ror__ __xor__ __rxor__ __eq__ __ne__ __gt__ __ge__ __lt__ __le__ __matmul__ __rmatmul__ __abs__ __round__ transpose flatten squeeze
broadcast_to clip sum all any max min argmax argmin argsort cumsum dot mean nonzero prod repeat round sort std swapaxes take var""".split():
    setattr(_Symbol, _name, ndarray.__dict__[_name])
_Symbol.__module__ = "mxnet.symbol.numpy"


class Symbolic:
    """A module of functions on NumPy arrays, in which those that make arrays make symbols."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if isinstance(found, ModuleType):
            found = Symbolic(found)
        elif callable(found) and not isinstance(found, type):
            found = _symbolic(found)
        self.__dict__[name] = found
        return found

    def __dir__(self) -> list[str]:
        return dir(self._module)


def _symbolic(function: Callable) -> Callable:
    def call(*args: Any, **kwargs: Any) -> Any:
        before, state.symbolic = state.symbolic, True
        try:
            return function(*args, **kwargs)
        finally:
            state.symbolic = before

    call.__name__ = call.__qualname__ = getattr(function, "__name__", "function")
    call.__doc__ = function.__doc__
    return call


_function.Kinds.numpy = _Symbol
