"""Products of matrices and higher arrays."""

import itertools

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op.registry import NAMES
from mxnet.error import MXNetError

nd = mx.nd
FLAGS = list(itertools.product((False, True), repeat=2))


def reference(a, b, transpose_a, transpose_b):
    """The sum over the first (transposed) or last axis of a and the last (transposed) or first of b."""
    return np.tensordot(a, b, ([0 if transpose_a else -1], [-1 if transpose_b else 0]))


@pytest.mark.parametrize("dtype, tol", [("float64", 1e-12), ("float32", 1e-5), ("float16", 1e-2)])
@pytest.mark.parametrize("transpose_a, transpose_b", FLAGS)
@pytest.mark.parametrize("left, right", [((2,), (3,)), ((), ()), ((), (4,)), ((2, 5), (3, 4)), ((2,), ()), ((2, 3), (4,))])
def test_dot(left, right, transpose_a, transpose_b, dtype, tol):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(6, *left) if transpose_a else (*left, 6)).astype(dtype)
    b = rng.normal(size=(*right, 6) if transpose_b else (6, *right)).astype(dtype)
    got = nd.dot(nd.array(a, dtype=dtype), nd.array(b, dtype=dtype), transpose_a=transpose_a, transpose_b=transpose_b)
    want = reference(a.astype("float64"), b.astype("float64"), transpose_a, transpose_b)
    assert got.dtype == np.dtype(dtype) and got.shape == (want.shape or (1,))
    np.testing.assert_allclose(got.asnumpy().astype("float64"), want.reshape(got.shape), rtol=tol, atol=10 * tol)


@pytest.mark.parametrize("transpose_a, transpose_b", FLAGS)
@pytest.mark.parametrize("batch", [(2,), (2, 3)])
def test_batch_dot(batch, transpose_a, transpose_b):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(*batch, 4, 2) if transpose_a else (*batch, 2, 4))
    b = rng.normal(size=(*batch, 3, 4) if transpose_b else (*batch, 4, 3))
    got = nd.batch_dot(nd.array(a, dtype="float64"), nd.array(b, dtype="float64"), transpose_a=transpose_a, transpose_b=transpose_b)
    want = np.matmul(a.swapaxes(-1, -2) if transpose_a else a, b.swapaxes(-1, -2) if transpose_b else b)
    np.testing.assert_allclose(got.asnumpy(), want, rtol=1e-12)


@pytest.mark.parametrize(
    "name, left, right", [("dot", (2, 3), (3, 4)), ("dot", (2, 2, 3), (3, 4)), ("dot", (3,), (3,)), ("batch_dot", (2, 2, 3), (2, 3, 2))]
)
def test_gradients(name, left, right):
    a, b = (torch.tensor(np.random.default_rng(0).normal(size=s), requires_grad=True) for s in (left, right))
    assert torch.autograd.gradcheck(NAMES[name].fn, (a, b))


def test_half_types_accumulate_in_float32():
    n = 4096
    for dtype in ("float16",):
        a = nd.ones((1, n), dtype=dtype)
        assert nd.dot(a, a, transpose_b=True).asscalar() == n
    b = torch.full((1, n), 1 / 64, dtype=torch.bfloat16)
    assert NAMES["dot"].fn(b, b.t()).item() == 1


def test_khatri_rao():
    a, b = np.arange(6).reshape(3, 2), np.arange(4).reshape(2, 2) + 1
    want = np.einsum("ik,jk->ijk", a, b).reshape(6, 2)
    assert (nd.khatri_rao(nd.array(a), nd.array(b)).asnumpy() == want).all()
    assert (nd.khatri_rao(nd.array(a), nd.array(b), nd.array([[2, 2]])).asnumpy() == 2 * want).all()
    x, y = (torch.tensor(m, dtype=torch.float64, requires_grad=True) for m in (a, b))
    assert torch.autograd.gradcheck(NAMES["khatri_rao"].fn, (x, y))


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.dot(nd.ones((2, 3)), nd.ones((2, 3))), r"dot: shapes \(2, 3\) and \(2, 3\) do not fit"),
        (lambda: nd.dot(nd.ones((2, 3)), nd.ones((3, 2)), transpose_b=True), "do not fit, transpose_b=True"),
        (lambda: nd.dot(nd.ones((2, 3)), nd.ones((3, 2), dtype="float64")), "lhs is float32, rhs is float64"),
        (lambda: nd.dot(nd.ones((2, 2), dtype="int32"), nd.ones((2, 2), dtype="int32")), "dot: needs float arrays, got int32"),
        (lambda: nd.batch_dot(nd.ones((3, 4)), nd.ones((4, 5))), "need three axes or more"),
        (lambda: nd.batch_dot(nd.ones((2, 3, 4)), nd.ones((3, 4, 5))), "equal but for the last two"),
        (lambda: nd.batch_dot(nd.ones((2, 3, 4)), nd.ones((2, 5, 4))), "do not fit"),
        (lambda: nd.khatri_rao(nd.ones((2, 3)), nd.ones((2, 4))), "needs matrices with as many columns"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()
