"""Update operators against their formulas in numpy float64."""

import numpy as np
import pytest
from layer_helpers import uniform

import mxnet as mx
from mxnet.error import MXNetError

nd = mx.nd
COMMON = [{}, {"wd": 0.1}, {"wd": 0.1, "rescale_grad": 0.5, "clip_gradient": 0.3}]


def clipped(g, at, w=None):
    g = g * at.get("rescale_grad", 1.0) + (at.get("wd", 0.0) * w if w is not None else 0.0)
    c = at.get("clip_gradient", at.get("clip_grad", -1.0))
    return np.clip(g, -c, c) if c >= 0 else g


def sgd(w, g, at):
    return [w * (1 - at["lr"] * at.get("wd", 0)) - at["lr"] * clipped(g, at)]


def sgd_mom(w, g, m, at):
    m = at["momentum"] * m - at["lr"] * (clipped(g, at) + at.get("wd", 0) * w)
    return [w + m, m]


def nag(w, g, m, at):
    d = -at["lr"] * (clipped(g, at) + at.get("wd", 0) * w)
    m = at["momentum"] * m + d
    return [w + at["momentum"] * m + d, m]


def adam(w, g, m, v, at):
    g = clipped(g, at, w)
    m, v = at["beta1"] * m + (1 - at["beta1"]) * g, 0.999 * v + 0.001 * g * g
    return [w - at["lr"] * m / (np.sqrt(v) + 1e-8), m, v]


def ftrl(w, g, z, n, at):
    g = clipped(g, at)
    z = z + g - (np.sqrt(n + g * g) - np.sqrt(n)) * w / at["lr"]
    n = n + g * g
    shrunk = np.sign(z) * at["lamda1"] - z
    return [np.where(abs(z) <= at["lamda1"], 0, shrunk / ((1 + np.sqrt(n)) / at["lr"] + at.get("wd", 0))), z, n]


def rmsprop(w, g, n, at):
    g = clipped(g, at, w)
    n = at["gamma1"] * n + (1 - at["gamma1"]) * g * g
    return [w - at["lr"] * g / np.sqrt(n + 1e-8), n]


def signsgd(w, g, at):
    return [w * (1 - at["lr"] * at.get("wd", 0)) - at["lr"] * np.sign(clipped(g, at))]


def signum(w, g, m, at):
    b = at["momentum"]
    m = b * m - (1 - b) * (clipped(g, at) + at.get("wd", 0) * w)
    return [(1 - at["lr"] * at["wd_lh"]) * w + at["lr"] * np.sign(m), m]


def adagrad(w, g, h, at):
    g = clipped(g, at)
    h = h + g * g
    return [w - at["lr"] * (g / np.sqrt(h + 1e-7) + at.get("wd", 0) * w), h]


RULES = {
    "sgd_update": (sgd, 0, {}),
    "sgd_mom_update": (sgd_mom, 1, {"momentum": 0.9}),
    "nag_mom_update": (nag, 1, {"momentum": 0.9}),
    "adam_update": (adam, 2, {"beta1": 0.8}),
    "ftrl_update": (ftrl, 2, {"lamda1": 0.05}),
    "rmsprop_update": (rmsprop, 1, {"gamma1": 0.8}),
    "signsgd_update": (signsgd, 0, {}),
    "signum_update": (signum, 1, {"momentum": 0.9, "wd_lh": 0.01}),
    "sparse.adagrad_update": (adagrad, 1, {}),
}


def function(name):
    fn = nd
    for part in name.split("."):
        fn = getattr(fn, part)
    return fn


def arrays(count, dtype="float32"):
    first = [uniform(3, 4, seed=1), uniform(3, 4, seed=2)]
    return [a.astype(dtype) for a in first + [uniform(3, 4, lo=0.1, seed=3 + i) for i in range(count)]]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("common", COMMON)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_formula(name, common, dtype):
    rule, states, own = RULES[name]
    at = {"lr": 0.1, **own, **common}
    x = arrays(states, dtype)
    expected = rule(*[a.astype("float64").asnumpy() for a in x], at)
    before = x[0].asnumpy()
    out = function(name)(*x, **at)
    tolerance = {"float64": 1e-9, "float32": 1e-5}.get(dtype, 0.02)
    for got, want in zip([out, *x[2:]], expected):
        assert got.dtype == x[0].dtype
        np.testing.assert_allclose(got.astype("float64").asnumpy(), want, rtol=tolerance, atol=tolerance)
    assert (x[0].asnumpy() == before).all()


@pytest.mark.parametrize("name", [n for n in RULES if n != "nag_mom_update"])
def test_in_place(name):
    _, states, own = RULES[name]
    x, y = arrays(states), arrays(states)
    expected = function(name)(*x, lr=0.1, **own)
    assert function(name)(*y, lr="0.1", out=y[0], **own) is y[0]
    for got, want in zip(y[:1] + y[2:], [expected, *x[2:]]):
        np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=1e-6)


@pytest.mark.parametrize("name", ["sgd", "sgd_mom"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_float32_master(name, dtype):
    momentum = {"momentum": 0.9} if name == "sgd_mom" else {}
    states = [uniform(3, 4, seed=3)] if momentum else []
    w, g = uniform(3, 4, seed=1).astype(dtype), uniform(3, 4, seed=2).astype(dtype)
    master = w.astype("float32")
    plain_states = [s.copy() for s in states]
    expected = function(f"{name}_update")(master.copy(), g.astype("float32"), *plain_states, lr=0.1, **momentum)
    function(f"mp_{name}_update")(w, g, *states, master, lr=0.1, out=w, **momentum)
    np.testing.assert_allclose(master.asnumpy(), expected.asnumpy(), rtol=1e-6)
    assert (w.asnumpy() == master.astype(dtype).asnumpy()).all()


def test_no_small_step_is_lost_with_a_master():
    w, g, master = nd.ones(1, dtype="float16"), nd.ones(1, dtype="float16"), nd.ones(1)
    for _ in range(100):
        nd.mp_sgd_update(w, g, master, lr=1e-4, out=w)
    assert abs(w.asscalar() - 0.99) < 1e-3


@pytest.mark.parametrize("master", [False, True])
@pytest.mark.parametrize("momentum", [None, 0.9])
@pytest.mark.parametrize("preloaded", [False, True])
def test_many_weights(master, momentum, preloaded):
    dtype = "float16" if master else "float32"
    name = f"{'mp_' if master else ''}sgd{'_mom' if momentum else ''}_update"
    groups, single, lrs, wds = [], [], (0.1, 0.2), (0.0, 0.1)
    extra = {"momentum": momentum} if momentum else {}
    for i, shape in enumerate([(3, 4), (5,)]):
        w, g = uniform(*shape, seed=i).astype(dtype), uniform(*shape, seed=i + 5).astype(dtype)
        group = [w, g] + ([uniform(*shape, seed=i + 9)] if momentum else []) + ([w.astype("float32")] if master else [])
        single.append([a.copy() for a in group])
        groups.append(group)
    weights = [g[0] for g in groups]
    flat = [a for g in groups for a in g]
    if preloaded:
        getattr(nd, "preloaded_multi_" + name)(*flat, nd.array(lrs), nd.array(wds), num_weights=2, out=weights, **extra)
    else:
        getattr(nd, "multi_" + name)(*flat, lrs=lrs, wds=wds, num_weights=2, out=weights, **extra)
    for group, lr, wd in zip(single, lrs, wds):
        getattr(nd, name)(*group, lr=lr, wd=wd, out=group[0], **extra)
    for got, want in zip(flat, [a for g in single for a in g]):
        np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=1e-3 if master else 1e-6)


def test_lamb():
    w, g, m, v = (a.asnumpy().astype("f8") for a in arrays(2))
    x = arrays(2)
    direction = nd.lamb_update_phase1(*x, t=2, wd=0.1, epsilon=1e-6)
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    expected = m / (1 - 0.9**2) / (np.sqrt(v / (1 - 0.999**2)) + 1e-6) + 0.1 * w
    np.testing.assert_allclose(direction.asnumpy(), expected, rtol=1e-4)
    moved = nd.lamb_update_phase2(x[0], direction, nd.array([1.5]), nd.array([0.5]), lr=0.1, upper_bound=1.0)
    np.testing.assert_allclose(moved.asnumpy(), w - 0.2 * expected, rtol=1e-4, atol=1e-5)
    still = nd.lamb_update_phase2(x[0], direction, nd.array([0.0]), nd.array([0.5]), lr=0.1)
    np.testing.assert_allclose(still.asnumpy(), w - 0.1 * expected, rtol=1e-4, atol=1e-5)
    y = arrays(2)
    nd.contrib.multi_lamb_update([y[0]], [y[1]], [y[2]], [y[3]], step_count=(2,), lrs=(0.1,), wds=(0.1,), out=[y[0]])
    ratio = np.linalg.norm(w) / np.linalg.norm(expected)
    np.testing.assert_allclose(y[0].asnumpy(), w - 0.1 * ratio * expected, rtol=1e-4, atol=1e-5)


def test_master_of_lamb_moves():
    w, master = nd.ones(2, dtype="float16"), nd.ones(2)
    nd.mp_lamb_update_phase2(w, nd.ones(2), nd.array([1.0]), nd.array([1.0]), master, lr=0.1, out=w)
    assert abs(master.asnumpy() - 0.9).max() < 1e-6 and abs(w.asnumpy() - 0.9).max() < 1e-3


def test_adamw_and_its_skipped_steps():
    w, g, m, v = (a.asnumpy().astype("f8") for a in arrays(2))
    x = arrays(2)
    got = nd.contrib.adamw_update(*x, 0.5, lr=0.1, eta=0.9, wd=0.1)
    m2, v2 = 0.9 * m + 0.05 * g, 0.999 * v + 0.001 * (0.5 * g) ** 2
    np.testing.assert_allclose(got.asnumpy(), w - 0.9 * (0.1 * m2 / (np.sqrt(v2) + 1e-8) + 0.1 * w), rtol=1e-4, atol=1e-5)
    for bad in (float("inf"), float("nan"), 0.0):
        x = arrays(2)
        got = nd.contrib.multi_adamw_update([x[0]], [x[1]], [x[2]], [x[3]], nd.array([bad]), out=[x[0]], lrs=(0.1,), wds=(0.1,), etas=(1,))
        np.testing.assert_allclose(x[0].asnumpy(), w, rtol=1e-6)
        np.testing.assert_allclose(x[2].asnumpy(), m, rtol=1e-6)


def test_lars_and_helpers():
    rates = nd.multi_lars(nd.array([0.1, 0.2]), nd.array([4.0, 0.0]), nd.array([1.0, 1.0]), nd.array([0.01, 0.0]), eta=0.1, eps=1e-6)
    np.testing.assert_allclose(rates.asnumpy(), [0.1 * 0.1 * 2 / (1 + 0.02 + 1e-6), 0.2], rtol=1e-5)
    assert nd.multi_sum_sq(nd.ones(3, dtype="float16"), nd.ones((2, 2)), num_arrays=2).asnumpy().tolist() == [3, 4]
    assert nd.all_finite(nd.ones(3)).asscalar() == 1 and nd.multi_all_finite(nd.ones(3), nd.array([np.inf]), num_arrays=2).asscalar() == 0
    flag = nd.zeros(1)
    nd.all_finite(nd.ones(3), init_output=False, out=flag)
    assert flag.asscalar() == 0
    a, b = nd.ones(3), nd.ones((2, 2))
    nd.reset_arrays(a, b, num_arrays=2)
    assert a.asnumpy().sum() + b.asnumpy().sum() == 0


def test_group_adagrad():
    w, g, h = uniform(3, 4), uniform(3, 4, seed=1), nd.ones((3, 1))
    got = nd.contrib.group_adagrad_update(w, g, h, lr=0.1)
    history = 1 + (g.asnumpy() ** 2).mean(1, keepdims=True)
    np.testing.assert_allclose(h.asnumpy(), history, rtol=1e-5)
    np.testing.assert_allclose(got.asnumpy(), w.asnumpy() - 0.1 * g.asnumpy() / np.sqrt(history + 1e-5), rtol=1e-5)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.sgd_update(nd.ones(3), nd.ones(3)), "lr is required"),
        (lambda: nd.sgd_update(nd.ones(3), nd.ones(4), lr=0.1), r"grad has shape \(4,\), weight \(3,\)"),
        (lambda: nd.sgd_update(nd.ones(3, dtype="float16"), nd.ones(3), lr=0.1), "weight is float16 but grad is float32"),
        (lambda: nd.sgd_update(nd.ones(3, dtype="int32"), nd.ones(3, dtype="int32"), lr=0.1), "weight is int32"),
        (lambda: nd.adam_update(nd.ones(3), nd.ones(3), nd.ones(3), nd.ones(4), lr=0.1), "var has shape"),
        (lambda: nd.rmsprop_update(nd.ones(3), nd.ones(3), lr=0.1), "n is missing"),
        (lambda: nd.mp_sgd_update(*[nd.ones(3, dtype="float16")] * 3, lr=0.1), "weight32 is float16, it must be float32"),
        (lambda: nd.multi_sgd_update(nd.ones(3), nd.ones(3), lrs=(0.1,), wds=(0.0, 0.0)), "wds has 2 entries for 1 weights"),
        (lambda: nd.multi_sgd_update(nd.ones(3), lrs=(0.1,), wds=(0.0,)), "got 1 arrays, 1 weights need 2"),
        (lambda: nd.multi_lars(nd.ones(2), nd.ones(1), nd.ones(2), nd.ones(2), eta=0.1, eps=1e-6), "weights_sum_sq has shape"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()
