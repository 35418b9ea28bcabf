"""Binding: executors of a symbol, over given arrays (`bind`) or over new ones of inferred shapes (`simple_bind`)."""

from __future__ import annotations

from typing import Any

import torch

from . import _dtype
from . import ndarray as nd
from ._runtime.array import Array
from ._runtime.backward import GRAD_REQ
from .context import Context
from .error import MXNetError, hint
from .executor import Executor
from .symbol._infer import Inference
from .symbol._node import variables
from .symbol._partial_shapes import check_sizes, known
from .symbol._storage_types import infer_stypes
from .symbol._symbol import Binding


def bind(
    symbol: Any, ctx: Context, args: Any, args_grad: Any, grad_req: Any, aux_states: Any, group2ctx: Any, shared_exec: Any
) -> Executor:
    """An executor over given arrays."""
    if not isinstance(ctx, Context):
        raise TypeError(f"bind: ctx must be a Context, got {type(ctx).__name__}. Pass mx.cpu() or mx.gpu(i).")
    ctx.torch_device  # noqa: B018  an error if there is no such device
    names, states = symbol.list_arguments(), symbol.list_auxiliary_states()
    if len({*names, *states}) != len(names) + len(states):
        if isinstance(args, dict):
            _check_names([*names, *states], "bind")
        symbol = symbol._with_distinct_names()  # arrays come by position: names do not matter
        names, states = symbol.list_arguments(), symbol.list_auxiliary_states()
    arguments = _arrays(args, names, "arguments", False)
    grads = _arrays(args_grad, names, "gradients", True)
    aux = _arrays(aux_states, states, "auxiliary states", False) if states else {}
    requests = _requests(grad_req, names)
    requests = {n: r if grads.get(n) is not None else "null" for n, r in requests.items()}
    for n, g in grads.items():
        if g is not None and g.shape != arguments[n].shape:
            raise MXNetError(f"bind: the gradient of {n} has shape {g.shape}, the argument {arguments[n].shape}. Pass equal shapes.")
    return Executor(symbol, ctx, arguments, grads, aux, requests, group2ctx)


def simple_bind(symbol: Any, ctx: Context, grad_req: Any, type_dict: dict | None, stype_dict: dict | None, group2ctx: Any, shared_arg_names: Any,
                shared_exec: Any, shared_buffer: Any, shapes: dict) -> Executor:  # fmt: skip
    """An executor over new arrays; what `shared_exec` has in the same shapes is taken from it."""
    names = symbol.list_arguments()
    every = [*names, *symbol.list_auxiliary_states()]
    _check_names(every, "simple_bind")
    requests = _requests(grad_req, names)
    for k, v in shapes.items():
        if not isinstance(v, (tuple, list)):
            raise TypeError(f"simple_bind: the shape of {k} must be a tuple, got {type(v).__name__}. Pass e.g. (2, 3).")
        check_sizes(k, v)
    known_shapes = {k: tuple(v) for k, v in shapes.items() if k in every}
    for what, given in (("type_dict", type_dict), ("stype_dict", stype_dict)):
        if given is not None and not isinstance(given, dict):
            raise TypeError(
                f"simple_bind: {what} must be a dict by argument name, got {type(given).__name__}. Pass e.g. {{'data': {given!r:.40}}}."
            )
    types = {k: _dtype.to_torch(v, "simple_bind") for k, v in (type_dict or {}).items() if k in every}
    try:
        found = Inference(symbol._heads, known_shapes, types)
        found.infer_shapes()
    except MXNetError as e:
        raise MXNetError(f"simple_bind error: {e} Arguments: {known_shapes}") from None
    arguments, states = variables(found.nodes)
    missing = [n.name for n in arguments + states if not known(found.shapes.get((id(n), 0)))]
    if missing:
        unknown = "".join(f" There is no argument {k!r}.{hint(k, every)}" for k in shapes if k not in every)
        raise MXNetError(
            f"simple_bind error: the shapes of {', '.join(missing)} do not follow from {known_shapes}.{unknown} Pass more shapes."
        )
    kinds = infer_stypes(symbol._heads, found.nodes, {k: v for k, v in (stype_dict or {}).items() if k in every})

    def make(node: Any) -> Array:
        shape, kind, stype = found.shapes[id(node), 0], found.types.get((id(node), 0), torch.float32), kinds.values[id(node), 0]
        shared = _shared(node.name, shape, kind, stype, shared_arg_names, shared_exec, shared_buffer)
        if shared is not None:
            return shared
        made = nd.zeros(shape, ctx=_context(node, ctx, group2ctx), dtype=kind, stype=stype)
        if shared_buffer is not None and (shared_arg_names is None or node.name not in shared_arg_names):
            shared_buffer[node.name] = made
        return made

    args = {n.name: make(n) for n in arguments}
    aux = {n.name: make(n) for n in states}
    grads: dict[str, Array | None] = {}
    for n in arguments:
        if requests[n.name] == "null":
            grads[n.name] = None
            continue
        old = shared_exec.grad_dict.get(n.name) if shared_exec is not None else None
        a, stype = args[n.name], kinds.gradients[n.name]
        fits = old is not None and old.shape == a.shape and old.dtype == a.dtype and old.stype == stype
        grads[n.name] = old if fits else nd.zeros(a.shape, ctx=a.context, dtype=a.dtype, stype=stype)
    return Executor(symbol, ctx, args, grads, aux, requests, group2ctx, None)


def _context(node: Any, ctx: Context, group2ctx: Any) -> Context:
    """Where a variable lives: the context of its group, if it has one."""
    found = (group2ctx or {}).get(node.texts.get("__ctx_group__"), ctx)
    return found[0] if isinstance(found, (list, tuple)) else found


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


_NUMBERED = {0: "null", 1: "write", 2: "write", 3: "add", "inplace": "write"}


def _requests(grad_req: Any, names: list[str]) -> dict[str, str]:
    found: dict[str, Any]
    if isinstance(grad_req, str):
        found = dict.fromkeys(names, grad_req)
    elif isinstance(grad_req, (list, tuple)):
        if len(grad_req) != len(names):
            raise ValueError(f"bind: {len(grad_req)} grad_req for {len(names)} arguments. Pass one for each.")
        found = dict(zip(names, (_NUMBERED.get(r, r) for r in grad_req)))
    elif isinstance(grad_req, dict):
        found = {n: grad_req.get(n, "null") for n in names}
    else:
        raise TypeError(f"bind: grad_req must be a str, list or dict, got {type(grad_req).__name__}. Pass one of them.")
    for name, req in found.items():
        if req not in GRAD_REQ:
            raise MXNetError(f"bind: grad_req {req!r} of {name} is unknown. Use write, add or null.")
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


def _check_names(names: list[str], where: str) -> None:
    if len(set(names)) != len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise MXNetError(f"{where}: two variables are called {twice!r}. Give each its own name.")


Binding.bind, Binding.simple_bind = bind, simple_bind
