"""Operators that read or write by index, coordinates, sequences."""

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.error import MXNetError

nd = mx.nd
INDEX_TYPES = ["float32", "float64", "float16", "uint8", "int8", "int32", "int64"]


def grid(*shape, dtype="float32"):
    return nd.array(np.arange(int(np.prod(shape))).reshape(shape), dtype=dtype)


def gradient(fn, *arrays, head=None):
    for a in arrays:
        a.attach_grad()
        a.grad[:] = 7
    with mx.autograd.record():
        y = fn(*arrays)
    y.backward(head)
    return [a.grad.asnumpy().tolist() for a in arrays]


@pytest.mark.parametrize("dtype", INDEX_TYPES)
@pytest.mark.parametrize("mode, numpy_mode", [("clip", "clip"), ("wrap", "wrap"), ("raise", "raise")])
def test_take(dtype, mode, numpy_mode):
    x = grid(3, 4, 2)
    ids = [[0, 2], [1, 2]] if mode == "raise" or dtype == "uint8" else [[0, 5], [-1, 2]]
    for axis in (0, 1, -1):
        ids_here = np.minimum(ids, 1) if mode == "raise" and axis == -1 else np.array(ids)
        got = nd.take(x, nd.array(ids_here, dtype=dtype), axis=axis, mode=mode)
        assert (got.asnumpy() == np.take(x.asnumpy(), ids_here, axis, mode=numpy_mode)).all()


def test_take_cuts_fractions_and_reads_strings():
    assert nd.take(grid(4), nd.array([1.7, -0.5]), axis="0", mode="wrap").asnumpy().tolist() == [1, 0]
    assert nd.take(grid(4, dtype="bool"), nd.array([1]))[0].asscalar() == True  # noqa: E712


@pytest.mark.parametrize("ids", [[0, 4], [0, -1]])
def test_take_raise(ids):
    with pytest.raises(IndexError, match="out of range for axis 0 with size 4"):
        nd.take(grid(4), nd.array(ids), mode="raise")


def test_take_gradients():
    ids = nd.array([1, 1, 9])
    assert gradient(lambda a, i: nd.take(a, i), grid(3), ids) == [[0, 2, 1], [0, 0, 0]]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_take_gradients_are_summed_in_float32(dtype):
    x = nd.array(torch.zeros(2), dtype=dtype)
    x.attach_grad()
    with mx.autograd.record():
        y = nd.take(x, nd.array(torch.zeros(3000)))
    y.backward()
    assert float(x.grad._d[0]) == pytest.approx(3000, rel=0.005)


def test_pick():
    x = grid(2, 3, 4)
    i = np.array([[0, 2, 1, 5], [1, -1, 2, 0]])
    want = np.take_along_axis(x.asnumpy(), i.clip(0, 2)[:, None], 1)
    assert (nd.pick(x, nd.array(i), axis=1).asnumpy() == want[:, 0]).all()
    assert (nd.pick(x, nd.array(i), axis=1, keepdims=True).asnumpy() == want).all()
    assert (nd.pick(x, nd.array(i[:, None]), axis=1).asnumpy() == want[:, 0]).all()
    assert nd.pick(grid(3, 4), nd.array([0, 9, -1]), mode="wrap").asnumpy().tolist() == [0, 5, 11]
    assert nd.choose_element_0index(grid(3, 4), nd.array([0, 1, 2])).asnumpy().tolist() == [0, 5, 10]
    assert gradient(lambda a: nd.pick(a, nd.array([1, 0])), grid(2, 2)) == [[[0, 1], [1, 0]]]


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "float64"])
def test_gather_and_scatter_nd(dtype):
    x = grid(3, 4, 2)
    ids = nd.array([[0, 2, -1], [1, 3, 0]], dtype=dtype)
    a = ids.asnumpy().astype(int)
    assert (nd.gather_nd(x, ids).asnumpy() == x.asnumpy()[a[0], a[1]]).all()
    values = grid(3, 2)
    want = np.zeros((3, 4, 2))
    want[a[0], a[1]] = values.asnumpy()
    assert (nd.scatter_nd(values, ids, shape=(3, 4, 2)).asnumpy() == want).all()


def test_gather_nd_gradient_adds_and_scatter_nd_keeps_the_last():
    ids = nd.array([[0, 0, -1]])
    assert gradient(lambda a, i: nd.gather_nd(a, i), grid(3), ids) == [[2, 0, 1], [[0, 0, 0]]]
    assert nd.scatter_nd(nd.array([1, 2]), nd.array([[1, 1]]), shape=(3,)).asnumpy().tolist() == [0, 2, 0]
    assert nd._internal._backward_gather_nd(nd.array([1, 2]), nd.array([[1, 1]]), shape=(3,)).asnumpy().tolist() == [0, 3, 0]


def test_scatter_set_nd_in_place():
    x = grid(3, 4)
    same = x
    nd._internal._scatter_set_nd(x, nd.array([7, 8]), nd.array([[0, 2], [1, 3]]), shape=(3, 4), out=x)
    assert same.asnumpy()[0, 1] == 7 and same.asnumpy()[2, 3] == 8


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int32", "int64"])
def test_one_hot(dtype):
    y = nd.one_hot(nd.array([[0, 2], [-1, 5]]), depth=3, on_value=5, off_value=2, dtype=dtype)
    assert y.dtype == np.dtype(dtype)
    assert y.asnumpy().tolist() == [[[5, 2, 2], [2, 2, 5]], [[2, 2, 2], [2, 2, 2]]]
    assert nd.one_hot(nd.array([1]), depth=0).shape == (1, 0)


def test_where():
    x, y = grid(2, 2), grid(2, 2) + 10 if hasattr(nd, "_plus") else nd.array([[10, 11], [12, 13]])
    assert nd.where(nd.array([[1, 0], [0, np.nan]]), x, y).asnumpy().tolist() == [[0, 11], [12, 3]]
    assert nd.where(nd.array([1, 0], dtype="int32"), x, y).asnumpy().tolist() == [[0, 1], [12, 13]]
    c = nd.array([[1, 0], [0, 1]])
    assert gradient(nd.where, c, x, y) == [[[0, 0], [0, 0]], [[1, 0], [0, 1]], [[0, 1], [1, 0]]]


def test_boolean_mask_and_index_copy():
    x = grid(3, 2)
    assert nd.contrib.boolean_mask(x, nd.array([1, 0, 0.5])).asnumpy().tolist() == [[0, 1], [4, 5]]
    assert nd.contrib.boolean_mask(x, nd.array([0, 0, 0])).shape == (0, 2)
    assert nd.contrib.boolean_mask(x, nd.array([0, 1]), axis=1).asnumpy().tolist() == [[1], [3], [5]]
    rows = nd.array([[7, 8], [9, 10]])
    got = gradient(lambda a, b: nd.contrib.index_copy(a, nd.array([0, 2]), b), x, rows)
    assert got == [[[0, 0], [1, 1], [0, 0]], [[1, 1], [1, 1]]]


def test_coordinates():
    assert nd.ravel_multi_index(nd.array([[0, 1, 2], [3, 1, 0]]), shape=(3, 4)).asnumpy().tolist() == [3, 5, 8]
    assert nd.unravel_index(nd.array([3, 22], dtype="int64"), shape=(-1, 4, 3)).asnumpy().tolist() == [[0, 1], [1, 3], [0, 1]]
    assert nd.contrib.index_array(nd.zeros((2, 3)), axes=(1,)).asnumpy().tolist() == [[[0], [1], [2]]] * 2
    assert nd.unravel_index(nd.array([[0, 3], [1, 2]]), shape=(2, 3)).shape == (2, 2, 2)
    big = nd.array([[2**40], [5]], dtype="int64")
    assert nd.ravel_multi_index(big, shape=(-1, 10)).asnumpy().tolist() == [2**40 * 10 + 5]


def test_histogram_is_numpys():
    x = np.random.RandomState(0).randn(200)
    counts, edges = nd._internal._histogram(nd.array(x, dtype="float64"), bin_cnt=7, range=(-1.5, 2.0))
    want = np.histogram(x, 7, (-1.5, 2.0))
    assert (counts.asnumpy() == want[0]).all() and np.allclose(edges.asnumpy(), want[1]) and counts.dtype == np.int64
    counts, _ = nd._internal._histogram(nd.array([0, 1, 1, 5, np.nan]), nd.array([0, 1, 5]))
    assert counts.asnumpy().tolist() == [1, 3]


def test_sequences():
    x = grid(3, 2, 2)
    n = nd.array([1, 3])
    a = x.asnumpy()
    masked = nd.SequenceMask(x, n, use_sequence_length=True, value=-1).asnumpy()
    assert (masked[1:, 0] == -1).all() and (masked[:, 1] == a[:, 1]).all() and (masked[0] == a[0]).all()
    assert (nd.SequenceLast(x, n, use_sequence_length=True).asnumpy() == np.stack([a[0, 0], a[2, 1]])).all()
    assert (nd.SequenceLast(x).asnumpy() == a[-1]).all()
    back = nd.SequenceReverse(x, n, use_sequence_length=True).asnumpy()
    assert (back[:, 1] == a[::-1, 1]).all() and (back[:, 0] == a[:, 0]).all()
    t = nd.SequenceMask(grid(2, 3, dtype="int32"), nd.array([1, 9]), use_sequence_length=True, axis=1, value=2.7)
    assert t.asnumpy().tolist() == [[0, 2, 2], [3, 4, 5]] and t.dtype == np.int32
    got = gradient(lambda d, length: nd.SequenceMask(d, length, use_sequence_length=True), grid(3, 2), nd.array([1, 2]))
    assert got == [[[1, 1], [0, 1], [0, 0]], [0, 0]]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.gather_nd(grid(3, 4), nd.array([[0, 5], [1, 2]])), "index 5 is out of range for axis 0 with size 3"),
        (lambda: nd.gather_nd(grid(3, 4), nd.array([[0, -1], [1, -5]])), "index -5 is out of range for axis 1 with size 4"),
        (lambda: nd.scatter_nd(nd.array([1]), nd.array([[7]]), shape=(3,)), "index 7 is out of range"),
        (lambda: nd.contrib.index_copy(grid(4, 2), nd.array([0, 7]), grid(2, 2)), "index 7 is out of range"),
        (lambda: nd.fill_element_0index(grid(3, 4), grid(3), nd.array([0, 1, 9])), "index 9 is out of range"),
        (lambda: nd.SequenceLast(grid(3, 2), nd.array([0, 2]), use_sequence_length=True), "sequence_length 0 is out of range"),
        (lambda: nd.SequenceReverse(grid(3, 2), nd.array([9, 2]), use_sequence_length=True), "sequence_length 9 is out of range"),
    ],
)
def test_indices_out_of_range_are_index_errors_and_mxnet_errors(call, text):
    with pytest.raises(IndexError, match=text) as caught:
        call()
    assert isinstance(caught.value, MXNetError)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.take(grid(4, 3), nd.array([0]), axis=4), "axis 4 is out of range"),
        (lambda: nd.take(grid(4, 3)), "input indices is missing"),
        (lambda: nd.take(grid(4, 3), nd.array([0]), mode="nope"), "mode must be one of 'clip'"),
        (lambda: nd.pick(grid(3, 4), nd.array([0, 1])), "index has shape"),
        (lambda: nd.pick(grid(3, 4), nd.array([0, 1, 2]), axis=None), "axis=None is not supported"),
        (lambda: nd.batch_take(grid(3, 4), nd.array([0, 1])), "3 rows but indices 2"),
        (lambda: nd.gather_nd(grid(3, 4), nd.array([1, 2])), "at least 2 dimensions"),
        (lambda: nd.gather_nd(grid(3, 4), nd.array([[0], [0], [0]])), "3 coordinates"),
        (lambda: nd.scatter_nd(grid(3), nd.array([[0, 2], [1, 3]]), shape=(3, 4)), "data has shape"),
        (lambda: nd.one_hot(nd.array([0]), depth=-1), "must not be negative"),
        (lambda: nd.where(nd.array([[1, 0]]), grid(2, 2), grid(3, 2)), "x has shape"),
        (lambda: nd.where(nd.array([1, 0, 1]), grid(2, 2), grid(2, 2)), "fits neither"),
        (lambda: nd.where(nd.array([1, 0]), grid(2), grid(2, dtype="int32")), "x is float32 but y is int32"),
        (lambda: nd.contrib.boolean_mask(grid(4, 3), nd.array([0, 1, 0])), "index has shape"),
        (lambda: nd.contrib.index_copy(grid(5, 3), nd.array([0, 4]), grid(3, 3)), "one new row"),
        (lambda: nd.ravel_multi_index(nd.array([[0, 1]]), shape=(2, 3)), "must have shape"),
        (lambda: nd._internal._histogram(grid(3), bin_cnt=3), "must both be given"),
        (lambda: nd._internal._histogram(grid(3), bin_cnt=3, range=(3, 1)), "increasing"),
        (lambda: nd.SequenceLast(grid(4)), "at least 2 dimensions"),
        (lambda: nd.SequenceMask(grid(3, 2), nd.array([1]), use_sequence_length=True), "the batch has 2"),
        (lambda: nd.SequenceMask(grid(3, 2), use_sequence_length=True), "sequence_length is missing"),
        (lambda: nd.SequenceReverse(grid(3, 2), axis=1), "axis 1 must be 0"),
        (lambda: nd.contrib.getnnz(grid(3, 2)), "must be a CSRNDArray"),
    ],
)
def test_errors(call, text):
    with pytest.raises(MXNetError, match=text):
        call()


def test_no_gradient_is_not_zero_times_infinity():
    """The root has an infinite slope at 0, which nothing may meet: an index has no gradient at all."""
    x = nd.array([0, 1])
    for fn in (lambda x: nd.take(grid(2), nd.sqrt(x)), lambda x: nd.pick(grid(2, 2), nd.sqrt(x)), lambda x: nd.zeros_like(nd.sqrt(x))):
        assert gradient(fn, x) == [[0, 0]]


def test_batch_take_has_a_gradient():
    a, rows = nd.array([[1, 2], [3, 4], [5, 6]]), nd.array([1, 0, 1], dtype="int32")
    a.attach_grad()
    with mx.autograd.record():
        out = nd.batch_take(a, rows)
    out.backward(nd.array([1, 2, 3]))
    assert a.grad.asnumpy().tolist() == [[0, 1], [2, 0], [0, 3]]
