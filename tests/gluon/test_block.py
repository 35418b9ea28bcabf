"""Blocks: names, children, hooks, files, summary; and hybridized blocks against imperative ones."""

from __future__ import annotations

import gc
import json
import weakref

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon
from mxnet.gluon import nn


def mlp(prefix="net_"):
    net = nn.HybridSequential(prefix=prefix)
    with net.name_scope():
        net.add(nn.Dense(4, activation="relu", in_units=3), nn.Dense(2, in_units=4))
    return net


def test_names():
    with mx.name.NameManager():
        net = nn.HybridSequential()
        with net.name_scope():
            net.add(nn.Dense(2), nn.Dense(2))
        outside = nn.Dense(3)
        assert list(net.collect_params()) == [f"hybridsequential0_dense{i}_{k}" for i in (0, 1) for k in ("weight", "bias")]
        assert outside.name == "dense0"
        assert outside.prefix == "dense0_"


def test_empty_prefix_leaves_names_to_the_outer_block():
    outer = nn.HybridSequential(prefix="o_")
    with outer.name_scope():
        inner = nn.HybridSequential(prefix="")
        with inner.name_scope():
            inner.add(nn.Dense(1))
        outer.add(inner, nn.Dense(1))
    assert list(outer.collect_params()) == ["o_dense0_weight", "o_dense0_bias", "o_dense1_weight", "o_dense1_bias"]


def test_select():
    assert list(mlp().collect_params(".*weight")) == ["net_dense0_weight", "net_dense1_weight"]


def test_shared_parameters():
    a = nn.Dense(2, in_units=3)
    b = nn.Dense(2, in_units=3, params=a.params)
    a.initialize()
    assert b.weight is a.weight
    x = mx.nd.ones((1, 3))
    assert (a(x).asnumpy() == b(x).asnumpy()).all()


def test_attribute_rules():
    net = gluon.HybridBlock()
    net.d = nn.Dense(1)
    with pytest.raises(TypeError, match="attribute d is a Dense, a int cannot replace it"):
        net.d = 3
    with pytest.raises(ValueError, match="children of a HybridBlock must be HybridBlocks"):
        net.e = nn.Sequential()


def test_blocks_in_a_list_are_pointed_out():
    class Net(gluon.Block):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Dense(1)]

    with pytest.warns(UserWarning, match="layers is a list with blocks in it"):
        Net().collect_params()


def test_hooks():
    net = mlp()
    net.initialize()
    calls = []
    with net[0].register_forward_hook(lambda b, i, o: calls.append((b.name, i[0].shape, o.shape))):
        pre = net.register_forward_pre_hook(lambda b, i: calls.append(b.name))
        net(mx.nd.ones((5, 3)))
    pre.detach()
    pre.detach()
    net(mx.nd.ones((5, 3)))
    assert calls == ["net", ("net_dense0", (5, 3), (5, 4))]


def test_op_hook():
    net = mlp()
    net.initialize()
    net.hybridize()
    seen = []
    net.register_op_hook(lambda name, op, value: seen.append((name, op, value.shape)))
    net(mx.nd.ones((5, 3)))
    assert ("net_dense0_fwd_output", "FullyConnected", (5, 4)) in seen
    assert all(op for _, op, _ in seen)


def test_summary(capsys):
    net = mlp()
    net.initialize()
    net.summary(mx.nd.ones((1, 3)))
    text = capsys.readouterr().out
    assert "Dense-2" in text
    assert "Total params: 26" in text
    net.hybridize()
    with pytest.raises(mx.MXNetError, match="Call summary before hybridize"):
        net.summary(mx.nd.ones((1, 3)))


def test_parameter_files(tmp_path):
    file = str(tmp_path / "p")
    net = mlp()
    net.initialize()
    net.save_parameters(file)
    assert sorted(mx.nd.load(file)) == ["0.bias", "0.weight", "1.bias", "1.weight"]
    other = mlp("other_")
    other.load_parameters(file)
    x = mx.nd.ones((1, 3))
    assert (net(x).asnumpy() == other(x).asnumpy()).all()
    with pytest.raises(AssertionError, match="weight: missing in file"):
        nn.Dense(3, in_units=2).load_parameters(file)
    with pytest.raises(ValueError, match="the block has no such parameter"):
        net.save_parameters(file)
        smaller = nn.HybridSequential()
        smaller.add(nn.Dense(4, in_units=3))
        smaller.load_parameters(file)


def test_a_block_without_children_reads_its_own_file(tmp_path):
    class Own(gluon.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.w = self.params.get("another_name", shape=(2,), init="ones")

        def hybrid_forward(self, F, x, w):
            return x + w

    a, b = Own(prefix="a_"), Own(prefix="b_")
    a.initialize()
    a.save_parameters(str(tmp_path / "p"))
    b.load_parameters(str(tmp_path / "p"))
    assert b.w.data().asnumpy().tolist() == [1, 1]


def test_old_and_exported_files(tmp_path):
    net = mlp()
    net.initialize()
    net.collect_params().save(str(tmp_path / "old"), strip_prefix="net_")  # as 0.12 wrote it
    net.hybridize()
    x = mx.nd.ones((1, 3))
    y = net(x).asnumpy()
    _, exported = net.export(str(tmp_path / "m"), 7)
    assert exported.endswith("m-0007.params")
    for file, prefix in ((str(tmp_path / "old"), "other_"), (exported, "net_")):
        other = mlp(prefix)
        other.load_parameters(file)
        assert (other(x).asnumpy() == y).all()


def test_deduplicate(tmp_path):
    net = nn.HybridSequential()
    first = nn.Dense(2, in_units=2)
    net.add(first, nn.Dense(2, in_units=2, params=first.params))
    net.initialize()
    net.save_parameters(str(tmp_path / "p"), deduplicate=True)
    assert sorted(mx.nd.load(str(tmp_path / "p"))) == ["0.bias", "0.weight"]
    net.load_parameters(str(tmp_path / "p"))


def test_damaged_file(tmp_path):
    (tmp_path / "p").write_bytes(b"nonsense")
    with pytest.raises(mx.MXNetError):
        mlp().load_parameters(str(tmp_path / "p"))


def test_symbol_block(tmp_path):
    net = mlp()
    net.initialize()
    x = mx.nd.ones((2, 3))
    with pytest.raises(RuntimeError, match="Call hybridize\\(\\), then run the block once"):
        net.export(str(tmp_path / "m"))
    net.hybridize()
    y = net(x).asnumpy()
    net.export(str(tmp_path / "m"))
    block = gluon.SymbolBlock.imports(str(tmp_path / "m-symbol.json"), ["data"], str(tmp_path / "m-0000.params"))
    assert (block(x).asnumpy() == y).all()
    assert block(mx.sym.var("x")).list_arguments()[0] == "x"
    with pytest.raises(ValueError, match="takes 1 inputs"):
        block(x, x)
    inner = block._out.get_internals()["net_dense0_relu_fwd_output"]
    features = gluon.SymbolBlock(inner, mx.sym.var("data"), params=net.collect_params())
    assert features(x).shape == (2, 4)


def test_arguments_of_a_hybrid_block():
    net = mlp()
    net.initialize()
    with pytest.raises(ValueError, match="needs at least one NDArray or Symbol, got int"):
        net(3)
    with pytest.raises(ValueError, match="symbols and arrays together"):
        nn.HybridLambda(lambda F, x: x)([mx.nd.ones(1), mx.sym.var("x")])


def test_uninitialized_and_wrong_shapes():
    with pytest.raises(RuntimeError, match="not initialized. Call initialize"):
        mlp()(mx.nd.ones((1, 3)))
    net = mlp()
    net.initialize()
    for _ in range(2):
        with pytest.raises(mx.MXNetError, match="FullyConnected"):
            net(mx.nd.ones((2, 9)))
        net.hybridize()
    deferred = nn.Conv2D(2, 3)
    deferred.initialize()
    with pytest.raises(ValueError, match="cannot be found from the inputs"):
        deferred(mx.nd.ones((2, 9)))


class Nested(gluon.HybridBlock):
    """Nested inputs and outputs, an optional input, a constant."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.scale = self.params.get_constant("scale", mx.nd.array([2.0]))
            self.fc = nn.Dense(3, flatten=False)

    def hybrid_forward(self, F, x, pair, mask=None, scale=None):
        y = F.broadcast_mul(self.fc(x), scale) + pair[0]
        if mask is not None:
            y = y * mask
        return y, [pair[1][0] * 2, (y, x)]


@pytest.mark.parametrize("mask", [None, "given"])
def test_nested_structures(mask):
    def run(hybrid):
        mx.random.seed(3)
        net = Nested(prefix="n_")
        net.initialize()
        if hybrid:
            net.hybridize()
        x, a, b = (mx.nd.random.uniform(shape=(2, 3)) for _ in range(3))
        for v in (x, a, b):
            v.attach_grad()
        m = None if mask is None else mx.nd.array([[0, 1, 1], [1, 1, 0]])
        with mx.autograd.record():
            y, (c, (again, same)) = net(x, (a, [b]), m)
            (y.sum() + c.sum() + again.sum() + same.sum()).backward()
        return [v.asnumpy() for v in (y, c, again, same, x.grad, a.grad, b.grad, net.fc.weight.grad())]

    for one, two in zip(run(False), run(True)):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_structures_may_change_after_hybridize():
    net = Nested()
    net.initialize()
    net.hybridize()
    x = mx.nd.ones((2, 3))
    net(x, (x, [x]), None)
    net(x, (x, [x]), x)
    assert len(net._graphs) == 2


def network(kind):
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        if kind == "conv":
            net.add(
                nn.Conv2D(4, 3, padding=1),
                nn.BatchNorm(),
                nn.Activation("relu"),
                nn.MaxPool2D(),
                nn.Flatten(),
                nn.Dense(5),
                nn.LayerNorm(),
                nn.Dense(2),
            )
        elif kind == "embedding":
            net.add(nn.Embedding(7, 4), nn.Flatten(), nn.Dense(3, activation="tanh"), nn.Dense(2))
        else:
            net.add(nn.Embedding(7, 4, sparse_grad=True), nn.Flatten(), nn.Dense(2))
    return net


@pytest.mark.parametrize("kind", ["conv", "embedding", "sparse"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_hybridized_equals_imperative(kind, dtype):
    def run(hybrid):
        mx.random.seed(11)
        net = network(kind)
        net.initialize(mx.init.Xavier())
        if kind == "conv":
            x = mx.nd.random.uniform(-1, 1, shape=(3, 2, 4, 4))
        else:
            x = mx.nd.array([[1, 2], [3, 1], [1, 6]])
        net(x)
        net.cast(dtype)
        x = x.astype(dtype) if kind == "conv" else x
        if hybrid:
            net.hybridize()
        with mx.autograd.record():
            y = net(x)
        y.backward()
        grads = {n: p.grad() for n, p in net.collect_params().items() if p.grad_req != "null"}
        if kind == "sparse":
            assert grads["net_embedding0_weight"].stype == "row_sparse"
            assert grads["net_embedding0_weight"].indices.asnumpy().tolist() == [1, 2, 3, 6]
        return [y.astype("float32").asnumpy(), *(g.tostype("default").astype("float32").asnumpy() for g in grads.values())]

    for one, two in zip(run(False), run(True)):
        np.testing.assert_array_equal(one, two)


def test_inductor_name_is_checked():
    net = mlp()
    net.initialize()
    net.hybridize(backend="inducto")
    with pytest.raises(mx.MXNetError, match="backend 'inducto' is not available. Did you mean 'inductor'"):
        net(mx.nd.ones((1, 3)))
    net.hybridize(backend="eager")
    assert net(mx.nd.ones((1, 3))).shape == (1, 2)


def test_hybridize_and_back():
    net = mlp()
    net.initialize()
    x = mx.nd.ones((1, 3))
    y = net(x).asnumpy()
    net.hybridize(static_alloc=True, static_shape=True)
    assert (net(x).asnumpy() == y).all()
    net.hybridize(False)
    assert not net._active
    assert not net[0]._active
    assert (net(x).asnumpy() == y).all()


def test_infer_shape_and_type():
    net = nn.Dense(2)
    net.infer_shape(mx.nd.ones((1, 5)))
    assert net.weight.shape == (2, 5)
    net.infer_type(mx.nd.ones((1, 5), dtype="float64"))
    assert net.weight.dtype == np.float64


def test_an_output_that_is_an_input_keeps_its_gradient():
    net = nn.HybridLambda(lambda F, x: [x, x * 2])
    net.hybridize()
    w = mx.nd.array([3.0])
    w.attach_grad()
    with mx.autograd.record():
        same, twice = net(w * 5)
        (same + twice).backward()
    assert w.grad.asnumpy().tolist() == [15]


def test_one_output_twice_takes_two_head_gradients():
    def run(hybrid):
        net = nn.HybridLambda(lambda F, x: (lambda y: [y, y])(x * 2))
        net.hybridize(hybrid)
        w = mx.nd.array([1.0])
        w.attach_grad()
        with mx.autograd.record():
            a, b = net(w)
        mx.autograd.backward([a, b], [mx.nd.array([1]), mx.nd.array([10])])
        return w.grad.asscalar()

    assert run(True) == 22
    assert run(False) == 20  # the very same array given twice: the last head gradient counts


def test_a_dropped_block_frees_its_parameters_at_once():
    gc.disable()
    try:
        for hybrid in (False, True):
            net = nn.Dense(2, in_units=3)
            net.initialize()
            if hybrid:
                net.hybridize()
            net(mx.nd.ones((1, 3)))
            memory = weakref.ref(net.weight.data())
            del net
            assert memory() is None
    finally:
        gc.enable()


class Tree(nn.Block):
    """A block whose children have keys of their own kind."""

    def add(self, block):
        self._children[block.name + str(len(self._children))] = block

    def forward(self, x):
        for child in self._children.values():
            x = child(x)
        return x


def make_tree():
    net, inner, stack = Tree(), Tree(), nn.HybridSequential()
    inner.add(nn.Dense(4))
    with stack.name_scope():
        stack.add(nn.Dense(2), nn.BatchNorm())
    net.add(inner)
    net.add(stack)
    return net


def test_save_and_load_keep_names_and_hybridization(tmp_path):
    net, x = make_tree(), mx.nd.arange(10).reshape((2, 5))
    net.initialize(mx.init.Xavier())
    net.hybridize()
    expected = net(x).asnumpy()
    net.save(str(tmp_path / "m"))
    (root,) = json.loads((tmp_path / "m-model.json").read_text()).values()
    stack = next(entry for key, entry in root.items() if key.startswith("hybridsequential"))
    assert stack["hybridized"] and stack["in_format"] == [0] and stack["out_format"] == 0
    assert mx.sym.load_json(stack["symbol"]).list_arguments()[0] == mx.sym.load_json(stack["inputs"][0]).name == "data"
    again = make_tree()
    again.load(str(tmp_path / "m"))
    np.testing.assert_allclose(again(x).asnumpy(), expected, rtol=1e-6)
    assert list(again.collect_params()) == list(net.collect_params())
    assert list(again._children) == list(net._children)
    assert list(again._children.values())[1]._active
    with pytest.raises(ValueError, match="Build the blocks as when they were saved"):
        nn.Dense(3).load(str(tmp_path / "m"))


def test_the_graph_of_the_latest_call():
    net = nn.Dense(2, prefix="d_")
    assert net._cached_graph == ()
    net.initialize()
    net.hybridize()
    net(mx.nd.ones((1, 3)))
    inputs, graph = net._cached_graph
    assert [v.name for v in inputs] == ["data"] and graph.list_arguments() == ["data", "d_weight", "d_bias"]
    net._clear_cached_op()
    assert net._cached_graph == ()


def test_hybridized_inputs_must_share_a_context():
    class Add(nn.HybridBlock):
        def hybrid_forward(self, F, a, b):
            return a + b

    net = Add()
    net.hybridize()
    with pytest.raises(ValueError, match="Copy them to one context"):
        net(mx.nd.ones(2, ctx=mx.cpu(1)), mx.nd.ones(2, ctx=mx.cpu(2)))
    assert net(mx.nd.ones(2), mx.nd.ones(2, ctx=mx.cpu_pinned())).shape == (2,)


def test_blocks_in_nested_containers_are_warned_of():
    class Net(nn.Block):
        def __init__(self):
            super().__init__()
            self.layers = {"a": [nn.Dense(1), nn.Dense(2)]}

    with pytest.warns(UserWarning, match="are not children"):
        Net().collect_params()


def test_symbol_block_refuses_sparse_parameters():
    with pytest.raises(AssertionError, match="is a sparse parameter"):
        mx.gluon.SymbolBlock(mx.sym.dot(mx.sym.var("data"), mx.sym.var("w", stype="row_sparse")), mx.sym.var("data"))


def test_use_np_reaches_inherited_methods():
    @mx.util.use_np
    class Net(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.w = self.params.get("w", shape=(3, 2))

        def hybrid_forward(self, F, x, w):
            return F.np.dot(x, w)

    net = Net()
    net.initialize()
    assert type(net.w.data()) is mx.np.ndarray
    assert net(mx.np.ones((4, 3))).shape == (4, 2) and not mx.util.is_np_array()


def test_hybridized_outputs_come_in_lists():
    class Two(nn.HybridBlock):
        def hybrid_forward(self, F, x):
            return x + 1, (x * 2, [x])

    net, x = Two(), mx.nd.ones(2)
    net.hybridize()
    out = net(x)
    assert type(out) is list and type(out[1]) is list and type(out[1][1]) is list
    inputs, graph = net._get_graph(x)
    assert len(inputs) == 1 and len(graph.list_outputs()) == 3


def test_op_hook_tells_inputs_by_node():
    net, seen = nn.HybridSequential(prefix="n_"), []
    with net.name_scope():
        net.add(nn.Dense(2), nn.Activation("relu"))
    net.initialize()
    net.hybridize()
    net.register_op_hook(lambda name, op, value: seen.append((name, op)), monitor_all=True)
    net(mx.nd.ones((2, 3)))
    dense = ["n_dense0_fwd_data", "n_dense0_fwd_weight", "n_dense0_fwd_bias", "n_dense0_fwd_output"]
    assert seen == [(name, "FullyConnected") for name in dense] + [
        ("n_relu0_fwd_input0", "Activation"),
        ("n_relu0_fwd_output", "Activation"),
    ]


def test_a_scope_of_anything_with_a_prefix_names_symbols():
    class Part:
        prefix, _empty_prefix = "part_", False

    with mx.gluon.block._BlockScope(Part()):
        assert mx.name.NameManager.current.get(None, "hello") == "part_hello0"
        assert mx.gluon.block._BlockScope._current.value is not None
    assert not mx.name.NameManager.current.get(None, "hello").startswith("part_")
