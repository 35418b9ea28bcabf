"""Recording, backward, gradient requests, functions, higher orders, and every misuse."""

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd


def leaf(values, req="write"):
    x = values if isinstance(values, nd.NDArray) else nd.array(values)
    x.attach_grad(req)
    return x


def test_write_replaces_and_add_accumulates():
    for req, expected in (("write", [4, 4]), ("add", [8, 8])):
        x = leaf([1.0, 2.0], req)
        for _ in range(2):
            with autograd.record():
                y = x * 4
            y.backward()
        assert x.grad.asnumpy().tolist() == expected


def test_the_gradient_array_stays_the_same_object_and_memory():
    x = leaf([1.0, 2.0])
    g, view = x.grad, x.grad[0:1]
    with autograd.record():
        y = x * 3
    y.backward()
    assert x.grad is g and view.asscalar() == 3


def test_large_gradients_keep_object_views_and_values():
    n = 1 << 16
    x = leaf(np.ones(n))
    g = x.grad

    def step(factor):
        with autograd.record():
            y = x * factor
        y.backward()

    step(2)
    view, shared = g[0:3], g.to_torch()
    step(3)  # somebody watches the memory now: it must be written in place
    assert x.grad is g and view.asnumpy().tolist() == [3, 3, 3] and float(shared[5]) == 3
    del view, shared
    step(4)
    assert x.grad is g and g.asnumpy().max() == 4
    a, b = leaf(np.ones(n)), leaf(np.ones(n))
    with autograd.record():
        z = a + b  # torch hands both the same gradient
    z.backward()
    a.grad[:] = 7
    assert b.grad.asnumpy().max() == 1


def test_null_and_unknown_requests():
    x = leaf([1.0], "null")
    with autograd.record():
        y = x * 2
    with pytest.raises(mx.MXNetError, match="not in a computational graph"):
        y.backward()
    with pytest.raises(KeyError, match="nosuch"):
        x.attach_grad("nosuch")


def test_head_gradients_and_several_heads():
    x = leaf([1.0, 2.0])
    with autograd.record():
        y, z = x * 2, x * x
    autograd.backward([y, z], [nd.array([1.0, 10.0]), None])
    assert x.grad.asnumpy().tolist() == [4, 24]
    with autograd.record():
        y = x * 2
    with pytest.raises(mx.MXNetError, match=r"head gradient 0 has shape \(3,\)"):
        y.backward(nd.ones((3,)))


def test_a_second_backward_needs_retain_graph():
    x = leaf([3.0])
    with autograd.record():
        y = x * 2  # torch saves nothing for this one and would let it pass
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(mx.MXNetError):
        y.backward()


def test_nothing_is_recorded_outside_record_or_in_pause():
    x = leaf([1.0])
    assert not (x * 2)._t.requires_grad
    with autograd.record():
        assert autograd.is_recording() and autograd.is_training()
        with autograd.pause():
            y = x * 2
            assert not autograd.is_recording() and not autograd.is_training()
        z = x * 3 + y
    z.backward()
    assert x.grad.asscalar() == 3


def test_detach_and_block_grad():
    x = leaf([2.0])
    with autograd.record():
        y = x.detach() * x + nd.BlockGrad(x) * x
    y.backward()
    assert x.grad.asscalar() == 4
    with autograd.record():
        z = nd.BlockGrad(x * 2)
    z.backward()
    assert x.grad.asscalar() == 0  # MXNet writes zeros, it does not leave the old gradient


def test_comparisons_give_zero_gradients():
    x = leaf([2.0, -1.0])
    x.grad[:] = 7
    with autograd.record():
        y = x > 0
    y.backward()
    assert x.grad.asnumpy().tolist() == [0, 0]


def test_grad_and_higher_orders():
    x = leaf([0.5, 1.5])
    with autograd.record():
        y = nd.sin(x)
        (g,) = autograd.grad(y, x, create_graph=True, retain_graph=True)
        s = (g * g).sum()
    s.backward()
    assert np.allclose(g.asnumpy(), np.cos([0.5, 1.5]))
    assert np.allclose(x.grad.asnumpy(), -2 * np.cos([0.5, 1.5]) * np.sin([0.5, 1.5]))


def test_mark_variables():
    x, g = nd.array([1.0, 2.0]), nd.zeros((2,))
    autograd.mark_variables([x], [g], "add")
    for _ in range(2):
        with autograd.record():
            y = x * 5
        y.backward()
    assert g.asnumpy().tolist() == [10, 10]


def test_function():
    class Scaled(autograd.Function):
        def forward(self, x, w):
            self.save_for_backward(x, w)
            return x * w

        def backward(self, dy):
            x, w = self.saved_tensors
            return dy * w * 10, dy * x

    x, w = leaf([2.0]), leaf([3.0])
    f = Scaled()
    with autograd.record():
        y = f(x, w) * 2
    y.backward()
    assert y.asscalar() == 12 and x.grad.asscalar() == 60 and w.grad.asscalar() == 4
    with pytest.raises(AssertionError, match="called once"):
        f(x, w)


def test_attach_grad_on_a_result_cuts_the_graph():
    x = leaf([2.0])
    with autograd.record():
        y = x * 2
        y.attach_grad()
        z = y * 3
    z.backward()
    assert y.grad.asscalar() == 3 and x.grad.asscalar() == 0


def test_out_inside_record():
    x, o = leaf([1.0, 2.0]), nd.zeros((2,))
    with autograd.record():
        nd.square(x, out=o)
        z = (o * 3).sum()
    z.backward()
    assert x.grad.asnumpy().tolist() == [6, 12] and o.asnumpy().tolist() == [1, 4]
    with autograd.record(), pytest.raises(mx.MXNetError, match="array of a recorded graph"):
        nd.square(x, out=x)


@pytest.mark.parametrize("dtype", ["float16", "float64", "bfloat16"])
def test_types_of_gradients(dtype):
    x = nd.array([1.0, 2.0]).astype(dtype)
    x.attach_grad()
    with autograd.record():
        y = (x * x).sum()
    y.backward()
    assert x.grad.dtype == x.dtype and x.grad.asnumpy().tolist() == [2, 4]


def test_states_survive_an_exception():
    with pytest.raises(ZeroDivisionError), autograd.record():
        1 / 0  # noqa: B018
    assert not autograd.is_recording() and not autograd.is_training()


def test_second_order_through_fully_connected():
    """The gradient of |d y^2 / d x|^2 with respect to the weight, against central differences."""
    random = np.random.default_rng(0)
    x0, w0 = random.normal(size=(2, 3)), random.normal(size=(4, 3))

    def penalty(weight):
        gx = 2 * (x0 @ weight.T) @ weight
        return (gx * gx).sum()

    x, w = leaf(nd.array(x0, dtype="float64")), leaf(nd.array(w0, dtype="float64"))
    with autograd.record():
        y = nd.square(nd.FullyConnected(x, w, num_hidden=4, no_bias=True))
        (gx,) = autograd.grad(y, x, create_graph=True, retain_graph=True)
        p = (gx * gx).sum()
    p.backward()
    numeric = np.zeros_like(w0)
    for i in np.ndindex(*w0.shape):
        step = np.zeros_like(w0)
        step[i] = 1e-6
        numeric[i] = (penalty(w0 + step) - penalty(w0 - step)) / 2e-6
    assert np.allclose(w.grad.asnumpy(), numeric, rtol=1e-5)


@pytest.mark.parametrize("f, second", [(lambda x: x**3, lambda x: 6 * x), (lambda x: x * x * x, lambda x: 6 * x),
                                       (nd.arcsin, lambda x: x / (1 - x * x) ** 1.5)])  # fmt: skip
def test_second_orders_that_the_original_lacks(f, second):
    x = leaf([0.3, 0.6])
    with autograd.record():
        (g,) = autograd.grad(f(x), x, create_graph=True, retain_graph=True)
    g.backward()
    assert np.allclose(x.grad.asnumpy(), second(np.array([0.3, 0.6])), rtol=1e-4)


def test_get_symbol_says_what_to_do():
    x = leaf([1.0])
    with autograd.record():
        y = x * 2
    with pytest.raises(mx.MXNetError, match="get_symbol.*hybridize"):
        autograd.get_symbol(y)


@pytest.mark.parametrize("create_graph", [False, True])
def test_grad_through_operators_without_gradient(create_graph):
    """Zeros where only comparisons and the like stand between; an error where nothing does."""
    x, other = nd.array([1.0, 2.0]), nd.ones(2)
    x.attach_grad()
    other.attach_grad()
    with mx.autograd.record():
        y = ((x > 1) * 3).sum()
        z = (other * 2).sum()
        assert mx.autograd.grad(y, [x], create_graph=create_graph, retain_graph=True)[0].asnumpy().tolist() == [0, 0]
        with pytest.raises(mx.MXNetError, match="does not influence the heads"):
            mx.autograd.grad(z, [x], create_graph=create_graph, retain_graph=True)


def test_constants_may_change_between_record_and_backward():
    x, w = nd.ones((3,)), nd.ones((3,))
    w.attach_grad()
    with autograd.record():
        y = w * x[1:3].sum() * x
    x[:] = 5  # backward sees the new values, as in MXNet; sums that were taken stay
    y.backward()
    np.testing.assert_array_equal(w.grad.asnumpy(), 10)


def test_star_import_brings_the_array_class():
    names = {}
    exec("from mxnet.autograd import *", names)
    assert names["NDArray"] is mx.nd.NDArray


def test_second_order_of_a_constant_slope():
    x = mx.nd.array([-1, 2])
    x.attach_grad()
    with autograd.record():
        (slope,) = autograd.grad(mx.nd.abs(x), [x], create_graph=True)
    slope.backward()
    assert slope.asnumpy().tolist() == [-1, 1] and x.grad.asnumpy().tolist() == [0, 0]


def test_second_order_of_arcsinh():
    x = mx.nd.array([2])
    x.attach_grad()
    with autograd.record():
        (slope,) = autograd.grad(mx.nd.arcsinh(x), [x], create_graph=True)
    slope.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), -2 / 5**1.5, rtol=1e-5)


def test_integers_have_no_gradients():
    x = nd.array([1, 2], dtype="int32")
    x.attach_grad()
    with autograd.record():
        y = x * 2
    with pytest.raises(mx.MXNetError, match="not in a computational graph"):
        y.backward()
    with autograd.record():
        y = x.astype("float32") * 2 + leaf([1.0, 2.0])
    y.backward()
    assert x.grad.asnumpy().tolist() == [0, 0]
