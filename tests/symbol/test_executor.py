"""Executors: values, gradients, grad_req, shared and reshaped arrays, sparse arguments, monitors, errors; and the compiled program behind them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.symbol._compiled import Compiled

S = mx.sym


def mlp():
    x = S.FullyConnected(S.var("data"), name="fc1", num_hidden=8)
    x = S.FullyConnected(S.Activation(x, act_type="relu", name="relu1"), name="fc2", num_hidden=3)
    return S.SoftmaxOutput(x, name="softmax")


def bound(s=None, **kwargs):
    e = (mlp() if s is None else s).simple_bind(mx.cpu(), **(kwargs or {"data": (4, 6)}))
    for name, a in e.arg_dict.items():
        a[:] = np.random.RandomState(len(name)).uniform(-1, 1, a.shape) if name != "softmax_label" else np.arange(a.shape[0]) % 3
    return e


def test_forward_and_backward_agree_with_torch():
    e = bound()
    out = e.forward(is_train=True)[0]
    e.backward()
    t = {k: torch.tensor(v.asnumpy(), requires_grad=k != "softmax_label") for k, v in e.arg_dict.items()}
    h = torch.relu(torch.nn.functional.linear(t["data"], t["fc1_weight"], t["fc1_bias"]))
    scores = torch.nn.functional.linear(h, t["fc2_weight"], t["fc2_bias"])
    torch.nn.functional.cross_entropy(scores, t["softmax_label"].long(), reduction="sum").backward()
    np.testing.assert_allclose(out.asnumpy(), torch.softmax(scores, 1).detach().numpy(), rtol=1e-5)
    for name in ("data", "fc1_weight", "fc1_bias", "fc2_weight", "fc2_bias"):
        np.testing.assert_allclose(e.grad_dict[name].asnumpy(), t[name].grad.numpy(), rtol=1e-4, atol=1e-6, err_msg=name)


def test_grad_req():
    a, b = S.var("a"), S.var("b")
    grads = {"a": mx.nd.ones(2), "b": mx.nd.ones(2)}
    e = (a * b).bind(mx.cpu(), {"a": mx.nd.array([1, 2]), "b": mx.nd.array([3, 4])}, grads, {"a": "add", "b": "write"})
    for _ in range(2):
        e.forward(is_train=True)
        e.backward(mx.nd.ones(2))
    assert grads["a"].asnumpy().tolist() == [7, 9] and grads["b"].asnumpy().tolist() == [1, 2]
    e = (a * b).simple_bind(mx.cpu(), a=(2,), b=(2,), grad_req={"a": "write"})
    assert e.grad_dict["b"] is None
    with pytest.raises(mx.MXNetError, match="'nosuch' of a is unknown"):
        (a * b).simple_bind(mx.cpu(), a=(2,), b=(2,), grad_req="nosuch")


def test_labels_keep_their_gradients_and_stopped_inputs_get_zeros():
    e = bound()
    e.grad_dict["softmax_label"][:] = 7
    e.forward(is_train=True)
    e.backward()
    assert (e.grad_dict["softmax_label"].asnumpy() == 7).all()
    e = S.MakeLoss(S.BlockGrad(S.var("x"))).simple_bind(mx.cpu(), x=(2,))
    e.grad_dict["x"][:] = 7
    e.forward(is_train=True)
    e.backward()
    assert (e.grad_dict["x"].asnumpy() == 0).all()


def test_outputs_that_are_no_losses_need_gradients():
    e = bound(S.FullyConnected(S.var("data"), num_hidden=2))
    e.forward(is_train=True)
    with pytest.raises(mx.MXNetError, match="is no loss, so its gradient is required"):
        e.backward()
    with pytest.raises(mx.MXNetError, match="head gradient 0 has shape"):
        e.backward(mx.nd.ones((3, 3)))
    e.backward({e._symbol.list_outputs()[0]: mx.nd.ones((4, 2))})


def test_backward_after_prediction_uses_its_inputs():
    e = (S.var("x") ** 2).simple_bind(mx.cpu(), x=(2,))
    e.arg_dict["x"][:] = 1
    e.forward(is_train=True)
    e.arg_dict["x"][:] = 3
    e.forward(is_train=False)
    e.backward(mx.nd.ones(2))
    assert e.grad_dict["x"].asnumpy().tolist() == [6, 6]


def test_arrays_of_outputs_stay():
    e = bound()
    out = e.outputs[0]
    first = e.forward()[0].asnumpy()
    assert e.outputs[0] is out and (out.asnumpy() == first).all()
    e.forward(data=mx.nd.zeros((4, 6)))
    assert not np.allclose(out.asnumpy(), first) and list(e.output_dict) == ["softmax_output"]


def test_states_are_written_in_training_only():
    e = bound(S.BatchNorm(S.var("data"), name="bn", momentum=0.5), data=(8, 3))
    before = e.aux_dict["bn_moving_mean"].asnumpy()
    e.forward(is_train=False)
    assert (e.aux_dict["bn_moving_mean"].asnumpy() == before).all()
    e.forward(is_train=True)
    e.backward([mx.nd.ones((8, 3))])
    np.testing.assert_allclose(e.aux_dict["bn_moving_mean"].asnumpy(), e.arg_dict["data"].asnumpy().mean(0) / 2, rtol=1e-5)


def test_reshape_shares_parameters():
    e = bound()
    small = e.reshape(data=(2, 6), softmax_label=(2,))
    assert small.arg_dict["fc1_weight"] is e.arg_dict["fc1_weight"] and small.outputs[0].shape == (2, 3)
    small.arg_dict["data"][:] = 5
    assert (e.arg_dict["data"].asnumpy()[:2] == 5).all()  # memory is shared too
    for wrong, text in (({"data": (8, 6), "softmax_label": (8,)}, "allow_up_sizing"), ({"data": (4, 3)}, "partial_shaping")):
        with pytest.raises(mx.MXNetError, match=text):
            e.reshape(**wrong)
    assert e.reshape(data=(8, 6), softmax_label=(8,), allow_up_sizing=True).arg_dict["data"].shape == (8, 6)


def test_shared_executors_share_arrays():
    s = mlp()
    e = bound(s)
    other = s.simple_bind(mx.cpu(), data=(2, 6), shared_exec=e)
    assert other.arg_dict["fc1_weight"] is e.arg_dict["fc1_weight"] and other.arg_dict["data"] is not e.arg_dict["data"]


def test_groups_of_contexts():
    with mx.AttrScope(ctx_group="stage2"):
        x = S.FullyConnected(S.var("data"), num_hidden=2, name="fc")
    e = x.simple_bind(mx.cpu(0), group2ctx={"stage2": mx.cpu(1)}, data=(3, 4))
    assert e.arg_dict["fc_weight"].context == mx.cpu(1) and e.forward()[0].shape == (3, 2)


def test_sparse_arguments_and_gradients():
    x, w = S.var("x", stype="csr"), S.var("w", stype="row_sparse")
    e = S.LinearRegressionOutput(S.sparse.dot(x, w), S.var("y"), name="out").simple_bind(
        mx.cpu(), x=(3, 5), w=(5, 1), y=(3, 1), grad_req={"w": "write"}
    )
    dense = np.array([[0, 1, 0, 0, 2], [0, 0, 0, 0, 1], [0, 3, 0, 0, 0]], "float32")
    weights = np.arange(5, dtype="float32").reshape(5, 1)
    out = e.forward(is_train=True, x=mx.nd.array(dense).tostype("csr"), w=mx.nd.array(weights).tostype("row_sparse"), y=mx.nd.zeros((3, 1)))
    np.testing.assert_allclose(out[0].asnumpy(), dense @ weights)
    e.backward()
    grad = e.grad_dict["w"]
    assert grad.stype == "row_sparse" and grad.indices.asnumpy().tolist() == [1, 4]
    np.testing.assert_allclose(grad.asnumpy(), dense.T @ (dense @ weights), rtol=1e-5)


def test_monitors_see_everything_and_change_nothing():
    e, seen = bound(), []
    plain = e.forward(is_train=True)[0].asnumpy()
    e.set_monitor_callback(lambda name, a: seen.append((name, a.shape)))
    assert (e.forward(is_train=True)[0].asnumpy() == plain).all()
    assert [n for n, _ in seen] == ["fc1_output", "relu1_output", "fc2_output", "softmax_output"]
    e.backward()
    assert [n for n, _ in seen[4:8]] == [
        "softmax_backward_output0",
        "softmax_backward_output1",
        "fc2_backward_output0",
        "fc2_backward_output1",
    ]
    seen.clear()
    e.set_monitor_callback(lambda name, a: seen.append(name), monitor_all=True)
    e.forward()
    assert seen[:6] == ["data", "fc1_data", "fc1_weight", "fc1_weight", "fc1_bias", "fc1_bias"]


def test_open_shapes_are_closed_by_the_inputs():
    s = S.zeros((0, 4)) + S.FullyConnected(S.var("data"), num_hidden=4, name="fc")
    for rows in (2, 5):
        assert bound(s, data=(rows, 3)).forward()[0].shape == (rows, 4)


def test_random_operators_follow_the_seed():
    s = S.Dropout(S.var("x"), p=0.5)
    run = lambda: s.simple_bind(mx.cpu(), x=(4, 50)).forward(is_train=True, x=mx.nd.ones((4, 50)))[0].asnumpy()  # noqa: E731
    mx.random.seed(3)
    a = run()
    mx.random.seed(3)
    assert (run() == a).all() and 0.3 < (a == 0).mean() < 0.7


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda s: s.bind(mx.cpu(), {"data": mx.nd.ones((2, 3))}), ValueError, "lack 'fc1_weight'"),
        (lambda s: s.bind(mx.cpu(), [mx.nd.ones((2, 3))]), ValueError, "1 arguments for 6 names"),
        (lambda s: s.simple_bind(mx.cpu()), RuntimeError, "the shapes of data"),
        (lambda s: (S.var("x") + S.var("x")).simple_bind(mx.cpu(), x=(2,)), mx.MXNetError, "two variables are called 'x'"),
        (lambda s: bound(s).forward(nosuch=mx.nd.ones(1)), TypeError, "no argument 'nosuch'"),
        (lambda s: bound(s).forward(data=mx.nd.ones((9, 9))), ValueError, "has shape"),
        (lambda s: bound(s).copy_params_from({"nosuch": mx.nd.ones(1)}), ValueError, "no argument 'nosuch'"),
        (lambda s: s.bind(mx.cpu(), {n: mx.nd.ones((2, 2)) for n in s.list_arguments()}).forward(), mx.MXNetError, "FullyConnected"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(mlp())


def test_the_program_is_straight_line_code_and_takes_part_in_recording():
    s = S.Group([mlp(), S.BlockGrad(S.var("extra") * 2)])
    program = Compiled(s)
    code = program.module.code
    assert code.count("\n") < 40 and "for " not in code
    arrays = [mx.nd.ones(shape) for shape in s.infer_shape(data=(2, 3), extra=(1,))[0]]
    arrays[1].attach_grad()
    with mx.autograd.record():
        out = program.run(arrays)
        loss = out[0].sum()
    loss.backward()
    assert arrays[1].grad.shape == (8, 3)


def test_results_own_their_memory():
    x = mx.nd.array([[1, 2], [3, 4]])
    (out,) = Compiled(S.reshape(S.var("x"), shape=(4,))).run([x])
    x[:] = 0
    assert out.asnumpy().tolist() == [1, 2, 3, 4]


def test_a_bias_trains_without_its_weight():
    x = S.FullyConnected(S.var("data"), num_hidden=2, name="fc")
    e = x.simple_bind(mx.cpu(), data=(3, 4), grad_req={"fc_bias": "write"})
    e.forward(is_train=True)
    e.backward(mx.nd.ones((3, 2)))
    assert e.grad_dict["fc_bias"].asnumpy().tolist() == [3, 3] and e.grad_dict["fc_weight"] is None


def test_training_statistics_do_not_need_gradients():
    x = S.BatchNorm(S.Convolution(S.var("data"), kernel=(1, 1), num_filter=2, no_bias=True, name="c"), name="bn", fix_gamma=False)
    e = x.simple_bind(mx.cpu(), data=(4, 3, 2, 2), grad_req="null")
    e.copy_params_from({"c_weight": mx.nd.ones((2, 3, 1, 1)), "bn_gamma": mx.nd.ones(2)}, {"bn_moving_var": mx.nd.ones(2)})
    out = e.forward(is_train=True, data=mx.nd.random.uniform(shape=(4, 3, 2, 2)))[0].asnumpy()
    assert abs(out.mean((0, 2, 3))).max() < 1e-5  # normalized by the batch, not by the moving statistics


def test_a_fixed_gamma_adds_nothing():
    e = S.BatchNorm(S.var("data"), name="bn").simple_bind(mx.cpu(), data=(4, 3), grad_req="add")
    e.grad_dict["bn_gamma"][:] = 1
    e.forward(is_train=True, data=mx.nd.random.uniform(shape=(4, 3)))
    e.backward(mx.nd.ones((4, 3)))
    assert (e.grad_dict["bn_gamma"].asnumpy() == 1).all()


@pytest.mark.parametrize(
    "name", ["a b", "class", "1x", "\u00e9\u00b2", "a'", "self", "training", "_training_", "torch", "a\nb", "getitem", "None", "inf", "_"]
)
def test_any_text_is_a_name(name):
    q, other = S.var("q"), S.var(name + "_")
    graph = S.var(name) * q + other * S.exp(q, name=name)
    values = {name: mx.nd.ones(1), "q": mx.nd.zeros(1), name + "_": mx.nd.ones(1) * 3}
    assert graph.bind(mx.cpu(), values).forward()[0].asnumpy().tolist() == [3]
    loaded = mx.sym.load_json(graph.tojson())
    assert loaded.list_arguments() == graph.list_arguments() and loaded.bind(mx.cpu(), values).forward()[0].asnumpy().tolist() == [3]


def test_names_stand_for_one_variable_each():
    graph = S.var("q") * S.exp(S.var("q"))
    for call in (
        lambda: graph.bind(mx.cpu(), {"q": mx.nd.ones(1)}),
        lambda: graph.eval(q=mx.nd.ones(1)),
    ):
        with pytest.raises(mx.MXNetError, match="bind: two variables are called 'q'"):
            call()
    e = graph.bind(mx.cpu(), [mx.nd.array([2]), mx.nd.array([0])], [mx.nd.zeros(1), mx.nd.zeros(1)])  # by position names do not matter
    assert e.forward(is_train=True)[0].asscalar() == 2
    e.backward(mx.nd.ones(1))
    assert [g.asscalar() for g in e.grad_arrays] == [1, 2]


def test_backward_needs_no_forward_before():
    grad = mx.nd.empty((2, 3))
    e = S.repeat(S.var("x"), repeats=2, axis=0).bind(mx.cpu(), [mx.nd.ones((2, 3))], [grad])
    e.backward(mx.nd.array(np.arange(12).reshape(4, 3)))
    assert grad.asnumpy().tolist() == [[3, 5, 7], [15, 17, 19]]


def test_integers_have_gradients_where_nothing_else_has():
    e = S.Cast(S.var("x") * 3, dtype="float32").simple_bind(mx.cpu(), x=(2,), type_dict={"x": "int32"})
    e.forward(is_train=True)
    e.backward(mx.nd.array([1, 2]))
    assert e.grad_dict["x"].dtype == np.int32 and e.grad_dict["x"].asnumpy().tolist() == [3, 6]


def test_backward_after_prediction_repeats_the_random_numbers():
    e = S.Dropout(S.var("x"), p=0.5, mode="always").simple_bind(mx.cpu(), x=(20, 20))
    e.arg_dict["x"][:] = 1
    out = e.forward(is_train=False)[0].asnumpy()
    e.backward(mx.nd.ones((20, 20)))
    assert (e.grad_dict["x"].asnumpy() == out).all() and set(np.unique(out)) == {0, 2}


def test_outputs_have_their_types_before_the_first_pass():
    e = S.Cast(S.var("x"), dtype="float16").simple_bind(mx.cpu(), x=(2, 3))
    assert e.outputs[0].dtype == np.float16 and e.outputs[0].shape == (2, 3)


def test_a_second_backward_repeats_the_pass_with_the_same_random_numbers():
    s = S.Dropout(S.FullyConnected(S.var("x"), num_hidden=64, name="fc"), p=0.5)
    e = bound(s, x=(8, 32))
    out = e.forward(is_train=True)[0].asnumpy()
    mx.random.uniform(shape=(3,))
    gradients = []
    for _ in range(4):
        e.backward([mx.nd.ones(out.shape)])
        gradients.append(e.grad_dict["fc_weight"].asnumpy())
        np.testing.assert_array_equal(e.outputs[0].asnumpy(), out)
    for g in gradients[1:]:
        np.testing.assert_array_equal(g, gradients[0])
    assert gradients[0].any()
    e.forward(is_train=True)
    e.backward([mx.nd.ones(out.shape)])
    assert (e.grad_dict["fc_weight"].asnumpy() != gradients[0]).any()


def test_gradient_arrays_stay_the_same_objects_and_views_of_them_see_new_values():
    e = S.make_loss(S.sum(S.dot(S.var("a"), S.var("b")))).simple_bind(mx.cpu(), a=(200, 300), b=(300, 100))
    for a in e.arg_dict.values():
        a[:] = mx.nd.random.uniform(shape=a.shape)
    held, view = e.grad_dict["a"], e.grad_dict["b"].reshape((-1,))
    for scale in (1, 2):
        e.arg_dict["b"][:] = scale
        e.forward(is_train=True)
        e.backward()
        assert e.grad_dict["a"] is held
        np.testing.assert_allclose(held.asnumpy(), 100 * scale, rtol=1e-6)
        np.testing.assert_array_equal(view.asnumpy().reshape(300, 100), e.grad_dict["b"].asnumpy())


class _Refuses(mx.operator.CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], in_data[0])

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        raise ValueError("refused")


@mx.operator.register("test_executor_refuses")
class _RefusesProp(mx.operator.CustomOpProp):
    def create_operator(self, ctx, shapes, dtypes):
        return _Refuses()


def test_gradients_are_zeros_after_a_backward_that_failed():
    e = S.Custom(S.var("a"), op_type="test_executor_refuses").simple_bind(mx.cpu(), a=(200, 300))
    e.grad_dict["a"][:] = 7
    e.forward(is_train=True)
    with pytest.raises(mx.MXNetError, match="refused"):
        e.backward([mx.nd.ones((200, 300))])
    assert set(np.unique(e.grad_dict["a"].asnumpy())) <= {0.0, 7.0}
    e.grad_dict["a"][:] = 1  # it can be written
    assert e.grad_dict["a"].asnumpy().sum() == 60000


def test_arguments_may_change_between_the_passes():
    e = S.make_loss(S.sum(S.square(S.var("a")))).simple_bind(mx.cpu(), a=(3,))
    e.arg_dict["a"][:] = 1
    e.forward(is_train=True)
    e.arg_dict["a"][:] = 5
    e.backward()
    np.testing.assert_array_equal(e.grad_dict["a"].asnumpy(), 10)


def test_parameters_may_be_the_executors_own_arrays():
    data = mx.nd.ones((1, 2))
    e = mx.sym.Variable("data").bind(mx.cpu(), {"data": data})
    e.copy_params_from({"data": data})
    assert e.forward()[0].asnumpy().tolist() == [[1, 1]]


def test_heads_whose_gradient_nothing_reads_need_none():
    """Behind a loss, beside a wanted argument, and an operator of the user's that says so."""

    class Softmax(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            self.assign(out_data[0], req[0], mx.nd.softmax(in_data[0]))

        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            self.assign(in_grad[0], req[0], out_data[0] - 1)

    @mx.operator.register("softmax_without_head")
    class Prop(mx.operator.CustomOpProp):
        def __init__(self):
            super().__init__(need_top_grad=False)

        def create_operator(self, ctx, shapes, dtypes):
            return Softmax()

    x = mx.sym.var("x")
    loss = mx.sym.SoftmaxOutput(x, mx.sym.var("l"))
    free = [
        mx.sym.Custom(x * 2, op_type="softmax_without_head"),
        mx.sym.reshape(loss, shape=(-1,)),
        mx.sym.Group([loss, mx.sym.BlockGrad(x) + 1]),
    ]
    for symbol in free:
        e = symbol.simple_bind(mx.cpu(), x=(2, 3))
        e.forward(is_train=True)
        e.backward()
        assert abs(e.grad_dict["x"].asnumpy()).sum() > 0
    with pytest.raises(mx.MXNetError, match="is no loss"):
        e = mx.sym.Group([loss, x + 1]).simple_bind(mx.cpu(), x=(2, 3))
        e.forward(is_train=True)
        e.backward()


def test_integers_get_zeros_and_results_without_gradient_need_no_head():
    x, length = mx.nd.ones((2, 3)), mx.nd.array([1, 2], dtype="int32")
    grads = {"x": mx.nd.ones((2, 3)), "length": mx.nd.ones(2, dtype="int32")}
    y = mx.sym.softmax(mx.sym.Variable("x"), length=mx.sym.Variable("length"), use_length=True)
    e = y.bind(mx.cpu(), {"x": x, "length": length}, grads)
    e.forward(is_train=True)
    e.backward(mx.nd.ones((2, 3)))
    assert grads["length"].asnumpy().tolist() == [0, 0]
    for symbol in (mx.sym.shape_array(mx.sym.Variable("x")), mx.sym.topk(mx.sym.Variable("x"), k=2)):
        e = symbol.bind(mx.cpu(), {"x": x}, {"x": mx.nd.ones((2, 3))})
        e.forward(is_train=True)
        e.backward(mx.nd.ones((5, 5)))
        assert (e.grad_dict["x"].asnumpy() == 0).all()


def test_an_executor_that_never_ran_shows_what_one_made_of_it_by_reshape_computed():
    e = S.FullyConnected(S.var("x"), num_hidden=2, no_bias=True, name="f").simple_bind(mx.cpu(), x=(3, 2), grad_req="null")
    e.arg_dict["x"][:], e.arg_dict["f_weight"][:] = 1, 1
    smaller = e.reshape(x=(2, 2))
    smaller.forward()
    assert e.outputs[0].asnumpy()[:2].tolist() == [[2, 2], [2, 2]]  # they share the memory of results
    assert e.forward()[0].asnumpy().tolist() == [[2, 2]] * 3 and smaller.outputs[0].shape == (2, 2)
