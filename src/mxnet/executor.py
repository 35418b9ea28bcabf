"""Executor: a symbol bound to arrays (by `_binding.py`). The graph is translated once; every pass runs the same module."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from math import prod
from typing import Any

import torch

from . import ndarray as nd
from ._op.gradients import is_constant
from ._runtime import rng
from ._runtime.array import Array, rebind, wrap
from ._runtime.backward import adopt, fill, release
from ._runtime.invoke import Sparse
from ._runtime.state import state
from .autograd import _Scope
from .context import Context
from .error import MXNetError, hint
from .symbol._compiled import Compiled, program_of
from .symbol._infer import Inference
from .symbol._losses import free_heads, label_names
from .symbol._result_memory import result_bytes
from .symbol._storage_types import infer_stypes


class Executor:
    """Arguments, gradients, auxiliary states and outputs of a bound symbol.

    `forward(is_train=True)` runs and records; `backward()` fills the gradient arrays as `grad_req` says ("write", "add", "null"). The arrays of
    `outputs` stay the same objects: each pass gives them new values.
    """

    def __init__(self, symbol: Any, ctx: Context, args: dict, grads: dict, aux: dict, grad_req: dict, group2ctx: Any = None,
                 program: Compiled | None = None) -> None:  # fmt: skip
        self._symbol, self._ctx, self._group2ctx, self._grad_req = symbol, ctx, group2ctx, grad_req
        self._compiled = program or program_of(symbol)
        self._arg_dict, self._grad_dict, self._aux_dict = args, grads, aux
        self.arg_arrays, self.grad_arrays, self.aux_arrays = list(args.values()), list(grads.values()), list(aux.values())
        self._outputs: list[Array] = []
        self._monitor_callback: Callable | None = None
        self._monitor_all = False
        nodes = symbol._nodes
        labels = label_names(nodes)
        self._wanted = [n for n in args if grad_req.get(n, "null") != "null" and grads.get(n) is not None and n not in labels]
        self._reshaped: weakref.ref[Executor] | None = None  # the last executor that was made of this one by reshape
        self._leaves: dict[str, Any] = {}
        self._random: Any = None  # where the random numbers of the last pass began
        self._graph: list[torch.Tensor] | None = None  # outputs in torch's graph: since the last forward, until backward has used it up
        self._was_training = False  # the mode of the last pass
        self._repeats = False  # backward was called twice after one forward: graphs are kept from then on
        self._free = free_heads(symbol._heads, nodes, self._wanted)

    def __reduce__(self) -> tuple:
        """Copies and pickles: the symbol bound to the arrays; results of passes do not go along."""
        return Executor, (self._symbol, self._ctx, self._arg_dict, self._grad_dict, self._aux_dict, self._grad_req, self._group2ctx)

    @property
    def arg_dict(self) -> dict[str, Any]:
        """Arguments by name."""
        return self._arg_dict

    @property
    def grad_dict(self) -> dict[str, Any]:
        """Gradients by name; None where there is none."""
        return self._grad_dict

    @property
    def aux_dict(self) -> dict[str, Any]:
        """Auxiliary states by name."""
        return self._aux_dict

    @property
    def outputs(self) -> list[Array]:
        """The outputs of the last forward."""
        if not self._outputs:
            facts = self._inferred()
            keys = [(id(n), i) for n, i in self._symbol._heads]
            self._outputs = [nd.zeros(facts.shapes.get(k) or (), ctx=self._ctx, dtype=facts.types.get(k, torch.float32), stype=s)
                             for k, s in zip(keys, self._output_stypes())]  # fmt: skip
            other = self._reshaped() if self._reshaped is not None else None
            for o, v in zip(self._outputs, other._outputs if other is not None else ()):
                # executors made by reshape share the memory of results: until the first pass it shows
                if o.stype == v.stype == "default" and o.size:
                    o._d.view(-1)[: v.size].copy_(v._d.reshape(-1)[: o.size])
        return self._outputs

    def _inferred(self) -> Inference:
        """Shapes and types of all results, as they follow from those of the arrays."""
        have = {**self.arg_dict, **self.aux_dict}
        found = Inference(self._symbol._heads, {n: a.shape for n, a in have.items()}, {n: a._d.dtype for n, a in have.items()})
        found.infer_shapes(partial=True)
        return found

    def _output_stypes(self) -> list[str]:
        """Storage types of the outputs, as they follow from those of the arguments."""
        heads, have = self._symbol._heads, {**self.arg_dict, **self.aux_dict}
        found = infer_stypes(heads, self._symbol._nodes, {n: a.stype for n, a in have.items()}).values
        return [found[id(n), i] for n, i in heads]

    @property
    def output_dict(self) -> dict[str, Array]:
        """Outputs by name."""
        return dict(zip(self._symbol.list_outputs(), self.outputs))

    def _inputs(self, recorded: bool) -> list[Array]:
        """The arrays that the program runs on: arguments with a gradient as fresh leaves over the same memory."""
        self._leaves = {}
        arrays = []
        for name in self._compiled.arg_names:
            array = self.arg_dict[name]
            if recorded and name in self._wanted:
                leaf = wrap(array._d, array._ctx, type(array))
                leaf._t = _leaf_over(array)
                if leaf._t is not None and leaf._t.requires_grad:
                    self._leaves[name] = leaf._t
                array = leaf
            arrays.append(array)
        return arrays + [self.aux_dict[n] for n in self._compiled.aux_names]

    def forward(self, is_train: bool = False, **kwargs: Any) -> list[Array]:
        """Run; keyword arguments are copied into the arguments of their names first."""
        for name, value in kwargs.items():
            target = self.arg_dict.get(name)
            if target is None:
                raise TypeError(
                    f"Executor: there is no argument {name!r}.{hint(name, self.arg_dict)} Use one of {', '.join(list(self.arg_dict)[:20])}."
                )
            shape = getattr(value, "shape", target.shape)
            if tuple(shape) != tuple(target.shape):
                raise ValueError(f"Executor: {name} has shape {target.shape}, got {tuple(shape)}. Use reshape() for another shape.")
            if target.stype != "default":
                Sparse.store(target, value._d)
            else:
                target[:] = value
        again = self._wanted and self._compiled.random  # backward may repeat the pass, with the same random numbers
        self._random = rng.generator(self._ctx).get_state() if again else None
        self._was_training = bool(is_train)
        self._run(self._was_training and bool(self._wanted), self._was_training)
        return self.outputs

    def _run(self, recorded: bool, training: bool) -> None:
        self._graph = None
        arrays = self._inputs(recorded)
        with _Scope(recorded, training):
            results = self._compiled.run(arrays)
        if recorded:
            self._graph = [r._t for r in results]
        values = [wrap(r._d, self._ctx, type(r)) for r in results]
        if len(self._outputs) != len(values) or any(type(o) is not type(v) for o, v in zip(self._outputs, values)):
            self._outputs = values
        for o, v in zip(self._outputs, values):
            _renew(o, v._d)

    def backward(self, out_grads: Any = None, is_train: bool = True) -> None:
        """Gradients of the outputs times out_grads into the gradient arrays; losses need no out_grads.

        A pass frees its inner results while it goes back through them, as torch does: a step needs less memory, and finds it in the cache. What
        a second backward needs, and one after a forward in prediction mode, or before any, comes from a repetition of the forward pass with
        the same random numbers. Integer arguments have gradients only where no other has; they are computed in float64.
        """
        if not self._wanted:
            return
        if self._graph is None:
            self._repeat()
        seeds = self._seeds(out_grads)
        if not self._leaves:
            self._run_in_float64()
        heads = [(t, s) for t, s in zip(self._graph or (), seeds) if t is not None and t.requires_grad]
        names = list(self._leaves)
        watched = [t for _, _, t in self._compiled.edges if t.requires_grad] if self._compiled.monitor is not None else []
        emptied = {n for n in names if self._grad_req[n] == "write" and self.grad_dict[n].stype == "default" and release(self.grad_dict[n])}
        try:
            found = self._derive(heads, [*(self._leaves[n] for n in names), *watched], is_train)
        except BaseException:
            for name in emptied:
                fill(self.grad_dict[name], None, False)
            raise
        if not self._repeats:
            self._graph = None
        if watched:
            self._show_gradients(found[len(names) :])
        shared = {id(t) for t in seeds if t is not None}
        for name, value in zip(names, found):
            target = self.grad_dict[name]
            if value is not None and value.dtype != target._d.dtype:
                value = value.to(target._d.dtype)
            own = id(value) not in shared
            shared.add(id(value))
            if name in emptied:
                plain = value is None or value.layout == torch.strided
                fill(target, value if plain else None, own)
                if plain:
                    continue
            _land(target, value, self._grad_req[name] == "add", own)
        for name in self._wanted:
            if name not in self._leaves and self._grad_req[name] == "write":  # integers
                self.grad_dict[name][:] = 0

    def _derive(self, heads: list, leaves: list, is_train: bool) -> Any:
        """Gradients of the heads with respect to the leaves; None where there is none."""
        if not heads:
            return [None] * len(leaves)
        seeds = [torch.ones_like(t) if s is None else s.to(t.dtype).to(t.device) for t, s in heads]
        old = state.training
        state.training = is_train
        try:
            return torch.autograd.grad([t for t, _ in heads], leaves, seeds, retain_graph=self._repeats, allow_unused=True)
        except RuntimeError as e:
            if isinstance(e, MXNetError):
                raise
            raise MXNetError(f"backward: {str(e).splitlines()[0]}. Check the operators of the graph.") from None
        finally:
            state.training = old

    def _repeat(self) -> None:
        """The last forward pass once more, recorded; the outputs stay."""
        kept = [o._d for o in self._outputs]
        self._repeats = self._was_training
        source = rng.generator(self._ctx)
        now = source.get_state()
        if self._random is not None:
            source.set_state(self._random)
        self._run(True, self._was_training)
        if self._random is not None:
            source.set_state(now)
        for o, d in zip(self._outputs, kept):
            _renew(o, d)

    def _run_in_float64(self) -> None:
        """Record a pass with float64 in place of all integers that want gradients, for their sake; the outputs stay."""
        arrays = []
        for name in self._compiled.arg_names:
            array = self.arg_dict[name]
            if name in self._wanted and array.stype == "default":
                array = wrap(array._d.double(), array._ctx, type(array))
                array._t = self._leaves[name] = array._d.detach().requires_grad_(True)
            arrays.append(array)
        try:
            with _Scope(True, False):
                results = self._compiled.run([*arrays, *(self.aux_dict[n] for n in self._compiled.aux_names)])
        except MXNetError:  # integers that are indices and the like: no gradient
            self._graph = []
            return
        self._graph = [r._t for r in results]

    def _show_gradients(self, found: Any) -> None:
        """The gradients of every operator's inputs, last operator first, for the monitor: `NAME_backward_output0` ..."""
        assert self._compiled.monitor is not None
        show, _ = self._compiled.monitor
        values = iter(found)
        rows: dict[int, list] = {}
        for node, _, t in self._compiled.edges:
            value = next(values) if t.requires_grad else None
            rows.setdefault(id(node), []).append((node.name, torch.zeros_like(t) if value is None else value.to_dense()))
        for group in reversed(list(rows.values())):
            for i, (name, value) in enumerate(group):
                show(f"{name}_backward_output" + (str(i) if len(group) > 1 else ""), wrap(value.detach(), self._ctx))

    def _seeds(self, out_grads: Any) -> list[torch.Tensor | None]:
        """Head gradients as tensors; None where the output's operator does not ask for one."""
        if isinstance(out_grads, Array):
            given: list = [out_grads]
        elif isinstance(out_grads, dict):
            given = [out_grads.get(n) for n in self._symbol.list_outputs()]
        else:
            given = list(out_grads) if out_grads is not None else []
        seeds: list[torch.Tensor | None] = []
        for i, (o, free) in enumerate(zip(self._outputs, self._free)):
            g = given[i] if i < len(given) else None
            if g is None:
                if not free:
                    raise MXNetError(
                        f"backward: output {i} ({self._symbol.list_outputs()[i]}) is no loss, so its gradient is required. Pass out_grads."
                    )
                seeds.append(None)
                continue
            if not isinstance(g, Array):
                raise TypeError(f"backward: out_grads must be NDArrays, got {type(g).__name__}. Convert it with mx.nd.array.")
            if tuple(g.shape) != tuple(o.shape):
                if self._graph is not None and i < len(self._graph) and is_constant(self._graph[i]):  # nothing reads it
                    seeds.append(None)
                    continue
                raise MXNetError(f"backward: head gradient {i} has shape {g.shape}, the output {o.shape}. Pass equal shapes.")
            seeds.append(g._d if g.stype == "default" else g._d.to_dense())
        return seeds

    def set_monitor_callback(self, callback: Callable[[str, Any], None], monitor_all: bool = False) -> None:
        """Call `callback(name, array)` for every operator's output (monitor_all: for inputs too) after each forward."""
        self._monitor_callback, self._monitor_all = callback, monitor_all
        if callback is not None and self._compiled.monitor is None:  # a program of its own: others share the symbol's
            self._compiled = Compiled(self._symbol)
        self._compiled.monitor = None if callback is None else (callback, monitor_all)

    def copy_params_from(self, arg_params: dict, aux_params: dict | None = None, allow_extra_params: bool = False) -> None:
        """Copy named arrays into arguments and auxiliary states."""
        for given, have, kind in ((arg_params, self.arg_dict, "argument"), (aux_params or {}, self.aux_dict, "auxiliary state")):
            for name, value in given.items():
                if name in have:
                    target = have[name]
                    value = value.astype(target.dtype) if value.dtype != target.dtype else value
                    if value is not target:
                        value.copyto(target)
                elif not allow_extra_params:
                    raise ValueError(
                        f"copy_params_from: there is no {kind} {name!r}.{hint(name, have)} Pass allow_extra_params=True to skip it."
                    )

    def reshape(self, partial_shaping: bool = False, allow_up_sizing: bool = False, **kwargs: Any) -> Executor:
        """An executor for other input shapes: arrays whose shapes stay are shared, smaller ones use the memory of the old.

        partial_shaping allows other shapes for arguments that are not named, allow_up_sizing arrays that need more memory.
        """
        arg_shapes, _, aux_shapes = self._symbol.infer_shape(**kwargs)
        if arg_shapes is None:
            raise ValueError("reshape: the given shapes do not determine all others. Name more inputs.")
        args, grads, aux = {}, {}, {}
        for name, shape in zip(self._compiled.arg_names, arg_shapes):
            old, grad = self.arg_dict[name], self.grad_dict.get(name)
            if tuple(old.shape) != tuple(shape) and name not in kwargs and not partial_shaping:
                raise MXNetError(f"reshape: {name} would change from {old.shape} to {shape}. Pass partial_shaping=True to allow it.")
            args[name] = _resized(old, shape, name, allow_up_sizing)
            grads[name] = None if grad is None else _resized(grad, shape, name, allow_up_sizing)
        for name, shape in zip(self._compiled.aux_names, aux_shapes):
            old = self.aux_dict[name]
            if tuple(old.shape) != tuple(shape) and not partial_shaping:
                raise MXNetError(f"reshape: {name} would change from {old.shape} to {shape}. Pass partial_shaping=True to allow it.")
            aux[name] = _resized(old, shape, name, allow_up_sizing)
        made = Executor(self._symbol, self._ctx, args, grads, aux, self._grad_req, self._group2ctx, self._compiled)
        self._reshaped = weakref.ref(made)
        return made

    def get_optimized_symbol(self) -> Any:
        """The symbol that runs: without repeated expressions."""
        heads = self._compiled.heads
        return self._symbol if heads == self._symbol._heads else type(self._symbol)(heads)

    def debug_str(self) -> str:
        """The graph as text, the memory that its results need, and the generated code."""
        found = self._inferred()
        size = result_bytes(found, self._symbol._heads, bool(self._wanted), self._compiled.mirrored) >> 20
        return f"{self._symbol.debug_str()}Total {size} MB allocated\nTotal 0 TempSpace resource requested\n{self._compiled.module.code}"


def _renew(output: Array, values: Any) -> None:
    """Give an output array new values."""
    if output.stype == "default":
        rebind(output, values)
    else:
        output._d = values


def _leaf_over(array: Array) -> torch.Tensor | None:
    """A leaf of torch's graph over an array's memory; for sparse arrays the carrier of its gradient."""
    values = array._d
    if not values.dtype.is_floating_point:
        return values if array.stype == "default" else None
    leaf = values.data if array.stype == "default" else torch.zeros((), dtype=values.dtype, device=values.device).expand(values.shape)
    return leaf.requires_grad_(True)


def _land(target: Array, value: torch.Tensor | None, add: bool, own: bool) -> None:
    """Put a gradient into the array that the user sees; None is zero. own: no other gradient is this tensor."""
    if value is None:
        if add:
            return
        if target.stype == "default":
            target._d.zero_()
        else:
            Sparse.store(target, Sparse.zeros(target.stype, tuple(target._d.shape), target._d.dtype, target._d.device))
    elif target.stype != "default" or value.layout != torch.strided:
        Sparse.land(target, value, add)
    elif add:
        target._d.add_(value)
    elif not (own and adopt(target, value)):
        target._d.copy_(value)


def _resized(old: Array, shape: tuple, name: str, larger: bool) -> Array:
    if tuple(old.shape) == tuple(shape):
        return old
    size = prod(shape)
    if old.stype != "default":
        return nd.zeros(shape, ctx=old.context, dtype=old.dtype, stype=old.stype)
    if size <= old.size:
        return wrap(old._d.reshape(-1)[:size].view(tuple(shape)), old._ctx, type(old))
    if not larger:
        raise MXNetError(f"reshape: {name} would grow from {old.shape} to {shape}. Pass allow_up_sizing=True to allow it.")
    return nd.zeros(shape, ctx=old.context, dtype=old.dtype)
