"""Ways to run a sample: imperatively, recorded, as a symbol; in another type, with other storage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from samples import Sample, Sparse, dense_of, is_float, samples_of

import mxnet as mx
from mxnet._op.registry import OPS, Op
from mxnet._runtime.functions import nd_function
from mxnet.error import MXNetError
from mxnet.symbol._function import sym_function


@cache
def nd_call(name: str) -> Callable:
    """The imperative function of an operator."""
    return nd_function(OPS[name], name, __name__)


@cache
def sym_call(name: str) -> Callable:
    """The symbolic function of an operator."""
    return sym_function(OPS[name], name, __name__)


def to_array(x: np.ndarray | Sparse | None, kind: str | None = None) -> Any:
    """An input as an array, floats in type `kind`."""
    if x is None:
        return None
    values = dense_of(x)
    a = mx.nd.array(values, dtype=kind if kind and is_float(x) else values.dtype)
    return a.tostype(x.stype) if isinstance(x, Sparse) else a


def to_arrays(s: Sample, kind: str | None = None) -> list[Any]:
    """All inputs as arrays."""
    return [to_array(x, kind) for x in s.inputs]


def bound(op: Op, inputs: Sequence[Any], attrs: dict) -> tuple[tuple, dict]:
    """Arguments of the operator's function: by position if variadic, else by name."""
    if op.variadic:
        return tuple(inputs), {k: v for k, v in attrs.items() if k != op.count_attr}
    return (), {n: x for n, x in zip(op.inputs, inputs) if x is not None} | attrs


def call(s: Sample, inputs: Sequence[Any], **more: Any) -> list[Any]:
    """The outputs for these arrays, random operators from the same seed each time."""
    mx.random.seed(3)
    args, kwargs = bound(OPS[s.op].prepare(), inputs, s.attrs)
    out = nd_call(s.op)(*args, **kwargs, **more)
    return list(out) if isinstance(out, (list, tuple)) else [out]


def record(s: Sample, inputs: Sequence[Any], heads: Sequence[Any] | None = None, grad_req: str = "write") -> tuple[list[Any], list[Any]]:
    """(outputs, gradients) of a recorded call; heads None: `heads_for` the outputs."""
    for i in s.grad:
        if inputs[i].grad is None:
            inputs[i].attach_grad(grad_req)
    with mx.autograd.record(train_mode=s.train):
        outs = call(s, inputs)
    heads = heads_for(outs) if heads is None else heads
    pairs = [(o, h) for o, h in zip(outs, heads) if h is not None]
    mx.autograd.backward([o for o, _ in pairs], [h for _, h in pairs], train_mode=s.train)
    return outs, [inputs[i].grad for i in s.grad]


def heads_for(outs: Sequence[Any]) -> list[Any]:
    """Head gradients: the same numbers for the same shapes, in every type."""
    rng = np.random.default_rng(5)
    return [mx.nd.array(rng.uniform(-1, 1, o.shape), dtype=o._d.dtype) if o._d.is_floating_point() else None for o in outs]


def numpy_of(a: Any) -> np.ndarray:
    """The values of an array of any storage or type."""
    return a.asnumpy()


def symbol_of(s: Sample) -> Any:
    """The call as a symbol over variables x0, x1 ..."""
    variables = [None if x is None else mx.sym.var(f"x{i}") for i, x in enumerate(s.inputs)]
    args, kwargs = bound(OPS[s.op].prepare(), variables, s.attrs)
    return sym_call(s.op)(*args, **kwargs, name="op0")


def named(s: Sample, inputs: Sequence[Any]) -> dict[str, Any]:
    """Arrays by the names of their variables."""
    return {f"x{i}": a for i, a in enumerate(inputs) if a is not None}


def texts(s: Sample) -> dict[str, str]:
    """The attributes as strings."""
    return {k: str(np.dtype(v)) if isinstance(v, (type, np.dtype)) else str(v) for k, v in s.attrs.items()}


def rounded(s: Sample, kind: str) -> Sample:
    """The sample with floats that type `kind` holds exactly, as float64."""
    torch_kind = getattr(torch, kind)

    def one(x: Any) -> Any:
        if not is_float(x):
            return x
        return torch.from_numpy(np.ascontiguousarray(x)).to(torch_kind).double().numpy()

    return replace(s, inputs=tuple(one(x) for x in s.inputs))


def wrong_inputs(x: np.ndarray) -> dict[str, np.ndarray]:
    """An input of other ranks, of another length, of another type."""
    longer = np.concatenate([x, x], 0) if x.ndim else x
    deeper = x[None, None, None]
    flat = x.reshape(-1)[:1].reshape(()) if x.size else x
    with np.errstate(invalid="ignore"):
        other = x.astype("int64" if x.dtype.kind == "f" else "float64")
    return {"three more axes": deeper, "twice as long": longer, "a scalar": flat, "another type": other}


def refusals(name: str) -> list[tuple[str, str]]:
    """(change, text) of the first input that the operator refuses to see changed in that way, for each kind of change."""
    found: dict[str, str] = {}
    for s in samples_of(name)[:1]:
        for i, x in enumerate(s.inputs):
            if x is None or isinstance(x, Sparse):
                continue
            for change, wrong in wrong_inputs(x).items():
                if change in {c.partition(": ")[2] for c in found}:
                    continue
                inputs = to_arrays(s)
                inputs[i] = to_array(wrong)
                try:
                    call(s, inputs)
                except MXNetError as e:
                    found[f"input {i}: {change}"] = str(e).replace("\n", " ")
    return list(found.items())
