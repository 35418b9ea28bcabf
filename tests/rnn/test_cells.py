"""The cells of `mx.rnn`: shapes, stacks, both directions, and the weights of each gate on their own and together."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx


def outputs_of(cell, steps=3, batch=2, size=4, seed=0):
    """(output, arguments) of a cell unrolled over a sequence, with weights drawn from the seed."""
    out, _states = cell.unroll(steps, mx.sym.var("data"), layout="NTC", merge_outputs=True)
    shapes = dict(zip(out.list_arguments(), out.infer_shape(data=(batch, steps, size))[0]))
    draw = np.random.default_rng(seed)
    values = {n: mx.nd.array(draw.standard_normal(s) * 0.3) for n, s in shapes.items()}
    return out.bind(mx.cpu(), values).forward()[0].asnumpy(), values


@pytest.mark.parametrize("make, states", [(mx.rnn.RNNCell, 1), (mx.rnn.GRUCell, 1), (mx.rnn.LSTMCell, 2)])
def test_a_stack_has_the_states_of_its_cells(make, states):
    stack = mx.rnn.SequentialRNNCell()
    for i in range(2):
        stack.add(make(5, prefix=f"l{i}_"))
    assert [s["shape"] for s in stack.state_info] == [(0, 5)] * 2 * states and len(stack.begin_state()) == 2 * states
    out, values = outputs_of(stack)
    assert out.shape == (2, 3, 5)
    alone = stack.unpack_weights(values)
    assert ("l1_i2h_f_weight" in alone) == (make is mx.rnn.LSTMCell)
    again = stack.pack_weights(alone)
    assert sorted(again) == sorted(values)
    for name, value in values.items():
        np.testing.assert_array_equal(again[name].asnumpy(), value.asnumpy())


def test_both_directions_are_a_cell_over_the_sequence_and_one_over_its_reverse():
    both = mx.rnn.BidirectionalCell(mx.rnn.LSTMCell(5, prefix="l_"), mx.rnn.LSTMCell(5, prefix="r_"))
    assert len(both.state_info) == 4
    states = both.unroll(3, mx.sym.var("data"), layout="NTC")[1]
    assert [len(s) for s in states] == [2, 2] and states[1][0].name == "r_t2_out"
    out, values = outputs_of(both)
    assert out.shape == (2, 3, 10)
    for prefix, part, order in (("l_", out[..., :5], slice(None)), ("r_", out[..., 5:], slice(None, None, -1))):
        single, _states = mx.rnn.LSTMCell(5, prefix=prefix).unroll(3, mx.sym.var("data"), layout="NTC", merge_outputs=True)
        given = {n: v for n, v in values.items() if n in single.list_arguments()}
        given["data"] = mx.nd.array(values["data"].asnumpy()[:, order])
        np.testing.assert_allclose(single.bind(mx.cpu(), given).forward()[0].asnumpy()[:, order], part, rtol=1e-5, atol=1e-6)
    with pytest.raises(NotImplementedError, match="cannot be stepped. Use unroll"):
        both(mx.sym.var("x"), [])


def test_a_fused_cell_equals_its_unfused_one():
    fused = mx.rnn.FusedRNNCell(5, num_layers=2, mode="lstm", bidirectional=True, prefix="f_")
    out, values = outputs_of(fused)
    stack = fused.unfuse()
    plain, _states = stack.unroll(3, mx.sym.var("data"), layout="NTC", merge_outputs=True)
    weights = stack.pack_weights(fused.unpack_weights(values))
    again = plain.bind(mx.cpu(), {n: weights[n] for n in plain.list_arguments()}).forward()[0].asnumpy()
    np.testing.assert_allclose(again, out, rtol=1e-5, atol=1e-6)
