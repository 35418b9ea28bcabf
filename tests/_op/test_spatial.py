"""Sampling grids, regions of interest, deformable layers, Correlation."""

import itertools
from math import ceil, floor

import numpy as np
import pytest
from layer_helpers import check_gradient, near_float32, run, uniform

import mxnet as mx
from mxnet._op import deformable, roi_pooling, spatial
from mxnet.error import MXNetError

nd = mx.nd


def bilinear(x, y0, x0):
    """x (C, H, W) at one point; cells outside count as 0."""
    total = np.zeros(x.shape[0])
    for i, j in itertools.product((0, 1), (0, 1)):
        r, c = floor(y0) + i, floor(x0) + j
        if 0 <= r < x.shape[1] and 0 <= c < x.shape[2]:
            total += x[:, r, c] * (1 - abs(y0 - r)) * (1 - abs(x0 - c))
    return total


def test_grids():
    affine = nd.GridGenerator(nd.array([[1, 0, 0.5, 0, 2, 0]]), transform_type="affine", target_shape=(2, 3)).asnumpy()
    np.testing.assert_allclose(affine[0, 0], [[-0.5, 0.5, 1.5]] * 2)
    np.testing.assert_allclose(affine[0, 1], [[-2] * 3, [2] * 3])
    flow = np.zeros((1, 2, 3, 5), "f4")
    flow[0, 0] += 1
    warp = nd.GridGenerator(nd.array(flow), transform_type="warp").asnumpy()
    np.testing.assert_allclose(warp[0, 0, 0], [-0.5, 0, 0.5, 1, 1.5])
    np.testing.assert_allclose(warp[0, 1, :, 0], [-1, 0, 1])


def test_bilinear_sampler():
    x, grid = uniform(2, 3, 4, 5), uniform(2, 2, 3, 2, lo=-1.4, hi=1.4, seed=1)
    got = nd.BilinearSampler(x, grid).asnumpy()
    for n, i, j in itertools.product(range(2), range(3), range(2)):
        gx, gy = grid.asnumpy()[n, :, i, j]
        np.testing.assert_allclose(got[n, :, i, j], bilinear(x.asnumpy()[n], (gy + 1) * 1.5, (gx + 1) * 2), rtol=1e-4, atol=1e-5)
    loc = nd.array([[0.8, 0.1, 0.05, -0.1, 0.9, 0]] * 2)
    at = {"transform_type": "affine", "target_shape": (3, 2)}
    two = nd.BilinearSampler(x, nd.GridGenerator(loc, **at))
    np.testing.assert_allclose(nd.SpatialTransformer(x, loc, sampler_type="bilinear", **at).asnumpy(), two.asnumpy(), rtol=1e-5)


@pytest.mark.parametrize("multiply", [True, False])
def test_correlation(multiply):
    a, b = uniform(1, 3, 7, 8), uniform(1, 3, 7, 8, seed=1)
    got = nd.Correlation(a, b, kernel_size=3, max_displacement=2, stride1=2, stride2=2, pad_size=2, is_multiply=multiply).asnumpy()
    p, q = (np.pad(t.asnumpy()[0], [(0, 0), (2, 2), (2, 2)]) for t in (a, b))
    assert got.shape == (1, 9, ceil((11 - 6) / 2), ceil((12 - 6) / 2))
    for d, (dy, dx) in enumerate(itertools.product((-2, 0, 2), (-2, 0, 2))):
        for i, j in itertools.product(range(got.shape[2]), range(got.shape[3])):
            r, c = 3 + 2 * i, 3 + 2 * j
            one, two = p[:, r - 1 : r + 2, c - 1 : c + 2], q[:, r + dy - 1 : r + dy + 2, c + dx - 1 : c + dx + 2]
            np.testing.assert_allclose(got[0, d, i, j], (one * two if multiply else abs(one - two)).mean(), rtol=1e-4, atol=1e-5)


ROIS = [[0, 0, 0, 6, 6], [1, 2, 1, 7, 5], [0, 3, 3, 3, 3], [1, 4, 2, 30, 12]]


def test_roi_pooling():
    x = uniform(2, 3, 8, 9)
    y, (g,) = run(lambda a: nd.ROIPooling(a, nd.array(ROIS), pooled_size=(2, 3), spatial_scale=0.7), x)
    for r, (n, x1, y1, x2, y2) in enumerate(ROIS):
        x1, y1, x2, y2 = (floor(v * 0.7 + 0.5) for v in (x1, y1, x2, y2))
        h, w = max(y2 - y1 + 1, 1) / 2, max(x2 - x1 + 1, 1) / 3
        for i, j in itertools.product(range(2), range(3)):
            part = x.asnumpy()[n, :, floor(i * h) + y1 : ceil((i + 1) * h) + y1, floor(j * w) + x1 : ceil((j + 1) * w) + x1]
            expected = part.max((1, 2)) if part.size else np.zeros(3)
            np.testing.assert_allclose(y[r, :, i, j], expected, rtol=1e-6)
    assert g.sum() == (y != 0).sum()


def test_roi_align():
    x, rois = uniform(2, 2, 8, 8), [[0, 1, 1, 5.5, 6], [1, 0, 2.3, 7, 4]]
    for aligned, ratio in itertools.product((False, True), (2, -1)):
        at = {"pooled_size": (2, 3), "spatial_scale": 0.9, "sample_ratio": ratio, "aligned": aligned}
        got = nd.contrib.ROIAlign(x, nd.array(rois), **at).asnumpy()
        for r, (n, *box) in enumerate(rois):
            x1, y1, x2, y2 = (v * 0.9 - (0.5 if aligned else 0) for v in box)
            h, w = (y2 - y1) / 2, (x2 - x1) / 3
            sy, sx = (ratio, ratio) if ratio > 0 else (ceil(h), ceil(w))
            for i, j in itertools.product(range(2), range(3)):
                points = [(y1 + i * h + (a + 0.5) * h / sy, x1 + j * w + (b + 0.5) * w / sx) for a in range(sy) for b in range(sx)]
                expected = np.mean([bilinear(x.asnumpy()[n], max(p, 0), max(q, 0)) for p, q in points], 0)
                np.testing.assert_allclose(got[r, :, i, j], expected, rtol=1e-4, atol=1e-5)


def test_rotated_regions():
    x = uniform(1, 2, 9, 9)
    straight = nd.contrib.ROIAlign(x, nd.array([[0, 2, 3, 6, 5]]), pooled_size=(2, 2), spatial_scale=1.0, sample_ratio=2)
    turned = nd.contrib.RROIAlign(x, nd.array([[0, 4, 4, 4, 2, 0]]), pooled_size=(2, 2), spatial_scale=1.0, sampling_ratio=2)
    np.testing.assert_allclose(turned.asnumpy(), straight.asnumpy(), rtol=1e-5)
    half = nd.contrib.RROIAlign(x, nd.array([[0, 4, 4, 4, 2, 180]]), pooled_size=(2, 2), spatial_scale=1.0, sampling_ratio=2)
    np.testing.assert_allclose(half.asnumpy()[:, :, ::-1, ::-1], straight.asnumpy(), rtol=1e-4, atol=1e-5)


def test_position_sensitive_regions():
    x, roi = uniform(1, 8, 6, 6), nd.array([[0, 0, 0, 5, 5]])
    got = nd.contrib.PSROIPooling(x, roi, spatial_scale=1.0, output_dim=2, pooled_size=2, group_size=2).asnumpy()
    for c, i, j in itertools.product(range(2), range(2), range(2)):
        part = x.asnumpy()[0, (c * 2 + i) * 2 + j, 3 * i : 3 * i + 3, 3 * j : 3 * j + 3]
        np.testing.assert_allclose(got[0, c, i, j], part.mean(), rtol=1e-4, atol=1e-6)
    align = nd.contrib.ROIAlign(x, roi, pooled_size=(2, 2), spatial_scale=1.0, position_sensitive=True)
    assert align.shape == (1, 2, 2, 2)


def test_deformable_convolution_without_offsets():
    x, w, b = uniform(2, 4, 6, 5), uniform(6, 2, 3, 2, seed=1), uniform(6, seed=2)
    at = {"kernel": (3, 2), "num_filter": 6, "num_group": 2, "pad": (1, 0), "stride": (2, 1), "dilate": (1, 2)}
    expected = nd.Convolution(x, w, b, **at)
    offset, mask = nd.zeros((2, 12, *expected.shape[2:])), nd.ones((2, 6, *expected.shape[2:]))
    np.testing.assert_allclose(nd.contrib.DeformableConvolution(x, offset, w, b, **at).asnumpy(), expected.asnumpy(), rtol=1e-4, atol=1e-5)
    got = nd.contrib.ModulatedDeformableConvolution(x, offset, mask * 0.5, w, b, **at)
    np.testing.assert_allclose(got.asnumpy(), (expected.asnumpy() + b.asnumpy().reshape(1, -1, 1, 1)) / 2, rtol=1e-4, atol=1e-5)


def test_deformable_convolution_moves_cells():
    x = uniform(1, 1, 4, 4)
    offset = nd.zeros((1, 2, 4, 4))
    offset[0, 1] = 1  # one column to the right
    got = nd.contrib.DeformableConvolution(x, offset, nd.ones((1, 1, 1, 1)), kernel=(1, 1), num_filter=1, no_bias=True).asnumpy()
    np.testing.assert_allclose(got[0, 0, :, :3], x.asnumpy()[0, 0, :, 1:], rtol=1e-6)
    assert (got[0, 0, :, 3] == 0).all()


def test_gradients():
    check_gradient(spatial.bilinear_sampler, (1, 2, 4, 5), (1, 2, 2, 3), lo=-0.9, hi=0.9)
    check_gradient(spatial.grid_generator, (2, 6), transform_type="affine", target_shape=(2, 3))
    check_gradient(spatial.correlation, (1, 2, 4, 4), (1, 2, 4, 4), max_displacement=1, pad_size=1)
    at = {"kernel": (2, 2), "num_filter": 2}
    check_gradient(deformable.deformable_convolution, (1, 2, 5, 5), (1, 8, 4, 4), (2, 2, 2, 2), lo=0.1, hi=0.4, no_bias=True, **at)
    check_gradient(
        deformable.modulated_deformable_convolution,
        (1, 2, 4, 4),
        (1, 8, 3, 3),
        (1, 4, 3, 3),
        (2, 2, 2, 2),
        lo=0.1,
        hi=0.4,
        no_bias=True,
        **at,
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half(dtype):
    near_float32(nd.BilinearSampler, uniform(1, 2, 4, 5), uniform(1, 2, 2, 3), dtype=dtype, atol=0.05)
    rois = nd.array([[0, 1, 1, 5, 6]], dtype=dtype)
    near_float32(
        lambda a: nd.contrib.ROIAlign(a, rois.astype(a.dtype), pooled_size=(2, 2), spatial_scale=1.0), uniform(1, 2, 8, 8), dtype=dtype
    )
    near_float32(lambda a: nd.ROIPooling(a, rois.astype(a.dtype), pooled_size=(2, 2), spatial_scale=1.0), uniform(1, 2, 8, 8), dtype=dtype)


def test_regions_get_zeros_and_may_be_absent():
    x, rois = uniform(1, 2, 8, 8), nd.array([[0.0, 1, 1, 5, 6]])
    _, (_, g) = run(lambda *a: nd.contrib.ROIAlign(*a, pooled_size=(2, 2), spatial_scale=1.0), x, rois)
    assert (g == 0).all()
    with mx.util.np_shape(True):
        assert nd.ROIPooling(x, nd.zeros((0, 5)), pooled_size=(2, 2), spatial_scale=1.0).shape == (0, 2, 2, 2)


def test_many_regions_are_handled_in_groups(monkeypatch):
    x, rois = uniform(1, 2, 8, 8), nd.array([[0, i % 4, i % 3, 5 + i % 2, 6] for i in range(20)])
    calls = [
        lambda: nd.ROIPooling(x, rois, pooled_size=(2, 2), spatial_scale=1.0).asnumpy(),
        lambda: nd.contrib.ROIAlign(x, rois, pooled_size=(2, 2), spatial_scale=1.0).asnumpy(),
    ]
    whole = [c() for c in calls]
    monkeypatch.setattr(roi_pooling, "GROUP_ELEMENTS", 300)
    for c, expected in zip(calls, whole):
        np.testing.assert_allclose(c(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.GridGenerator(nd.ones((2, 5)), transform_type="affine", target_shape=(3, 4)), r"must be \(batch, 6\)"),
        (lambda: nd.GridGenerator(nd.ones((2, 6)), transform_type="affine"), "target_shape"),
        (
            lambda: nd.BilinearSampler(nd.ones((1, 2, 4, 5)), nd.ones((2, 2, 3, 3))),
            r"grid has shape \(2, 2, 3, 3\), expected \(1, 2, 3, 3\)",
        ),
        (
            lambda: nd.contrib.ROIAlign(nd.ones((1, 2, 8, 8)), nd.ones((2, 4)), pooled_size=(2, 2), spatial_scale=1.0),
            r"must be \(regions, 5\)",
        ),
        (lambda: nd.contrib.ROIAlign(nd.ones((1, 2, 8, 8)), nd.ones((2, 5)), spatial_scale=1.0), "pooled_size is required"),
        (lambda: nd.ROIPooling(nd.ones((1, 2, 8)), nd.ones((2, 5)), pooled_size=(2, 2), spatial_scale=1.0), "4 dimensions"),
        (lambda: nd.Correlation(nd.ones((1, 2, 3, 3)), nd.ones((1, 2, 3, 3)), max_displacement=3), "leave nothing"),
        (
            lambda: nd.contrib.PSROIPooling(nd.ones((1, 7, 6, 6)), nd.ones((1, 5)), spatial_scale=1.0, output_dim=2, pooled_size=2),
            "7 channels",
        ),
        (
            lambda: nd.contrib.DeformableConvolution(
                nd.ones((1, 2, 5, 5)), nd.ones((1, 9, 3, 3)), nd.ones((3, 2, 3, 3)), kernel=(3, 3), num_filter=3, no_bias=True
            ),
            "offset has shape",
        ),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()


def test_mask_targets():
    masks = uniform(2, 3, 8, 8, lo=0)
    rois, matches, classes = nd.array([[[1, 1, 5, 6], [0, 2, 7, 4]]] * 2), nd.array([[2, 0], [1, 1]]), nd.array([[1, 3], [0, 2]])
    target, weight = nd.contrib.mrcnn_mask_target(rois, masks, matches, classes, num_rois=2, num_classes=4, mask_size=(3, 2))
    assert target.shape == weight.shape == (2, 2, 4, 3, 2)
    for b, r in np.ndindex(2, 2):
        one = nd.array(masks.asnumpy()[b, int(matches.asnumpy()[b, r])][None, None])
        roi = nd.array([[0, *rois.asnumpy()[b, r]]])
        expected = nd.contrib.ROIAlign(one, roi, pooled_size=(3, 2), spatial_scale=1.0, sample_ratio=2).asnumpy()[0, 0]
        for c in range(4):
            np.testing.assert_allclose(target.asnumpy()[b, r, c], expected, rtol=1e-5)
            assert (weight.asnumpy()[b, r, c] == (c == classes.asnumpy()[b, r])).all()
    with pytest.raises(MXNetError, match="num_rois is 5"):
        nd.contrib.mrcnn_mask_target(rois, masks, matches, classes, num_rois=5, num_classes=4, mask_size=(3, 2))


def test_correlation_of_equal_values_has_the_slope_of_their_difference():
    a, b = mx.nd.ones((1, 1, 1, 1)), mx.nd.ones((1, 1, 1, 1))
    a.attach_grad()
    b.attach_grad()
    with mx.autograd.record():
        y = mx.nd.Correlation(a, b, kernel_size=1, max_displacement=0, is_multiply=False)
    y.backward()
    assert (a.grad.asscalar(), b.grad.asscalar()) == (1, -1)
