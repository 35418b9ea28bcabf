"""`mx.np.ndarray`: indexing, printing, conversions, NumPy's protocols."""

from __future__ import annotations

import pickle

import numpy as onp
import pytest

import mxnet as mx
from mxnet import np, npx

A = onp.arange(24, dtype="float32").reshape(2, 3, 4)
KEYS = [0, (-1, 1), (0, 0, 0), slice(1, None), (slice(None), slice(None, None, -2)), (Ellipsis, None), ([0, 1], [1, 0]), (slice(None), [0, 2]),
        (Ellipsis, -1), (), None, (0, slice(None), onp.array([3, 0])), A > 5, (A[0] > 3)[None].repeat(2, 0)]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing_is_numpys(key: object) -> None:
    a = np.array(A)
    got, want = a[key], A[key]
    assert isinstance(got, np.ndarray) and got.shape == want.shape
    onp.testing.assert_array_equal(got.asnumpy(), want)
    changed = A.copy()
    changed[key] = 7
    a[key] = 7
    onp.testing.assert_array_equal(a.asnumpy(), changed)


def test_boolean_arrays_index() -> None:
    a = np.array(A)
    assert a[a > 20].tolist() == [21.0, 22.0, 23.0]
    a[a > 2] = 0
    assert a.sum().item() == 3.0


def test_bad_keys() -> None:
    for key, error in ((5, IndexError), ((0, 0, 0, 0), IndexError), (1.0, IndexError), ("a", IndexError)):
        with pytest.raises(error):
            np.array(A)[key]


def test_printing() -> None:
    assert repr(np.array([1, 2])) == "array([1., 2.])"
    assert repr(np.array([1, 2], dtype="int64")) == "array([1, 2], dtype=int64)"
    assert repr(np.array([1.0], dtype="float64")) == "array([1.], dtype=float64)"
    assert repr(np.array([True], dtype="bool")) == "array([ True])"
    assert repr(np.zeros((0, 3))) == "array([], shape=(0, 3))" and str(np.array(1.5)) == "1.5"


def test_conversions() -> None:
    x = np.array(3.0)
    assert (float(x), int(x), x.item(), len(np.ones(2)), bool(np.array([])), x.shape, x.asnumpy().shape) == (3.0, 3, 3.0, 2, False, (), ())
    assert [10, 20][np.array(1, dtype="int32")] == 20
    with pytest.raises(ValueError, match="ambiguous"):
        bool(np.ones(2))
    with pytest.raises(TypeError):
        len(x)
    nd = np.ones((2, 2)).as_nd_ndarray()
    assert type(nd) is mx.nd.NDArray and type(nd.as_np_ndarray()) is np.ndarray
    assert pickle.loads(pickle.dumps(np.arange(3))).tolist() == [0.0, 1.0, 2.0]
    for name in ("exp", "asscalar"):
        with pytest.raises(AttributeError, match=f"has no attribute {name}"):
            getattr(np.ones(2), name)()


def test_creation_types() -> None:
    assert [str(a.dtype) for a in (np.array([1]), np.array(onp.array([1])), np.array(onp.array([True])), np.full((2,), 3), np.full((2,), True),
                                   np.arange(3), np.random.randint(0, 3), np.indices((2,)), np.ones(2, dtype=int))] == [
        "float32", "int64", "bool", "float32", "bool", "float32", "int64", "int32", "int64"]  # fmt: skip


def test_numpys_own_functions_give_our_arrays() -> None:
    a = np.array([1.0, 2.0, 4.0])
    for got, want in (
        (onp.sum(a), 7.0),
        (onp.add(a, a), [2.0, 4.0, 8.0]),
        (onp.float32(2) * a, [2.0, 4.0, 8.0]),
        (onp.concatenate([a, a])[:1], [1.0]),
    ):
        assert isinstance(got, np.ndarray) and got.tolist() == want
    assert onp.median(a) == 2.0


def test_views_share_memory() -> None:
    a = np.zeros((4,))
    a.reshape(2, 2)[1] = 1
    a[:1] = 5
    assert a.tolist() == [5.0, 0.0, 1.0, 1.0]


def test_autograd_through_indexing_and_reshape() -> None:
    a = np.array(A)
    a.attach_grad()
    with mx.autograd.record():
        y = (a[0].reshape(-1) ** 2).sum() + a[1, 2, 3]
    y.backward()
    want = onp.zeros_like(A)
    want[0] = 2 * A[0]
    want[1, 2, 3] = 1
    onp.testing.assert_array_equal(a.grad.asnumpy(), want)


def test_save_and_load(tmp_path: object) -> None:
    file = str(tmp_path) + "/x.params"
    npx.save(file, {"a": np.array(1.0), "b": np.zeros((0, 2))})
    back = npx.load(file)
    assert back["a"].shape == () and back["b"].shape == (0, 2) and isinstance(back["a"], np.ndarray)


def test_formats_of_scalars():
    assert f"{np.array(3.25):0.3g}" == "3.25" and f"{np.array([1.0])}" == "[1.]"
    with pytest.raises(TypeError):
        format(np.array([1.0]), "30")


def test_flags_without_axis_in_an_index():
    x, mask = np.zeros((3, 2, 3)), np.array([[False, True, True], [False, True, False]], dtype="bool")
    x[0, True, True, mask] = 7
    assert x.sum().item() == 21 and x[0].sum().item() == 21


def test_draws_of_no_classes():
    assert np.random.multinomial(3, []).shape == (0,) and np.random.multinomial(3, [], size=(2,)).shape == (2, 0)
