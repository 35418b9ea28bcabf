"""CSRNDArray and RowSparseNDArray as programs use them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse

import mxnet as mx
from mxnet import autograd

sp = mx.nd.sparse


def a_csr():
    return sp.csr_matrix(([1, 2, 3], [1, 0, 2], [0, 1, 2, 2, 3]), shape=(4, 3))


def a_row_sparse():
    return sp.row_sparse_array(([[1, 2], [3, 4]], [1, 3]), shape=(4, 2))


CSR = np.array([[0, 1, 0], [2, 0, 0], [0, 0, 0], [0, 0, 3]], np.float32)
ROWS = np.array([[0, 0], [1, 2], [0, 0], [3, 4]], np.float32)


def test_announcement():
    m = scipy.sparse.random(6, 5, 0.4, format="csr", dtype=np.float32, random_state=np.random.RandomState(0))
    x = sp.csr_matrix(m)
    np.testing.assert_allclose(sp.dot(x, mx.nd.ones((5, 1))).asnumpy(), m @ np.ones((5, 1)), rtol=1e-6)


def test_facts():
    a, r = a_csr(), a_row_sparse()
    assert (a.stype, a.shape, a.ndim, a.size, len(a), a.dtype, a.context) == ("csr", (4, 3), 2, 12, 4, np.float32, mx.cpu())
    assert a.indices.dtype == a.indptr.dtype == r.indices.dtype == np.int64
    assert (a.data.asnumpy().tolist(), a.indices.asnumpy().tolist(), a.indptr.asnumpy().tolist()) == ([1, 2, 3], [1, 0, 2], [0, 1, 2, 2, 3])
    assert (r.stype, r.shape, r.data.shape, r.indices.asnumpy().tolist()) == ("row_sparse", (4, 2), (2, 2), [1, 3])
    assert repr(a) == "\n<CSRNDArray 4x3 @cpu(0)>" and repr(r) == "\n<RowSparseNDArray 4x2 @cpu(0)>"
    np.testing.assert_array_equal(a.asnumpy(), CSR)
    np.testing.assert_array_equal(r.asnumpy(), ROWS)
    assert a.grad is None
    for name in ("data", "indices", "indptr"):
        with pytest.raises(NotImplementedError, match=f"{name} cannot be set"):
            setattr(a, name, a.data)


def test_parts_are_copies():
    a = a_csr()
    a.data[:] = 0
    a.indices[:] = 0
    np.testing.assert_array_equal(a.asnumpy(), CSR)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "uint8"])
def test_types_follow_the_source(dtype):
    dense = np.array([[0, 1], [2, 0]], dtype)
    assert sp.csr_matrix(dense).dtype == sp.row_sparse_array(dense).dtype == np.dtype(dtype)
    assert sp.csr_matrix(mx.nd.array(dense, dtype=dtype)).dtype == np.dtype(dtype)
    assert sp.csr_matrix((dense[:, 0], [0, 1], [0, 1, 2])).dtype == np.dtype(dtype)
    assert sp.csr_matrix(dense, dtype="float64").dtype == np.float64
    assert sp.csr_matrix([[0, 1]]).dtype == np.float32
    if dtype != "float16":
        assert sp.array(scipy.sparse.csr_matrix(dense)).dtype == np.dtype(dtype)


def test_coordinates_are_sorted_and_added_up():
    a = sp.csr_matrix(([1.0, 2, 3, 4], ([2, 0, 2, 2], [1, 0, 0, 1])), shape=(3, 2))
    assert a.indices.asnumpy().tolist() == [0, 0, 1]
    np.testing.assert_array_equal(a.asnumpy(), [[2, 0], [0, 0], [3, 5]])


def test_rows_may_come_in_any_order():
    r = sp.row_sparse_array(([[1, 2], [3, 4]], [3, 1]), shape=(4, 2))
    assert r.indices.asnumpy().tolist() == [1, 3] and r.data.asnumpy().tolist() == [[3, 4], [1, 2]]
    empty = sp.row_sparse_array(([], []), shape=(4, 2))
    assert empty.data.shape == (0, 2) and empty.asnumpy().sum() == 0


BAD = [
    (lambda: sp.csr_matrix(([1.0, 2], [0, 5], [0, 1, 2]), shape=(2, 3)), "column 5 is out of range for 3 columns"),
    (lambda: sp.csr_matrix(([1.0, 2], [0, -1], [0, 1, 2]), shape=(2, 3)), "column -1 is out of range"),
    (lambda: sp.csr_matrix(([1.0, 2], [0, 1], [0, 2, 1, 2]), shape=(3, 3)), "indptr falls from 2 to 1 at row 1"),
    (lambda: sp.csr_matrix(([1.0, 2], [0, 1], [0, 1]), shape=(2, 3)), "indptr has length 2, 2 rows need 3"),
    (lambda: sp.csr_matrix(([1.0], [0, 1], [0, 1, 2]), shape=(2, 3)), "data has length 1, indices 2"),
    (lambda: sp.csr_matrix(([1.0], [0.5], [0, 1]), shape=(1, 3)), "indices must hold integers"),
    (lambda: sp.csr_matrix(([1.0], [float("nan")], [0, 1]), shape=(1, 3)), "indices must hold integers"),
    (lambda: sp.csr_matrix(([1.0], ["a"], [0, 1]), shape=(1, 3)), "indices must hold integers"),
    (lambda: sp.csr_matrix(([1.0], ([5], [0])), shape=(2, 3)), "row 5 is out of range for 2 rows"),
    (lambda: sp.csr_matrix(([1.0], ([0], [0, 1])), shape=(2, 3)), "1, 1 and 2 entries"),
    (lambda: sp.csr_matrix(np.zeros((2, 2, 2))), "needs a matrix"),
    (lambda: sp.csr_matrix("abc"), "cannot read str"),
    (lambda: sp.csr_matrix(([1.0],)), "must hold 2 or 3 parts, got 1"),
    (lambda: sp.csr_matrix(([], [], [0]), shape=None), "number of columns is unknown"),
    (lambda: sp.csr_matrix(a_csr(), shape=(5, 5)), "the source has shape"),
    (lambda: sp.csr_matrix(a_row_sparse()), "must not be a RowSparseNDArray"),
    (lambda: sp.csr_matrix(scipy.sparse.coo_matrix(CSR)), "must be in CSR format, got coo_matrix"),
    (lambda: sp.row_sparse_array(([[1.0, 2]], [7]), shape=(3, 2)), "row 7 is out of range for 3 rows"),
    (lambda: sp.row_sparse_array(([[1.0, 2], [1, 2]], [1, 1]), shape=(3, 2)), "row 1 comes after row 1"),
    (lambda: sp.row_sparse_array(([[1.0, 2]], [0]), shape=(3, 4)), "Pass rows of that shape"),
    (lambda: sp.row_sparse_array(([[1.0, 2]], [0, 1]), shape=(3, 2)), "data has 1 rows, indices 2"),
    (lambda: sp.array(np.ones((2, 2))), "must be a sparse NDArray or a scipy sparse matrix"),
    (lambda: sp.zeros("coo", (2, 2)), "unknown storage type 'coo'"),
    (lambda: sp.zeros("csr", (2, 2, 2)), "shape must have two axes"),
    (lambda: sp.zeros("csr", (10**17, 2)), "zeros: .*Check the size"),
    (lambda: sp.csr_matrix(([1.0], ([0], [0])), shape=(10**17, 2)), "zeros: .*Check the size"),
    (lambda: a_csr().tostype("row_sparse"), "cannot go from csr to 'row_sparse'"),
    (lambda: mx.nd.cast_storage(a_csr(), stype="row_sparse"), "cannot go from csr to row_sparse"),
    (lambda: a_csr().reshape((3, 4)), "not supported for sparse arrays"),
    (lambda: a_csr().asscalar(), "needs an array of one element"),
    (lambda: a_csr()[9], "row 9 is out of range for 4 rows"),
    (lambda: a_csr()[::2], "slice step must be 1"),
    (lambda: a_csr()[1, 2], "cannot index with"),
    (lambda: a_csr()["k"], "cannot index with str"),
    (lambda: a_csr()[[0, 7]], "a chosen row is out of range"),
    (lambda: a_row_sparse()[0], r"only x\[:\] is possible"),
    (lambda: a_csr().__setitem__(0, 1), r"only x\[:\] = value is possible"),
    (lambda: a_csr().copyto(sp.zeros("csr", (3, 3))), "shapes differ"),
    (lambda: a_csr().copyto(sp.zeros("row_sparse", (4, 3))), "cannot copy csr storage into row_sparse"),
    (lambda: sp.dot(a_csr(), mx.nd.ones((3,))), "sparse operands need two axes"),
    (lambda: sp.dot(a_csr(), mx.nd.ones((4, 2))), r"shapes \(4, 3\) and \(4, 2\) do not fit"),
    (lambda: sp.dot(a_csr(), mx.nd.ones((3, 2), dtype="float64")), "lhs is float32, rhs float64"),
    (lambda: sp.elemwise_add(a_csr(), a_csr()[0:2]), "differ"),
    (lambda: sp.retain(a_csr(), mx.nd.array([0])), "data must be row_sparse"),
    (lambda: sp.retain(a_row_sparse(), mx.nd.array([-1])), "row -1 is out of range"),
    (lambda: sp.retain(a_row_sparse(), mx.nd.array([4])), "row 4 is out of range"),
    (lambda: mx.nd.concat(a_csr(), sp.zeros("csr", (2, 5)), dim=0), "does not fit to array 0"),
    (lambda: a_csr().data.__class__ and bool(a_csr()), "truth value"),
]


@pytest.mark.parametrize("call, text", BAD, ids=[t for _, t in BAD])
def test_bad_input(call, text):
    with pytest.raises((mx.MXNetError, ValueError, IndexError, TypeError), match=text):
        call()


def test_check_format_finds_unsorted_columns():
    a = sp.csr_matrix(([1.0, 2], [1, 0], [0, 2]), shape=(1, 2))
    np.testing.assert_array_equal(a.asnumpy(), [[2, 1]])
    a.check_format(full_check=False)
    with pytest.raises(ValueError, match="must ascend without repeats"):
        a.check_format()
    a_csr().check_format()
    a_row_sparse().check_format()


def test_indexing():
    a = a_csr()
    for key in (0, 3, -1, np.int64(2)):
        assert a[key].stype == "csr" and a[key].shape == (1, 3)
        np.testing.assert_array_equal(a[key].asnumpy(), CSR[[key]])
    for key in (slice(1, 3), slice(None, 2), slice(-2, None), slice(3, 1), slice(0, 99)):
        np.testing.assert_array_equal(a[key].asnumpy(), CSR[key])
    for key in ([3, 0, 3], np.array([1, -1]), [True, False, False, True]):
        np.testing.assert_array_equal(a[key].asnumpy(), CSR[key])
    np.testing.assert_array_equal(a[mx.nd.array([2, 1])].asnumpy(), CSR[[2, 1]])
    np.testing.assert_array_equal(a[1:4, 0:2].asnumpy(), CSR[1:4, 0:2])
    assert [row.asnumpy()[0].tolist() for row in a] == CSR.tolist()
    assert a[:] is a


def test_assignment_and_copies():
    a = sp.zeros("csr", (4, 3))
    a[:] = a_csr()
    np.testing.assert_array_equal(a.asnumpy(), CSR)
    a[:] = CSR * 2
    np.testing.assert_array_equal(a.asnumpy(), CSR * 2)
    a[:] = mx.nd.array(CSR)
    b = a.copy()
    a *= 3
    assert a.stype == "csr" and b.stype == "csr"
    np.testing.assert_array_equal(a.asnumpy(), CSR * 3)
    np.testing.assert_array_equal(b.asnumpy(), CSR)
    np.testing.assert_array_equal(copy.deepcopy(b).asnumpy(), CSR)
    r = a_row_sparse()
    r += a_row_sparse()
    assert r.stype == "row_sparse"
    np.testing.assert_array_equal(r.asnumpy(), ROWS * 2)
    dense = mx.nd.ones((4, 3))
    dense += a_csr()
    np.testing.assert_array_equal(dense.asnumpy(), CSR + 1)
    b.copyto(dense)
    np.testing.assert_array_equal(dense.asnumpy(), CSR)
    moved = b.as_in_context(mx.cpu(1))
    assert moved.context == mx.cpu(1) and b.as_in_context(mx.cpu()) is b
    out = sp.zeros("csr", (4, 3))
    mx.nd.sparse.square(b, out=out)
    np.testing.assert_array_equal(out.asnumpy(), CSR**2)


def test_arithmetic_stays_sparse():
    a, m = a_csr(), scipy.sparse.csr_matrix(CSR)
    for got, want in (
        (a + a, m + m),
        (a - a * 2, m - m * 2),
        (a * a, m.multiply(m)),
        (a / 2, m / 2),
        (-a, -m),
        (abs(-a), m),
        (a > 0, m > 0),
    ):
        assert got.stype == "csr"
        np.testing.assert_array_equal(got.asnumpy(), want.toarray())
    assert (a + 1).stype == (2 - a).stype == (a == 0).stype == (a / a).stype == "default"
    np.testing.assert_array_equal((a + 1).asnumpy(), CSR + 1)


@pytest.mark.parametrize("make", [a_csr, a_row_sparse])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int64"])
def test_pickle_and_files(make, dtype, tmp_path):
    a = make().astype(dtype)
    for b in (pickle.loads(pickle.dumps(a)), _through_file(a, tmp_path / "a.params")):
        assert (b.stype, b.shape, b.context) == (a.stype, a.shape, a.context) and b._d.dtype == a._d.dtype
        np.testing.assert_array_equal(b.asnumpy(), a.asnumpy())


def _through_file(a, path):
    mx.nd.save(str(path), {"a": a})
    return mx.nd.load(str(path))["a"]


def test_scipy_round_trip():
    back = a_csr().asscipy()
    assert isinstance(back, scipy.sparse.csr_matrix) and (back != scipy.sparse.csr_matrix(CSR)).nnz == 0


# ---- gradients


@pytest.mark.parametrize("stype", ["default", "row_sparse"])
@pytest.mark.parametrize("req", ["write", "add"])
def test_gradient_of_weight(stype, req):
    x, w = a_csr(), mx.nd.array([[1, 2], [3, 4], [5, 6]])
    w.attach_grad(req, stype=stype)
    for _ in range(2):
        with autograd.record():
            loss = (sp.dot(x, w) * 2).sum()
        loss.backward()
    assert w.grad.stype == stype
    want = CSR.T @ np.full((4, 2), 2.0)
    np.testing.assert_allclose(w.grad.asnumpy(), want * (2 if req == "add" else 1))


def test_gradient_rows_merge():
    w = mx.nd.zeros((6, 2))
    w.attach_grad("add", stype="row_sparse")
    for ids in ([1, 3], [3, 5], [0, 0]):
        with autograd.record():
            loss = mx.nd.Embedding(mx.nd.array(ids), w, input_dim=6, output_dim=2, sparse_grad=True).sum()
        loss.backward()
    assert w.grad.indices.asnumpy().tolist() == [0, 1, 3, 5]
    assert w.grad.data.asnumpy()[:, 0].tolist() == [2, 1, 2, 1]


def test_weight_used_twice():
    x, w = a_csr(), mx.nd.array([[1, 2], [3, 4], [5, 6]])
    w.attach_grad(stype="row_sparse")
    with autograd.record():
        y = sp.dot(x, w).sum() + (sp.dot(x[0:1], w) * 3).sum()
    y.backward()
    want = CSR.T @ np.ones((4, 2)) + CSR[:1].T @ np.full((1, 2), 3.0)
    np.testing.assert_allclose(w.grad.asnumpy(), want)
    assert w.grad.stype == "row_sparse"


def test_gradient_of_a_csr_array():
    x, w = a_csr(), mx.nd.array([[1, 2], [3, 4], [5, 6]])
    x.attach_grad()
    with autograd.record():
        y = (sp.dot(x * 2, w) ** 2).sum()
    y.backward()
    full = 2 * 2 * (2 * CSR @ w.asnumpy()) @ w.asnumpy().T
    assert x.grad.stype == "csr"
    np.testing.assert_allclose(x.grad.asnumpy(), full, rtol=1e-5)


def test_gradient_through_chain_of_sparse_operators():
    r = a_row_sparse()
    r.attach_grad()
    with autograd.record():
        y = mx.nd.sparse.square(r * 3) + r
        loss = y.tostype("default").sum()
    assert y.stype == "row_sparse"
    loss.backward()
    assert r.grad.stype == "row_sparse"
    np.testing.assert_allclose(r.grad.asnumpy(), 18 * ROWS + 1)


def test_sparse_gradients_of_computed_arrays_are_dense():
    x, w = a_csr(), mx.nd.array([[1, 2], [3, 4], [5, 6]])
    w.attach_grad()
    with autograd.record():
        y = sp.dot(x, mx.nd.exp(w).T.T.reshape((3, 2)))  # torch cannot send a sparse gradient through these
        z = mx.nd.Embedding(mx.nd.array([2, 0]), mx.nd.exp(w), input_dim=3, output_dim=2, sparse_grad=True)
        loss = y.sum() + z.sum()
    loss.backward()
    want = np.exp(w.asnumpy()) * (CSR.T @ np.ones((4, 2)) + np.array([[1], [0], [1]]))
    np.testing.assert_allclose(w.grad.asnumpy(), want, rtol=1e-5)


def test_dense_result_between_sparse_operators():
    x, r = a_csr(), sp.row_sparse_array(([[1, 2], [3, 4]], [0, 2]), shape=(3, 2))
    r.attach_grad()
    with autograd.record():
        rows = mx.nd._internal._square_sum(r, axis=1, keepdims=True)  # row_sparse
        y = sp.dot(x, mx.nd.sum(r, axis=1, keepdims=True)) + sp.dot(x, rows)
    y.backward()
    g = CSR.T @ np.ones((4, 1))
    np.testing.assert_allclose(r.grad.asnumpy()[[0, 2]], (g + 2 * r.asnumpy() * g)[[0, 2]], rtol=1e-5)


def test_grad_function_and_second_backward():
    x, w = a_csr(), mx.nd.array([[1, 2], [3, 4], [5, 6]])
    w.attach_grad(stype="row_sparse")
    with autograd.record():
        y = sp.dot(x, w)
    (got,) = autograd.grad(y, [w], retain_graph=True)
    assert got.stype == "row_sparse"
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_allclose(w.grad.asnumpy(), got.asnumpy())
    with pytest.raises(mx.MXNetError):
        y.backward()


def test_writing_into_a_recorded_sparse_array_is_an_error():
    r = a_row_sparse()
    r.attach_grad()
    with autograd.record(), pytest.raises(mx.MXNetError, match="recorded graph"):
        r *= 2
    r *= 2
    np.testing.assert_array_equal(r.asnumpy(), ROWS * 2)


def test_nothing_is_recorded_outside():
    w = mx.nd.ones((3, 2))
    w.attach_grad()
    y = sp.dot(a_csr(), w)
    with pytest.raises(mx.MXNetError, match="not in a computational graph"):
        y.backward()


def test_retain_method():
    r = a_row_sparse().retain(mx.nd.array([3, 0]))
    assert r.stype == "row_sparse" and r.indices.asnumpy().tolist() == [0, 3]
    np.testing.assert_array_equal(r.asnumpy(), [[0, 0], [0, 0], [0, 0], [3, 4]])


def test_numbers_on_the_left():
    np.testing.assert_array_equal(sp.subtract(3, a_csr()).asnumpy(), 3 - CSR)
    np.testing.assert_array_equal(sp.divide(6, a_csr() + 1).asnumpy(), 6 / (CSR + 1))


def test_namespace():
    for name in sp.__all__:
        assert callable(getattr(sp, name)), name
    assert set(dir(sp)) >= {"dot", "retain", "csr_matrix", "adagrad_update"}
