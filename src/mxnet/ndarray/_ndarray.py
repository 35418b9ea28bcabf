"""NDArray: a mutable, dense, multi-dimensional array on a context."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from .. import _dtype, autograd
from .._op.registry import NAMES
from .._runtime import backward as _backward
from .._runtime.array import Array, Classes, in_graph, wrap, wrap_recorded
from .._runtime.functions import OpMethod
from .._runtime.invoke import NO_ATTRS, Sparse, invoke
from .._runtime.state import state
from ..context import Context, from_torch_device
from ..error import MXNetError
from . import _arithmetic, _indexing
from ._arithmetic import NUMBERS, binary, inplace
from ._params_file import ParamsReader, read_array

_OPS = NAMES
_new = object.__new__
_Tensor = torch.Tensor


def copied_to_itself() -> bool:
    """Warn of a copy without effect."""
    warnings.warn(
        "copyto: source and target are the same array, nothing is copied. Use copy() for another array.", RuntimeWarning, stacklevel=3
    )
    return False


class NDArray(Array):
    """An array. Made by `mx.nd.array`, `zeros`, operators ...; arithmetic and methods are operators (see `mx.nd.op`).

    Writes (`x[:] = v`, `+=`, `out=`) change the array in place; basic slices are views. Inside `autograd.record()` operators are recorded
    and writing into arrays of the graph is an MXNetError.
    """

    __slots__ = ()
    __array_priority__ = 1000.0

    # ---- facts

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return tuple(self._d.shape)

    @property
    def dtype(self) -> Any:
        """The data type as a NumPy class; bfloat16 as MXNet describes it."""
        return _dtype.TORCH_TO_NUMPY[self._d.dtype]

    @property
    def __numpy_dtype__(self) -> np.dtype:
        """np.dtype(array): NumPy 2.4 and later take no class from `dtype`."""
        return np.dtype(self.dtype)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._d.numel()

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._d.shape)

    @property
    def context(self) -> Context:
        """Where the array lives."""
        return self._ctx

    ctx = context
    device = context

    @property
    def T(self) -> NDArray:
        """The array with its axes in reverse order (a copy)."""
        return invoke(_OPS["transpose"], (self,), NO_ATTRS)

    @property
    def grad(self) -> NDArray | None:
        """The gradient array that `attach_grad` made."""
        return self._grad

    @property
    def handle(self) -> int:
        """A number that identifies the array while it lives."""
        return id(self)

    def __len__(self) -> int:
        if not self._d.shape:
            raise TypeError("NDArray: len() of an array without axes. Use size.")
        return self._d.shape[0]

    def __bool__(self) -> bool:
        n = self.size
        if n == 0:
            return False
        if n == 1:
            return bool(self.asscalar())
        raise ValueError("NDArray: the truth value of an array with several elements is ambiguous. Use asnumpy().any() or .all().")

    def __float__(self) -> float:
        return float(self.asscalar())

    def __int__(self) -> int:
        return int(self.asscalar())

    def __index__(self) -> int:
        value = self.asscalar()
        if not isinstance(value, np.integer):
            raise TypeError(f"NDArray: only integer arrays of one element can be an index, got {self._d.dtype}. Use int(x).")
        return int(value)

    def __hash__(self) -> int:
        return id(self) // 16

    def __repr__(self) -> str:
        shape = "x".join(str(s) for s in self.shape)
        return f"\n{self.asnumpy()!s}\n<{type(self).__name__} {shape} @{self._ctx}>"

    def __iter__(self) -> Iterator[NDArray]:
        return (self[i] for i in range(len(self)))

    # ---- to and from the world

    def asnumpy(self) -> np.ndarray:
        """A NumPy copy. bfloat16 arrays come as float32, since NumPy has no bfloat16."""
        t = self._d
        if t.dtype is torch.bfloat16:
            t = t.float()
        elif t.device.type == "cpu":
            return np.array(t.numpy(), order="C")
        return np.ascontiguousarray(t.cpu().numpy())

    def asscalar(self) -> Any:
        """The value of an array of one element."""
        if self.size != 1:
            raise ValueError(f"NDArray: asscalar needs an array of one element, got shape {self.shape}. Index it first.")
        return self.asnumpy().reshape(-1)[0]

    def item(self) -> Any:
        """The value of an array of one element as a Python number."""
        return self.asscalar().item()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.asnumpy()
        return array if dtype is None else array.astype(dtype)

    def to_torch(self) -> torch.Tensor:
        """The torch tensor behind the array: the same memory, and inside `record()` the same graph."""
        return self._t if state.recording else self._d

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._d.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple:
        return self._d.__dlpack_device__()

    def to_dlpack_for_read(self) -> Any:
        """A DLPack capsule of the array's memory."""
        return torch.utils.dlpack.to_dlpack(self._d)

    def to_dlpack_for_write(self) -> Any:
        """A DLPack capsule of the array's memory, to be written to."""
        return torch.utils.dlpack.to_dlpack(self._d)

    def __reduce__(self) -> tuple:
        t = self._d.detach().cpu().contiguous()
        raw = t.view(torch.uint16) if t.dtype is torch.bfloat16 else t
        return _unpickle, (type(self), raw.numpy(), _dtype.name_of(t.dtype), self._ctx)

    def __getstate__(self) -> dict:
        return {"array": self.asnumpy(), "dtype": _dtype.name_of(self._d.dtype), "ctx": self._ctx}

    def __setstate__(self, state: dict) -> None:
        if "handle" in state:  # the original's state: an array record of its files
            found = read_array(ParamsReader(memoryview(bytes(state["handle"])), "the state of an NDArray"))
            self._d, self._ctx = found._d, found._ctx
            return
        self._d = torch.from_numpy(state["array"]).to(_dtype.to_torch(state["dtype"]))
        self._ctx = state["ctx"]

    def __copy__(self) -> NDArray:
        return self.copy()

    def __deepcopy__(self, memo: dict) -> NDArray:
        return self.copy()

    def wait_to_read(self) -> None:
        """Block until the value is there (and errors of the device have surfaced)."""
        if self._d.device.type == "cuda":
            torch.cuda.synchronize(self._d.device)

    def wait_to_write(self) -> None:
        """Block until the array may be written to."""
        self.wait_to_read()

    # ---- copies and casts

    def copy(self) -> NDArray:
        """A copy on the same context."""
        return invoke(_OPS["_copy"], (self,), NO_ATTRS)

    def copyto(self, other: Any) -> Any:
        """Copy into another array, or to a context. An array copied to itself warns and gives False."""
        if isinstance(other, Array):
            if other is self:
                return copied_to_itself()
            if other.stype != "default":
                Sparse.store(other, self._d)
                return other
            if self.shape != other.shape:
                raise MXNetError(f"copyto: shapes differ, {self.shape} into {other.shape}. Use equal shapes.")
            other[:] = self
            return other
        if isinstance(other, Context):
            t = (self._t if state.recording else self._d).to(other.torch_device, copy=True)
            return wrap_recorded(t, other, type(self))
        raise TypeError(f"copyto: target must be an NDArray or a Context, got {type(other).__name__}. Pass one of them.")

    def as_in_context(self, context: Context) -> NDArray:
        """The array itself if it is on the context, else a copy there."""
        return self if self._ctx == context else self.copyto(context)

    as_in_ctx = to_device = as_in_context

    def astype(self, dtype: Any, copy: bool = True) -> NDArray:
        """The array in another data type; copy=False returns the array itself if nothing changes."""
        kind = _dtype.to_torch(dtype, "astype")
        if not copy and kind == self._d.dtype:
            return self
        return invoke(_OPS["Cast"], (self,), {"dtype": kind})

    def tostype(self, stype: str) -> NDArray:
        """The array in another storage type ("default", "csr", "row_sparse")."""
        return invoke(_OPS["cast_storage"], (self,), NAMES["cast_storage"].parse({"stype": stype}))

    def as_np_ndarray(self) -> Any:
        """The same memory as an `mx.np.ndarray`."""
        if Classes.numpy is None:  # mx.np is loaded when it is needed first
            importlib.import_module("mxnet.numpy")
        return _recast(self, Classes.numpy)

    def as_nd_ndarray(self) -> NDArray:
        """The same memory as an `mx.nd.NDArray`."""
        return self if type(self) is NDArray else _recast(self, NDArray)

    # ---- autograd

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Make the array a leaf with a gradient array: grad_req "write", "add" or "null"; stype: storage of the gradient."""
        if grad_req not in _backward.GRAD_REQ:
            raise KeyError(f"attach_grad: grad_req {grad_req!r} is unknown. Use write, add or null.")
        _backward.make_leaf(self, _backward.zeros_like_grad(self, stype), grad_req)

    @property
    def _fresh_grad(self) -> bool:
        """Whether `backward` wrote the gradient since this was last set to False, as gluon's Trainer does at each step."""
        landing = _backward.landing_of(self)
        return landing is not None and landing.fresh

    @_fresh_grad.setter
    def _fresh_grad(self, fresh: bool) -> None:
        landing = _backward.landing_of(self)
        if landing is not None:
            landing.fresh = bool(fresh)
        elif self._grad is None and not in_graph(self):
            raise MXNetError("_fresh_grad: the array has no gradient. Call attach_grad() first.")

    def detach(self) -> NDArray:
        """The same memory, outside the recorded graph."""
        return wrap(self._d, self._ctx, type(self))

    def backward(self, out_grad: NDArray | None = None, retain_graph: bool = False, train_mode: bool = True) -> None:
        """Gradients of this array (times out_grad, default ones) into the `grad` of every leaf."""
        autograd.backward([self], None if out_grad is None else [out_grad], retain_graph, train_mode)

    # ---- indexing

    def __getitem__(self, key: Any) -> NDArray:
        recording = state.recording
        if not recording and type(key) is slice and key.step is None:  # the shortest way for the commonest key
            try:
                r = self._d[key]
            except (IndexError, TypeError):
                r = _indexing.get(self._d, key)
            a = type(self)()
            a._d = r
            a._ctx = self._ctx
            return a
        t = self._t if recording else self._d
        if type(key) is slice and key.step is None or type(key) is int and t.dim() > 1:
            try:
                r = t[key]
            except (IndexError, TypeError):
                r = _indexing.get(t, key)  # words the error
        else:
            r = _indexing.get(t, key)
        a = type(self)()
        if recording and r.requires_grad:
            a._t = r
        else:
            a._d = r
        a._ctx = self._ctx
        return a

    def __setitem__(self, key: Any, value: Any) -> None:
        recorded = False
        if state.recording:
            if in_graph(self):
                raise MXNetError("NDArray: x[...] = v would change an array of a recorded graph. Compute a new array inside record().")
            recorded = isinstance(value, Array) and in_graph(value)
        if isinstance(value, Array):
            new: Any = value._d if value.stype == "default" else value._d.to_dense()
        elif isinstance(value, (np.ndarray, list, tuple)):
            new = torch.from_numpy(np.array(value, dtype=None if isinstance(value, np.ndarray) else np.float64, order="C"))
        elif isinstance(value, np.generic):
            new = value.item()
        elif isinstance(value, (int, float, torch.Tensor)):
            new = value
        else:
            raise TypeError(f"NDArray: cannot assign {type(value).__name__}. Assign a number, a list, a NumPy array or an NDArray.")
        full = type(key) is slice and key.start is None and key.stop is None and key.step is None
        target = self._d
        try:
            if not full:
                _indexing.put(target, key, new)
            elif isinstance(new, _Tensor):
                target.copy_(new if new.shape == target.shape else new.reshape(_squeezed(new.shape, target.dim())))
            else:
                target.fill_(new)
        except (RuntimeError, TypeError) as e:
            if isinstance(e, MXNetError):
                raise
            shape = tuple(new.shape) if isinstance(new, _Tensor) else ()
            raise ValueError(
                f"NDArray: cannot assign a value of shape {shape} at {key!r} of shape {self.shape}. Use a shape that broadcasts."
            ) from None
        if recorded:
            base = target.clone()
            graph = value._t.to(base.dtype)
            if full:
                self._t = graph.reshape(_squeezed(graph.shape, base.dim())).broadcast_to(base.shape)
            else:
                _indexing.put(base, key, graph)
                self._t = base

    # ---- shapes

    def reshape(self, *shape: Any, **kwargs: Any) -> NDArray:
        """The same elements in another shape (shared memory); codes 0, -1, -2, -3, -4 as in the operator Reshape."""
        if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
            shape = tuple(shape[0])
        elif not shape:
            shape = kwargs.get("shape")
            if shape is None:
                raise TypeError("reshape: shape is missing. Pass it by position or as shape=.")
        unknown = [k for k in kwargs if k not in ("shape", "reverse")]
        if unknown:
            raise TypeError(f"reshape: unknown argument {unknown[0]!r}. Use shape and reverse.")
        op = _OPS["Reshape"]
        return _viewed(self, op, op.parse({"shape": tuple(shape), "reverse": bool(kwargs.get("reverse", False))}))

    def expand_dims(self, axis: int, inplace: bool = False) -> NDArray:
        """The array with an axis of size 1 put in; inplace=True shares memory."""
        op = _OPS["expand_dims"]
        attrs = op.parse({"axis": axis})
        return _viewed(self, op, attrs) if inplace else invoke(op, (self,), attrs)

    def flatten(self, inplace: bool = False) -> NDArray:
        """All axes but the first in one; inplace=True shares memory."""
        op = _OPS["Flatten"]
        return _viewed(self, op, NO_ATTRS) if inplace else invoke(op, (self,), NO_ATTRS)

    def squeeze(self, axis: Any = None, inplace: bool = False) -> NDArray:
        """The array without axes of size 1; inplace=True shares memory."""
        op = _OPS["squeeze"]
        attrs = op.parse({"axis": axis} if axis is not None else {})
        return _viewed(self, op, attrs) if inplace else invoke(op, (self,), attrs)

    def broadcast_to(self, shape: Any) -> NDArray:
        """The array repeated along axes of size 1 up to `shape`; a 0 keeps the axis."""
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        have = self.shape
        if len(shape) < len(have):
            raise ValueError(f"broadcast_to: cannot broadcast shape {have} to {shape}. Pass at least {len(have)} axes.")
        padded = (1,) * (len(shape) - len(have)) + have
        wanted = tuple(h if s == 0 else s for s, h in zip(shape, padded))
        if any(h not in (1, w) for h, w in zip(padded, wanted)):
            raise ValueError(f"broadcast_to: cannot broadcast shape {have} to {shape}. Only axes of size 1 can grow.")
        source = self if padded == have else self.reshape(padded)
        return invoke(_OPS["broadcast_to"], (source,), {"shape": wanted})

    def broadcast_like(self, other: NDArray) -> NDArray:
        """The array broadcast to the shape of another."""
        return self.broadcast_to(other.shape)

    def diag(self, k: int = 0, **kwargs: Any) -> NDArray:
        """A diagonal, or the matrix with this diagonal."""
        op = _OPS["diag"]
        return invoke(op, (self,), op.parse({"k": k, **kwargs}))

    def slice_assign(self, rhs: NDArray, begin: Any, end: Any, step: Any) -> NDArray:
        """A copy with a block replaced by `rhs`."""
        op = _OPS["_slice_assign"]
        return invoke(op, (self, rhs), op.parse({"begin": begin, "end": end, "step": step}))

    def slice_assign_scalar(self, value: float, begin: Any, end: Any, step: Any) -> NDArray:
        """A copy with a block filled with a number."""
        op = _OPS["_slice_assign_scalar"]
        return invoke(op, (self,), op.parse({"scalar": value, "begin": begin, "end": end, "step": step}))

    # ---- arithmetic

    __add__ = binary("broadcast_add", "_plus_scalar", "+")
    __radd__ = __add__
    __sub__ = binary("broadcast_sub", "_minus_scalar", "-")
    __rsub__ = binary("broadcast_sub", "_rminus_scalar", "-")
    __mul__ = binary("broadcast_mul", "_mul_scalar", "*")
    __rmul__ = __mul__
    __truediv__ = binary("broadcast_div", "_div_scalar", "/")
    __rtruediv__ = binary("broadcast_div", "_rdiv_scalar", "/")
    __div__ = __truediv__
    __rdiv__ = __rtruediv__
    __mod__ = binary("broadcast_mod", "_mod_scalar", "%")
    __rmod__ = binary("broadcast_mod", "_rmod_scalar", "%")
    __pow__ = binary("broadcast_power", "_power_scalar", "**")
    __rpow__ = binary("broadcast_power", "_rpower_scalar", "**")
    __gt__ = binary("broadcast_greater", "_greater_scalar", ">")
    __ge__ = binary("broadcast_greater_equal", "_greater_equal_scalar", ">=")
    __lt__ = binary("broadcast_lesser", "_lesser_scalar", "<")
    __le__ = binary("broadcast_lesser_equal", "_lesser_equal_scalar", "<=")
    _eq = binary("broadcast_equal", "_equal_scalar", "==")
    _ne = binary("broadcast_not_equal", "_not_equal_scalar", "!=")
    __iadd__ = inplace(__add__, "+=")
    __isub__ = inplace(__sub__, "-=")
    __imul__ = inplace(__mul__, "*=")
    __itruediv__ = inplace(__truediv__, "/=")
    __idiv__ = __itruediv__
    __imod__ = inplace(__mod__, "%=")
    __ipow__ = inplace(__pow__, "**=")

    def __eq__(self, other: Any) -> Any:
        return self._eq(other) if isinstance(other, (Array, *NUMBERS)) else False

    def __ne__(self, other: Any) -> Any:
        return self._ne(other) if isinstance(other, (Array, *NUMBERS)) else True

    def __neg__(self) -> NDArray:
        return invoke(_OPS["negative"], (self,), NO_ATTRS)

    def __abs__(self) -> NDArray:
        return invoke(_OPS["abs"], (self,), NO_ATTRS)


#: Methods that are operators with the array as first input.
_METHODS = """abs arccos arccosh arcsin arcsinh arctan arctanh argmax argmax_channel argmin argsort broadcast_axes cbrt ceil clip cos cosh degrees
depth_to_space exp expm1 fix flip floor log log10 log1p log2 log_softmax max mean min nanprod nansum norm one_hot ones_like pad pick prod radians
rcbrt reciprocal relu repeat reshape_like rint round rsqrt shape_array sigmoid sign sin sinh size_array slice slice_axis slice_like softmax softmin
sort space_to_depth split sqrt square sum swapaxes take tan tanh tile topk transpose trunc zeros_like""".split()


def _transpose(self: NDArray, *axes: Any, **kwargs: Any) -> NDArray:
    """The axes in another order: `transpose()`, `transpose(1, 0)`, `transpose((1, 0))` or `transpose(axes=(1, 0))`."""
    op = _OPS["transpose"]
    if axes and isinstance(axes[0], (tuple, list)):
        axes = tuple(axes[0])
    attrs = {k: v for k, v in kwargs.items() if k != "out"}
    return invoke(op, (self,), op.parse({"axes": axes} if axes and axes != (None,) else attrs), kwargs.get("out"))


def _split_v2(self: NDArray, *args: Any, **kwargs: Any) -> Any:
    """Parts of the array along an axis: see `mx.nd.split_v2`."""
    return split_v2(self, *args, **kwargs)


for _name in _METHODS:
    _method = OpMethod(_name)
    _method.__set_name__(NDArray, _name)
    setattr(NDArray, _name, _method)
NDArray.transpose = _transpose  # type: ignore[assignment]
NDArray.split_v2 = _split_v2  # type: ignore[attr-defined]
Classes.dense = _arithmetic._dense = NDArray


def _squeezed(shape: Any, ndim: int) -> tuple:
    """The shape without leading ones beyond `ndim` axes."""
    shape = tuple(shape)
    while len(shape) > ndim and shape[0] == 1:
        shape = shape[1:]
    return shape


def _recast(a: NDArray, cls: type) -> Any:
    made = _new(cls)
    made._d, made._t, made._ctx, made._grad, made._req = a._d, a._t, a._ctx, a._grad, a._req
    return made


def _viewed(a: NDArray, op: Any, attrs: dict) -> NDArray:
    """A shape operator whose result shares memory with its input."""
    if a.stype != "default":
        return invoke(op, (a,), attrs)
    t = a._t if state.recording else a._d
    try:
        return wrap_recorded(op.fn(t, **attrs), a._ctx, type(a))
    except (RuntimeError, ValueError, TypeError, IndexError) as e:
        if isinstance(e, MXNetError):
            raise
        raise MXNetError(f"{op.name}: {str(e).splitlines()[0]} (input: {a.shape}). Check the shape.") from None


def _unpickle(cls: type, raw: np.ndarray, dtype: str, ctx: Context) -> NDArray:
    t = torch.from_numpy(np.array(raw))
    if dtype == "bfloat16":
        t = t.view(torch.bfloat16)
    if ctx.device_type == "gpu":
        try:
            t = t.to(ctx.torch_device)
        except MXNetError:  # pickled on a machine with more accelerators
            ctx = Context("cpu", 0)
    return wrap(t, ctx, cls)


def from_torch(tensor: torch.Tensor) -> NDArray:
    """An array around a torch tensor: the same memory, and the same graph if the tensor has one."""
    return wrap_recorded(tensor, from_torch_device(tensor.device), NDArray)


def waitall() -> None:
    """Block until all work on all devices is done."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def split_v2(ary: NDArray, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False) -> Any:
    """Parts of an array: a number of equal sections, or the places at which to cut."""
    op = _OPS["_split_v2"]
    if axis < -ary.ndim or axis >= ary.ndim:
        raise MXNetError(f"split_v2: axis {axis} is out of range for {ary.ndim} axes. Use -{ary.ndim}..{ary.ndim - 1}.")
    size = ary.shape[axis]
    if isinstance(indices_or_sections, int):
        if indices_or_sections <= 0 or size % indices_or_sections:
            raise ValueError(f"split_v2: axis of size {size} cannot be cut into {indices_or_sections} equal parts. Use a divisor.")
        attrs = {"indices": (), "axis": axis, "squeeze_axis": squeeze_axis, "sections": indices_or_sections}
    elif isinstance(indices_or_sections, (tuple, list)):
        attrs = {"indices": (0, *indices_or_sections), "axis": axis, "squeeze_axis": squeeze_axis, "sections": 0}
    else:
        raise ValueError(
            f"split_v2: indices_or_sections must be an int or a tuple of int, got {type(indices_or_sections).__name__}. Pass one."
        )
    return invoke(op, (ary,), op.parse(attrs))
