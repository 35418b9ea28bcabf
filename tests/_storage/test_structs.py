"""Structs, conversions and algebra against scipy and dense tensors, with random matrices of many shapes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import torch

from mxnet._storage import (
    Csr,
    RowSparse,
    StorageError,
    algebra,
    coo_to_struct,
    csr_from_dense,
    grad_to_coo,
    product,
    row_sparse_from_dense,
    slicing,
    to_stype,
    zeros,
)
from mxnet._storage.distinct import distinct, marked
from mxnet._storage.product import csr_dot, csr_dot_rows, csr_t_dot, csr_t_dot_dense, csr_t_dot_rows
from mxnet._storage.rows import combine, merge, retain, sum_rows

SHAPES = [(1, 1), (5, 7), (40, 30), (3, 200), (64, 1), (0, 4), (4, 0)]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12, torch.float16: 3e-3, torch.bfloat16: 2e-2, torch.int64: 0, torch.int32: 0}


def random_csr(shape, density=0.3, seed=0, dtype=torch.float64):
    m = (
        scipy.sparse.random(*shape, density=density, format="csr", random_state=np.random.RandomState(seed))
        if min(shape)
        else scipy.sparse.csr_matrix(shape)
    )
    m.data = np.round(m.data * 16 - 8) + 0.5 if dtype.is_floating_point else np.round(m.data * 16 - 8)
    values = torch.from_numpy(m.data).to(dtype)
    return m, Csr(values, torch.from_numpy(m.indices.astype(np.int64)), torch.from_numpy(m.indptr.astype(np.int64)), shape)


def same(struct, dense, rtol=1e-6):
    struct.check()
    if isinstance(struct, Csr):
        struct.check_order()
    np.testing.assert_allclose(struct.to_dense().double().numpy(), dense, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
def test_round_trips(shape, density):
    m, a = random_csr(shape, density)
    a.check()
    same(a, m.toarray())
    same(csr_from_dense(a.to_dense()), m.toarray())
    same(to_stype(a, "row_sparse"), m.toarray())
    same(row_sparse_from_dense(a.to_dense()), m.toarray())
    same(coo_to_struct(grad_to_coo(a)), m.toarray())
    same(coo_to_struct(grad_to_coo(row_sparse_from_dense(a.to_dense()))), m.toarray())
    assert to_stype(a, "csr") is a


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("density", [0.0, 0.2, 1.0])
def test_csr_algebra_equals_scipy(shape, density):
    m, a = random_csr(shape, density, 1)
    n, b = random_csr(shape, 0.4, 2)
    same(algebra.add(a, b), (m + n).toarray())
    same(algebra.add(a, b, -1), (m - n).toarray())
    same(algebra.add(a, a), (m + m).toarray())
    same(algebra.multiply(a, b), m.multiply(n).toarray())
    same(slicing.transpose(a), m.T.toarray())
    same(slicing.join_rows([a, b, a]), scipy.sparse.vstack([m, n, m]).toarray())
    same(slicing.join_columns([a, b, a]), scipy.sparse.hstack([m, n, m]).toarray())
    rows, columns = shape
    same(slicing.block(a, (rows // 3, rows), (columns // 4, columns // 2)), m.toarray()[rows // 3 :, columns // 4 : columns // 2])
    if rows:
        chosen = torch.tensor([rows - 1, 0, rows // 2, 0])
        same(slicing.take_rows(a, chosen), m.toarray()[chosen.numpy()])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64], ids=str)
@pytest.mark.parametrize("sparse", [True, False])
def test_csr_csr(dtype, sparse):
    m, a = random_csr((20, 30), 0.2, 1, dtype)
    n, b = random_csr((30, 25), 0.2, 2, dtype)
    got = algebra.csr_matmul(a, b, sparse)
    want = (m @ n).toarray()
    if sparse:
        same(got, want, max(TOLERANCE[dtype], 1e-9))
    else:
        np.testing.assert_allclose(got.double().numpy(), want, rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("k", [1, 2, 3, 5, 8, 16, 17, 31, 33, 64, 100, 130])
@pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)
def test_products(k, dtype):
    for shape, density in (((50, 40), 0.2), ((30, 500), 0.02), ((1, 5), 0.5), ((7, 3), 0.0)):
        m, a = random_csr(shape, density, k, dtype)
        dense, rtol = m.toarray(), TOLERANCE[dtype]
        draw = torch.Generator().manual_seed(k)
        b = torch.randint(-4, 5, (shape[1], k), generator=draw).to(dtype)
        g = torch.randint(-4, 5, (shape[0], k), generator=draw).to(dtype)
        close = dict(rtol=rtol, atol=rtol * 20)
        np.testing.assert_allclose(csr_dot(a, b).double().numpy(), dense @ b.double().numpy(), **close)
        assert csr_dot(a, b).dtype == dtype
        found = csr_t_dot(a, g)
        found.check()
        assert found.indices.tolist() == sorted(set(m.indices.tolist()))
        np.testing.assert_allclose(found.to_dense().double().numpy(), dense.T @ g.double().numpy(), **close)
        np.testing.assert_allclose(csr_t_dot_dense(a, g).double().numpy(), dense.T @ g.double().numpy(), **close)
        half = row_sparse_from_dense(torch.where(torch.arange(shape[1])[:, None] % 2 == 0, b, 0))
        np.testing.assert_allclose(csr_dot_rows(a, half).double().numpy(), dense @ half.to_dense().double().numpy(), **close)
        half = row_sparse_from_dense(torch.where(torch.arange(shape[0])[:, None] % 2 == 0, g, 0))
        np.testing.assert_allclose(csr_t_dot_rows(a, half).to_dense().double().numpy(), dense.T @ half.to_dense().double().numpy(), **close)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_products_of_accelerators_equal_the_kernels(dtype, monkeypatch):
    _, a = random_csr((50, 40), 0.2, 3, dtype)
    b, g = torch.randn(40, 9).to(dtype), torch.randn(50, 9).to(dtype)
    want = csr_dot(a, b), csr_t_dot(a, g).to_dense(), csr_t_dot_dense(a, g)
    monkeypatch.setattr(product, "_FAST", ())
    got = csr_dot(a, b), csr_t_dot(a, g).to_dense(), csr_t_dot_dense(a, g)
    for w, t in zip(want, got):
        torch.testing.assert_close(t, w, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * 10)


def test_products_with_threads_equal_those_with_one():
    m, a = random_csr((3000, 2000), 0.02, 3, torch.float32)
    b, g = torch.randn(2000, 48), torch.randn(3000, 48)
    one = (csr_dot(a, b), csr_t_dot(a, g), csr_t_dot_dense(a, g))
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        many = (csr_dot(a, b), csr_t_dot(a, g), csr_t_dot_dense(a, g))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(one[0], many[0]) and torch.equal(one[1].data, many[1].data) and torch.equal(one[2], many[2])


def test_unsorted_and_repeated_columns():
    a = Csr(torch.tensor([1.0, 2, 3, 4]), torch.tensor([2, 0, 2, 1]), torch.tensor([0, 3, 4]), (2, 3))
    assert not a.is_canonical()
    dense = np.array([[2.0, 0, 4], [0, 4, 0]])
    same(a.canonical(), dense)
    np.testing.assert_array_equal(a.to_dense().numpy(), dense)
    b = torch.randn(3, 5)
    np.testing.assert_allclose(csr_dot(a, b).numpy(), dense @ b.numpy(), rtol=1e-5)
    g = torch.randn(2, 5)
    np.testing.assert_allclose(csr_t_dot(a, g).to_dense().numpy(), dense.T @ g.numpy(), rtol=1e-5, atol=1e-6)
    same(algebra.add(a, a), dense * 2)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 1000, 10**6, 2**31 - 1, 2**33])
@pytest.mark.parametrize("count", [0, 1, 50, 5000])
def test_distinct(size, count):
    ids = torch.from_numpy(np.random.RandomState(0).randint(0, size, count))
    for kind in (torch.int64, torch.int32):
        found, place = distinct(ids, size, kind)
        want = torch.unique(ids)
        assert torch.equal(found, want) and torch.equal(found[place.long()], ids) and place.dtype == kind
    if size < 10**7:
        assert torch.equal(marked(ids, size), want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64], ids=str)
def test_rows(dtype):
    def rows(ids, seed):
        return RowSparse(
            torch.randint(-9, 9, (len(ids), 3), generator=torch.Generator().manual_seed(seed)).to(dtype),
            torch.tensor(ids, dtype=torch.int64),
            (8, 3),
        )

    a, b, c = rows([0, 3, 5], 1), rows([3, 7], 2), rows([], 3)
    da, db = a.to_dense(), b.to_dense()
    same(merge([a, b]), (da + db).double().numpy())
    same(merge([a, b], [1, -1]), (da - db).double().numpy())
    same(merge([a, b, c, a]), (da * 2 + db).double().numpy())
    same(merge([c, c]), np.zeros((8, 3)))
    same(combine(a, b, torch.mul), (da * db).double().numpy())
    kept = retain(a, torch.tensor([5, 1, 5]))
    assert kept.indices.tolist() == [1, 5]
    same(kept, (da * (torch.arange(8)[:, None] % 4 == 1)).double().numpy())
    ids = torch.tensor([4, 1, 4, 4])
    found, total = sum_rows(ids, torch.ones(4, 3, dtype=dtype), 8)
    assert found.tolist() == [1, 4] and total[:, 0].tolist() == [1, 3]


def test_absent_rows_and_entries_are_zero_even_beside_infinities():
    _, a = random_csr((6, 8), 0.5, 1, torch.float32)
    full = torch.full((2, 3), float("inf"))
    b = RowSparse(full, torch.tensor([3, 7]), (8, 3))
    got, dense = csr_dot_rows(a, b), a.to_dense()
    touched = (dense[:, [3, 7]] != 0).any(1)
    assert (got[~touched] == 0).all() and not torch.isfinite(got[touched]).any()
    wide = RowSparse(torch.full((1, 8), float("inf")), torch.tensor([2]), (6, 8))
    assert (
        torch.equal(torch.isinf(algebra.entries_of(wide, a)), a.row_ids() == 2)
        and (algebra.entries_of(wide, a)[a.row_ids() != 2] == 0).all()
    )
    other = Csr(torch.tensor([float("inf")]), torch.tensor([0]), torch.tensor([0, 1, 1, 1, 1, 1, 1]), (6, 8))
    assert not algebra.entries_of(other, a).isnan().any()


def test_half_gradients_are_summed_in_float32():
    ids = torch.zeros(4096, dtype=torch.int64)
    _, total = sum_rows(ids, torch.full((4096, 1), 1.0, dtype=torch.float16), 3)
    assert total.item() == 4096.0  # float16 alone stops at 2048


CSR_DEFECTS = [
    (dict(indptr=[0, 2, 1, 3]), "indptr falls from 2 to 1 at row 1"),
    (dict(indptr=[0, 2, 3]), "indptr has length 3, 3 rows need 4"),
    (dict(indptr=[1, 2, 2, 3]), "indptr runs from 1 to 3, must run from 0 to 3"),
    (dict(indptr=[0, 2, 2, 5]), "indptr runs from 0 to 5, must run from 0 to 3"),
    (dict(indices=[0, -1, 1]), "column -1 is out of range for 4 columns"),
    (dict(indices=[0, 4, 1]), "column 4 is out of range for 4 columns"),
    (dict(indices=[0, 1]), "data has length 3, indices 2"),
    (dict(data=[[1.0, 2, 3]]), "data must have one axis"),
    (dict(shape=(3,)), "shape must be two sizes"),
    (dict(shape=(-3, 4)), "shape must be two sizes"),
]


@pytest.mark.parametrize("change, text", CSR_DEFECTS, ids=[t for _, t in CSR_DEFECTS])
def test_malformed_csr(change, text):
    parts = {"data": [1.0, 2, 3], "indices": [0, 2, 1], "indptr": [0, 2, 2, 3], "shape": (3, 4), **change}
    a = Csr(torch.tensor(parts["data"]), torch.tensor(parts["indices"]), torch.tensor(parts["indptr"]), parts["shape"])
    with pytest.raises(StorageError, match=text):
        a.check()


ROW_DEFECTS = [
    (dict(indices=[1, 5]), "row 5 is out of range for 5 rows"),
    (dict(indices=[-1, 2]), "row -1 is out of range"),
    (dict(indices=[2, 1]), "row 1 comes after row 2"),
    (dict(indices=[2, 2]), "row 2 comes after row 2"),
    (dict(indices=[2]), "data has 2 rows, indices 1"),
    (dict(shape=(5, 3)), r"data has shape \(2, 2\), rows of \(5, 3\) need \(stored, 3\)"),
]


@pytest.mark.parametrize("change, text", ROW_DEFECTS, ids=[t for _, t in ROW_DEFECTS])
def test_malformed_row_sparse(change, text):
    parts = {"indices": [1, 3], "shape": (5, 2), **change}
    with pytest.raises(StorageError, match=text):
        RowSparse(torch.zeros(2, 2), torch.tensor(parts["indices"]), parts["shape"]).check()


def test_zeros():
    assert zeros("csr", (2, 3), torch.float32, "cpu").nnz == 0
    with pytest.raises(StorageError, match="csr: shape must have two axes"):
        zeros("csr", (2, 3, 4), torch.float32, "cpu")
    with pytest.raises(StorageError, match="'coo' is unknown"):
        zeros("coo", (2, 3), torch.float32, "cpu")
