"""Recurrent cells and layers: against torch, against each other, both ways of running, lengths, names."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.gluon import contrib, rnn


def filled(block):
    block.initialize(mx.init.Uniform(0.7))
    return block


def of_torch(layer, hidden, mode):
    """torch's layer with the same weights; gate orders agree."""
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[mode]
    other = kind(layer.l0_i2h_weight.shape[1], hidden, num_layers=layer._num_layers, bidirectional=layer._dir == 2)
    for n in range(layer._num_layers):
        for side, end in (("l", ""), ("r", "_reverse"))[: layer._dir]:
            for ours, theirs in (
                ("i2h_weight", "weight_ih"),
                ("h2h_weight", "weight_hh"),
                ("i2h_bias", "bias_ih"),
                ("h2h_bias", "bias_hh"),
            ):
                value = getattr(layer, f"{side}{n}_{ours}").data().asnumpy()
                getattr(other, f"{theirs}_l{n}{end}").data.copy_(torch.from_numpy(value))
    return other


@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("mode", ["lstm", "gru", "rnn"])
def test_layers_against_torch(mode, bidirectional, hybrid):
    make = {"lstm": rnn.LSTM, "gru": rnn.GRU, "rnn": lambda h, **k: rnn.RNN(h, activation="tanh", **k)}[mode]
    layer = filled(make(4, num_layers=2, bidirectional=bidirectional))
    if hybrid:
        layer.hybridize()
    x = mx.nd.random.uniform(-1, 1, shape=(5, 2, 3))
    x.attach_grad()
    with mx.autograd.record():
        y = layer(x)
        y.sum().backward()
    t = torch.from_numpy(x.asnumpy()).requires_grad_()
    expected, _ = of_torch(layer, 4, mode)(t)
    expected.sum().backward()
    np.testing.assert_allclose(y.asnumpy(), expected.detach().numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(x.grad.asnumpy(), t.grad.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [rnn.LSTM, rnn.GRU])
def test_cells_of_a_layer_give_the_same(kind):
    layer = filled(kind(4, num_layers=2, bidirectional=True, input_size=3, prefix="r_"))
    x = mx.nd.random.uniform(shape=(5, 2, 3))
    stack = layer._unfuse()
    assert sorted(stack.collect_params()) == sorted(layer.collect_params())
    out, states = stack.unroll(5, x, layout="TNC", merge_outputs=True)
    np.testing.assert_allclose(out.asnumpy(), layer(x).asnumpy(), rtol=1e-4, atol=1e-5)
    assert len(states) == len(stack.state_info())


def test_states_and_layouts():
    layer = filled(rnn.LSTM(4, layout="NTC", input_size=3))
    x = mx.nd.random.uniform(shape=(2, 5, 3))
    out, (h, c) = layer(x, layer.begin_state(2))
    assert out.shape == (2, 5, 4)
    assert h.shape == c.shape == (1, 2, 4)
    assert (layer(x).asnumpy() == out.asnumpy()).all()
    with pytest.raises(ValueError, match=r"a state has shape \(1, 3, 4\), it must be \(1, 2, 4\)"):
        layer(x, layer.begin_state(3))
    with pytest.raises(mx.MXNetError, match="needs the 3 axes TNC"):
        filled(rnn.GRU(2))(mx.nd.ones((2, 3)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_types(dtype):
    layer = filled(rnn.LSTM(4, input_size=3))
    layer.cast(dtype)
    assert layer(mx.nd.ones((5, 2, 3), dtype=dtype)).dtype == mx.nd.ones(1, dtype=dtype).dtype


def test_a_layer_inside_a_hybridized_block_finds_its_sizes():
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.nn.Dense(6, flatten=False), rnn.LSTM(4, layout="NTC"), mx.gluon.nn.Dense(2))
    net.initialize()
    net.hybridize()
    assert net(mx.nd.ones((2, 5, 3))).shape == (2, 2)


CELLS = [
    lambda: rnn.RNNCell(4), lambda: rnn.LSTMCell(4), lambda: rnn.GRUCell(4), lambda: contrib.rnn.LSTMPCell(6, 4),
    lambda: rnn.ResidualCell(rnn.GRUCell(3)), lambda: rnn.ZoneoutCell(rnn.LSTMCell(4), 0.3, 0.2), lambda: rnn.DropoutCell(0.5),
    lambda: contrib.rnn.VariationalDropoutCell(rnn.LSTMCell(4), 0.3, 0.3, 0.3),
]  # fmt: skip


def stacked():
    stack = rnn.HybridSequentialRNNCell()
    stack.add(rnn.LSTMCell(4))
    stack.add(rnn.DropoutCell(0.0))
    stack.add(rnn.GRUCell(2))
    return stack


@pytest.mark.parametrize("lengths", [None, [2, 3]])
@pytest.mark.parametrize("make", [*CELLS, stacked, lambda: rnn.BidirectionalCell(rnn.LSTMCell(4), rnn.GRUCell(2))])
def test_symbolic_and_hybridized_unroll_equal_the_imperative_one(make, lengths):
    cell = filled(make())
    x = mx.nd.random.uniform(shape=(2, 3, 3))
    valid = None if lengths is None else mx.nd.array(lengths)
    out, states = cell.unroll(3, x, merge_outputs=True, valid_length=valid)
    inputs = [mx.sym.var("x")] if lengths is None else [mx.sym.var("x"), mx.sym.var("valid")]
    cell.reset()
    sym_out, sym_states = cell.unroll(3, inputs[0], merge_outputs=True, valid_length=None if lengths is None else inputs[1])
    block = mx.gluon.SymbolBlock([sym_out, *sym_states], inputs, params=cell.collect_params())
    got = block(x, *([] if valid is None else [valid]))
    for a, b in zip([out, *states], got if isinstance(got, list) else [got]):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-5, atol=1e-6)
    cell.hybridize()
    again, _ = cell.unroll(3, x, merge_outputs=True, valid_length=valid)
    np.testing.assert_allclose(out.asnumpy(), again.asnumpy(), rtol=1e-5, atol=1e-6)


def test_lists_and_arrays():
    cell = filled(rnn.LSTMCell(4))
    x = mx.nd.random.uniform(shape=(2, 3, 5))
    one, _ = cell.unroll(3, x)
    two, _ = cell.unroll(3, [x[:, i] for i in range(3)], merge_outputs=True)
    assert isinstance(one, list)
    assert two.shape == (2, 3, 4)
    np.testing.assert_array_equal(mx.nd.stack(*one, axis=1).asnumpy(), two.asnumpy())
    with pytest.raises(AssertionError, match="the sequence has 3 steps .*, length is 4"):
        cell.unroll(4, x)


def test_lengths_stop_states_and_outputs():
    cell = filled(rnn.GRUCell(4))
    x = mx.nd.random.uniform(shape=(2, 3, 5))
    out, states = cell.unroll(3, x, merge_outputs=True, valid_length=mx.nd.array([1, 3]))
    assert (out.asnumpy()[0, 1:] == 0).all()
    np.testing.assert_allclose(states[0].asnumpy()[0], cell.unroll(1, x[:1, :1])[1][0].asnumpy()[0], rtol=1e-6)


def test_variational_dropout_keeps_its_mask():
    cell = filled(contrib.rnn.VariationalDropoutCell(rnn.RNNCell(50), drop_outputs=0.5))
    with mx.autograd.record():
        out, _ = cell.unroll(4, mx.nd.ones((1, 4, 3)), merge_outputs=True)
        cell(mx.nd.ones((1, 3)), [mx.nd.zeros((1, 50))])
    assert cell.drop_outputs_mask.shape == (1, 50) and cell.drop_inputs_mask is None and cell.drop_states_mask is None
    dropped = out.asnumpy()[0] == 0
    assert 0 < dropped[0].sum() < 50
    assert (dropped == dropped[0]).all()


@pytest.mark.parametrize("name", ["Conv1DRNNCell", "Conv2DLSTMCell", "Conv3DGRUCell"])
def test_convolutional_cells(name):
    axes = int(name[4])
    cell = filled(getattr(contrib.rnn, name)((2, *[5] * axes), 3, 3, 3, i2h_pad=1))
    x = mx.nd.random.uniform(shape=(1, 2, 2, *[5] * axes))
    out, states = cell.unroll(2, x, merge_outputs=True, layout="NTC")
    assert out.shape == (1, 2, 3, *[5] * axes)
    assert len(states) == (2 if "LSTM" in name else 1)
    with pytest.raises(AssertionError, match="Use odd sizes"):
        getattr(contrib.rnn, name)((2, *[5] * axes), 3, 3, 2)


def test_a_modified_cell_cannot_be_used_directly():
    inner = rnn.RNNCell(3)
    outer = rnn.ResidualCell(inner)
    with pytest.raises(AssertionError, match="Call the outer cell"):
        inner.begin_state(1)
    with pytest.raises(AssertionError, match="already inside another cell"):
        rnn.ZoneoutCell(inner)
    assert outer.begin_state(func=mx.nd.zeros, batch_size=2)[0].shape == (2, 3)
    with pytest.raises(NotImplementedError, match="Call unroll"):
        rnn.BidirectionalCell(rnn.RNNCell(2), rnn.RNNCell(2))(None, None)


def test_structural_names(tmp_path):
    layer = filled(rnn.LSTM(2, bidirectional=True, input_size=3))
    layer.save_parameters(str(tmp_path / "p"))
    assert "_unfused.0.l_cell.i2h_weight" in mx.nd.load(str(tmp_path / "p"))
    layer.load_parameters(str(tmp_path / "p"))


def test_dynamic_unroll():
    cell = filled(rnn.LSTMCell(4))
    x = mx.nd.random.uniform(shape=(5, 2, 3))
    out, _ = contrib.rnn.rnn_cell.dynamic_unroll(cell, x, cell.begin_state(2))
    np.testing.assert_allclose(out.asnumpy(), cell.unroll(5, x, layout="TNC", merge_outputs=True)[0].asnumpy(), rtol=1e-6)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind, gates", [("RNN", 1), ("LSTM", 4), ("GRU", 3)])
def test_convolutional_cells_have_states_of_the_size_of_their_input(kind, gates, axes):
    cell = getattr(contrib.rnn, f"Conv{axes}D{kind}Cell")((2,) + (5,) * axes, 4, 3, 3, i2h_pad=1)
    cell.initialize()
    out, states = cell(mx.nd.ones((3, 2) + (5,) * axes), cell.begin_state(3))
    assert out.shape == states[0].shape == (3, 4) + (5,) * axes
    assert cell.i2h_weight.shape == (4 * gates, 2) + (3,) * axes and len(states) == (2 if kind == "LSTM" else 1)


@pytest.mark.parametrize("layout", ["TNC", "NTC"])
def test_dynamic_unroll_in_a_graph(layout):
    class Loop(mx.gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.cell = rnn.LSTMCell(4, input_size=3, prefix="rnn_")

        def hybrid_forward(self, F, x, states, length):
            return contrib.rnn.rnn_cell.dynamic_unroll(self.cell, x, states, layout=layout, valid_length=length)

    net, x, length = Loop(), mx.nd.random.uniform(shape=(5, 5, 3)), mx.nd.array([1, 5, 3, 2, 4])
    net.initialize()
    states = net.cell.begin_state(5)
    expected, after = net(x, states, length)
    net.hybridize()
    got, last = net(x, states, length)
    np.testing.assert_allclose(got.asnumpy(), expected.asnumpy(), rtol=1e-5, atol=1e-6)
    for a, b in zip(after, last):
        np.testing.assert_allclose(b.asnumpy(), a.asnumpy(), rtol=1e-5, atol=1e-6)
