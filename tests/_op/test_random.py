"""Random operators: moments, types, shapes, seeds, densities, errors."""

import math

import numpy as np
import pytest
import scipy.stats as st
import torch

import mxnet as mx
from mxnet.error import MXNetError

nd = mx.nd
N = 20000
# distribution, parameters, mean, variance
CASES = [
    ("uniform", (-1.0, 3.0), 1.0, 16 / 12),
    ("normal", (2.0, 1.5), 2.0, 2.25),
    ("gamma", (2.0, 1.5), 3.0, 4.5),
    ("exponential", (2.0,), 2.0, 4.0),
    ("poisson", (3.0,), 3.0, 3.0),
    ("negative_binomial", (4, 0.4), 6.0, 15.0),
    ("generalized_negative_binomial", (2.0, 0.5), 2.0, 4.0),
]


@pytest.mark.parametrize("name, params, mean, var", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_moments(name, params, mean, var, dtype):
    mx.random.seed(3)
    x = getattr(nd.random, name)(*params, shape=(N,), dtype=dtype)
    values = x._d.double()
    assert x._d.dtype == getattr(torch, dtype)
    assert abs(values.mean() - mean) < 5 * math.sqrt(var / N) + 0.01 * abs(mean)
    assert abs(values.var() / var - 1) < 0.15


@pytest.mark.parametrize("name, params, mean, var", CASES)
def test_arrays_as_parameters(name, params, mean, var):
    mx.random.seed(4)
    arrays = [nd.array([p, p]) for p in params]
    if name == "exponential":
        arrays = [nd.array([0.5, 0.5])]  # sample_exponential takes the rate
        x = nd.sample_exponential(*arrays, shape=(N, 2))
    else:
        x = getattr(nd.random, name)(*arrays, shape=(N, 2))
    assert x.shape == (2, N, 2)
    assert np.allclose(x.asnumpy().mean((1, 2)), mean, atol=5 * math.sqrt(var / N))


@pytest.mark.parametrize("name, params, mean, var", CASES)
def test_like(name, params, mean, var):
    like = getattr(nd.random, f"{name}_like")
    for dtype in ("float32", "float16", "int32"):
        x = like(nd.zeros((3, 4), dtype=dtype))
        assert x.shape == (3, 4) and x.dtype == np.dtype(dtype)


def test_defaults_and_out():
    assert nd.random.uniform().shape == (1,) and nd.random.uniform(shape=3).shape == (3,)
    assert nd.random.randn(2, 3, loc=100, scale=0.1).asnumpy().min() > 90
    out = nd.zeros((2, 2), dtype="float64")
    assert nd.random.uniform(1, 2, out=out) is out and (out.asnumpy() >= 1).all()
    assert nd.random_uniform(low=0, high=1, shape=(2,)).shape == nd.uniform(low=0, high=1, shape="(2,)").shape == (2,)
    assert nd.random.normal(dtype="float64").dtype == np.float64
    assert nd.random.uniform(0, 1, shape=(0, 3)).shape == (0, 3)


def test_randint():
    mx.random.seed(0)
    x = nd.random.randint(-3, 5, shape=(1000,))
    assert x.dtype == np.int32 and sorted(set(x.asnumpy())) == list(range(-3, 5))
    assert nd.random.randint(2**40, 2**40 + 2, dtype="int64").asscalar() >= 2**40


def test_seed_repeats_and_differs_by_context():
    mx.random.seed(7)
    a, b = nd.random.normal(shape=(5,)).asnumpy(), nd.random.normal(shape=(5,)).asnumpy()
    mx.random.seed(7)
    assert (nd.random.normal(shape=(5,)).asnumpy() == a).all() and (a != b).any()
    mx.random.seed(7)
    assert (nd.random.normal(shape=(5,), ctx=mx.cpu(1)).asnumpy() != a).any()
    mx.random.seed(9, ctx=mx.cpu(1))
    c = nd.random.normal(shape=(5,), ctx=mx.cpu(1)).asnumpy()
    mx.random.seed(9, ctx="cpu(1)")
    assert (nd.random.normal(shape=(5,), ctx=mx.cpu(1)).asnumpy() == c).all()


def test_other_generators_stay_untouched():
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    mx.random.seed(1)
    nd.random.gamma(shape=(10,))
    nd.shuffle(nd.zeros((4,)))
    nd.sample_multinomial(nd.array([0.5, 0.5]), shape=4)
    assert (torch.random.get_rng_state() == before[0]).all() and (np.random.get_state()[1] == before[1]).all()


def test_multinomial():
    mx.random.seed(1)
    p = nd.array([[0.1, 0.2, 0.7], [1.0, 0.0, 0.0]])
    x, logp = nd.random.multinomial(p, shape=(N,), get_prob=True)
    counts = np.bincount(x.asnumpy()[0], minlength=3) / N
    assert np.allclose(counts, [0.1, 0.2, 0.7], atol=0.02) and (x.asnumpy()[1] == 0).all() and x.dtype == np.int32
    assert np.allclose(logp.asnumpy()[0], np.log(p.asnumpy()[0][x.asnumpy()[0]]))
    assert nd.random.multinomial(nd.array([0.0, 0.1]), shape=100).asnumpy().min() == 1
    assert nd.random.multinomial(p).shape == (2,) and nd.random.multinomial(p[0]).shape == (1,)
    assert nd.random.multinomial(p, shape=(2, 3), dtype="float64").shape == (2, 2, 3)


def test_multinomial_log_probabilities_have_a_gradient():
    p = nd.array([0.25, 0.75])
    p.attach_grad()
    with mx.autograd.record():
        x, logp = nd.random.multinomial(p, shape=4, get_prob=True)
    logp.backward()
    counts = np.bincount(x.asnumpy(), minlength=2)
    assert np.allclose(p.grad.asnumpy(), counts / p.asnumpy())


def test_shuffle_and_zipfian():
    x = nd.array(np.arange(40).reshape(20, 2))
    y = nd.shuffle(x).asnumpy()
    assert sorted(y[:, 0]) == list(range(0, 40, 2)) and (y[:, 1] == y[:, 0] + 1).all()
    classes, tries = nd._internal._sample_unique_zipfian(50, shape=(3, 20))
    assert classes.dtype == np.int64 and all(len(set(r)) == 20 for r in classes.asnumpy()) and (tries.asnumpy() >= 20).all()
    assert classes.asnumpy().max() < 50
    samples, of_true, of_samples = nd.contrib.rand_zipfian(nd.array([3]), 4, 10)
    assert np.allclose(of_true.asnumpy(), 4 * math.log(5 / 4) / math.log(11)) and samples.dtype == np.int64 and of_samples.shape == (4,)


DENSITIES = [
    ("uniform", [-1, 0.5], [[-0.5, 1.0]], [[3.0, 2.0]], lambda x, a, b: st.uniform.logpdf(x, a, b - a), False),
    ("normal", [-1, 0.5], [[-0.5, 1.0]], [[3.0, 2.0]], lambda x, a, b: st.norm.logpdf(x, a, b), True),
    ("gamma", [1, 0.5], [[1.5, 1.0]], [[3.0, 2.0]], lambda x, a, b: st.gamma.logpdf(x, a, scale=1 / b), True),
    ("exponential", [1, 0.5], [[1.5, 1.0]], None, lambda x, a: st.expon.logpdf(x, scale=1 / a), True),
    ("poisson", [1, 3], [[1.5, 1.0]], None, lambda x, a: st.poisson.logpmf(x, a), False),
    ("negative_binomial", [1, 3], [[1.5, 2.0]], [[0.4, 0.7]], lambda x, a, b: st.nbinom.logpmf(x, a, b), False),
    (
        "generalized_negative_binomial",
        [1, 3],
        [[1.5, 2.0]],
        [[0.4, 0.7]],
        lambda x, m, a: st.nbinom.logpmf(x, 1 / a, 1 / (m * a + 1)),
        False,
    ),
]


@pytest.mark.parametrize("name, sample, first, second, want, continuous", DENSITIES)
@pytest.mark.parametrize("is_log", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_densities(name, sample, first, second, want, continuous, is_log, dtype):
    params = [p for p in (first, second) if p is not None]
    if name == "uniform":
        sample = [0.5, 1.5]
    x = np.array([sample] * 2).T  # (parameters, samples)
    arrays = [nd.array(np.array(p)[0], dtype=dtype) for p in params]
    got = getattr(nd, f"random_pdf_{name}")(nd.array(x, dtype=dtype), *arrays, is_log=is_log)
    value = want(x, *[np.array(p)[0][:, None] for p in params])
    assert got.dtype == np.dtype(dtype)
    assert np.allclose(got.asnumpy(), value if is_log else np.exp(value), rtol=1e-2 if dtype == "float16" else 1e-4, atol=1e-3)


@pytest.mark.parametrize("name", [d[0] for d in DENSITIES])
def test_density_gradients(name):
    row = next(d for d in DENSITIES if d[0] == name)
    params = [nd.array(np.array(p)[0], dtype="float64") for p in row[2:4] if p is not None]
    x = nd.array([[0.6, 1.5], [1.2, 1.7]], dtype="float64")
    if not row[5] and name != "uniform":
        x = nd.array([[1, 2], [3, 0]], dtype="float64")
    fn = getattr(nd, f"random_pdf_{name}")
    for a in (x, *params):
        a.attach_grad()
        a.grad[:] = 7
    with mx.autograd.record():
        y = fn(x, *params)
    y.backward()
    assert row[5] or (x.grad.asnumpy() == 0).all()
    for a in ([x] if row[5] else []) + params:
        found = a.grad.asnumpy().ravel()
        for i in range(a.size):
            moved = []
            for h in (1e-5, -1e-5):
                b = a.asnumpy().copy()
                b.ravel()[i] += h
                b = nd.array(b, dtype="float64")
                moved.append(fn(*[b if c is a else c for c in (x, *params)]).asnumpy().sum())
            assert abs((moved[0] - moved[1]) / 2e-5 - found[i]) < 1e-5


def test_dirichlet_density():
    x, a = np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]), np.array([1.0, 2.0, 3.0])
    want = [st.dirichlet.pdf(row, a) for row in x]
    assert np.allclose(nd.random_pdf_dirichlet(nd.array(x), nd.array(a)).asnumpy(), want, rtol=1e-4)
    got = nd.random_pdf_dirichlet(nd.array(x[None]), nd.array(a[None]), is_log=True)
    assert got.shape == (1, 2) and np.allclose(got.asnumpy()[0], np.log(want), rtol=1e-4)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: nd.random.uniform(3, 1), MXNetError, "low <= high, got low=3.0, high=1.0"),
        (lambda: nd.random.normal(0, 0), MXNetError, "scale > 0"),
        (lambda: nd.random.gamma(-1, 1), MXNetError, "alpha > 0"),
        (lambda: nd.random.exponential(-1), MXNetError, "lam > 0"),
        (lambda: nd.random.poisson(-1), MXNetError, "lam >= 0"),
        (lambda: nd.random.negative_binomial(1, 0), MXNetError, "0 < p <= 1"),
        (lambda: nd.random.negative_binomial(1.5, 0.5), MXNetError, "k must be an int"),
        (lambda: nd.random.randint(5, 5), MXNetError, "low 5 must be below high 5"),
        (lambda: nd.random.randint(0, 5, dtype="float32"), MXNetError, "int32 or int64"),
        (lambda: nd.random.uniform(dtype="int32"), MXNetError, "dtype int32 must be one of"),
        (lambda: nd.random.uniform(0, nd.array([1, 2])), AssertionError, "all arrays or all numbers"),
        (lambda: nd.random.uniform("a", 1), ValueError, "must be an NDArray or a number"),
        (lambda: nd.random.uniform(0, 1, foo=2), TypeError, "unknown argument 'foo'"),
        (lambda: nd.sample_normal(nd.zeros((2,)), nd.ones((1,))), MXNetError, "mu has shape"),
        (lambda: nd.sample_poisson(nd.array([1, -5])), MXNetError, "lam >= 0"),
        (lambda: nd.random.multinomial(nd.array([-0.5, 0.5])), MXNetError, "negative probabilities"),
        (lambda: nd.random.multinomial(nd.array([0, 1], dtype="int32")), MXNetError, "floating-point"),
        (lambda: nd.random.multinomial(nd.array([0.5, 0.5]), dtype="int64"), MXNetError, "int64 is not supported"),
        (lambda: nd._internal._sample_unique_zipfian(3, shape=(1, 5)), MXNetError, "5 distinct samples of 3"),
        (lambda: nd.random_pdf_normal(nd.zeros((4,)), nd.zeros((1,)), nd.ones((1,))), MXNetError, "must begin with"),
        (lambda: mx.random.seed("a"), ValueError, "seed_state must be int"),
        (lambda: mx.random.seed(1.5), ValueError, "seed_state must be int"),
        (lambda: mx.random.seed(1, ctx="moon"), MXNetError, "cannot read 'moon'"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("dtype, most", [("uint8", 256), ("float16", 2049)])
def test_a_type_must_have_a_number_for_each_class(dtype, most):
    assert mx.nd.random.multinomial(mx.nd.zeros(most), dtype=dtype).asscalar() == most - 1
    with pytest.raises(MXNetError, match=f"names {most} at most"):
        mx.nd.random.multinomial(mx.nd.zeros(most + 1), dtype=dtype)
