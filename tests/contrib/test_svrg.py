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


def test_averaged_gradients_are_assigned_and_parameters_updated(tmp_path):
    from mxnet.contrib.svrg_optimization.svrg_optimizer import _SVRGOptimizer

    kv = mx.kv.create("local")
    made = _SVRGOptimizer("sgd", param_idx2name={0: "w", 1: "w_full"}, learning_rate=0.5)
    kv.set_optimizer(made)
    out = mx.nd.zeros(2)
    for key, want in ((0, [-1, -1]), (1, [2, 2])):
        kv.init(key, mx.nd.zeros(2))
        kv.push(key, mx.nd.ones(2) * 2)
        kv.pull(key, out=out)
        assert out.asnumpy().tolist() == want
    made.set_learning_rate(0.25)
    assert made.default_opt.lr == made.learning_rate == made.lr == 0.25
    kv.save_optimizer_states(str(tmp_path / "s"))
    kv.load_optimizer_states(str(tmp_path / "s"))


def test_biases_are_spared_from_weight_decay():
    net = mx.sym.LinearRegressionOutput(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=1, name="fc"), mx.sym.var("label"))
    m = SVRGModule(net, label_names=["label"], update_freq=1)
    m.bind([("data", (2, 3))], [("label", (2, 1))])
    m.init_params()
    m.init_optimizer(optimizer_params={"learning_rate": 0.1, "wd": 0.5})
    assert m._optimizer.rescale_grad == 0.5 and m._optimizer.wd_mult.get("fc_bias") == 0
