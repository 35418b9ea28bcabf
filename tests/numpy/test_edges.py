"""Edges of `mx.np` functions: empty arrays, arrays without axes, numbers in place of arrays, parameters out of range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp
import pytest

import mxnet as mx
from mxnet import np, util


@pytest.mark.parametrize(
    "made, want",
    [
        (lambda: np.squeeze(np.array(1.0), -1), 1.0),
        (lambda: np.argmin(np.array(1.0), 0), 0),
        (lambda: np.broadcast_to(2.5, (2,)), [2.5, 2.5]),
        (lambda: np.broadcast_to(np.ones((1, 2)), (3, -2)), [[1.0, 1.0]] * 3),
        (lambda: np.resize(np.zeros((0, 2)), (2,)), [0.0, 0.0]),
        (lambda: np.split(np.zeros((0,)), [1, 2])[2], []),
        (lambda: np.delete(np.zeros((0,)), np.array([0, 1], dtype="int32")), []),
        (lambda: np.around(np.array([15, 25, -15], dtype="int32"), -1), [10, 20, -10]),
        (lambda: np.max(np.array([1.0, 2.0]), initial=5.0), 5.0),
        (lambda: np.insert(np.arange(4).reshape(2, 2), 1, np.array([[8.0, 9.0]]), 1), [[0.0, 8.0, 1.0], [2.0, 9.0, 3.0]]),
        (lambda: np.insert(np.arange(3), np.array([1], dtype="int64"), np.array([8.0, 9.0])), [0.0, 8.0, 9.0, 1.0, 2.0]),
        (lambda: np.insert(np.arange(4).reshape(2, 2), 1, np.array([7.0]), 0), [[0.0, 1.0], [7.0, 7.0], [2.0, 3.0]]),
    ],
)
def test_values(made: Callable[[], Any], want: Any) -> None:
    assert made().tolist() == want


def test_clip_of_a_number() -> None:
    assert np.clip(2.5, 0, 1) == 1.0


@pytest.mark.parametrize("draw", [lambda: np.random.weibull(0), lambda: np.random.pareto(-1), lambda: np.random.power(0),
                                  lambda: np.random.gamma(0, 1), lambda: np.random.gamma(1, -1), lambda: np.random.rayleigh(-1)])  # fmt: skip
def test_parameters_out_of_range(draw: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        draw()


def test_an_empty_size_says_nothing() -> None:
    one = np.ones((1,))
    assert np.random.beta(one, one, size=()).shape == np.random.uniform(one, one, size=()).shape == (1,)


def test_half_precision_covariances() -> None:
    made = np.random.multivariate_normal(np.zeros(2, dtype="float16"), np.eye(2, dtype="float16"), size=(3,))
    assert made.shape == (3, 2) and made.dtype == onp.float16


def test_arguments_of_ufuncs() -> None:
    x = np.ones(2)
    assert np.exp(x, where=True, order="K").shape == (2,)
    for error, more in ((NotImplementedError, {"where": False}), (NotImplementedError, {"casting": "safe"}), (TypeError, {"casting": "x"}),
                        (NotImplementedError, {"dtype": onp.int8}), (TypeError, {"dtype": "abc"}), (TypeError, {"nothing": 1})):  # fmt: skip
        with pytest.raises(error, match="exp"):
            np.exp(x, **more)
    with pytest.raises(TypeError, match="bool"):
        np.isnan(x, out=np.ones(2))


def test_decorators_of_ufuncs() -> None:
    one = util.wrap_np_unary_func(lambda x, out=None: x + 1)
    two = util.wrap_np_binary_func(lambda a, b, out=None: a + b)
    assert one(1, where=True) == 2 and two(1, 2, casting="same_kind") == 3
    with pytest.raises(NotImplementedError, match="subok"):
        two(1, 2, subok=False)
    assert util.np_ufunc_legal_option("casting", "safe") and not util.np_ufunc_legal_option("casting", "x")


def test_where_with_numbers_follows_the_operators_of_graph_files() -> None:
    flags, x = np.array([True, False]), np.array([1.0, 2.0])
    assert mx.nd.np._internal.where_lscalar(flags, x, scalar=5).tolist() == [5.0, 2.0] == np.where(flags, 5, x).tolist()
    assert mx.nd.np._internal.where_rscalar(flags, x, scalar=5).tolist() == [1.0, 5.0] == np.where(flags, x, 5).tolist()


def test_optimizers_know_the_kind_of_arrays_they_were_made_for() -> None:
    assert mx.optimizer.SGD().allow_np_array is False
    with util.np_array(True):
        assert mx.optimizer.SGD().allow_np_array is True
