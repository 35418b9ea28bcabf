"""Calls are cached by their attributes: an attribute must never be taken for another one that Python calls equal."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd


@pytest.mark.parametrize("first", [0.0, -0.0])
@pytest.mark.parametrize(
    "call", [lambda x, z: x * z, lambda x, z: nd.full((1,), val=z), lambda x, z: nd._internal._mul_scalar(x, scalar=z)]
)
def test_zero_keeps_its_sign(call, first):
    x = nd.ones((1,))
    for zero in (first, -first, first, np.float32(-0.0), np.float32(0.0)):
        assert math.copysign(1, call(x, zero).asscalar()) == math.copysign(1, zero)


@pytest.mark.parametrize("wrong", [1.0, np.float64(1)])
def test_what_was_refused_stays_refused(wrong):
    x = nd.ones((2, 3))
    for _ in range(2):
        assert nd.sum(x, axis=1).shape == (2,)
        assert nd.topk(x, k=1).shape == (2, 1)
        with pytest.raises(mx.MXNetError, match="axis must be"):
            nd.sum(x, axis=wrong)
        with pytest.raises(mx.MXNetError, match="k must be an int"):
            nd.topk(x, k=wrong)


def test_numbers_of_scalar_operators_keep_their_type():
    x = nd.array([2**24], dtype="int64")
    assert (x + (2**53 + 1)).asscalar() == 2**24 + 2**53 + 1
    assert (x + float(2**53)).asscalar() == 2**24 + 2**53
    for one in (1, True, 1.0, np.int8(1)):
        assert (x + one).dtype is np.int64 and (x + one).asscalar() == 2**24 + 1
