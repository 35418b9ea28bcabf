"""Symbols: automatic names and variables, composition, attributes, outputs, errors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import mxnet as mx

S = mx.sym


@pytest.fixture(autouse=True)
def fresh_names():
    with mx.name.NameManager():
        yield


def mlp():
    x = S.FullyConnected(S.var("data"), name="fc1", num_hidden=8)
    x = S.FullyConnected(S.Activation(x, act_type="relu", name="relu1"), name="fc2", num_hidden=3)
    return S.SoftmaxOutput(x, name="softmax")


def test_missing_inputs_become_variables_named_after_the_node():
    d = S.var("data")
    assert S.FullyConnected(d, num_hidden=2).list_arguments() == ["data", "fullyconnected0_weight", "fullyconnected0_bias"]
    assert S.FullyConnected(d, num_hidden=2, no_bias=True).list_arguments() == ["data", "fullyconnected1_weight"]
    assert S.BatchNorm(d).list_auxiliary_states() == ["batchnorm0_moving_mean", "batchnorm0_moving_var"]
    assert S.RNN(d, state_size=2, num_layers=1, mode="gru").list_arguments() == ["data", "rnn0_parameters", "rnn0_state"]
    assert S.SoftmaxOutput(d).list_arguments()[1] == "softmaxoutput0_label"
    assert S.UpSampling(d, scale=2, sample_type="bilinear", num_filter=3).list_arguments() == ["data", "upsampling0_weight"]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda a, b: a + b, "_plus0"), (lambda a, b: a - 1, "_minusscalar0"), (lambda a, b: 1 - a, "_rminusscalar0"),
        (lambda a, b: 2**a, "_rpower_scalar0"), (lambda a, b: a**2, "_powerscalar0"), (lambda a, b: -a, "_mulscalar0"),
        (lambda a, b: a > 1, "_greater_scalar0"), (lambda a, b: a == b, "_equal0"), (lambda a, b: abs(a), "abs0"),
        (lambda a, b: S.maximum(a, 1), "_maximumscalar0"), (lambda a, b: S.zeros((2,)), "_zeros0"), (lambda a, b: S.contrib.box_nms(a), "box_nms0"),
        (lambda a, b: S.linalg.gemm2(a, b), "gemm20"), (lambda a, b: S.random.uniform(shape=(2,)), "_random_uniform0"),
        (lambda a, b: a.reshape((2, -1)), "reshape0"), (lambda a, b: a.astype("float16"), "cast0"),
    ],
)  # fmt: skip
def test_automatic_names(make, name):
    assert make(S.var("a"), S.var("b")).name == name


def test_arithmetic_agrees_with_numpy():
    a, b = S.var("a"), S.var("b")
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]], "float32"), np.array([[4.0, 3.0], [2.0, 1.0]], "float32")
    s = ((a + b) * 2 - a / (b + 3) + (-a) ** 2 - 1.5 + 2**b) / 2 + (a > b) * (5 - a) + b % 3 + 7 % b
    want = ((x + y) * 2 - x / (y + 3) + (-x) ** 2 - 1.5 + 2**y) / 2 + (x > y) * (5 - x) + y % 3 + 7 % y
    np.testing.assert_allclose(s.eval(a=mx.nd.array(x), b=mx.nd.array(y))[0].asnumpy(), want, rtol=1e-5)


def test_outputs_by_number_name_and_slice():
    s = S.SliceChannel(S.var("d"), num_outputs=3, name="sp")
    assert s.list_outputs() == ["sp_output0", "sp_output1", "sp_output2"]
    assert s[1].list_outputs() == ["sp_output1"] and s[-1].list_outputs() == ["sp_output2"] and len(s) == 3
    assert s["sp_output2"].name == "sp" and [x.list_outputs()[0] for x in s] == s.list_outputs()
    assert s[0:2].list_outputs() == ["sp_output0", "sp_output1"]
    with pytest.raises(IndexError, match="output 5 is out of range"):
        s[5]
    with pytest.raises(ValueError, match="nosuch"):
        s["nosuch"]


def test_internals_and_children():
    s = mlp()
    hidden = s.get_internals()["relu1_output"]
    assert hidden.list_arguments() == ["data", "fc1_weight", "fc1_bias"]
    assert s.get_children().list_outputs() == ["fc2_output", "softmax_label"]
    assert S.var("x").get_children() is None


def test_composition_replaces_variables_and_keeps_the_original():
    a = S.FullyConnected(S.var("data"), name="fc1", num_hidden=3)
    b = S.FullyConnected(S.var("x"), name="fc2", num_hidden=2)
    c = b(x=a, name="composed")
    assert c.list_arguments() == ["data", "fc1_weight", "fc1_bias", "fc2_weight", "fc2_bias"]
    assert c.list_outputs() == ["composed_output"] and b.list_arguments() == ["x", "fc2_weight", "fc2_bias"]
    with pytest.raises(mx.MXNetError, match="no variable 'nosuch'"):
        b(nosuch=a)


def test_groups():
    g = S.Group([S.var("x") * 2, mlp()])
    assert g.list_outputs() == ["_mulscalar0_output", "softmax_output"] and g.name is None
    assert repr(g).startswith("<Symbol group [") and repr(S.var("x")) == "<Symbol x>"
    with pytest.raises(TypeError, match="at least one"):
        S.Group([])


def test_attributes_of_variables():
    v = S.var("v", attr={"__mood__": "angry"}, shape=(3, 4), lr_mult=2, dtype="float16", init="zeros", stype="csr")
    assert v.list_attr() == {"__storage_type__": "2", "__init__": "zeros", "__dtype__": "2", "__lr_mult__": "2", "lr_mult": "2",
                             "__shape__": "(3, 4)", "__mood__": "angry"}  # fmt: skip
    assert v.attr("lr_mult") == "2" and v.attr("mood") is None
    with pytest.raises(ValueError, match="must be a str"):
        S.var("x", attr={"bad": 3})
    with pytest.raises(ValueError, match="not supported"):
        S.var("x", nosuch="1")


def test_attribute_scopes_reach_automatic_variables():
    with mx.AttrScope(ctx_group="dev1", __lr_mult__="0.5"), mx.AttrScope(__group__="4"):
        x = S.FullyConnected(S.var("data"), name="fc1", num_hidden=4, attr={"__wd_mult__": "0.1"})
    for name in ("fc1", "fc1_weight", "fc1_bias"):
        assert x.attr_dict()[name] == {"num_hidden": "4", "__ctx_group__": "dev1", "ctx_group": "dev1", "__lr_mult__": "0.5", "lr_mult": "0.5",
                                       "__wd_mult__": "0.1", "wd_mult": "0.1", "__group__": "4"}  # fmt: skip
    with pytest.raises(mx.MXNetError, match="Write __mood__"):
        S.FullyConnected(S.var("data"), num_hidden=2, attr={"mood": "x"})
    with pytest.raises(mx.MXNetError, match="attribute of an input"):
        S.FullyConnected(S.var("data"), num_hidden=2, weight_lr_mult=2)


def test_attributes_are_kept_as_they_were_given():
    s = S.Convolution(S.var("d"), kernel=(3, 3), num_filter=np.int64(2), stride=[1, 1], name="c", no_bias=True)
    assert s.list_attr() == {"kernel": "(3, 3)", "num_filter": "2", "stride": "[1, 1]", "no_bias": "True"}
    assert S.transpose(S.var("d"), axes=tuple(np.argsort([1, 0]))).attr("axes") == "(1, 0)"
    assert S.Cast(S.var("d"), dtype=np.float16).attr("dtype") == "float16"


def test_copies_are_equal_and_apart():
    a = mlp()
    for b in (copy.copy(a), copy.deepcopy(a), pickle.loads(pickle.dumps(a))):
        assert b.tojson() == a.tojson()
        b._set_attr(__color__="blue")
        assert a.attr("__color__") is None


def test_prefixes():
    with mx.name.Prefix("net_"):
        a = S.FullyConnected(S.var("data"), num_hidden=2, name="fc")
        b = S.Activation(a, act_type="relu")
    assert (a.name, b.name, a.list_arguments()[1]) == ("net_fc", "net_activation0", "net_fc_weight")


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda d: S.FullyConnected(d), mx.MXNetError, "num_hidden is required"),
        (lambda d: S.FullyConnected(d, num_hidden="a"), mx.MXNetError, "num_hidden must be an int"),
        (lambda d: S.FullyConnected(d, num_hidden=3, nosuch=4), mx.MXNetError, "unknown attribute 'nosuch'"),
        (lambda d: S.FullyConnected(mx.nd.ones((2, 2)), num_hidden=3), AssertionError, "must be Symbols, got NDArray"),
        (lambda d: S.FullyConnected(d, d, d, d, num_hidden=2), TypeError, "more than 3 inputs"),
        (lambda d: S.NoSuchOp(d), AttributeError, "NoSuchOp"),
        (lambda d: d + "a", TypeError, "does not take str"),
        (lambda d: bool(d), mx.base.NotImplementedForSymbol, "contrib.cond"),
        (lambda d: d.asnumpy(), mx.base.NotImplementedForSymbol, "asnumpy"),
        (lambda d: S.FullyConnected(S.SliceChannel(d, num_outputs=2), num_hidden=1), mx.MXNetError, "has 2 outputs. Choose one"),
        (lambda d: S.FullyConnected(d, bias=d, no_bias=True, num_hidden=1), mx.MXNetError, "no input 'bias'"),
        (lambda d: S.var(3), TypeError, "name must be a str"),
    ],
)  # fmt: skip
def test_errors_name_the_operator_and_the_fix(call, error, text):
    with pytest.raises(error, match=text):
        call(S.var("data"))


def test_num_args_beyond_the_given_inputs_makes_variables():
    a, b = S.var("a"), S.var("b")
    assert S.Concat(num_args=2, name="c").list_arguments() == ["c_arg0", "c_arg1"]
    assert S.Concat(a, num_args=3, name="c").list_arguments() == ["a", "c_arg1", "c_arg2"]
    assert S.Concat(arg1=a, arg0=b).list_arguments() == ["b", "a"]
    assert S.Concat(arg1=a, num_args=3, name="c").list_arguments() == ["c_arg0", "a", "c_arg2"]
    assert S.Concat(a, num_args=3).attr("num_args") == "3"
    for make, error in ((lambda: S.Concat(a, b, num_args=1), mx.MXNetError), (lambda: S.Concat(), mx.MXNetError),
                        (lambda: S.Concat(a, arg1=b), TypeError), (lambda: S.Concat(x=b), mx.MXNetError)):  # fmt: skip
        with pytest.raises(error):
            make()


def test_texts_of_attributes_are_the_originals():
    a = S.var("a")
    assert S.split_v2(a, (1, 2)).attr("indices") == "[0, 1, 2]" and S.split_v2(a, 2).attr("indices") == "[]"
    assert S.arange(5).attr("stop") == "None" and S.arange(1, 5).attr("stop") == "5"
    assert S.amp_multicast(a, a + 1, num_outputs=2).list_attr() == {"num_outputs": "2"}  # 1.9.1 refuses num_args there
    assert S.arange(5).eval()[0].asnumpy().tolist() == [0, 1, 2, 3, 4]


def test_errors_are_of_the_original_kinds():
    a = S.var("a")
    with pytest.raises(ValueError, match="there is none"):
        S.FullyConnected(a, num_hidden=2, name="fc").get_internals()["fc"]  # its output is fc_output
    with pytest.raises(TypeError, match="by position and by name"):
        S.FullyConnected(a, data=a, num_hidden=2)
    for error in (TypeError, mx.MXNetError):
        with pytest.raises(error, match="unknown data type 'foo'"):
            S.var("b", dtype="foo")
    with pytest.raises(TypeError, match="must consist of ints"):
        (a + 1).infer_shape(a=(2, 3.0))


def test_an_empty_shape_is_an_unknown_one():
    s = S.FullyConnected(S.var("a"), num_hidden=2)
    with pytest.warns(UserWarning, match="do not follow"):
        assert s.infer_shape(a=()) == (None, None, None)
    with mx.np_shape():
        assert (S.var("a") + 1).infer_shape(a=()) == ([()], [()], [])


def test_debug_str_counts_writes():
    assert "bn_moving_mean(0) version=1" in S.BatchNorm(S.var("a"), name="bn").debug_str()


def test_a_graph_text_is_applied_to_symbols():
    a, b = S.var("a"), S.var("b")
    text = (S.var("x") * S.var("y") + 1).tojson()
    made = mx.sym._internal._CachedOp(a, b * 2, subgraph=text)
    assert made.list_arguments() == ["a", "b"]
    assert made.eval(a=mx.nd.array([2.0]), b=mx.nd.array([5.0]))[0].asscalar() == 21
    with pytest.raises(mx.MXNetError, match="1 symbols for 2 inputs"):
        mx.sym._internal._CachedOp(a, subgraph=text)


def test_errors_of_values_come_at_the_call():
    with pytest.raises(mx.MXNetError, match="scale"):
        mx.nd.random.normal(0, -1, (2, 2))
    e = S.random.normal(0, -1, shape=(2, 2)).bind(mx.cpu(), {})
    with pytest.raises(mx.MXNetError, match="scale"):
        e.forward()


def test_cached_op():
    x, y = mx.sym.var("x"), mx.sym.var("y")
    op = mx.nd.CachedOp(mx.sym.Group([x * y, x + y]))
    a, b = mx.nd.array([1, 2]), mx.nd.array([3, 4])
    a.attach_grad()
    with mx.autograd.record():
        product, total = op(a, b)
        (product + total).backward()
    assert product.asnumpy().tolist() == [3, 8] and a.grad.asnumpy().tolist() == [4, 5]
    out = mx.nd.zeros(2)
    assert mx.nd.CachedOp(x * 2)(b, out=out) is out and out.asnumpy().tolist() == [6, 8]
    with pytest.raises(mx.MXNetError, match="takes 2 arrays"):
        op(a)
    with pytest.raises(TypeError, match="needs a Symbol"):
        mx.nd.CachedOp(1)
