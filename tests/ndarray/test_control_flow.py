"""foreach, while_loop, cond on arrays."""

import numpy as np
import pytest

import mxnet as mx
from mxnet.error import MXNetError

nd = mx.nd
contrib = nd.contrib


def grid(*shape):
    return nd.array(np.arange(int(np.prod(shape))).reshape(shape))


def test_foreach_stacks_outputs_and_hands_states_on():
    outs, last = contrib.foreach(lambda x, s: (x + s, s + x), grid(3, 2), nd.ones((2,)))
    assert outs.asnumpy().tolist() == [[1, 2], [3, 5], [7, 10]] and last.asnumpy().tolist() == [7, 10]


def test_foreach_keeps_nesting():
    outs, states = contrib.foreach(
        lambda d, s: ([d[0], [d[1], d[0]]], [s[0] + 1, s[1]]), [grid(3, 2), grid(3)], [nd.zeros((1,)), nd.ones((4,))]
    )
    assert outs[0].shape == (3, 2) and outs[1][0].shape == (3, 1) and outs[1][1].shape == (3, 2)
    assert states[0].asscalar() == 3 and states[1].shape == (4,)
    outs, states = contrib.foreach(lambda d, s: ([], s), grid(3, 2), [])
    assert outs == [] and states == []


def test_foreach_gradient():
    x, s = grid(4, 1), nd.ones((1,))
    x.attach_grad()
    s.attach_grad()
    with mx.autograd.record():
        outs, last = contrib.foreach(lambda d, c: (d * c, c * 2), x, s)
        y = outs.sum() + last.sum()
    y.backward()
    assert x.grad.asnumpy().ravel().tolist() == [1, 2, 4, 8] and s.grad.asscalar() == 0 * 1 + 1 * 2 + 2 * 4 + 3 * 8 + 16


def test_while_loop_pads_with_zeros():
    outs, (i, total) = contrib.while_loop(
        lambda i, t: i < 3, lambda i, t: ([i + 10], [i + 1, t + i]), [nd.array([0]), nd.array([0])], max_iterations=5
    )
    assert outs[0].asnumpy().ravel().tolist() == [10, 11, 12, 0, 0] and i.asscalar() == 3 and total.asscalar() == 3


def test_while_loop_stops_at_the_limit_and_before_the_first_step():
    outs, i = contrib.while_loop(lambda i: True, lambda i: (i, i + 1), nd.array([0]), 3)
    assert outs.shape == (3, 1) and i.asscalar() == 3
    outs, (i,) = contrib.while_loop(lambda i: i < 0, lambda i: ([i], [i + 1]), [nd.array([0])], 3)
    assert outs == [] and i.asscalar() == 0
    outs, (i,) = contrib.while_loop(lambda i: i < 2, lambda i: (None, i + 1), [nd.array([0])], max_iterations="3")
    assert not outs and i.asscalar() == 2


def test_while_loop_gradient():
    x = nd.array([2.0])
    x.attach_grad()
    with mx.autograd.record():
        _, (i, y) = contrib.while_loop(
            lambda i, y: i < 3, lambda i, y: ([y], [i + 1, y * x]), [nd.array([0]), nd.ones((1,))], max_iterations=4
        )
    y.backward()
    assert x.grad.asscalar() == 12


def test_cond():
    a, b = nd.array([1]), nd.array([2])
    assert contrib.cond(a < b, lambda: a + b, lambda: a - b).asscalar() == 3
    assert contrib.cond(False, lambda: a, lambda: [b, b])[1].asscalar() == 2
    a.attach_grad()
    with mx.autograd.record():
        y = contrib.cond(a > 0, lambda: a * 5, lambda: a)
    y.backward()
    assert a.grad.asscalar() == 5


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: contrib.foreach(lambda d, s: (d, s), 3, grid(1)), AssertionError, "data must be an NDArray"),
        (lambda: contrib.foreach(lambda d, s: (d, s), grid(3), 3), AssertionError, "init_states must be an NDArray"),
        (lambda: contrib.foreach(lambda d, s: d, grid(3, 2), grid(1)), ValueError, "must return two things"),
        (lambda: contrib.foreach(lambda d, s: (d[0], s), [grid(3), grid(2)], grid(1)), MXNetError, "first axes of data differ"),
        (lambda: contrib.foreach(lambda d, s: (d, s), [], grid(1)), MXNetError, "no arrays"),
        (lambda: contrib.while_loop(lambda i: i < 3, lambda i: ([i], [i]), [grid(1)]), ValueError, "max_iterations should be specified"),
        (lambda: contrib.while_loop(lambda: True, lambda: ([], []), [], 3), ValueError, "at least one array"),
        (lambda: contrib.while_loop(lambda i: i < 3, lambda i: ([i], [i, i]), [grid(1)], 3), ValueError, "consistent during the loop"),
        (lambda: contrib.cond(nd.array([1, 0]), lambda: 1, lambda: 2), ValueError, "scalar"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
