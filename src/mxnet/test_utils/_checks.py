"""Checking operators and networks: finite differences, expected outputs and gradients, agreement between contexts and types."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import autograd, symbol
from .. import ndarray as nd
from .._runtime.array import Array
from ..context import Context
from ._compare import as_numpy, assert_almost_equal, compare_ndarray_tuple, default_context, default_numeric_eps
from ._random import rand_ndarray


def _named(sym: Any, location: Any, ctx: Context, dtype: Any, names: list[str] | None = None) -> dict:
    """Inputs as a dict of name -> NDArray."""
    names = names or sym.list_arguments()
    if isinstance(location, dict):
        unknown = set(location) - set(names)
        if unknown:
            raise ValueError(f"the symbol has no inputs {sorted(unknown)} (inputs: {names}). Name its inputs.")
        items = location.items()
    else:
        items = zip(names, location)
    return {
        k: v if isinstance(v, Array) else nd.array(v, ctx=ctx, dtype=getattr(v, "dtype", None) if dtype == "asnumpy" else dtype)
        for k, v in items
    }


def _aux(sym: Any, states: Any, ctx: Context, dtype: Any) -> dict | None:
    return None if states is None else _named(sym, states, ctx, dtype, sym.list_auxiliary_states())


def simple_forward(sym: Any, ctx: Context | None = None, is_train: bool = False, **inputs: Any) -> Any:
    """Outputs of a symbol as NumPy arrays; one output comes alone."""
    ctx = ctx or default_context()
    arrays = {k: nd.array(v, ctx=ctx) for k, v in inputs.items()}
    outputs = [o.asnumpy() for o in sym.bind(ctx, args=arrays).forward(is_train=is_train)]
    return outputs[0] if len(outputs) == 1 else outputs


def numeric_grad(executor: Any, location: dict, aux_states: dict | None = None, eps: float = 1e-4, use_forward_train: bool = True,
                 dtype: Any = np.float32) -> dict:  # fmt: skip
    """Central differences of the sum of the first output with respect to every floating-point input.

    The difference is taken of each element before they are summed: rounding of large sums would hide small gradients.
    """

    def value() -> np.ndarray:
        for name, state in (aux_states or {}).items():
            executor.aux_dict[name][:] = state
        executor.forward(is_train=use_forward_train)
        return executor.outputs[0].asnumpy().astype(np.float64)

    for name, v in location.items():
        executor.arg_dict[name][:] = v
    found = {}
    for name, v in location.items():
        base = as_numpy(v).astype(np.float64)
        if as_numpy(v).dtype.kind != "f":
            continue
        gradient = np.zeros(base.shape)
        for i in np.ndindex(*base.shape):
            ends, places = [], []
            for step in (eps / 2, -eps / 2):
                moved = base.copy()
                moved[i] += step
                moved = moved.astype(dtype)
                executor.arg_dict[name][:] = moved
                ends.append(value())
                places.append(float(moved[i]))  # rounded to the type
            gradient[i] = (ends[0] - ends[1]).sum() / ((places[0] - places[1]) or eps)
        executor.arg_dict[name][:] = base.astype(dtype)
        found[name] = gradient.astype(dtype)
    return found


def check_numeric_gradient(sym: Any, location: Any, aux_states: Any = None, numeric_eps: float | None = None, rtol: float | None = None,
                           atol: float | None = None, grad_nodes: Any = None, use_forward_train: bool = True, ctx: Context | None = None,
                           grad_stype_dict: dict | None = None, dtype: Any = np.float32) -> None:  # fmt: skip
    """Assert that backward agrees with finite differences of a random projection of the output."""
    ctx = ctx or default_context()
    eps = numeric_eps if numeric_eps is not None else default_numeric_eps().get(np.dtype(dtype), 1e-3)
    rtol = 1e-1 if rtol is None else rtol
    inputs = _named(sym, location, ctx, dtype)
    states = _aux(sym, aux_states, ctx, dtype)
    if grad_nodes is None:
        grad_nodes = [n for n in sym.list_arguments() if n in inputs and np.dtype(inputs[n].dtype).kind == "f"]
    reqs = grad_nodes if isinstance(grad_nodes, dict) else dict.fromkeys(grad_nodes, "write")
    shape = sym.infer_shape(**{k: v.shape for k, v in inputs.items()})[1][0]
    projection = nd.array(np.random.uniform(0.1, 1.1, shape), ctx=ctx, dtype=dtype)  # of one sign: gradients do not cancel to noise
    head = symbol.Variable("__random_proj")
    total = sym * head
    args = {**{k: v.copy() for k, v in inputs.items()}, "__random_proj": projection}
    grads = {k: nd.zeros(v.shape, ctx=ctx, dtype=v.dtype) for k, v in inputs.items() if k in reqs}
    for name, stype in (grad_stype_dict or {}).items():
        grads[name] = nd.zeros(inputs[name].shape, ctx=ctx, dtype=inputs[name].dtype, stype=stype)
    executor = total.bind(
        ctx, args=args, args_grad=grads, grad_req={n: reqs.get(n, "null") for n in total.list_arguments()}, aux_states=states
    )
    executor.forward(is_train=True)
    executor.backward([nd.ones(o.shape, ctx=ctx, dtype=o.dtype) for o in executor.outputs])
    symbolic = {k: executor.grad_dict[k].asnumpy() for k in reqs}
    fresh_args = {k: nd.array(v.asnumpy(), dtype=dtype) if v.stype == "csr" else v.astype(dtype) for k, v in args.items()}
    states = _aux(sym, aux_states, ctx, dtype)
    finite = total.bind(ctx, args=fresh_args, grad_req="null", aux_states=states)
    wanted = {k: inputs[k].asnumpy() for k in reqs}
    plain_states = None if states is None else {k: v.asnumpy() for k, v in states.items()}
    numeric = numeric_grad(finite, wanted, plain_states, eps, use_forward_train, dtype)
    for name, req in reqs.items():
        expected = numeric[name] if req != "null" else np.zeros_like(numeric[name])
        assert_almost_equal(expected, symbolic[name], rtol, 1e-3 if atol is None else atol, (f"numeric {name}", f"backward {name}"))


def check_symbolic_forward(sym: Any, location: Any, expected: Any, rtol: float | None = None, atol: float | None = None, aux_states: Any = None,
                           ctx: Context | None = None, equal_nan: bool = False, dtype: Any = np.float32) -> list:  # fmt: skip
    """Assert the outputs of a symbol; they are returned."""
    ctx = ctx or default_context()
    executor = sym.bind(ctx, args=_named(sym, location, ctx, dtype), aux_states=_aux(sym, aux_states, ctx, dtype))
    executor.forward(is_train=False)
    wanted = [expected[n] for n in sym.list_outputs()] if isinstance(expected, dict) else expected
    for name, want, got in zip(sym.list_outputs(), wanted, executor.outputs):
        assert_almost_equal(
            want,
            got,
            rtol if rtol is not None else 1e-4,
            atol if atol is not None else 1e-5,
            (f"expected {name}", f"got {name}"),
            equal_nan,
        )
    return executor.outputs


def check_symbolic_backward(sym: Any, location: Any, out_grads: Any, expected: Any, rtol: float | None = None, atol: float | None = None,
                            aux_states: Any = None, grad_req: Any = "write", ctx: Context | None = None, grad_stypes: dict | None = None,
                            equal_nan: bool = False, dtype: Any = np.float32) -> dict:  # fmt: skip
    """Assert the gradients of a symbol; they are returned. With grad_req "add" they are added to random ones."""
    ctx = ctx or default_context()
    inputs = _named(sym, location, ctx, dtype)
    wanted = expected if isinstance(expected, dict) else dict(zip(sym.list_arguments(), expected))
    names = sym.list_arguments()
    reqs = (
        dict.fromkeys(names, grad_req)
        if isinstance(grad_req, str)
        else dict(zip(names, grad_req))
        if isinstance(grad_req, (list, tuple))
        else grad_req
    )
    start = {k: np.random.normal(size=np.shape(as_numpy(v))).astype(np.float32) for k, v in wanted.items()}
    grads = {}
    for k in wanted:
        stype = (grad_stypes or {}).get(k, "default")
        grad = nd.array(start[k], ctx=ctx, dtype=inputs[k].dtype)
        grads[k] = grad if stype == "default" else grad.tostype(stype)
    executor = sym.bind(
        ctx, args=inputs, args_grad=grads, aux_states=_aux(sym, aux_states, ctx, dtype), grad_req={n: reqs.get(n, "null") for n in names}
    )
    executor.forward(is_train=True)
    if isinstance(out_grads, dict):
        out_grads = [out_grads[n] for n in sym.list_outputs()]
    heads = (
        None
        if out_grads is None
        else [g if isinstance(g, Array) else nd.array(g, ctx=ctx, dtype=getattr(g, "dtype", dtype)) for g in out_grads]
    )
    executor.backward(heads)
    for name, want in wanted.items():
        req = reqs.get(name, "null")
        value = as_numpy(want) + start[name] if req == "add" else start[name] if req == "null" else want
        assert_almost_equal(value, executor.grad_dict[name], rtol if rtol is not None else 1e-4, atol if atol is not None else 1e-5,
                            (f"expected {name}", f"got {name}"), equal_nan)  # fmt: skip
    return executor.grad_dict


def check_consistency(sym: Any, ctx_list: list, scale: float = 1.0, grad_req: Any = "write", arg_params: dict | None = None,
                      aux_params: dict | None = None, rtol: Any = None, atol: Any = None, raise_on_err: bool = True, ground_truth: dict | None = None,
                      equal_nan: bool = False, use_uniform: bool = False, rand_type: type = np.float64) -> dict:  # fmt: skip
    """Assert that a symbol gives the same outputs and gradients on every entry of ctx_list ({"ctx":, shapes, "type_dict":}); the reference is returned."""
    syms = list(sym) if isinstance(sym, (list, tuple)) else [sym] * len(ctx_list)
    executors = [s.simple_bind(grad_req=grad_req, **entry) for s, entry in zip(syms, ctx_list)]
    size = [max((np.dtype(a.dtype).itemsize for a in e.arg_arrays if np.dtype(a.dtype).kind == "f"), default=4) for e in executors]
    best = int(np.argmax(size))
    arg_params, aux_params = dict(arg_params or {}), dict(aux_params or {})
    for name, a in executors[0].arg_dict.items():
        if name not in arg_params:
            draw = np.random.uniform(-0.92, 0.92, a.shape) if use_uniform else np.random.normal(size=a.shape)
            arg_params[name] = (draw * scale).astype(rand_type)
    for name in executors[0].aux_dict:
        aux_params.setdefault(name, 0)
    results = []
    for e in executors:
        for name, a in e.arg_dict.items():
            a[:] = arg_params[name]
        for name, a in e.aux_dict.items():
            a[:] = aux_params[name]
        e.forward(is_train=grad_req != "null")
        outputs = {n: o.asnumpy() for n, o in zip(e._symbol.list_outputs() if hasattr(e, "_symbol") else range(len(e.outputs)), e.outputs)}
        if grad_req != "null":
            e.backward([o.copy() for o in e.outputs])
            outputs.update({f"gradient of {n}": g.asnumpy() for n, g in e.grad_dict.items() if g is not None})
        results.append(outputs)
    truth = ground_truth or results[best]
    tolerance = {8: (1e-5, 1e-8), 4: (1e-3, 1e-3), 2: (1e-1, 1e-1)}
    for i, outputs in enumerate(results):
        r, a = tolerance.get(size[i], (1e-1, 1e-1))
        for name, value in outputs.items():
            try:
                assert_almost_equal(value, truth[name], rtol if isinstance(rtol, float) else r, atol if isinstance(atol, float) else a,
                                    (f"{ctx_list[i]['ctx']} {name}", "reference"), equal_nan)  # fmt: skip
            except AssertionError:
                if raise_on_err:
                    raise
    return truth


def check_speed(sym: Any, location: dict | None = None, ctx: Context | None = None, N: int = 20, grad_req: Any = None, typ: str = "whole",
                **kwargs: Any) -> float:  # fmt: skip
    """Seconds of a forward and backward ("whole") or of a forward ("forward") pass."""
    ctx = ctx or default_context()
    if typ not in ("whole", "forward"):
        raise ValueError(f"check_speed: typ {typ!r} is unknown. Use whole or forward.")
    shapes = {k: v.shape for k, v in location.items()} if location else kwargs
    executor = sym.simple_bind(grad_req=grad_req or "write", ctx=ctx, **shapes)
    for name, a in executor.arg_dict.items():
        a[:] = location[name] if location else np.random.normal(size=a.shape)

    def once() -> None:
        executor.forward(is_train=typ == "whole")
        if typ == "whole":
            executor.backward(out_grads=executor.outputs)

    once()
    nd.waitall()
    started = time.perf_counter()
    for _ in range(N):
        once()
    nd.waitall()
    return (time.perf_counter() - started) / N


def check_gluon_hybridize_consistency(net_builder: Callable, data_l: list, numpy_func: Callable | None = None, test_grad: bool = True,
                                      rtol: float = 1e-4, atol: float = 1e-4) -> None:  # fmt: skip
    """Assert that a block gives the same outputs and gradients hybridized and not, and as a NumPy function if given."""
    saved: dict = {}
    for hybridize in (False, True):
        net = net_builder()
        net.initialize()
        if hybridize:
            net.hybridize()
        inputs = [d.copy() for d in data_l]
        net(*inputs)
        if not saved:
            saved["params"] = [p.data().asnumpy() for p in net.collect_params().values()]
        else:
            for p, value in zip(net.collect_params().values(), saved["params"]):
                p.set_data(nd.array(value, dtype=value.dtype))
        for i in inputs:
            i.attach_grad()
        with autograd.record(train_mode=test_grad):
            out = net(*inputs)
        if test_grad:
            out.backward(out)
        now = [out.asnumpy()] + ([i.grad.asnumpy() for i in inputs] if test_grad else [])
        if "values" in saved:
            for a, b in zip(saved["values"], now):
                assert_almost_equal(a, b, rtol, atol, ("imperative", "hybridized"))
        saved["values"] = now
    if numpy_func is not None:
        assert_almost_equal(numpy_func(*[d.asnumpy() for d in data_l]), saved["values"][0], rtol, atol, ("numpy", "network"))


def compare_optimizer(opt1: Any, opt2: Any, shape: Any, dtype: Any, w_stype: str = "default", g_stype: str = "default", rtol: float = 1e-4,
                      atol: float = 1e-5, compare_states: bool = True, ntensors: int = 1) -> None:  # fmt: skip
    """Assert that two optimizers make the same step from the same random weight and gradient.

    opt1 is the reference: it gets dense copies, one parameter at a time. opt2 gets the storage types, and a list of shapes all at once.
    """
    many = isinstance(shape, list) or ntensors > 1
    shapes = shape if isinstance(shape, list) else [shape] * ntensors
    second = [rand_ndarray(s, w_stype, density=1, dtype=dtype) for s in shapes]
    grads = [rand_ndarray(s, g_stype, density=0.5, dtype=dtype) for s in shapes]
    first, dense_grads = ([a.copy().tostype("default") for a in group] for group in (second, grads))
    states1 = [opt1.create_state_multi_precision(i, w) for i, w in enumerate(first)]
    states2 = [opt2.create_state_multi_precision(i, w) for i, w in enumerate(second)]
    if compare_states:
        compare_ndarray_tuple(states1, states2)
    for i, (w, g, s) in enumerate(zip(first, dense_grads, states1)):
        opt1.update_multi_precision(i, w, g, s)
    if many:
        opt2.update_multi_precision(list(range(len(shapes))), second, grads, states2)
    else:
        opt2.update_multi_precision(0, second[0], grads[0], states2[0])
    if compare_states:
        compare_ndarray_tuple(states1, states2, rtol, atol)
    for a, b in zip(first, second):
        assert_almost_equal(a, b, rtol, atol)


def np_reduce(dat: np.ndarray, axis: Any, keepdims: bool, numpy_reduce_func: Callable) -> np.ndarray:
    """A NumPy reduction over several axes with keepdims, for functions that lack them."""
    axes = [axis] if isinstance(axis, int) else list(range(dat.ndim)) if axis is None else [a % dat.ndim for a in axis]
    out = dat
    for a in sorted(axes, reverse=True):
        out = numpy_reduce_func(out, axis=a)
    return out.reshape([1 if i in axes else n for i, n in enumerate(dat.shape)]) if keepdims else out


def collapse_sum_like(a: np.ndarray, shape: tuple) -> np.ndarray:
    """The sum of `a` over the axes along which `shape` was broadcast to it."""
    lead = a.ndim - len(shape)
    out = a.sum(axis=tuple(range(lead)))
    return out.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and out.shape[i] != 1), keepdims=True).reshape(shape)
