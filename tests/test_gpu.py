"""The smoke test on a GPU: the same programs as on the CPU, with the same results."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd

pytestmark = pytest.mark.gpu


def test_arrays_move_and_compute() -> None:
    a = nd.arange(12, ctx=mx.gpu()).reshape((3, 4))
    assert a.context == mx.gpu(0)
    assert (nd.dot(a, a.T) + 1).as_in_context(mx.cpu()).asnumpy().tolist() == (
        np.arange(12).reshape(3, 4) @ np.arange(12).reshape(3, 4).T + 1
    ).tolist()
    with pytest.raises(mx.MXNetError):
        a + nd.ones((3, 4))


def test_seeds_are_of_a_context() -> None:
    mx.random.seed(3, ctx=mx.gpu())
    first = nd.random.normal(shape=(5,), ctx=mx.gpu()).asnumpy()
    mx.random.seed(3, ctx=mx.gpu())
    assert nd.random.normal(shape=(5,), ctx=mx.gpu()).asnumpy().tolist() == first.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_network_trains(dtype: str) -> None:
    ctx = mx.gpu()
    data = nd.random.normal(shape=(64, 3, 8, 8), ctx=ctx)
    label = (data.mean(axis=(1, 2, 3)) > 0).astype("float32")
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Conv2D(8, 3, padding=1, activation="relu"), gluon.nn.BatchNorm(), gluon.nn.GlobalAvgPool2D(), gluon.nn.Dense(2))
    net.initialize(mx.init.Xavier(), ctx=ctx)
    net.cast(dtype)
    net.hybridize()
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.02, "multi_precision": dtype != "float32"})
    losses = []
    for _ in range(40):
        with autograd.record():
            loss = loss_of(net(data.astype(dtype)).astype("float32"), label)
        loss.backward()
        trainer.step(len(data))
        losses.append(loss.mean().asscalar())
    assert losses[-1] < 0.7 * losses[0]


def test_sparse_products_and_updates() -> None:
    dense = np.where(np.random.rand(20, 50) < 0.1, 1.0, 0.0).astype("float32")
    results = []
    for ctx in (mx.cpu(), mx.gpu()):
        csr = nd.array(dense, ctx=ctx).tostype("csr")
        weight = nd.ones((50, 4), ctx=ctx)
        weight.attach_grad(stype="row_sparse")
        with autograd.record():
            loss = nd.sparse.dot(csr, weight).square().sum()
        loss.backward()
        results.append((loss.asscalar(), weight.grad.asnumpy()))
        assert weight.grad.stype == "row_sparse" and weight.grad.context == ctx
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-5)
    np.testing.assert_allclose(results[1][1], results[0][1], rtol=1e-5)


def test_an_embedding_trains_sparsely() -> None:
    ctx = mx.gpu()
    net = gluon.nn.Embedding(1000, 8, sparse_grad=True)
    net.initialize(ctx=ctx)
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})
    before = net.weight.data(ctx).asnumpy()
    with autograd.record():
        loss = net(nd.array([3, 7, 3], ctx=ctx)).sum()
    loss.backward()
    trainer.step(1)
    moved = np.flatnonzero((net.weight.data(ctx).asnumpy() != before).any(axis=1))
    assert moved.tolist() == [3, 7]
