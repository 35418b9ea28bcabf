"""Common expressions are computed once: fewer nodes, the same values and gradients; what must stay apart does."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx

S = mx.sym
a, b, c = S.var("a"), S.var("b"), S.var("c")


def executor(symbol, asked, monkeypatch):
    monkeypatch.setenv("MXNET_ELIMINATE_COMMON_EXPR", asked)
    e = symbol.simple_bind(mx.cpu(), **dict.fromkeys(symbol.list_arguments(), (3, 4)))
    for i, x in enumerate(e.arg_dict.values()):
        x[:] = np.random.RandomState(i).uniform(0.5, 1, (3, 4))
    outputs = [o.asnumpy() for o in e.forward(is_train=True)]
    e.backward([mx.nd.ones((3, 4)) * (i + 1) for i in range(len(outputs))])
    return len(e.get_optimized_symbol().get_internals()), outputs, [g.asnumpy() for g in e.grad_arrays]


@pytest.mark.parametrize("symbol, saved", [
    ((a + 1) + (a + 2), 0),
    ((a + b) + (a + b), 1),
    ((a + b) + (b + a), 0),
    (((a + b) * c) + S.exp((a + b) * c), 2),
    (S.Group([a * b, a * b]), 0),
    (S.Group([S.sin(a * b), S.sin(a * b), a * b]), 1),
    (S.broadcast_mul(S.split(a, num_outputs=2, axis=1)[0].sum(), S.broadcast_add(S.split(a, num_outputs=2, axis=1)[0].sum(), b)), 3),
    (S.BlockGrad(a * b) + S.BlockGrad(a * b) * a, 2),
])  # fmt: skip
def test_repeated_calls_are_one(symbol, saved, monkeypatch):
    plain, values, gradients = executor(symbol, "0", monkeypatch)
    fewer, merged_values, merged_gradients = executor(symbol, "1", monkeypatch)
    assert plain - fewer == saved
    for x, y in zip([*values, *gradients], [*merged_values, *merged_gradients]):
        np.testing.assert_allclose(y, x, rtol=1e-6)


def test_random_numbers_losses_and_states_stay_apart(monkeypatch):
    monkeypatch.setenv("MXNET_ELIMINATE_COMMON_EXPR", "1")
    x = S.Dropout(a, p=0.5) - S.Dropout(a, p=0.5)
    e = x.simple_bind(mx.cpu(), a=(50, 50))
    e.arg_dict["a"][:] = 1
    assert e.forward(is_train=True)[0].asnumpy().any()
    loss = S.make_loss(a) + S.make_loss(a)
    e = loss.simple_bind(mx.cpu(), a=(2, 2))
    e.forward(is_train=True)
    e.backward([mx.nd.ones((2, 2))])
    np.testing.assert_array_equal(e.grad_dict["a"].asnumpy(), 2)
    parameters = [S.var(n) for n in ("g", "o", "m", "v")]
    twice = [S.BatchNorm(a, *parameters, momentum=0.5, name=n) for n in ("bn1", "bn2")]
    e = (twice[0] + twice[1]).simple_bind(mx.cpu(), a=(4, 2))
    e.arg_dict["a"][:] = np.arange(8).reshape(4, 2)
    e.forward(is_train=True)
    e.backward([mx.nd.ones((4, 2))])
    np.testing.assert_allclose(e.aux_dict["m"].asnumpy(), [2.25, 3.0])  # moved by each of the two


def test_outputs_do_not_share_memory(monkeypatch):
    e = S.Group([a * b, a * b]).simple_bind(mx.cpu(), a=(2,), b=(2,))
    first, second = e.forward()
    first[:] = 7
    np.testing.assert_array_equal(second.asnumpy(), 0)
