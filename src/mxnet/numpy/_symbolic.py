"""Symbols with NumPy's semantics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from .._op.registry import NAMES
from ..symbol import _function
from ..symbol._function import create
from ..symbol.symbol import Symbol, load_json
from . import _elementwise, _shape
from .multiarray import ABSENT, ndarray

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

    @property
    def num_outputs(self) -> int:
        """How many outputs the symbol has."""
        return len(self._heads)

    # ---- copies stay of this kind

    def __copy__(self) -> Symbol:
        return super().__copy__().as_np_ndarray()

    def __deepcopy__(self, memo: Any) -> Symbol:
        return super().__deepcopy__(memo).as_np_ndarray()

    def __call__(self, *args: Symbol, **kwargs: Any) -> Symbol:
        """A copy in which free variables are replaced by symbols, by position or by name."""
        return super().__call__(*args, **kwargs).as_np_ndarray()

    def __reduce__(self) -> tuple:
        return _from_json, (self.tojson(remove_amp_cast=False),)

    # ---- parts

    def __getitem__(self, index: Any) -> Any:
        """An output of several, else a part of the only one: ints, slices, None, an Ellipsis, or a symbol of indices or flags."""
        if len(self._heads) > 1 or isinstance(index, str):
            return super().__getitem__(index).as_np_ndarray()
        if isinstance(index, Symbol):
            return _chosen(self, index)
        return _part(self, index if isinstance(index, tuple) else (index,))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise NotImplementedError("Symbol: parts cannot be assigned, symbols never change. Use where or concatenate.")

    def __iter__(self) -> Any:
        if len(self._heads) == 1:
            raise TypeError("Symbol: the only output cannot be iterated over. Cut it with split.")
        return (self[i] for i in range(len(self._heads)))

    def __len__(self) -> int:
        if len(self._heads) == 1:
            raise TypeError("Symbol: the length of the only output is not known before it is bound. Count with num_outputs.")
        return len(self._heads)

    __hash__ = Symbol.__hash__

    # ---- operators and methods that are not those of arrays

    @property
    def T(self) -> Any:
        """The axes in reverse order."""
        return _shape.transpose(self, None)

    def __neg__(self) -> Any:
        return _E["multiply"](self, -1)

    def __invert__(self) -> Any:
        return _E["bitwise_not"](self)

    def copy(self, order: str = "C") -> Any:
        """A copy."""
        return create(NAMES["_np_copy"], "copy", (self,), {})

    def reshape(self, *args: Any, **kwargs: Any) -> Any:
        """The same elements in another shape."""
        shape = kwargs.pop("newshape", kwargs.pop("shape", args[0] if len(args) == 1 else args))
        return _shape.reshape(self, shape, **kwargs)

    def astype(self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True) -> Any:
        """Another data type."""
        if order not in ("K", "C") or casting != "unsafe" or not subok:
            raise ValueError("Symbol.astype: only order 'K', casting 'unsafe' and subok=True are supported. Leave them away.")
        return create(NAMES["Cast"], "cast", (self,), {"dtype": onp.dtype(dtype).name})

    def flatten(self, order: str = "C") -> Any:
        """The elements in one axis."""
        return _shape.ravel(self, order)


def _from_json(text: str) -> Symbol:
    return load_json(text).as_np_ndarray()


def _chosen(x: Any, index: Symbol) -> Any:
    """Slices along the first axis: those where flags hold, or those that numbers name (where nothing tells the type)."""
    known = index.infer_type_partial()
    kind = known[1][0]
    if kind is None:  # comparisons give flags, whatever they compare
        guess = {n: onp.float32 for n, t in zip(index.list_arguments(), known[0]) if t is None}
        kind = index.infer_type_partial(**guess)[1][0]
    if kind is not None and onp.dtype(kind) == onp.bool_:
        return create(NAMES["_contrib_boolean_mask"], "boolean_mask", (x, index), {"axis": 0})
    return _shape.take(x, index, axis=0)


def _part(x: Any, key: tuple) -> Any:
    """Basic indexing without knowing the shape."""
    if sum(k is Ellipsis for k in key) > 1:
        raise IndexError("Symbol: an index can have one Ellipsis only. Leave the others away.")
    at = next((i for i, k in enumerate(key) if k is Ellipsis), len(key))
    x = _leading(x, key[:at])
    for n, k in enumerate(reversed(key[at + 1 :])):  # counted from the last axis
        x = _from_end(x, k, -1 - n)
    return x


def _bounds(k: Any) -> tuple[Any, Any, Any]:
    """begin, end and step of what an index takes from an axis."""
    if isinstance(k, slice):
        return k.start, k.stop, k.step
    if isinstance(k, (int, onp.integer)) and not isinstance(k, bool):
        return int(k), int(k) + 1 if k != -1 else None, None
    raise TypeError(f"Symbol: index must be made of ints, slices, None and an Ellipsis, got {type(k).__name__}. Use mx.sym.np.take.")


def _leading(x: Any, key: tuple) -> Any:
    taken, removed, made = [], [], []
    place = 0  # the axis of the result
    for k in key:
        if k is None:
            made.append(place)
            place += 1
            continue
        if isinstance(k, slice):
            place += 1
        else:
            removed.append(len(taken))
        taken.append(_bounds(k))
    if taken:
        begin, end, step = zip(*taken)
        x = create(NAMES["slice"], "slice", (x,), {"begin": begin, "end": end, "step": step})
    if removed:
        x = _shape.squeeze(x, tuple(removed))
    for axis in made:
        x = _shape.expand_dims(x, axis)
    return x


def _from_end(x: Any, k: Any, axis: int) -> Any:
    if k is None:
        return _shape.expand_dims(x, axis)
    begin, end, step = _bounds(k)
    if step in (None, 1):
        x = create(NAMES["slice_axis"], "slice_axis", (x,), {"axis": axis, "begin": begin or 0, "end": end})
    else:
        x = _shape.swapaxes(_leading(_shape.swapaxes(x, 0, axis), (k,)), 0, axis)
    return x if isinstance(k, slice) else _shape.squeeze(x, axis)


def _no_method(name: str) -> Callable:
    def method(self: _Symbol, *args: Any, **kwargs: Any) -> Any:
        raise AttributeError(f"_Symbol object has no attribute {name}. Use the function of mx.sym.np or mx.sym.npx.")

    method.__name__ = name
    method.__doc__ = "Not a method of symbols with NumPy's semantics."
    return method


for _name in ABSENT:
    if hasattr(Symbol, _name):
        setattr(_Symbol, _name, _no_method(_name))
for _name in """__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __div__ __rdiv__ __mod__ __rmod__ __pow__ __rpow__ __and__ __rand__
__or__ __ror__ __xor__ __rxor__ __eq__ __ne__ __gt__ __ge__ __lt__ __le__ __matmul__ __rmatmul__ __abs__ __round__ transpose squeeze
broadcast_to clip sum all any max min argmax argmin argsort cumsum dot mean prod repeat round sort std swapaxes take var""".split():
    setattr(_Symbol, _name, ndarray.__dict__[_name])
_Symbol.__module__ = "mxnet.symbol.numpy"
_function.Kinds.numpy = _Symbol
