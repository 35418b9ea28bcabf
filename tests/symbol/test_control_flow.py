"""foreach, while_loop and cond in symbols: values, gradients, graphs, errors."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mxnet as mx

S = mx.sym


def test_foreach_agrees_with_the_loop_on_arrays():
    x, s0, w = np.arange(6, dtype="float32").reshape(3, 2), np.ones(2, "float32"), np.full(2, 0.5, "float32")

    def body(F):
        return lambda a, state: (a * state[0], [state[0] * (w_of[F] + a)])

    w_of = {S: S.var("w"), mx.nd: mx.nd.array(w)}
    out, states = S.contrib.foreach(body(S), S.var("x"), [S.var("s")])
    g = S.Group([out, *states])
    assert g.list_arguments() == ["x", "s", "w"]
    arrays = {"x": mx.nd.array(x), "s": mx.nd.array(s0), "w": w_of[mx.nd]}
    e = g.bind(mx.cpu(), arrays, {k: mx.nd.zeros(v.shape) for k, v in arrays.items()})
    got = e.forward(is_train=True)
    e.backward([mx.nd.ones(o.shape) for o in got])
    for a in arrays.values():
        a.attach_grad()
    with mx.autograd.record():
        want, last = mx.nd.contrib.foreach(body(mx.nd), arrays["x"], [arrays["s"]])
    mx.autograd.backward([want, last[0]])
    np.testing.assert_allclose(got[0].asnumpy(), want.asnumpy(), rtol=1e-6)
    np.testing.assert_allclose(got[1].asnumpy(), last[0].asnumpy(), rtol=1e-6)
    for name, a in arrays.items():
        np.testing.assert_allclose(e.grad_dict[name].asnumpy(), a.grad.asnumpy(), rtol=1e-6, err_msg=name)


def test_foreach_infers_shapes_of_weights_made_inside():
    out, _ = S.contrib.foreach(lambda x, s: (S.FullyConnected(x, name="fc", num_hidden=2) + s, s), S.var("data"), S.var("a"))
    assert out.list_arguments() == ["data", "a", "fc_weight", "fc_bias"]
    assert out.infer_shape(data=(3, 2, 4), a=(2, 2)) == ([(3, 2, 4), (2, 2), (2, 4), (2,)], [(3, 2, 2)], [])


def test_while_loop_stops_and_differentiates():
    i, a = S.var("i"), S.var("a")
    out, states = S.contrib.while_loop(lambda i, a: i <= 3, lambda i, a: ([a * i], [i + 1, a * i]), [i, a], max_iterations=5)
    e = S.Group(list(out) + list(states)).bind(mx.cpu(), {"i": mx.nd.array([1]), "a": mx.nd.array([2.0])}, {"a": mx.nd.zeros(1)})
    got = [o.asnumpy().ravel().tolist() for o in e.forward(is_train=True)]
    assert got[0][:3] == [2.0, 4.0, 12.0] and got[1:] == [[4.0], [12.0]]
    e.backward([mx.nd.zeros((5, 1)), mx.nd.zeros(1), mx.nd.ones(1)])
    assert e.grad_dict["a"].asscalar() == 6.0


def test_cond_runs_one_branch():
    a, b = S.var("a"), S.var("b")
    c = S.contrib.cond(S.sum(a) > S.sum(b), lambda: a - b, lambda: [b * 2][0])

    def run(x, y):
        return c.eval(a=mx.nd.array(x), b=mx.nd.array(y))[0].asnumpy().tolist()

    assert run([3, 1], [1, 1]) == [2, 0] and run([0, 0], [1, 1]) == [2, 2]


def test_graphs_survive_files():
    def body(x, s):
        inner, last = S.contrib.foreach(lambda y, z: (y + z + x, z * 1), S.var("rows"), s)
        return S.sum(inner), last

    out, _ = S.contrib.foreach(body, S.var("data"), S.var("a"))
    text = out.tojson()
    again = S.load_json(text)
    assert again.tojson() == text
    assert [n["op"] for n in json.loads(text)["nodes"] if n.get("subgraphs")] == ["_foreach"]
    arrays = {"data": mx.nd.array([1, 2]), "a": mx.nd.array([0]), "rows": mx.nd.ones((3, 1))}
    np.testing.assert_allclose(again.eval(**arrays)[0].asnumpy(), out.eval(**arrays)[0].asnumpy())


def test_loops_in_hybridized_blocks():
    class Sum(mx.gluon.HybridBlock):
        def hybrid_forward(self, F, x):
            return F.contrib.foreach(lambda a, s: (a + s, a + s), x, F.zeros_like(F.slice_axis(x, axis=0, begin=0, end=1)).reshape((-1,)))[
                0
            ]

    net, x = Sum(), mx.nd.array([[1, 2], [3, 4]])
    want = net(x).asnumpy()
    net.hybridize()
    assert (net(x).asnumpy() == want).all()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: S.contrib.foreach(lambda x, s: (s, s), S.var("d"), S.var("a")), AssertionError, "have to be used in the loop body"),
        (lambda: S.contrib.while_loop(lambda i: i < 1, lambda i: (i, i), S.var("i")), ValueError, "max_iterations should be specified"),
        (lambda: S.contrib.while_loop(lambda i: 1, lambda i: (i, i), S.var("i"), max_iterations=2), TypeError, "one Symbol"),
        (lambda: S.contrib.while_loop(lambda i: i < 1, lambda i: (i, [i, i]), [S.var("i")], max_iterations=2), ValueError, "2 loop_vars for 1"),
        (lambda: S.contrib.cond(S.var("p"), lambda: [S.var("a"), S.var("b")], lambda: S.var("a")), ValueError, "2 and 1 outputs"),
        (lambda: mx.nd._internal._foreach(mx.nd.ones(1), num_outputs=1, num_out_data=1, in_state_locs=(), in_data_locs=(0,), remain_locs=()),
         mx.MXNetError, "only as part of a symbol"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_gradients_add_up_over_passes():
    out, state = S.contrib.foreach(lambda x, s: (x + s, (x + s) * 2), S.var("x"), S.var("s"))
    i, a = S.var("i"), S.var("a")
    step, last = S.contrib.while_loop(lambda i, a: i <= 3, lambda i, a: ([a * i], [i + 1, a * i]), [i, a], max_iterations=4)
    cases = [(S.Group([out, state]), {"x": mx.nd.ones((3, 2)), "s": mx.nd.ones(2)}),
             (S.Group([*step, *last]), {"i": mx.nd.ones(1), "a": mx.nd.ones(1)})]  # fmt: skip
    for g, arrays in cases:
        found = {}
        for req, passes in (("write", 1), ("add", 2)):
            grads = {k: mx.nd.zeros(v.shape) for k, v in arrays.items()}
            e = g.bind(mx.cpu(), arrays, grads, req)
            for _ in range(passes):
                e.backward([mx.nd.ones(o.shape) for o in e.forward(is_train=True)])
            found[req] = {k: v.asnumpy() for k, v in grads.items()}
        for name in arrays:
            np.testing.assert_allclose(found["add"][name], 2 * found["write"][name], rtol=1e-6, err_msg=name)
