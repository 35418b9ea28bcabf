"""SVRGModule: the correction of gradients, convergence at a constant learning rate, errors."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet.contrib.svrg_optimization.svrg_module import SVRGModule

S = mx.sym


def problem():
    rng = np.random.RandomState(0)
    x = rng.uniform(-1, 1, (60, 3)).astype("float32")
    y = x @ np.array([1.0, -2.0, 3.0], "float32") + rng.normal(0, 0.5, 60).astype("float32")
    net = S.LinearRegressionOutput(S.FullyConnected(S.var("data"), num_hidden=1, name="fc"), S.var("lin_label"), name="lin")
    best = np.linalg.lstsq(np.c_[x, np.ones(60)], y, rcond=None)[0]
    return mx.io.NDArrayIter(x, y, 6, label_name="lin_label"), net, best


def distance(module, best):
    a = module.get_params()[0]
    return np.abs(np.r_[a["fc_weight"].asnumpy().ravel(), a["fc_bias"].asnumpy()] - best).max()


def test_converges_to_the_optimum_where_plain_steps_wander():
    it, net, best = problem()
    found = []
    for module in (mx.mod.Module(net, label_names=["lin_label"]), SVRGModule(net, label_names=["lin_label"], update_freq=1)):
        it.reset()
        module.fit(it, num_epoch=60, eval_metric="mse", optimizer_params={"learning_rate": 0.2})
        found.append(distance(module, best))
    assert found[1] < 1e-3 < found[0]


def test_two_contexts():
    it, net, best = problem()
    module = SVRGModule(net, label_names=["lin_label"], update_freq=2, context=[mx.cpu(0), mx.cpu(1)])
    module.fit(it, num_epoch=40, eval_metric="mse", optimizer_params={"learning_rate": 0.2})
    assert distance(module, best) < 0.02


def test_errors():
    net = problem()[1]
    with pytest.raises(TypeError, match="update_freq must be an int"):
        SVRGModule(net, label_names=["lin_label"])
    with pytest.raises(ValueError, match="must be positive"):
        SVRGModule(net, label_names=["lin_label"], update_freq=0)
