"""LayerNorm, GroupNorm, InstanceNorm, L2Normalization, LRN, UpSampling, BilinearResize2D."""

import numpy as np
import pytest
from layer_helpers import check_gradient, near_float32, uniform

import mxnet as mx
from mxnet._op import normalization, resize
from mxnet.error import MXNetError

nd = mx.nd


def standard(x, axes, eps):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


@pytest.mark.parametrize("axis", [-1, 0, 1, 2])
def test_layer_norm(axis):
    x = uniform(2, 3, 4)
    n = x.shape[axis]
    gamma, beta = uniform(n, seed=1), uniform(n, seed=2)
    shape = [1, 1, 1]
    shape[axis] = n
    expected = standard(x.asnumpy(), axis, 1e-2) * gamma.asnumpy().reshape(shape) + beta.asnumpy().reshape(shape)
    y, mean, std = nd.LayerNorm(x, gamma, beta, axis=axis, eps=1e-2, output_mean_var=True)
    np.testing.assert_allclose(y.asnumpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(mean.asnumpy(), x.asnumpy().mean(axis, keepdims=True), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(std.asnumpy(), np.sqrt(x.asnumpy().var(axis, keepdims=True) + 1e-2), rtol=1e-5)
    assert (nd.LayerNorm(x, gamma, beta, axis=str(axis), eps="0.01").asnumpy() == y.asnumpy()).all()


def test_group_norm():
    x, gamma, beta = uniform(2, 6, 5), uniform(3, seed=1), uniform(3, seed=2)
    groups = standard(x.asnumpy().reshape(2, 3, 2, 5), (2, 3), 1e-3)
    expected = groups * gamma.asnumpy().reshape(1, 3, 1, 1) + beta.asnumpy().reshape(1, 3, 1, 1)
    y, mean, std = nd.GroupNorm(x, gamma, beta, num_groups=3, eps=1e-3, output_mean_var=True)
    np.testing.assert_allclose(y.asnumpy(), expected.reshape(2, 6, 5), rtol=1e-4, atol=1e-5)
    assert mean.shape == std.shape == (2, 3)


def test_instance_norm():
    x, gamma, beta = uniform(2, 3, 4, 2), uniform(3, seed=1), uniform(3, seed=2)
    expected = standard(x.asnumpy(), (2, 3), 1e-3) * gamma.asnumpy().reshape(1, 3, 1, 1) + beta.asnumpy().reshape(1, 3, 1, 1)
    np.testing.assert_allclose(nd.InstanceNorm(x, gamma, beta).asnumpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "mode, axes, shape", [("instance", (1, 2), (2, 3, 4)), ("channel", 1, (2, 3, 4)), ("spatial", (2, 3), (2, 3, 2, 2))]
)
def test_l2_normalization(mode, axes, shape):
    x = uniform(*shape)
    expected = x.asnumpy() / np.sqrt((x.asnumpy() ** 2).sum(axes, keepdims=True) + 1e-10)
    np.testing.assert_allclose(nd.L2Normalization(x, mode=mode).asnumpy(), expected, rtol=1e-5)


def test_lrn():
    x = uniform(2, 6, 3, 3)
    squares = np.pad(x.asnumpy() ** 2, [(0, 0), (1, 1), (0, 0), (0, 0)])
    window = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    got = nd.LRN(x, nsize=3, alpha=0.3, beta=0.6, knorm=1.5)
    np.testing.assert_allclose(got.asnumpy(), x.asnumpy() * (1.5 + 0.1 * window) ** -0.6, rtol=1e-5)


def test_gradients():
    check_gradient(normalization.layer_norm, (2, 3, 4), (3,), (3,), axis=1)
    check_gradient(normalization.group_norm, (2, 4, 3), (2,), (2,), num_groups=2)
    check_gradient(normalization.instance_norm, (2, 3, 4), (3,), (3,))
    check_gradient(normalization.l2_normalization, (2, 3, 4), mode="channel")
    check_gradient(normalization.lrn, (1, 4, 2, 2), nsize=3, alpha=0.2)
    check_gradient(resize.up_sampling, (1, 2, 3, 3), (2, 1, 4, 4), scale=2, sample_type="bilinear", num_filter=2)
    check_gradient(resize.bilinear_resize, (1, 2, 4, 5), height=7, width=3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half(dtype):
    one, zero = nd.ones(4), nd.zeros(4)
    x = uniform(3, 4, 4)
    for fn in (nd.LayerNorm, nd.InstanceNorm, lambda *a: nd.GroupNorm(*a, num_groups=4)):
        near_float32(fn, x, one, zero, dtype=dtype, atol=0.05)
    near_float32(nd.L2Normalization, x, dtype=dtype)
    near_float32(lambda a: nd.LRN(a, nsize=3), uniform(1, 4, 2, 2), dtype=dtype)
    near_float32(lambda a: nd.UpSampling(a, scale=2, sample_type="nearest"), uniform(1, 2, 3, 3), dtype=dtype)
    # 70000 is no float16: the sum of squares must not be one
    assert abs(float(nd.L2Normalization(nd.array([[300.0, 400.0]], dtype=dtype))[0, 0].astype("float32").asscalar()) - 0.6) < 0.01


def test_up_sampling():
    x, y = uniform(1, 2, 2, 3), uniform(1, 1, 4, 6, seed=1)
    big = x.asnumpy().repeat(2, 2).repeat(2, 3)
    assert (nd.UpSampling(x, scale=2, sample_type="nearest", num_args=1).asnumpy() == big).all()
    both = nd.UpSampling(x, y, scale=2, sample_type="nearest", num_args=2)
    assert (both.asnumpy() == np.concatenate([big, y.asnumpy()], 1)).all()
    total = nd.UpSampling(x, x, scale=2, sample_type="nearest", multi_input_mode="sum", num_args=2)
    assert (total.asnumpy() == 2 * big).all()


@pytest.mark.parametrize(
    "at, size",
    [
        ({"height": 3, "width": 9}, (3, 9)),
        ({"scale_height": 0.6, "scale_width": 1.7}, (3, 11)),
        ({"mode": "odd_scale", "scale_height": 0.5, "scale_width": 2.0}, (3, 13)),
        ({"mode": "to_even_down"}, (6, 6)),
        ({"mode": "to_even_up"}, (6, 8)),
        ({"mode": "to_odd_down"}, (5, 7)),
        ({"mode": "to_odd_up"}, (7, 7)),
    ],
)
def test_resized_shapes(at, size):
    assert nd.contrib.BilinearResize2D(uniform(1, 2, 6, 7), **at).shape == (1, 2, *size)


def test_resize_to_another_array():
    assert nd.contrib.BilinearResize2D(uniform(1, 2, 6, 7), nd.ones((1, 1, 3, 4)), mode="like").shape == (1, 2, 3, 4)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.LayerNorm(nd.ones((3, 4)), nd.ones(3), nd.ones(3)), r"gamma has shape \(3,\), expected \(4,\)"),
        (lambda: nd.LayerNorm(nd.ones((3, 4)), nd.ones(3), nd.ones(3), axis=2), "axis 2 is out of range"),
        (lambda: nd.GroupNorm(nd.ones((2, 3, 4)), nd.ones(2), nd.ones(2), num_groups=2), "num_groups 2 must divide"),
        (lambda: nd.InstanceNorm(nd.ones((2, 3, 4)), nd.ones(4), nd.ones(4)), "gamma has shape"),
        (lambda: nd.L2Normalization(nd.ones((2, 3)), mode="channel"), "at least 3 dimensions"),
        (lambda: nd.L2Normalization(nd.ones((2, 3)), mode="foo"), "mode must be one of"),
        (lambda: nd.LRN(nd.ones((1, 4, 2, 2)), nsize=2), "nsize 2 must be odd"),
        (lambda: nd.LayerNorm(nd.ones((3, 4)), nd.ones(4, dtype="float64"), nd.ones(4)), "gamma is float64"),
        (lambda: nd.UpSampling(nd.ones((1, 2, 3)), scale=2, sample_type="nearest"), "4 dimensions"),
        (lambda: nd.contrib.BilinearResize2D(nd.ones((1, 2, 3, 3)), mode="like"), "like is missing"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()


def test_groups_of_single_values_give_beta():
    one, two = mx.nd.ones(1), mx.nd.full(1, 2)
    x = mx.nd.full((1, 1, 1), 7)
    np.testing.assert_allclose(mx.nd.InstanceNorm(x, one, two).asnumpy(), [[[2]]], rtol=1e-4)
    np.testing.assert_allclose(mx.nd.GroupNorm(x, one, two, num_groups=1).asnumpy(), [[[2]]], rtol=1e-4)
