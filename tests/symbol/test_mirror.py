"""Gradient mirroring: the same gradients, states and random numbers, with fewer results kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

import mxnet as mx
from mxnet.symbol import _mirror

S = mx.sym


def network(forced=False):
    def unit(x, name, filters=4):
        x = S.Convolution(x, kernel=(3, 3), pad=(1, 1), num_filter=filters, no_bias=True, name=f"{name}_conv")
        with mx.AttrScope(**({"force_mirroring": "True"} if forced else {})):
            return S.Activation(S.BatchNorm(x, fix_gamma=False, name=f"{name}_bn"), act_type="relu", name=f"{name}_relu")

    x = unit(S.var("data"), "a")
    for i in range(6):
        x = x + unit(unit(x, f"b{i}"), f"c{i}")
    x = S.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
    x = S.Dropout(S.tanh(S.Flatten(S.transpose(x, axes=(0, 2, 3, 1)))), p=0.3)
    return S.SoftmaxOutput(S.FullyConnected(x, num_hidden=3, name="fc"), name="softmax")


def step(symbol):
    e = symbol.simple_bind(mx.cpu(), data=(4, 3, 8, 8), softmax_label=(4,))
    random = np.random.RandomState(0)
    for name, a in e.arg_dict.items():
        a[:] = random.uniform(-1, 1, a.shape) if name != "softmax_label" else np.arange(4) % 3
    for a in e.aux_dict.values():
        a[:] = 1
    mx.random.seed(3)
    for _ in range(2):
        e.forward(is_train=True)
        e.backward()
    return e


@pytest.mark.parametrize("forced", [False, True])
def test_gradients_states_and_random_numbers_are_the_same(monkeypatch, forced):
    plain = step(network())
    if not forced:
        monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", "1")
    ours = step(network(forced))
    assert len(ours._compiled.mirrored) >= 26 and not plain._compiled.mirrored
    for kind in ("grad_dict", "aux_dict", "output_dict"):
        for name, value in getattr(plain, kind).items():
            np.testing.assert_allclose(getattr(ours, kind)[name].asnumpy(), value.asnumpy(), rtol=1e-5, atol=1e-6, err_msg=name)


def test_what_is_never_repeated(monkeypatch):
    monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", "1")
    with mx.AttrScope(force_mirroring="True"):
        x = S.Dropout(S.exp(S.FullyConnected(S.var("x"), num_hidden=3, name="fc"), name="e"), name="drop")
        symbol = S.Group([S.tanh(x, name="head"), S.sigmoid(S.sin(x, name="s"), name="other")])
    program = symbol.bind(mx.cpu(), {n: mx.nd.ones(s) for n, s in zip(symbol.list_arguments(), symbol.infer_shape(x=(2, 2))[0])})._compiled
    assert {n.name for n in program.nodes if id(n) in program.mirrored} == {"fc", "e", "s"}


def test_long_chains_are_cut(monkeypatch):
    monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", "1")
    x = S.var("x")
    for _ in range(101):
        x = S.sin(x)
    nodes = [n for n in x._nodes if n.op is not None]
    found = _mirror.mirrored(nodes, x._heads)
    kept = [i for i, n in enumerate(nodes) if id(n) not in found]
    assert kept == [*range(10, 100, 11), 100]


def test_the_environment_counts_when_binding(monkeypatch):
    symbol = network()
    assert not step(symbol)._compiled.mirrored
    monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", "1")
    assert step(symbol)._compiled.mirrored
    monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", "0")
    assert not step(symbol)._compiled.mirrored


def test_hybridized_blocks_and_second_passes(monkeypatch):
    results = []
    for asked in "01":
        monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", asked)
        net = mx.gluon.nn.HybridSequential()
        net.add(
            mx.gluon.nn.Dense(8, activation="tanh", in_units=4),
            mx.gluon.nn.BatchNorm(in_channels=8),
            mx.gluon.nn.ELU(1.0),
            mx.gluon.nn.Dense(2, in_units=8),
        )
        mx.random.seed(1)
        net.initialize(mx.init.Uniform(1))
        net.hybridize()
        x = mx.nd.array(np.random.RandomState(0).rand(5, 4))
        x.attach_grad()
        with mx.autograd.record():
            y = net(x)
        y.backward(retain_graph=True)
        first = x.grad.asnumpy()
        y.backward()
        np.testing.assert_array_equal(x.grad.asnumpy(), first)
        results.append(first)
    assert results[0].any()
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)


class Alive(TorchDispatchMode):
    """Counts the results of tanh that exist at the same time."""

    def __init__(self):
        super().__init__()
        self.results, self.most = [], 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.tanh.default:
            self.results = [r for r in self.results if not r.expired()]
            self.results.append(StorageWeakRef(result.untyped_storage()))
            self.most = max(self.most, len(self.results))
        return result


def test_memory_is_saved(monkeypatch):
    most, kept = [], []
    for asked in "01":
        monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", asked)
        x = S.var("x")
        for _ in range(30):
            x = S.tanh(x)
        e = S.make_loss(x).simple_bind(mx.cpu(), x=(4,))
        with Alive() as alive:
            e.forward(is_train=True)
            kept.append(sum(not r.expired() for r in alive.results))
            e.backward()
        most.append(alive.most)
    assert kept == [30, 5]  # a sixth: chains are cut after the square root of their length
    assert most == [30, 9]  # the last is used first; then four, and a part of five that is repeated
