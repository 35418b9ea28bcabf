"""Operators of the user's own: CustomOp computes, CustomOpProp declares, `register` gives it a name for `mx.nd.Custom` and `mx.sym.Custom`."""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from .. import _dtype, autograd
from .._op.custom import UserOperators
from .._op.registry import NAMES
from .._runtime.array import Array, Classes, wrap
from .._runtime.invoke import Hooks, invoke
from .._runtime.state import state
from ..context import current_context, from_torch_device
from ..error import MXNetError, hint

PROPS: dict[str, type] = {}
#: operators registered under NumPy's semantics: their arrays are `mx.np.ndarray`
_NUMPY: set[str] = set()
#: operators that come with the package, and the module that registers them
_OWN = dict.fromkeys(("empty_like_fallback", "resize_fallback", "unravel_index_fallback", "mvn_fallback"), "mxnet.numpy_op_fallback")
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class CustomOp:
    """Computes: subclass it and write `forward` and `backward`; put results with `assign`."""

    def forward(self, is_train: bool, req: list[str], in_data: list, out_data: list, aux: list) -> None:
        """Compute out_data from in_data."""
        raise NotImplementedError("CustomOp: forward is not defined. Define it in the subclass.")

    def backward(self, req: list[str], out_grad: list, in_data: list, out_data: list, in_grad: list, aux: list) -> None:
        """Compute in_grad from out_grad."""
        raise NotImplementedError("CustomOp: backward is not defined. Define it in the subclass.")

    def assign(self, dst: Any, req: str, src: Any) -> None:
        """Put `src` into `dst` as `req` says: "write", "inplace", "add" or "null"."""
        if req in ("write", "inplace"):
            dst[:] = src
        elif req == "add":
            dst[:] = dst + src
        elif req != "null":
            raise ValueError(f"assign: req {req!r} is unknown. Use null, write, inplace or add.")


class CustomOpProp:
    """Declares: names, shapes and types of arguments, outputs and auxiliary states; makes the CustomOp."""

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def infer_shape(self, in_shape: list) -> tuple:
        """(argument shapes, output shapes, auxiliary shapes) from argument shapes; default: outputs are shaped as the first argument."""
        return in_shape, [in_shape[0]] * len(self.list_outputs()), []

    def infer_type(self, in_type: list) -> tuple:
        """(argument types, output types, auxiliary types); default: all as the first argument."""
        return in_type, [in_type[0]] * len(self.list_outputs()), [in_type[0]] * len(self.list_auxiliary_states())

    def infer_storage_type(self, in_stype: list) -> tuple:
        """Storage types; default: all dense."""
        return in_stype, ["default"] * len(self.list_outputs()), ["default"] * len(self.list_auxiliary_states())

    def infer_storage_type_backward(self, ograd_stype: list, in_stype: list, out_stype: list, igrad_stype: list, aux_stype: list) -> tuple:
        """Storage types of the backward pass; default: all dense."""
        return ograd_stype, in_stype, out_stype, ["default"] * len(igrad_stype), aux_stype

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return ["output"]

    def list_arguments(self) -> list[str]:
        """Names of the arguments."""
        return ["data"]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the auxiliary states."""
        return []

    def declare_backward_dependency(self, out_grad: list, in_data: list, out_data: list) -> list:
        """Which of these `backward` reads."""
        deps = list(out_grad) if self.need_top_grad_ else []
        return [*deps, *in_data, *out_data]

    def create_operator(self, ctx: Any, in_shapes: list, in_dtypes: list) -> CustomOp:
        """The operator for these shapes and types."""
        return CustomOp()


def register(reg_name: str) -> Callable[[type], type]:
    """Decorator for a CustomOpProp: the name for `op_type=`. Under `npx.set_np()` the operator gets `mx.np` arrays."""

    def add(prop: type) -> type:
        PROPS[reg_name] = prop
        (_NUMPY.add if state.np_array else _NUMPY.discard)(reg_name)
        return prop

    return add


def _prop(op_type: str, settings: dict) -> CustomOpProp:
    if op_type in _OWN and op_type not in PROPS:
        importlib.import_module(_OWN[op_type])
    cls = PROPS.get(op_type)
    if cls is None:
        raise MXNetError(f"Custom: operator type {op_type!r} is not registered.{hint(op_type, PROPS)} Use @mx.operator.register.")
    return cls(**settings)


def _describe(op_type: str, settings: dict) -> tuple[list[str], list[str], list[str]]:
    prop = _prop(op_type, settings)
    outputs = list(prop.list_outputs())
    if not outputs:
        raise MXNetError(f"Custom: list_outputs of {op_type} is empty. Return at least one name.")
    return list(prop.list_arguments()), outputs, list(prop.list_auxiliary_states() or [])


def _answer(op_type: str, prop: CustomOpProp, shapes: list) -> Any:
    """What the user's infer_shape says: lists of shapes of arguments, outputs and, it may be, auxiliary states."""
    answer, outputs = prop.infer_shape(shapes), list(prop.list_outputs())
    if not isinstance(answer, (tuple, list)) or len(answer) not in (2, 3) or not all(isinstance(part, (tuple, list)) for part in answer):
        raise MXNetError(
            f"Custom: infer_shape of {op_type} returned {answer!r:.80}. Return lists of shapes of arguments, outputs and auxiliary states."
        )
    if len(answer[1]) != len(outputs):
        raise MXNetError(
            f"Custom: infer_shape of {op_type} returned {len(answer[1])} shapes for {len(outputs)} outputs. Return one for each."
        )
    return answer


def _reads_head(op_type: str, settings: dict) -> bool:
    prop = _prop(op_type, settings)
    names = (prop.list_outputs(), prop.list_arguments(), prop.list_outputs())
    numbers = iter(range(sum(map(len, names))))
    heads, data, outputs = ([next(numbers) for _ in group] for group in names)
    return not set(heads).isdisjoint(prop.declare_backward_dependency(heads, data, outputs))


def _shapes(op_type: str, settings: dict, shapes: dict) -> dict:
    prop = _prop(op_type, settings)
    names, states = list(prop.list_arguments()), list(prop.list_auxiliary_states() or [])
    if not names or shapes.get(names[0]) is None:
        return shapes
    known = [list(shapes[n]) if shapes.get(n) is not None else [] for n in names]
    answer = _answer(op_type, prop, known)
    found = dict(zip(names, answer[0])) | dict(zip(states, answer[2] if len(answer) > 2 else []))
    return {n: s if s is not None else tuple(found[n]) if n in found else None for n, s in shapes.items()}


def _run(op_type: str, settings: dict, tensors: tuple, training: bool) -> Any:
    prop = _prop(op_type, settings)
    count, states = len(prop.list_arguments()), len(prop.list_auxiliary_states() or [])
    if len(tensors) != count + states:
        raise MXNetError(
            f"Custom: {op_type} takes {count} arguments and {states} auxiliary states, got {len(tensors)} arrays. Pass as many."
        )
    data, aux = tensors[:count], tensors[count:]
    shapes = [list(t.shape) for t in data]
    answer = _answer(op_type, prop, [list(s) for s in shapes])
    types = prop.infer_type([_dtype.TORCH_TO_NUMPY[t.dtype] for t in data])[1]
    layout = [(tuple(int(d) for d in s), _dtype.to_torch(t)) for s, t in zip(answer[1], types)]
    if data and data[0].device.type == "meta":
        made = tuple(torch.empty(s, dtype=t, device="meta") for s, t in layout)
        return made if len(made) != 1 else made[0]
    ctx = from_torch_device(data[0].device) if data else current_context()
    operator = prop.create_operator(ctx, shapes, [_dtype.TORCH_TO_NUMPY[t.dtype] for t in data])
    if not hasattr(operator, "forward"):
        raise MXNetError(f"Custom: create_operator of {op_type} returned {type(operator).__name__}. Return a CustomOp.")
    call = _Call(op_type, operator, ctx, layout, aux, training)
    made = _Bridge.apply(call, *data) if any(t.requires_grad for t in data) else call.forward(data)
    return made if len(made) != 1 else made[0]


class _Call:
    """One call of a user's operator: what forward leaves for backward."""

    def __init__(self, op_type: str, operator: CustomOp, ctx: Any, layout: list, aux: tuple, training: bool) -> None:
        self.op_type, self.operator, self.ctx, self.layout, self.training = op_type, operator, ctx, layout, training
        self.kind = Classes.numpy if op_type in _NUMPY else None
        self.aux = [self._array(t.data) for t in aux]

    def _array(self, tensor: torch.Tensor) -> Any:
        return wrap(tensor, self.ctx, self.kind)

    def forward(self, data: tuple) -> tuple:
        self.inputs = [self._array(t.data) for t in data]
        self.outputs = [self._array(torch.zeros(s, dtype=t, device=self.ctx.torch_device)) for s, t in self.layout]
        with autograd.pause(train_mode=self.training), self._located("forward"):
            self.operator.forward(self.training, ["write"] * len(self.outputs), self.inputs, self.outputs, self.aux)
        return tuple(o._d for o in self.outputs)

    def backward(self, grads: tuple) -> list:
        found = [self._array(torch.zeros_like(i._d)) for i in self.inputs]
        with autograd.pause(train_mode=self.training), self._located("backward"):
            self.operator.backward(["write"] * len(found), [self._array(g) for g in grads], self.inputs, self.outputs, found, self.aux)
        return [f._d if f._d.is_floating_point() else None for f in found]

    @contextmanager
    def _located(self, method: str) -> Iterator[None]:
        """Errors of the user's code say at which of its lines."""
        try:
            yield
        except Exception as e:
            own = [f for f in traceback.extract_tb(e.__traceback__)[1:] if not f.filename.startswith(_PACKAGE)]
            place = f" at {os.path.basename(own[-1].filename)}:{own[-1].lineno}" if own else ""
            raise MXNetError(f"Custom: {method} of {self.op_type} failed{place}: {type(e).__name__}: {e}") from e


class _Bridge(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, call: _Call, *data: torch.Tensor) -> tuple:
        ctx.call = call
        return tuple(t.detach() for t in call.forward(data))  # torch ties what it returns to the graph, and the graph holds `call`

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple:
        call = ctx.call
        if Hooks.profile is None:
            return (None, *call.backward(grads))
        watched = SimpleNamespace(name="Custom", fn=lambda op_type: call.backward(grads))
        return (None, *Hooks.profile(watched, (), {"op_type": f"_backward_{call.op_type}"}))


UserOperators.run, UserOperators.describe, UserOperators.shapes, UserOperators.reads_head = _run, _describe, _shapes, _reads_head


def Custom(*data: Any, **kwargs: Any) -> Any:
    """The outputs of a registered operator: arrays by position or by argument name, `op_type=`, and settings for its CustomOpProp."""
    op = NAMES["Custom"].prepare()
    out = kwargs.pop("out", None)
    kwargs.pop("name", None)
    named = {k: v for k, v in kwargs.items() if isinstance(v, Array)}
    attrs = op.parse({k: v for k, v in kwargs.items() if k not in named})
    names = op.active_inputs(attrs)
    arrays = list(data)
    for name in names[len(data) :]:
        if name not in named:
            raise MXNetError(f"Custom: input {name} of {attrs['op_type']} is missing (inputs: {', '.join(names)}). Pass an NDArray.")
        arrays.append(named[name])
    return invoke(op, arrays, attrs, out)


class PythonOp:
    """The operator class of MXNet's first years: `forward` and `backward` on NumPy arrays, made a symbol by calling an instance."""

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def forward(self, in_data: list, out_data: list) -> None:
        """Compute out_data from in_data; default: copy."""
        out_data[0][:] = in_data[0]

    def backward(self, out_grad: list, in_data: list, out_data: list, in_grad: list) -> None:
        """Compute in_grad; default: ones."""
        in_grad[0][:] = 1.0

    def infer_shape(self, in_shape: list) -> tuple:
        """(argument shapes, output shapes)."""
        return in_shape, [in_shape[0]]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return ["output"]

    def list_arguments(self) -> list[str]:
        """Names of the arguments."""
        return ["data"]

    def need_top_grad(self) -> bool:
        """Whether backward reads the gradient of the outputs."""
        return self.need_top_grad_

    def declare_backward_dependency(self, out_grad: list, in_data: list, out_data: list) -> list:
        """Which of these `backward` reads."""
        return [*(out_grad if self.need_top_grad_ else []), *in_data, *out_data]

    def _register(self, to_user: Callable, from_user: Callable) -> str:
        """Register this instance as a custom operator; the type's name."""
        outer = self

        class Operator(CustomOp):
            def forward(self, is_train: bool, req: list, in_data: list, out_data: list, aux: list) -> None:
                given, made = [to_user(a) for a in in_data], [to_user(a) for a in out_data]
                outer.forward(in_data=given, out_data=made)
                from_user(out_data, made)

            def backward(self, req: list, out_grad: list, in_data: list, out_data: list, in_grad: list, aux: list) -> None:
                made = [to_user(a) for a in in_grad]
                outer.backward(out_grad=[to_user(a) for a in out_grad], in_data=[to_user(a) for a in in_data],
                               out_data=[to_user(a) for a in out_data], in_grad=made)  # fmt: skip
                from_user(in_grad, made)

        class Prop(CustomOpProp):
            def list_arguments(self) -> list[str]:
                return outer.list_arguments()

            def list_outputs(self) -> list[str]:
                return outer.list_outputs()

            def infer_shape(self, in_shape: list) -> tuple:
                return (*outer.infer_shape(in_shape), [])

            def declare_backward_dependency(self, out_grad: list, in_data: list, out_data: list) -> list:
                return outer.declare_backward_dependency(out_grad, in_data, out_data)

            def create_operator(self, ctx: Any, in_shapes: list, in_dtypes: list) -> CustomOp:
                return Operator()

        name = f"_python_op_{id(self)}"
        register(name)(Prop)
        return name


def numpy_bridge(op: PythonOp) -> str:
    """Register an operator that works on NumPy arrays."""

    def back(targets: list, arrays: list) -> None:
        for target, a in zip(targets, arrays):
            target[:] = a

    return op._register(lambda a: np.array(a.asnumpy()), back)


def array_bridge(op: PythonOp) -> str:
    """Register an operator that works on NDArrays."""
    return op._register(lambda a: a, lambda targets, arrays: None)
