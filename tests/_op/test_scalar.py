"""Functions of an array and a number: values, types, gradients."""

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op.registry import NAMES
from mxnet._op.scalar import SCALAR
from mxnet.error import MXNetError

nd = mx.nd
REFERENCE = {
    "_plus_scalar": lambda x, s: x + s, "_minus_scalar": lambda x, s: x - s, "_rminus_scalar": lambda x, s: s - x, "_mul_scalar": lambda x, s: x * s,
    "_div_scalar": lambda x, s: x / s, "_rdiv_scalar": lambda x, s: s / x, "_mod_scalar": np.mod, "_rmod_scalar": lambda x, s: np.mod(s, x),
    "_power_scalar": lambda x, s: x**s, "_rpower_scalar": lambda x, s: s**x, "_maximum_scalar": np.maximum, "_minimum_scalar": np.minimum,
    "_hypot_scalar": np.hypot, "_equal_scalar": np.equal, "_not_equal_scalar": np.not_equal, "_greater_scalar": np.greater,
    "_greater_equal_scalar": np.greater_equal, "_lesser_scalar": np.less, "_lesser_equal_scalar": np.less_equal,
    "_logical_and_scalar": np.logical_and, "_logical_or_scalar": np.logical_or, "_logical_xor_scalar": np.logical_xor,
    "_scatter_plus_scalar": lambda x, s: x + s, "_scatter_minus_scalar": lambda x, s: x - s,
}  # fmt: skip


def function(name):
    return getattr(nd._internal, name)


def test_every_function_has_a_reference():
    assert set(REFERENCE) == set(SCALAR)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", SCALAR)
def test_floats(name, dtype):
    a = np.array([0.5, 1.5, 2.0, 3.25], dtype=dtype)
    got = function(name)(nd.array(a, dtype=dtype), scalar=1.5)
    assert got.dtype == a.dtype
    np.testing.assert_allclose(got.asnumpy().astype("float64"), REFERENCE[name](a.astype("float64"), 1.5), rtol=2e-3)
    assert (function(name)(nd.array(a, dtype=dtype), scalar="1.5") == got).asnumpy().all()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
@pytest.mark.parametrize("name", SCALAR)
def test_integers_cut_the_scalar(name, dtype):
    x = nd.array([1, 2, 5], dtype=dtype)
    got = function(name)(x, scalar=2.5)
    assert got.dtype == np.dtype(dtype)
    assert (got == function(name)(x, scalar=2)).asnumpy().all()
    assert function(name)(x, scalar=2.5, is_int=False).dtype == np.float64


def test_small_integers_wrap():
    u = nd.array([1, 250], dtype="uint8")
    assert (u + 300).asnumpy().tolist() == [45, 38]
    assert (u * 2).asnumpy().tolist() == [2, 244]
    assert (nd.array([-7, 7], dtype="int32") / 2).asnumpy().tolist() == [-3, 3]
    assert (nd.array([-7, 7], dtype="int32") % 3).asnumpy().tolist() == [2, 1]


@pytest.mark.parametrize("name", [n for n, row in SCALAR.items() if not row.zero_grad])
def test_gradients(name):
    x = torch.tensor([0.7, 1.2, 2.6], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: NAMES[name].fn(t, scalar=1.6), (x,))


def test_gradients_at_edges():
    def slope(fn, values):
        x = nd.array(values)
        x.attach_grad()
        with mx.autograd.record():
            y = fn(x)
        y.backward()
        return x.grad.asnumpy().tolist()

    assert slope(lambda x: nd.maximum(x, 1), [0, 1, 2]) == [0, 1, 1]
    assert slope(lambda x: nd.minimum(x, 1), [0, 1, 2]) == [1, 1, 0]
    assert slope(lambda x: x % 0, [1, 2]) == [1, 1]
    assert slope(lambda x: x**2, [0, 3]) == [0, 6]
    assert slope(lambda x: x**0, [0, 3]) == [0, 0]
    assert slope(lambda x: 0**x, [0, 3]) == [0, 0]
    assert slope(lambda x: x > 1, [0, 2]) == [0, 0]


def test_zero():
    x = nd.array([1, -1, 0])
    assert (x % 0).asnumpy().tolist() == [0, 0, 0]
    assert (5 % x).asnumpy().tolist() == [0, 0, 0]
    assert (x**0).asnumpy().tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", SCALAR)
def test_bad_input(name):
    with pytest.raises(MXNetError, match=f"{name}: scalar must be a number, got 'one'"):
        function(name)(nd.ones(2), scalar="one")
    with pytest.raises(MXNetError, match="input data is missing"):
        function(name)(scalar=1)
