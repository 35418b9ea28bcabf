"""Module and its family: training, prediction, contexts, checkpoints, buckets, chains, states, errors."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import mxnet as mx

S = mx.sym


def mlp(hidden=8):
    x = S.Activation(S.FullyConnected(S.var("data"), num_hidden=hidden, name="fc1"), act_type="tanh")
    return S.SoftmaxOutput(S.FullyConnected(x, num_hidden=3, name="fc2"), name="softmax")


def data(n=24, batch=8, **kwargs):
    rng = np.random.RandomState(0)
    x = rng.uniform(-1, 1, (n, 6)).astype("float32")
    return mx.io.NDArrayIter(x, np.argmax(x @ rng.uniform(-1, 1, (6, 3)), 1).astype("float32"), batch, label_name="softmax_label", **kwargs)


def ready(context=None, batch=8, **kwargs):
    m = mx.mod.Module(mlp(), context=context or mx.cpu())
    m.bind([("data", (batch, 6))], [("softmax_label", (batch,))], **kwargs)
    m.init_params(mx.init.Xavier())
    m.init_optimizer(optimizer_params={"learning_rate": 0.5})
    return m


def test_fit_learns_and_tells_its_callbacks(caplog):
    seen = {"batch": [], "epoch": [], "end": []}
    it = data()
    m = mx.mod.Module(mlp())
    with caplog.at_level(logging.INFO):
        m.fit(it, eval_data=data(), num_epoch=30, optimizer="adam", optimizer_params={"learning_rate": 0.1}, initializer=mx.init.Xavier(),
              batch_end_callback=lambda p: seen["batch"].append((p.epoch, p.nbatch)), eval_end_callback=lambda p: seen["end"].append(p.epoch),
              epoch_end_callback=[lambda e, s, a, x: seen["epoch"].append((e, sorted(a)))])  # fmt: skip
    assert dict(m.score(it, ["acc", "ce"]))["accuracy"] > 0.95
    assert seen["batch"][:4] == [(0, 0), (0, 1), (0, 2), (1, 0)] and seen["end"] == list(range(30))
    assert seen["epoch"][0] == (0, ["fc1_bias", "fc1_weight", "fc2_bias", "fc2_weight"])
    assert "Epoch[0] Train-accuracy=" in caplog.text and "Epoch[29] Validation-accuracy=" in caplog.text


def test_two_contexts_train_as_one():
    one, two = ready(), ready([mx.cpu(0), mx.cpu(1)])
    two.set_params(*one.get_params())
    for kv in ("local", "device"):
        two.init_optimizer(kvstore=kv, optimizer_params={"learning_rate": 0.5}, force_init=True)
        for batch in data():
            for m in (one, two):
                m.forward_backward(batch)
                m.update()
            np.testing.assert_allclose(two.get_outputs()[0].asnumpy(), one.get_outputs()[0].asnumpy(), rtol=1e-4, atol=1e-6)
    for name, value in one.get_params()[0].items():
        np.testing.assert_allclose(two.get_params()[0][name].asnumpy(), value.asnumpy(), rtol=1e-4, atol=1e-5)
    assert [o.shape for o in two.get_outputs(merge_multi_context=False)[0]] == [(4, 3), (4, 3)]
    assert two.output_shapes == [("softmax_output", (8, 3))]


def test_predict_leaves_padding_out():
    m, it = ready(), data(20)
    assert m.predict(it).shape == (20, 3)
    assert [b[0].shape[0] for b in m.predict(it, merge_batches=False)] == [8, 8, 4]
    assert [(i, o[0].shape[0], b.pad) for o, i, b in m.iter_predict(it)] == [(0, 8, 0), (1, 8, 0), (2, 4, 4)]
    assert isinstance(m.predict(it, always_output_list=True), list) and m.predict(np.zeros((3, 6), "float32")).shape == (3, 3)


def test_batches_of_other_shapes_reshape_the_module():
    m = ready()
    weight = m._exec_group.execs[0].arg_dict["fc1_weight"]
    for rows in (8, 3, 8):
        m.forward(mx.io.DataBatch([mx.nd.ones((rows, 6))], [mx.nd.zeros(rows)]), is_train=True)
        assert m.get_outputs()[0].shape == (rows, 3)
        m.backward()
    assert m._exec_group.execs[0].arg_dict["fc1_weight"] is weight
    m.forward(mx.io.DataBatch([mx.nd.ones((5, 6))]), is_train=False)  # without labels
    assert m.get_outputs()[0].shape == (5, 3)


def test_input_gradients_and_fixed_parameters():
    m = ready(inputs_need_grad=True)
    m.forward_backward(next(data()))
    assert m.get_input_grads()[0].shape == (8, 6) and abs(m.get_input_grads()[0].asnumpy()).max() > 0
    fixed = mx.mod.Module(mlp(), fixed_param_names=["fc1_weight", "fc1_bias"])
    fixed.fit(data(), num_epoch=1, arg_params=(before := {k: v.copy() for k, v in m.get_params()[0].items()}), aux_params={})
    after = fixed.get_params()[0]
    assert (after["fc1_weight"].asnumpy() == before["fc1_weight"].asnumpy()).all()
    assert not (after["fc2_weight"].asnumpy() == before["fc2_weight"].asnumpy()).all()


def test_checkpoints_resume_exactly(tmp_path):
    prefix, it = str(tmp_path / "chk"), data()
    settings = {"optimizer": "sgd", "optimizer_params": {"learning_rate": 0.3, "momentum": 0.9}}
    start = {k: v.copy() for k, v in ready().get_params()[0].items()}
    whole = mx.mod.Module(mlp())
    whole.fit(it, num_epoch=4, arg_params=start, aux_params={}, **settings)
    half = mx.mod.Module(mlp())
    it.reset()
    half.fit(it, num_epoch=2, arg_params=start, aux_params={}, **settings)
    half.save_checkpoint(prefix, 2, save_optimizer_states=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["chk-0002.params", "chk-0002.states", "chk-symbol.json"]
    again = mx.mod.Module.load(prefix, 2, load_optimizer_states=True)
    it.reset()
    with pytest.warns(UserWarning, match="initialized already"):
        again.fit(it, num_epoch=4, begin_epoch=2, **settings)
    for name, value in whole.get_params()[0].items():
        np.testing.assert_allclose(again.get_params()[0][name].asnumpy(), value.asnumpy(), rtol=1e-6, err_msg=name)
    symbol, arguments, states = mx.model.load_checkpoint(prefix, 2)
    assert symbol.tojson() == half.symbol.tojson() and sorted(arguments) == sorted(start) and not states


def test_parameter_files(tmp_path):
    m, path = ready(), str(tmp_path / "p.params")
    m.save_params(path)
    assert sorted(mx.nd.load(path)) == ["arg:fc1_bias", "arg:fc1_weight", "arg:fc2_bias", "arg:fc2_weight"]
    other = ready()
    other.load_params(path)
    assert (other.get_params()[0]["fc1_weight"].asnumpy() == m.get_params()[0]["fc1_weight"].asnumpy()).all()
    mx.nd.save(path, {"fc1_weight": mx.nd.ones(1)})
    with pytest.raises(mx.MXNetError, match="no parameter of a checkpoint"):
        other.load_params(path)
    with pytest.raises(mx.MXNetError):
        mx.model.load_checkpoint(str(tmp_path / "nosuch"), 1)


def test_row_sparse_weights_are_pulled_by_row():
    x, w = S.var("data", stype="csr"), S.var("w_weight", stype="row_sparse", shape=(20, 1), init=mx.init.One())
    m = mx.mod.Module(S.LinearRegressionOutput(S.sparse.dot(x, w), name="out"), label_names=["out_label"])
    dense = np.zeros((4, 20), "float32")
    dense[:, [2, 5]] = 1
    batch = mx.io.DataBatch([mx.nd.array(dense).tostype("csr")], [mx.nd.ones((4,))])
    m.bind([("data", (4, 20))], [("out_label", (4,))])
    m.init_params(mx.init.One())
    m.init_optimizer(kvstore=mx.kv.create("local"), optimizer_params={"learning_rate": 0.1})
    for _ in range(30):
        m.prepare(batch, sparse_row_id_fn=lambda b: {"w_weight": b.data[0].indices})
        m.forward_backward(batch)
        m.update()
    found = m.get_params()[0]["w_weight"]
    assert found.stype == "row_sparse"
    values = found.asnumpy().ravel()
    np.testing.assert_allclose(values[[2, 5]], 0.5, atol=0.02)
    assert (np.delete(values, [2, 5]) == 1).all()


def test_buckets_share_parameters():
    def gen(length):
        x = S.sum(S.Embedding(S.var("data"), input_dim=12, output_dim=4, name="emb"), axis=1) / length
        return S.SoftmaxOutput(S.FullyConnected(x, num_hidden=3, name="fc"), name="softmax"), ("data",), ("softmax_label",)

    m = mx.mod.BucketingModule(gen, default_bucket_key=5)
    m.bind([("data", (4, 5))], [("softmax_label", (4,))])
    m.init_params(mx.init.Normal(0.5))
    m.init_optimizer(optimizer="adam", optimizer_params={"learning_rate": 0.1})
    losses = []
    for i in range(60):
        n = (3, 5)[i % 2]
        words = np.random.RandomState(i % 4).randint(0, 12, (4, n))
        batch = mx.io.DataBatch([mx.nd.array(words)], [mx.nd.array([0, 1, 2, 0])], bucket_key=n, provide_data=[mx.io.DataDesc("data", (4, n))],
                                provide_label=[mx.io.DataDesc("softmax_label", (4,))])  # fmt: skip
        m.forward_backward(batch)
        m.update()
        losses.append(-np.log(m.get_outputs()[0].asnumpy()[np.arange(4), [0, 1, 2, 0]]).mean())
    assert losses[-1] < losses[0] / 3
    execs = [b._exec_group.execs[0] for b in m._buckets.values()]
    assert len(execs) == 2 and execs[0].arg_dict["emb_weight"] is execs[1].arg_dict["emb_weight"]


def test_automatic_names_are_the_same_in_every_bucket():
    def gen(key):
        return S.SoftmaxOutput(S.FullyConnected(S.var("data"), num_hidden=3), name="softmax"), ("data",), ("softmax_label",)

    S.FullyConnected(S.var("data"), num_hidden=3)  # a name that is taken outside
    m = mx.mod.BucketingModule(gen, default_bucket_key=1)
    m.bind([("data", (2, 6))], [("softmax_label", (2,))])
    m.init_params()
    m.switch_bucket(2, [("data", (4, 6))], [("softmax_label", (4,))])
    assert sorted(m.get_params()[0]) == ["fullyconnected0_bias", "fullyconnected0_weight"]
    assert m.symbol.list_arguments()[1] == "fullyconnected0_weight"


def test_bucket_checkpoints(tmp_path):
    def gen(key):
        return S.SoftmaxOutput(S.FullyConnected(S.var("data"), num_hidden=3, name="fc"), name="softmax"), ("data",), ("softmax_label",)

    m = mx.mod.BucketingModule(gen, default_bucket_key=1)
    m.bind([("data", (2, 6))], [("softmax_label", (2,))])
    m.init_params(mx.init.One())
    m.save_checkpoint(str(tmp_path / "b"), 3)
    again = mx.mod.BucketingModule.load(str(tmp_path / "b"), 3, sym_gen=gen, default_bucket_key=1)
    again.bind([("data", (2, 6))], [("softmax_label", (2,))])
    assert (again.get_params()[0]["fc_weight"].asnumpy() == 1).all()


def test_chains_of_modules():
    a = S.Activation(S.FullyConnected(S.var("data"), num_hidden=5, name="fc1"), act_type="tanh")
    b = S.SoftmaxOutput(S.FullyConnected(S.var("hidden"), num_hidden=3, name="fc2"), name="softmax")
    m = mx.mod.SequentialModule()
    m.add(mx.mod.Module(a, label_names=[])).add(mx.mod.Module(b, data_names=["hidden"]), take_labels=True, auto_wiring=True)
    m.fit(data(), num_epoch=40, optimizer_params={"learning_rate": 1.0}, initializer=mx.init.Xavier())
    assert dict(m.score(data(), "acc"))["accuracy"] > 0.9 and sorted(m.get_params()[0]) == [
        "fc1_bias",
        "fc1_weight",
        "fc2_bias",
        "fc2_weight",
    ]


def test_losses_in_python():
    scores = S.FullyConnected(S.var("data"), num_hidden=3, name="fc1")
    m = mx.mod.SequentialModule()
    m.add(mx.mod.Module(scores, label_names=[]))
    m.add(mx.mod.PythonLossModule(grad_func=lambda s, y: s.softmax() - mx.nd.one_hot(y, 3)), take_labels=True, auto_wiring=True)
    m.fit(data(), num_epoch=40, optimizer_params={"learning_rate": 1.0})
    assert dict(m.score(data(), "acc"))["accuracy"] > 0.9


def test_states_are_set_by_hand():
    state = S.var("state")
    s = S.Group([S.FullyConnected(S.var("data") + state, num_hidden=2, name="fc"), S.BlockGrad(state * 2, name="next")])
    m = mx.mod.Module(s, label_names=[], state_names=["state"], context=[mx.cpu(0), mx.cpu(1)])
    m.bind([("data", (4, 3))], for_training=False)
    m.init_params()
    m.set_states(value=3)
    m.forward(mx.io.DataBatch([mx.nd.zeros((4, 3))]))
    assert (m.get_outputs()[1].asnumpy() == 6).all()
    m.set_states(states=m.get_outputs(merge_multi_context=False)[1:])
    assert all((a.asnumpy() == 6).all() for a in m.get_states(merge_multi_context=False)[0])


def test_monitors_print_statistics():
    m = ready()
    mon = mx.mon.Monitor(1, stat_func=lambda x: mx.nd.norm(x), pattern=".*fc1.*", sort=True)
    m.install_monitor(mon)
    mon.tic()
    m.forward_backward(next(data()))
    names = [name for _, name, _ in mon.toc()]
    assert names == ["fc1_backward_output0", "fc1_backward_output1", "fc1_backward_output2", "fc1_bias", "fc1_output", "fc1_weight"]


def test_float16_trains_with_float32_copies():
    x = S.FullyConnected(S.Cast(S.var("data"), dtype="float16"), num_hidden=3, name="fc")
    m = mx.mod.Module(S.SoftmaxOutput(S.Cast(x, dtype="float32"), name="softmax"))
    m.fit(data(), num_epoch=30, optimizer_params={"learning_rate": 1.0, "multi_precision": True})
    assert m.get_params()[0]["fc_weight"].dtype == np.float16 and dict(m.score(data(), "acc"))["accuracy"] > 0.9


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda s: mx.mod.Module(s, data_names=["nosuch"]), ValueError, "no argument of the symbol"),
        (lambda s: mx.mod.Module(s, fixed_param_names=["nosuch"]), ValueError, "fixed_param_names"),
        (lambda s: mx.mod.Module(s).bind([("data", (2,)), ("x", (3,))]), ValueError, "data_shapes describe"),
        (lambda s: mx.mod.Module(s).fit(data()), AssertionError, "num_epoch"),
        (lambda s: mx.mod.Module(s).init_params(), AssertionError, "not bound"),
        (lambda s: mx.mod.Module(s).forward(next(data())), AssertionError, "not ready"),
        (lambda s: ready().set_params({}, {}), RuntimeError, "fc1_bias is not presented"),
        (lambda s: ready([mx.cpu(i) for i in range(3)], batch=2), ValueError, "too small for 3 contexts"),
        (lambda s: ready().init_optimizer(optimizer=3, force_init=True), AssertionError, "name or an Optimizer"),
        (lambda s: ready().set_params({"fc1_weight": mx.nd.ones((1, 1))}, {}), RuntimeError, "is not presented|has shape"),
        (lambda s: mx.mod.SequentialModule().add(mx.mod.Module(s), nosuch=True), AssertionError, "nosuch"),
        (lambda s: mx.mod.BucketingModule(lambda k: s), AssertionError, "default_bucket_key"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(mlp())


def test_names_of_labels_that_do_not_exist_are_a_warning(caplog):
    with pytest.warns(UserWarning, match="nosuch_label"):
        mx.mod.Module(mlp(), label_names=["nosuch_label"])
    m = ready()
    m.bind([("data", (8, 6))], [("softmax_label", (8,))])
    assert "bound already" in caplog.text


def test_feed_forward(tmp_path):
    x, y = data().data[0][1].asnumpy(), data().label[0][1].asnumpy()
    with pytest.warns(DeprecationWarning, match="Module"):
        f = mx.model.FeedForward(mlp(), num_epoch=40, optimizer="sgd", learning_rate=0.5, numpy_batch_size=8, initializer=mx.init.Xavier())
    f.fit(x, y)
    assert (f.predict(x).argmax(1) == y).mean() > 0.9 and f.score(data()) > 0.9
    several = f.score(data(), ["acc", "ce"])
    assert len(several) == 2 and several[0] == f.score(data())
    f.save(str(tmp_path / "ff"))
    with pytest.warns(DeprecationWarning):
        again = mx.model.FeedForward.load(str(tmp_path / "ff"), 40)
    np.testing.assert_allclose(again.predict(x), f.predict(x), rtol=1e-6)
    with pytest.raises(TypeError, match="iterator or an array"):
        f.predict("x")


def test_data_of_another_width_never_changes_weights():
    m = ready()
    before = m.get_params()[0]["fc1_weight"].asnumpy()
    wide = mx.io.DataBatch([mx.nd.ones((8, 9))], [mx.nd.zeros(8)])
    with pytest.raises(mx.MXNetError, match=r"would change fc1_weight from \(8, 6\) to \(8, 9\)"):
        m.forward(wide)
    with pytest.raises(mx.MXNetError, match="would change fc1_weight"):
        m.reshape([("data", (8, 5))], [("softmax_label", (8,))])
    m.forward(mx.io.DataBatch([mx.nd.ones((3, 6))], [mx.nd.zeros(3)]), is_train=False)
    assert m.get_outputs()[0].shape == (3, 3)
    np.testing.assert_array_equal(m.get_params()[0]["fc1_weight"].asnumpy(), before)


def test_slices_are_rounded_as_the_original_rounds():
    from mxnet.module.executor_group import split_slices

    def ends(size, work):
        return [(s.start, s.stop) for s in split_slices(size, work)]

    assert ends(5, [1, 1, 1]) == [(0, 2), (2, 4), (4, 5)] and ends(5, [1, 3]) == [(0, 1), (1, 5)]
    assert ends(7, [1, 1, 1]) == [(0, 2), (2, 4), (4, 7)] and ends(10, [1, 1, 1, 1]) == [(0, 2), (2, 4), (4, 6), (6, 10)]
    with pytest.raises(ValueError, match="too small"):
        split_slices(1, [1, 1])


def test_bind_may_be_repeated_before_parameters_exist(caplog):
    m = mx.mod.Module(S.SoftmaxOutput(S.FullyConnected(S.var("data"), num_hidden=3, name="fc"), name="softmax"))
    m.bind([("data", (2, 6))], [("softmax_label", (2,))])
    m.bind([("data", (2, 5))], [("softmax_label", (2,))])
    assert m.data_shapes[0].shape == (2, 6) and "bound already" in caplog.text
    m.bind([("data", (2, 5))], [("softmax_label", (2,))], force_rebind=True)
    m.init_params()
    assert m.get_params()[0]["fc_weight"].shape == (3, 5)


@pytest.mark.filterwarnings("ignore:FeedForward is deprecated")
def test_feed_forward_logs_what_the_original_logs(caplog):
    caplog.set_level("INFO")
    net = S.SoftmaxOutput(S.FullyConnected(S.var("data"), num_hidden=3, name="fc"), name="softmax")
    mx.model.FeedForward(net, num_epoch=1).fit(data(), eval_data=data())
    texts = [r.getMessage() for r in caplog.records]
    assert texts[:2] == ["Start training with [cpu(0)]", "Epoch[0] Resetting Data Iterator"] and texts[2].startswith("Epoch[0] Time cost=")
    assert len(texts) == 4 and texts[3].startswith("Epoch[0] Validation-accuracy=")
