"""Operators on sparse arrays: find the implementation for the storage types of the inputs, or run the dense one on densified inputs."""

from __future__ import annotations

import inspect
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import torch

from .._op import sparse_cast, sparse_dot, sparse_elementwise, sparse_layers, sparse_parts, sparse_reduce, sparse_update  # noqa: F401  list implementations
from .._op.registry import Op
from .._op.sparse_attach import DENSE, Tracked, attach
from .._storage import Csr, RowSparse, coo_to_struct, from_dense, to_stype, zeros
from .._storage.rows import merge
from ..context import Context
from ..error import MXNetError
from . import invoke as _invoke
from . import rng
from .array import Array, Classes, in_graph, wrap, wrap_recorded
from .invoke import BAD_INPUT, Hooks, Sparse, explain
from .sparse_autograd import Densify, Node, SparseFunction, carrier_of, dense_gradients
from .state import state


class StorageFallbackWarning(UserWarning):
    """An operator has no implementation for the storage types of its inputs and works on dense copies."""


#: How often operators fell back to dense copies, and how many bytes the copies took.
fallbacks = {"count": 0, "bytes": 0}
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_takes: dict[Callable, tuple[str, ...]] = {}


def run(op: Op, arrays: Sequence[Any], attrs: dict, out: Any = None, cls: type | None = None) -> Any:
    """Run an operator whose inputs or results are sparse; NotImplemented if all inputs are dense and no implementation serves them."""
    if not op._ready:
        op.prepare()
    values = [None if a is None else a._d for a in arrays]
    stypes = tuple(["default" if a is None else a.stype for a in arrays])
    storages = op.storages
    fn = storages.get(stypes)
    if fn is None and stypes.count("default") != len(stypes):
        fn = storages.get(("any",))
    if fn is not None:
        try:
            typed = _attributes(op, fn, attrs, out, arrays)
            if Hooks.profile is None:
                result = fn(*values, **typed)
            else:
                result = Hooks.profile(SimpleNamespace(name=f"{op.name}({', '.join(stypes)})", fn=fn), values, typed)
        except BAD_INPUT as e:
            raise explain(op, e, [v for v in values if v is not None], attrs) from None
        if result is DENSE:
            return _on_dense(op, arrays, values, attrs, out)
        if result is not NotImplemented:
            return _finish(op, fn, result, arrays, values, attrs, out, cls)
    if stypes.count("default") == len(stypes):
        return NotImplemented
    return _fallback(op, arrays, values, stypes, attrs, out)


def _attributes(op: Op, fn: Callable, attrs: dict, out: Any, arrays: Sequence[Any]) -> dict:
    takes = _takes.get(fn)
    if takes is None:
        parameters = inspect.signature(fn).parameters
        takes = _takes[fn] = tuple(n for n in ("out", "generator") if n in parameters)
    if not takes:
        return attrs
    full = dict(attrs)
    if "out" in takes:
        first = out[0] if isinstance(out, (list, tuple)) else out
        full["out"] = None if first is None else first._d
    if "generator" in takes:
        full["generator"] = rng.generator(next(a._ctx for a in arrays if a is not None))
    return full


def _finish(op: Op, fn: Callable, result: Any, arrays: Sequence[Any], values: list, attrs: dict, out: Any, cls: type | None) -> Any:
    gradients: Sequence[Any] | None = None
    if type(result) is Tracked:
        result, gradients = result.result, result.gradients
    many = isinstance(result, (tuple, list))
    results = list(result)[: op.num_visible(attrs)] if many else [result]
    ctx = next(a._ctx for a in arrays if a is not None)
    tracked: list[Any] = [None] * len(results)
    if state.recording and not op.mutates:
        inputs = [None if a is None else a._t for a in arrays]
        if any(t is not None and t.requires_grad for t in inputs):
            if op.zero_grad:
                gradients = [_zero_like(v) for v in values]
            elif gradients is None:
                gradients = dense_gradients(op.fn, values, attrs)
            results = [r.view_as(r) if isinstance(r, torch.Tensor) and any(r is v for v in values) else r for r in results]
            made = SparseFunction.apply(Node(op.name, results, gradients, inputs), *inputs)
            tracked = [made] if isinstance(made, torch.Tensor) else list(made)
    if out is not None:
        targets = list(out) if isinstance(out, (list, tuple)) else [out]
        if len(targets) != len(results):
            raise MXNetError(f"{op.name}: out has {len(targets)} arrays, the operator has {len(results)} outputs. Pass as many.")
        for target, value, t in zip(targets, results, tracked):
            _write(target, value, t, op.name)
        return out
    made_arrays = [_array(v, t, ctx, cls) for v, t in zip(results, tracked)]
    return made_arrays if many and len(made_arrays) != 1 else made_arrays[0]


def _zero_like(value: Any) -> Callable[..., Any]:
    def gradient(*grads: Any) -> Any:
        stype = "row_sparse" if getattr(value, "stype", "default") == "row_sparse" else "csr" if isinstance(value, Csr) else "default"
        return zeros(stype, tuple(value.shape), value.dtype, value.device)

    return gradient


def _array(value: Any, tracked: torch.Tensor | None, ctx: Context, cls: type | None) -> Array:
    if isinstance(value, torch.Tensor):
        return wrap_recorded(value if tracked is None else tracked, ctx, cls)
    a = wrap(value, ctx)
    a._t = tracked
    return a


def _write(target: Array, value: Any, tracked: torch.Tensor | None, name: str) -> None:
    if target._d is value:
        return
    if tuple(target._d.shape) != tuple(value.shape):
        raise MXNetError(f"{name}: out has shape {tuple(target._d.shape)}, the result has {tuple(value.shape)}. Pass an out of that shape.")
    if state.recording and in_graph(target):
        raise MXNetError(
            f"{name}: cannot write into an array of a recorded graph. Leave out= (or the in-place operator) away inside record()."
        )
    store(target, value.detach() if isinstance(value, torch.Tensor) else value)
    if tracked is not None and target._d.dtype == tracked.dtype:
        target._t = tracked


# ---- without an implementation


def _fallback(op: Op, arrays: Sequence[Any], values: list, stypes: tuple, attrs: dict, out: Any) -> Any:
    size = sum(v.nbytes() for v in values if v is not None and not isinstance(v, torch.Tensor))
    mode = os.environ.get("MXNET_STORAGE_FALLBACK", "")
    kinds = ", ".join(stypes)
    if mode == "error":
        raise MXNetError(f"{op.name}: no implementation for storage types ({kinds}); dense copies would take {size} bytes. "
                         "Convert with tostype, or unset MXNET_STORAGE_FALLBACK.")  # fmt: skip
    fallbacks["count"] += 1
    fallbacks["bytes"] += size
    if Hooks.profile is not None:
        Hooks.profile(SimpleNamespace(name=f"{op.name}({kinds}) storage fallback", fn=lambda: None), (), {})
    if os.environ.get("MXNET_STORAGE_FALLBACK_LOG_VERBOSE", "1") != "0":
        warnings.warn(f"{op.name}: no implementation for storage types ({kinds}); it works on dense copies of {size} bytes. Use dense arrays, "
                      "or MXNET_STORAGE_FALLBACK=error to find such places.", StorageFallbackWarning, stacklevel=_caller())  # fmt: skip
    return _on_dense(op, arrays, values, attrs, out)


def _on_dense(op: Op, arrays: Sequence[Any], values: list, attrs: dict, out: Any) -> Any:
    """The dense function on densified inputs; arrays that it writes get their new values back."""
    dense = []
    for a, v in zip(arrays, values):
        if v is None or isinstance(v, torch.Tensor):
            dense.append(a)
            continue
        t = v.to_dense()
        if state.recording and in_graph(a):
            t = Densify.apply(a._t, t)
        dense.append(wrap_recorded(t, a._ctx, Classes.dense))
    result = _invoke.invoke(op, dense, attrs, out)
    for name in op.mutates:
        i = op.inputs.index(name)
        if i < len(arrays) and dense[i] is not arrays[i] and arrays[i] is not None:
            store(arrays[i], dense[i]._d)
    return result


def _caller() -> int:
    """How many frames up the first line outside this package is."""
    depth, frame = 1, sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
    return depth


# ---- writing into arrays


def store(target: Array, value: Any) -> None:
    """Put a tensor or struct into an array of any storage type; the array may keep the value's memory."""
    have = target._d
    if tuple(have.shape) != tuple(value.shape):
        raise MXNetError(f"cannot write an array of shape {tuple(value.shape)} into one of shape {tuple(have.shape)}. Use equal shapes.")
    if target.stype == "default":
        if isinstance(value, torch.Tensor):
            have.copy_(value)
        else:
            have.zero_()
            value.write_into(have)
        return
    new = to_stype(value, target.stype)
    if new.dtype != have.dtype:
        new = new.to(have.dtype)
    if new.device != have.device:
        new = new.to(have.device)
    target._d = new


def land(target: Array, value: torch.Tensor, add: bool) -> None:
    """Put a gradient of torch's graph into the array that the user sees."""
    new = coo_to_struct(value.detach())
    if target.stype == "default":
        dense = target._d
        if isinstance(new, torch.Tensor):
            dense.add_(new) if add else dense.copy_(new)
        elif isinstance(new, RowSparse):
            if not add:
                dense.zero_()
            dense.index_add_(0, new.indices, new.data.to(dense.dtype))
        else:
            if not add:
                dense.zero_()
            dense.index_put_((new.row_ids(), new.indices), new.data.to(dense.dtype), accumulate=True)
        return
    have = target._d
    if add and have.nnz:
        if isinstance(new, RowSparse) and isinstance(have, RowSparse):
            new = merge([have, new])
        else:
            new = have.to_dense() + (new if isinstance(new, torch.Tensor) else new.to_dense())
    new = to_stype(new, target.stype)
    target._d = new if new.dtype == have.dtype else new.to(have.dtype)


def struct_zeros(stype: str, shape: tuple, dtype: torch.dtype, device: Any) -> Any:
    """A struct without stored elements; MXNetError for a shape that the storage type does not have."""
    try:
        return zeros(stype, shape, dtype, device)
    except MXNetError:
        raise
    except RuntimeError as e:  # no memory for so many rows
        raise MXNetError(f"zeros: {str(e).splitlines()[0]} ({stype}, shape {shape}). Check the size.") from None


#: Operators that have a storage implementation but are not registered (none, once all operator modules are imported).
unregistered = attach()
Sparse.invoke = run
Sparse.store = store
Sparse.land = land
Sparse.zeros = struct_zeros
Sparse.from_torch = coo_to_struct
__all__ = ["StorageFallbackWarning", "fallbacks", "run", "store", "land", "carrier_of", "from_dense"]
