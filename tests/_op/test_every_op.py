"""Every operator of the registry, run on its samples in every way that there is to run it.

A new operator is tested by a recorded case or one row in `samples/`; without either, `test_has_a_sample` fails.
`samples/exceptions.py` lists, with reasons, which operators cannot take part in which test.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from sample_runs import (
    call,
    dense_of,
    heads_for,
    is_float,
    named,
    numpy_of,
    record,
    refusals,
    rounded,
    sym_call,
    symbol_of,
    texts,
    to_array,
    to_arrays,
    wrong_inputs,
)  # fmt: skip
from samples import Sample, Sparse, samples_of
from samples import exceptions as known

import mxnet as mx
from mxnet._op.registry import OPS
from mxnet._runtime.sparse_dispatch import StorageFallbackWarning
from mxnet.error import MXNetError
from mxnet.symbol._compiled import Compiled

NAMES = sorted(n for n in OPS if not n.startswith(("_np_", "_npi_", "_npx_")))
every_op = pytest.mark.parametrize("name", NAMES)
TOLERANCE = {"float16": (1e-2, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-6, 1e-8)}
#: relative to the largest value of an output, since sums of half numbers cancel
HALF = {"float16": 4e-3, "bfloat16": 3e-2}


#: the reviewed errors by operator
TEXTS = {n: list(rows) for n, rows in groupby(
    (Path(__file__).parent / "error_texts.txt").read_text(encoding="utf-8").splitlines()[1:], lambda line: line.split(" | ")[0])}  # fmt: skip


def near(got: np.ndarray, want: np.ndarray, rtol: float, atol: float, where: object) -> None:
    """Equal shapes, and values within the tolerance; nan equals nan."""
    assert got.shape == want.shape, f"{where}: shape {got.shape}, expected {want.shape}"
    np.testing.assert_allclose(got.astype("float64"), want.astype("float64"), rtol=rtol, atol=atol, err_msg=str(where))


def same(got: list, want: list, where: object) -> None:
    """The same numbers (of the same program run in another way)."""
    assert len(got) == len(want), where
    for g, w in zip(got, want):
        assert g.shape == w.shape and g._d.dtype == w._d.dtype and g.stype == w.stype, f"{where}: {g} and {w}"
        near(numpy_of(g), numpy_of(w), 1e-6, 1e-7, where)


def usable(name: str, exceptions: dict[str, str], dense: bool = True, grad: bool = False) -> list[Sample]:
    """The samples that a test runs; skips the test if the operator is listed in `exceptions`, or has none of the kind."""
    if name in exceptions:
        pytest.skip(exceptions[name])
    found = [s for s in samples_of(name) if (s.dense or not dense) and (s.grad or not grad)]
    if not found:
        pytest.skip("no sample with a gradient" if grad else "no dense sample")
    return found


@every_op
def test_has_a_sample(name: str) -> None:
    assert samples_of(name) or name in known.NO_SAMPLE, f"{name} has no sample: add a row to a table in tests/_op/samples"


def test_exceptions_are_operators() -> None:
    for table, rows in vars(known).items():
        if isinstance(rows, dict) and table.isupper():
            assert not set(rows) - set(NAMES), f"{table} names what is no operator"


# ---- numbers


@every_op
def test_values_and_gradients_of_the_original(name: str) -> None:
    found = [s for s in usable(name, known.RANDOM) if s.outputs is not None]
    for s in found:
        inputs = to_arrays(s)
        if s.grads is None:
            if s.grad:
                outs, grads = record(s, inputs)[0], []
            else:
                outs, grads = call(s, inputs), []
        else:
            outs, grads = record(s, inputs, [None if h is None else mx.nd.array(h, dtype=h.dtype) for h in s.heads])
        for got, want in [*zip(outs, s.outputs), *zip(grads, s.grads or ())]:
            near(numpy_of(got), want, *(s.tolerance or TOLERANCE.get(str(want.dtype), (0, 0))), s)


def shifted(s: Sample, by: float, directions: dict[int, np.ndarray]) -> Sample:
    """The sample moved along a direction."""
    return replace(s, inputs=tuple(x + by * directions[i] if i in directions else x for i, x in enumerate(s.inputs)))


@every_op
def test_gradient_by_finite_differences(name: str) -> None:
    """The gradient along a random direction in float64, away from the kinks that round numbers hit."""
    for s in usable(name, known.OWN_GRADIENT, grad=True):
        if not all(np.isfinite(x).all() for x in s.inputs if is_float(x)):
            continue
        rng = np.random.default_rng(1)
        s = replace(s, inputs=tuple(x.astype("float64") if is_float(x) else x for x in s.inputs))
        moving = [i for i in s.grad if is_float(s.inputs[i]) and i not in known.HELD.get(name, ())]
        s = shifted(s, 1e-3, {i: rng.uniform(-1, 1, s.inputs[i].shape) for i in moving})
        directions = {i: rng.uniform(-1, 1, s.inputs[i].shape) for i in moving}
        outs, grads = record(s, to_arrays(s))
        heads = heads_for(outs)
        exact = sum(float((numpy_of(g) * directions[i]).sum()) for i, g in zip(s.grad, grads) if i in directions)

        def total(by: float, s: Sample = s, d: dict = directions, heads: list = heads) -> float:
            with mx.autograd.record(train_mode=s.train):
                moved = call(shifted(s, by, d), to_arrays(shifted(s, by, d)))
            return sum(float((numpy_of(o) * numpy_of(h)).sum()) for o, h in zip(moved, heads) if h is not None)

        step = 1e-6
        estimate = (total(step) - total(-step)) / (2 * step)
        assert exact == pytest.approx(estimate, rel=1e-5, abs=1e-5), s


@every_op
def test_second_order_by_finite_differences(name: str) -> None:
    """The gradient of the gradient along a random direction, in float64."""
    for s in usable(name, known.OWN_GRADIENT | known.NO_SECOND_ORDER, grad=True)[:1]:
        rng = np.random.default_rng(1)
        places = [i for i in s.grad if is_float(s.inputs[i]) and i not in known.HELD.get(name, ())]
        s = replace(s, inputs=tuple(x.astype("float64") if is_float(x) else x for x in s.inputs))
        s = shifted(s, 1e-3, {i: rng.uniform(-1, 1, s.inputs[i].shape) for i in places})
        directions = {i: rng.uniform(-1, 1, s.inputs[i].shape) for i in places}
        weights = {i: rng.uniform(-1, 1, s.inputs[i].shape) for i in places}

        def weighted(s: Sample, inputs: list, places: list = places, weights: dict = weights) -> mx.nd.NDArray:
            """A weighted sum of the first gradients, itself recorded."""
            for i in places:
                inputs[i].attach_grad()
            with mx.autograd.record(train_mode=s.train):
                outs = call(s, inputs)
                total = sum((o * h).sum() for o, h in zip(outs, heads_for(outs)) if h is not None)
                first = mx.autograd.grad(total, [inputs[i] for i in places], create_graph=True, retain_graph=True)
                return sum((g * mx.nd.array(weights[i], dtype="float64")).sum() for i, g in zip(places, first))

        inputs, step = to_arrays(s), 1e-5
        weighted(s, inputs).backward()
        exact = sum(float((numpy_of(inputs[i].grad) * directions[i]).sum()) for i in places)
        ends = [shifted(s, by, directions) for by in (step, -step)]
        above, below = (float(weighted(e, to_arrays(e)).asscalar()) for e in ends)
        assert exact == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-4), s


@every_op
@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_types_are_near_float64(name: str, kind: str) -> None:
    for s in usable(name, known.NO_HALF | known.RANDOM):
        low = known.HALF_INPUTS.get(name, range(len(s.inputs)))
        if len({str(x.dtype) for x in s.inputs if is_float(x)}) != 1:  # none, or mixed precision: the types are part of its meaning
            continue
        s = rounded(s, kind)
        want = call(s, to_arrays(s))
        got = call(s, [to_array(x, kind if i in low else "float32") for i, x in enumerate(s.inputs)])
        for w, g in zip(want, got):
            w, g = numpy_of(w).astype("float64"), numpy_of(g).astype("float64")
            finite = np.isfinite(w) & (np.abs(w) < 6e4)
            scale = max(1.0, float(np.abs(w[finite]).max(initial=0)))
            near(np.where(finite, g, 0), np.where(finite, w, 0), HALF[kind], HALF[kind] * scale, s)


@every_op
@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_gradients_are_near_float64(name: str, kind: str) -> None:
    for s in usable(name, known.NO_HALF | known.RANDOM | known.NO_HALF_GRADIENT, grad=True)[:2]:
        low = known.HALF_INPUTS.get(name, range(len(s.inputs)))
        if len({str(x.dtype) for x in s.inputs if is_float(x)}) != 1 or not all(np.isfinite(x).all() for x in s.inputs if is_float(x)):
            continue
        s = rounded(s, kind)
        halves = [to_array(x, kind if i in low else "float32") for i, x in enumerate(s.inputs)]
        heads = heads_for(call(s, halves))
        want = record(s, to_arrays(s), [None if h is None else h.astype("float64") for h in heads])[1]
        got = record(s, halves, heads)[1]
        for w, g in zip(want, got):
            w, g = numpy_of(w).astype("float64"), numpy_of(g).astype("float64")
            finite = np.isfinite(w) & (np.abs(w) < 6e4)
            scale = max(1.0, float(np.abs(w[finite]).max(initial=0)))
            near(np.where(finite, g, 0), np.where(finite, w, 0), 3 * HALF[kind], 3 * HALF[kind] * scale, s)


# ---- gradients and memory


@every_op
def test_gradients_add(name: str) -> None:
    for s in usable(name, {}, grad=True)[:2]:
        once = [numpy_of(g) for g in record(s, to_arrays(s))[1]]
        inputs = to_arrays(s)
        for i in s.grad:
            inputs[i].attach_grad("add")
            inputs[i].grad[:] = 1
        twice = [numpy_of(g) for g in record(s, inputs)[1]]
        for a, b in zip(once, twice):
            near(b, a + 1, 1e-3 if a.dtype == np.float16 else 1e-5, 1e-3 if a.dtype == np.float16 else 1e-5, s)


@every_op
def test_out(name: str) -> None:
    for s in usable(name, known.NO_OUT)[:2]:
        want, targets = call(s, to_arrays(s)), call(s, to_arrays(s))
        if any(t.stype != "default" for t in targets):
            continue
        for t in targets:
            t._d.fill_(7)
        inputs = to_arrays(s)
        got = call(s, inputs, out=targets if len(targets) > 1 else targets[0])
        assert all(g is t for g, t in zip(got, targets))
        same(targets, want, s)


@every_op
def test_outputs_own_their_memory(name: str) -> None:
    for s in usable(name, known.SHARES):
        inputs = to_arrays(s)
        memory = {a._d.untyped_storage().data_ptr() for a in inputs if a is not None and a.size}
        for recorded in (False, True):
            with mx.autograd.record() if recorded else mx.autograd.pause():
                outs = call(s, inputs)
            pointers = [o._d.untyped_storage().data_ptr() for o in outs if o.stype == "default" and o.size]
            assert not memory & set(pointers), f"{s}: an output shares the memory of an input"
            assert len(set(pointers)) == len(pointers), f"{s}: two outputs share memory"


@every_op
def test_inputs_stay_as_they_are(name: str) -> None:
    op = OPS[name].prepare()
    for s in usable(name, known.WRITES, dense=False):
        inputs = to_arrays(s)
        try:
            call(s, inputs)
        except StorageFallbackWarning:
            continue
        for i, (a, x) in enumerate(zip(inputs, s.inputs)):
            if a is not None and (op.variadic or op.inputs[i] not in op.mutates):
                assert np.array_equal(numpy_of(a), dense_of(x), equal_nan=is_float(x)), f"{s}: input {i} changed"


@every_op
def test_zero_size_inputs(name: str) -> None:
    """An empty first axis: a result of the inferred shape and empty gradients, or a refusal that names the operator."""
    for s in usable(name, known.NO_EMPTY)[:3]:
        if not s.inputs or s.inputs[0] is None or not s.inputs[0].ndim:
            continue
        rows = s.inputs[0].shape[0]
        empty = replace(s, inputs=tuple(x[:0] if x is not None and x.ndim and x.shape[0] == rows else x for x in s.inputs))
        inputs = to_arrays(empty)
        outs: list = []
        if refused(name, lambda e=empty, i=inputs, o=outs: o.extend(record(e, i)[0] if e.grad else call(e, i))) is not None:
            continue
        for i in s.grad:
            assert inputs[i].grad.shape == inputs[i].shape and np.isfinite(numpy_of(inputs[i].grad)).all(), (
                f"{empty}: gradient of input {i}"
            )
        if name in known.NO_INFERENCE or name in known.NO_SYMBOL:
            continue
        with mx.util.np_shape(True):  # where 0 is a size, not an unknown one
            shapes = symbol_of(empty).infer_shape(**{n: a.shape for n, a in named(empty, inputs).items()})[1]
        assert [tuple(x) for x in shapes] == [o.shape for o in outs], empty


# ---- symbols


@every_op
def test_inferred_shapes_and_types(name: str) -> None:
    for s in usable(name, known.NO_INFERENCE):
        inputs = to_arrays(s)
        outs = call(s, inputs)
        symbol = symbol_of(s)
        arrays = named(s, inputs)
        if any(0 in a.shape for a in arrays.values()):  # 0 is an unknown axis in symbols
            continue
        shapes = symbol.infer_shape(**{n: a.shape for n, a in arrays.items()})[1]
        assert [tuple(x) for x in shapes] == [o.shape for o in outs], s
        types = symbol.infer_type(**{n: a.dtype for n, a in arrays.items()})[1]
        assert [np.dtype(t) for t in types] == [np.dtype(o.dtype) for o in outs], s


@every_op
def test_symbol_is_the_same_program(name: str) -> None:
    """mx.nd, an executor and the compiled graph give the same numbers and the same changes of states."""
    for s in usable(name, known.NO_SYMBOL)[:3]:
        want_inputs, got_inputs = to_arrays(s), to_arrays(s)
        symbol = symbol_of(s)
        want = call(s, want_inputs)
        arrays = named(s, got_inputs)
        states = symbol.list_auxiliary_states()
        executor = symbol.bind(mx.cpu(), {n: a for n, a in arrays.items() if n not in states}, grad_req="null",
                               aux_states={n: arrays[n] for n in states} or None)  # fmt: skip
        mx.random.seed(3)
        same(executor.forward(is_train=False), want, s)
        if s.dense:
            for a, b in zip(got_inputs, want_inputs):
                if a is not None:
                    near(numpy_of(a), numpy_of(b), 1e-6, 1e-7, s)


@every_op
def test_gradients_through_symbols(name: str) -> None:
    """An executor's backward gives the gradients of autograd."""
    for s in usable(name, known.NO_SYMBOL, grad=True)[:2]:
        inputs, arrays = to_arrays(s), named(s, to_arrays(s))
        outs, want = record(s, inputs)
        symbol = symbol_of(s)
        states = symbol.list_auxiliary_states()
        names = [f"x{i}" for i in s.grad]
        grads = {n: mx.nd.full(arrays[n].shape, 7, dtype=arrays[n].dtype) for n in names}
        executor = symbol.bind(mx.cpu(), {n: a for n, a in arrays.items() if n not in states}, args_grad=grads,
                               grad_req={n: "write" if n in names else "null" for n in symbol.list_arguments()},
                               aux_states={n: arrays[n] for n in states} or None)  # fmt: skip
        mx.random.seed(3)
        made = executor.forward(is_train=s.train)
        heads = [h if h is not None else mx.nd.zeros(o.shape, dtype=o.dtype) for h, o in zip(heads_for(outs), made)]
        executor.backward(heads, is_train=s.train)
        for n, w in zip(names, want):
            near(numpy_of(grads[n]), numpy_of(w), 1e-5, 1e-6, s)


@every_op
def test_compiled_graph_step_by_step(name: str) -> None:
    """A graph run operator by operator (sparse inputs, monitors) gives what its torch.fx module gives."""
    for s in usable(name, known.NO_SYMBOL)[:2]:
        program = Compiled(symbol_of(s))
        results = []
        for run in (program.run, program.run_stepwise):
            arrays = named(s, to_arrays(s))
            mx.random.seed(3)
            results.append(run([arrays[n] for n in program.arg_names + program.aux_names]))
        same(results[0], results[1], s)


@every_op
def test_json_round_trip(name: str) -> None:
    for s in usable(name, known.NO_SYMBOL, dense=False):
        text = symbol_of(s).tojson(remove_amp_cast=False)
        again = mx.sym.load_json(text)
        assert json.loads(again.tojson(remove_amp_cast=False)) == json.loads(text)
        assert again.list_arguments() == symbol_of(s).list_arguments() and again.list_outputs() == symbol_of(s).list_outputs()
        nodes = [n for n in again._nodes if n.op is not None]
        assert nodes[-1].attrs == symbol_of(s)._nodes[-1].attrs, s


@every_op
def test_attributes_as_strings(name: str) -> None:
    op = OPS[name].prepare()
    for s in usable(name, {}, dense=False):
        assert op.parse(s.attrs) == op.parse(texts(s)), s


# ---- storage


def thinned(x: np.ndarray, stype: str) -> np.ndarray:
    """Some zeros: single elements for csr, whole rows for row_sparse."""
    x = x.copy()
    if x.dtype.kind == "f":
        x += 0.0  # -0 to 0: sparse arrays do not tell them apart
    if stype == "csr":
        x[np.random.default_rng(2).uniform(size=x.shape) < 0.5] = 0
    elif stype == "row_sparse":
        x[1::2] = 0
    return x


COMBINATIONS = [(n, key) for n in NAMES for key in OPS[n].storages if any(k not in ("default",) for k in key)]


@pytest.mark.parametrize(
    "name, key", COMBINATIONS, ids=lambda v: v if isinstance(v, str) else "-".join("any" if k is ... else k for k in v)
)
def test_storage_implementation_equals_dense(name: str, key: tuple) -> None:
    tried = 0
    for s in usable(name, known.OTHER_STORAGE):
        stypes = key if ... not in key else (key[0],) * len(s.inputs)
        if stypes == ("any",):
            stypes = ("row_sparse",) * len(s.inputs)
        if len(stypes) != len(s.inputs) or any(
            x is None or (t == "csr" and x.ndim != 2) or (t == "row_sparse" and (x.ndim < 2 or x.dtype.kind != "f"))
            for x, t in zip(s.inputs, stypes)
        ):
            continue
        dense = [thinned(x, t) for x, t in zip(s.inputs, stypes)]
        d = replace(s, inputs=tuple(dense))
        sparse = replace(s, inputs=tuple(Sparse(t, x) if t != "default" else x for x, t in zip(dense, stypes)))
        want_inputs, got_inputs = to_arrays(d), to_arrays(sparse)
        try:
            want, got = call(d, want_inputs), call(sparse, got_inputs)
        except StorageFallbackWarning:  # "any" means any of those that the operator's file names
            continue
        for w, g in [*zip(want, got), *zip(want_inputs, got_inputs)]:
            near(numpy_of(g), numpy_of(w), 1e-5, 1e-6, f"{s} with {stypes}")
        tried += 1
    if not tried:
        pytest.skip("no sample of that rank")


# ---- bad input


def prefixes(name: str) -> tuple[str, ...]:
    """How the error of an operator may begin: its name, or the public name without its namespace."""
    op = OPS[name]
    names = {name, *op.aliases, known.SPEAKS_AS.get(name, name)}
    for n in (name, *op.aliases):
        for namespace in ("_contrib_", "_linalg_", "_image_", "_random_", "_sparse_", "_"):
            if n.startswith(namespace):
                names.add(n[len(namespace) :])
    return tuple(f"{n}: " for n in names)


def refused(name: str, run: object, *kinds: type) -> str | None:
    """The text of the error that a call raises, None if it works."""
    try:
        run()
    except (MXNetError, *kinds) as e:
        text = str(e)
        assert text.startswith(prefixes(name)), f"the error does not name {name}: {text}"
        assert text.rstrip().endswith("."), f"no full sentence: {text}"
        return text
    return None


@every_op
def test_bad_attributes(name: str) -> None:
    """Unknown, missing and senseless attributes are refused by name; where there are none at all, unknown ones are ignored."""
    op = OPS[name].prepare()
    good = next(iter(samples_of(name)), None)
    attrs = {} if good is None else good.attrs
    unknown = f"{name}: unknown attribute 'no_such_attribute'"
    if op.lenient:
        op._told = False
        with pytest.warns(UserWarning, match=re.escape(unknown)):
            assert op.parse(attrs | {"no_such_attribute": 1}) == op.parse(attrs)
    elif not op.free:
        with pytest.raises(MXNetError) as caught:
            op.parse(attrs | {"no_such_attribute": 1})
        assert str(caught.value).startswith(unknown)
    for n, spec in op.specs.items():
        if spec.kind in ("str", "any", "Subgraph") and not spec.choices:
            continue
        with pytest.raises(MXNetError) as caught:
            op.parse(attrs | {n: "senseless"})
        assert str(caught.value).startswith(f"{name}: {n} must be ") and "got 'senseless'" in str(caught.value)
    for n in op._required_attrs:
        with pytest.raises(MXNetError) as caught:
            op.parse({k: v for k, v in attrs.items() if k != n})
        assert f"{name}: " in str(caught.value) and " is required" in str(caught.value)


@every_op
def test_inputs_that_are_no_arrays(name: str) -> None:
    for s in usable(name, {}, dense=False)[:1]:
        inputs = to_arrays(s)
        for i, a in enumerate(inputs):
            if a is None:
                continue
            wrong = [*inputs]
            wrong[i] = "text"
            text = refused(name, lambda wrong=wrong, s=s: call(s, wrong), TypeError)
            assert text is not None and ("must be an NDArray" in text or "must be an array" in text), text
        if inputs and not OPS[name].variadic:
            text = refused(name, lambda s=s, inputs=inputs: call(s, [None, *inputs[1:]]), TypeError)
            assert text is not None and "missing" in text, text


@every_op
def test_wrong_shapes_and_types(name: str) -> None:
    """An input of another rank, length or type works, or is refused with a text that names the operator: never another exception."""
    for s in usable(name, {}, dense=False)[:2]:
        for i, x in enumerate(s.inputs):
            if x is None or isinstance(x, Sparse):
                continue
            for wrong in wrong_inputs(x).values():
                inputs = to_arrays(s)
                inputs[i] = to_array(wrong)
                refused(name, lambda s=s, inputs=inputs: [numpy_of(o) for o in call(s, inputs)])


@every_op
def test_error_texts(name: str) -> None:
    """What an operator says to wrong inputs is reviewed in error_texts.txt; `make docs` writes it anew."""
    assert [f"{name} | {change} | {text}" for change, text in refusals(name)] == TEXTS.get(name, [])


def test_set_value() -> None:
    x = mx.nd.zeros((2, 3))
    mx.nd._internal._set_value(src=2.5, out=x)
    assert (x.asnumpy() == 2.5).all()
    with pytest.raises(MXNetError, match=r"_set_value: there is nothing to fill. Pass out=array."):
        mx.nd._internal._set_value(src=2.5)


def test_unknown_operator() -> None:
    with pytest.raises(AttributeError, match="Convolutiom"):
        _ = mx.nd.Convolutiom
    assert sym_call("exp") is not None and torch.is_tensor(mx.nd.ones(1)._d)
