"""Activation, LeakyReLU, SoftmaxActivation, Dropout."""

from math import erf, sqrt

import numpy as np
import pytest
from layer_helpers import check_gradient, near_float32, run, uniform

import mxnet as mx
from mxnet._op import activation
from mxnet.error import MXNetError

nd = mx.nd
ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softrelu": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
}
LEAKY = {
    "leaky": lambda x: np.where(x > 0, x, 0.3 * x),
    "elu": lambda x: np.where(x > 0, x, 0.3 * np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
}


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_activation(kind):
    x = uniform(3, 4, lo=-4, hi=4, dtype="float64")
    np.testing.assert_allclose(nd.Activation(x, act_type=kind).asnumpy(), ACTIVATIONS[kind](x.asnumpy()), rtol=1e-6)
    check_gradient(activation.activation, (3, 4), act_type=kind)


@pytest.mark.parametrize("kind", LEAKY)
def test_leaky(kind):
    x = uniform(3, 4, lo=-4, hi=4, dtype="float64")
    np.testing.assert_allclose(nd.LeakyReLU(x, act_type=kind, slope=0.3).asnumpy(), LEAKY[kind](x.asnumpy()), rtol=1e-6)
    check_gradient(activation.leaky_relu, (3, 4), act_type=kind, slope=0.3)


def test_gelu():
    assert abs(nd.LeakyReLU(nd.array([1.0]), act_type="gelu").asscalar() - 0.8413447) < 1e-6
    x = uniform(3, 4, lo=-3, hi=3, dtype="float64")
    exact = [v * 0.5 * (1 + erf(v / sqrt(2))) for v in x.asnumpy().ravel()]
    np.testing.assert_allclose(nd.LeakyReLU(x, act_type="gelu").asnumpy().ravel(), exact, rtol=1e-12)
    check_gradient(activation.leaky_relu, (3, 4), act_type="gelu")


@pytest.mark.parametrize("shape, gamma", [((2, 3, 4), (3,)), ((2, 3), (1,)), ((4,), (4,)), ((2, 3, 4), (2, 3, 4))])
def test_prelu(shape, gamma):
    x, g = uniform(*shape), uniform(*gamma, seed=1)
    aligned = g.asnumpy().reshape(-1, *[1] * (len(shape) - 2)) if len(gamma) == 1 and len(shape) > 1 else g.asnumpy()
    y, (dx, dg) = run(lambda *a: nd.LeakyReLU(*a, act_type="prelu"), x, g)
    negative = np.where(x.asnumpy() > 0, 0, x.asnumpy())
    np.testing.assert_allclose(y, np.where(x.asnumpy() > 0, x.asnumpy(), aligned * x.asnumpy()), rtol=1e-5)
    assert dg.shape == gamma and abs(dg.sum() - negative.sum()) < 1e-4


def test_rrelu():
    x = uniform(50, 50)
    y, slopes = nd.LeakyReLU(x, act_type="rrelu", lower_bound=0.1, upper_bound=0.5)
    np.testing.assert_allclose(y.asnumpy(), np.where(x.asnumpy() > 0, x.asnumpy(), 0.3 * x.asnumpy()), rtol=1e-5)
    with mx.autograd.record():
        y, slopes = nd.LeakyReLU(x, act_type="rrelu", lower_bound=0.1, upper_bound=0.5)
    below = slopes.asnumpy()[x.asnumpy() < 0]
    assert 0.1 <= below.min() < 0.15 and 0.45 < below.max() <= 0.5
    np.testing.assert_allclose(y.asnumpy(), x.asnumpy() * slopes.asnumpy(), rtol=1e-6)


def test_softmax_activation():
    x = uniform(2, 3, 4)
    e = np.exp(x.asnumpy())
    np.testing.assert_allclose(nd.SoftmaxActivation(x, mode="channel").asnumpy(), e / e.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(nd.SoftmaxActivation(x).asnumpy(), e / e.sum((1, 2), keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half(dtype):
    for kind in ACTIVATIONS:
        near_float32(lambda a, kind=kind: nd.Activation(a, act_type=kind), uniform(4, 5), dtype=dtype)
    for kind in (*LEAKY, "gelu"):
        near_float32(lambda a, kind=kind: nd.LeakyReLU(a, act_type=kind), uniform(4, 5), dtype=dtype)


def test_dropout():
    x = nd.ones((100, 100))
    assert (nd.Dropout(x, p=0.5).asnumpy() == 1).all()
    y, (g,) = run(lambda a: nd.Dropout(a, p=0.25), x)
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)} and abs(y.mean() - 1) < 0.05
    assert (g == y).all()  # the same mask
    always = nd.Dropout(x, p=0.5, mode="always", axes=(0,)).asnumpy()
    assert (always == always[:1]).all() and 0 < (always[0] == 0).mean() < 1
    assert (nd.Dropout(x, p=1, mode="always").asnumpy() == 0).all()


def test_dropout_follows_the_seed_and_copies():
    x = nd.ones((20, 20))
    mx.random.seed(3)
    first = nd.Dropout(x, mode="always").asnumpy()
    mx.random.seed(3)
    assert (nd.Dropout(x, mode="always").asnumpy() == first).all()
    y = nd.Dropout(x)
    y[:] = 5
    assert (x.asnumpy() == 1).all()


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.Activation(nd.ones(3), act_type="swish"), "act_type must be one of"),
        (lambda: nd.Activation(nd.ones(3, dtype="int32"), act_type="relu"), "data is int32"),
        (lambda: nd.LeakyReLU(nd.ones(3), act_type="nope"), "act_type must be one of"),
        (lambda: nd.LeakyReLU(nd.ones((2, 3)), act_type="prelu"), "gamma is missing"),
        (lambda: nd.LeakyReLU(nd.ones((2, 3)), nd.ones(2), act_type="prelu"), r"gamma has shape \(2,\)"),
        (lambda: nd.LeakyReLU(nd.ones((2, 3, 4)), nd.ones((3, 4)), act_type="prelu"), "does not fit data"),
        (lambda: nd.Dropout(nd.ones(3), p=1.5), "p is 1.5, it must be within 0 ... 1"),
        (lambda: nd.Dropout(nd.ones(3), axes=(1,), mode="always"), "axis 1 in axes"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()


def test_prelu_with_a_slope_for_each_sample_and_channel():
    x, gamma = -nd.ones((2, 3, 2)), nd.array([[1, 2, 3], [4, 5, 6]])
    y = nd.LeakyReLU(x, gamma, act_type="prelu")
    assert y.asnumpy()[:, :, 0].tolist() == [[-1, -2, -3], [-4, -5, -6]]
    symbol = mx.sym.LeakyReLU(mx.sym.Variable("x"), gamma=mx.sym.Variable("gamma"), act_type="prelu")
    assert symbol.infer_shape(x=(2, 3, 2), gamma=(2, 3))[1] == [(2, 3, 2)]
