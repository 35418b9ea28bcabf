"""Pooling of every kind, against windows written out in numpy."""

import itertools
from math import ceil

import numpy as np
import pytest
from layer_helpers import check_gradient, near_float32, run, uniform

import mxnet as mx
from mxnet._op.pooling import pooling
from mxnet.error import MXNetError

nd = mx.nd


def direct(x, kind, kernel, stride, pad, convention, with_pad, p=2):
    if convention == "same":
        count = [ceil(n / s) for n, s in zip(x.shape[2:], stride)]
    else:
        rounding = ceil if convention == "full" else int
        count = [rounding((n + 2 * q - k) / s) + 1 for n, k, s, q in zip(x.shape[2:], kernel, stride, pad)]
    y = np.zeros((*x.shape[:2], *count))
    for place in itertools.product(*[range(c) for c in count]):
        start = [i * s - q for i, s, q in zip(place, stride, pad)]
        end = [min(a + k, n + q) for a, k, n, q in zip(start, kernel, x.shape[2:], pad)]
        cells = np.prod([b - a for a, b in zip(start, end)])
        cut = [slice(max(a, 0), min(b, n)) for a, b, n in zip(start, end, x.shape[2:])]
        part = x[(slice(None), slice(None), *cut)].reshape(*x.shape[:2], -1)
        if kind == "max":
            value = part.max(-1) if part.shape[-1] else np.finfo(x.dtype).min
        elif kind == "lp":
            value = (part.astype("f8") ** p).sum(-1) ** (1 / p)
        else:
            value = part.sum(-1) / (1 if kind == "sum" else max(1, cells if with_pad else part.shape[-1]))
        y[(slice(None), slice(None), *place)] = value
    return y


@pytest.mark.parametrize("convention", ["valid", "full"])
@pytest.mark.parametrize("kind", ["max", "avg", "sum", "lp"])
@pytest.mark.parametrize(
    "shape, kernel, stride, pad",
    [
        ((2, 3, 9), (3,), (2,), (1,)),
        ((2, 2, 6, 7), (3, 2), (2, 3), (0, 1)),
        ((1, 2, 7, 7), (2, 3), (3, 3), (1, 2)),
        ((1, 2, 4, 5, 6), (2, 2, 2), (2, 1, 2), (0, 1, 0)),
    ],
)
def test_values(kind, convention, shape, kernel, stride, pad):
    x = uniform(*shape, lo=0.1)
    for with_pad in (True, False):
        got = nd.Pooling(
            x, kernel=kernel, stride=stride, pad=pad, pool_type=kind, pooling_convention=convention, p_value=3, count_include_pad=with_pad
        )
        expected = direct(x.asnumpy(), kind, kernel, stride, pad, convention, with_pad, 3)
        np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-4, atol=1e-5)


def test_same_convention_and_strings():
    x = uniform(1, 1, 5, 6)
    for kind in ("max", "sum"):
        got = nd.Pooling(x, kernel="(3, 3)", stride="(2, 2)", pool_type=kind, pooling_convention="same")
        np.testing.assert_allclose(got.asnumpy(), direct(x.asnumpy(), kind, (3, 3), (2, 2), (0, 0), "same", True), rtol=1e-5)


@pytest.mark.parametrize("kind, fn", [("max", np.max), ("avg", np.mean), ("sum", np.sum)])
@pytest.mark.parametrize("layout, axes", [("NCHW", (2, 3)), ("NHWC", (1, 2))])
def test_global(kind, fn, layout, axes):
    x = uniform(2, 3, 5, 4)
    got = nd.Pooling(x, global_pool=True, pool_type=kind, layout=layout, kernel=(2, 2))
    np.testing.assert_allclose(got.asnumpy(), fn(x.asnumpy(), axes, keepdims=True), rtol=1e-5)


def test_channels_last():
    x = uniform(2, 5, 6, 3)
    got = nd.Pooling(x, kernel=(2, 3), pool_type="avg", layout="NHWC").asnumpy()
    moved = nd.Pooling(nd.array(np.moveaxis(x.asnumpy(), -1, 1)), kernel=(2, 3), pool_type="avg").asnumpy()
    np.testing.assert_allclose(np.moveaxis(got, -1, 1), moved, rtol=1e-5)


def test_gradients():
    _, (g,) = run(lambda a: nd.Pooling(a, kernel=(2, 2), stride=(2, 2), pool_type="max"), nd.ones((1, 1, 2, 2)))
    assert g.ravel().tolist() == [1, 0, 0, 0]  # the first of equal cells
    for kind in ("avg", "sum", "lp"):
        check_gradient(
            pooling, (1, 2, 5, 6), lo=0.2, kernel=(3, 2), stride=(2, 2), pad=(1, 0), pool_type=kind, pooling_convention="full", p_value=2
        )


def test_a_window_outside_the_data():
    x = nd.ones((1, 1, 4))
    at = {"kernel": (1,), "stride": (2,), "pooling_convention": "full"}
    assert nd.Pooling(x, pool_type="avg", **at).asnumpy().ravel().tolist() == [1, 1, 0]
    assert nd.Pooling(x, pool_type="max", **at).asnumpy().ravel().tolist() == [1, 1, np.finfo("f4").min]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("kind", ["max", "avg", "sum"])
def test_half(dtype, kind):
    near_float32(
        lambda a: nd.Pooling(a, kernel=(3, 3), pad=(1, 1), pool_type=kind, pooling_convention="full"), uniform(1, 2, 8, 8), dtype=dtype
    )
    near_float32(lambda a: nd.Pooling(a, global_pool=True, pool_type=kind), uniform(1, 2, 8, 8), dtype=dtype)


def test_old_average_divides_by_the_whole_kernel():
    y = nd.Pooling_v1(nd.ones((1, 1, 4, 4)), kernel=(3, 3), stride=(2, 2), pool_type="avg", pooling_convention="full")
    np.testing.assert_allclose(y.asnumpy()[0, 0], [[1, 6 / 9], [6 / 9, 4 / 9]], rtol=1e-6)


@pytest.mark.parametrize("size", [(), 2, (2, 3)])
def test_adaptive_average(size):
    x = uniform(1, 2, 5, 7)
    rows, columns = (1, 1) if size == () else (size, size) if isinstance(size, int) else size
    got = nd.contrib.AdaptiveAvgPooling2D(x, output_size=size).asnumpy()
    for i in range(rows):
        for j in range(columns):
            part = x.asnumpy()[:, :, i * 5 // rows : ceil((i + 1) * 5 / rows), j * 7 // columns : ceil((j + 1) * 7 / columns)]
            np.testing.assert_allclose(got[:, :, i, j], part.mean((2, 3)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "shape, at, text",
    [
        ((1, 2, 3, 3), {"kernel": (5, 5)}, r"kernel \(5, 5\) exceeds the padded data"),
        ((1, 2), {"kernel": (2, 2)}, "needs 3 to 5"),
        ((1, 2, 3, 3), {"kernel": (2,)}, "must have 2 positive entries"),
        ((1, 2, 3, 3), {}, "kernel .* must have 2 positive entries"),
        ((1, 2, 3, 3), {"kernel": (2, 2), "pool_type": "lp"}, "p_value None is not supported"),
        ((1, 2, 3, 3), {"kernel": (2, 2), "pool_type": "median"}, "pool_type must be one of"),
        ((1, 2, 3, 3), {"kernel": (2, 2), "pad": (1, 1), "pooling_convention": "same"}, "cannot be combined"),
    ],
)
def test_bad_input(shape, at, text):
    with pytest.raises(MXNetError, match=text):
        nd.Pooling(nd.ones(shape), **at)


def test_entries_for_further_axes_are_ignored():
    x = mx.nd.array(np.arange(4)).reshape((1, 1, 4))
    y = mx.nd.Pooling(x, kernel=(2,), stride=(2, 2), pad=(0, 0, 0), pool_type="max")
    assert y.asnumpy().ravel().tolist() == [1, 3]
