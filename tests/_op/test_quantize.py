"""Quantization and layers on quantized data."""

import numpy as np
import pytest
from layer_helpers import uniform

import mxnet as mx
from mxnet.error import MXNetError

nd = mx.nd
q = nd.contrib


def small(*shape, dtype="int8", seed=0):
    low = -100 if dtype == "int8" else 0
    return nd.array(np.random.default_rng(seed).integers(low, 100, shape), dtype=dtype)


def ends(low, high):
    return nd.array([low]), nd.array([high])


@pytest.mark.parametrize("dtype, low", [("int8", -1.0), ("uint8", 0.0)])
def test_there_and_back(dtype, low):
    x = uniform(20, 5, lo=low)
    calibrated = q.quantize_v2(x, out_type=dtype, min_calib_range=low, max_calib_range=1.0)
    for made in (q.quantize(x, *ends(low, 1.0), out_type=dtype), calibrated, q.quantize_v2(x, out_type=dtype)):
        assert made[0].dtype == np.dtype(dtype).type and made[1].shape == made[2].shape == (1,)
        assert abs(q.dequantize(*made).asnumpy() - x.asnumpy()).max() < 0.01


def test_automatic_type_and_clipping():
    x = nd.array([-2.0, 0.5, 3.0])
    assert q.quantize_v2(x, out_type="auto", min_calib_range=0.0, max_calib_range=1.0)[0].dtype == np.uint8
    assert q.quantize_v2(x, out_type="auto", min_calib_range=-1.0, max_calib_range=1.0)[0].asnumpy().tolist() == [-128, 64, 127]
    assert q.quantize_v2(x, out_type="auto")[0].dtype == np.int8


def test_requantize():
    x = nd.array([-(10**9), 5 * 10**8, 2 * 10**9], dtype="int32")
    real = x.asnumpy() * 3.0 / (2**31 - 1)
    for made in (q.requantize(x, *ends(-3.0, 3.0)), q.requantize(x, *ends(-3.0, 3.0), min_calib_range=-3.0, max_calib_range=3.0)):
        np.testing.assert_allclose(q.dequantize(*made).asnumpy(), real, atol=0.03)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_fully_connected_and_convolution(dtype):
    x, w, b = small(3, 8, dtype=dtype), small(5, 8, seed=1), small(5, seed=2)
    low = -1.0 if dtype == "int8" else 0.0
    y, out_low, out_high = q.quantized_fully_connected(x, w, b, *ends(low, 1.0), *ends(-2.0, 2.0), *ends(-1.0, 1.0), num_hidden=5)
    level = out_high.asscalar() / (2**31 - 1)
    one = 255 if dtype == "uint8" else 127
    real = (x.asnumpy() / one) @ (w.asnumpy() / 63.5).T + b.asnumpy() / 127
    assert y.dtype == np.int32 and out_low.asscalar() == -out_high.asscalar()
    np.testing.assert_allclose(y.asnumpy() * level, real, rtol=0.01, atol=0.02)
    x, w = small(1, 4, 6, 6, dtype=dtype), small(3, 4, 3, 3, seed=1)
    at = {"kernel": (3, 3), "num_filter": 3, "no_bias": True}
    y = q.quantized_conv(x, w, min_data=nd.array([low]), max_data=nd.ones(1), min_weight=-nd.ones(1), max_weight=nd.ones(1), **at)[0]
    exact = nd.Convolution(x.astype("float64"), w.astype("float64"), **at)
    assert (y.asnumpy() == exact.asnumpy()).all()


def test_layers_that_keep_the_range():
    x = small(2, 3, 4, 4)
    for made, expected in [
        (q.quantized_pooling(x, *ends(-1, 1), kernel=(2, 2), pool_type="max"), nd.Pooling(x.astype("float32"), kernel=(2, 2)).asnumpy()),
        (q.quantized_act(x, *ends(-1, 1), act_type="relu"), np.maximum(x.asnumpy(), 0)),
        (q.quantized_flatten(x, *ends(-1, 1)), x.asnumpy().reshape(2, -1)),
    ]:
        assert (made[0].asnumpy() == expected).all() and made[0].dtype == np.int8
        assert [made[1].asscalar(), made[2].asscalar()] == [-1, 1]
    average = q.quantized_pooling(x, *ends(-1, 1), kernel=(2, 2), pool_type="avg")[0].asnumpy()
    assert abs(average - nd.Pooling(x.astype("float32"), kernel=(2, 2), pool_type="avg").asnumpy()).max() <= 0.5


def test_sums_products_and_concatenation():
    a, b = small(2, 4), small(2, 4, seed=1)
    real_a, real_b = a.asnumpy() / 127.5, b.asnumpy() / 63.75
    for at in ({}, {"min_calib_range": -3.0, "max_calib_range": 3.0}):
        y, low, high = q.quantized_elemwise_add(a, b, *ends(-1, 1), *ends(-2, 2), **at)
        np.testing.assert_allclose(y.asnumpy() * high.asscalar() / (127 if at else 2**31 - 1), real_a + real_b, atol=0.04)
    product = q.quantized_elemwise_mul(a, b, *ends(-1, 1), *ends(-2, 2), enable_float_output=True)
    np.testing.assert_allclose(product.asnumpy(), real_a * real_b, atol=0.03)
    y, low, high = q.quantized_concat(a, b, *ends(-1, 1), *ends(-2, 2), dim=1)
    assert y.shape == (2, 8) and high.asscalar() == 2
    np.testing.assert_allclose(y.asnumpy() / 63.5, np.concatenate([a.asnumpy() / 127, b.asnumpy() / 63.5], 1), atol=0.01)


def test_embedding_and_batch_norm():
    w = small(5, 3)
    assert (q.quantized_embedding(nd.array([0, 3]), w, *ends(-1, 1), input_dim=5, output_dim=3)[0].asnumpy() == w.asnumpy()[[0, 3]]).all()
    x, p = small(1, 3, 2, 2), [uniform(3, lo=0.5, seed=i) for i in range(4)]
    y, low, high = q.quantized_batch_norm(x, *p, *ends(-1, 1), min_calib_range=-3.0, max_calib_range=3.0)
    real = nd.BatchNorm(x.astype("float32") / 127, *p, fix_gamma=False).asnumpy()
    np.testing.assert_allclose(y.asnumpy() * (3.0 / 127), np.clip(real, -3.03, 3), atol=0.02)


def test_entropy_threshold_cuts_a_far_tail():
    hist = np.ones(255, "f4")
    hist[108:147] = 5000
    threshold, divergence = q.calibrate_entropy(nd.array(hist), nd.array(np.linspace(-2, 2, 256)), num_quantized_bins=31)
    assert 0.3 < threshold.asscalar() < 1.0 and np.isfinite(divergence.asscalar())


def test_asymmetric():
    y, scale, shift = q.quantize_asym(nd.array([-1.0, 0.0, 2.0]))
    assert y.asnumpy().tolist() == [0, 85, 255] and y.dtype == np.uint8
    np.testing.assert_allclose((y.asnumpy() - shift.asscalar()) / scale.asscalar(), [-1, 0, 2], atol=0.01)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: q.quantize(nd.ones(3), *ends(0, 1), out_type="int4"), "out_type must be one of"),
        (lambda: q.dequantize(nd.ones(3), *ends(0, 1)), "data is float32, expected int8 or uint8"),
        (lambda: q.quantized_act(small(3), *ends(0, 1), act_type="tanh"), "act_type 'tanh' is not supported"),
        (lambda: q.quantized_batch_norm(small(1, 3), *[nd.ones(3)] * 4, *ends(0, 1)), "min_calib_range and max_calib_range are required"),
        (lambda: q.quantized_concat(small(2), small(2)), "n pairs"),
        (lambda: q.calibrate_entropy(nd.ones(5), nd.ones(5)), "hist_edges has 5 entries"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()


def test_rnn():
    x = uniform(3, 2, 4)
    parameters, state = uniform(4 * 5 * (4 + 5) + 8 * 5, seed=1), nd.zeros((1, 2, 5))
    at = {"state_size": 5, "num_layers": 1, "mode": "lstm"}
    expected = nd.RNN(x, parameters, state, state, **at).asnumpy()
    data, scale, shift = q.quantize_asym(x)
    got = q.quantized_rnn(data, parameters, state, state, scale, shift, **at)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got.asnumpy(), expected, atol=0.02)
    with pytest.raises(MXNetError, match="mode 'gru' is not supported"):
        q.quantized_rnn(data, parameters, state, state, scale, shift, **{**at, "mode": "gru"})


@pytest.mark.parametrize("dtype, out_type", [("uint8", "int8"), ("uint8", "auto"), ("int8", "uint8")])
def test_quantized_data_pass_through(dtype, out_type):
    x = nd.array([1, 100, 120], dtype=dtype)
    y, low, high = q.quantize_v2(x, out_type=out_type)
    assert y.dtype == np.dtype(dtype).type and y.asnumpy().tolist() == [1, 100, 120]
    assert [low.asscalar(), high.asscalar()] == ([0, 255.5] if dtype == "uint8" else [-127.5, 127.5])
