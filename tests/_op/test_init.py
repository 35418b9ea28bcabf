"""Operators that make arrays from a rule."""

import numpy as np
import pytest

import mxnet as mx
from mxnet.error import MXNetError

nd = mx.nd
I = nd._internal
DTYPES = ["float32", "float64", "float16", "uint8", "int8", "int32", "int64"]


@pytest.mark.parametrize("dtype", [*DTYPES, "bool"])
def test_constants(dtype):
    for got, want in [
        (I._zeros(shape=(2, 3), dtype=dtype), 0),
        (I._ones(shape="(2, 3)", dtype=dtype), 1),
        (I._full(shape=(2, 3), value=3.7, dtype=dtype), np.array(3.7).astype(dtype)),
    ]:
        assert got.shape == (2, 3) and got.dtype == np.dtype(dtype) and (got.asnumpy() == want).all()


def test_set_value_and_onehot_encode():
    x = nd.zeros((2, 3))
    I._set_value(src=2.5, out=x)
    assert (x.asnumpy() == 2.5).all()
    I._onehot_encode(nd.array([2, 0]), x, out=x)
    assert x.asnumpy().tolist() == [[0, 0, 1], [1, 0, 0]]


def test_ranges():
    assert I._arange(start=3).asnumpy().tolist() == [0, 1, 2]
    assert I._arange(start=5, stop=0, step=-2).asnumpy().tolist() == [5, 3, 1]
    assert I._arange(start=0, stop=5, step=2, repeat=2, dtype="uint8").asnumpy().tolist() == [0, 0, 2, 2, 4, 4]
    assert I._arange(start=0.5, stop=5, dtype="int32").asnumpy().tolist() == [0, 1, 2, 3, 4]
    assert np.allclose(I._arange(start=0, stop=1, step=0.1, dtype="float64").asnumpy(), np.arange(0, 1, 0.1))
    assert np.allclose(I._arange(start=0, stop=1, step=0.1, dtype="float16").asnumpy(), np.arange(0, 1, 0.1), atol=1e-3)
    assert I._linspace(start=0, stop=1, num=5).asnumpy().tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert I._linspace(start=0, stop=1, num=4, endpoint=False).asnumpy().tolist() == [0, 0.25, 0.5, 0.75]
    assert I._linspace(start=0, stop=1, num=0).shape == (0,)


def test_identity():
    assert (I._eye(N=3, M=4, k=-1).asnumpy() == np.eye(3, 4, -1)).all()
    assert (I._eye(N=2, k=9).asnumpy() == 0).all()
    assert I._eye(N=2, dtype="int8").dtype == np.int8


@pytest.mark.parametrize("dtype", DTYPES)
def test_like(dtype):
    x = nd.zeros((2, 3), dtype=dtype)
    assert nd.ones_like(x).dtype == x.dtype and (nd.ones_like(x).asnumpy() == 1).all()
    assert nd.zeros_like(x).shape == (2, 3)
    assert nd.contrib.arange_like(x).asnumpy().tolist() == [[0, 1, 2], [3, 4, 5]] and nd.contrib.arange_like(x).dtype == x.dtype
    assert nd.contrib.arange_like(x, axis=1, start=1, step=2).asnumpy().tolist() == [1, 3, 5]
    assert nd.contrib.arange_like(x, repeat=2).asnumpy().tolist() == [[0, 0, 1], [1, 2, 2]]


def test_like_has_zero_gradient():
    x = nd.ones((2,))
    for fn in (nd.ones_like, nd.zeros_like, nd.contrib.arange_like):
        x.attach_grad()
        x.grad[:] = 7
        with mx.autograd.record():
            y = fn(x)
        y.backward()
        assert x.grad.asnumpy().tolist() == [0, 0]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: I._arange(start=5, stop=0), "give no values"),
        (lambda: I._arange(start=0, stop=5, step=0), "step must not be 0"),
        (lambda: I._arange(start=0, stop=5, repeat=0), "at least 1"),
        (lambda: I._arange(start="a"), "start must be a number, got 'a'"),
        (lambda: I._linspace(start=0, stop=1, num=-1), "must not be negative"),
        (lambda: I._eye(N=-1), "must not be negative"),
        (lambda: I._full(shape=(2,)), "value is required"),
        (lambda: I._full(shape=(2,), value="nan", dtype="int32"), "no integer"),
        (lambda: I._set_value(src=2), "Pass out=array"),
        (lambda: I._zeros(shape=(2, -1)), "sizes of 0 or more"),
        (lambda: I._zeros(shape=(2,), dtype="complex64"), "dtype must be a data type"),
    ],
)
def test_errors(call, text):
    with pytest.raises(MXNetError, match=text):
        call()
