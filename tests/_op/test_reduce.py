"""Reductions, norms, positions of extremes, running sums, broadcasting along axes."""

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op.registry import NAMES
from mxnet.error import MXNetError

nd = mx.nd
REFERENCE = {"sum": np.sum, "mean": np.mean, "prod": np.prod, "nansum": np.nansum, "nanprod": np.nanprod, "max": np.max, "min": np.min}
#: attributes -> axes that NumPy reduces over
AXES = [({}, (0, 1, 2)), ({"axis": 1}, (1,)), ({"axis": -1}, (2,)), ({"axis": (0, 2)}, (0, 2)), ({"axis": "(2, 0)"}, (0, 2)),
        ({"axis": 1, "exclude": True}, (0, 2)), ({"axis": (0, -1), "exclude": True}, (1,)), ({"axis": ()}, (0, 1, 2))]  # fmt: skip


def slope(fn, values):
    x = nd.array(values)
    x.attach_grad()
    with mx.autograd.record():
        y = fn(x)
    y.backward()
    return x.grad.asnumpy().tolist()


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("attrs, axes", AXES)
@pytest.mark.parametrize("name", REFERENCE)
def test_values(name, attrs, axes, keepdims):
    a = np.random.default_rng(0).uniform(0.5, 2, (2, 3, 4))
    got = getattr(nd, name)(nd.array(a, dtype="float64"), keepdims=keepdims, **attrs)
    want = REFERENCE[name](a, axis=axes, keepdims=keepdims)
    assert got.shape == (want.shape or (1,))
    np.testing.assert_allclose(got.asnumpy(), want.reshape(got.shape), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "int8", "uint8", "int32", "int64"])
@pytest.mark.parametrize("name", REFERENCE)
def test_types_are_kept(name, dtype):
    a = np.array([[1, 2, 3], [4, 5, 6]], dtype=dtype)
    got = getattr(nd, name)(nd.array(a, dtype=dtype), axis=1)
    want = REFERENCE[name](a, axis=1).astype("int64" if a.dtype.kind in "iu" else dtype).astype(dtype)
    assert got.dtype == a.dtype and got.asnumpy().tolist() == want.tolist()


def test_halves_accumulate_in_float32():
    x = nd.ones((1, 5000), dtype="float16")
    assert nd.sum(x).asscalar() == 5000 and nd.mean(x).asscalar() == 1
    assert nd.norm(x).asscalar() == pytest.approx(np.sqrt(5000), rel=1e-3)
    assert nd.prod(nd.array([200, 200, 1 / 200, 1 / 200], dtype="float16")).asscalar() == pytest.approx(1, rel=1e-2)


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "nansum", "nanprod", "max", "min"])
def test_gradients(name):
    x = torch.tensor(np.random.default_rng(1).uniform(0.5, 2, (2, 3, 2)), requires_grad=True)
    for axis in (None, (1,), (0, 2)):
        assert torch.autograd.gradcheck(lambda t, axis=axis: NAMES[name].fn(t, axis=axis), (x,))
        assert torch.autograd.gradcheck(lambda t, axis=axis: NAMES[name].fn(t, axis=axis, keepdims=True), (x,))


def test_gradients_at_ties_and_nan():
    assert slope(lambda x: nd.max(x, axis=1), [[1, 3, 3], [2, 2, 1]]) == [[0, 1, 1], [1, 1, 0]]
    assert slope(lambda x: nd.min(x, axis=1), [[1, 1, 3], [2, 2, 1]]) == [[1, 1, 0], [0, 0, 1]]
    assert slope(nd.nansum, [1, np.nan, 3]) == [1, 0, 1]
    assert nd.nanprod(nd.array([2, np.nan, 3])).asscalar() == 6
    assert np.isnan(nd.max(nd.array([1, np.nan])).asscalar())


def test_a_full_reduction_has_shape_one():
    assert nd.sum(nd.ones((2, 3))).shape == (1,) and nd.sum(nd.ones((2, 3)), keepdims=True).shape == (1, 1)


def test_empty():
    with mx.util.np_shape(True):
        assert nd.sum(nd.zeros((0, 3)), axis=0).asnumpy().tolist() == [0, 0, 0]
        assert nd.prod(nd.zeros((0, 3)), axis=0).asnumpy().tolist() == [1, 1, 1]
        with pytest.raises(MXNetError, match="max: cannot reduce over an axis of size 0"):
            nd.max(nd.zeros((0, 3)), axis=0)


@pytest.mark.parametrize("name", [*REFERENCE, "norm"])
def test_bad_axes(name):
    x = nd.ones((2, 3))
    with pytest.raises(MXNetError, match=f"{name}: axis 5 is out of range for 2 axes. Use -2..1"):
        getattr(nd, name)(x, axis=5)
    with pytest.raises(MXNetError, match="names an axis twice"):
        getattr(nd, name)(x, axis=(0, -2))
    with pytest.raises(MXNetError, match="axis must be an int or a tuple of int or None, got 'x'"):
        getattr(nd, name)(x, axis="x")


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("axis", [None, 0, (0, 1), (1, 2)])
def test_norm(order, axis):
    a = np.random.default_rng(0).normal(size=(2, 3, 4))
    axes = (0, 1, 2) if axis is None else (axis,) if isinstance(axis, int) else axis
    want = np.abs(a).sum(axes) if order == 1 else np.sqrt(np.square(a).sum(axes))
    got = nd.norm(nd.array(a, dtype="float64"), ord=order, axis=axis)
    np.testing.assert_allclose(got.asnumpy().reshape(np.shape(want)), want, rtol=1e-12)
    x = torch.tensor(a, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: NAMES["norm"].fn(t, ord=order, axis=None if axis is None else axes), (x,))


def test_norm_of_zeros_and_types():
    assert slope(nd.norm, [0, 0]) == [0, 0]
    assert nd.norm(nd.array([3, 4, 5], dtype="int32")).asnumpy().tolist() == [7]
    assert nd.norm(nd.ones(3, dtype="float16"), out_dtype="float32").dtype == np.float32
    with pytest.raises(MXNetError, match="norm: ord is 3, only 1 and 2 are defined"):
        nd.norm(nd.ones(3), ord=3)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_of_extremes(name):
    a = np.random.default_rng(0).permutation(24).reshape(2, 3, 4).astype("float32")
    fn, want = getattr(nd, name), getattr(np, name)
    x = nd.array(a)
    assert fn(x).asnumpy().tolist() == [want(a)]
    for axis in (0, 1, -1):
        assert (fn(x, axis=axis).asnumpy() == want(a, axis)).all() and fn(x, axis=axis, keepdims=True).shape == want(
            a, axis, keepdims=True
        ).shape
    assert fn(nd.array([[1, 1], [2, 2]]), axis=1).asnumpy().tolist() == [0, 0]
    assert fn(x.astype("float16"), axis=1).dtype == np.float16
    assert slope(lambda t: fn(t, axis=0), [[1, 2]]) == [[0, 0]]
    with pytest.raises(MXNetError, match=f"{name}: axis 3 is out of range"):
        fn(x, axis=3)


def test_argmax_channel():
    assert nd.argmax_channel(nd.array([[1, 3, 2], [5, 4, 0]])).asnumpy().tolist() == [1, 0]


def test_moments():
    a = np.random.default_rng(0).normal(size=(2, 3, 4))
    mean, var = nd.moments(nd.array(a, dtype="float64"), axes=(0, 2))
    np.testing.assert_allclose(mean.asnumpy(), a.mean((0, 2)))
    np.testing.assert_allclose(var.asnumpy(), a.var((0, 2)))
    assert [m.shape for m in nd.moments(nd.ones((2, 3)), axes=1, keepdims=True)] == [(2, 1)] * 2
    assert nd.moments(nd.array([1, 3], dtype="int32"), axes=0)[1].asnumpy().tolist() == [1]
    x = torch.tensor(a, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: NAMES["moments"].fn(t, axes=(0, 2)), (x,))


def test_cumsum():
    a = np.arange(6).reshape(2, 3)
    x = nd.array(a)
    assert (nd.cumsum(x, axis=1).asnumpy() == a.cumsum(1)).all() and (nd.cumsum(x).asnumpy() == a.cumsum()).all()
    assert nd.cumsum(x, axis=0, dtype="float64").dtype == np.float64
    assert nd.cumsum(nd.array([True, True]).astype("bool")).dtype == np.int64
    assert slope(lambda t: nd.cumsum(t, axis=0), [1, 2, 3]) == [3, 2, 1]
    with pytest.raises(MXNetError, match="cumsum: axis 4 is out of range"):
        nd.cumsum(x, axis=4)


def test_broadcasting_along_axes():
    x = nd.array([1, 2]).reshape((1, 2, 1))
    assert nd.broadcast_axis(x, axis=(0, 2), size=(2, 3)).shape == (2, 2, 3)
    assert nd.broadcast_to(x, shape=(3, 0, 4)).shape == (3, 2, 4)
    assert nd.broadcast_like(x, nd.ones((3, 2, 4))).shape == (3, 2, 4)
    assert nd.broadcast_like(x, nd.ones((3, 4)), lhs_axes=(0, 2), rhs_axes=(0, 1)).shape == (3, 2, 4)
    assert slope(lambda t: nd.broadcast_to(t, shape=(2, 3)), [[1], [2]]) == [[3], [3]]
    wide = nd.broadcast_to(nd.array([[1]]), shape=(2, 2))
    wide[0, 0] = 5
    assert wide.asnumpy().tolist() == [[5, 1], [1, 1]]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda x: nd.broadcast_axis(x, axis=1, size=3), "axis 1 has size 2, only axes of size 1 can grow"),
        (lambda x: nd.broadcast_axis(x, axis=(0, 2), size=2), "2 axes but 1 sizes"),
        (lambda x: nd.broadcast_to(x, shape=(2, 4)), "the array has 3 axes"),
        (lambda x: nd.broadcast_to(x, shape=(3, 3, 4)), "cannot be broadcast to"),
        (lambda x: nd.broadcast_like(x, nd.ones((3, 4))), "they need as many axes"),
    ],
)
def test_bad_broadcasts(call, text):
    with pytest.raises(MXNetError, match=text):
        call(nd.ones((1, 2, 1)))


def test_half_precision_is_near_float32():
    x = torch.rand(4, 50)
    for name in REFERENCE:
        for half in (torch.float16, torch.bfloat16):
            got = NAMES[name].fn(x.to(half), axis=(1,))
            assert got.dtype == half
            torch.testing.assert_close(got.float(), NAMES[name].fn(x.to(half).float(), axis=(1,)), rtol=1e-2, atol=1e-3)
