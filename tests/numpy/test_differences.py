"""Where `mx.np` gives the derivative and MXNet 1.9.1 did not (tests/known_differences.txt)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp
import pytest

import mxnet as mx
from mxnet import np

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "arctan2": lambda m, x: m.arctan2(2.0, x),
    "atleast_1d": lambda m, x: m.atleast_1d(x[0, 0]),
    "atleast_2d": lambda m, x: m.atleast_2d(x[0]),
    "atleast_3d": lambda m, x: m.atleast_3d(x),
    "rot90": lambda m, x: m.rot90(x),
    "std": lambda m, x: m.std(x, axis=1),
    "var": lambda m, x: m.var(x, ddof=1),
    "where": lambda m, x: m.where(x > 1, 1.5, x),
    "where_left": lambda m, x: m.where(x > 1, x, 1.5),
}


def gradient(function: Callable[[Any, Any], Any], x: onp.ndarray) -> tuple[onp.ndarray, onp.ndarray]:
    """(the gradient of a weighted sum of outputs, the same by differences)."""
    a = np.array(x)
    a.attach_grad()
    weights = onp.random.RandomState(1).uniform(1, 2, onp.shape(function(onp, x)))
    with mx.autograd.record():
        (function(np, a) * np.array(weights)).sum().backward()
    want = onp.zeros_like(x)
    for i in onp.ndindex(*x.shape):
        step = onp.zeros_like(x)
        step[i] = 1e-6
        want[i] = ((function(onp, x + step) - function(onp, x - step)) * weights).sum() / 2e-6
    return a.grad.asnumpy(), want


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_gradients_are_derivatives(name: str) -> None:
    got, want = gradient(FUNCTIONS[name], onp.random.RandomState(0).uniform(0.5, 2, (2, 3)))
    onp.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)


def test_matmul_gradient_with_broadcasting() -> None:
    other = onp.random.RandomState(2).uniform(0, 1, (3, 4, 2))
    got, want = gradient(lambda m, x: m.matmul(x, m.array(other)), onp.random.RandomState(0).uniform(0.5, 2, (2, 1, 2, 4)))
    onp.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)


def test_pad_takes_its_value() -> None:
    assert np.pad(np.ones((1,)), ((1, 0),), constant_values=3).tolist() == [3.0, 1.0]
