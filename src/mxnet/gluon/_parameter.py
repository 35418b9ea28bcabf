"""Parameter: an array of a block on one or more contexts, with gradient, initializer, and possibly a shape that is not known yet."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import autograd, initializer, ndarray, symbol
from .._dtype import TORCH_TO_NUMPY, name_of, to_torch
from .._runtime.array import Array
from .._runtime.backward import Landing, make_leaf, zeros_like_grad
from ..context import Context, cpu, current_context
from ..error import hint
from ..util import is_np_array, is_np_shape
from ._errors import GluonError
from ._parameter_arrays import ParameterArrays, context_list
from .utils import shape_is_known

STYPES = ("default", "row_sparse", "csr")
GRAD_REQS = ("write", "add", "null")
_UNIFORM = initializer.Uniform()


class Parameter(ParameterArrays):
    """A trainable array of a block, with one copy on every context it was initialized on.

    name          full name, prefix included; the initializer and the files know the parameter by it
    grad_req      "write", "add" (accumulate until `zero_grad`) or "null" (no gradient)
    shape         unknown sizes are 0 (-1 under NumPy shape semantics); with `allow_deferred_init` the first forward fills them in
    lr_mult, wd_mult  factors of the optimizer's learning rate and weight decay
    init          an initializer, or its name
    stype         "row_sparse" keeps the weight sparse: read it with `row_sparse_data(row_id)`, which needs a Trainer
    grad_stype    "row_sparse" makes gradients hold only the rows that a batch touched; optimizers then update those rows

    Example
    -------
    >>> p = mx.gluon.Parameter("weight", shape=(2, 3), init="ones")
    >>> p.initialize()
    >>> with mx.autograd.record():
    ...     loss = (p.data() * 2).sum()
    >>> loss.backward()
    >>> float(p.grad()[0, 0].asscalar())
    2.0
    """

    def __init__(self, name: str, grad_req: str = "write", shape: Any = None, dtype: Any = np.float32, lr_mult: float = 1.0,
                 wd_mult: float = 1.0, init: Any = None, allow_deferred_init: bool = False, differentiable: bool = True,
                 stype: str = "default", grad_stype: str = "default") -> None:  # fmt: skip
        for label, kind in (("stype", stype), ("grad_stype", grad_stype)):
            if kind not in STYPES:
                raise GluonError(f"Parameter {name}: {label} is {kind!r}. Use one of {', '.join(STYPES)}.{hint(kind, STYPES)}")
        self.name = name
        self._data: list[Any] | None = None
        self._grad: list[Any] | None = None
        self._landings: list[Landing | None] = []
        self._generation = 0  # grows when the arrays are replaced; the Trainer's lists depend on it
        self._ctx_list: list[Context] = []
        self._deferred_init: tuple = ()
        self._trainer: Any = None
        self._var: Any = None
        self._differentiable = differentiable
        self._allow_deferred_init = allow_deferred_init
        self._grad_req: str | None = None
        self._shape = (shape,) if isinstance(shape, (int, np.integer)) else None if shape is None else tuple(shape)
        self._dtype = dtype
        self.lr_mult = lr_mult
        self.wd_mult = wd_mult
        self.grad_req = grad_req
        self.init = init
        self._stype = stype
        self._grad_stype = grad_stype

    def __repr__(self) -> str:
        return f"Parameter {self.name} (shape={self.shape}, dtype={self.dtype})"

    # ---- what the parameter is

    @property
    def grad_req(self) -> str:
        """How gradients are written: "write", "add" or "null"."""
        return self._grad_req  # type: ignore[return-value]

    @grad_req.setter
    def grad_req(self, req: str) -> None:
        if req not in GRAD_REQS:
            raise GluonError(f"Parameter {self.name}: grad_req is {req!r}. Use one of {', '.join(GRAD_REQS)}.{hint(req, GRAD_REQS)}")
        if not self._differentiable:
            req = "null"
        if self._grad_req == req:
            return
        self._grad_req = req
        if self._data is not None:
            self._init_grad()

    @property
    def dtype(self) -> Any:
        """Data type; setting it casts the parameter."""
        return self._dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        self.cast(dtype)

    @property
    def stype(self) -> str:
        """Storage type of the weight."""
        return self._stype

    @property
    def grad_stype(self) -> str:
        """Storage type of the gradient."""
        return self._grad_stype

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape; unknown sizes are 0 (-1 under NumPy shape semantics). Setting it fills unknown sizes in."""
        if self._shape is None or not is_np_shape():
            return self._shape
        return tuple(-1 if s == 0 and self._data is None else s for s in self._shape)

    @shape.setter
    def shape(self, new: Any) -> None:
        new = (new,) if isinstance(new, (int, np.integer)) else tuple(new)
        old = self._shape
        if old is not None and not (len(old) == len(new) and all(o in (-1, 0, n) for o, n in zip(old, new))):
            raise GluonError(
                f"Parameter {self.name}: shape {new} does not fit the expected shape {old}. Only unknown sizes can be filled in."
            )
        if new != old:
            self._var = None
        self._shape = new

    # ---- initialization

    def initialize(self, init: Any = None, ctx: Any = None, default_init: Any = _UNIFORM, force_reinit: bool = False) -> None:
        """Make the arrays on `ctx` (one context or a list; default: the current one) and fill them.

        `init` wins over the parameter's own initializer, which wins over `default_init`. If the shape is not known yet, this happens at the
        first forward. A second call does nothing but warn, unless `force_reinit`.
        """
        if self._data is not None and not force_reinit:
            warnings.warn(f"Parameter {self.name}: already initialized, call ignored. Pass force_reinit=True to do it again.", stacklevel=2)
            return
        self._data = self._grad = None
        contexts = context_list(ctx) or [current_context()]
        chosen = init if init is not None else self.init if self.init is not None else default_init
        self._deferred_init = (chosen, contexts, default_init, None)
        if not shape_is_known(self.shape):
            if self._allow_deferred_init:
                return
            self._deferred_init = ()
            raise ValueError(
                f"Parameter {self.name}: cannot initialize, shape is {self.shape}. Give all sizes, or allow_deferred_init=True."
            )
        self._finish_deferred_init()

    def _finish_deferred_init(self) -> None:
        """Make the arrays now that the shape is known."""
        if not self._deferred_init:
            return
        init, contexts, default_init, data = self._deferred_init
        if not shape_is_known(self.shape):
            raise GluonError(f"Parameter {self.name}: cannot initialize, shape is {self.shape}. Give in_units, in_channels and the like, "
                             "or run the block once.")  # fmt: skip
        self._deferred_init = ()
        with autograd.pause():
            fresh = data is None
            if fresh:
                data = ndarray.zeros(self.shape, dtype=self.dtype, ctx=_fill_context(contexts), stype=self._stype)
                initializer.create(default_init)(initializer.InitDesc(self.name, {"__init__": init}), data)
            self._init_impl(data, contexts, fresh)

    def _init_impl(self, data: Any, ctx_list: Any, owned: bool = False) -> None:
        """One array on every context, the first of them `data` itself if it is ours and lies there."""
        contexts = context_list(ctx_list)
        arrays = []
        for c in contexts:
            if owned and data.context == c:
                arrays.append(data)
                owned = False
            else:
                arrays.append(data.copyto(c))
        if is_np_array():
            arrays = [a.as_np_ndarray() for a in arrays]
        self._data, self._ctx_list = arrays, contexts
        self._init_grad()

    def _init_grad(self) -> None:
        """Gradient arrays beside the data, and the connection to autograd."""
        arrays = self._data or []
        self._generation += 1
        if self._grad_req == "null":
            self._grad = None
            self._landings = [make_leaf(a, None, "null") for a in arrays]
            return
        self._grad = [zeros_like_grad(a, self._grad_stype) for a in arrays]
        if is_np_array():
            self._grad = [g.as_np_ndarray() for g in self._grad]
        self._landings = [make_leaf(a, g, self._grad_req) for a, g in zip(arrays, self._grad)]  # type: ignore[arg-type]

    def _load_init(self, data: Any, ctx: Any, cast_dtype: bool = False, dtype_source: str = "current") -> None:
        """Take the values of a file, whether or not the parameter was initialized."""
        if dtype_source not in ("current", "saved"):
            raise GluonError(f"Parameter {self.name}: dtype_source is {dtype_source!r}. Use current or saved.")
        if self.shape:
            if len(self.shape) != len(data.shape) or any(own not in (0, -1, saved) for own, saved in zip(self.shape, data.shape)):
                raise GluonError(f"Parameter {self.name}: the file has shape {tuple(data.shape)}, the block expects {self.shape}. "
                                 "Load the file into the network that wrote it.")  # fmt: skip
            self.shape = data.shape  # a shape that nobody asked for stays None, as in MXNet
        if self.dtype is not None and to_torch(self.dtype) != data._d.dtype:
            if not cast_dtype:
                raise GluonError(f"Parameter {self.name}: the file has data type {name_of(data._d.dtype)}, the block {name_of(to_torch(self.dtype))}. "
                                 "Pass cast_dtype=True, or cast the block.")  # fmt: skip
            if dtype_source == "current":
                data = data.astype(self.dtype)
            else:
                self.dtype = TORCH_TO_NUMPY[data._d.dtype]
        if data.stype != self._stype:
            data = data.tostype(self._stype)
        contexts = context_list(ctx)
        if self._data is None:
            planned = self._deferred_init[1] if self._deferred_init else None
            if planned is not None and contexts is not None and set(planned) != set(contexts):
                raise GluonError(
                    f"Parameter {self.name}: was initialized for {planned}, load asks for {contexts}. Leave ctx away, or reset_ctx first."
                )
            self._init_impl(data, planned or contexts or [cpu()])
        else:
            if contexts is not None and set(contexts) != set(self.list_ctx()):
                raise GluonError(
                    f"Parameter {self.name}: is on {self.list_ctx()}, load asks for {contexts}. Leave ctx away, or reset_ctx first."
                )
            self.set_data(data)
        self._deferred_init = ()

    # ---- changes

    def set_data(self, data: Any) -> None:
        """Copy new values into the parameter on all contexts."""
        self.shape = data.shape
        if self._data is None:
            if not self._deferred_init:
                raise GluonError(f"Parameter {self.name}: not initialized. Call initialize() before set_data().")
            self._deferred_init = (*self._deferred_init[:3], data)
            return
        trainer = self._trainer
        if trainer is not None and trainer._kv_initialized and trainer._update_on_kvstore and self not in trainer._params_to_init:
            trainer._reset_kvstore()
        with autograd.pause():
            for a in self._data:
                if a.stype == "default" and isinstance(data, Array) and data.stype == "default":
                    a._d.copy_(data._d)
                elif isinstance(data, Array) and data.stype != "default":
                    data.copyto(a)
                else:
                    a[:] = data

    def reset_ctx(self, ctx: Any) -> None:
        """Move the parameter to other contexts."""
        contexts = context_list(ctx) or [current_context()]
        if self._data is not None:
            data = self._reduce()
            with autograd.pause():
                self._init_impl(data, contexts)
        elif self._deferred_init:
            init, _, default_init, data = self._deferred_init
            self._deferred_init = (init, contexts, default_init, data)
        else:
            raise ValueError(f"Parameter {self.name}: cannot reset its context, it is not initialized. Call initialize() first.")

    def cast(self, dtype: Any) -> None:
        """Change the data type of values and gradients."""
        self._dtype = dtype
        self._var = None
        if self._data is None:
            return
        old = self._grad
        with autograd.pause():
            self._data = [a.astype(dtype) for a in self._data]
            self._init_grad()
            for new, before in zip(self._grad or (), old or ()):
                if before.stype == "default":
                    new._d.copy_(before._d)

    def var(self) -> Any:
        """The symbol of the parameter, with shape, type and multipliers as attributes."""
        if self._var is None:
            self._var = symbol.var(self.name, shape=self.shape, dtype=self.dtype, lr_mult=self.lr_mult, wd_mult=self.wd_mult,
                                   init=self.init, stype=self._stype)  # fmt: skip
        return self._var.as_np_ndarray() if is_np_array() else self._var


def _fill_context(contexts: list[Context]) -> Context:
    """Where initial values are made: on the only context, or on the CPU to be copied from."""
    return contexts[0] if len(contexts) == 1 else cpu()
