"""Operators of the user's own: `mx.operator`, `mx.nd.Custom`, `mx.sym.Custom`."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd


class Scaled(mx.operator.CustomOp):
    def __init__(self, factor):
        self.factor = factor

    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], in_data[0] * self.factor)

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], out_grad[0] * self.factor)


@mx.operator.register("test_scaled")
class ScaledProp(mx.operator.CustomOpProp):
    settings: list = []

    def __init__(self, factor="2"):
        super().__init__(need_top_grad=True)
        self.settings.append(factor)
        self.factor = factor

    def create_operator(self, ctx, in_shapes, in_dtypes):
        return Scaled(float(self.factor))


def test_forward_and_backward():
    x = nd.array([1, -2, 3])
    x.attach_grad()
    with autograd.record():
        y = nd.Custom(x, op_type="test_scaled", factor=3) * 2
    y.backward()
    assert y.asnumpy().tolist() == [6, -12, 18] and x.grad.asnumpy().tolist() == [6, 6, 6]
    executor = mx.sym.Custom(mx.sym.var("x"), op_type="test_scaled", factor=3).bind(mx.cpu(), {"x": x})
    assert executor.forward()[0].asnumpy().tolist() == [3, -6, 9]


def test_settings_are_texts_of_their_own():
    x = nd.ones((1,))
    for value in (1, True, 1.0, 1):
        ScaledProp.settings.clear()
        if value is True:
            with pytest.raises(mx.MXNetError, match="could not convert string to float: 'True'"):
                nd.Custom(x, op_type="test_scaled", factor=value)
        else:
            nd.Custom(x, op_type="test_scaled", factor=value)
        assert set(ScaledProp.settings) == {str(value)}


def test_a_call_frees_its_arrays_at_once():
    x = nd.ones((2,))
    x.attach_grad()
    gc.disable()
    try:
        with autograd.record():
            y = nd.Custom(x, op_type="test_scaled")
        memory = weakref.ref(y._t.grad_fn)
        y.backward()
        del y
        assert memory() is None
    finally:
        gc.enable()


def test_output_is_a_plain_array():
    x = nd.ones((2,))
    x.attach_grad()
    kept = []

    class Keeps(Scaled):
        def forward(self, is_train, req, in_data, out_data, aux):
            super().forward(is_train, req, in_data, out_data, aux)
            kept.append(out_data[0])

    mx.operator.register("test_keeps")(type("KeepsProp", (ScaledProp,), {"create_operator": lambda self, *_: Keeps(2.0)}))
    with autograd.record():
        y = nd.Custom(x, op_type="test_keeps")
    kept[0][:] = 5  # written outside of the graph: neither torch's error nor a change of the gradient
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [2, 2])
    assert kept[0]._d.requires_grad is False


def test_an_error_in_the_users_code_says_where():
    class Fails(Scaled):
        def forward(self, is_train, req, in_data, out_data, aux):
            if self.factor == 0:
                in_data[0].reshape((1, 2, 3)).reshape(-5)
            super().forward(is_train, req, in_data, out_data, aux)

        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            raise ValueError("no gradient today")

    make = {"create_operator": lambda self, *_: Fails(float(self.factor))}
    mx.operator.register("test_fails")(type("FailsProp", (ScaledProp,), make))
    x = nd.ones((2,))
    x.attach_grad()
    with pytest.raises(mx.MXNetError, match=r"Custom: forward of test_fails failed at test_custom.py:\d+: BadValueError: Reshape"):
        nd.Custom(x, op_type="test_fails", factor=0)
    with autograd.record():
        y = nd.Custom(x, op_type="test_fails")
    with pytest.raises(mx.MXNetError, match=r"Custom: backward of test_fails failed at test_custom.py:\d+: ValueError: no gradient today"):
        y.backward()
    assert not autograd.is_recording()


def test_without_inputs():
    class Ones(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            self.assign(out_data[0], req[0], 1)

    answers = {
        "list_arguments": lambda self: [],
        "infer_shape": lambda self, shapes: ([], [(2,)], []),
        "infer_type": lambda self, types: ([], [np.float32], []),
        "create_operator": lambda self, *_: Ones(),
    }
    mx.operator.register("test_no_inputs")(type("OnesProp", (mx.operator.CustomOpProp,), answers))
    with autograd.record():
        assert nd.Custom(op_type="test_no_inputs").asnumpy().tolist() == [1, 1]


def test_every_error_of_the_users_code_is_an_mxnet_error():
    def forward(self, *_):
        raise KeyError("key")

    operator = type("Wrong", (mx.operator.CustomOp,), {"forward": forward})
    prop = type("WrongProp", (mx.operator.CustomOpProp,), {"create_operator": lambda self, *_: operator()})
    mx.operator.register("test_wrong")(prop)
    with pytest.raises(mx.MXNetError, match="KeyError"):
        nd.Custom(nd.ones(1), op_type="test_wrong")
