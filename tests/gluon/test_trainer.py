"""Trainer: steps against formulas, several contexts, sparse parameters and gradients, states, stores, errors."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon
from mxnet.gluon import nn


def dense(ctx=None):
    net = nn.Dense(1, in_units=2, use_bias=False, prefix="d_")
    net.initialize(mx.init.One(), ctx=ctx)
    return net


def backward(net, x):
    with mx.autograd.record():
        net(x).sum().backward()


def test_step_divides_by_the_batch():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    backward(net, mx.nd.array([[1, 2], [3, 4]]))
    trainer.step(2)
    assert net.weight.data().asnumpy().tolist() == [[1 - 0.5 * 4 / 2, 1 - 0.5 * 6 / 2]]


def test_plans_follow_new_arrays():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    backward(net, mx.nd.ones((1, 2)))
    trainer.step(1)
    net.cast("float16")
    backward(net, mx.nd.ones((1, 2), dtype="float16"))
    trainer.step(1)
    assert net.weight.data().asnumpy().tolist() == [[-1, -1]]
    net.weight.set_data(mx.nd.array([[5, 5]]))
    backward(net, mx.nd.ones((1, 2), dtype="float16"))
    trainer.step(1)
    assert net.weight.data().asnumpy().tolist() == [[4, 4]]


def test_stale_gradients():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0, "wd": 0.1})
    backward(net, mx.nd.ones((1, 2)))
    trainer.step(1)
    before = net.weight.data().asnumpy().copy()
    with pytest.raises(UserWarning, match="gradient of parameter d_weight was not written by backward since the last step"):
        trainer.step(1)
    trainer.step(1, ignore_stale_grad=True)
    assert (net.weight.data().asnumpy() == before).all()


@pytest.mark.parametrize("store", [None, "device", "object"])
def test_two_contexts_equal_one(store):
    x = mx.nd.array([[1, 2], [3, 4]])
    one = dense()
    t1 = gluon.Trainer(one.collect_params(), "adam", {"learning_rate": 0.1})
    ctx = [mx.cpu(0), mx.cpu(1)]
    two = dense(ctx)
    kvstore = mx.kv.create("local") if store == "object" else store
    if store is None:
        trainer = gluon.Trainer(two.collect_params(), "adam", {"learning_rate": 0.1}, kvstore=None)
        backward(two, x)
        assert trainer._kvstore is None
        return
    t2 = gluon.Trainer(two.collect_params(), "adam", {"learning_rate": 0.1}, kvstore=kvstore)
    for _ in range(3):
        backward(one, x)
        t1.step(2)
        with mx.autograd.record():
            losses = [two(part).sum() for part in gluon.utils.split_and_load(x, ctx)]
        for loss in losses:
            loss.backward()
        t2.step(2)
    for data in two.weight.list_data():
        np.testing.assert_allclose(data.asnumpy(), one.weight.data().asnumpy(), rtol=1e-6)


def test_store_object_on_one_context():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, kvstore=mx.kv.create("local"))
    backward(net, mx.nd.ones((1, 2)))
    trainer.step(1)
    assert trainer._update_on_kvstore
    assert net.weight.data().asnumpy().tolist() == [[0, 0]]
    with pytest.raises(AssertionError, match="update\\(\\) is not possible while the store updates"):
        trainer.update(1)
    net.weight.set_data(mx.nd.array([[3, 3]]))
    backward(net, mx.nd.ones((1, 2)))
    trainer.step(1)
    assert net.weight.data().asnumpy().tolist() == [[2, 2]]


def test_update_on_a_store_that_is_none():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd", update_on_kvstore=True)
    backward(net, mx.nd.ones((1, 2)))
    with pytest.raises(AttributeError, match="Pass kvstore=mx.kv.create"):
        trainer.step(1)


def embedding(sparse, rows=8):
    net = nn.Embedding(rows, 2, sparse_grad=sparse, prefix="e_")
    net.initialize(mx.init.One())
    return net


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adagrad"])
def test_sparse_gradients_update_touched_rows_only(optimizer):
    net = embedding(True)
    trainer = gluon.Trainer(net.collect_params(), optimizer, {"learning_rate": 0.1})
    for _ in range(3):
        backward(net, mx.nd.array([1, 5, 5]))
        trainer.step(1)
    w = net.weight.data().asnumpy()
    assert (w[[0, 2, 3, 4, 6, 7]] == 1).all()
    assert (w[[1, 5]] != 1).all()


@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
def test_sparse_training_equals_dense(optimizer, hybrid):
    results = []
    for sparse in (False, True):
        net = embedding(sparse)
        if hybrid:
            net.hybridize()
        trainer = gluon.Trainer(net.collect_params(), optimizer, {"learning_rate": 0.1})
        for _ in range(3):
            with mx.autograd.record():
                (net(mx.nd.array([1, 5, 5, 0])) ** 2).sum().backward()
            trainer.step(4)
        results.append(net.weight.data().asnumpy())
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_sparse_weights_live_in_the_store():
    net = gluon.contrib.nn.SparseEmbedding(8, 2, prefix="s_")
    net.initialize(mx.init.One())
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    for _ in range(2):
        backward(net, mx.nd.array([1, 5]))
        trainer.step(1)
    rows = net.weight.row_sparse_data(mx.nd.arange(8))
    assert rows.tostype("default").asnumpy()[:, 0].tolist() == [1, -1, 1, 1, 1, -1, 1, 1]
    with pytest.raises(ValueError, match="update_on_kvstore=False cannot be used with row_sparse weights"):
        other = gluon.contrib.nn.SparseEmbedding(8, 2)
        other.initialize()
        gluon.Trainer(other.collect_params(), "sgd", update_on_kvstore=False)._prepare()
    with pytest.raises(RuntimeError, match="already belongs to a Trainer"):
        gluon.Trainer(net.collect_params(), "sgd")


@pytest.mark.parametrize("multi_precision", [False, True])
def test_states(tmp_path, multi_precision):
    file = str(tmp_path / "states")
    options = {"learning_rate": 0.1, "momentum": 0.9, "multi_precision": multi_precision}

    def start():
        net = dense()
        net.cast("float16")
        return net, gluon.Trainer(net.collect_params(), "sgd", options)

    x = mx.nd.ones((1, 2), dtype="float16")
    net, trainer = start()
    for _ in range(2):
        backward(net, x)
        trainer.step(1)
    trainer.save_states(file)
    weight = net.weight.data().copy()
    backward(net, x)
    trainer.step(1)
    again, other = start()
    again.weight.set_data(weight)
    other.load_states(file)
    backward(again, x)
    other.step(1)
    assert (again.weight.data().asnumpy() == net.weight.data().asnumpy()).all()


def test_learning_rate():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    trainer.set_learning_rate(0.25)
    assert trainer.learning_rate == 0.25
    scheduled = gluon.Trainer(net.collect_params(), "sgd", {"lr_scheduler": mx.lr_scheduler.FactorScheduler(1, base_lr=1)})
    with pytest.raises(UserWarning):
        scheduled.set_learning_rate(0.1)


def test_clipping_between_allreduce_and_update():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, update_on_kvstore=False)
    backward(net, mx.nd.array([[3, 4]]))
    trainer.allreduce_grads()
    assert gluon.utils.clip_global_norm([p.grad() for p in net.collect_params().values()], 1.0) == 5
    trainer.update(1)
    np.testing.assert_allclose(net.weight.data().asnumpy(), [[0.4, 0.2]], rtol=1e-5)


@pytest.mark.parametrize("params", ["abc", [1, 2], 3])
def test_bad_params(params):
    with pytest.raises(ValueError, match="Trainer: params must"):
        gluon.Trainer(params, "sgd")


def test_bad_optimizer():
    net = dense()
    with pytest.raises(ValueError):
        gluon.Trainer(net.collect_params(), "nosuch")
    with pytest.raises(AssertionError, match="optimizer_params cannot be given with an Optimizer"):
        gluon.Trainer(net.collect_params(), mx.optimizer.SGD(), {"wd": 1})


def test_a_step_touches_no_python_dictionaries_of_parameters():
    """The lists of a step are made once: the second step gets the very same ones."""
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd")
    plans = []
    for _ in range(2):
        backward(net, mx.nd.ones((1, 2)))
        trainer.step(1)
        plans.append(trainer._plans)
    assert plans[0] is plans[1]


def test_a_step_on_a_large_sparse_table_costs_what_the_batch_costs():
    """No allocation of the table's size: the peak of a step stays far below the table."""
    import tracemalloc

    rows = 400_000
    net = nn.Embedding(rows, 16, sparse_grad=True)
    net.initialize(mx.init.Zero())
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    for _ in range(2):
        backward(net, mx.nd.array([1, 7, rows - 1]))
        trainer.step(1)
    tracemalloc.start()
    backward(net, mx.nd.array([1, 7, rows - 1]))
    trainer.step(1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
    assert net.weight.grad().data.shape == (3, 16)


def test_stores_of_the_caller_know_two_verbs():
    x = gluon.Parameter("x", shape=(4,))
    x.initialize(ctx=[mx.cpu(0), mx.cpu(1)], init="zeros")
    store = mx.kv.create("teststore")
    trainer = gluon.Trainer([x], "sgd", {"learning_rate": 1.0}, kvstore=store)
    with mx.autograd.record():
        losses = [w + 1 for w in x.list_data()]
    mx.autograd.backward(losses)
    trainer.step(1)
    assert trainer._update_on_kvstore is False
    assert (x.data(mx.cpu(1)).asnumpy() == -2).all()
    with pytest.raises(ValueError, match="runs no optimizer"):
        gluon.Trainer([x], "sgd", kvstore=store, update_on_kvstore=True)._init_kvstore()


def test_a_batch_of_nothing():
    x = gluon.Parameter("x", shape=(4,))
    x.initialize()
    with pytest.raises(ZeroDivisionError, match="batch_size is 0. Pass the number of samples"):
        gluon.Trainer([x], "sgd").step(0)


def test_a_store_that_updates_leaves_gradients_fresh():
    net = dense()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0}, kvstore=mx.kv.create("local"), update_on_kvstore=True)
    with pytest.raises(UserWarning, match="was not written by backward"):
        trainer.step(1)
    backward(net, mx.nd.ones((1, 2)))
    start = net.weight.data().asnumpy()
    trainer.step(1)
    once = net.weight.data().asnumpy()
    trainer.step(1)
    assert np.allclose(net.weight.data().asnumpy() - once, once - start)


def test_fresh_gradients_as_the_arrays_tell_and_take_them():
    net = dense()
    weight = net.weight.data()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    assert not weight._fresh_grad
    backward(net, mx.nd.ones((1, 2)))
    assert weight._fresh_grad
    weight._fresh_grad = False
    with pytest.raises(UserWarning, match="was not written by backward"):
        trainer.step(1)
    weight._fresh_grad = True
    trainer.step(1)
    assert not weight._fresh_grad
    plain = mx.nd.ones(2)
    assert not plain._fresh_grad
    with pytest.raises(mx.MXNetError, match="_fresh_grad: the array has no gradient"):
        plain._fresh_grad = True
