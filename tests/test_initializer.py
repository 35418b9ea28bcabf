"""Initializers: roles of names, distributions, shapes, JSON, errors."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mxnet as mx
from mxnet import initializer as init


def fill(initializer, name, shape, dtype="float32", **kwargs):
    a = mx.nd.full(shape, 7, dtype=dtype)
    initializer(init.InitDesc(name, **kwargs), a)
    return a.asnumpy()


def test_roles_of_names():
    for name, want in {"a_weight": 3, "a_bias": 0, "bn_gamma": 1, "bn_beta": 0, "q_min": 0, "q_max": 1}.items():
        assert (fill(init.Constant(3), name, (2, 2)) == want).all(), name
    with pytest.raises(ValueError, match="nothing is known about a parameter named 'strange'.*known endings: weight"):
        fill(init.Zero(), "strange", (2,))


def test_plain_names_follow_the_old_rules():
    a = mx.nd.full((1, 1, 4, 4), 7)
    with pytest.warns(DeprecationWarning, match="InitDesc"):
        init.Zero()("moving_var", a)
    assert (a.asnumpy() == 1).all()
    with pytest.warns(DeprecationWarning):
        init.Zero()("upsampling_w", a)
    np.testing.assert_allclose(a.asnumpy()[0, 0, 0], [0.0625, 0.1875, 0.1875, 0.0625])
    b = mx.nd.zeros((6,))
    with pytest.warns(DeprecationWarning):
        init.Zero()("stn_loc_bias", b)
    assert b.asnumpy().tolist() == [1, 0, 0, 0, 1, 0]


def test_attribute_of_the_description_wins():
    for own in (init.Constant(5).dumps(), "ones", init.One(), init.Mixed([".*"], [init.Constant(5)])):
        value = fill(init.Uniform(), "a_weight", (2, 2), attrs={"__init__": own})
        assert (value == (1 if own in ("ones",) or isinstance(own, init.One) else 5)).all()
    # whatever the name is
    assert (fill(init.Uniform(), "strange", (2,), attrs={"__init__": "ones"}) == 1).all()


@pytest.mark.parametrize(
    "make, shape, bound, deviation",
    [
        (lambda: init.Uniform(0.5), (200, 60), 0.5, None),
        (lambda: init.Normal(2.0), (200, 60), None, 2.0),
        (lambda: init.Xavier(), (200, 60), (3 / 130) ** 0.5, None),
        (lambda: init.Xavier("uniform", "in", 2), (200, 60), (2 / 60) ** 0.5, None),
        (lambda: init.Xavier("gaussian", "out", 2), (100, 30, 3, 3), None, (2 / 900) ** 0.5),
        (lambda: init.MSRAPrelu("in", 0.0), (200, 60), None, (2 / 60) ** 0.5),
    ],
)
def test_distributions(make, shape, bound, deviation):
    value = fill(make(), "a_weight", shape)
    if bound:
        assert 0.99 * bound < abs(value).max() <= bound and abs(value.std() / (bound / 3**0.5) - 1) < 0.05
    else:
        assert abs(value.std() / deviation - 1) < 0.05 and abs(value.mean()) < 5 * deviation / value.size**0.5


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_types(dtype):
    for initializer in (init.Uniform(), init.Normal(), init.Xavier(), init.Orthogonal(), init.Bilinear()):
        value = fill(initializer, "a_weight", (2, 3, 4, 4), dtype)
        assert value.dtype == dtype and np.isfinite(value).all() and not (value == 7).any()


def test_seed():
    mx.random.seed(5)
    a = fill(init.Uniform(), "a_weight", (10,))
    mx.random.seed(5)
    np.testing.assert_array_equal(a, fill(init.Uniform(), "a_weight", (10,)))


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (8, 4, 3, 3)])
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_orthogonal(shape, kind):
    m = fill(init.Orthogonal(2.0, kind), "a_weight", shape).reshape(shape[0], -1)
    gram = m @ m.T if m.shape[0] <= m.shape[1] else m.T @ m
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-4)


def test_lstm_bias_and_fused_rnn():
    assert fill(init.LSTMBias(2.0), "x_weight", (8,)).tolist() == [0, 0, 2, 2, 0, 0, 0, 0]
    hidden, inputs = 3, 2
    size = 4 * hidden * (inputs + hidden) + 2 * 4 * hidden
    value = fill(init.FusedRNN(init.One(), hidden, 1, "lstm", forget_bias=2.0), "p_weight", (size,))
    assert (value[:60] == 1).all()
    assert value[60:].tolist() == [0] * 3 + [2] * 3 + [0] * 6 + [0] * 3 + [2] * 3 + [0] * 6
    by_network = fill(init.FusedRNN(None, hidden, 1, "lstm"), "p_weight", (size,), global_init=init.Constant(5))
    assert (by_network[:60] == 5).all()
    two_layers = init.FusedRNN(init.Xavier(), 4, 2, "gru", bidirectional=True)
    fill(two_layers, "p_weight", (2 * 3 * 4 * (5 + 4 + 2) + 2 * 3 * 4 * (8 + 4 + 2),))
    with pytest.raises(AssertionError, match="do not fit"):
        fill(two_layers, "p_weight", (100,))
    assert init.create(two_layers.dumps()) == two_layers


def test_json():
    for made in (init.Uniform(0.3), init.Xavier("gaussian", "in", 2), init.MSRAPrelu(), init.Constant(2), init.Zero(), init.Orthogonal()):
        again = init.create(made.dumps())
        assert type(again) is type(made) and again == made
    assert json.loads(init.Constant(mx.nd.array([1, 2])).dumps()) == ["constant", {"value": [1.0, 2.0]}]
    assert init.Zero() != init.One() and init.Xavier() != init.Xavier(magnitude=2)


def test_load_and_mixed(tmp_path):
    path = str(tmp_path / "a.params")
    mx.nd.save(path, {"arg:a_weight": mx.nd.array([[1, 2]]), "aux:b": mx.nd.array([3])})
    load = init.Load(path, default_init=init.Constant(9))
    assert (
        fill(load, "a_weight", (1, 2)).tolist() == [[1, 2]] and fill(load, "b", (1,)) == [3] and (fill(load, "c_weight", (2,)) == 9).all()
    )
    with pytest.raises(AssertionError, match=r"b has shape \(4,\), the saved array \(1,\)"):
        fill(load, "b", (4,))
    with pytest.raises(AssertionError, match="no saved array is named 'a_weigh'.*Did you mean 'a_weight'"):
        fill(init.Load(path), "a_weigh", (1,))
    mixed = init.Mixed(["x.*", ".*"], [init.Constant(2), init.Constant(3)])
    assert fill(mixed, "x_weight", (1,)) == [2] and fill(mixed, "y_weight", (1,)) == [3]
    with pytest.raises(ValueError, match="no pattern matches 'y_weight'"):
        fill(init.Mixed(["x.*"], [init.Zero()]), "y_weight", (1,))
    with pytest.raises(AssertionError, match="2 patterns but 1 initializers"):
        init.Mixed(["a", "b"], [init.Zero()])


@pytest.mark.parametrize(
    "make, shape, text",
    [
        (lambda: init.Xavier(), (3,), "at least 2 axes"),
        (lambda: init.Xavier(rnd_type="x"), (3, 3), "rnd_type 'x' is unknown"),
        (lambda: init.Xavier(factor_type="x"), (3, 3), "factor_type 'x' is unknown"),
        (lambda: init.Orthogonal(), (3,), "at least 2 axes"),
        (lambda: init.Orthogonal(rand_type="x"), (3, 3), "rand_type 'x' is unknown"),
        (lambda: init.Bilinear(), (3, 3), "4 axes"),
    ],
)
def test_errors(make, shape, text):
    with pytest.raises(ValueError, match=text):
        fill(make(), "a_weight", shape)


def test_verbosity(caplog):
    with caplog.at_level("INFO"):
        fill(init.Constant(2).set_verbosity(True), "a_weight", (4,))
    assert "Initialized a_weight as weight: 2.0" in caplog.text
