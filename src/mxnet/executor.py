"""Executor: a symbol bound to arrays. The graph is translated once; every pass runs the same module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from . import _dtype
from . import ndarray as nd
from ._runtime.array import Array, in_graph, wrap
from ._runtime.backward import GRAD_REQ, Landing, make_leaf
from ._runtime.invoke import Sparse
from ._runtime.state import state
from .autograd import _Scope
from .context import Context
from .error import MXNetError, hint
from .symbol import _symbol
from .symbol._compiled import Compiled
from .symbol._infer import Inference, known
from .symbol._node import variables


class Executor:
    """Arguments, gradients, auxiliary states and outputs of a bound symbol.

    `forward(is_train=True)` runs and records; `backward()` fills the gradient arrays as `grad_req` says ("write", "add", "null").
    """

    def __init__(self, symbol: Any, ctx: Context, args: dict, grads: dict, aux: dict, grad_req: dict, group2ctx: Any = None,
                 shapes: dict | None = None) -> None:  # fmt: skip
        self._symbol, self._ctx, self._group2ctx, self._grad_req = symbol, ctx, group2ctx, grad_req
        self._compiled = Compiled(symbol, shapes)
        self.arg_dict, self.grad_dict, self.aux_dict = args, grads, aux
        self.arg_arrays, self.grad_arrays, self.aux_arrays = list(args.values()), list(grads.values()), list(aux.values())
        self.outputs: list[Array] = []
        self._leaves: dict[str, tuple[Array, Any, Landing | None]] = {}
        self._recorded = False
        self._monitor: Callable | None = None
        self._monitor_all = False

    @property
    def output_dict(self) -> dict[str, Array]:
        """Outputs by name."""
        return dict(zip(self._symbol.list_outputs(), self.outputs))

    def _leaf(self, name: str) -> Array:
        """The private leaf over an argument's memory, made anew when the memory changed."""
        array = self.arg_dict[name]
        found = self._leaves.get(name)
        if found is None or found[1] is not array._d:
            shadow = wrap(array._d, array._ctx, type(array))
            landing = make_leaf(shadow, self.grad_dict.get(name), self._grad_req.get(name, "null"))
            self._leaves[name] = found = (shadow, array._d, landing)
        return found[0]

    def forward(self, is_train: bool = False, **kwargs: Any) -> list[Array]:
        """Run; keyword arguments are copied into the arguments of their names first."""
        for name, value in kwargs.items():
            target = self.arg_dict.get(name)
            if target is None:
                raise TypeError(f"Executor: there is no argument {name!r}.{hint(name, self.arg_dict)} Use one of {', '.join(list(self.arg_dict)[:20])}.")
            if isinstance(value, Array) and value.shape != target.shape:
                raise ValueError(f"Executor: {name} has shape {target.shape}, got {value.shape}. Use reshape() for another shape.")
            if target.stype != "default":
                Sparse.store(target, value._d)
            else:
                target[:] = value
        self._recorded = bool(is_train) and any(self._grad_req.get(n, "null") != "null" for n in self.arg_dict)
        if self._recorded:
            arrays = [self._leaf(n) for n in self._compiled.arg_names]
        else:
            arrays = [self.arg_dict[n] for n in self._compiled.arg_names]
        arrays += [self.aux_dict[n] for n in self._compiled.aux_names]
        with _Scope(self._recorded, bool(is_train)):
            self.outputs = self._compiled.run(arrays)
        return self.outputs

    def backward(self, out_grads: Any = None, is_train: bool = True) -> None:
        """Gradients of the outputs times out_grads (default: ones; loss outputs need none) into the gradient arrays."""
        if not self._recorded:
            return
        if isinstance(out_grads, Array):
            out_grads = [out_grads]
        elif isinstance(out_grads, dict):
            out_grads = [out_grads[n] for n in self._symbol.list_outputs()]
        if out_grads is not None and len(out_grads) != len(self.outputs):
            raise MXNetError(f"backward: {len(out_grads)} head gradients for {len(self.outputs)} outputs. Pass one for each.")
        heads, seeds = [], []
        for i, o in enumerate(self.outputs):
            if not in_graph(o):
                continue
            given = out_grads[i] if out_grads is not None else None
            tensor = o._t
            if given is not None and tuple(given.shape) != tuple(tensor.shape):
                raise MXNetError(f"backward: head gradient {i} has shape {given.shape}, the output {tuple(tensor.shape)}. Pass equal shapes.")
            value = None if given is None else given._d if given.stype == "default" else given._d.to_dense()
            heads.append(tensor)
            seeds.append(torch.ones_like(tensor) if value is None else value.to(tensor.dtype).to(tensor.device))
        old = state.training
        state.training = is_train
        try:
            if heads:
                torch.autograd.backward(heads, seeds, retain_graph=True)
        except RuntimeError as e:
            if isinstance(e, MXNetError):
                raise
            raise MXNetError(f"backward: {str(e).splitlines()[0]}. Check the operators of the graph.") from None
        finally:
            state.training = old

    def set_monitor_callback(self, callback: Callable[[str, Any], None], monitor_all: bool = False) -> None:
        """Call `callback(name, array)` for every operator's output (monitor_all: for inputs too); the graph then runs step by step."""
        self._monitor, self._monitor_all = callback, monitor_all
        free = set(self._compiled.arg_names) | set(self._compiled.aux_names)

        def watch(name: str, array: Array) -> None:
            if monitor_all or name not in free:
                callback(name, array)

        self._compiled.monitor = watch if callback is not None else None

    def copy_params_from(self, arg_params: dict, aux_params: dict | None = None, allow_extra_params: bool = False) -> None:
        """Copy named arrays into arguments and auxiliary states."""
        for given, have, kind in ((arg_params, self.arg_dict, "argument"), (aux_params or {}, self.aux_dict, "auxiliary state")):
            for name, value in given.items():
                if name in have:
                    target = have[name]
                    value = value.astype(target.dtype) if value.dtype != target.dtype else value
                    value.copyto(target)
                elif not allow_extra_params:
                    raise ValueError(f"copy_params_from: there is no {kind} {name!r}.{hint(name, have)} Pass allow_extra_params=True to skip it.")

    def reshape(self, partial_shaping: bool = False, allow_up_sizing: bool = False, **kwargs: Any) -> Executor:
        """An executor for other input shapes; arrays whose shapes stay are shared."""
        arg_shapes, _, aux_shapes = self._symbol.infer_shape(**kwargs)
        if arg_shapes is None:
            raise ValueError("reshape: the given shapes do not determine all others. Name more inputs.")
        args, grads, aux = {}, {}, {}
        for name, shape in zip(self._compiled.arg_names, arg_shapes):
            old = self.arg_dict[name]
            if tuple(old.shape) == tuple(shape):
                args[name], grads[name] = old, self.grad_dict.get(name)
                continue
            if name not in kwargs and not partial_shaping:
                raise AssertionError(f"reshape: {name} would change from {old.shape} to {shape}. Pass partial_shaping=True to allow it.")
            if not allow_up_sizing and _size(shape) > old.size:
                raise MXNetError(f"reshape: {name} would grow from {old.shape} to {shape}. Pass allow_up_sizing=True to allow it.")
            args[name] = nd.zeros(shape, ctx=old.context, dtype=old.dtype)
            grad = self.grad_dict.get(name)
            grads[name] = None if grad is None else nd.zeros(shape, ctx=old.context, dtype=grad.dtype)
        for name, shape in zip(self._compiled.aux_names, aux_shapes):
            old = self.aux_dict[name]
            aux[name] = old if tuple(old.shape) == tuple(shape) else nd.zeros(shape, ctx=old.context, dtype=old.dtype)
        return Executor(self._symbol, self._ctx, args, grads, aux, self._grad_req, self._group2ctx)

    def get_optimized_symbol(self) -> Any:
        """The symbol that runs."""
        return self._symbol

    def debug_str(self) -> str:
        """The graph as text, and the generated code."""
        return self._symbol.debug_str() + "\n" + self._compiled.module.code


def _size(shape: tuple) -> int:
    n = 1
    for d in shape:
        n *= d
    return n


def _requests(grad_req: Any, names: list[str]) -> dict[str, str]:
    if isinstance(grad_req, str):
        found = {n: grad_req for n in names}
    elif isinstance(grad_req, (list, tuple)):
        if len(grad_req) != len(names):
            raise ValueError(f"bind: {len(grad_req)} grad_req for {len(names)} arguments. Pass one for each.")
        found = dict(zip(names, grad_req))
    elif isinstance(grad_req, dict):
        found = {n: grad_req.get(n, "null") for n in names}
    else:
        raise TypeError(f"bind: grad_req must be a str, list or dict, got {type(grad_req).__name__}. Pass one of them.")
    for name, req in found.items():
        if req not in GRAD_REQ:
            raise ValueError(f"bind: grad_req {req!r} of {name} is unknown. Use write, add or null.")
    return found


def _arrays(given: Any, names: list[str], what: str, allow_missing: bool) -> dict[str, Any]:
    if given is None:
        given = {}
    if isinstance(given, dict):
        found = {n: given.get(n) for n in names}
    elif isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(f"bind: {len(given)} {what} for {len(names)} names. Pass one for each of {', '.join(names[:20])}.")
        found = dict(zip(names, given))
    else:
        raise TypeError(f"bind: {what} must be a list or dict of NDArrays, got {type(given).__name__}. Pass one of them.")
    for name, a in found.items():
        if a is None and not allow_missing:
            raise ValueError(f"bind: {what} lack {name!r}. Pass an NDArray for it.")
        if a is not None and not isinstance(a, Array):
            raise TypeError(f"bind: {name} must be an NDArray, got {type(a).__name__}. Convert it with mx.nd.array.")
    return found


def bind(symbol: Any, ctx: Context, args: Any, args_grad: Any, grad_req: Any, aux_states: Any, group2ctx: Any, shared_exec: Any) -> Executor:
    """An executor over given arrays."""
    if not isinstance(ctx, Context):
        raise TypeError(f"bind: ctx must be a Context, got {type(ctx).__name__}. Pass mx.cpu() or mx.gpu(i).")
    names, states = symbol.list_arguments(), symbol.list_auxiliary_states()
    arguments = _arrays(args, names, "arguments", False)
    grads = _arrays(args_grad, names, "gradients", True)
    aux = _arrays(aux_states, states, "auxiliary states", False) if states else {}
    requests = _requests(grad_req, names)
    requests = {n: r if grads.get(n) is not None else "null" for n, r in requests.items()}
    for n, g in grads.items():
        if g is not None and g.shape != arguments[n].shape:
            raise MXNetError(f"bind: the gradient of {n} has shape {g.shape}, the argument {arguments[n].shape}. Pass equal shapes.")
    shapes = _open_shapes(symbol, {n: a.shape for n, a in arguments.items()})
    return Executor(symbol, ctx, arguments, grads, aux, requests, group2ctx, shapes)


def _open_shapes(symbol: Any, given: dict) -> dict[int, tuple]:
    """Shapes of operators without inputs that leave axes open (`zeros((0, 10))` of recurrent states)."""
    found = Inference(symbol._heads, given, {})
    open_nodes = [n for n in found.nodes if n.op is not None and not n.inputs and n.attrs.get("shape") is not None and not known(n.attrs["shape"])]
    if not open_nodes:
        return {}
    found.infer_shapes(partial=True)
    return {id(n): found.shapes[id(n), 0] for n in open_nodes if known(found.shapes.get((id(n), 0)))}


def simple_bind(symbol: Any, ctx: Context, grad_req: Any, type_dict: dict | None, stype_dict: dict | None, group2ctx: Any, shared_arg_names: Any,
                shared_exec: Any, shared_buffer: Any, shapes: dict) -> Executor:  # fmt: skip
    """An executor over new arrays; what `shared_exec` has in the same shapes is taken from it."""
    names = symbol.list_arguments()
    unknown = [k for k in shapes if k not in names and k not in symbol.list_auxiliary_states()]
    if unknown:
        raise MXNetError(f"simple_bind: there is no argument {unknown[0]!r} (arguments: {', '.join(names)}).{hint(unknown[0], names)}")
    types = {k: _dtype.to_torch(v, "simple_bind") for k, v in (type_dict or {}).items()}
    found = Inference(symbol._heads, shapes, types)
    found.infer_shapes()
    arguments, states = variables(found.nodes)
    missing = [n.name for n in arguments + states if not known(found.shapes.get((id(n), 0)))]
    if missing:
        raise RuntimeError(f"simple_bind error: the shapes of {', '.join(missing)} do not follow from {dict(shapes)}. Pass more shapes.")
    requests = _requests(grad_req, names)
    stypes = dict(zip(names, symbol.infer_storage_type(**(stype_dict or {}))[0]))

    def make(node: Any, stype: str = "default") -> Array:
        shape, kind = found.shapes[id(node), 0], found.types.get((id(node), 0), torch.float32)
        shared = _shared(node.name, shape, kind, stype, shared_arg_names, shared_exec, shared_buffer)
        if shared is not None:
            return shared
        made = nd.zeros(shape, ctx=ctx, dtype=kind, stype=stype)
        if shared_buffer is not None and (shared_arg_names is None or node.name not in shared_arg_names):
            shared_buffer[node.name] = made
        return made

    args = {n.name: make(n, stypes[n.name]) for n in arguments}
    aux = {n.name: make(n) for n in states}
    grads: dict[str, Array | None] = {}
    for n in arguments:
        if requests[n.name] == "null":
            grads[n.name] = None
            continue
        old = shared_exec.grad_dict.get(n.name) if shared_exec is not None else None
        a = args[n.name]
        fits = old is not None and old.shape == a.shape and old.dtype == a.dtype
        grads[n.name] = old if fits else nd.zeros(a.shape, ctx=ctx, dtype=a.dtype, stype="row_sparse" if a.stype == "row_sparse" else None)
    open_shapes = {id(n): found.shapes[id(n), 0] for n in found.nodes
                   if n.op is not None and not n.inputs and n.attrs.get("shape") is not None and not known(n.attrs["shape"])}  # fmt: skip
    return Executor(symbol, ctx, args, grads, aux, requests, group2ctx, open_shapes)


def _shared(name: str, shape: tuple, kind: torch.dtype, stype: str, names: Any, executor: Any, buffer: Any) -> Array | None:
    """An array of another executor or of the pool, if it fits."""
    candidates = []
    if executor is not None and (names is None or name in names):
        candidates += [executor.arg_dict.get(name), executor.aux_dict.get(name)]
    if buffer is not None:
        candidates.append(buffer.get(name))
    for a in candidates:
        if a is not None and a.stype == stype and tuple(a.shape) == tuple(shape) and a._d.dtype == kind:
            return a
    return None


class _Module:
    bind, simple_bind = staticmethod(bind), staticmethod(simple_bind)


_symbol._executor = _Module
