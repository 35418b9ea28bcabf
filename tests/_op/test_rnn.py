"""The RNN operator against torch's layers and against the equations step by step."""

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op.registry import find
from mxnet._op.rnn import Layout, _one_chunk
from mxnet.error import MXNetError

nd = mx.nd
T, N, C, H = 5, 3, 4, 6
MODES = ["rnn_relu", "rnn_tanh", "lstm", "gru"]


def layer(mode, layers, both, projection):
    torch.manual_seed(0)
    options = {"num_layers": layers, "bidirectional": both}
    if mode == "lstm":
        return torch.nn.LSTM(C, H, proj_size=projection or 0, **options)
    if mode == "gru":
        return torch.nn.GRU(C, H, **options)
    return torch.nn.RNN(C, H, nonlinearity=mode[4:], **options)


def packed(module):
    weights = list(module.all_weights)
    flat = [p for cell in weights for p in (cell[:2] + cell[4:])] + [p for cell in weights for p in cell[2:4]]
    return nd.array(torch.cat([p.detach().reshape(-1) for p in flat]))


def states(mode, layers, both, projection):
    cells = layers * (2 if both else 1)
    r = np.random.RandomState(1)
    h = nd.array(r.randn(cells, N, projection or H))
    return [h, nd.array(r.randn(cells, N, H))] if mode == "lstm" else [h]


@pytest.mark.filterwarnings("ignore:LSTM with projections")  # torch's own layer
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("projection", [None, 3])
def test_is_torchs_layer(mode, layers, both, projection):
    if projection and mode != "lstm":
        pytest.skip("projections are for lstm")
    module = layer(mode, layers, both, projection)
    x, s = nd.array(np.random.RandomState(0).randn(T, N, C)), states(mode, layers, both, projection)
    attrs = {"mode": mode, "state_size": H, "num_layers": layers, "bidirectional": both, "projection_size": projection}
    found = nd.RNN(x, packed(module), *s, state_outputs=True, **attrs)
    t = [torch.from_numpy(a.asnumpy()) for a in s]
    want, last = module(torch.from_numpy(x.asnumpy()), tuple(t) if mode == "lstm" else t[0])
    want = [want, *(last if mode == "lstm" else [last])]
    assert len(found) == len(want)
    for f, w in zip(found, want):
        assert np.allclose(f.asnumpy(), w.detach().numpy(), atol=1e-5)
    assert np.allclose(nd.RNN(x, packed(module), *s, **attrs).asnumpy(), want[0].detach().numpy(), atol=1e-5)


@pytest.mark.filterwarnings("ignore:LSTM with projections")  # torch's own layer
@pytest.mark.parametrize("options", [{"projection_size": 3}, {"lstm_state_clip_min": -0.3, "lstm_state_clip_max": 0.3}])
def test_lengths_of_networks_that_go_step_by_step(options):
    module = layer("lstm", 2, True, options.get("projection_size"))
    x, s = nd.array(np.random.RandomState(0).randn(T, N, C)), states("lstm", 2, True, options.get("projection_size"))
    attrs = {"mode": "lstm", "state_size": H, "num_layers": 2, "bidirectional": True, "state_outputs": True, **options}
    found = nd.RNN(x, packed(module), *s, nd.array([2, 5, 1]), use_sequence_length=True, **attrs)
    for n, length in enumerate([2, 5, 1]):
        alone = nd.RNN(x[:length, n : n + 1], packed(module), *[a[:, n : n + 1] for a in s], **attrs)
        assert np.allclose(found[0].asnumpy()[:length, n], alone[0].asnumpy()[:, 0], atol=1e-5)
        for f, a in zip(found[1:], alone[1:]):
            assert np.allclose(f.asnumpy()[:, n], a.asnumpy()[:, 0], atol=1e-5)


def test_a_layer_of_one_chunk_is_the_same():
    both = [[torch.randn(4, 3), torch.randn(4, 2), torch.randn(4), torch.randn(4), torch.randn(2, 1)][:k] for k in (5, 5)]
    for cells in (both, [c[:4] for c in both]):
        for old, new in zip(cells, _one_chunk(cells)):
            assert len(old) == len(new) and all((a == b).all() and a.shape == b.shape for a, b in zip(old, new))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("both", [False, True])
def test_lengths_are_those_of_each_sequence_alone(mode, both):
    module = layer(mode, 2, both, None)
    x, s = nd.array(np.random.RandomState(0).randn(T, N, C)), states(mode, 2, both, None)
    attrs = {"mode": mode, "state_size": H, "num_layers": 2, "bidirectional": both, "state_outputs": True}
    lengths = [5, 2, 1]
    extra = [nd.array(lengths, dtype="int32")]
    found = nd.RNN(x, packed(module), *s, *extra, use_sequence_length=True, **attrs)
    for n, length in enumerate(lengths):
        alone = nd.RNN(x[:length, n : n + 1], packed(module), *[a[:, n : n + 1] for a in s], **attrs)
        assert np.allclose(found[0].asnumpy()[:length, n], alone[0].asnumpy()[:, 0], atol=1e-5)
        assert (found[0].asnumpy()[length:, n] == 0).all()
        for f, a in zip(found[1:], alone[1:]):
            assert np.allclose(f.asnumpy()[:, n], a.asnumpy()[:, 0], atol=1e-5)


def test_the_cell_is_clipped_at_each_step():
    module = layer("lstm", 1, False, None)
    x, s = nd.array(np.random.RandomState(0).randn(T, N, C)), states("lstm", 1, False, None)
    attrs = {"mode": "lstm", "state_size": H, "num_layers": 1, "state_outputs": True}
    wide = nd.RNN(x, packed(module), *s, lstm_state_clip_min=-100, lstm_state_clip_max=100, **attrs)
    free = nd.RNN(x, packed(module), *s, **attrs)
    for a, b in zip(wide, free):
        assert np.allclose(a.asnumpy(), b.asnumpy(), atol=1e-5)
    tight = nd.RNN(x, packed(module), *s, lstm_state_clip_min=-0.1, lstm_state_clip_max=0.1, **attrs)
    assert abs(tight[2].asnumpy()).max() <= 0.1 and not np.allclose(tight[0].asnumpy(), free[0].asnumpy())


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-5), ("float16", 1e-2), ("bfloat16", 6e-2)])
def test_types(dtype, tolerance):
    module = layer("gru", 1, True, None)
    arrays = [nd.array(np.random.RandomState(0).randn(T, N, C)), packed(module), *states("gru", 1, True, None)]
    attrs = {"mode": "gru", "state_size": H, "num_layers": 1, "bidirectional": True}
    want = nd.RNN(*arrays, **attrs).asnumpy()
    got = nd.RNN(*[nd.array(a, dtype=dtype) for a in arrays], **attrs)
    assert got._d.dtype == getattr(torch, dtype)
    assert np.allclose(got._d.float().numpy(), want, atol=tolerance)


def test_gradients_by_finite_differences():
    layout = Layout("lstm", 2, 3, 1, 1, None)
    r = np.random.RandomState(0)
    arrays = [nd.array(v, dtype="float64") for v in (r.randn(3, 2, 2), r.randn(layout.size()) * 0.5, r.randn(1, 2, 3), r.randn(1, 2, 3))]
    attrs = {"mode": "lstm", "state_size": 3, "num_layers": 1}
    for a in arrays:
        a.attach_grad()
    with mx.autograd.record():
        y = nd.RNN(*arrays, **attrs)
    y.backward()
    for k, a in enumerate(arrays):
        for i in (0, a.size - 1):
            moved = []
            for h in (1e-5, -1e-5):
                b = a.asnumpy().copy()
                b.ravel()[i] += h
                moved.append(
                    nd.RNN(*[nd.array(b, dtype="float64") if j == k else c for j, c in enumerate(arrays)], **attrs).asnumpy().sum()
                )
            assert abs((moved[0] - moved[1]) / 2e-5 - a.grad.asnumpy().ravel()[i]) < 1e-6


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("both", [False, True])
def test_dropout_acts_between_layers_in_training_only(mode, both):
    module = layer(mode, 2, both, None)
    arrays = [nd.array(np.random.RandomState(0).randn(T, N, C)), packed(module), *states(mode, 2, both, None)]
    attrs = {"mode": mode, "state_size": H, "num_layers": 2, "bidirectional": both}
    plain = nd.RNN(*arrays, **attrs).asnumpy()
    assert (nd.RNN(*arrays, p=0.5, **attrs).asnumpy() == plain).all()
    mx.random.seed(1)
    with mx.autograd.record():
        first = nd.RNN(*arrays, p=0.5, **attrs).asnumpy()
    mx.random.seed(1)
    with mx.autograd.record():
        second = nd.RNN(*arrays, p=0.5, **attrs).asnumpy()
    assert (first == second).all() and not np.allclose(first, plain)
    with mx.autograd.record():
        barely = nd.RNN(*arrays, p=1e-9, **attrs).asnumpy()
    assert np.allclose(barely, plain, atol=1e-5)


def test_inputs_and_shapes_follow_the_attributes():
    op = find("RNN")
    attrs = {"mode": "lstm", "state_size": H, "num_layers": 2, "bidirectional": True}
    assert op.active_inputs(attrs) == ("data", "parameters", "state", "state_cell")
    assert op.active_inputs({**attrs, "mode": "gru", "use_sequence_length": True}) == ("data", "parameters", "state", "sequence_length")
    shapes = op.complete({"data": (T, N, C), "parameters": None, "state": None, "state_cell": None}, **attrs)
    assert shapes["state"] == (4, N, H) and shapes["parameters"] == packed(layer("lstm", 2, True, None)).shape


@pytest.mark.parametrize(
    "change, text",
    [
        ({"mode": "transformer"}, "mode must be one of"),
        ({"state_size": 0}, "at least 1"),
        ({"state_size": 7}, "parameters have shape"),
        ({"p": 1.0}, "p 1.0 must be"),
        ({"projection_size": 3}, "for mode 'lstm' only"),
        ({"bidirectional": True}, "parameters have shape"),
    ],
)
def test_errors(change, text):
    attrs = {"mode": "gru", "state_size": H, "num_layers": 1, **change}
    with pytest.raises(MXNetError, match=text):
        nd.RNN(nd.zeros((T, N, C)), packed(layer("gru", 1, False, None)), *states("gru", 1, False, None), **attrs)


def test_shape_errors():
    good = packed(layer("gru", 1, False, None))
    with pytest.raises(MXNetError, match=r"state has shape \(2, 3, 6\), expected \(1, 3, 6\)"):
        nd.RNN(nd.zeros((T, N, C)), good, nd.zeros((2, N, H)), mode="gru", state_size=H, num_layers=1)
    with pytest.raises(MXNetError, match="steps, batch, inputs"):
        nd.RNN(nd.zeros((T, C)), good, nd.zeros((1, N, H)), mode="gru", state_size=H, num_layers=1)
    with pytest.raises(IndexError, match="sequence_length 9 is out of range"):
        nd.RNN(nd.zeros((T, N, C)), good, nd.zeros((1, N, H)), sequence_length=nd.array([9, 1, 1]), mode="gru", state_size=H, num_layers=1,
               use_sequence_length=True)  # fmt: skip
