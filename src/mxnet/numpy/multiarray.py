"""`mx.np.ndarray`: an NDArray with NumPy's semantics."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as onp

from .. import _dtype
from .._runtime.array import Classes, wrap, wrap_recorded
from .._runtime.state import state
from ..error import MXNetError
from ..ndarray import _indexing
from ..ndarray._arithmetic import inplace
from ..ndarray._ndarray import NDArray
from . import _creation, _elementwise, _products, _reduce, _shape
from ._call import call, sizes
from .fallback import borrowed, from_numpy, to_numpy

_E = _elementwise.FUNCTIONS


def _operator(name: str) -> Callable:
    function = _E[name]
    return lambda self, other: function(self, other)


def _reflected(name: str) -> Callable:
    function = _E[name]
    return lambda self, other: function(other, self)


class ndarray(NDArray):
    """An array with NumPy's semantics: zero-dimensional results, boolean comparisons, type promotion; the default type is float32.

    Arithmetic and methods are operators that `autograd.record()` records. NumPy's own functions on such arrays give such arrays.
    """

    __slots__ = ()

    # ---- facts and conversions

    @property
    def dtype(self) -> Any:
        """The data type."""
        found = _dtype.TORCH_TO_NUMPY[self._d.dtype]
        return onp.dtype(found)

    @property
    def T(self) -> ndarray:
        """The array with its axes in reverse order."""
        return call("_np_transpose", self)

    def asnumpy(self) -> onp.ndarray:
        """A NumPy copy."""
        return super().asnumpy().reshape(self.shape)

    def item(self, *args: Any) -> Any:
        """The element of an array of one element, or at an index, as a Python number."""
        return self.asnumpy().item(*args)

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self.asnumpy().tolist()

    def as_in_ctx(self, ctx: Any) -> ndarray:
        """The array itself if it is on the device, else a copy there."""
        return self.as_in_context(ctx)

    def as_np_ndarray(self) -> ndarray:
        """The array itself."""
        return self

    def astype(self, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True) -> ndarray:
        """The array in another data type; copy=False returns the array itself if nothing changes."""
        if order not in ("K", "C") or casting != "unsafe" or not subok:
            raise ValueError("ndarray.astype: only order 'K', casting 'unsafe' and subok=True are supported. Leave them away.")
        return super().astype(onp.dtype(dtype) if dtype in (int, float) else dtype, copy)

    def copy(self, order: str = "C") -> ndarray:
        """A copy."""
        if order != "C":
            raise NotImplementedError("ndarray.copy: only order 'C' is supported.")
        return call("_np_copy", self)

    def __bool__(self) -> bool:
        if self.size > 1:
            raise ValueError("ndarray: the truth value of an array with several elements is ambiguous. Use any() or all().")
        return self.size == 1 and bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._d.is_floating_point() or self.size != 1:
            raise TypeError("ndarray: only integer arrays of one element can be an index. Use int(x).")
        return int(self.item())

    def __len__(self) -> int:
        if not self._d.shape:
            raise TypeError("len() of unsized object")
        return self._d.shape[0]

    def __hash__(self) -> int:
        raise NotImplementedError("ndarray: arrays cannot be hashed. Use id(x).")

    def __round__(self, decimals: int = 0) -> ndarray:
        return _elementwise.around(self, decimals)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if not self._d.shape else object.__format__(self, spec)

    def __str__(self) -> str:
        text = str(self.asnumpy())
        return text if self._ctx.device_type == "cpu" else f"{text} @{self._ctx}"

    def __repr__(self) -> str:
        values = self.asnumpy()
        text = re.sub(r",\s*dtype=\w+\)$", ")", repr(values))
        name = "" if self.dtype in (onp.float32, onp.bool_) else f", dtype={_dtype.name_of(self._d.dtype)}"
        place = "" if self._ctx.device_type == "cpu" else f", ctx={self._ctx}"
        return f"{text[:-1]}{name}{place})"

    # ---- NumPy's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__":
            raise ValueError(f"ndarray: {ufunc.__name__}.{method} is not supported. Use functions of mx.np.")
        function = _E.get(ufunc.__name__)
        if function is None:
            return borrowed(ufunc.__name__, ufunc)(*inputs, **kwargs)
        return function(*inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        found = FUNCTIONS.get(func.__name__) if func.__module__ == "numpy" else None
        if found is not None:
            return found(*args, **kwargs)
        return from_numpy(func(*to_numpy(args), **to_numpy(kwargs)))

    # ---- indexing

    def __getitem__(self, key: Any) -> ndarray:
        t = self._t if state.recording else self._d
        if isinstance(key, float) or isinstance(key, tuple) and any(isinstance(k, float) for k in key):
            raise IndexError("ndarray: indices are ints, slices, None, Ellipsis, lists or arrays, not float. Use int(i).")
        where, flips, advanced = _indexing.plan(key, tuple(t.shape), t.device)
        for axis, part in flips:
            t = t[(slice(None),) * axis + (part,)].flip(axis)
        r = t[where]
        return wrap_recorded(r if advanced or r.is_contiguous() else r.contiguous(), self._ctx, type(self))

    # ---- arithmetic

    __add__ = __radd__ = _operator("add")
    __sub__, __rsub__ = _operator("subtract"), _reflected("subtract")
    __mul__ = __rmul__ = _operator("multiply")
    __truediv__, __rtruediv__ = _operator("true_divide"), _reflected("true_divide")
    __div__, __rdiv__ = __truediv__, __rtruediv__
    __mod__, __rmod__ = _operator("mod"), _reflected("mod")
    __pow__, __rpow__ = _operator("power"), _reflected("power")
    __and__ = __rand__ = _operator("bitwise_and")
    __or__ = __ror__ = _operator("bitwise_or")
    __xor__ = __rxor__ = _operator("bitwise_xor")
    __eq__, __ne__ = _operator("equal"), _operator("not_equal")
    __gt__, __ge__ = _operator("greater"), _operator("greater_equal")
    __lt__, __le__ = _operator("less"), _operator("less_equal")
    __iadd__ = inplace(__add__, "+=")
    __isub__ = inplace(__sub__, "-=")
    __imul__ = inplace(__mul__, "*=")
    __itruediv__ = __idiv__ = inplace(__truediv__, "/=")
    __imod__ = inplace(__mod__, "%=")
    __ipow__ = inplace(__pow__, "**=")

    def __matmul__(self, other: Any) -> ndarray:
        return _products.matmul(self, other)

    def __rmatmul__(self, other: Any) -> ndarray:
        return _products.matmul(other, self)

    def __neg__(self) -> ndarray:
        return self * -1 if self._d.dtype.__str__() == "torch.bool" else _E["negative"](self)

    def __abs__(self) -> ndarray:
        return _E["absolute"](self)

    def __invert__(self) -> ndarray:
        return _E["bitwise_not"](self)

    # ---- shapes

    def reshape(self, *args: Any, **kwargs: Any) -> ndarray:
        """The same elements in another shape (shared memory outside of record)."""
        order = kwargs.pop("order", "C")
        shape = kwargs.pop("newshape", kwargs.pop("shape", None))
        if kwargs:
            raise TypeError(f"ndarray.reshape: unknown argument {next(iter(kwargs))!r}. Use the shape and order.")
        if args:
            shape = args[0] if len(args) == 1 else args
        if shape is None:
            raise TypeError("ndarray.reshape: the shape is missing. Pass it.")
        if order != "C":
            raise NotImplementedError(f"ndarray.reshape: order {order!r} is not supported. Use 'C'.")
        if state.recording:
            return _shape.reshape(self, shape)
        try:
            if any(n < -1 for n in sizes(shape)):
                raise RuntimeError(f"a size below -1 in {shape}")
            return wrap(self._d.reshape(sizes(shape)), self._ctx, type(self))
        except RuntimeError as e:
            raise MXNetError(f"reshape: {e} (shape {self.shape}). Pass a shape of {self.size} elements.") from None

    reshape_view = reshape

    def transpose(self, *axes: Any) -> ndarray:
        """The axes in another order: `transpose()`, `transpose(1, 0)` or `transpose((1, 0))`."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return _shape.transpose(self, order or None)

    def flatten(self, order: str = "C") -> ndarray:
        """The elements in one axis, as a copy."""
        return _shape.ravel(self, order).copy()

    def squeeze(self, axis: Any = None) -> ndarray:
        """The array without axes of size 1."""
        return _shape.squeeze(self, axis)

    def broadcast_to(self, shape: Any) -> ndarray:
        """The array repeated along axes of size 1 up to a shape."""
        return _shape.broadcast_to(self, shape)

    def clip(self, min: Any = None, max: Any = None, out: Any = None) -> ndarray:
        """The array with entries limited to [min, max]."""
        return _elementwise.clip(self, min, max, out)

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> ndarray:
        """The sum over axes."""
        return _reduce.sum(self, axis, dtype, keepdims, None, out)


def _method(name: str, function: Callable) -> Callable:
    def method(self: ndarray, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__, method.__qualname__, method.__doc__ = name, f"ndarray.{name}", function.__doc__
    return method


def _reduction(name: str, function: Callable) -> Callable:
    """A method whose `out` stands before `keepdims`, unlike the function's."""

    def method(self: ndarray, axis: Any = None, out: Any = None, keepdims: bool = False) -> ndarray:
        return function(self, axis=axis, keepdims=keepdims, out=out)

    method.__name__, method.__qualname__, method.__doc__ = name, f"ndarray.{name}", function.__doc__
    return method


def _no_method(name: str) -> Callable:
    def method(self: ndarray, *args: Any, **kwargs: Any) -> Any:
        raise AttributeError(f"mxnet.numpy.ndarray object has no attribute {name}. Use the function of mx.np or mx.npx.")

    method.__name__, method.__qualname__ = name, f"ndarray.{name}"
    method.__doc__ = "A method of `mx.nd.NDArray` that `mx.np.ndarray` has not: raises AttributeError."
    return method


#: methods of `mx.nd.NDArray` that arrays with NumPy's semantics do not have
ABSENT = """abs arccos arccosh arcsin arcsinh arctan arctanh argmax_channel asscalar broadcast_axes broadcast_like cbrt ceil cos cosh degrees
depth_to_space diag exp expand_dims expm1 fix flip floor log log10 log1p log2 log_softmax nanprod nansum norm one_hot ones_like pad pick radians
rcbrt reciprocal relu reshape_like rint rsqrt shape_array sigmoid sign sin sinh size_array slice slice_assign slice_assign_scalar slice_axis
slice_like softmax softmin space_to_depth split split_v2 sqrt square tan tanh tile topk tostype trunc zeros_like""".split()
FUNCTIONS: dict[str, Callable] = {}
for _part in (_elementwise, _reduce, _shape, _products, _creation):
    FUNCTIONS.update(_part.FUNCTIONS)
for _name in ("all", "any", "max", "min"):
    setattr(ndarray, _name, _reduction(_name, FUNCTIONS[_name]))
for _name in """argmax argmin argsort cumsum dot mean nonzero prod repeat round sort std swapaxes take var""".split():
    setattr(ndarray, _name, _method(_name, FUNCTIONS[_name]))
for _name in ABSENT:
    setattr(ndarray, _name, _no_method(_name))
ndarray.__module__ = "mxnet.numpy"
Classes.numpy = ndarray


def __getattr__(name: str) -> Any:
    if name in FUNCTIONS:  # not as globals: some have the names of Python's own functions
        return FUNCTIONS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
