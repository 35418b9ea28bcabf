"""contrib.ndarray, contrib.symbol, contrib.autograd, contrib.io, contrib.tensorboard."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.contrib import autograd
from mxnet.contrib.io import DataLoaderIter
from mxnet.gluon.data import ArrayDataset, DataLoader


def test_operators_under_their_first_names() -> None:
    assert mx.contrib.nd is mx.contrib.ndarray and mx.contrib.sym is mx.contrib.symbol
    box = nd.array([[0, 0, 2, 2]])
    assert mx.contrib.nd.box_iou(box, box, format="corner").asscalar() == 1
    assert mx.contrib.sym.box_iou(mx.sym.var("a"), mx.sym.var("b"), name="iou").list_outputs() == ["iou_output"]
    assert "MultiBoxPrior" in dir(mx.contrib.ndarray) and "MultiBoxPrior" in dir(mx.contrib.symbol)
    for where in (mx.contrib, mx.contrib.ndarray, mx.contrib.symbol):
        with pytest.raises(AttributeError, match="nosuch"):
            _ = where.nosuch
    assert {"amp", "text", "io", "nd"} <= set(dir(mx.contrib))


def test_sections() -> None:
    def flags() -> tuple[bool, bool]:
        return mx.autograd.is_recording(), mx.autograd.is_training()

    with autograd.train_section():
        assert flags() == (True, True)
        with autograd.test_section():
            assert flags() == (False, False)
        assert flags() == (True, True)
    assert flags() == (False, False)
    assert autograd.set_is_training(True) is False and flags() == (True, True)
    assert autograd.set_is_training(False) is True and flags() == (False, False)
    with pytest.raises(ZeroDivisionError), autograd.train_section():
        _ = 1 / 0
    assert flags() == (False, False)


def test_backward() -> None:
    x, g = nd.array([1, 2, 3]), nd.zeros(3)
    autograd.mark_variables([x], [g])
    for given, expected in ((None, [2, 4, 6]), ([nd.array([2, 2, 2])], [4, 8, 12])):
        with autograd.train_section():
            y = x * x
        autograd.backward([y], given)
        assert g.asnumpy().tolist() == expected
    with autograd.train_section():
        y = x + 1
    autograd.compute_gradient([y])
    assert g.asnumpy().tolist() == [1, 1, 1]
    with pytest.raises(AssertionError, match="list"):
        autograd.backward(y)


@pytest.mark.parametrize(("argnum", "expected"), [(None, [[4, 5], [1, 2]]), (1, [[1, 2]]), ([1, 0], [[1, 2], [4, 5]])])
def test_grad_and_loss(argnum, expected: list) -> None:
    def func(a: nd.NDArray, b: nd.NDArray) -> nd.NDArray:
        return a * b + a

    a, b = nd.array([1, 2]), nd.array([3, 4])
    gradients, out = autograd.grad_and_loss(func, argnum)(a, b)
    assert [v.asnumpy().tolist() for v in gradients] == expected and out.asnumpy().tolist() == [4, 10]
    assert [v.asnumpy().tolist() for v in autograd.grad(func, argnum)(a, b)] == expected
    with pytest.raises(AssertionError, match="NDArrays"):
        autograd.grad(func)(a, 3)


def test_data_loader_iter() -> None:
    data = ArrayDataset(np.arange(10).reshape(5, 2).astype("float64"), np.arange(5).astype("int32"))
    batches = DataLoaderIter(DataLoader(data, 2), data_name="d", label_name="l")
    assert [tuple(d)[:2] for d in (*batches.provide_data, *batches.provide_label)] == [("d", (2, 2)), ("l", (2,))]
    for _ in range(2):
        got = [(b.data[0].asnumpy().tolist(), b.label[0].asnumpy().tolist(), b.pad) for b in batches]
        assert got == [([[0, 1], [2, 3]], [0, 1], 0), ([[4, 5], [6, 7]], [2, 3], 0), ([[8, 9], [0, 0]], [4, 0], 1)]
        batches.reset()
    assert batches.next().data[0].dtype == np.float32


def test_module_trains_on_a_data_loader() -> None:
    x = np.random.RandomState(0).uniform(-1, 1, (40, 2)).astype("float32")
    loader = DataLoaderIter(DataLoader(ArrayDataset(x, (x[:, 0] > 0).astype("float32")), 8))
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc"), name="softmax")
    module = mx.mod.Module(net)
    module.fit(loader, num_epoch=20, optimizer_params={"learning_rate": 0.5})
    assert dict(module.score(loader, "acc"))["accuracy"] > 0.9


def test_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list = []

    class Writer:
        def __init__(self, folder: str) -> None:
            assert folder == str(tmp_path)

        def add_scalar(self, *row: object) -> None:
            seen.append(row)

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer))
    metric = mx.metric.Accuracy()
    metric.update(nd.array([1]), nd.array([[0, 1]]))
    callback = mx.contrib.tensorboard.LogMetricsCallback(str(tmp_path), prefix="train")
    for value in (metric, metric, None):
        callback(SimpleNamespace(eval_metric=value))
    assert seen == [("train-accuracy", 1.0, 1), ("train-accuracy", 1.0, 2)]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        mx.contrib.tensorboard.LogMetricsCallback(str(tmp_path))
