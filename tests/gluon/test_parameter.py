"""Parameters: initialization, deferred shapes, gradients, contexts, files, and what errors say."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon
from mxnet.gluon import Constant, DeferredInitializationError, Parameter, ParameterDict


def made(**kwargs):
    p = Parameter("w", **{"shape": (2, 3), "init": "ones", **kwargs})
    p.initialize()
    return p


def test_data_is_the_parameter_itself():
    p = made()
    p.data()[:] = 5
    assert p.data().asnumpy().tolist() == [[5.0] * 3] * 2


@pytest.mark.parametrize("req,expected", [("write", 3.0), ("add", 6.0)])
def test_grad_req(req, expected):
    p = made(grad_req=req)
    for _ in range(2):
        with mx.autograd.record():
            (p.data() * 3).sum().backward()
    assert p.grad().asnumpy().tolist() == [[expected] * 3] * 2
    p.zero_grad()
    assert p.grad().asnumpy().sum() == 0


def test_null_has_no_gradient_and_can_be_switched_on():
    p = made(grad_req="null")
    with pytest.raises(RuntimeError, match="w: has no gradient, its grad_req is 'null'"):
        p.grad()
    p.grad_req = "write"
    with mx.autograd.record():
        p.data().sum().backward()
    assert p.grad().asnumpy().min() == 1


def test_not_differentiable_stays_null():
    p = made(differentiable=False)
    assert p.grad_req == "null"


def test_before_initialization():
    p = Parameter("w", shape=(2,))
    with pytest.raises(RuntimeError, match="w: not initialized. Call initialize"):
        p.data()
    with pytest.raises(AssertionError, match="w: not initialized. Call initialize\\(\\) before set_data"):
        p.set_data(mx.nd.ones(2))
    with pytest.raises(ValueError, match="w: cannot reset its context"):
        p.reset_ctx(mx.cpu(1))


def test_deferred_initialization():
    p = Parameter("w", shape=(2, 0), init="ones", allow_deferred_init=True)
    p.initialize()
    with pytest.raises(DeferredInitializationError, match=r"shape \(2, 0\) has unknown sizes"):
        p.data()
    p.shape = (2, 4)
    p._finish_deferred_init()
    assert p.data().asnumpy().sum() == 8


def test_set_data_completes_a_deferred_parameter():
    p = Parameter("w", shape=(2, 0), allow_deferred_init=True)
    p.initialize()
    p.set_data(mx.nd.full((2, 5), 7))
    p._finish_deferred_init()
    assert p.shape == (2, 5)
    assert p.data().asnumpy().min() == 7


def test_unknown_shape_without_permission():
    with pytest.raises(ValueError, match=r"shape is \(0, 4\). Give all sizes, or allow_deferred_init=True"):
        Parameter("w", shape=(0, 4)).initialize()


def test_shape_can_only_be_completed():
    p = made()
    with pytest.raises(AssertionError, match=r"shape \(7, 7\) does not fit the expected shape \(2, 3\)"):
        p.shape = (7, 7)
    with pytest.raises(mx.MXNetError):
        p.set_data(mx.nd.ones((9,)))


@pytest.mark.parametrize("field", ["grad_req", "stype", "grad_stype"])
def test_unknown_options_name_the_close_match(field):
    word = {"grad_req": "wrte"}.get(field, "row_sprse")
    with pytest.raises(ValueError, match=f"{field} is '{word}'.*Did you mean"):
        Parameter("w", shape=(2,), **{field: word})


def test_second_initialize_warns_and_does_nothing():
    p = made()
    with pytest.warns(UserWarning, match="w: already initialized"):
        p.initialize(init="zeros")
    assert p.data().asnumpy().min() == 1
    p.initialize(init="zeros", force_reinit=True)
    assert p.data().asnumpy().max() == 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_cast(dtype):
    p = made()
    with mx.autograd.record():
        (p.data() * 2).sum().backward()
    p.cast(dtype)
    assert p.data().astype("float32").asnumpy().tolist() == [[1.0] * 3] * 2
    assert p.grad().astype("float32").asnumpy().tolist() == [[2.0] * 3] * 2
    with mx.autograd.record():
        (p.data() * 3).sum().backward()
    assert p.grad().astype("float32").asnumpy().max() == 3


def test_several_contexts():
    p = Parameter("w", shape=(2,), init="ones")
    p.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    assert p.list_ctx() == [mx.cpu(0), mx.cpu(1)]
    assert [d.context for d in p.list_data()] == [mx.cpu(0), mx.cpu(1)]
    p.data(mx.cpu(1))[:] = 3
    assert p.data(mx.cpu(0)).asnumpy().tolist() == [1, 1]
    with pytest.raises(RuntimeError, match=r"not initialized on context cpu\(2\), only on \[cpu\(0\), cpu\(1\)\]"):
        p.data(mx.cpu(2))
    p.reset_ctx(mx.cpu(0))  # the mean of the copies
    assert p.data().asnumpy().tolist() == [2, 2]


def test_constant():
    c = Constant("c", mx.nd.array([1, 2]))
    c.initialize()
    assert c.data().asnumpy().tolist() == [1, 2]
    with pytest.warns(UserWarning, match="constants are not trained"):
        c.grad_req = "write"
    assert c.grad_req == "null"
    assert mx.init.create(mx.init.create(c.init.dumps()).dumps()).value.asnumpy().tolist() == [1, 2]


def test_sparse_gradient_holds_only_touched_rows():
    p = Parameter("w", shape=(6, 2), init="ones", grad_stype="row_sparse")
    p.initialize()
    with mx.autograd.record():
        out = mx.nd.Embedding(mx.nd.array([1, 4, 1]), p.data(), input_dim=6, output_dim=2, sparse_grad=True)
        out.sum().backward()
    g = p.grad()
    assert g.stype == "row_sparse"
    assert g.indices.asnumpy().tolist() == [1, 4]
    assert g.data.asnumpy().tolist() == [[2, 2], [1, 1]]
    p.zero_grad()
    assert p.grad().indices.shape == (0,)


def test_sparse_weight_asks_for_row_sparse_data():
    p = Parameter("w", shape=(4, 2), stype="row_sparse", grad_stype="row_sparse", init="ones")
    p.initialize()
    with pytest.raises(RuntimeError, match="Use row_sparse_data"):
        p.data()
    with pytest.raises(RuntimeError, match="Create a gluon.Trainer with it first"):
        p.row_sparse_data(mx.nd.array([1]))
    gluon.Trainer([p], "sgd")
    rows = p.row_sparse_data(mx.nd.array([1, 3], dtype="int64"))
    assert rows.indices.asnumpy().tolist() == [1, 3]
    assert p._reduce().asnumpy().sum() == 8


def test_dictionary_get_merges_shapes_and_refuses_contradictions():
    d = ParameterDict("net_")
    p = d.get("w", shape=(0, 3), allow_deferred_init=True)
    assert d.get("w", shape=(2, 0)) is p
    assert p.shape == (2, 3)
    with pytest.raises(AssertionError, match="net_w: shape is"):
        d.get("w", shape=(5, 5))
    with pytest.raises(AssertionError, match="net_w: dtype is"):
        d.get("w", dtype="float16")
    with pytest.raises(KeyError, match="Did you mean 'net_w'"):
        d["net_x"]


def test_dictionary_files(tmp_path):
    d = ParameterDict("net_")
    d.get("w", shape=(2,), init="ones")
    d.initialize()
    d.save(str(tmp_path / "p"), strip_prefix="net_")
    assert list(mx.nd.load(str(tmp_path / "p"))) == ["w"]
    other = ParameterDict("b_")
    q = other.get("w", shape=(2,))
    other.load(str(tmp_path / "p"), restore_prefix="b_")
    assert q.data().asnumpy().tolist() == [1, 1]
    with pytest.raises(ValueError, match="strip_prefix is 'x_'"):
        d.save(str(tmp_path / "p"), strip_prefix="x_")
    third = ParameterDict("b_")
    third.get("v", shape=(2,))
    with pytest.raises(AssertionError, match="b_v: missing in file"):
        third.load(str(tmp_path / "p"), restore_prefix="b_")


def test_load_checks_shape_and_dtype(tmp_path):
    mx.nd.save(str(tmp_path / "p"), {"w": mx.nd.ones((2,))})
    d = ParameterDict("")
    d.get("w", shape=(3,))
    with pytest.raises(AssertionError, match=r"w: the file has shape \(2,\), the block expects \(3,\)"):
        d.load(str(tmp_path / "p"))
    d = ParameterDict("")
    p = d.get("w", shape=(2,), dtype="float16")
    with pytest.raises(AssertionError, match="data type float32, the block float16"):
        d.load(str(tmp_path / "p"))
    d.load(str(tmp_path / "p"), cast_dtype=True)
    assert p.data().dtype == np.float16
    d.load(str(tmp_path / "p"), cast_dtype=True, dtype_source="saved")
    assert p.data().dtype == np.float32
