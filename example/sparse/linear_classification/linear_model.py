"""A linear classifier of sparse rows: softmax(x w + b)."""

from __future__ import annotations

import mxnet as mx


def linear_model(num_features: int, positive_cls_weight: float = 1.0) -> mx.sym.Symbol:
    """Two outputs: the probabilities of both classes (rows, 2), and the loss of each row (rows,), which is what is trained.

    The loss is -log p(label), times positive_cls_weight where the label is 1: for data with few positives. x is csr, w and the gradient of
    w are row_sparse: only rows of w whose features occur in a batch take part in it.
    """
    x = mx.sym.Variable("data", stype="csr")
    label = mx.sym.Variable("softmax_label")
    weight = mx.sym.Variable("weight", shape=(num_features, 2), init=mx.init.Normal(0.01), stype="row_sparse")
    bias = mx.sym.Variable("bias", shape=(2,), init=mx.init.Zero())
    scores = mx.sym.broadcast_add(mx.sym.sparse.dot(x, weight), bias)
    loss = -mx.sym.pick(mx.sym.log_softmax(scores), label) * (1 + (positive_cls_weight - 1) * label)
    probabilities = mx.sym.BlockGrad(mx.sym.softmax(scores), name="softmax")
    return mx.sym.Group([probabilities, mx.sym.MakeLoss(loss, name="loss")])
