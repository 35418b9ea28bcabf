"""invoke: run one operator on arrays. The first screen is the hot path; everything rare is below it."""

from __future__ import annotations

import re
from typing import Any

import torch

from .._op.gradients import zero_gradient
from .._op.registry import ZERO, Op
from ..context import Context, current_context, parse_context
from ..error import MXNetError
from . import rng
from .array import Array, Classes, in_graph, wrap, wrap_recorded
from .state import state

_Tensor = torch.Tensor
#: What operator functions raise for bad input; anything else is a defect and keeps its traceback.
BAD_INPUT = (RuntimeError, IndexError, TypeError, ValueError, NotImplementedError, OverflowError, ZeroDivisionError, SyntaxError)
NO_ATTRS: dict[str, Any] = {}


class Hooks:
    """Slots for what watches or changes every call. `active` is True if any is set; the hot path reads only that."""

    active = False
    cast = None  # AMP: (op, tensors, attrs) -> tensors
    profile = None  # (op, tensors, attrs) -> result: runs the function and takes the time


def invoke(op: Op, arrays: Any, attrs: dict, out: Any = None) -> Any:
    """Run `op` on arrays (None for an absent input) with typed attributes; the result is an array or a list of arrays."""
    recording = state.recording
    dense = Classes.dense
    tensors = []
    for a in arrays:
        if type(a) is dense:
            tensors.append(a._t if recording else a._d)
        elif a is None:
            if len(tensors) < op._required:
                name = op.inputs[len(tensors)]
                raise MXNetError(f"{op.name}: input {name} is missing (got None). Pass an array.")
            tensors.append(None)
        else:
            return _invoke_any(op, arrays, attrs, out)
    if out is not None or op.special or Hooks.active or not tensors:
        if not op._ready:
            return invoke(op.prepare(), arrays, attrs, out)
        if recording or op.special is not ZERO or out is not None or Hooks.active or not tensors:
            return _invoke_dense(op, arrays, tensors, attrs, out, dense)
    try:
        result = op.fn(*tensors, **attrs)
    except BAD_INPUT as e:
        raise explain(op, e, tensors, attrs) from None
    if type(result) is _Tensor:
        a = dense()
        if recording and result.requires_grad:
            a._t = result
        else:
            a._d = result
        a._ctx = arrays[0]._ctx
        return a
    return _wrap_many(op, result, attrs, arrays[0]._ctx, dense)


def _wrap_many(op: Op, result: Any, attrs: dict, ctx: Context, cls: type) -> Any:
    if isinstance(result, _Tensor):  # a Parameter or a subclass
        return wrap_recorded(result, ctx, cls)
    arrays = [wrap_recorded(t, ctx, cls) for t in result[: op.num_visible(attrs)]]
    return arrays[0] if len(arrays) == 1 else arrays


def _invoke_dense(op: Op, arrays: Any, tensors: list, attrs: dict, out: Any, cls: type) -> Any:
    """Dense inputs, with anything unusual: reserved arguments, out=, hooks, no inputs, sparse results, zero gradients."""
    ctx = next((a._ctx for a in arrays if a is not None), None)
    if ctx is None:
        ctx = _context_of(op, attrs, out)
    if op.dense_storage is not None:
        from_storage = Sparse.invoke(op, arrays, attrs, out, cls)
        if from_storage is not NotImplemented:
            return from_storage
    if Hooks.cast is not None:
        tensors = Hooks.cast(op, tensors, attrs)
    for name in op.mutates:
        i = op.inputs.index(name)
        if i < len(arrays) and arrays[i] is not None:
            tensors[i] = arrays[i]._d
    try:
        typed = _with_reserved(op, attrs, ctx, out)
        result = op.fn(*tensors, **typed) if Hooks.profile is None else Hooks.profile(op, tensors, typed)
    except BAD_INPUT as e:
        raise explain(op, e, tensors, attrs) from None
    if op.zero_grad and state.recording and any(t is not None and t.requires_grad for t in tensors):
        result = zero_gradient(result, [t for t in tensors if t is not None and t.requires_grad])
    if op.views and out is None:
        result = _own(result, tensors)
    return finish(op, result, attrs, ctx, out, cls)


def _own(result: Any, inputs: list) -> Any:
    """A copy of every result that shares memory with an input."""
    if isinstance(result, _Tensor):
        memory = result.untyped_storage().data_ptr()
        shared = any(t is not None and t.untyped_storage().data_ptr() == memory for t in inputs)
        return result.clone(memory_format=torch.contiguous_format) if shared else result
    return tuple(_own(r, inputs) for r in result)


def _context_of(op: Op, attrs: dict, out: Any) -> Context:
    if out is not None:
        return (out[0] if isinstance(out, (list, tuple)) else out)._ctx
    return parse_context(attrs["ctx"]) if attrs.get("ctx") else current_context()


def _with_reserved(op: Op, attrs: dict, ctx: Context, out: Any) -> dict:
    if not op.reserved:
        return attrs
    full = dict(attrs)
    for name in op.reserved:
        if name == "training":
            full[name] = state.training
        elif name == "generator":
            full[name] = rng.generator(ctx)
        elif name == "device":
            full[name] = ctx.torch_device
        else:
            full[name] = None if out is None else out._d if isinstance(out, Array) else [o._d for o in out]
    return full


def finish(op: Op, result: Any, attrs: dict, ctx: Context, out: Any, cls: type) -> Any:
    """Wrap what a function returned, or write it into `out`."""
    many = isinstance(result, (tuple, list))
    values = list(result)[: op.num_visible(attrs)] if many else [result]
    if out is None:
        made = [wrap_recorded(v, ctx, cls) if isinstance(v, _Tensor) else wrap(v, ctx) for v in values]
        return made if many and len(made) != 1 else made[0]
    targets = list(out) if isinstance(out, (list, tuple)) else [out]
    if not all(isinstance(t, Array) for t in targets):
        raise MXNetError(f"{op.name}: out must be an NDArray or a list of them, got {type(out).__name__}. Pass arrays.")
    if len(targets) != len(values):
        raise MXNetError(f"{op.name}: out has {len(targets)} arrays, the operator has {len(values)} outputs. Pass as many.")
    for target, value in zip(targets, values):
        write(target, value, op.name)
    return out


def write(target: Array, value: Any, name: str) -> None:
    """Put a result into an existing array; inside `record()` the array becomes the recorded output."""
    if tuple(target._d.shape) != tuple(value.shape):
        raise MXNetError(f"{name}: out has shape {tuple(target._d.shape)}, the result has {tuple(value.shape)}. Pass an out of that shape.")
    recorded = state.recording and isinstance(value, _Tensor) and value.requires_grad
    if state.recording and in_graph(target):
        raise MXNetError(
            f"{name}: cannot write into an array of a recorded graph. Leave out= (or the in-place operator) away inside record()."
        )
    if target.stype != "default" or not isinstance(value, _Tensor):
        Sparse.store(target, value)
        return
    plain = value.data if recorded else value
    if plain is not target._d:
        shared = plain.untyped_storage().data_ptr() == target._d.untyped_storage().data_ptr()
        target._d.copy_(plain.clone() if shared else plain)  # shared: a view of `out` itself, such as its transpose
    if recorded:
        target._t = value if value.dtype == target._d.dtype else value.to(target._d.dtype)


class Sparse:
    """Slots that sparse_dispatch.py fills in."""

    invoke: Any = None  # (op, arrays, attrs, out, class of dense results) -> result; NotImplemented for dense inputs without implementation
    store: Any = None  # (target array, value): value into target, casting storage
    land: Any = None  # (gradient array, torch gradient, add): a gradient into its array
    zeros: Any = None  # (stype, shape, dtype, device) -> struct
    from_torch: Any = None  # torch's hybrid COO tensor -> struct; a dense tensor as it is


def _invoke_any(op: Op, arrays: Any, attrs: dict, out: Any) -> Any:
    """Subclasses, sparse arrays, and things that are no arrays."""
    cls = Classes.dense
    sparse = False
    for i, a in enumerate(arrays):
        if a is None:
            continue
        if not isinstance(a, Array):
            name = op.inputs[min(i, len(op.inputs) - 1)] if op.inputs else str(i)
            raise MXNetError(f"{op.name}: input {name} must be an NDArray, got {type(a).__name__}. Convert it with mx.nd.array.")
        if a.stype != "default":
            sparse = True
        elif Classes.numpy is not None and isinstance(a, Classes.numpy):
            cls = Classes.numpy
    if sparse:
        return Sparse.invoke(op, arrays, attrs, out)
    recording = state.recording
    tensors = [None if a is None else a._t if recording else a._d for a in arrays]
    return _invoke_dense(op, arrays, tensors, attrs, out, cls)


def explain(op: Op, error: Exception, tensors: Any, attrs: dict) -> Exception:
    """An MXNetError that names the operator and its inputs, for whatever the function raised."""
    if isinstance(error, MXNetError):
        return error
    text = plain_words(str(error).strip().split("\n")[0])
    got = ", ".join("None" if t is None else f"{tuple(t.shape)} {str(t.dtype).replace('torch.', '')}" for t in tensors)
    kind = IndexErrorInOperator if isinstance(error, IndexError) else MXNetError
    return kind(f"{op.name}: {text} (inputs: {got or 'none'}). Check shapes, data types and attributes.")


def plain_words(text: str) -> str:
    """What torch says most often of shapes and types, in the words of arrays."""
    found = re.match(r"The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)", text)
    if found:
        return f"shapes do not broadcast: axis {found[3]} has sizes {found[1]} and {found[2]}, they must be equal or one of them 1"
    found = re.match(r"Attempting to broadcast a dimension of length \d+ at (-\d+)!.* had torch\.Size\(\[(.*)\]\); .* to \[(.*)\]", text)
    if found:
        return f"shapes ({found[3]}) and ({found[2]}) do not broadcast: the sizes of axis {found[1]} must be equal or one of them 1"
    found = re.match(r"\"\w+\" not implemented for '(\w+)'", text)
    if found:
        name = _TORCH_NAMES.get(found[1], found[1])
        return f"there is no such operation for data of {name}"
    found = re.search(r"[Tt]ried to allocate ([\d.]+ \w+)", text)
    if found and ("memory" in text or "alloc" in text):
        return f"there is not enough memory for {found[1]}"
    if text.startswith("Storage size calculation overflowed"):
        return "there is not enough memory for so many elements"
    return "division of an integer by zero" if text == "ZeroDivisionError" else text


_TORCH_NAMES = {"Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool", "Half": "float16",
                "BFloat16": "bfloat16", "Float": "float32", "Double": "float64"}  # fmt: skip


class IndexErrorInOperator(MXNetError, IndexError):
    """An index out of range inside an operator: both an MXNetError and an IndexError."""
