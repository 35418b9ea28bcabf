"""Loss outputs: their gradients are decreed."""

import numpy as np
import pytest
from layer_helpers import run, uniform

import mxnet as mx
from mxnet._op import loss_output, softmax_output
from mxnet.error import MXNetError

nd = mx.nd


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def softmax_gradient(label, head=None, **at):
    x = uniform(4, 3, lo=-2, hi=2)
    y, (g, _) = run(lambda *a: nd.SoftmaxOutput(*a, **at), x, label, head=head)
    np.testing.assert_allclose(y, softmax(x.asnumpy(), 1), rtol=1e-5)
    return y, g


LABEL = [0, 2, 1, 1]
ONEHOT = np.eye(3)[LABEL]


@pytest.mark.parametrize(
    "at, factor",
    [
        ({}, [1, 1, 1, 1]),
        ({"grad_scale": 2}, [2, 2, 2, 2]),
        ({"normalization": "batch"}, [0.25] * 4),
        ({"normalization": "valid", "ignore_label": 1}, [0.5] * 4),
        ({"use_ignore": True, "ignore_label": 1}, [1, 1, 0, 0]),
        ({"use_ignore": "True", "ignore_label": "1", "normalization": "valid", "grad_scale": "3"}, [1.5, 1.5, 0, 0]),
    ],
)
def test_softmax_output(at, factor):
    for head in (None, nd.ones((4, 3)) * 5):
        y, g = softmax_gradient(nd.array(LABEL), head, **at)
        np.testing.assert_allclose(g, (y - ONEHOT) * np.array(factor)[:, None], rtol=1e-4, atol=1e-6)


def test_softmax_output_options():
    y, g = softmax_gradient(nd.array(LABEL), smooth_alpha=0.2)
    np.testing.assert_allclose(g, y - (0.8 * ONEHOT + 0.1 * (1 - ONEHOT)), rtol=1e-4, atol=1e-6)
    target = uniform(4, 3, lo=0, seed=8)
    y, g = softmax_gradient(target, normalization="batch", grad_scale=0.5)
    np.testing.assert_allclose(g, (y - target.asnumpy()) * 0.5, rtol=1e-4, atol=1e-6)
    head = uniform(4, 3, seed=9)
    y, g = softmax_gradient(nd.array(LABEL), head, out_grad=True)
    np.testing.assert_allclose(g, (y - ONEHOT) * head.asnumpy(), rtol=1e-4, atol=1e-6)
    y, g = softmax_gradient(nd.array([0, 7, -3, 1]))
    np.testing.assert_allclose(g[1:3], y[1:3], rtol=1e-5)


@pytest.mark.parametrize("label_shape", [(2, 2, 2), (2, 4), (2, 1, 2, 2)])
def test_softmax_output_over_channels(label_shape):
    x, label = uniform(2, 3, 2, 2), np.random.default_rng(1).integers(0, 3, (2, 2, 2))
    y, (g,) = run(lambda a: nd.SoftmaxOutput(a, nd.array(label.reshape(label_shape)), multi_output=True), x)
    onehot = np.moveaxis(np.eye(3)[label], -1, 1)
    np.testing.assert_allclose(y, softmax(x.asnumpy(), 1), rtol=1e-5)
    np.testing.assert_allclose(g, (y - onehot) / 4, rtol=1e-4, atol=1e-6)


def test_softmax_output_keeps_the_shape():
    x, label = uniform(2, 3, 4), np.random.default_rng(1).integers(0, 4, (2, 3))
    y, (g,) = run(lambda a: nd.Softmax(a, nd.array(label), preserve_shape=True), x)
    np.testing.assert_allclose(g, y - np.eye(4)[label], rtol=1e-4, atol=1e-6)
    assert abs(y.sum(-1) - 1).max() < 1e-5
    flat = nd.SoftmaxOutput(x, nd.array([0, 1]))
    assert abs(flat.asnumpy().sum((1, 2)) - 1).max() < 1e-5


@pytest.mark.parametrize(
    "name, forward, difference",
    [
        ("LinearRegressionOutput", lambda x: x, lambda y, t: y - t),
        ("MAERegressionOutput", lambda x: x, lambda y, t: np.sign(y - t)),
        ("LogisticRegressionOutput", lambda x: 1 / (1 + np.exp(-x)), lambda y, t: y - t),
    ],
)
@pytest.mark.parametrize("shape, label_shape", [((4, 3), (4, 3)), ((4, 1), (4,)), ((4,), (4, 1)), ((2, 3, 2), (2, 3, 2))])
def test_regression(name, forward, difference, shape, label_shape):
    x, label = uniform(*shape), uniform(*label_shape, lo=0, seed=1)
    y, (g, dlabel) = run(lambda *a: getattr(nd, name)(*a, grad_scale=0.5), x, label, head=nd.ones(shape) * 3)
    outputs = int(np.prod(label_shape[1:]))
    np.testing.assert_allclose(y, forward(x.asnumpy()), rtol=1e-5)
    np.testing.assert_allclose(g, difference(y, label.asnumpy().reshape(shape)) * 0.5 / outputs, rtol=1e-4, atol=1e-6)
    assert (dlabel == 7).all()  # what `run` filled it with: the original leaves a label's gradient array alone


@pytest.mark.parametrize("use_linear", [False, True])
def test_svm(use_linear):
    x, label = uniform(4, 3, lo=-2, hi=2), np.array([0, 2, 1, 1])
    at = {"margin": 0.7, "regularization_coefficient": 1.5, "use_linear": use_linear}
    y, (g,) = run(lambda a: nd.SVMOutput(a, nd.array(label), **at), x)
    target = 2 * np.eye(3)[label] - 1
    slack = np.maximum(0, 0.7 - target * y)
    np.testing.assert_allclose(g, -1.5 * target * ((slack > 0) if use_linear else 2 * slack), rtol=1e-4, atol=1e-6)


def test_made_losses():
    x = nd.array([[0.5, -1.0], [2.0, 3.0]])
    for at, value in (({}, 2.0), ({"normalization": "batch"}, 1.0), ({"normalization": "valid", "valid_thresh": 1.0}, 1.0)):
        y, (g,) = run(lambda a, at=at: nd.MakeLoss(a, grad_scale=2.0, **at), x, head=nd.ones((2, 2)) * 9)
        assert (y == x.asnumpy()).all() and (g == value).all()
    _, (g,) = run(lambda a: nd.make_loss(a * 3), x, head=nd.ones((2, 2)) * 9)
    assert (g == 3).all()


def test_cross_entropy():
    x, label = uniform(4, 3), nd.array(LABEL)
    y, (g, _) = run(nd.softmax_cross_entropy, x, label, head=nd.array([3.0]))
    p = softmax(x.asnumpy(), 1)
    np.testing.assert_allclose(y, [-np.log(p[range(4), LABEL]).sum()], rtol=1e-5)
    np.testing.assert_allclose(g, 3 * (p - ONEHOT), rtol=1e-4, atol=1e-6)


def test_sparse_regularization():
    x, average = uniform(3, 4, lo=0.1, hi=0.9), nd.ones(4) * 0.3
    _, (g,) = run(lambda a: nd.IdentityAttachKLSparseReg(a, average, sparseness_target=0.2, penalty=0.5), x)
    moved = 0.27 + 0.1 * x.asnumpy().mean(0)
    np.testing.assert_allclose(average.asnumpy(), moved, rtol=1e-5)
    np.testing.assert_allclose(g, np.broadcast_to(1 + 0.5 * (0.8 / (1 - moved) - 0.2 / moved), (3, 4)), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_types(dtype):
    x, label = uniform(4, 3).astype(dtype), nd.array(LABEL, dtype="float32").astype(dtype)
    for fn in (nd.SoftmaxOutput, nd.SVMOutput):
        x.attach_grad()
        with mx.autograd.record():
            y = fn(x, label)
        y.backward()
        assert y.dtype == x.dtype and np.isfinite(x.grad.astype("float32").asnumpy()).all()


def test_labels_are_completed():
    complete = softmax_output.softmax_output.complete
    assert complete({"data": (4, 3, 2), "label": None}, multi_output=True)["label"] == (4, 2)
    assert complete({"data": (4, 3), "label": None}, multi_output=False)["label"] == (4,)
    assert loss_output.linear_regression_output.complete({"data": (4, 1), "label": None})["label"] == (4,)
    assert loss_output.mae_regression_output.complete({"data": (4, 3), "label": None})["label"] == (4, 3)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.SoftmaxOutput(nd.ones((4, 3)), nd.ones(2)), r"label has shape \(2,\), data \(4, 3\) needs \(4,\)"),
        (lambda: nd.SoftmaxOutput(nd.ones((4, 3)), nd.ones((4, 1))), "label has shape"),
        (lambda: nd.SoftmaxOutput(nd.ones((4, 3)), nd.ones(4), normalization="nope"), "normalization must be one of"),
        (lambda: nd.SoftmaxOutput(nd.ones((4, 3)), nd.ones(4, dtype="int32")), "data is float32 but label is int32"),
        (lambda: nd.SVMOutput(nd.ones((4, 3)), nd.ones(2)), "label has shape"),
        (lambda: nd.LogisticRegressionOutput(nd.ones((4, 3))), "label is missing"),
        (lambda: nd.LinearRegressionOutput(nd.ones((4, 3)), nd.ones((2, 6))), r"label has shape \(2, 6\), expected \(4, 3\)"),
        (lambda: nd.softmax_cross_entropy(nd.ones((4, 3)), nd.ones(3)), "label has shape"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()
