"""FullyConnected."""

import warnings

import numpy as np
import pytest
from layer_helpers import check_gradient, near_float32, uniform

import mxnet as mx
from mxnet._op.fully_connected import fully_connected
from mxnet.error import MXNetError

nd = mx.nd


@pytest.mark.parametrize("shape, flatten", [((4, 3), True), ((2, 3, 4), True), ((2, 3, 4), False), ((5,), True), ((3,), False)])
def test_values(shape, flatten):
    x = uniform(*shape)
    width = shape[-1] if not flatten else int(np.prod(shape[1:])) if len(shape) > 1 else 1
    w, b = uniform(5, width, seed=1), uniform(5, seed=2)
    rows = x.asnumpy().reshape(-1, width) if flatten else x.asnumpy()
    expected = rows @ w.asnumpy().T
    got = nd.FullyConnected(x, w, b, num_hidden=5, flatten=flatten)
    np.testing.assert_allclose(got.asnumpy(), expected + b.asnumpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        nd.FullyConnected(x, w, num_hidden="5", no_bias="True", flatten=flatten).asnumpy(), expected, rtol=1e-5, atol=1e-6
    )


def test_gradient():
    check_gradient(fully_connected, (3, 4), (2, 4), (2,), num_hidden=2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half(dtype):
    near_float32(lambda *a: nd.FullyConnected(*a, num_hidden=8), uniform(4, 64), uniform(8, 64, seed=1), uniform(8, seed=2), dtype=dtype)


def test_unknown_shapes_are_completed():
    shapes = {"data": (4, 3, 2), "weight": None, "bias": None}
    assert fully_connected.complete(shapes, num_hidden=5, flatten=True, no_bias=False) == {
        "data": (4, 3, 2),
        "weight": (5, 6),
        "bias": (5,),
    }
    assert fully_connected.active_inputs({"num_hidden": 5, "no_bias": True}) == ("data", "weight")


@pytest.mark.parametrize(
    "shapes, attrs, text",
    [
        (((4, 3), (5, 4), (5,)), {"num_hidden": 5}, r"weight has shape \(5, 4\), expected \(5, 3\)"),
        (((4, 3), (5, 3), (1,)), {"num_hidden": 5}, r"bias has shape \(1,\), expected \(5,\)"),
        (((4, 3), (5, 3), (5,)), {"num_hidden": 6}, "weight has shape"),
        (((4, 3), (1, 3), (5,)), {"num_hidden": 5}, r"weight has shape \(1, 3\), expected \(5, 3\)"),
        (((4, 3), (5, 3), (5,)), {}, "num_hidden is required"),
        (((4, 3), (5, 3)), {"num_hidden": 5}, "bias is missing"),
    ],
)
def test_bad_input(shapes, attrs, text):
    with pytest.raises(MXNetError, match=text):
        nd.FullyConnected(*[nd.ones(s) for s in shapes], **attrs)


def test_types_must_agree():
    with pytest.raises(MXNetError, match="data is float32 but weight is float64"):
        nd.FullyConnected(nd.ones((4, 3)), nd.ones((5, 3), dtype="float64"), num_hidden=5, no_bias=True)


@pytest.mark.parametrize("stype", ["default", "row_sparse"])
def test_a_bias_may_be_a_column(stype):
    bias = mx.nd.array([[1], [2]]).tostype(stype)
    for data in (mx.nd.ones((1, 3)), mx.nd.ones((1, 3)).tostype("csr")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = mx.nd.FullyConnected(data, mx.nd.zeros((2, 3)).tostype(stype), bias, num_hidden=2)
        assert y.asnumpy().tolist() == [[1, 2]]
    shapes = mx.sym.FullyConnected(mx.sym.Variable("x"), num_hidden=2, name="fc").infer_shape(x=(1, 3), fc_bias=(2, 1))[0]
    assert shapes[2] == (2, 1)
