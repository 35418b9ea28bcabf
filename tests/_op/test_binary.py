"""Functions of two arrays: values, broadcasting, gradients, types, edges, and sums of many arrays."""

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op.registry import NAMES
from mxnet.error import MXNetError

nd = mx.nd
DTYPES = ["float16", "float32", "float64", "int8", "uint8", "int32", "int64"]


def flag(fn):
    return lambda a, b: fn(a, b).astype(a.dtype)


#: name after broadcast_ -> function of NumPy arrays
REFERENCE = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": lambda a, b: (a / b).astype(a.dtype), "mod": np.mod,
    "power": lambda a, b: np.power(a.astype("float64"), b.astype("float64")).astype("int64" if a.dtype.kind in "iu" else a.dtype).astype(a.dtype),
    "maximum": np.maximum, "minimum": np.minimum, "hypot": lambda a, b: np.hypot(a.astype("float64"), b.astype("float64")).astype(a.dtype),
    "equal": flag(np.equal), "not_equal": flag(np.not_equal), "greater": flag(np.greater), "greater_equal": flag(np.greater_equal),
    "lesser": flag(np.less), "lesser_equal": flag(np.less_equal), "logical_and": flag(np.logical_and), "logical_or": flag(np.logical_or),
    "logical_xor": flag(np.logical_xor),
}  # fmt: skip
SMOOTH = ["add", "sub", "mul", "div", "mod", "power", "maximum", "minimum", "hypot"]


def slopes(fn, a, b):
    a, b = nd.array(a), nd.array(b)
    a.attach_grad()
    b.attach_grad()
    with mx.autograd.record():
        y = fn(a, b)
    y.backward()
    return a.grad.asnumpy().tolist(), b.grad.asnumpy().tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", REFERENCE)
def test_values(name, dtype):
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, (2, 3, 4)).astype(dtype), rng.integers(1, 4, (2, 1, 4)).astype(dtype)
    got = getattr(nd, f"broadcast_{name}")(nd.array(a, dtype=dtype), nd.array(b, dtype=dtype))
    want = REFERENCE[name](a, b)
    assert got.dtype == a.dtype and got.shape == want.shape
    np.testing.assert_allclose(got.asnumpy().astype("float64"), want.astype("float64"), rtol=2e-3)


@pytest.mark.parametrize("shapes", [((3,), (2, 3)), ((2, 1), (3,)), ((1, 1), (4, 5)), ((0, 3), (1, 3)), ((2, 0), (2, 1))])
def test_broadcasting(shapes):
    with mx.util.np_shape(True):
        got = nd.broadcast_add(*(nd.ones(s) for s in shapes))
    assert got.shape == np.broadcast_shapes(*shapes)


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients(name):
    rng = np.random.default_rng(2)
    a, b = (torch.tensor(rng.uniform(0.5, 2.5, s), requires_grad=True) for s in ((2, 3), (1, 3)))
    assert torch.autograd.gradcheck(NAMES[f"broadcast_{name}"].fn, (a, b))


@pytest.mark.parametrize("name", ["equal", "greater", "logical_and"])
def test_flags_have_zero_gradient(name):
    assert slopes(getattr(nd, f"broadcast_{name}"), [1, 2], [1, 3]) == ([0, 0], [0, 0])


def test_gradients_at_ties_and_zeros():
    assert slopes(nd.maximum, [1, 1, 3], [1, 2, 2]) == ([1, 0, 1], [0, 1, 0])
    assert slopes(nd.minimum, [1, 1, 3], [1, 2, 2]) == ([1, 1, 0], [0, 0, 1])
    assert slopes(nd.broadcast_mod, [5, -5], [3, 0]) == ([1, 1], [-1, 0])
    assert slopes(lambda a, b: nd.broadcast_add(a, b.reshape((1, 2))), [[1, 1], [1, 1]], [1, 1])[1] == [2, 2]


def test_integer_division_and_remainder():
    a, b = nd.array([5, -7, -7, 7, 3], dtype="int32"), nd.array([2, 3, -3, -3, 0], dtype="int32")
    assert nd.broadcast_mod(a, b).asnumpy().tolist() == [1, 2, -1, -2, 0]
    assert nd.broadcast_div(a[:4], b[:4]).asnumpy().tolist() == [2, -2, 2, -2]
    assert nd.broadcast_mod(nd.array([5, -5]), nd.array([0, 0])).asnumpy().tolist() == [0, 0]


def test_nan_and_infinity():
    nan, inf = float("nan"), float("inf")
    got = nd.maximum(nd.array([nan, 1, -inf]), nd.array([1, nan, inf])).asnumpy()
    assert np.isnan(got[:2]).all() and got[2] == inf
    assert nd.broadcast_div(nd.array([1, -1]), nd.array([0, 0])).asnumpy().tolist() == [inf, -inf]
    assert np.isfinite(nd.broadcast_hypot(nd.array([1e30]), nd.array([1e30])).asscalar())


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_equal_shapes_only(name):
    fn = getattr(nd, f"elemwise_{name}")
    assert fn(nd.ones((2, 3)), nd.ones((2, 3))).shape == (2, 3)
    with pytest.raises(MXNetError, match=rf"elemwise_{name}: lhs has shape \(2, 3\), rhs \(1, 3\).*Use broadcast_{name}"):
        fn(nd.ones((2, 3)), nd.ones((1, 3)))
    with pytest.raises(MXNetError, match="lhs is int32, rhs is float32; both must have one type"):
        fn(nd.ones(2, dtype="int32"), nd.ones(2))


@pytest.mark.parametrize("name", REFERENCE)
def test_bad_input(name):
    fn = getattr(nd, f"broadcast_{name}")
    with pytest.raises(MXNetError, match="lhs is float16, rhs is float32; both must have one type. Convert one with astype"):
        fn(nd.ones(2, dtype="float16"), nd.ones(2))
    with pytest.raises(MXNetError, match=f"broadcast_{name}"):
        fn(nd.ones((2, 3)), nd.ones((4, 3)))
    with pytest.raises(MXNetError, match="input rhs is missing"):
        fn(nd.ones(2))


def test_operators_of_arrays():
    a, b = nd.array([1, 2]), nd.array([4, 3])
    for got, want in (
        (a + b, [5, 5]),
        (a - b, [-3, -1]),
        (a * b, [4, 6]),
        (b / a, [4, 1.5]),
        (b % a, [0, 1]),
        (a**b, [1, 8]),
        (a < b, [1, 1]),
        (a == b, [0, 0]),
    ):
        assert got.asnumpy().tolist() == want


def test_out():
    a, b, c = nd.ones(3), nd.ones(3), nd.zeros(3)
    assert nd.broadcast_add(a, b, out=c) is c and c.asnumpy().tolist() == [2, 2, 2]
    with pytest.raises(MXNetError, match="out has shape"):
        nd.broadcast_add(a, b, out=nd.zeros(2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_add_n(dtype):
    arrays = [nd.array([1, 2], dtype=dtype) for _ in range(4)]
    got = nd.add_n(*arrays)
    assert got.dtype == np.dtype(dtype) and got.asnumpy().tolist() == [4, 8]
    one = nd.add_n(arrays[0])
    one[:] = 0
    assert arrays[0].asnumpy().tolist() == [1, 2]


def test_add_n_bad_input():
    with pytest.raises(MXNetError, match=r"add_n: array 1 is \(3,\) float32, array 0 \(2,\) float32"):
        nd.add_n(nd.ones(2), nd.ones(3))
    with pytest.raises(MXNetError, match="add_n: no arrays given"):
        nd.add_n()


def test_allclose():
    a, b = nd.array([1, np.nan]), nd.array([1.000001, np.nan])
    assert nd.contrib.allclose(a, b).dtype == np.uint8
    assert [int(nd.contrib.allclose(a, b, equal_nan=e).asscalar()) for e in (True, False)] == [1, 0]
    assert int(nd.contrib.allclose(nd.ones(2), nd.ones(2) * 1.1, rtol=0.2).asscalar()) == 1
