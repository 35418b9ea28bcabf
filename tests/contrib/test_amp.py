"""Mixed precision: casts while running, loss scale of a trainer, conversion of graphs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.contrib import amp
from mxnet.contrib.amp import amp as switch


@pytest.fixture(params=["float16", "bfloat16"])
def target(request: pytest.FixtureRequest) -> Iterator[str]:
    amp.init(request.param)
    yield request.param
    switch._off()


@pytest.fixture
def bfloat16() -> Iterator[None]:
    amp.init("bfloat16")
    yield
    switch._off()


def kind(a: Any) -> str:
    return str(a._d.dtype).replace("torch.", "")


# ---- casts


def test_each_class_of_operator(target: str) -> None:
    x, w = nd.ones((2, 3)), nd.ones((4, 3))
    low = nd.FullyConnected(x, w, no_bias=True, num_hidden=4)
    assert kind(low) == target
    assert kind(nd.exp(low)) == "float32"
    assert kind(nd.relu(low)) == target
    assert kind(low + low) == target
    assert kind(low + nd.ones((2, 4))) == "float32"
    assert kind(nd.Activation(low, act_type="relu")) == target
    assert kind(nd.Activation(low, act_type="softrelu")) == "float32"
    assert kind(nd.ones((2, 2), dtype="int32") + 1) == "int32"
    assert kind(nd.LeakyReLU(low, nd.ones((4,)), act_type="prelu")) == target


def test_off_by_default() -> None:
    assert kind(nd.dot(nd.ones((2, 3)), nd.ones((3, 2)))) == "float32"


def test_a_second_init_has_no_effect(bfloat16: None) -> None:
    amp.init("float16")
    assert kind(nd.FullyConnected(nd.ones((1, 2)), nd.ones((1, 2)), no_bias=True, num_hidden=1)) == "bfloat16"


def test_lists_of_the_caller() -> None:
    amp.init("bfloat16", target_precision_ops=["relu"], fp32_ops=["sigmoid"], conditional_fp32_ops=[])
    try:
        x = nd.ones((2, 2))
        assert kind(nd.relu(x)) == "bfloat16"
        assert kind(nd.sigmoid(nd.relu(x))) == "float32"
        assert kind(nd.FullyConnected(x, x, no_bias=True, num_hidden=2)) == "float32"
    finally:
        switch._off()


@pytest.mark.parametrize("call", [
    lambda: amp.init("int8"), lambda: amp.init("float32"), lambda: amp.init(target_precision_ops="FullyConnected"),
    lambda: amp.init(target_precision_ops=["exp"]), lambda: amp.init(fp32_ops=["nosuch"]), lambda: amp.init(conditional_fp32_ops=["Activation"]),
    lambda: amp.init(conditional_fp32_ops=[("Activation", "nosuch", ["x"])]), lambda: amp.init(fp32_ops=["Activation"]),
    lambda: amp.init(fp32_ops=["relu"], target_precision_ops=["relu"]),
])  # fmt: skip
def test_wrong_settings(call: Any) -> None:
    with pytest.raises(AssertionError, match="amp"):
        call()
    assert switch._Now.policy is None


def small_net(**kwargs: Any) -> gluon.nn.HybridSequential:
    net = gluon.nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(gluon.nn.Conv2D(4, 3, in_channels=2), gluon.nn.BatchNorm(in_channels=4), gluon.nn.Activation("relu"), gluon.nn.Flatten())
        net.add(gluon.nn.Dense(8, in_units=36), gluon.nn.PReLU(), gluon.nn.Dense(3, in_units=8))
    net.initialize(mx.init.Xavier())
    return net


def batch() -> tuple:
    rng = np.random.RandomState(0)
    return nd.array(rng.uniform(-1, 1, (6, 2, 5, 5))), nd.array(rng.randint(0, 3, 6))


@pytest.mark.parametrize("hybrid", [False, True])
def test_network_gives_nearly_the_same(target: str, hybrid: bool) -> None:
    net, (x, y) = small_net(), batch()
    switch._off()
    expected = net(x).asnumpy()
    amp.init(target)
    if hybrid:
        net.hybridize()
    with autograd.record():
        out = net(x)
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(out, y)
    assert kind(out) == target and kind(loss) == "float32"
    loss.backward()
    for p in net.collect_params().values():
        assert kind(p.data()) == "float32"
        if p.grad_req != "null":
            assert kind(p.grad()) == "float32" and np.isfinite(p.grad().asnumpy()).all()
    with autograd.predict_mode():
        got = net(x).astype("float32").asnumpy()
    assert np.abs(got - expected).max() < 0.1  # the moving statistics moved a little


def test_hybridized_equals_imperative(bfloat16: None) -> None:
    net, (x, _) = small_net(), batch()
    one = net(x).astype("float32").asnumpy()
    net.hybridize()
    assert (net(x).astype("float32").asnumpy() == one).all()
    assert kind(net(x)) == "bfloat16"


def test_a_graph_made_before_init_follows(bfloat16: None) -> None:
    switch._off()
    net, (x, _) = small_net(), batch()
    net.hybridize()
    assert kind(net(x)) == "float32"
    amp.init("bfloat16")
    assert kind(net(x)) == "bfloat16"
    switch._off()
    assert kind(net(x)) == "float32"


def test_batch_norm_statistics_move_in_float32(target: str) -> None:
    layer = gluon.nn.BatchNorm(in_channels=2)
    layer.initialize()
    for hybrid in (False, True):
        layer.hybridize(hybrid)
        before = layer.running_mean.data().asnumpy()
        with autograd.record():
            y = layer(nd.ones((4, 2), dtype=target) * 3)
        y.backward()
        assert kind(y) == target and kind(layer.running_mean.data()) == "float32"
        assert (layer.running_mean.data().asnumpy() > before).all()


def test_executor_and_recurrent_network(bfloat16: None) -> None:
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc"), name="softmax")
    exe = net.simple_bind(mx.cpu(), data=(2, 4))
    assert kind(exe.forward(is_train=True)[0]) == "float32"
    exe.backward()
    assert kind(exe.grad_dict["fc_weight"]) == "float32"
    lstm = gluon.rnn.LSTM(3, input_size=2)
    lstm.initialize()
    assert kind(lstm(nd.ones((4, 1, 2)))) == "bfloat16"


def test_loop_bodies_stay_float32(bfloat16: None) -> None:
    x = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc")
    out, _ = mx.sym.contrib.foreach(lambda a, s: (a + s[0], [a * s[0]]), x, [mx.sym.var("s")])
    exe = out.bind(mx.cpu(), {"data": nd.ones((3, 2)), "fc_weight": nd.ones((2, 2)), "fc_bias": nd.zeros((2,)), "s": nd.ones((2,))})
    assert exe.forward()[0].asnumpy().tolist() == [[3, 3], [4, 4], [6, 6]]


def test_sparse_input(bfloat16: None) -> None:
    x = nd.array([[0, 1], [2, 0]]).tostype("csr")
    net = gluon.nn.Dense(2, in_units=2)
    net.initialize(mx.init.One())
    assert nd.sparse.dot(x, nd.ones((2, 2))).asnumpy().tolist() == [[1, 1], [2, 2]]
    assert net(nd.sparse.dot(x, net.weight.data())).asnumpy().tolist() == [[2, 2], [4, 4]]


# ---- loss scale


def linear(**kwargs: Any) -> tuple:
    net = gluon.nn.Dense(1, in_units=2, use_bias=False)
    net.initialize(mx.init.One())
    return net, gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5, "momentum": 0.9}, **kwargs)


def step(net: Any, trainer: Any, factor: float = 1.0) -> None:
    with autograd.record():
        loss = net(nd.ones((4, 2))).astype("float32").sum() * factor
        with amp.scale_loss(loss, trainer) as scaled:
            scaled.backward()
    trainer.step(4)


def test_scale_leaves_the_update_alone(bfloat16: None) -> None:
    net, trainer = linear()
    amp.init_trainer(trainer)
    step(net, trainer)
    assert net.weight.grad().asnumpy().tolist() == [[4 * 2**16] * 2]
    assert net.weight.data().asnumpy().tolist() == [[0.5, 0.5]]


def test_overflow_skips_the_step_and_halves_the_scale(bfloat16: None) -> None:
    net, trainer = linear()
    amp.init_trainer(trainer)
    step(net, trainer)
    for bad, scale in ((np.inf, 2**15), (np.nan, 2**14)):
        before = net.weight.data().asnumpy()
        step(net, trainer, bad)
        assert (net.weight.data().asnumpy() == before).all()
        assert trainer._amp_loss_scaler.loss_scale == scale
    step(net, trainer)
    assert net.weight.data().asnumpy()[0, 0] == pytest.approx(0.5 - 0.5 - 0.45)


def test_scale_grows_and_has_bounds() -> None:
    scaler = amp.LossScaler()
    scaler._scale_seq_len = 2
    net, _ = linear()
    params = list(net.collect_params().values())
    params[0].grad()[:] = 1
    assert [scaler.has_overflow(params) for _ in range(4)] == [False] * 4
    assert scaler.loss_scale == 2**18
    scaler._loss_scale = 2.0**24
    assert not scaler.has_overflow(params) and not scaler.has_overflow(params)
    assert scaler.loss_scale == 2**24
    scaler._loss_scale = 1.0
    params[0].grad()[:] = np.inf
    assert scaler.has_overflow(params) and scaler.loss_scale == 1


def test_overflow_in_row_sparse_gradients() -> None:
    net = gluon.nn.Embedding(5, 2, sparse_grad=True)
    net.initialize()
    with autograd.record():
        loss = (net(nd.array([1, 3])) * nd.array([[1], [np.inf]])).sum()
    loss.backward()
    assert amp.LossScaler().has_overflow(net.collect_params().values())


def test_scale_is_saved_with_the_trainer(bfloat16: None, tmp_path: Path) -> None:
    net, trainer = linear()
    amp.init_trainer(trainer)
    step(net, trainer)
    step(net, trainer, np.inf)
    trainer.save_states(str(tmp_path / "t"))
    for first in (True, False):
        net2, other = linear()
        if first:
            amp.init_trainer(other)
        other.load_states(str(tmp_path / "t"))
        amp.init_trainer(other)
        assert other._amp_loss_scaler.loss_scale == 2**15
        step(net2, other)
        assert net2.weight.data().asnumpy()[0, 0] == pytest.approx(1 - 0.5 - 0.45)


def test_damaged_scale() -> None:
    with pytest.raises(mx.MXNetError, match="damaged"):
        amp.LossScaler().restore({"loss_scale": -1.0, "unskipped": 0})


def test_unscale_and_clip(bfloat16: None) -> None:
    net, trainer = linear()
    amp.init_trainer(trainer)
    with autograd.record():
        loss = net(nd.ones((4, 2))).sum()
        with amp.scale_loss([loss], trainer) as (scaled,):
            scaled.backward()
    amp.unscale(trainer)
    amp.unscale(trainer)
    assert net.weight.grad().asnumpy().tolist() == [[4, 4]]
    gluon.utils.clip_global_norm([net.weight.grad()], 1)
    trainer.step(1)
    assert net.weight.data().asnumpy()[0, 0] == pytest.approx(1 - 0.5 * 0.5**0.5, rel=1e-5)


@pytest.mark.parametrize("hybrid", [False, True])
def test_loss_operators_are_scaled(bfloat16: None, hybrid: bool) -> None:
    """SoftmaxOutput takes no gradient from behind: the scale must come in with its own."""

    class Net(gluon.HybridBlock):
        def hybrid_forward(self, F: Any, x: Any, y: Any) -> Any:
            return F.LinearRegressionOutput(x, y)

    net, trainer = linear()
    loss = Net()
    if hybrid:
        net.hybridize()
        loss.hybridize()
    amp.init_trainer(trainer)
    for _ in range(2):
        net.weight.set_data(nd.ones((1, 2)))
        with autograd.record():
            out = loss(net(nd.ones((4, 2))), nd.ones((4, 1)))
            with amp.scale_loss(out, trainer) as scaled:
                scaled.backward()
        assert net.weight.grad().asnumpy().tolist() == [[4 * 2**16] * 2]
    with autograd.record():
        out = loss(net(nd.ones((4, 2))), nd.ones((4, 1)))
    out.backward()
    assert net.weight.grad().asnumpy().tolist() == [[4, 4]]


def test_several_contexts(bfloat16: None) -> None:
    contexts = [mx.cpu(0), mx.cpu(1)]
    net = gluon.nn.Dense(1, in_units=2, use_bias=False)
    net.initialize(mx.init.One(), ctx=contexts)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    amp.init_trainer(trainer)
    for factor in (np.inf, 1.0):
        with autograd.record():
            losses = [net(nd.ones((2, 2), ctx=c)).sum() * (factor if c == contexts[1] else 1) for c in contexts]
            with amp.scale_loss(losses, trainer) as scaled:
                autograd.backward(scaled)
        trainer.step(4)
    assert trainer._amp_loss_scaler.loss_scale == 2**15
    assert [w.asnumpy().tolist() for w in net.weight.list_data()] == [[[0.5, 0.5]]] * 2


def test_wrong_trainers(bfloat16: None) -> None:
    net, trainer = linear()
    with pytest.raises(AttributeError, match="init_trainer"), amp.scale_loss(nd.ones((1,)), trainer):
        pass
    with pytest.raises(AttributeError, match="init_trainer"):
        amp.unscale(trainer)
    with pytest.raises(TypeError, match="Trainer"):
        amp.init_trainer(mx.optimizer.SGD())
    with pytest.raises(TypeError, match="Trainer"):
        amp.init_trainer(3)
    net, trainer = linear(kvstore=mx.kv.create("local"), update_on_kvstore=True)
    with pytest.raises(AssertionError, match="update_on_kvstore"):
        amp.init_trainer(trainer)
    switch._off()
    with pytest.raises(AssertionError, match=r"amp.init\(\)"):
        amp.init_trainer(linear()[1])


def test_training_converges(bfloat16: None) -> None:
    net, (x, y) = small_net(), batch()
    net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.02})
    amp.init_trainer(trainer)
    loss_fn = gluon.loss.SoftmaxCrossEntropyLoss()
    losses = []
    for _ in range(30):
        with autograd.record():
            loss = loss_fn(net(x), y)
            with amp.scale_loss(loss, trainer) as scaled:
                autograd.backward(scaled)
        trainer.step(6)
        losses.append(float(loss.mean().asscalar()))
    assert losses[-1] < 0.1 * losses[0]


# ---- conversion


def graph() -> mx.sym.Symbol:
    x = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=8, name="fc1")
    x = mx.sym.BatchNorm(x, name="bn")
    return mx.sym.FullyConnected(x, num_hidden=2, name="fc2")


def operators(s: mx.sym.Symbol) -> list[str]:
    return [n.op.name for n in s._nodes if n.op is not None]


def test_convert_symbol_puts_casts_where_types_change() -> None:
    made = amp.convert_symbol(graph())
    cast = ["amp_cast"]
    assert operators(made) == cast * 3 + ["FullyConnected", "BatchNorm"] + cast * 2 + ["FullyConnected"] + cast
    assert made.list_outputs() == ["fc2_output_amp_cast_float32_output"]
    assert made.list_arguments() == graph().list_arguments()
    assert "amp_cast" not in operators(graph())
    back = mx.sym.load_json(made.tojson(remove_amp_cast=False))
    assert operators(back) == operators(made)
    assert operators(mx.sym.load_json(made.tojson())) == ["FullyConnected", "BatchNorm", "FullyConnected", "amp_cast"]


def test_convert_symbol_widest() -> None:
    x = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc")
    known = amp.convert_symbol(x + mx.sym.exp(mx.sym.var("a"), name="e"))
    assert operators(known)[-3:] == ["amp_cast", "exp", "elemwise_add"]
    assert "amp_multicast" in operators(amp.convert_symbol(x + mx.sym.var("a")))
    assert operators(amp.convert_symbol(mx.sym.concat(x, x, name="cc")))[-3:] == ["FullyConnected", "Concat", "amp_cast"]


def test_excluded_names() -> None:
    made = amp.convert_symbol(graph(), excluded_sym_names=["fc1", "fc2"])
    assert "amp_cast" not in operators(made)
    with pytest.warns(UserWarning, match="nosuch"):
        amp.convert_symbol(graph(), excluded_sym_names=["nosuch"])
    with pytest.raises(AssertionError, match="excluded"):
        amp.convert_symbol(graph(), excluded_sym_names="fc1")


def test_wrong_symbols() -> None:
    with pytest.raises(AssertionError, match="Symbol"):
        amp.convert_symbol("net")
    with pytest.raises(AssertionError, match="float16 or bfloat16"):
        amp.convert_symbol(graph(), target_dtype="int8")
    with pytest.raises(mx.MXNetError, match="nosuch"):
        amp.convert_symbol(graph(), data_names=["nosuch"])
    with pytest.raises(AssertionError, match="arg_params"):
        amp.convert_model(graph(), [1], {})


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("optional", [False, True])
def test_convert_model(dtype: str, optional: bool) -> None:
    net = graph()
    shapes, _, aux_shapes = net.infer_shape(data=(3, 5))
    rng = np.random.RandomState(1)
    args = {n: nd.array(rng.uniform(-1, 1, s)) for n, s in zip(net.list_arguments(), shapes) if n != "data"}
    aux = {n: nd.ones(s) for n, s in zip(net.list_auxiliary_states(), aux_shapes)}
    made, args2, aux2 = amp.convert_model(net, args, aux, target_dtype=dtype, cast_optional_params=optional)
    low = dtype if optional else "float32"
    assert {n: kind(a) for n, a in args2.items()} == {n: low if n.startswith("fc") else "float32" for n in args}
    assert {kind(a) for a in aux2.values()} == {"float32"} and kind(args["fc1_weight"]) == "float32"
    x = nd.array(rng.uniform(-1, 1, (3, 5)))
    expected = net.bind(mx.cpu(), {**args, "data": x}, aux_states=aux).forward()[0].asnumpy()
    got = made.bind(mx.cpu(), {**args2, "data": x}, aux_states=aux2).forward()[0]
    assert kind(got) == "float32"
    assert 0 < np.abs(got.asnumpy() - expected).max() < 0.1


def test_convert_hybrid_block(tmp_path: Path) -> None:
    net, (x, _) = small_net(), batch()
    with pytest.raises(RuntimeError, match="hybridize"):
        amp.convert_hybrid_block(net, ctx=mx.cpu())
    with pytest.raises(AssertionError, match="HybridBlock"):
        amp.convert_hybrid_block("net", ctx=mx.cpu())
    net.hybridize()
    expected = net(x).asnumpy()
    made = amp.convert_hybrid_block(net, target_dtype="bfloat16", ctx=mx.cpu())
    got = made(x)
    assert kind(got) == "float32" and 0 < np.abs(got.asnumpy() - expected).max() < 0.1
    assert kind(net(x)) == "float32"
    made.export(str(tmp_path / "half"), remove_amp_cast=False)
    back = gluon.SymbolBlock.imports(str(tmp_path / "half-symbol.json"), ["data"], str(tmp_path / "half-0000.params"))
    assert (back(x).asnumpy() == got.asnumpy()).all()
    small = amp.convert_hybrid_block(net, target_dtype="bfloat16", ctx=mx.cpu(), cast_optional_params=True)
    types = {n.split("_", 1)[-1]: kind(p.data()) for n, p in small.collect_params().items()}
    assert types["dense0_weight"] == "bfloat16" and types["batchnorm0_gamma"] == "float32"
    assert np.abs(small(x).asnumpy() - expected).max() < 0.1


def test_convert_bucketing_module() -> None:
    def symbols(length: int) -> tuple:
        x = mx.sym.Embedding(mx.sym.var("data"), input_dim=5, output_dim=3, name="e")
        x = mx.sym.FullyConnected(mx.sym.sum(x, axis=1), num_hidden=2, name="fc")
        return mx.sym.SoftmaxOutput(x, name="softmax"), ("data",), ("softmax_label",)

    old = mx.mod.BucketingModule(symbols, default_bucket_key=4, context=mx.cpu())
    old.bind([("data", (2, 4))], [("softmax_label", (2,))])
    old.init_params(mx.init.Xavier())
    made = amp.convert_bucketing_module(old, target_dtype="bfloat16")
    b = mx.io.DataBatch(
        [nd.ones((2, 4))], [nd.zeros((2,))], bucket_key=4, provide_data=[("data", (2, 4))], provide_label=[("softmax_label", (2,))]
    )
    outputs = []
    for module in (old, made):
        module.forward(b, is_train=False)
        outputs.append(module.get_outputs()[0].asnumpy())
    assert np.abs(outputs[0] - outputs[1]).max() < 0.02
    with pytest.raises(AssertionError, match="BucketingModule"):
        amp.convert_bucketing_module(3)


# ---- lists


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", np.float16])
def test_lists_come_from_the_registry(dtype: Any) -> None:
    assert {"Convolution", "FullyConnected", "RNN"} <= set(amp.list_lp16_ops(dtype))
    assert {"exp", "softmax", "mean", "norm"} <= set(amp.list_fp32_ops(dtype))
    assert {"relu", "Pooling", "BatchNorm"} <= set(amp.list_lp16_fp32_ops(dtype))
    assert {"concat", "Concat", "broadcast_add", "dot"} <= set(amp.list_widest_type_cast(dtype))
    assert amp.list_conditional_fp32_ops(dtype)[0][0] == "Activation"
    assert "SoftmaxOutput" in amp.list_loss_output_functions(dtype)
    every = [amp.list_lp16_ops, amp.list_fp32_ops, amp.list_lp16_fp32_ops, amp.list_widest_type_cast]
    names = [n for f in every for n in f(dtype)]
    assert len(names) == len(set(names)) and "Activation" not in names
    assert (amp.list_lp16_use_fp32_params(dtype) is None) == (dtype != "bfloat16")
    with pytest.raises(AssertionError):
        amp.list_fp32_ops("float32")
