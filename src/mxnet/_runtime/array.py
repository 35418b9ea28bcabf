"""The cell that all array classes share, and the slots by which lower layers make arrays of the upper layers' classes."""

from __future__ import annotations

from typing import Any

import torch

from ..context import Context, from_torch_device


class Array:
    """A mutable cell around a tensor (or a sparse struct).

    `_d`  the values: a plain tensor that never requires grad (or a `_storage` struct). All writes go here.
    `_t`  what a recorded operator reads: a leaf or the output of a graph, else an alias of `_d`, made when first read. For sparse
          arrays `_t` is the carrier in torch's graph (see sparse_autograd.py) or None. `_t` and `_d` share memory but not torch's version
          counter, so writes outside `record()` never trip the graph that saved `_t`: as in MXNet, backward sees the new values.
    `_ctx` the context; `_grad` the gradient array or None; `_req` its grad_req.
    Slots that were never set are made on demand by `__getattr__`: the hot path writes two slots only.
    """

    __slots__ = ("_d", "_t", "_ctx", "_grad", "_req", "__weakref__")
    _d: Any
    _t: Any
    _ctx: Any
    _grad: Any
    _req: str
    stype = "default"

    def __getattr__(self, name: str) -> Any:
        if name == "_d":  # a recorded output: its values without the graph
            value: Any = self._t.data
        elif name == "_ctx":
            value = from_torch_device(self._d.device)
        elif name == "_grad":
            value = None
        elif name == "_req":
            value = "null"
        elif name == "_t":
            value = self._d.data if self.stype == "default" else None
        else:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        setattr(self, name, value)
        return value


class Classes:
    """Filled in by the ndarray layer: the class for each storage type."""

    dense: Any = Array
    csr: Any = Array
    row_sparse: Any = Array
    numpy: Any = None


def wrap(value: Any, ctx: Context | None = None, cls: type | None = None) -> Any:
    """An array around a plain tensor or struct that is in no graph."""
    stype = "default" if isinstance(value, torch.Tensor) else value.stype
    a = (cls or (Classes.dense if stype == "default" else getattr(Classes, stype)))()
    a._d = value
    if ctx is not None:
        a._ctx = ctx
    return a


def wrap_recorded(tensor: torch.Tensor, ctx: Context | None = None, cls: type | None = None) -> Any:
    """An array around a tensor that may be part of a graph."""
    a = (cls or Classes.dense)()
    if tensor.requires_grad:
        a._t = tensor
    else:
        a._d = tensor
    if ctx is not None:
        a._ctx = ctx
    return a


def rebind(a: Array, tensor: torch.Tensor) -> None:
    """Give a dense array other memory; it is in no graph then."""
    a._d = tensor
    try:
        del a._t
    except AttributeError:
        pass


_read_t = Array.__dict__["_t"].__get__


def has_tracked(a: Array) -> bool:
    """Whether `_t` is set: a recorded operator has read or made the array."""
    try:
        return _read_t(a) is not None
    except AttributeError:
        return False


def in_graph(a: Array) -> bool:
    """Whether the array is a leaf with gradient or the output of a recorded operator."""
    try:
        t = _read_t(a)
    except AttributeError:
        return False
    return t is not None and t.requires_grad
