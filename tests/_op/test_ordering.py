"""sort, argsort, topk."""

import numpy as np
import pytest

import mxnet as mx
from mxnet.error import MXNetError

nd = mx.nd
DTYPES = ["float32", "float64", "float16", "uint8", "int8", "int32", "int64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, 1, -1, None])
@pytest.mark.parametrize("ascend", [True, False])
def test_sort_and_argsort(dtype, axis, ascend):
    a = np.random.RandomState(0).permutation(30).reshape(5, 6).astype(dtype)
    want = np.sort(a, axis)
    order = np.argsort(a, axis, kind="stable")
    if not ascend:
        flip = axis if axis is not None else 0
        want, order = np.flip(want, flip), np.flip(order, flip)
    x = nd.array(a, dtype=dtype)
    got = nd.sort(x, axis=axis, is_ascend=ascend)
    assert got.dtype == a.dtype and (got.asnumpy() == want).all()
    places = nd.argsort(x, axis=axis, is_ascend=ascend)
    assert places.dtype == np.float32 and (places.asnumpy() == order).all()
    assert nd.argsort(x, dtype="int64").dtype == np.int64


def test_equal_elements_keep_their_order():
    x = nd.array([1, 0, 1, 0] * 8)
    order = nd.argsort(x).asnumpy()
    assert (order[:16] == np.arange(1, 32, 2)).all() and (order[16:] == np.arange(0, 32, 2)).all()
    assert (nd.topk(x, k=3).asnumpy() == [0, 2, 4]).all()


def test_topk_return_kinds():
    x = nd.array([[3, 1, 2], [4, 6, 5]])
    assert nd.topk(x, k=2).asnumpy().tolist() == [[0, 2], [1, 2]]
    assert nd.topk(x, k=2, ret_typ="value").asnumpy().tolist() == [[3, 2], [6, 5]]
    assert nd.topk(x, k=2, ret_typ="mask").asnumpy().tolist() == [[1, 0, 1], [0, 1, 1]]
    values, places = nd.topk(x, k=1, axis=0, ret_typ="both", is_ascend=True, dtype="int32")
    assert values.asnumpy().tolist() == [[3, 1, 2]] and places.dtype == np.int32
    assert nd.topk(x, k=2, axis=None).asnumpy().tolist() == [4, 5]
    assert nd.topk(x, k=2, axis=None, ret_typ="mask").asnumpy().tolist() == [[0, 0, 0], [0, 1, 1]]
    assert nd.topk(x, k=0, ret_typ="value").shape == (2, 3)
    assert nd.topk(nd.array([3, 1, 2], dtype="int64"), k=2, ret_typ="mask").dtype == np.int64


def test_topk_of_a_long_axis():
    a = np.random.RandomState(0).permutation(10000).astype("float32")
    assert nd.topk(nd.array(a), k=3, ret_typ="value").asnumpy().tolist() == [9999, 9998, 9997]
    assert nd.topk(nd.array(a), k=2, ret_typ="value", is_ascend=True).asnumpy().tolist() == [0, 1]


def test_gradients():
    x = nd.array([3, 1, 2])
    heads = nd.array([10, 20, 30])

    def gradient(fn, head):
        x.attach_grad()
        x.grad[:] = 7
        with mx.autograd.record():
            y = fn(x)
        (y[0] if isinstance(y, list) else y).backward(head)
        return x.grad.asnumpy().tolist()

    assert gradient(nd.sort, heads) == [30, 10, 20]
    assert gradient(lambda a: nd.topk(a, k=2, ret_typ="both"), heads[:2]) == [10, 0, 20]
    assert gradient(nd.argsort, heads) == [0, 0, 0]
    assert gradient(lambda a: nd.topk(a, k=3), heads) == [0, 0, 0]
    assert gradient(lambda a: nd.topk(a, k=1, ret_typ="mask"), heads) == [0, 0, 0]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.topk(nd.zeros((3, 4)), k=2, axis=3), "axis 3 is out of range"),
        (lambda: nd.topk(nd.zeros((3, 4)), k=5), "k 5 exceeds axis 1 with size 4"),
        (lambda: nd.topk(nd.zeros((3, 4)), ret_typ="all"), "ret_typ must be one of"),
        (lambda: nd.sort(nd.zeros((3, 4)), axis=5), "axis 5 is out of range"),
        (lambda: nd.argsort(nd.zeros((3, 4)), axis=-3), "axis -3 is out of range"),
    ],
)
def test_errors(call, text):
    with pytest.raises(MXNetError, match=text):
        call()
