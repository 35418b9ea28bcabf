"""Inference of shapes, types and storage types, forwards and backwards."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx

S = mx.sym


def fc(data=None, **kwargs):
    return S.FullyConnected(S.var("data") if data is None else data, num_hidden=4, name="fc", **kwargs)


def test_weights_follow_from_data():
    assert fc().infer_shape(data=(2, 3)) == ([(2, 3), (4, 3), (4,)], [(2, 4)], [])
    conv = S.Pooling(
        S.Convolution(S.var("data"), kernel=(3, 3), num_filter=8, stride=(2, 2), pad=(1, 1), num_group=2, name="c"), kernel=(2, 2)
    )
    assert conv.infer_shape(data=(2, 4, 15, 17)) == ([(2, 4, 15, 17), (8, 2, 3, 3), (8,)], [(2, 8, 7, 8)], [])
    assert S.RNN(S.var("data"), state_size=4, num_layers=1, mode="lstm").infer_shape(data=(7, 2, 3))[0][1:] == [
        (144,),
        (1, 2, 4),
        (1, 2, 4),
    ]
    assert S.BatchNorm(S.var("data")).infer_shape(data=(2, 3, 4))[2] == [(3,), (3,)]


def test_too_little_is_none_and_a_warning_names_it():
    with pytest.warns(UserWarning, match="data"):
        assert fc().infer_shape() == (None, None, None)
    assert fc().infer_shape_partial() == ([(), (), ()], [()], [])


def test_parts_of_shapes():
    assert fc(S.var("x", shape=(0, 5))).infer_shape_partial() == ([(0, 5), (4, 5), (4,)], [(0, 4)], [])
    d, y = S.var("data"), S.var("y")
    assert S.Concat(d, y, dim=1).infer_shape_partial(data=(2, 0), y=(2, 5))[1] == [(2, 0)]
    assert S.transpose(d).infer_shape_partial(data=(0, 3))[1] == [(3, 0)]
    assert S.sum(d, axis=1).infer_shape_partial(data=(0, 4))[1] == [(0,)]
    assert S.dot(d, y).infer_shape_partial(data=(0, 3, 4), y=(4, 5))[1] == [(0, 3, 5)]
    with mx.util.np_shape(True):
        assert S.dot(d, y).infer_shape_partial(data=(-1, 3, 4), y=(4, 5))[1] == [(-1, 3, 5)]
        assert S.sin(d).infer_shape_partial()[1] == [None]


@pytest.mark.parametrize(
    ("build", "want"),
    [
        (lambda a, c: S.FullyConnected(a(0, 10), num_hidden=21) + c(5, 0), {"a": (5, 10), "c": (5, 21)}),
        (lambda a, c: a(0, 10) + c(12, 0), {"a": (12, 10), "c": (12, 10)}),
        (lambda a, c: S.SliceChannel(a(0, 10), num_outputs=10, axis=1, squeeze_axis=True)[1] + c(5), {"a": (5, 10)}),
        (lambda a, c: S.SliceChannel(a(0, 15, 0), num_outputs=3)[1] + c(3, 5, 2), {"a": (3, 15, 2)}),
        (lambda a, c: S.Convolution(a(0, 10, 0, 0), num_filter=21, kernel=(3, 3), pad=(1, 1)) + c(5, 21, 32, 32), {"a": (5, 10, 32, 32)}),
        (lambda a, c: S.Concat(a(0, 10), S.var("b", shape=(0, 5)), dim=1) + c(2, 0), {"a": (2, 10), "b": (2, 5), "c": (2, 15)}),
        (lambda a, c: S.Activation(a(0, 3), act_type="tanh") + c(2, 0), {"a": (2, 3), "c": (2, 3)}),
        (lambda a, c: S.zeros((0, 3)) + c(2, 0), {"c": (2, 3)}),
    ],
)  # fmt: skip
def test_outputs_tell_about_inputs(build, want):
    s = build(lambda *shape: S.var("a", shape=shape), lambda *shape: S.var("c", shape=shape))
    found = dict(zip(s.list_arguments(), s.infer_shape()[0]))
    assert {k: found[k] for k in want} == want


def test_contradictions_are_errors():
    with pytest.raises(mx.MXNetError, match="fc"):
        fc().infer_shape(data=(2, 3), fc_weight=(4, 9))
    with pytest.raises(mx.MXNetError, match="no argument 'nosuch'"):
        fc().infer_shape(data=(2, 3), nosuch=(1,))
    with pytest.raises(mx.MXNetError, match="Convolution"):
        S.Convolution(S.var("data"), kernel=(3, 3), num_filter=2).infer_shape(data=(1, 3))


def names(types):
    return [None if t is None else np.dtype(t).name for t in types]


@pytest.mark.parametrize(
    ("build", "given", "arguments", "outputs"),
    [
        (fc, {"data": "float16"}, ["float16"] * 3, ["float16"]),
        (lambda: fc(S.Cast(S.var("data"), dtype="float16")), {"data": "float32"}, ["float32", "float16", "float16"], ["float16"]),
        (lambda: S.BatchNorm(S.var("data")), {"data": "float16"}, ["float16", "float32", "float32"], ["float16"]),
        (lambda: S.Embedding(S.var("data"), input_dim=3, output_dim=2), {"data": "int32"}, ["int32", "float32"], ["float32"]),
        (lambda: S.one_hot(S.var("data"), depth=3, dtype="int32"), {"data": "float32"}, ["float32"], ["int32"]),
        (lambda: S.shape_array(S.var("data")), {"data": "float16"}, ["float16"], ["int64"]),
        (lambda: S.zeros((2,), dtype="float16") + S.var("data"), {}, ["float16"], ["float16"]),
        (lambda: fc(S.var("data", dtype="float64")), {}, ["float64"] * 3, ["float64"]),
    ],
)
def test_types(build, given, arguments, outputs):
    found = build().infer_type(**given)
    assert (names(found[0]), names(found[1])) == (arguments, outputs)


def test_types_that_do_not_fit():
    with pytest.raises(mx.MXNetError, match="must have one type"):
        (S.var("x") + S.var("y")).infer_type(x="float16", y="float32")
    assert names(S.Group([fc(), S.var("z")]).infer_type_partial(data="float16")[0]) == ["float16"] * 3 + [None]


def test_storage_types():
    x, w = S.var("x", stype="csr"), S.var("w", stype="row_sparse")
    assert S.sparse.dot(x, w).infer_storage_type() == (["csr", "row_sparse"], ["default"], [])
    assert S.square(w).infer_storage_type()[1] == ["row_sparse"] and (x * 2).infer_storage_type()[1] == ["csr"]
    assert S.sum(x, axis=1).infer_storage_type()[1] == ["default"]


def test_gradients_have_storage_types():
    e = S.sparse.dot(S.var("x", stype="csr"), S.var("w")).simple_bind(mx.cpu(), x=(3, 4), w=(4, 2))
    assert e.arg_dict["x"].stype == "csr" and e.grad_dict["w"].stype == "row_sparse"
    e = S.Embedding(S.var("d"), input_dim=4, output_dim=2, sparse_grad=True, name="e").simple_bind(
        mx.cpu(), d=(3,), grad_req={"e_weight": "write"}
    )
    assert e.grad_dict["e_weight"].stype == "row_sparse" and e.grad_dict["d"] is None


def test_a_reshape_to_another_size_is_an_error():
    with pytest.raises(mx.MXNetError, match="cannot become"):
        S.reshape(S.var("data"), shape=(6, -3)).infer_shape(data=(2, 3, 4, 5))


@pytest.mark.parametrize(
    "make, told, missing",
    [
        (lambda v: mx.sym.take(v("a"), v("i")), {"a": "float16"}, "indices"),
        (lambda v: mx.sym.pick(v("a"), v("i")), {"a": "float16"}, "index"),
        (lambda v: mx.sym.Embedding(v("i"), v("a"), input_dim=3, output_dim=2), {"a": "float16"}, "data"),
        (lambda v: mx.sym.RNN(v("a"), v("p"), v("s"), state_size=2, num_layers=1, mode="gru"), {"p": "float16"}, "data"),
        (lambda v: mx.sym.Dropout(v("a")), {}, "data"),
    ],
)
def test_operators_that_need_the_type_of_an_input(make, told, missing):
    with pytest.raises(mx.MXNetError, match=f"type of input {missing} of .* is unknown"):
        make(mx.sym.var).infer_type(**told)
    make(mx.sym.var).infer_type_partial(**told)


def test_types_that_do_not_follow_from_others():
    v = mx.sym.var
    assert mx.sym.where(v("i"), v("a"), v("b")).infer_type_partial(a="float16")[0] == [None, np.float16, np.float16]
    assert mx.sym.BatchNorm(v("a"), v("g"), name="bn").infer_type(g="float16") == (None, None, None)
    assert mx.sym.batch_take(v("a"), v("i")).infer_type(a="float16")[0] == [np.float16, np.int32]


def test_types_of_samples_with_parameters_of_their_own():
    v = mx.sym.var
    assert mx.sym.random.normal(v("a"), v("b")).infer_type(a="float16") == ([np.float16, np.float16], [np.float32], [])
    assert mx.sym.random.uniform(v("a"), v("b"), dtype="float64").infer_type(a="float16")[1] == [np.float64]
    assert mx.sym.random.normal(v("a"), v("b")).infer_type(a="float16", b="float32") == (None, None, None)


@pytest.mark.parametrize("make, shapes", [
    (lambda x, y: S.concat(x, y, dim=1), {"x": (2, 3), "y": (3, 3)}),
    (lambda x, y: S.FullyConnected(x, y, num_hidden=3, no_bias=True), {"x": (2, 3), "y": (4, 4)}),
    (lambda x, y: S.dot(x, y), {"x": (2, 3), "y": (4, 3)}),
    (lambda x, y: S.broadcast_add(x, y), {"x": (2, 3), "y": (4, 3)}),
    (lambda x, y: S.Convolution(x, y, kernel=(5, 5), num_filter=1, no_bias=True), {"x": (1, 1, 2, 2)}),
])  # fmt: skip
def test_contradictions_are_errors_of_partial_inference_too(make, shapes):
    symbol = make(S.var("x"), S.var("y"))
    for infer in (symbol.infer_shape, symbol.infer_shape_partial):
        with pytest.raises(mx.MXNetError, match="infer_shape"):
            infer(**shapes)
