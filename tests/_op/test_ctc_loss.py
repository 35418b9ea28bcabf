"""CTCLoss against a sum over all alignments."""

import itertools

import numpy as np
import pytest

import mxnet as mx
from mxnet.error import MXNetError

nd = mx.nd


def brute_force(scores, label, blank):
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(p.shape[1]), repeat=p.shape[0]):
        merged = [k for k, _ in itertools.groupby(path) if k != blank]
        if merged == list(label):
            total += np.prod([p[t, k] for t, k in enumerate(path)])
    return -np.log(total)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("blank_label", ["first", "last"])
def test_sums_over_all_alignments(dtype, blank_label):
    scores = np.random.RandomState(0).randn(4, 3, 4)
    labels = [[1, 2], [3], [2, 2]] if blank_label == "first" else [[0, 2], [1], [2, 2]]
    padding, blank = (0, 0) if blank_label == "first" else (-1, 3)
    padded = [label + [padding] * (2 - len(label)) for label in labels]
    got = nd.CTCLoss(nd.array(scores, dtype=dtype), nd.array(padded), blank_label=blank_label)
    want = [brute_force(scores[:, n], label, blank) for n, label in enumerate(labels)]
    assert got.dtype == np.dtype(dtype) and np.allclose(got.asnumpy(), want, rtol=1e-2 if dtype == "float16" else 1e-4)


def test_lengths_and_gradients():
    scores = np.random.RandomState(0).randn(4, 2, 4)
    x, label, steps, sizes = nd.array(scores, dtype="float64"), nd.array([[1, 2], [3, 1]]), nd.array([3, 4]), nd.array([2, 1])
    for a in (x, label, steps, sizes):
        a.attach_grad()
        a.grad[:] = 7
    options = {"use_data_lengths": True, "use_label_lengths": True}
    with mx.autograd.record():
        y = nd.ctc_loss(x, label, steps, sizes, **options)
    y.backward()
    assert np.allclose(y.asnumpy(), [brute_force(scores[:3, 0], [1, 2], 0), brute_force(scores[:, 1], [3], 0)])
    assert all((a.grad.asnumpy() == 0).all() for a in (label, steps, sizes)) and (x.grad.asnumpy()[3, 0] == 0).all()
    for t, n, c in [(0, 0, 1), (2, 1, 3), (1, 0, 0)]:
        moved = []
        for h in (1e-5, -1e-5):
            b = scores.copy()
            b[t, n, c] += h
            moved.append(nd.ctc_loss(nd.array(b, dtype="float64"), label, steps, sizes, **options).asnumpy().sum())
        assert abs((moved[0] - moved[1]) / 2e-5 - x.grad.asnumpy()[t, n, c]) < 1e-6
    only = nd.CTCLoss(x, label, sizes, use_label_lengths=True)
    assert np.allclose(only.asnumpy()[0], brute_force(scores[:, 0], [1, 2], 0))


def test_labels_that_do_not_fit_cost_nothing():
    x = nd.array(np.random.RandomState(0).randn(2, 2, 3))
    x.attach_grad()
    with mx.autograd.record():
        y = nd.CTCLoss(x, nd.array([[1, 1], [0, 0]]))
    y.backward()
    assert (y.asnumpy() == 0).all() and (x.grad.asnumpy() == 0).all()


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda x: nd.CTCLoss(x[0], nd.array([[1, 2]])), r"data must have shape \(T, N, C\)"),
        (lambda x: nd.CTCLoss(x, nd.array([[1, 2]])), "label has 1 sequences"),
        (lambda x: nd.CTCLoss(x, nd.array([[1, 2, 1, 2]] * 2)), "longer than the 3 steps"),
        (lambda x: nd.CTCLoss(x, nd.array([[7, 0], [1, 0]])), "label 7 is out of range for 4 classes"),
        (lambda x: nd.CTCLoss(x, nd.array([[-2, 0], [1, 0]])), "label -2 is out of range"),
        (lambda x: nd.CTCLoss(x, nd.array([[1, 0]] * 2), nd.array([0, 3]), use_data_lengths=True), "data_lengths 0 is out of range"),
        (lambda x: nd.CTCLoss(x, nd.array([[1, 0]] * 2), nd.array([3, 9]), use_data_lengths=True), "data_lengths 9 is out of range"),
        (
            lambda x: nd.CTCLoss(x, nd.array([[1, 0]] * 2), label_lengths=nd.array([3, 1]), use_label_lengths=True),
            "label_lengths 3 is out of range",
        ),
    ],
)
def test_errors(call, text):
    with pytest.raises(MXNetError, match=text):
        call(nd.zeros((3, 2, 4)))


def test_data_behind_the_end_does_not_matter():
    data = mx.nd.zeros((3, 1, 2))
    data[2] = -np.inf
    data.attach_grad()
    with mx.autograd.record():
        loss = mx.nd.CTCLoss(data, mx.nd.array([[1]]), mx.nd.array([2]), use_data_lengths=True)
    loss.backward()
    assert np.isfinite(loss.asnumpy()).all() and np.isfinite(data.grad.asnumpy()).all()
    assert (data.grad.asnumpy()[2] == 0).all()
