"""The whole product in seconds, through the public interface only. If this fails, nothing else matters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

import mxnet as mx
from mxnet import autograd, gluon, nd


def test_arrays() -> None:
    a = nd.arange(6).reshape((2, 3))
    view = a[1]
    view[:] = 7
    assert a.asnumpy().tolist() == [[0, 1, 2], [7, 7, 7]]
    assert (a + a * 2).astype("float16").dtype == np.float16
    assert nd.dot(a, a.T).shape == (2, 2)
    with pytest.raises(mx.MXNetError, match="dot"):
        nd.dot(a, a)


def test_sparse_dot_of_the_announcement() -> None:
    matrix = scipy.sparse.random(40, 1000, density=0.02, format="csr", dtype=np.float32, random_state=0)
    csr = nd.sparse.csr_matrix(matrix)
    ones = nd.ones((1000, 1))
    ones.attach_grad(stype="row_sparse")
    with autograd.record():
        product = nd.sparse.dot(csr, ones)
    product.backward()
    assert csr.stype == "csr" and product.shape == (40, 1)
    np.testing.assert_allclose(product.asnumpy(), matrix.sum(axis=1), rtol=1e-5)
    assert ones.grad.stype == "row_sparse"
    np.testing.assert_allclose(ones.grad.asnumpy().ravel(), np.asarray(matrix.sum(axis=0)).ravel(), rtol=1e-5)


def test_gradients() -> None:
    x = nd.array([1.0, 2.0, 3.0])
    x.attach_grad()
    with autograd.record():
        y = (x * x).sum()
    y.backward()
    assert x.grad.asnumpy().tolist() == [2, 4, 6]


@pytest.mark.parametrize("hybrid", [False, True], ids=["imperative", "hybridized"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_training_and_files(hybrid: bool, dtype: str, tmp_path: Path) -> None:
    data = nd.random.normal(shape=(64, 8)).astype(dtype)
    label = (data[:, 0] > data[:, 1]).astype(dtype)
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(16, activation="relu"), gluon.nn.BatchNorm(), gluon.nn.Dense(2))
    net.initialize(mx.init.Xavier())
    net.cast(dtype)
    if hybrid:
        net.hybridize()
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.02, "multi_precision": dtype == "float16"})
    losses = []
    for _ in range(30):
        with autograd.record():
            loss = loss_of(net(data), label)
        loss.backward()
        trainer.step(len(data))
        losses.append(loss.mean().asscalar())
    assert losses[-1] < 0.5 * losses[0]

    net.save_parameters(str(tmp_path / "net.params"))
    again = gluon.nn.HybridSequential()
    again.add(gluon.nn.Dense(16, activation="relu"), gluon.nn.BatchNorm(), gluon.nn.Dense(2))
    again.cast(dtype)
    again.load_parameters(str(tmp_path / "net.params"))
    np.testing.assert_array_equal(net(data).asnumpy(), again(data).asnumpy())


def test_symbol() -> None:
    out = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3, name="fc")
    assert out.list_arguments() == ["data", "fc_weight", "fc_bias"]
    assert out.infer_shape(data=(2, 4))[1] == [(2, 3)]
    again = mx.sym.load_json(out.tojson())
    result = again.eval(data=nd.ones((2, 4)), fc_weight=nd.ones((3, 4)), fc_bias=nd.zeros((3,)))[0]
    assert result.asnumpy().tolist() == [[4, 4, 4], [4, 4, 4]]


def test_arrays_in_files(tmp_path: Path) -> None:
    path = str(tmp_path / "arrays")
    arrays = {"dense": nd.ones((2, 2), dtype="float16"), "rows": nd.ones((4, 2)).tostype("row_sparse"), "csr": nd.eye(3).tostype("csr")}
    nd.save(path, arrays)
    for name, array in nd.load(path).items():
        assert array.stype == arrays[name].stype and array.dtype == arrays[name].dtype
        np.testing.assert_array_equal(array.asnumpy(), arrays[name].asnumpy())
