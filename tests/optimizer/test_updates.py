"""Every optimizer against its formula in NumPy (float64), and the ways of calling it: together, multi-precision, row-sparse, multipliers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mxnet as mx

LR, WD = 0.1, 0.02


def clip(g, c):
    return np.clip(g, -c, c) if c else g


def sgd(w, g, s, t, momentum=0.0):
    s["m"] = momentum * s.get("m", 0) - LR * (g + WD * w)
    return w + s["m"]


def nag(w, g, s, t, momentum=0.0):
    d = -LR * (g + WD * w)
    new = w + momentum * (momentum * s.get("m", 0) + d) + d if momentum else w + d
    s["m"] = momentum * s.get("m", 0) - LR * (g + WD * new)
    return new


def adam(w, g, s, t, beta1=0.9, beta2=0.999, epsilon=1e-8):
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    return w - LR * math.sqrt(1 - beta2**t) / (1 - beta1**t) * s["m"] / (np.sqrt(s["v"]) + epsilon)


def adagrad(w, g, s, t, eps=1e-7):
    s["h"] = s.get("h", 0) + g**2
    return w - LR * (g / np.sqrt(s["h"] + eps) + WD * w)


def ftrl(w, g, s, t, lamda1=0.01, beta=1):
    n, z = s.get("n", np.zeros_like(w)), s.get("z", np.zeros_like(w))
    s["z"] = z + g - (np.sqrt(n + g**2) - np.sqrt(n)) / LR * w
    s["n"] = n + g**2
    return np.where(np.abs(s["z"]) > lamda1, (np.sign(s["z"]) * lamda1 - s["z"]) / ((beta + np.sqrt(s["n"])) / LR + WD), 0)


def rmsprop(w, g, s, t, gamma1=0.9, epsilon=1e-8):
    s["n"] = gamma1 * s.get("n", 0) + (1 - gamma1) * g**2
    return w - LR * g / np.sqrt(s["n"] + epsilon)


def adadelta(w, g, s, t, rho=0.9, epsilon=1e-5):
    s["a"] = rho * s.get("a", 0) + (1 - rho) * g**2
    step = np.sqrt(s.get("b", 0) + epsilon) / np.sqrt(s["a"] + epsilon) * g
    s["b"] = rho * s.get("b", 0) + (1 - rho) * step**2
    return w - step - WD * w


def adamax(w, g, s, t, beta1=0.9, beta2=0.999):
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["u"] = np.maximum(beta2 * s.get("u", 0), np.abs(g))
    return w - LR / (1 - beta1**t) * s["m"] / s["u"]


def signum(w, g, s, t, momentum=0.9):
    s["m"] = momentum * s.get("m", 0) - (1 - momentum) * (g + WD * w)
    return w + LR * np.sign(s["m"])


def dcasgd(w, g, s, t, lamda=0.04):
    step = -LR * (g + WD * w + lamda * g * g * (w - s.get("p", w)))
    s["p"] = w
    return w + step


def ftml(w, g, s, t, beta1=0.6, beta2=0.999, epsilon=1e-8):
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    d = (1 - beta1**t) / LR * (np.sqrt(s["v"] / (1 - beta2**t)) + epsilon)
    s["z"] = beta1 * s.get("z", 0) + (1 - beta1) * g - (d - beta1 * s.get("d", 0)) * w
    s["d"] = d
    return -s["z"] / d


def lamb(w, g, s, t, beta1=0.9, beta2=0.999, epsilon=1e-6):
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    u = s["m"] / (1 - beta1**t) / (np.sqrt(s["v"] / (1 - beta2**t)) + epsilon) + WD * w
    return w - LR * np.linalg.norm(w) / np.linalg.norm(u) * u


#: name, arguments, formula, whether weight decay is part of the gradient (inside the clipping)
CASES = [
    ("sgd", {}, sgd, False),
    ("sgd", {"momentum": 0.9}, sgd, False),
    ("nag", {"momentum": 0.9}, nag, False),
    ("adam", {"beta1": 0.8}, adam, True),
    ("adagrad", {"eps": 1e-4}, adagrad, False),
    ("ftrl", {"lamda1": 0.1}, ftrl, False),
    ("rmsprop", {"gamma1": 0.7}, rmsprop, True),
    ("adadelta", {"rho": 0.8}, adadelta, False),
    ("adamax", {}, adamax, True),
    ("signum", {"momentum": 0.5}, signum, False),
    ("dcasgd", {}, dcasgd, False),
    ("ftml", {}, ftml, True),
    ("lamb", {}, lamb, False),
]
IDS = [f"{n}{i}" for i, (n, *_) in enumerate(CASES)]


def arrays(seed, shape=(4, 3), dtype="float32"):
    r = np.random.RandomState(seed)
    return r.uniform(-1, 1, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, kwargs, formula, decays_gradient", CASES, ids=IDS)
def test_formula(name, kwargs, formula, decays_gradient, dtype):
    optimizer = mx.optimizer.create(name, learning_rate=LR, wd=WD, clip_gradient=0.4, rescale_grad=0.5, **kwargs)
    updater = mx.optimizer.get_updater(optimizer)
    w = mx.nd.array(arrays(1), dtype=dtype)
    want, state = arrays(1).astype("float64"), {}
    for t in range(1, 6):
        grad = arrays(10 + t) * 2
        g = grad.astype("float64") * 0.5
        g = clip(g + WD * want, 0.4) if decays_gradient else clip(g, 0.4)
        want = formula(want, g, state, t, **kwargs)
        updater(0, mx.nd.array(grad, dtype=dtype), w)
    np.testing.assert_allclose(w.asnumpy(), want, rtol=2e-4, atol=2e-6)
    assert w.dtype == np.dtype(dtype).type


@pytest.mark.parametrize(
    "name, kwargs", [(n, k) for n, k, *_ in CASES] + [("nadam", {}), ("lars", {"momentum": 0.9}), ("rmsprop", {"centered": True})]
)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_multi_precision_follows_float32(name, kwargs, dtype):
    start, grads = arrays(1), [arrays(10 + t) for t in range(5)]
    results = []
    for kind, precise in ((dtype, True), ("float32", False)):
        updater = mx.optimizer.get_updater(mx.optimizer.create(name, learning_rate=0.05, multi_precision=precise, **kwargs))
        w = mx.nd.array(start).astype(dtype).astype(kind)
        for g in grads:
            updater(0, mx.nd.array(g).astype(dtype).astype(kind), w)
        results.append(w.astype("float32").asnumpy())
    rtol = 2e-3 if dtype == "float16" else 2e-2
    np.testing.assert_allclose(results[0], results[1], rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", ["sgd", "lars", "lamb", "adam"])
@pytest.mark.parametrize("precise", [False, True])
def test_updates_together_equal_single_ones(name, precise):
    kwargs = {"clip_gradient": 0.5, "rescale_grad": 0.7} if name in ("lamb", "adam") else {"momentum": 0.9}
    dtype = "float16" if precise else "float32"
    names = {0: "a_weight", 1: "b_bias", 2: "c_weight"}

    def run(together):
        optimizer = mx.optimizer.create(name, learning_rate=0.1, wd=0.01, multi_precision=precise, param_idx2name=names, **kwargs)
        updater = mx.optimizer.get_updater(optimizer)
        ws = [mx.nd.array(arrays(i, (3, 2 + i))).astype(dtype) for i in range(3)]
        for t in range(3):
            gs = [mx.nd.array(arrays(10 * t + i, (3, 2 + i))).astype(dtype) for i in range(3)]
            if together:
                updater([0, 1, 2], gs, ws)
            else:
                for i in range(3):
                    updater(i, gs[i], ws[i])
        return ws

    for a, b in zip(run(True), run(False)):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=2e-3 if precise else 1e-5, atol=1e-6)


def test_a_subclass_with_its_own_update_gets_single_parameters():
    seen = []

    class Watching(mx.optimizer.Adam):
        def update(self, index, weight, grad, state):
            seen.append(index)
            super().update(index, weight, grad, state)

    ws = [mx.nd.ones((2,)), mx.nd.ones((2,))]
    mx.optimizer.get_updater(Watching())([0, 1], [mx.nd.ones((2,))] * 2, ws)
    assert seen == [0, 1]


def row_sparse(rows, seed=3, shape=(6, 3)):
    dense = np.zeros(shape, "float32")
    dense[rows] = arrays(seed, (len(rows), shape[1]))
    return mx.nd.array(dense).tostype("row_sparse")


@pytest.mark.parametrize("stype", ["default", "row_sparse"])
@pytest.mark.parametrize(
    "name, kwargs",
    [("sgd", {"momentum": 0.9, "wd": 0.1}), ("sgd", {"wd": 0.1}), ("adam", {"wd": 0.1}), ("adagrad", {}), ("groupadagrad", {})],
)
def test_lazy_update_touches_the_rows_of_the_gradient_only(name, kwargs, stype):
    updater = mx.optimizer.get_updater(mx.optimizer.create(name, learning_rate=0.1, **kwargs))
    start = arrays(1, (6, 3))
    w = mx.nd.array(start).tostype(stype)
    for _ in range(2):
        updater(0, row_sparse([1, 4]), w)
    new = w.asnumpy()
    assert w.stype == stype
    np.testing.assert_array_equal(new[[0, 2, 3, 5]], start[[0, 2, 3, 5]])
    assert (new[[1, 4]] != start[[1, 4]]).all()


@pytest.mark.parametrize("name, kwargs", [("sgd", {"momentum": 0.9}), ("adam", {})])
def test_exact_update_of_a_sparse_gradient_equals_the_dense_one(name, kwargs):
    ws = []
    for sparse in (True, False):
        updater = mx.optimizer.get_updater(mx.optimizer.create(name, learning_rate=0.1, wd=0.1, lazy_update=False, **kwargs))
        w = mx.nd.array(arrays(1, (6, 3)))
        for seed in range(3):
            g = row_sparse([1, 4], seed)
            updater(0, g if sparse else g.tostype("default"), w)
        ws.append(w.asnumpy())
    np.testing.assert_allclose(*ws, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name, kwargs", [("sgd", {"momentum": 0.9}), ("adam", {}), ("adagrad", {}), ("ftrl", {}), ("nadam", {})])
def test_csr_weights_are_updated_through_dense_ones(name, kwargs):
    ws = []
    for stype in ("default", "csr"):
        updater = mx.optimizer.get_updater(mx.optimizer.create(name, learning_rate=0.1, wd=0.01, **kwargs))
        w = mx.nd.array([[1, 0, 2], [0, 3, 0]]).tostype(stype)
        for _ in range(2):
            updater(0, mx.nd.array([[1, 0, 0], [0, 0, 2]]).tostype(stype), w)
        assert w.stype == stype
        ws.append(w.asnumpy())
    np.testing.assert_allclose(*ws)


def test_multipliers_by_name_index_and_rule():
    names = {0: "a_weight", 1: "a_bias", 2: "a_gamma", 3: "other"}
    o = mx.optimizer.SGD(learning_rate=1.0, wd=0.5, param_idx2name=names)
    assert o.wd_mult == {"a_bias": 0.0, "other": 0.0}
    o.set_lr_mult({"a_weight": 0.5, 3: 2.0})
    o.set_wd_mult({"a_weight": 2.0})
    assert [o._get_lr(i) for i in range(4)] == [0.5, 1.0, 1.0, 2.0]
    assert [o._get_wd(i) for i in range(4)] == [1.0, 0.0, 0.5, 0.0]


def test_learning_rate_and_schedule():
    with pytest.warns(UserWarning, match="learning_rate 0.3 replaces the schedule's base_lr 0.01"):
        o = mx.optimizer.SGD(learning_rate=0.3, lr_scheduler=mx.lr_scheduler.FactorScheduler(2, 0.5))
    assert o.learning_rate == 0.3
    w = mx.nd.ones((1,))
    updater = mx.optimizer.get_updater(o)
    for _ in range(3):
        updater(0, mx.nd.ones((1,)), w)
    assert o.num_update == 3 and o.learning_rate == 0.15
    with pytest.raises(UserWarning, match="comes from lr_scheduler"):
        o.set_learning_rate(0.1)


def test_large_batch_sgd_steps_once_in_batch_scale_updates():
    updater = mx.optimizer.get_updater(mx.optimizer.LBSGD(learning_rate=0.1, batch_scale=2, warmup_epochs=0))
    w = mx.nd.ones((2,))
    updater(0, mx.nd.array([1.0, 2.0]), w)
    np.testing.assert_array_equal(w.asnumpy(), [1, 1])
    updater(0, mx.nd.array([3.0, 4.0]), w)
    np.testing.assert_allclose(w.asnumpy(), 1 - 0.1 * 2 * np.array([2.0, 3.0]), rtol=1e-6)


def test_langevin_noise_follows_the_seed():
    def run(seed):
        mx.random.seed(seed)
        w = mx.nd.zeros((1000,))
        mx.optimizer.get_updater(mx.optimizer.SGLD(learning_rate=0.04))(0, mx.nd.zeros((1000,)), w)
        return w.asnumpy()

    np.testing.assert_array_equal(run(3), run(3))
    assert (run(3) != run(4)).any()
    assert abs(run(3).std() / 0.2 - 1) < 0.1


def test_registry_and_errors():
    assert type(mx.optimizer.create("AdAm")) is mx.optimizer.Adam
    same = mx.optimizer.SGD()
    assert mx.optimizer.create(same) is same
    with pytest.raises(ValueError, match="'adm' is not registered. Did you mean 'adam'?"):
        mx.optimizer.create("adm")
    with pytest.raises(AssertionError, match="param_idx2name must be a dict"):
        mx.optimizer.SGD(param_idx2name=["a"])
    with pytest.raises(TypeError):
        mx.optimizer.SGD(no_such=1)
    for name in ("sgd", "adam", "adagrad", "adadelta", "nadam"):
        updater = mx.optimizer.get_updater(mx.optimizer.create(name))
        with pytest.raises(mx.MXNetError, match="shape"):
            updater(0, mx.nd.ones((2, 3)), mx.nd.ones((3, 2)))
        with pytest.raises(mx.MXNetError, match="float16|type"):
            updater(1, mx.nd.ones((2,), dtype="float16"), mx.nd.ones((2,)))


def test_updating_inside_record_leaves_the_graph_alone():
    x, w = mx.nd.ones((3,)), mx.nd.ones((3,))
    x.attach_grad()
    updater = mx.optimizer.get_updater(mx.optimizer.Adam(learning_rate=0.1))
    with mx.autograd.record():
        y = (x * x).sum()
        updater(0, mx.nd.ones((3,)), w)
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [2, 2, 2])
    np.testing.assert_allclose(w.asnumpy(), [0.9] * 3, rtol=1e-4)
