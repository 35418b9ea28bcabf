"""`mx.np` entry by entry: values against NumPy, types by the rules of 1.9.1, gradients, out=."""

from __future__ import annotations

import numpy as onp
import pytest

import mxnet as mx
from mxnet import np

UNARY = """absolute arcsin arctan cbrt ceil cos cosh degrees exp expm1 fix floor log1p negative radians rint sign sin sinh square tan tanh trunc
isnan isinf isfinite logical_not""".split()
BINARY = "add subtract multiply true_divide mod power maximum minimum hypot copysign arctan2 equal less greater_equal".split()
X = onp.array([[-0.9, 0.3, 0.7], [0.1, -0.2, 0.5]], "float32")
Y = onp.array([[0.6], [1.5]], "float32")


@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str) -> None:
    got, want = getattr(np, name)(np.array(X)), getattr(onp, name)(X)
    assert isinstance(got, np.ndarray) and got.dtype == want.dtype
    onp.testing.assert_allclose(got.asnumpy(), want, rtol=1e-5, atol=1e-6)
    assert getattr(np, name)(np.array(0.5)).shape == () and getattr(np, name)(np.zeros((0, 2))).shape == (0, 2)
    assert getattr(np, name)(0.5) == pytest.approx(getattr(onp, name)(0.5))


@pytest.mark.parametrize("name", BINARY)
def test_binary(name: str) -> None:
    ours, theirs = getattr(np, name), getattr(onp, name)
    x = abs(X)
    for a, b in ((x, Y), (x, 1.5), (2.0, x), (x, onp.float32(0.5))):
        args = [np.array(v) if isinstance(v, onp.ndarray) else v for v in (a, b)]
        got, want = ours(*args), theirs(a, b)
        assert str(got.dtype) == ("bool" if want.dtype == bool else "float32")
        onp.testing.assert_allclose(got.asnumpy(), want, rtol=1e-5, atol=1e-6)


PROMOTED = [("int8", "uint8", "int32"), ("int32", "int64", "int64"), ("float16", "int64", "float16"), ("bool", "int8", "int8"),
            ("float32", "float64", "float64"), ("bool", "bool", "bool")]  # fmt: skip


@pytest.mark.parametrize(("left", "right", "want"), PROMOTED)
def test_promotion(left: str, right: str, want: str) -> None:
    a, b = np.ones((2,), dtype=left), np.ones((2,), dtype=right)
    assert str((a + b).dtype) == want and str((b * a).dtype) == want


def test_numbers_take_the_type_of_the_array() -> None:
    i, b = np.array([1, 2, 3], dtype="int32"), np.array([True, False], dtype="bool")
    assert (i * 2.5).tolist() == [2, 4, 6] and str((i * 2.5).dtype) == "int32"
    assert (b + 1).tolist() == [2, 1] and str((b + 1).dtype) == "int64"
    assert str((i / 2).dtype) == "float32" and (2 / i).tolist()[1] == 1.0


def test_comparisons_need_one_type_and_give_bool() -> None:
    assert (np.ones(2) == np.ones(2)).dtype == bool
    with pytest.raises(mx.MXNetError, match="both must have one type"):
        _ = np.ones(2) > np.ones(2, dtype="int32")


def test_what_is_no_array_is_refused() -> None:
    for call in (lambda: np.sin("text"), lambda: np.ones(2) + [1, 2], lambda: np.ones(2) == None, lambda: np.ones(2) + mx.nd.ones(2)):  # noqa: E711
        with pytest.raises(TypeError, match="mx.np"):
            call()
    with pytest.raises(NotImplementedError, match="where"):
        np.sin(np.ones(2), where=np.ones(2))


def test_out_and_inplace() -> None:
    a, out = np.array([1.0, 2.0]), np.zeros(2)
    assert np.add(a, a, out=out) is out and out.tolist() == [2.0, 4.0]
    a += 1
    a *= a
    assert a.tolist() == [4.0, 9.0]


@pytest.mark.parametrize("name", ["sin", "exp", "tanh", "square"])
def test_gradients(name: str) -> None:
    x = np.array(X.astype("float64"))
    x.attach_grad()
    with mx.autograd.record():
        getattr(np, name)(x).sum().backward()
    step = 1e-5
    f = getattr(onp, name)
    onp.testing.assert_allclose(x.grad.asnumpy(), (f(X + onp.float64(step)) - f(X - onp.float64(step))) / (2 * step), rtol=1e-6)
    assert isinstance(x.grad, np.ndarray)


def test_where_clip_round() -> None:
    c, x = np.array([True, False], dtype="bool"), np.array([1.0, 2.0])
    assert np.where(c, x, 5).tolist() == [1.0, 5.0] and np.where(c, 5, x).tolist() == [5.0, 2.0]
    assert np.where(c)[0].tolist() == [0]
    assert np.clip(x, None, 1.5).tolist() == [1.0, 1.5]
    assert np.around(np.array([0.5, 1.5, 2.55]), 0).tolist() == [0.0, 2.0, 3.0]
