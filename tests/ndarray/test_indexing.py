"""Indexing of dense arrays against NumPy: reads, writes, views, gradients, errors."""

import numpy as np
import pytest

import mxnet as mx

A = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
KEYS = [0, -1, slice(1, 3), slice(None, None, 2), slice(None, None, -1), slice(2, 0, -1), slice(-2, None), (0, 1), (0, 1, 2), (slice(None), 1),
        (Ellipsis, 2), (1, Ellipsis), (None, 0), (slice(None), None, 1), (slice(0, 2), slice(None, None, -2), slice(1, 4)), ([0, 2],),
        ([0, 2], [1, 3]), (slice(None), [3, 0]), ([1], slice(1, 3), 0), (np.array([[0, 1], [2, 0]]),), ([0, -1], slice(None), [0, 4]),
        slice(1, 1), (slice(5, 9),), (slice(None, None, -1), [1, 2])]  # fmt: skip


def scalar_as_vector(a):
    return a.reshape(1) if a.ndim == 0 else a


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_reads_as_numpy(key):
    got = mx.nd.array(A)[key].asnumpy()
    expected = scalar_as_vector(A[key])
    assert got.shape == expected.shape and np.array_equal(got, expected)


@pytest.mark.parametrize("key", KEYS, ids=repr)
@pytest.mark.parametrize("kind", ["number", "array", "numpy"])
def test_writes_as_numpy(key, kind):
    expected, x = A.copy(), mx.nd.array(A)
    if kind == "number":
        value = given = -7.0
    else:
        value = np.random.default_rng(0).normal(size=A[key].shape).astype(np.float32)
        given = value if kind == "numpy" else mx.nd.array(value) if value.ndim else mx.nd.array([float(value)])
    expected[key] = value
    x[key] = given
    assert np.array_equal(x.asnumpy(), expected)


@pytest.mark.parametrize("key", [k for k in KEYS if k != slice(1, 1)], ids=repr)
def test_gradients_of_reads(key):
    x = mx.nd.array(A)
    x.attach_grad()
    with mx.autograd.record():
        y = (x[key] * x[key]).sum()
    y.backward()
    expected = np.zeros_like(A)
    np.add.at(expected, key, 2 * A[key])
    assert np.allclose(x.grad.asnumpy(), expected)


def test_contiguous_slices_are_views_and_others_copies():
    x = mx.nd.array(A)
    view, copy, fancy = x[1:3], x[:, 1], x[[0, 1]]
    view[:] = 0
    copy[:] = 100
    fancy[:] = 100
    assert (x.asnumpy()[1:3] == 0).all() and (x.asnumpy()[0] == A[0]).all()


def test_index_arrays_of_any_type_and_masks():
    x = mx.nd.array(A)
    for dtype in ("float32", "int32", "int64", "uint8"):
        assert np.array_equal(x[mx.nd.array([2, 0], dtype=dtype)].asnumpy(), A[[2, 0]])
    mask = np.array([True, False, True])
    assert np.array_equal(x[mask].asnumpy(), A[mask])


def test_overlapping_assignment():
    x = mx.nd.arange(6)
    x[1:] = x[:-1]
    assert x.asnumpy().tolist() == [0, 0, 1, 2, 3, 4]
    x[::-1] = x.copy()
    assert x.asnumpy().tolist() == [4, 3, 2, 1, 0, 0]


@pytest.mark.parametrize("key, error, text", [
    (3, IndexError, "out of bounds for axis 0 with size 3"), ((0, 0, 9), IndexError, "index 9 is out of bounds for axis 2"),
    ((0, 0, 0, 0), IndexError, "too many indices"), ([0, 3], IndexError, "index 3 is out of bounds"), (([0], [-5]), IndexError, "index -5"),
    ("a", IndexError, "cannot index with str"), (slice(None, None, 0), ValueError, "step must not be 0")], ids=repr)  # fmt: skip
def test_bad_keys(key, error, text):
    x = mx.nd.array(A)
    with pytest.raises(error, match=text):
        x[key]
    with pytest.raises(error, match=text):
        x[key] = 1


def test_bad_values():
    x = mx.nd.array(A)
    with pytest.raises(ValueError, match=r"cannot assign a value of shape \(3,\)"):
        x[0] = mx.nd.ones((3,))
    with pytest.raises(TypeError, match="cannot assign str"):
        x[0] = "one"


def test_writes_inside_record():
    x = mx.nd.ones((3,))
    x.attach_grad()
    with mx.autograd.record():
        with pytest.raises(mx.MXNetError, match="array of a recorded graph"):
            x[:] = 2
        y = mx.nd.zeros((2, 3))
        y[1] = x * 3  # y is not in the graph yet: the write is recorded
        z = (y * 2).sum()
    z.backward()
    assert x.grad.asnumpy().tolist() == [6, 6, 6]


def test_writes_after_record_do_not_trip_backward():
    x = mx.nd.array([1.0, 2.0])
    x.attach_grad()
    with mx.autograd.record():
        y = x * x
    x[:] = 5
    y.backward()  # torch's version check would refuse this; MXNet allows it
    assert x.grad.asnumpy().tolist() == [10, 10]
