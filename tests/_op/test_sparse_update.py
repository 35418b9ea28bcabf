"""Row-sparse optimizer updates: lazy ones equal the dense update on their rows and leave the others alone; exact ones equal it everywhere."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op.sparse_update import EXACT, LAZY
from mxnet._storage import RowSparse, lazy
from mxnet._storage.gather import gather

ROWS, WIDTH = 40, 5
STATES = {"sgd_update": 0, "sgd_mom_update": 1, "adam_update": 2, "_sparse_adagrad_update": 1, "_contrib_group_adagrad_update": 1, "ftrl_update": 2,
          "nag_mom_update": 1, "rmsprop_update": 1, "rmspropalex_update": 3, "signsgd_update": 0, "signum_update": 1}  # fmt: skip
COMMON = {"lr": 0.1, "rescale_grad": 0.5, "clip_gradient": 0.4}
EXTRA = {"sgd_mom_update": {"momentum": 0.9}, "nag_mom_update": {"momentum": 0.9}, "signum_update": {"momentum": 0.9}}
DECAY = {"wd": 0.05}


def attributes(name):
    decay = {} if "adagrad" in name else DECAY
    return {**COMMON, **decay, **EXTRA.get(name, {})}


def inputs(name, ids, dtype="float32", seed=0):
    rng = np.random.RandomState(seed)
    weight = rng.uniform(-1, 1, (ROWS, WIDTH))
    states = [rng.uniform(0.1, 1, (ROWS, 1 if name.startswith("_contrib_group") else WIDTH)) for _ in range(STATES[name])]
    if name == "rmspropalex_update":
        states[1] *= 0.01  # n - g^2 must stay positive
    grad = np.zeros((ROWS, WIDTH))
    grad[ids] = rng.uniform(-1, 1, (len(ids), WIDTH))
    return [mx.nd.array(a, dtype=dtype) for a in (weight, grad, *states)]


def step(name, arrays, out=True, **attrs):
    fn = getattr(mx.nd._internal, name)
    return fn(*arrays, **attributes(name), **attrs, **({"out": arrays[0]} if out else {}))


IDS = [[], [0], [1, 7, 8, 39], list(range(ROWS))]


@pytest.mark.parametrize("weight_stype", ["default", "row_sparse"])
@pytest.mark.parametrize("ids", IDS, ids=len)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAZY)
def test_lazy(name, dtype, ids, weight_stype):
    dense, sparse = inputs(name, ids, dtype), inputs(name, ids, dtype)
    before = [a.asnumpy() for a in dense]
    sparse[1] = sparse[1].tostype("row_sparse")
    if weight_stype == "row_sparse":
        sparse = [a if a.stype == "row_sparse" else a.tostype("row_sparse") for a in sparse]
    step(name, dense)
    step(name, sparse)
    everywhere = name == "ftrl_update" and weight_stype == "default"  # the original updates every row of a dense weight
    for i, (d, s, b) in enumerate(zip(dense, sparse, before)):
        got = s.asnumpy()
        others = np.setdiff1d(np.arange(ROWS), ids)
        np.testing.assert_allclose(got[ids], d.asnumpy()[ids], rtol=2e-5, atol=1e-6)
        if everywhere:
            np.testing.assert_allclose(got, d.asnumpy(), rtol=2e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(got[others], b[others])
        assert s.stype == ("row_sparse" if i == 1 else weight_stype)


@pytest.mark.parametrize("ids", IDS, ids=len)
@pytest.mark.parametrize("name", ["sgd_update", "sgd_mom_update", "adam_update", *(n for n in EXACT if n in STATES)])
def test_exact(name, ids):
    dense, sparse = inputs(name, ids), inputs(name, ids)
    sparse[1] = sparse[1].tostype("row_sparse")
    step(name, dense)
    step(name, sparse, **({"lazy_update": False} if name in LAZY else {}))
    for d, s in zip(dense, sparse):
        np.testing.assert_allclose(s.asnumpy(), d.asnumpy(), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("block", [1, 7, 40])
def test_exact_steps_go_block_by_block(block, monkeypatch):
    monkeypatch.setattr(lazy, "BLOCK", block)
    test_exact("adam_update", [1, 7, 8, 39])


@pytest.mark.parametrize("name", ["mp_sgd_update", "mp_sgd_mom_update"])
def test_masters(name):
    rng = np.random.RandomState(0)
    master = mx.nd.array(rng.uniform(-1, 1, (ROWS, WIDTH)))
    weight, grad = master.astype("float16"), np.zeros((ROWS, WIDTH), np.float16)
    grad[[2, 5]] = rng.uniform(-1, 1, (2, WIDTH))
    dense = [weight.copy(), mx.nd.array(grad, dtype="float16"), *([mx.nd.zeros((ROWS, WIDTH))] if "mom" in name else []), master.copy()]
    sparse = [a.copy() for a in dense]
    sparse[1] = sparse[1].tostype("row_sparse")
    fn = getattr(mx.nd, name)
    fn(*dense, out=dense[0], **COMMON)
    fn(*sparse, out=sparse[0], **COMMON)
    for d, s in zip(dense, sparse):
        np.testing.assert_allclose(s.asnumpy(), d.asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["sgd_update", "adam_update"])
def test_half_tables_go_through_gathered_rows(name, dtype):
    dense, sparse = inputs(name, [1, 7], dtype), inputs(name, [1, 7], dtype)
    sparse[1] = sparse[1].tostype("row_sparse")
    step(name, dense)
    step(name, sparse)
    np.testing.assert_allclose(sparse[0].asnumpy()[[1, 7]], dense[0].asnumpy()[[1, 7]], rtol=1e-2)


def test_without_out_the_weight_stays():
    arrays = inputs("sgd_update", [1])
    before = arrays[0].asnumpy()
    arrays[1] = arrays[1].tostype("row_sparse")
    new = step("sgd_update", arrays, out=False)
    np.testing.assert_array_equal(arrays[0].asnumpy(), before)
    assert not np.array_equal(new.asnumpy(), before)


def test_threads_give_the_same_rows():
    grad = RowSparse(torch.randn(20000, 16), torch.arange(20000) * 2, (40000, 16))
    numbers = (0.1, 0.9, 0.999, 1e-8, 0.01, 1.0, float("inf"))
    tables = [torch.rand(40000, 16) for _ in range(3)]
    copies = [t.clone() for t in tables]
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert lazy.fused("adam", tables, grad, numbers)
        torch.set_num_threads(3)
        assert lazy.fused("adam", copies, grad, numbers)
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(tables, copies))


BAD = [
    (lambda a: mx.nd._internal._sparse_adagrad_update(*a[:3], lr=0.1, wd=0.1), "wd 0.1 is not possible with a row_sparse gradient"),
    (lambda a: mx.nd.sgd_update(a[0], mx.nd.sparse.zeros("row_sparse", (3, 3)), lr=0.1), "grad has shape"),
    (lambda a: mx.nd.sgd_update(a[0], a[0].tostype("csr"), lr=0.1), "got csr"),
]


@pytest.mark.parametrize("call, text", BAD, ids=[t for _, t in BAD])
def test_bad_input(call, text):
    arrays = inputs("adam_update", [1])
    arrays[1] = arrays[1].tostype("row_sparse")
    with pytest.raises(mx.MXNetError, match=text):
        call(arrays)


def test_gather():
    table = torch.randn(400_000, 16)
    ids = torch.randint(0, 400_000, (1000,))
    assert gather(table, ids).equal(table[ids])
    for kind in (torch.float64, torch.float16, torch.bfloat16):
        t = table[:, : 24 // table.element_size()].contiguous().to(kind).repeat(1, 4)
        assert gather(t, ids).equal(t[ids])


def steps(rows, count=12):
    """Seconds of each embedding step with lazy Adam."""
    weight = mx.nd.ones((rows, 16))
    weight.attach_grad(stype="row_sparse")
    adam = mx.optimizer.create("adam", learning_rate=0.01)
    state = adam.create_state(0, weight)
    rng, times = np.random.RandomState(0), []
    for _ in range(count):
        ids = mx.nd.array(rng.randint(0, rows, 512), dtype="int64")
        start = time.perf_counter()
        with mx.autograd.record():
            loss = (mx.nd.Embedding(ids, weight, input_dim=rows, output_dim=16, sparse_grad=True) ** 2).sum()
        loss.backward()
        adam.update(0, weight, weight.grad, state)
        times.append(time.perf_counter() - start)
        assert weight.grad.data.shape[0] == len(np.unique(ids.asnumpy()))
    return times


def test_cost_follows_rows():
    steps(1000, 3)  # compiles
    small, large = min(steps(2_000)), min(steps(2_000_000))
    assert large < 8 * small, (small, large)  # a thousand times the table


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_follows_rows():
    def peak():
        with open("/proc/self/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024

    rows = 2_000_000  # a table of 128 MB
    weight = mx.nd.ones((rows, 16))
    weight.attach_grad(stype="row_sparse")
    adam = mx.optimizer.create("adam")
    state = adam.create_state(0, weight)
    for s in state:
        s[:] = 0
    mx.nd.sparse.dot(mx.nd.sparse.csr_matrix(np.eye(3)), mx.nd.ones((3, 16), dtype="float64"))
    before = peak()
    ids = mx.nd.array(np.arange(0, rows, 1000), dtype="int64")
    for _ in range(3):
        with mx.autograd.record():
            loss = (mx.nd.Embedding(ids, weight, input_dim=rows, output_dim=16, sparse_grad=True) ** 2).sum()
        loss.backward()
        adam.update(0, weight, weight.grad, state)
    assert peak() - before < 60
