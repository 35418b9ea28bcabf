"""Linear algebra operators against NumPy, with gradients by finite differences."""

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op import linalg
from mxnet.error import MXNetError

la = mx.nd.linalg
nd = mx.nd


def matrices(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def definite(*shape):
    a = matrices(*shape)
    return a @ a.swapaxes(-1, -2) + np.eye(shape[-1])


def array(a):
    return nd.array(a, dtype="float64")


def close(got, want):
    np.testing.assert_allclose(got.asnumpy(), np.reshape(want, got.shape), rtol=1e-9, atol=1e-12)


def check_gradient(op, *arrays, **attrs):
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    assert torch.autograd.gradcheck(lambda *t: op.fn(*t, **attrs), tensors)


@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_gemm(transpose_a, transpose_b):
    a, b, c = (
        matrices(2, 4, 3) if transpose_a else matrices(2, 3, 4),
        matrices(2, 5, 4) if transpose_b else matrices(2, 4, 5),
        matrices(2, 3, 5),
    )
    product = (a.swapaxes(1, 2) if transpose_a else a) @ (b.swapaxes(1, 2) if transpose_b else b)
    flags = {"transpose_a": transpose_a, "transpose_b": transpose_b}
    close(la.gemm(array(a), array(b), array(c), alpha=2, beta=-1, **flags), 2 * product - c)
    close(la.gemm2(array(a), array(b), alpha=0.5, **flags), 0.5 * product)
    check_gradient(linalg.gemm, a, b, c, alpha=2.0, beta=-1.0, **flags)


def test_gemm_along_another_row_axis():
    a, b = matrices(2, 3, 4), matrices(4, 3, 5)
    want = np.einsum("ibk,kbj->ibj", a, b)
    close(la.gemm2(array(a), array(b), axis=0), want)
    close(la.gemm(array(a), array(b), array(want), axis=0), 2 * want)


def test_syrk():
    a = matrices(2, 3, 4)
    close(la.syrk(array(a), alpha=2), 2 * a @ a.swapaxes(1, 2))
    close(la.syrk(array(a), transpose=True), a.swapaxes(1, 2) @ a)


@pytest.mark.parametrize("rightside", [False, True])
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("lower", [False, True])
def test_triangular_product_and_solution(lower, transpose, rightside):
    a, b = definite(2, 3, 3), matrices(2, 2, 3) if rightside else matrices(2, 3, 2)
    triangle = np.tril(a) if lower else np.triu(a)
    triangle = triangle.swapaxes(1, 2) if transpose else triangle
    flags = {"rightside": rightside, "transpose": transpose, "lower": lower}
    product = la.trmm(array(a), array(b), alpha=2, **flags)
    close(product, 2 * (b @ triangle if rightside else triangle @ b))
    close(la.trsm(array(a), product, alpha=0.5, **flags), b)
    check_gradient(linalg.trmm, a, b, **flags)
    check_gradient(linalg.trsm, a, b, **flags)


def test_cholesky_reads_the_lower_triangle():
    a = definite(2, 4, 4)
    lower = la.potrf(array(np.tril(a) + np.triu(np.ones((4, 4)), 1)))
    close(lower, np.linalg.cholesky(a))
    close(la.potri(lower), np.linalg.inv(a))
    check_gradient(linalg.potri, np.linalg.cholesky(a))
    x = torch.tensor(a, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: linalg.potrf.fn((t + t.mT) / 2), (x,))
    with pytest.raises(MXNetError, match="_linalg_potrf.*not positive-definite"):
        la.potrf(nd.array([[-1, 0], [0, -1]]))


def test_gelqf():
    a = matrices(2, 3, 5)
    q, low = la.gelqf(array(a))
    close(nd.batch_dot(low, q), a)
    close(nd.batch_dot(q, q, transpose_b=True), np.broadcast_to(np.eye(3), (2, 3, 3)))
    assert (np.triu(low.asnumpy(), 1) == 0).all()
    check_gradient(linalg.gelqf, a[0])


def test_syevd():
    a = definite(2, 3, 3)
    u, values = la.syevd(array(a))
    assert (np.diff(values.asnumpy()) > 0).all()
    rows = u.asnumpy()
    close(nd.array(rows.swapaxes(1, 2) @ (values.asnumpy()[:, :, None] * rows), dtype="float64"), a)
    largest = np.take_along_axis(rows, np.abs(rows).argmax(-1)[..., None], -1)
    assert (largest > 0).all()
    x = torch.tensor(a, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: linalg.syevd.fn((t + t.mT) / 2), (x,))


def test_gradient_of_syevd_is_finite_at_equal_eigenvalues():
    x = nd.array([[1, 0], [0, 1]])
    x.attach_grad()
    with mx.autograd.record():
        u, values = la.syevd(x)
    mx.autograd.backward([u, values], [nd.array([[1, 2], [3, 4]]), nd.array([1, 2])])
    assert np.isfinite(x.grad.asnumpy()).all() and x.grad.asnumpy().diagonal().tolist() == [1, 2]


def test_determinants_and_inverse():
    a = definite(2, 3, 3)
    a[1, 0] *= -1
    close(la.det(array(a)), np.linalg.det(a))
    for got, want in zip(la.slogdet(array(a)), np.linalg.slogdet(a)):
        close(got, want)
    close(la.inverse(array(a)), np.linalg.inv(a))
    close(la.sumlogdiag(array(definite(3, 3))), np.log(definite(3, 3).diagonal()).sum())
    for op in (linalg.det, linalg.inverse):
        check_gradient(op, a)
    check_gradient(linalg.sumlogdiag, definite(3, 3))
    x = torch.tensor(a, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: linalg.slogdet.fn(t)[1], (x,))


def test_singular_matrices():
    x = nd.ones((2, 2))
    x.attach_grad()
    for fn in (la.det, lambda t: la.slogdet(t)[1]):
        with mx.autograd.record():
            y = fn(x)
        y.backward()
        assert x.grad.asnumpy().tolist() == [[0, 0], [0, 0]]
    sign, size = la.slogdet(x)
    assert sign.asscalar() == 0 and size.asscalar() == -np.inf
    with pytest.raises(MXNetError, match="_linalg_inverse.*singular"):
        la.inverse(x)


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 2])
def test_diagonals(offset):
    a = matrices(2, 4, 4)
    diagonal = la.extractdiag(array(a), offset=offset)
    close(diagonal, np.diagonal(a, offset, 1, 2))
    made = la.makediag(diagonal, offset=offset)
    assert made.shape == a.shape
    close(la.extractdiag(made, offset=offset), diagonal.asnumpy())


@pytest.mark.parametrize("offset, lower", [(-2, True), (-1, False), (0, True), (0, False), (1, True), (2, False)])
def test_triangles(offset, lower):
    a = matrices(2, 4, 4)
    below = offset < 0 or (offset == 0 and lower)
    part = la.extracttrian(array(a), offset=offset, lower=lower)
    source = np.tril(a, offset) if below else np.triu(a, offset)
    turned = a if below else a.swapaxes(1, 2)  # an upper triangle is stored column by column
    rows, columns = np.tril_indices(4, -abs(offset))
    close(part, turned[:, rows, columns])
    close(la.maketrian(part, offset=offset, lower=lower), source)
    check_gradient(linalg.maketrian, part.asnumpy(), offset=offset, lower=lower)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: la.gemm2(nd.ones((2, 3)), nd.ones((2, 3))), "linalg_gemm2: matrices .* do not fit"),
        (lambda: la.gemm2(nd.ones((1, 2, 3)), nd.ones((2, 3, 2))), r"leading axes \(1,\) and \(2,\) differ"),
        (lambda: la.gemm2(nd.ones((2, 3)), nd.ones((3, 2)), axis=1), "axis 1 is no row axis"),
        (lambda: la.gemm2(nd.ones(3), nd.ones(3)), "need as many axes, two or more"),
        (lambda: la.gemm(nd.ones((2, 3)), nd.ones((3, 2)), nd.ones((3, 3))), r"C has shape \(3, 3\), the product \(2, 2\)"),
        (lambda: la.gemm2(nd.ones((2, 3), dtype="int32"), nd.ones((3, 2), dtype="int32")), "input 0 is int32, only float32 and float64"),
        (lambda: la.trsm(nd.ones((2, 2)), nd.ones((2, 2), dtype="float64")), "inputs are float32 and float64"),
        (lambda: la.trsm(nd.ones((2, 2)), nd.ones((3, 2))), "B needs 2 rows"),
        (lambda: la.det(nd.ones((2, 3))), r"linalg_det: needs square matrices, got \(2, 3\)"),
        (lambda: la.potrf(nd.ones(3)), "needs matrices"),
        (lambda: la.gelqf(nd.ones((3, 2))), "at least as many columns as rows"),
        (lambda: la.extractdiag(nd.ones((3, 3)), offset=3), r"offset 3 leaves nothing of \(3, 3\) matrices. Use -2..2"),
        (lambda: la.maketrian(nd.ones(4)), "no triangle has as many elements"),
        (lambda: la.potrf(None), "input A is missing"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()


def test_cholesky_of_the_upper_triangle():
    a = mx.nd.array([[4.0, 2.0], [2.0, 3.0]])
    upper = mx.nd.linalg.potrf(a, lower=False)
    np.testing.assert_allclose(upper.asnumpy(), [[2, 1], [0, 2**0.5]], rtol=1e-6)
    np.testing.assert_allclose(mx.nd.linalg.potri(upper, lower=False).asnumpy(), np.linalg.inv(a.asnumpy()), rtol=1e-5)
    garbage = mx.nd.array([[4.0, 2.0], [99.0, 3.0]])
    np.testing.assert_allclose(mx.nd.linalg.potrf(garbage, lower=False).asnumpy(), upper.asnumpy())
