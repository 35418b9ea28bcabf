"""Every shape rule gives what the operator itself gives on meta tensors, or leaves the question to it."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
import torch

import mxnet as mx
from mxnet._op.registry import find
from mxnet.error import MXNetError
from mxnet.symbol._forward import run_meta
from mxnet.symbol._node import Node
from mxnet.symbol._shape_rules import _PAIRS, _SAME, _SCALAR, _UNARY, RULES, outputs_of

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
SHAPES = [(4, 6), (2, 3, 8, 9), (5,), (1, 6), (2, 3, 0), (2, 1, 5), (3, 4, 7), (1, 2, 4, 5, 6)]
NEEDED = {"Activation": {"act_type": "softsign"}, "clip": {"a_min": "0", "a_max": "1"}}


def variants(**choices):
    """All combinations of attributes; None leaves one out."""
    keys = list(choices)
    for values in itertools.product(*choices.values()):
        yield {k: str(v) for k, v in zip(keys, values) if v is not None}


def cases():
    """(operator, attributes, shapes of inputs)"""
    for name in _UNARY + _SCALAR:
        for shape in SHAPES:
            yield name, NEEDED.get(name, {"scalar": "2.5"} if name in _SCALAR else {}), [shape]
    for name in _SAME + _PAIRS:
        for a, b in itertools.product(SHAPES, SHAPES):
            yield name, {}, [a, b]
    for name in ("sum", "mean", "max", "min", "prod"):
        for attrs in variants(axis=(None, "()", 0, -1, "(0,1)", "(1,)", "(0,0)", 3), keepdims=(None, True), exclude=(None, True)):
            for shape in SHAPES:
                yield name, attrs, [shape]
    for name in ("softmax", "log_softmax", "softmin"):
        for attrs in variants(axis=(None, 0, 1, -2, 4), temperature=(None, 2.0), dtype=(None, "float64")):
            for shape in SHAPES:
                yield name, attrs, [shape]
    for attrs in variants(num_hidden=(3,), flatten=(None, False), no_bias=(None, True)):
        for data, weight in itertools.product(SHAPES, [(3, 6), (3, 1), (3, 216), (3, 9), (3, 28), (2, 6), (3, 5), (6,)]):
            yield "FullyConnected", attrs, [data, weight, *([] if "no_bias" in attrs else [(3,)])]
    for dims, data in ((1, (2, 4, 9)), (2, (2, 4, 8, 9)), (3, (1, 4, 5, 6, 7)), (2, (0, 4, 8, 9)), (2, (2, 4, 1, 2))):
        for attrs in variants(num_filter=(6,), kernel=((1,) * dims, (3,) * dims), stride=(None, (2,) * dims), pad=(None, (1,) * dims), dilate=(None, (2,) * dims),
                              num_group=(None, 2, 3), no_bias=(None, True), layout=(None, "NHWC", "NCHW") if dims == 2 else (None,)):  # fmt: skip
            group = int(attrs.get("num_group", 1))
            kernel = eval(attrs["kernel"])
            yield "Convolution", attrs, [data, (6, 4 // group, *kernel), *([] if "no_bias" in attrs else [(6,)])]
        for attrs in variants(kernel=(None, (2,) * dims, (3,) * dims, (2,) * (dims + 1)), stride=(None, (2,) * dims), pad=(None, (1,) * dims),
                              pool_type=(None, "avg", "sum", "lp"), pooling_convention=(None, "full", "same"),
                              global_pool=(None, True), layout=(None, "NHWC", "NCHW") if dims == 2 else (None,)):  # fmt: skip
            yield "Pooling", attrs, [data]
    for shape in SHAPES:
        for axis, count in itertools.product((None, 0, -1, 3), (2, 3, 6)):
            attrs = {} if axis is None else {"axis": str(axis)}
            yield "BatchNorm", attrs, [shape, *[(count,)] * 4]
            yield "LayerNorm", attrs, [shape, *[(count,)] * 2]
        for label in ((4,), (2, 8, 9), (4, 6), (2,), (2, 3)):
            for attrs in variants(multi_output=(None, True), preserve_shape=(None, True)):
                yield "SoftmaxOutput", attrs, [shape, label]
        for act in (None, "elu", "selu", "gelu", "prelu", "rrelu"):
            yield "LeakyReLU", {} if act is None else {"act_type": act}, [shape, *([(shape[-1],)] if act == "prelu" else [])]
        for weight in ((10, 4), (9, 4)):
            yield "Embedding", {"input_dim": "10", "output_dim": "4"}, [shape, weight]
        for other, dim in itertools.product(SHAPES, (None, 0, -1, 2)):
            yield "Concat", {"num_args": "3", **({} if dim is None else {"dim": str(dim)})}, [shape, other, shape]


def by_operator():
    found: dict[str, list] = {name: [] for name in RULES}
    for name, attrs, shapes in cases():
        found[name].append((attrs, shapes))
    return found


@pytest.mark.parametrize("name, listed", by_operator().items())
def test_rules_are_what_operators_give(name, listed):
    op = find(name)
    answered = 0
    for i, (attrs, shapes) in enumerate(listed):
        kind = FLOATS[i % 4]
        types = [torch.float32 if name == "BatchNorm" and k and kind.itemsize == 2 else kind for k in range(len(shapes))]
        node = Node(op, "n", attrs, [(Node(None, f"v{k}", {}), 0) for k in range(len(shapes))])
        found = outputs_of(name, shapes, types, node.attrs)
        if found is not None:
            answered += 1
            assert [(tuple(t.shape), t.dtype) for t in run_meta(node, shapes, types)] == found, (attrs, shapes, types)
    assert answered >= 2, "the rule answers nothing"


def test_other_types_are_left_to_the_operator():
    assert outputs_of("exp", [(2,)], [torch.int32], {}) is None
    assert outputs_of("elemwise_add", [(2,), (2,)], [torch.float32, torch.float64], {}) is None
    assert outputs_of("Embedding", [(2,), (3, 4)], [torch.int32, torch.float16], {"input_dim": 3, "output_dim": 4}) == [
        ((2, 4), torch.float16)
    ]


def test_equal_calls_are_inferred_once_and_errors_every_time():
    x = mx.sym.var("x")
    bad = mx.sym.concat(mx.sym.slice_axis(x, axis=0, begin=0, end=1), x, dim=1)
    for _ in range(2):
        with pytest.raises(MXNetError, match="Concat"):
            bad.infer_shape(x=(3, 4))
    with mx.util.np_shape(True):
        assert mx.sym.sum(x, axis=0).infer_shape(x=(0, 4))[1] == [(4,)]


def test_a_network_is_bound_without_the_compiler():
    code = """
import sys, mxnet as mx
x = mx.sym.Pooling(mx.sym.BatchNorm(mx.sym.Convolution(mx.sym.var("x"), num_filter=4, kernel=(3, 3))), kernel=(1, 1), global_pool=True, pool_type="avg")
x = mx.sym.FullyConnected(mx.sym.Flatten(mx.sym.Activation(x + 1, act_type="relu")), num_hidden=3)
mx.sym.SoftmaxOutput(x, name="softmax").simple_bind(mx.cpu(), x=(2, 3, 8, 8)).forward()
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_hybridized_network_runs_without_the_compiler():
    code = """
import sys, mxnet as mx
net = mx.gluon.model_zoo.vision.resnet18_v2(classes=3, thumbnail=True)
net.initialize()
net.hybridize()
with mx.autograd.record():
    loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()(net(mx.nd.ones((2, 3, 8, 8))), mx.nd.ones(2))
loss.backward()
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
