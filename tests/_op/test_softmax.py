"""softmax, log_softmax, softmin."""

import numpy as np
import pytest
from layer_helpers import check_gradient, near_float32, run, uniform

import mxnet as mx
from mxnet._op import softmax as softmax_ops
from mxnet.error import MXNetError

nd = mx.nd


def direct(x, axis, temperature=1.0):
    e = np.exp((x - x.max(axis, keepdims=True)) / temperature)
    return e / e.sum(axis, keepdims=True)


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("temperature", [None, 2.5])
def test_values(axis, temperature):
    x = uniform(2, 3, 4, lo=-3, hi=3)
    expected = direct(x.asnumpy(), axis, temperature or 1)
    np.testing.assert_allclose(nd.softmax(x, axis=axis, temperature=temperature).asnumpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(nd.log_softmax(x, axis=axis, temperature=str(temperature)).asnumpy(), np.log(expected), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(nd.softmin(nd.negative(x), axis=axis, temperature=temperature).asnumpy(), expected, rtol=1e-5)


def test_gradients():
    for op in (softmax_ops.softmax, softmax_ops.log_softmax, softmax_ops.softmin):
        check_gradient(op, (2, 3), axis=0, temperature=1.5)


@pytest.mark.parametrize("axis", [1, 2, -2])
def test_lengths(axis):
    x = uniform(2, 3, 4)
    rows = [n for i, n in enumerate(x.shape) if i != axis % 3]
    length = np.random.default_rng(0).integers(0, x.shape[axis] + 1, rows)
    y, (g,) = run(lambda a: nd.softmax(a, nd.array(length, dtype="int32"), use_length=True, axis=axis), x, head=uniform(2, 3, 4, seed=5))
    moved, ymoved, gmoved = (np.moveaxis(a, axis, -1) for a in (x.asnumpy(), y, g))
    for place in np.ndindex(*rows):
        n = length[place]
        assert (ymoved[place][n:] == 0).all() and (gmoved[place][n:] == 0).all() and np.isfinite(gmoved[place]).all()
        if n:
            np.testing.assert_allclose(ymoved[place][:n], direct(moved[place][:n], -1), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half(dtype):
    x = uniform(4, 100, lo=-3, hi=3)
    for fn in (nd.softmax, nd.log_softmax, nd.softmin, lambda a: nd.softmax(a, temperature=3.0)):
        near_float32(fn, x, dtype=dtype)
    assert nd.softmax(x.astype(dtype), dtype="float32").dtype == np.float32
    # 60000 equal scores: the sum of exponentials is beyond float16
    assert float(nd.log_softmax(nd.zeros((1, 60000), dtype=dtype))[0, 0].astype("float32").asscalar()) == pytest.approx(-11.0, rel=0.01)


def test_extremes():
    y = nd.softmax(nd.array([[100.0, 101, 99], [-1000, 0, 1000]])).asnumpy()
    assert np.isfinite(y).all() and y[1].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.softmax(nd.ones((4, 3)), temperature="t"), "temperature must be a number"),
        (lambda: nd.log_softmax(nd.ones((4, 3)), axis=-3), "axis -3 is out of range"),
        (lambda: nd.softmax(nd.ones((4, 3), dtype="int32")), "data is int32"),
        (lambda: nd.softmax(nd.ones((4, 3)), dtype="int32"), "dtype"),
        (lambda: nd.softmax(nd.ones((4, 3)), use_length=True), "length is missing"),
        (lambda: nd.softmax(nd.ones((4, 3)), nd.ones(4), use_length=True), "length is float32"),
        (lambda: nd.softmax(nd.ones((4, 3)), nd.ones(3, dtype="int32"), use_length=True), r"length has shape \(3,\), expected \(4,\)"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()
