"""Blocks under `npx.set_np()`: parameters and results are mx.np arrays, `F.np` and `F.npx` serve arrays and symbols."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
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


class Computed(gluon.HybridBlock):
    """A function of F and two arrays as a block."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def hybrid_forward(self, F: Any, x: Any, y: Any) -> Any:
        return self.function(F, x, y)


@pytest.mark.parametrize(
    "function",
    [
        lambda F, x, y: x + F.np.zeros((3, 4)),
        lambda F, x, y: x * y - F.np.arange(4),
        lambda F, x, y: x[()][1:3] + y[1],
        lambda F, x, y: x[:, None, 2],
        lambda F, x, y: x[-1],
        lambda F, x, y: x.dot(F.np.ones((4, 2))),
        lambda F, x, y: F.np.split(x, 2, axis=1)[1],
        lambda F, x, y: F.np.split(x, 1)[0],
        lambda F, x, y: (F.np.ones((4,)) / 2) < x,
        lambda F, x, y: x.T.sum(axis=0),
        lambda F, x, y: x.reshape(-1).mean(),
        lambda F, x, y: -(x**2) @ x.T,
        lambda F, x, y: F.npx.relu(x) * F.np.identity(4)[:3],
        lambda F, x, y: F.np.concatenate([x, x], axis=1).transpose(),
        lambda F, x, y: F.np.zeros_like(x) + x.astype("float32"),
        lambda F, x, y: F.np.random.uniform(size=(2, 3)) * 0 + x[:2, :3],
        lambda F, x, y: F.np.random.normal(x, y, size=(3, 4)) * 0,
        lambda F, x, y: F.np.inner(x, x),
        lambda F, x, y: F.np.vsplit(x, (1,))[1] + F.np.hsplit(x, (2, 4))[1][0, 0],
        lambda F, x, y: F.np.pad(x, ((1, 0), (0, 2)), mode="constant"),
        lambda F, x, y: F.np.unravel_index(F.np.argmax(x), (3, 4))[1],
    ],
)
def test_symbols_have_the_semantics_of_arrays(function: Any) -> None:
    x, y = np.arange(12).reshape(3, 4), np.ones((3, 1))
    block = Computed(function)
    want = block(x, y)
    block.hybridize()
    got = block(x, y)
    assert got.shape == want.shape and got.dtype == want.dtype and got.asnumpy().tolist() == want.asnumpy().tolist()


def test_symbols_of_both_kinds() -> None:
    x = mx.sym.var("x").as_np_ndarray()
    assert type(x.as_nd_ndarray()) is mx.sym.Symbol and type(x + 1) is type(x) and type(mx.sym.np.exp(x)) is type(x)
    assert mx.sym.np.ones((2,)).infer_shape()[1] == [(2,)]
    with pytest.raises(TypeError, match="ints, slices, None and an Ellipsis"):
        x[1.5]


def test_exported_blocks_come_back(tmp_path: Path) -> None:
    block = Scaled()
    block.initialize()
    block.hybridize()
    x = np.array([0.5, 1.0, 2.0])
    want = block(x)
    block.export(str(tmp_path / "m"))
    again = gluon.SymbolBlock.imports(str(tmp_path / "m-symbol.json"), ["data"], str(tmp_path / "m-0000.params"))
    got = again(x)
    assert isinstance(got, np.ndarray) and got.tolist() == want.tolist()


class Pair(gluon.HybridBlock):
    """Two results, as old arrays where `old` says so."""

    def __init__(self, *old: bool) -> None:
        super().__init__()
        self.old = old

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return [x.as_nd_ndarray() * 2 if old else F.np.add(x, x) for old in self.old]


@pytest.mark.parametrize("hybridized", [False, True])
def test_a_block_gives_one_kind_of_arrays(hybridized: bool) -> None:
    x = np.ones((2,))
    for old, kind in ((True, mx.nd.NDArray), (False, np.ndarray)):
        block = Pair(old, old)
        block.hybridize(hybridized)
        if old:
            npx.reset_np()
        made = block(x)
        npx.set_np()
        assert [type(r) for r in made] == [kind, kind] and made[0].asnumpy().tolist() == [2.0, 2.0]
    mixed = Pair(True, False)
    mixed.hybridize(hybridized)
    with pytest.raises(TypeError, match="NDArray"):
        mixed(x)


class Product(gluon.HybridBlock):
    """x.dot(w) for a matrix whose number of rows follows from x."""

    def __init__(self) -> None:
        super().__init__()
        self.w = self.params.get("w", shape=(0, 3), allow_deferred_init=True)

    def hybrid_forward(self, F: Any, x: Any, w: Any) -> Any:
        return F.npx.relu(x.dot(w))


@pytest.mark.parametrize("hybridized", [False, True])
def test_sizes_of_parameters_follow_from_a_product(hybridized: bool) -> None:
    block = Product()
    block.initialize()
    block.hybridize(hybridized)
    assert block(np.ones((2, 5))).shape == (2, 3) and block.w.shape == (5, 3)


def test_arrays_may_be_keyword_arguments_of_operators() -> None:
    x, w = np.ones((2, 3)), np.ones((4, 3))
    for _ in range(2):
        assert npx.fully_connected(x, weight=w, num_hidden=4, no_bias=True).tolist() == [[3.0] * 4] * 2
