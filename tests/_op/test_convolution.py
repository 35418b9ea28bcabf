"""Convolution and Deconvolution, against sums written out in numpy."""

import itertools

import numpy as np
import pytest
from layer_helpers import check_gradient, near_float32, run, uniform

import mxnet as mx
from mxnet._op.convolution import convolution, deconvolution
from mxnet.error import MXNetError

nd = mx.nd
CASES = [
    ((2, 3, 8), 4, (3,), {}),
    ((2, 4, 9), 6, (3,), {"stride": (2,), "pad": (1,), "num_group": 2}),
    ((1, 2, 8, 8), 3, (3, 2), {"dilate": (2, 3), "pad": (1, 2)}),
    ((2, 4, 5, 5), 8, (3, 3), {"num_group": 4, "pad": (1, 1)}),
    ((2, 2, 9), 3, (3,), {"stride": (2,), "dilate": (2,)}),
    ((1, 2, 7, 8), 2, (2, 3), {"stride": (2, 3), "dilate": (3, 2), "pad": (1, 1)}),
    ((1, 2, 5, 4, 4), 2, (3, 2, 2), {"stride": (2, 1, 2), "pad": (1, 0, 1)}),
]


def direct(x, w, stride, dilate, pad, groups):
    dims = x.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(p, p) for p in pad])
    out = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], w.shape[2:], stride, dilate)]
    y = np.zeros((x.shape[0], w.shape[0], *out))
    per = x.shape[1] // groups
    for f in range(w.shape[0]):
        g = f // (w.shape[0] // groups)
        for k in itertools.product(*[range(n) for n in w.shape[2:]]):
            cut = tuple(slice(k[i] * dilate[i], k[i] * dilate[i] + stride[i] * (out[i] - 1) + 1, stride[i]) for i in range(dims))
            y[:, f] += np.einsum("nc...,c->n...", x[(slice(None), slice(g * per, (g + 1) * per), *cut)], w[(f, slice(None), *k)])
    return y


def full(at, name, dims, default):
    return at.get(name, (default,) * dims)


@pytest.mark.parametrize("shape, filters, kernel, at", CASES)
def test_convolution(shape, filters, kernel, at):
    dims, groups = len(kernel), at.get("num_group", 1)
    x, w, b = uniform(*shape), uniform(filters, shape[1] // groups, *kernel, seed=1), uniform(filters, seed=2)
    expected = direct(x.asnumpy(), w.asnumpy(), full(at, "stride", dims, 1), full(at, "dilate", dims, 1), full(at, "pad", dims, 0), groups)
    got = nd.Convolution(x, w, kernel=kernel, num_filter=filters, no_bias=True, **at)
    np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-4, atol=1e-5)
    biased = nd.Convolution(x, w, b, kernel=str(kernel), num_filter=str(filters), **{k: str(v) for k, v in at.items()})
    np.testing.assert_allclose(biased.asnumpy(), expected + b.asnumpy().reshape(-1, *[1] * dims), rtol=1e-4, atol=1e-5)
    old = nd.Convolution_v1(x, w, b, kernel=kernel, num_filter=filters, **at) if dims == 2 else biased
    assert (old.asnumpy() == biased.asnumpy()).all()


@pytest.mark.parametrize("shape, filters, kernel, at", CASES)
def test_channels_last(shape, filters, kernel, at):
    layout = {1: "NWC", 2: "NHWC", 3: "NDHWC"}[len(kernel)]
    x, w = uniform(*shape), uniform(filters, shape[1] // at.get("num_group", 1), *kernel, seed=1)
    head = nd.Convolution(x, w, kernel=kernel, num_filter=filters, no_bias=True, **at)
    first = run(lambda *a: nd.Convolution(*a, kernel=kernel, num_filter=filters, no_bias=True, **at), x, w, head=head)
    moved = [nd.array(np.moveaxis(a.asnumpy(), 1, -1)) for a in (x, w, head)]
    fn = lambda *a: nd.Convolution(*a, kernel=kernel, num_filter=filters, no_bias=True, layout=layout, **at)  # noqa: E731
    last = run(fn, *moved[:2], head=moved[2])
    np.testing.assert_allclose(np.moveaxis(last[0], -1, 1), first[0], rtol=1e-4, atol=1e-5)
    for a, b in zip(last[1], first[1]):
        np.testing.assert_allclose(np.moveaxis(a, -1, 1), b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape, filters, kernel, at", CASES)
def test_deconvolution_is_the_gradient_of_convolution(shape, filters, kernel, at):
    groups = at.get("num_group", 1)
    w, x = uniform(filters, shape[1] // groups, *kernel, seed=1), uniform(*shape)
    y, (gradient,) = run(lambda a: nd.Convolution(a, w, kernel=kernel, num_filter=filters, no_bias=True, **at), x)
    got = nd.Deconvolution(
        nd.ones(y.shape), w, kernel=kernel, num_filter=shape[1], target_shape=shape[2:], **{k: v for k, v in at.items() if k != "pad"}
    )
    plain = nd.Deconvolution(nd.ones(y.shape), w, kernel=kernel, num_filter=shape[1], **at)
    assert got.shape == gradient.shape
    size = tuple(slice(0, n) for n in plain.shape)
    np.testing.assert_allclose(plain.asnumpy(), gradient[size], rtol=1e-4, atol=1e-4)


def test_adj_and_layout_of_deconvolution():
    x, w = uniform(1, 4, 3, 3), uniform(4, 2, 3, 3, seed=1)
    at = {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1), "adj": (1, 1), "num_filter": 2}
    y = nd.Deconvolution(x, w, **at)
    assert y.shape == (1, 2, 6, 6)
    last = nd.Deconvolution(nd.array(np.moveaxis(x.asnumpy(), 1, -1)), nd.array(np.moveaxis(w.asnumpy(), 1, -1)), layout="NHWC", **at)
    np.testing.assert_allclose(np.moveaxis(last.asnumpy(), -1, 1), y.asnumpy(), rtol=1e-5, atol=1e-6)


def test_gradients():
    check_gradient(convolution, (2, 2, 5), (4, 1, 3), (4,), kernel=(3,), num_filter=4, num_group=2, pad=(1,), stride=(2,))
    check_gradient(deconvolution, (1, 2, 3, 3), (2, 2, 2, 2), kernel=(2, 2), num_filter=2, stride=(2, 2))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half(dtype):
    x, w = uniform(2, 8, 6, 6), uniform(4, 8, 3, 3, seed=1)
    near_float32(lambda *a: nd.Convolution(*a, kernel=(3, 3), num_filter=4, no_bias=True), x, w, dtype=dtype, atol=0.1)
    near_float32(lambda *a: nd.Deconvolution(*a, kernel=(3, 3), num_filter=8), uniform(1, 4, 4, 4), w, dtype=dtype, atol=0.1)


def test_unknown_shapes_are_completed():
    at = {"kernel": (3, 3), "num_filter": 4, "num_group": 2, "layout": None}
    assert convolution.complete({"data": (2, 6, 9, 8), "weight": None, "bias": None}, **at)["weight"] == (4, 3, 3, 3)
    assert deconvolution.complete({"data": (2, 6, 8, 8), "weight": None}, **at)["weight"] == (6, 2, 3, 3)
    assert convolution.complete({"data": (2, 9, 8, 6), "weight": None}, **{**at, "layout": "NHWC"})["weight"] == (4, 3, 3, 3)


@pytest.mark.parametrize(
    "data, weight, at, text",
    [
        ((1, 2, 5, 5), (3, 2, 3, 3), {"num_filter": 3}, "kernel is required"),
        ((1, 2, 5, 5), (3, 2, 3, 3), {"kernel": (3, 3)}, "num_filter is required"),
        ((1, 3, 5, 5), (4, 1, 3, 3), {"kernel": (3, 3), "num_filter": 4, "num_group": 2}, "num_group 2 must divide"),
        ((1, 2, 2, 2), (3, 2, 3, 3), {"kernel": (3, 3), "num_filter": 3}, "[Kk]ernel size"),
        ((1, 2, 5, 5), (3, 2, 2, 2), {"kernel": (3, 3), "num_filter": 3}, r"weight has shape \(3, 2, 2, 2\), expected \(3, 2, 3, 3\)"),
        ((1, 2, 5), (3, 2, 3, 3), {"kernel": (3, 3), "num_filter": 3}, "has 3 dimensions"),
        ((1, 2, 5, 5), (3, 2, 3, 3), {"kernel": (3, 3), "num_filter": 3, "stride": (1,)}, "stride .* has 1 entries"),
        ((1, 2, 5, 5), (3, 2, 3, 3), {"kernel": (3, 3), "num_filter": 3, "layout": "NCW"}, "layout NCW does not fit"),
        ((1, 2, 5, 5), (3, 2, 3, 3), {"kernel": (3, 3), "num_filter": 3, "layout": "NHCW"}, "layout must be one of"),
    ],
)
def test_bad_input(data, weight, at, text):
    with pytest.raises(MXNetError, match=text):
        nd.Convolution(nd.ones(data), nd.ones(weight), no_bias=True, **at)


def test_bad_deconvolution():
    x, w = nd.ones((1, 2, 3, 3)), nd.ones((2, 2, 3, 3))
    with pytest.raises(MXNetError, match="weight has shape"):
        nd.Deconvolution(x, nd.ones((3, 2, 3, 3)), kernel=(3, 3), num_filter=2)
    with pytest.raises(MXNetError, match=r"target_shape \(9, 9\) is larger"):
        nd.Deconvolution(x, w, kernel=(3, 3), num_filter=2, target_shape=(9, 9))
    with pytest.raises(MXNetError, match="adj .* must be smaller than stride"):
        nd.Deconvolution(x, w, kernel=(3, 3), num_filter=2, adj=(1, 1))
