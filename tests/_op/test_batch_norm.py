"""BatchNorm: statistics, moving averages, gradients."""

import warnings

import numpy as np
import pytest
from layer_helpers import near_float32, run, uniform

import mxnet as mx
from mxnet._op.batch_norm import batch_norm
from mxnet.error import MXNetError

nd = mx.nd


def parameters(channels):
    return [
        uniform(channels, lo=0.5, hi=1.5, seed=1),
        uniform(channels, seed=2),
        uniform(channels, seed=3),
        uniform(channels, lo=0.5, hi=1.5, seed=4),
    ]


def expected(x, gamma, beta, mean, var, axis, eps):
    shape = [1] * x.ndim
    shape[axis] = -1
    return (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + eps) * gamma.reshape(shape) + beta.reshape(shape)


@pytest.mark.parametrize(
    "shape, axis", [((5, 3), 1), ((4, 3, 2), 1), ((4, 2, 3), -1), ((4, 2, 2, 3), 3), ((2, 3, 2, 2, 2), 1), ((3, 5), 0)]
)
@pytest.mark.parametrize("fix_gamma", [True, False])
@pytest.mark.parametrize("training, use_global_stats", [(True, False), (True, True), (False, False)])
def test_values_and_averages(shape, axis, fix_gamma, training, use_global_stats):
    x, p = uniform(*shape), parameters(shape[axis])
    before = [a.asnumpy() for a in p]
    batch = training and not use_global_stats
    axes = tuple(i for i in range(len(shape)) if i != axis % len(shape))
    mean, var = (x.asnumpy().mean(axes), x.asnumpy().var(axes)) if batch else before[2:]
    gamma = np.ones_like(before[0]) if fix_gamma else before[0]
    fn = lambda *a: nd.BatchNorm(*a, *p[2:], axis=axis, fix_gamma=fix_gamma, eps=1e-2, momentum=0.7, use_global_stats=use_global_stats)  # noqa: E731
    y, (dx, dgamma, dbeta) = run(fn, x, *p[:2], train=training)
    np.testing.assert_allclose(y, expected(x.asnumpy(), gamma, before[1], mean, var, axis, 1e-2), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(dbeta, np.full(shape[axis], x.size / shape[axis]), rtol=1e-5)
    if fix_gamma:
        assert (dgamma == 0).all() and (p[0].asnumpy() == 1).all()
    moved = [0.7 * before[2] + 0.3 * mean, 0.7 * before[3] + 0.3 * var] if batch else before[2:]
    np.testing.assert_allclose(p[2].asnumpy(), moved[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(p[3].asnumpy(), moved[1], rtol=1e-5, atol=1e-6)
    if batch:  # a shift of the data changes nothing
        np.testing.assert_allclose(dx.sum(axes), 0, atol=1e-4)


def test_gradient_by_differences():
    x, p = uniform(4, 3, dtype="float64"), [a.astype("float64") for a in parameters(3)]
    head = uniform(4, 3, dtype="float64", seed=9)
    value = lambda a: float((nd.BatchNorm(a, *p, fix_gamma=False) * head).sum().asscalar())  # noqa: E731
    _, (dx,) = run(lambda a: nd.BatchNorm(a, *p, fix_gamma=False), x, head=head)
    with mx.autograd.train_mode():
        for i, j in [(0, 0), (2, 1), (3, 2)]:
            step = np.zeros((4, 3))
            step[i, j] = 1e-5
            slope = (value(x + nd.array(step, dtype="float64")) - value(x - nd.array(step, dtype="float64"))) / 2e-5
            assert abs(slope - dx[i, j]) < 1e-6


def test_averages_wait_for_the_backward_pass():
    x, p = uniform(4, 3), parameters(3)
    before = p[2].asnumpy()
    with mx.autograd.record():
        y = nd.BatchNorm(x, *p)
    assert (p[2].asnumpy() == before).all()
    p[1].attach_grad()
    with mx.autograd.record():
        y = nd.BatchNorm(x, *p)
    y.backward()
    assert (p[2].asnumpy() != before).all()


def test_statistics_as_outputs():
    x, p = uniform(4, 3), parameters(3)
    with mx.autograd.record():
        y, mean, inverse = nd.BatchNorm(x, *p, output_mean_var=True, fix_gamma=False)
    np.testing.assert_allclose(mean.asnumpy(), x.asnumpy().mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(inverse.asnumpy(), 1 / np.sqrt(x.asnumpy().var(0) + 1e-3), rtol=1e-4)
    assert y.shape == (4, 3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("training", [True, False])
def test_half_data_with_float32_parameters(dtype, training):
    p = parameters(3)
    with mx.autograd.record(train_mode=training):
        near_float32(lambda a: nd.BatchNorm(a, *p, fix_gamma=False), uniform(4, 3, 2, 2), dtype=dtype, atol=0.05)


def test_relatives():
    x, p = uniform(4, 3, 2), parameters(3)
    y = nd.BatchNorm(x, *p, fix_gamma=False).asnumpy()
    assert (nd.BatchNorm_v1(x, *p, fix_gamma=False).asnumpy() == y).all()
    assert (nd.contrib.SyncBatchNorm(x, *p, fix_gamma=False, key="k").asnumpy() == y).all()
    assert (nd.contrib.BatchNormWithReLU(x, *p, fix_gamma=False).asnumpy() == np.maximum(y, 0)).all()


def test_unknown_shapes_are_completed():
    names = ("gamma", "beta", "moving_mean", "moving_var")
    got = batch_norm.complete({"data": (2, 3, 8), **dict.fromkeys(names)}, axis=-1)
    assert [got[n] for n in names] == [(8,)] * 4


@pytest.mark.parametrize(
    "arrays, at, text",
    [
        (((2, 3), 3, 3, 3, 2), {}, r"moving_var has shape \(2,\), expected \(3,\)"),
        (((2, 3), 2, 3, 3, 3), {}, r"gamma has shape \(2,\)"),
        (((2, 3), 3, 3, 3, 3), {"axis": 2}, "axis 2 is out of range"),
    ],
)
def test_bad_input(arrays, at, text):
    with pytest.raises(MXNetError, match=text):
        nd.BatchNorm(*[nd.ones(a) for a in arrays], **at)


def test_parameters_of_half_data_are_float32():
    with pytest.raises(MXNetError, match="gamma is float16, for data of float16 it must be float32"):
        nd.BatchNorm(nd.ones((2, 3), dtype="float16"), *[nd.ones(3, dtype="float16")] * 4)


def test_the_synchronized_layer_shows_the_variance():
    x, one = mx.nd.array([[1, 2], [3, 6]]), mx.nd.ones(2)
    with mx.autograd.train_mode():
        _, mean, var = mx.nd.contrib.SyncBatchNorm(x, one, one, one, one, key="key", output_mean_var=True)
    np.testing.assert_allclose(mean.asnumpy(), [2, 4], rtol=1e-5)
    np.testing.assert_allclose(var.asnumpy(), [1, 4], rtol=1e-4)


def test_row_sparse_arrays_with_a_fixed_gamma():
    arrays = [mx.nd.array(v) for v in ([[1, 2], [3, 6]], [5, 5], [0, 1], [0, 0], [1, 1])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = mx.nd.BatchNorm(*(a.tostype("row_sparse") for a in arrays), fix_gamma=True)
    assert (got.asnumpy() == mx.nd.BatchNorm(*arrays, fix_gamma=True).asnumpy()).all()
