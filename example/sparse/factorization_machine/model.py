"""A factorization machine of sparse rows.

S. Rendle, "Factorization Machines", ICDM 2010:  y(x) = b + x w + sum over i < j of <v_i, v_j> x_i x_j, where the last sum is
((x v)^2 - x^2 v^2) / 2, summed over the factors.
"""

from __future__ import annotations

import mxnet as mx


def factorization_machine_model(factor_size: int, num_features: int, init: mx.init.Initializer | None = None) -> mx.sym.Symbol:
    """The probability of label 1, (rows, 1), with its loss. x is csr; v (features, factors), w (features, 1) and their gradients are
    row_sparse."""
    init = init or mx.init.Normal(0.01)
    x = mx.sym.Variable("data", stype="csr")
    label = mx.sym.Variable("softmax_label")
    v = mx.sym.Variable("v", shape=(num_features, factor_size), stype="row_sparse", init=init)
    w = mx.sym.Variable("w1_weight", shape=(num_features, 1), stype="row_sparse", init=init)
    bias = mx.sym.Variable("w1_bias", shape=(1,), init=mx.init.Zero())
    linear = mx.sym.broadcast_add(mx.sym.sparse.dot(x, w), bias)
    together = mx.sym.sum(mx.sym.square(mx.sym.sparse.dot(x, v)), axis=1, keepdims=True)
    # sum over f of x^2 v_f^2: one product with the rows' squared lengths
    alone = mx.sym.sparse.dot(mx.sym.square(x), mx.sym._internal._square_sum(v, axis=1, keepdims=True))
    return mx.sym.LogisticRegressionOutput(linear + 0.5 * (together - alone), label, name="machine")
