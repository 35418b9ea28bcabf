"""Boxes, suppression, matching, MultiBox and proposals, against plain loops."""

import numpy as np
import pytest
import torch
from layer_helpers import run

import mxnet as mx
from mxnet._op import nms
from mxnet.error import MXNetError

nd = mx.nd


def iou(a, b, extra=0.0):
    w = min(a[2], b[2]) - max(a[0], b[0]) + extra
    h = min(a[3], b[3]) - max(a[1], b[1]) + extra
    common = max(w, 0) * max(h, 0)
    union = (a[2] - a[0] + extra) * (a[3] - a[1] + extra) + (b[2] - b[0] + extra) * (b[3] - b[1] + extra) - common
    return common / union if union > 0 else 0.0


def boxes(count, seed=0):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 0.7, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(0.05, 0.3, (count, 2))], 1).astype("f4")


def slow_nms(rows, thresh, classes):
    kept = []
    for row in rows[np.argsort(-rows[:, 1], kind="stable")]:
        if all(iou(row[2:], k[2:]) <= thresh or (classes and row[0] != k[0]) for k in kept):
            kept.append(row)
    return np.array(kept)


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("count, block", [(50, 1024), (80, 16)])
def test_box_nms(classes, count, block, monkeypatch):
    monkeypatch.setattr(nms, "BLOCK", block)
    rng = np.random.default_rng(1)
    rows = np.concatenate([rng.integers(0, 3, (count, 1)), rng.uniform(0.1, 1, (count, 1)), boxes(count)], 1).astype("f4")
    got = nd.contrib.box_nms(nd.array(rows[None]), overlap_thresh=0.3, id_index=0 if classes else -1).asnumpy()[0]
    expected = slow_nms(rows, 0.3, classes)
    np.testing.assert_allclose(got[: len(expected)], expected, rtol=1e-6)
    assert (got[len(expected) :] == -1).all() and 0 < len(expected) < count


def test_box_nms_options():
    rows = nd.array([[0, 0.5, 0, 0, 1, 1], [1, 0.9, 0, 0, 1, 1], [0, 0.2, 5, 5, 6, 6]])
    score = lambda **at: nd.contrib.box_nms(rows, **at).asnumpy()[:, 1].astype("f8").round(2).tolist()  # noqa: E731
    assert score() == [0.9, 0.2, -1]
    assert score(id_index=0) == [0.9, 0.5, 0.2]
    assert score(id_index=0, force_suppress=True) == [0.9, 0.2, -1]
    assert score(id_index=0, background_id=1) == [0.5, 0.2, -1]
    assert score(valid_thresh=0.3) == [0.9, -1, -1]
    assert score(topk=2) == [0.9, -1, -1]
    y, (g,) = run(lambda a: nd.contrib.box_nms(a, out_format="center"), rows, head=nd.array(np.arange(18).reshape(3, 6)))
    assert y[0, 2:].tolist() == [0.5, 0.5, 1, 1] and g.tolist() == [[0] * 6, list(range(6)), list(range(6, 12))]


def test_box_iou():
    a, b = boxes(4), boxes(3, 1)
    expected = [[iou(p, q) for q in b] for p in a]
    np.testing.assert_allclose(nd.contrib.box_iou(nd.array(a), nd.array(b)).asnumpy(), expected, rtol=1e-4, atol=1e-6)
    center = [np.concatenate([(t[:, :2] + t[:, 2:]) / 2, t[:, 2:] - t[:, :2]], 1) for t in (a, b)]
    got = nd.contrib.box_iou(*[nd.array(t) for t in center], format="center")
    np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-3, atol=1e-5)
    assert nd.contrib.box_iou(nd.zeros((2, 3, 4)), nd.zeros((5, 4))).shape == (2, 3, 5)


def test_bipartite_matching():
    scores = nd.array([[0.5, 0.6], [0.1, 0.2], [0.3, 0.4]])
    rows, columns = nd.contrib.bipartite_matching(scores, threshold=1e-12)
    assert rows.asnumpy().tolist() == [1, -1, 0] and columns.asnumpy().tolist() == [2, 0]
    rows, columns = nd.contrib.bipartite_matching(scores, threshold=0.35, is_ascend=True)
    assert rows.asnumpy().tolist() == [-1, 0, -1] and columns.asnumpy().tolist() == [1, -1]


def test_encode_and_decode_are_inverse():
    anchors, truth = boxes(5)[None], boxes(5, 2)[None]
    std = (0.1, 0.1, 0.2, 0.2)
    target, mask = nd.contrib.box_encode(
        nd.ones((1, 5)), nd.array([[0, 1, 2, 3, 4]]), nd.array(anchors), nd.array(truth), nd.zeros(4), nd.array(std)
    )
    back = nd.contrib.box_decode(target, nd.array(anchors), *std, format="corner")
    np.testing.assert_allclose(back.asnumpy(), truth, rtol=1e-4, atol=1e-5)
    assert (mask.asnumpy() == 1).all()
    target, mask = nd.contrib.box_encode(nd.zeros((1, 5)), nd.zeros((1, 5)), nd.array(anchors), nd.array(truth), nd.zeros(4), nd.array(std))
    assert (target.asnumpy() == 0).all() and (mask.asnumpy() == 0).all()


def test_priors():
    got = nd.contrib.MultiBoxPrior(nd.zeros((1, 3, 2, 4)), sizes=(0.5, 0.25), ratios=(1, 4)).asnumpy()
    assert got.shape == (1, 24, 4)
    np.testing.assert_allclose(got[0, 0], [0.125 - 0.125, 0, 0.25, 0.5])
    np.testing.assert_allclose(got[0, 2], [0.125 - 0.25, 0.25 - 0.125, 0.375, 0.375])
    clipped = nd.contrib.MultiBoxPrior(nd.zeros((1, 3, 2, 4)), sizes=(0.9,), clip=True).asnumpy()
    assert clipped.min() == 0 and clipped.max() == 1


ANCHORS = [[[0.1, 0.1, 0.4, 0.5], [0.12, 0.1, 0.42, 0.5], [0.5, 0.5, 0.9, 0.9], [0.0, 0.0, 1, 1]]]


def test_targets():
    label = nd.array([[[2, 0.1, 0.1, 0.4, 0.5], [-1] * 5], [[-1] * 5, [1, 0.5, 0.5, 0.9, 0.9]]])
    scores = nd.array(np.zeros((2, 4, 4)))
    loc, mask, cls = nd.contrib.MultiBoxTarget(nd.array(ANCHORS), label, scores, overlap_threshold=0.5)
    assert cls.asnumpy().tolist() == [[3, 3, 0, 0], [-1] * 4]
    np.testing.assert_allclose(loc.asnumpy()[0, :8], [0] * 4 + [-0.02 / 0.3 / 0.1, 0, 0, 0], atol=1e-4)
    assert mask.asnumpy()[0].tolist() == [1] * 8 + [0] * 8 and mask.asnumpy()[1].sum() == 0
    scores[0, 0, 3] = -5  # the hardest negative
    _, _, cls = nd.contrib.MultiBoxTarget(nd.array(ANCHORS), label, scores, negative_mining_ratio=0.5, ignore_label=-7)
    assert cls.asnumpy()[0].tolist() == [3, 3, -7, 0]


def test_detections():
    scores = nd.array([[[0.1, 0.1, 0.2, 0.9], [0.8, 0.7, 0.1, 0.1], [0.1, 0.2, 0.7, 0.0]]])
    got = nd.contrib.MultiBoxDetection(scores, nd.zeros((1, 16)), nd.array(ANCHORS), threshold=0.3).asnumpy()[0]
    assert got[:, 0].tolist() == [0, -1, 1, -1]
    np.testing.assert_allclose(got[:, 1], [0.8, 0.7, 0.7, -1], rtol=1e-6)
    np.testing.assert_allclose(got[0, 2:], ANCHORS[0][0], rtol=1e-5)
    loose = nd.contrib.MultiBoxDetection(scores, nd.zeros((1, 16)), nd.array(ANCHORS), threshold=0.3, nms_threshold=0.99).asnumpy()[0]
    assert loose[:, 0].tolist() == [0, 0, 1, -1]


def test_proposals():
    rng = np.random.default_rng(2)
    at = {
        "scales": (2.0,),
        "ratios": (1.0,),
        "feature_stride": 8,
        "rpn_min_size": 4,
        "rpn_pre_nms_top_n": 12,
        "rpn_post_nms_top_n": 5,
        "threshold": 0.4,
    }
    scores, deltas, info = rng.uniform(0, 1, (2, 2, 4, 4)), rng.uniform(-0.1, 0.1, (2, 4, 4, 4)), [[32, 30, 1], [30, 32, 1]]
    rois, score = nd.contrib.MultiProposal(nd.array(scores), nd.array(deltas), nd.array(info), output_score=True, **at)
    assert rois.shape == (10, 5) and rois.asnumpy()[:, 0].tolist() == [0] * 5 + [1] * 5
    for n in range(2):
        found = rois.asnumpy()[n * 5 : n * 5 + 5, 1:]
        assert (found >= 0).all() and (found[:, 2] <= info[n][1] - 1).all() and (found[:, 3] <= info[n][0] - 1).all()
        kept = np.unique(found, axis=0)
        assert all(iou(a, b, 1.0) <= 0.4 for i, a in enumerate(kept) for b in kept[:i])
        one = nd.contrib.Proposal(nd.array(scores[n : n + 1]), nd.array(deltas[n : n + 1]), nd.array(info[n : n + 1]), **at)
        assert (one.asnumpy()[:, 1:] == found).all()
    assert (np.diff(score.asnumpy()[:3, 0]) <= 0).all()


def test_shapes_are_inferred_without_memory():
    meta = torch.empty((1, 5, 6), device="meta")
    assert mx.nd.contrib.box_nms is not None and nms.overlaps(meta[..., :4], meta[..., :4]).shape == (1, 5, 5)
    data = mx.sym.var("data")
    assert mx.sym.contrib.box_nms(data).infer_shape(data=(2, 5, 6))[1] == [(2, 5, 6)]
    assert mx.sym.contrib.MultiBoxPrior(data, sizes=(1, 2)).infer_shape(data=(1, 2, 3, 4))[1] == [(1, 24, 4)]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.contrib.box_nms(nd.ones((2, 3))), "coord_start 2 does not leave four"),
        (lambda: nd.contrib.box_nms(nd.ones((2, 6)), score_index=7), "score_index 7 is out of range"),
        (lambda: nd.contrib.box_nms(nd.ones((2, 6)), id_index=1), "id_index and score_index are both 1"),
        (lambda: nd.contrib.box_iou(nd.ones((2, 3)), nd.ones((2, 4))), "must have 4 coordinates"),
        (lambda: nd.contrib.bipartite_matching(nd.ones((2, 3))), "threshold is required"),
        (lambda: nd.contrib.box_decode(nd.ones((1, 5, 4)), nd.ones((1, 4, 4))), "boxes, 4"),
        (lambda: nd.contrib.MultiBoxPrior(nd.ones((1, 2, 3))), "4 dimensions"),
        (lambda: nd.contrib.MultiBoxTarget(nd.ones((1, 4, 4)), nd.ones((2, 3, 5)), nd.ones((2, 3, 5))), "cls_pred of shape"),
        (lambda: nd.contrib.MultiBoxDetection(nd.ones((1, 3, 4)), nd.ones((1, 15)), nd.ones((1, 4, 4))), "loc_pred has shape"),
        (lambda: nd.contrib.Proposal(nd.ones((1, 3, 4, 4)), nd.ones((1, 4, 4, 4)), nd.ones((1, 3))), "must have 24 channels"),
        (
            lambda: nd.contrib.Proposal(*[nd.ones((2, 2, 4, 4)), nd.ones((2, 4, 4, 4)), nd.ones((2, 3))], scales=(1,), ratios=(1,)),
            "one is supported",
        ),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()


def test_nothing_to_detect():
    with mx.util.np_shape(True):
        assert nd.contrib.box_nms(nd.zeros((2, 0, 6))).shape == (2, 0, 6)
        rows, columns = nd.contrib.bipartite_matching(nd.zeros((0, 3)), threshold=0.1)
        assert rows.shape == (0,) and columns.asnumpy().tolist() == [-1, -1, -1]


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_a_limit_of_survivors_changes_nothing_before_it(limit):
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 8, (3, 60, 2))
    boxes = torch.tensor(np.concatenate([corners, corners + rng.uniform(1, 5, (3, 60, 2))], 2))
    valid = torch.ones(3, 60, dtype=torch.bool)
    whole, cut = nms.suppress(boxes, valid, 0.2), nms.suppress(boxes, valid, 0.2, limit=limit)
    for a, b in zip(whole, cut):
        assert a.nonzero().ravel().tolist()[:limit] == b.nonzero().ravel().tolist()[:limit]


def test_the_background_is_left_out_of_suppression():
    rows = nd.array([[0, 0.5, 0, 0, 1, 1], [-1, 0.6, 2, 2, 3, 3], [-2, 0.7, 4, 4, 5, 5]])
    names = lambda **at: nd.contrib.box_nms(rows, **at).asnumpy()[:, 0].tolist()  # noqa: E731
    assert names(id_index=0) == [-2, 0, -1] and names(id_index=0, background_id=-2) == [-1, 0, -1] and names() == [-2, -1, 0]
