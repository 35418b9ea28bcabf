"""Reductions, shapes, joining, products and linear algebra of `mx.np` against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp
import pytest

import mxnet as mx
from mxnet import np, npx

A = onp.random.RandomState(0).uniform(0.5, 2, (2, 3, 4)).astype("float32")
S = A[0, :, :3] @ A[0, :, :3].T + onp.eye(3, dtype="float32")

#: functions of (module, array A, matrix S) that must agree
CASES: list[Callable[[Any, Any, Any], Any]] = [
    lambda m, a, s: m.sum(a, axis=(0, 2), keepdims=True),
    lambda m, a, s: m.mean(a),
    lambda m, a, s: m.prod(a, axis=1),
    lambda m, a, s: m.max(a, axis=(0, -1)),
    lambda m, a, s: m.std(a, axis=1, ddof=1),
    lambda m, a, s: m.var(a),
    lambda m, a, s: m.all(a > 1, axis=0),
    lambda m, a, s: m.any(a > 1),
    lambda m, a, s: m.argmax(a, axis=2),
    lambda m, a, s: m.argmin(a),
    lambda m, a, s: m.average(a, axis=1),
    lambda m, a, s: m.cumsum(a, axis=1),
    lambda m, a, s: m.sort(a, axis=0),
    lambda m, a, s: m.argsort(a),
    lambda m, a, s: m.percentile(a, 30, axis=1),
    lambda m, a, s: m.quantile(a, 0.9),
    lambda m, a, s: m.diff(a, n=2),
    lambda m, a, s: m.ediff1d(a, to_begin=1.0),
    lambda m, a, s: m.transpose(a, (2, 0, 1)),
    lambda m, a, s: m.moveaxis(a, 0, -1),
    lambda m, a, s: m.rollaxis(a, 2),
    lambda m, a, s: m.roll(a, (1, 2), axis=(0, 2)),
    lambda m, a, s: m.rot90(a, 3, axes=(1, 2)),
    lambda m, a, s: m.flip(a),
    lambda m, a, s: m.tile(a, (2, 1, 1)),
    lambda m, a, s: m.repeat(a, 2, axis=1),
    lambda m, a, s: m.concatenate([a, a], axis=None),
    lambda m, a, s: m.stack([a, a], axis=-1),
    lambda m, a, s: m.dstack([s, s]),
    lambda m, a, s: m.hstack([s, s]),
    lambda m, a, s: m.array_split(a.reshape(-1), 5)[0],
    lambda m, a, s: m.dsplit(a, 2)[1],
    lambda m, a, s: m.pad(s, ((1, 2), (0, 1)), mode="reflect"),
    lambda m, a, s: m.pad(s, ((1, 2), (3, 1)), mode="symmetric"),
    lambda m, a, s: m.pad(s, ((1, 2), (0, 1)), constant_values=3),
    lambda m, a, s: m.diag(s, k=1),
    lambda m, a, s: m.diagflat(s, k=-1),
    lambda m, a, s: m.trace(a, axis1=1, axis2=2),
    lambda m, a, s: m.tril(s, -1),
    lambda m, a, s: m.delete(a, 1, axis=2),
    lambda m, a, s: m.delete(a, slice(0, 4, 2), axis=2),
    lambda m, a, s: m.insert(s, 1, 5.0, axis=1),
    lambda m, a, s: m.insert(s, slice(0, 2), 5.0, axis=0),
    lambda m, a, s: m.unique(s, return_counts=True)[1],
    lambda m, a, s: m.resize(s, (2, 6)),
    lambda m, a, s: m.dot(a, s.T[:, :2].T.T[:3].T.reshape(-1)[:4]),
    lambda m, a, s: m.matmul(s, a),
    lambda m, a, s: m.tensordot(a, a, ((0, 2), (0, 2))),
    lambda m, a, s: m.inner(a, a),
    lambda m, a, s: m.outer(s, s),
    lambda m, a, s: m.einsum("bij,bkj->ik", a, a),
    lambda m, a, s: m.meshgrid(s[0], s[1])[0],
    lambda m, a, s: m.polyval(s[0], s),
    lambda m, a, s: m.linalg.norm(s, ord=1),
    lambda m, a, s: m.linalg.norm(a, axis=(0, 2)),
    lambda m, a, s: m.linalg.det(s),
    lambda m, a, s: m.linalg.slogdet(s)[1],
    lambda m, a, s: m.linalg.inv(s),
    lambda m, a, s: m.linalg.cholesky(s),
    lambda m, a, s: m.linalg.solve(s, s[0]),
    lambda m, a, s: m.linalg.pinv(a[0]),
    lambda m, a, s: m.linalg.eigvalsh(s),
    lambda m, a, s: m.hanning(7),
    lambda m, a, s: m.logspace(0, 2, 5),
    lambda m, a, s: m.nan_to_num(s / 0),
    lambda m, a, s: m.interp(s[0], s[1] - s[1], s[2]) * 0,
]


@pytest.mark.parametrize("index", range(len(CASES)))
def test_agrees_with_numpy(index: int) -> None:
    case = CASES[index]
    got = case(np, np.array(A), np.array(S))
    with onp.errstate(all="ignore"):
        want = onp.asarray(case(onp, A, S))
    assert isinstance(got, np.ndarray) and got.shape == want.shape
    onp.testing.assert_allclose(got.asnumpy(), want, rtol=1e-3, atol=1e-4)


def test_reductions_of_integers_and_of_nothing() -> None:
    i, b = np.array([1, 2, 4], dtype="int32"), np.array([True, True], dtype="bool")
    assert (str(np.mean(i).dtype), str(np.sum(b).dtype), str(np.sum(i).dtype), str(np.std(i).dtype)) == (
        "float32",
        "int64",
        "int32",
        "int32",
    )
    assert np.sum(np.zeros((0, 3)), axis=0).tolist() == [0.0] * 3
    with pytest.raises(mx.MXNetError, match="size 0"):
        np.max(np.zeros((0,)))


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: np.sum(np.ones(2), axis=3), mx.MXNetError, "out of range"),
    (lambda: np.concatenate((np.ones((2, 3)), np.ones((3, 4)))), mx.MXNetError, "differ"),
    (lambda: np.stack([np.ones(1), np.ones(1, dtype="int32")]), mx.MXNetError, "one type"),
    (lambda: np.matmul(np.ones((2, 3)), np.ones((2, 3))), mx.MXNetError, "do not fit"),
    (lambda: np.split(np.ones(5), 2), ValueError, "equal parts"),
    (lambda: np.squeeze(np.ones((2, 3)), axis=0), mx.MXNetError, "size 2"),
    (lambda: np.reshape(np.ones(4), (3,)), mx.MXNetError, "reshape"),
    (lambda: npx.reshape(np.ones((2, 3)), (-2, -2, -2)), mx.MXNetError, "no axis is left"),
    (lambda: np.random.choice(3, 5, replace=False), mx.MXNetError, "without replacement"),
]


@pytest.mark.parametrize("index", range(len(ERRORS)))
def test_errors(index: int) -> None:
    call, error, text = ERRORS[index]
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(("codes", "reverse", "want"), [((-2, -1), False, (2, 12)), ((-5, -4), False, (6, 4)), ((-6, 1, -1, -4), False, (1, 2, 3, 4)),
                                                        ((-4, -5), True, (2, 12)), ((-1,), True, (24,))])  # fmt: skip
def test_reshape_codes(codes: tuple, reverse: bool, want: tuple) -> None:
    assert npx.reshape(np.array(A), codes, reverse=reverse).shape == want


def test_random_parameters_broadcast_and_seed() -> None:
    assert np.random.normal(np.zeros((2, 1)), np.ones(3)).shape == (2, 3) and np.random.uniform().shape == ()
    assert npx.random.uniform_n(np.zeros(3), 1.0, batch_shape=(2,)).shape == (2, 3)
    npx.seed(7)
    first = np.random.gamma(2.0, size=(3,)).tolist()
    npx.seed(7)
    assert np.random.gamma(2.0, size=(3,)).tolist() == first
    loc = np.zeros(3)
    loc.attach_grad()
    with mx.autograd.record():
        np.random.normal(loc, 1.0).sum().backward()
    assert loc.grad.tolist() == [1.0] * 3


def test_the_seed_has_a_name():
    npx.random.seed(seed=3)
    first = np.random.uniform(size=(4,)).asnumpy().tolist()
    npx.random.seed(3)
    assert np.random.uniform(size=(4,)).asnumpy().tolist() == first


@pytest.mark.parametrize("name", ["eig", "eigh", "eigvals", "eigvalsh"])
def test_eigenvalues_of_integers_are_float64(name):
    found = getattr(np.linalg, name)(np.array([[2, 0], [0, 3]], dtype="int8"))
    values = found[0] if isinstance(found, (list, tuple)) else found
    assert values.dtype == onp.float64 and values.asnumpy().tolist() == [2, 3]


def test_bad_values_are_value_errors():
    for error in (ValueError, mx.MXNetError):
        with pytest.raises(error, match="must not be negative"):
            np.random.exponential(-1)
        with pytest.raises(error, match="prob must lie"):
            npx.random.bernoulli(2.0)
