"""Blocks under `npx.set_np()`: parameters and results are mx.np arrays, `F.np` and `F.npx` serve arrays and symbols."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import mxnet as mx
from mxnet import gluon, np, npx


class Scaled(gluon.HybridBlock):
    """exp(x) * w + relu(x - 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.w = self.params.get("w", shape=(3,), init="ones")

    def hybrid_forward(self, F: Any, x: Any, w: Any) -> Any:
        return F.np.exp(x) * w + F.npx.relu(F.np.subtract(x, 1))


@pytest.fixture(autouse=True)
def numpy_semantics() -> Iterator[None]:
    npx.set_np()
    yield
    npx.reset_np()


def test_a_block_is_the_same_hybridized() -> None:
    block = Scaled()
    block.initialize()
    x = np.array([0.5, 1.0, 2.0])
    results = []
    for hybridized in (False, True):
        block.hybridize(hybridized)
        with mx.autograd.record():
            y = block(x)
        y.backward()
        assert isinstance(y, np.ndarray)
        results.append((y.tolist(), block.w.grad().tolist()))
    assert results[0] == results[1]


def test_training_with_gluon_layers() -> None:
    net = gluon.nn.Dense(1, in_units=2)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    x, y = np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([[1.0], [2.0]])
    losses = []
    for _ in range(20):
        with mx.autograd.record():
            loss = gluon.loss.L2Loss()(net(x), y)
        loss.backward()
        trainer.step(2)
        losses.append(loss.mean().item())
    assert losses[-1] < losses[0] / 2
