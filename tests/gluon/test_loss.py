"""Losses against torch or formulas; weights, both ways of running, 16-bit types."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as nnf

import mxnet as mx
from mxnet.gluon import loss as losses

RNG = np.random.RandomState(3)
PRED = RNG.uniform(-1, 1, (4, 3)).astype("float32")
LABEL = RNG.uniform(-1, 1, (4, 3)).astype("float32")
SIGN = np.where(LABEL > 0, 1, -1).astype("float32")
ZERO_ONE = (LABEL > 0).astype("float32")
CLASS = np.array([0, 2, 1, 1], "float32")
DIST = np.exp(LABEL) / np.exp(LABEL).sum(1, keepdims=True)


def each(t):
    return t.flatten(1).mean(1)


CASES = {
    "l2": (losses.L2Loss(), LABEL, lambda p, y: each((p - y) ** 2 / 2)),
    "l1": (losses.L1Loss(), LABEL, lambda p, y: each((p - y).abs())),
    "huber": (losses.HuberLoss(rho=0.7), LABEL, lambda p, y: each(nnf.huber_loss(p, y, reduction="none", delta=0.7) / 0.7)),
    "bce": (losses.SigmoidBCELoss(), ZERO_ONE, lambda p, y: each(nnf.binary_cross_entropy_with_logits(p, y, reduction="none"))),
    "bce_from_sigmoid": (
        losses.SigmoidBCELoss(from_sigmoid=True), ZERO_ONE,
        lambda p, y: each(nnf.binary_cross_entropy(torch.sigmoid(p), y, reduction="none")),
    ),
    "ce": (losses.SoftmaxCELoss(), CLASS, lambda p, y: nnf.cross_entropy(p, y.long(), reduction="none")),
    "ce_dense": (losses.SoftmaxCELoss(sparse_label=False), DIST, lambda p, y: nnf.cross_entropy(p, y, reduction="none")),
    "kl": (losses.KLDivLoss(from_logits=False), DIST, lambda p, y: nnf.kl_div(p.log_softmax(1), y, reduction="none").sum(1)),
    "hinge": (losses.HingeLoss(), SIGN, lambda p, y: each((1 - p * y).clamp(min=0))),
    "squared_hinge": (losses.SquaredHingeLoss(), SIGN, lambda p, y: each((1 - p * y).clamp(min=0) ** 2)),
    "logistic": (losses.LogisticLoss(), SIGN, lambda p, y: each(nnf.softplus(-p * y))),
    "logistic_binary": (losses.LogisticLoss(label_format="binary"), ZERO_ONE, lambda p, y: each(nnf.softplus(-p * (2 * y - 1)))),
    "poisson": (losses.PoissonNLLLoss(), ZERO_ONE, lambda p, y: nnf.poisson_nll_loss(p, y).reshape(1)),
    "poisson_full": (
        losses.PoissonNLLLoss(compute_full=True), 3 * ZERO_ONE, lambda p, y: nnf.poisson_nll_loss(p, y, full=True).reshape(1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_against_torch(name, hybrid):
    loss, label, reference = CASES[name]
    loss.hybridize(hybrid)
    pred = 1 / (1 + np.exp(-PRED)) if name == "bce_from_sigmoid" else PRED
    x = mx.nd.array(pred)
    x.attach_grad()
    with mx.autograd.record():
        value = loss(x, mx.nd.array(label))
    value.backward()
    t = torch.from_numpy(PRED.copy()).requires_grad_()
    expected = reference(t, torch.from_numpy(label))
    expected.sum().backward()
    np.testing.assert_allclose(value.asnumpy(), expected.detach().numpy(), rtol=1e-4, atol=1e-5)
    if name != "bce_from_sigmoid":
        np.testing.assert_allclose(x.grad.asnumpy(), t.grad.numpy(), rtol=1e-4, atol=1e-5)


def test_weights():
    x, y = mx.nd.array(PRED), mx.nd.array(LABEL)
    plain = losses.L1Loss()(x, y).asnumpy()
    np.testing.assert_allclose(losses.L1Loss(weight=3)(x, y).asnumpy(), 3 * plain, rtol=1e-5)
    w = mx.nd.array([[1], [0], [2], [1]])
    np.testing.assert_allclose(losses.L1Loss()(x, y, w).asnumpy(), plain * [1, 0, 2, 1], rtol=1e-5)
    with pytest.raises(AssertionError, match="weight must be a number, got str"):
        losses.L1Loss(weight="3")(x, y)


def test_pos_weight():
    x, y, w = torch.from_numpy(PRED), torch.from_numpy(ZERO_ONE), torch.tensor([1.0, 2.0, 3.0])
    expected = nnf.binary_cross_entropy_with_logits(x, y, pos_weight=w, reduction="none").mean(1)
    got = losses.SigmoidBCELoss()(mx.nd.array(PRED), mx.nd.array(ZERO_ONE), None, mx.nd.array([[1, 2, 3]]))
    np.testing.assert_allclose(got.asnumpy(), expected.numpy(), rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half(dtype):
    x = mx.nd.array(PRED).astype(dtype)
    x.attach_grad()
    with mx.autograd.record():
        value = losses.SoftmaxCELoss()(x, mx.nd.array(CLASS))
    value.backward()
    assert value.dtype == x.dtype
    expected = losses.SoftmaxCELoss()(mx.nd.array(PRED), mx.nd.array(CLASS)).asnumpy()
    np.testing.assert_allclose(value.astype("float32").asnumpy(), expected, rtol=3e-2)


@pytest.mark.parametrize("layout", ["NTC", "TNC"])
def test_ctc(layout):
    pred = RNG.uniform(-1, 1, (2, 6, 5)).astype("float32")
    labels = np.array([[1, 2, -1], [0, 3, 2]], "float32")
    t = torch.from_numpy(pred).transpose(0, 1).log_softmax(2)
    expected = nnf.ctc_loss(t, torch.tensor([[1, 2, 0], [0, 3, 2]]), torch.tensor([6, 6]), torch.tensor([2, 3]), blank=4, reduction="none")
    x = mx.nd.array(pred if layout == "NTC" else pred.transpose(1, 0, 2))
    got = losses.CTCLoss(layout=layout)(x, mx.nd.array(labels))
    np.testing.assert_allclose(got.asnumpy(), expected.numpy(), rtol=1e-4)
    lengths = losses.CTCLoss(layout=layout)(x, mx.nd.array(np.abs(labels)), None, mx.nd.array([2, 3]))
    np.testing.assert_allclose(lengths.asnumpy(), expected.numpy(), rtol=1e-4)


def test_triplet_and_cosine():
    a, b, c = (torch.from_numpy(RNG.uniform(-1, 1, (4, 3)).astype("float32")) for _ in range(3))
    ours = losses.TripletLoss(margin=0.5)(*(mx.nd.array(v.numpy()) for v in (a, b, c)))
    np.testing.assert_allclose(ours.asnumpy(), ((b - a) ** 2 - (c - a) ** 2).sum(1).add(0.5).clamp(min=0).numpy(), rtol=1e-4)
    y = torch.tensor([1.0, -1, -1, 1])
    ours = losses.CosineEmbeddingLoss(margin=0.1)(mx.nd.array(a.numpy()), mx.nd.array(b.numpy()), mx.nd.array(y.numpy()))
    expected = nnf.cosine_embedding_loss(a, b, y, margin=0.1, reduction="none")
    np.testing.assert_allclose(ours.asnumpy()[:, 0], expected.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("hybrid", [False, True])
def test_sdml(hybrid):
    x1, x2 = RNG.uniform(-1, 1, (2, 4, 3)).astype("float32")
    loss = losses.SDMLLoss(smoothing_parameter=0.2)
    loss.hybridize(hybrid)
    logits = torch.from_numpy(-((x1[:, None] - x2[None]) ** 2).sum(2)).log_softmax(1)
    labels = torch.eye(4) * 0.8 + (1 - torch.eye(4)) * 0.2 / 3
    np.testing.assert_allclose(
        loss(mx.nd.array(x1), mx.nd.array(x2)).asnumpy(), nnf.kl_div(logits, labels, reduction="none").sum(1).numpy(), rtol=1e-4
    )


def test_names_and_errors():
    assert losses.SoftmaxCELoss is losses.SoftmaxCrossEntropyLoss
    assert repr(losses.L2Loss()) == "L2Loss(batch_axis=0, w=1.0)"
    with pytest.raises(AssertionError, match="layout is 'CNT'"):
        losses.CTCLoss(layout="CNT")
    with pytest.raises(ValueError, match="label_format is 'x'"):
        losses.LogisticLoss(label_format="x")
    with pytest.raises(TypeError):
        losses.L2Loss()(mx.nd.ones((1, 1)), mx.nd.ones((1, 1)), sample_weight=None)
