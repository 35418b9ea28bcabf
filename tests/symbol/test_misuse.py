"""Wrong uses of symbols and executors are named where they are made."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd


def _net() -> mx.sym.Symbol:
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc"), name="softmax")


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda x: mx.sym.FullyConnected(x, num_hidden=-3), "FullyConnected: num_hidden is -3, it must be at least 1"),
        (lambda x: mx.sym.FullyConnected(x, num_hidden=10**30), "num_hidden must be an int, got 1000"),
        (lambda x: mx.sym.Convolution(x, kernel=(3, 3), num_filter=0), "Convolution: num_filter is 0"),
        (lambda x: mx.sym.Embedding(x, input_dim=0, output_dim=2), "Embedding: input_dim is 0"),
        (lambda x: mx.sym.Dropout(x, p=2), "Dropout: p is 2.0, it must be within 0 ... 1"),
        (lambda x: mx.sym.SliceChannel(x, num_outputs=0), "SliceChannel: num_outputs is 0"),
        (lambda x: mx.sym.UpSampling(x, scale=0, sample_type="nearest"), "UpSampling: scale is 0"),
        (lambda x: mx.rnn.LSTMCell(-3).unroll(2, x), "FullyConnected: num_hidden is -12"),
    ],
)
def test_attributes_beyond_their_limits_are_refused_when_the_symbol_is_made(make, text):
    with pytest.raises(mx.MXNetError, match=re.escape(text)):
        make(mx.sym.var("x"))


def test_a_window_without_size_is_no_unknown_shape():
    for make in (mx.sym.Convolution, mx.sym.Deconvolution):
        with pytest.raises(mx.MXNetError, match="kernel .* positive entries"):
            make(mx.sym.var("x"), kernel=(0, 0), num_filter=3).infer_shape(x=(1, 3, 5, 5))


@pytest.mark.parametrize("shape", [(-3, 4), (10**30, 4), (10**12, 10**12)])
def test_shapes_that_no_array_has_are_refused(shape):
    with pytest.raises(mx.MXNetError, match="infer_shape: the shape of data"):
        _net().infer_shape(data=shape)
    with pytest.raises(mx.MXNetError, match="the shape of data"):
        _net().simple_bind(mx.cpu(), data=shape)
    with pytest.raises(mx.MXNetError, match="the shape of x"):
        mx.sym.var("x", shape=shape).infer_shape()


def test_too_little_memory_is_said_plainly():
    for use in (lambda: _net().simple_bind(mx.cpu(), data=(10**8, 10**8)), lambda: nd.zeros((10**8, 10**8))):
        with pytest.raises(mx.MXNetError, match="there is not enough memory for 40000000000000000 bytes"):
            use()
    with pytest.raises(mx.MXNetError, match="_zeros: there is not enough memory"):
        mx.sym.zeros((10**8, 10**8)).eval()


def test_simple_bind_names_what_is_no_argument():
    with pytest.raises(mx.MXNetError, match="There is no argument 'dataa'. Did you mean 'data'"):
        _net().simple_bind(mx.cpu(), dataa=(2, 5))
    with pytest.raises(TypeError, match="the shape of data must be a tuple, got str"):
        _net().simple_bind(mx.cpu(), data="2, 5")


def test_simple_bind_takes_types_by_name():
    with pytest.raises(TypeError, match="type_dict must be a dict by argument name, got str"):
        _net().simple_bind(mx.cpu(), type_dict="float16", data=(2, 5))
    with pytest.raises(TypeError, match="attributes must be a dict of str, got list"):
        mx.sym.var("x", attr=[1])


@pytest.mark.parametrize(
    "outputs, answer, text",
    [
        (["output"], 3, "infer_shape of misused returned 3"),
        (["output"], ([(2,)], [], []), "returned 0 shapes for 1 outputs"),
        ([], ([(2,)], [], []), "list_outputs of misused is empty"),
        (["output"], ([(2,)], [(2,)], []), "create_operator of misused returned NoneType"),
    ],
)
def test_answers_of_custom_operators_are_checked(outputs, answer, text):
    class Misused(mx.operator.CustomOpProp):
        def list_outputs(self):
            return outputs

        def infer_shape(self, in_shape):
            return answer

        def create_operator(self, ctx, in_shapes, in_dtypes):
            return None

    mx.operator.register("misused")(Misused)
    with pytest.raises(mx.MXNetError, match=text):
        mx.sym.Custom(mx.sym.var("data"), op_type="misused").simple_bind(mx.cpu(), data=(2,)).forward()


def test_bind_to_a_context_that_is_not_there():
    with pytest.raises(mx.MXNetError, match=r"gpu\(99\) does not exist"):
        mx.sym.var("x").bind(mx.gpu(99), {"x": nd.ones(2)})


@pytest.mark.parametrize("twice", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_executors_copy_and_pickle(twice):
    executor = _net().simple_bind(mx.cpu(), data=(2, 5))
    executor.arg_dict["fc_weight"][:] = np.arange(15).reshape(3, 5) / 10
    executor.forward(is_train=True, data=np.ones((2, 5)))
    executor.backward()
    again = twice(executor)
    again.forward(is_train=True)
    again.backward()
    np.testing.assert_array_equal(again.outputs[0].asnumpy(), executor.outputs[0].asnumpy())
    np.testing.assert_array_equal(again.grad_dict["fc_weight"].asnumpy(), executor.grad_dict["fc_weight"].asnumpy())
    if twice is not copy.copy:
        again.arg_dict["data"][:] = 7
        assert executor.arg_dict["data"].asnumpy().max() == 1
