"""Layers: shapes and values against torch or NumPy, deferred sizes, both ways of running, bad arguments."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.gluon import contrib, nn

SHAPES = [
    (lambda: nn.Dense(4), (2, 3), (2, 4)),
    (lambda: nn.Dense(4, flatten=False), (2, 5, 3), (2, 5, 4)),
    (lambda: nn.Dense(4), (2, 5, 3), (2, 4)),
    (lambda: nn.Flatten(), (2, 5, 3), (2, 15)),
    (lambda: nn.Dropout(0.5), (2, 3), (2, 3)),
    (lambda: nn.Dropout(0), (2, 3), (2, 3)),
    (lambda: nn.BatchNorm(), (2, 3, 4), (2, 3, 4)),
    (lambda: nn.BatchNorm(axis=-1), (2, 4, 3), (2, 4, 3)),
    (lambda: nn.LayerNorm(), (2, 3), (2, 3)),
    (lambda: nn.InstanceNorm(), (2, 3, 4), (2, 3, 4)),
    (lambda: nn.InstanceNorm(axis=2), (2, 3, 4), (2, 3, 4)),
    (lambda: nn.GroupNorm(2), (2, 4, 3), (2, 4, 3)),
    (lambda: nn.Conv1D(4, 3), (2, 3, 7), (2, 4, 5)),
    (lambda: nn.Conv2D(4, (3, 2), strides=2, padding=1, groups=3 if False else 1), (2, 3, 7, 6), (2, 4, 4, 4)),
    (lambda: nn.Conv2D(6, 3, groups=3), (2, 3, 7, 6), (2, 6, 5, 4)),
    (lambda: nn.Conv2D(4, 3, layout="NHWC"), (2, 7, 6, 3), (2, 5, 4, 4)),
    (lambda: nn.Conv3D(4, 3, activation="relu"), (1, 2, 4, 5, 6), (1, 4, 2, 3, 4)),
    (lambda: nn.Conv1DTranspose(4, 3, strides=2), (2, 3, 4), (2, 4, 9)),
    (lambda: nn.Conv2DTranspose(4, 3, strides=2, padding=1, output_padding=1), (2, 3, 4, 4), (2, 4, 8, 8)),
    (lambda: nn.Conv3DTranspose(2, 2, use_bias=False), (1, 3, 2, 2, 2), (1, 2, 3, 3, 3)),
    (lambda: nn.MaxPool1D(), (1, 2, 5), (1, 2, 2)),
    (lambda: nn.MaxPool2D(3, 2, ceil_mode=True), (1, 2, 6, 6), (1, 2, 3, 3)),
    (lambda: nn.MaxPool3D(), (1, 2, 4, 4, 4), (1, 2, 2, 2, 2)),
    (lambda: nn.AvgPool1D(3, 1, 1), (1, 2, 5), (1, 2, 5)),
    (lambda: nn.AvgPool2D(layout="NHWC"), (1, 4, 4, 2), (1, 2, 2, 2)),
    (lambda: nn.AvgPool3D(), (1, 2, 4, 4, 4), (1, 2, 2, 2, 2)),
    (lambda: nn.GlobalAvgPool1D(), (1, 2, 5), (1, 2, 1)),
    (lambda: nn.GlobalMaxPool2D(), (1, 2, 5, 4), (1, 2, 1, 1)),
    (lambda: nn.GlobalAvgPool3D(), (1, 2, 5, 4, 3), (1, 2, 1, 1, 1)),
    (lambda: nn.ReflectionPad2D(1), (1, 2, 3, 3), (1, 2, 5, 5)),
    (lambda: nn.PReLU(in_channels=3), (2, 3, 4), (2, 3, 4)),
    (lambda: contrib.nn.PixelShuffle1D(2), (1, 4, 3), (1, 2, 6)),
    (lambda: contrib.nn.PixelShuffle2D((2, 3)), (1, 12, 3, 4), (1, 2, 6, 12)),
    (lambda: contrib.nn.PixelShuffle3D(2), (1, 8, 2, 3, 4), (1, 1, 4, 6, 8)),
    (lambda: contrib.nn.SyncBatchNorm(), (2, 3, 4, 4), (2, 3, 4, 4)),
    (lambda: nn.HybridLambda("tanh"), (2, 3), (2, 3)),
]


@pytest.mark.parametrize("make,shape,expected", SHAPES)
def test_shapes_and_both_ways(make, shape, expected):
    net = make()
    net.initialize(mx.init.Uniform(0.5))
    x = mx.nd.random.uniform(-1, 1, shape=shape)
    y = net(x)
    assert y.shape == expected
    net.hybridize()
    assert (net(x).asnumpy() == y.asnumpy()).all()
    assert net(mx.sym.var("x")).infer_shape(x=shape)[1] == [expected]


def close(ours, theirs):
    np.testing.assert_allclose(ours.asnumpy(), theirs.detach().numpy(), rtol=1e-4, atol=1e-5)


def torch_of(p):
    return torch.from_numpy(p.data().asnumpy())


def test_dense_against_torch():
    net = nn.Dense(4, activation="tanh", bias_initializer="ones")
    net.initialize(mx.init.Normal(1))
    x = mx.nd.random.uniform(shape=(2, 3))
    close(net(x), torch.tanh(torch.nn.functional.linear(torch.from_numpy(x.asnumpy()), torch_of(net.weight), torch_of(net.bias))))


def test_conv_against_torch():
    net = nn.Conv2D(4, 3, strides=2, padding=1, dilation=2, bias_initializer="ones")
    net.initialize(mx.init.Normal(1))
    x = mx.nd.random.uniform(shape=(2, 3, 9, 9))
    close(net(x), torch.nn.functional.conv2d(torch.from_numpy(x.asnumpy()), torch_of(net.weight), torch_of(net.bias), 2, 1, 2))


def test_channels_last_is_the_same_convolution():
    first, last = nn.Conv2D(4, 3, in_channels=2), nn.Conv2D(4, 3, in_channels=2, layout="NHWC")
    first.initialize(mx.init.Normal(1))
    last.initialize()
    last.weight.set_data(first.weight.data().transpose((0, 2, 3, 1)))
    x = mx.nd.random.uniform(shape=(1, 2, 5, 5))
    np.testing.assert_allclose(first(x).asnumpy(), last(x.transpose((0, 2, 3, 1))).transpose((0, 3, 1, 2)).asnumpy(), rtol=1e-5, atol=1e-6)


def test_batch_norm_trains_and_predicts():
    net = nn.BatchNorm(momentum=0.5, in_channels=2)
    net.initialize()
    x = mx.nd.random.normal(3, 2, shape=(50, 2))
    with mx.autograd.record():
        y = net(x)
    y.backward()
    np.testing.assert_allclose(y.asnumpy().mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(net.running_mean.data().asnumpy(), 0.5 * x.asnumpy().mean(0), rtol=1e-4)
    mean, var = net.running_mean.data().asnumpy(), net.running_var.data().asnumpy()
    np.testing.assert_allclose(net(x).asnumpy(), (x.asnumpy() - mean) / np.sqrt(var + 1e-5), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_batch_norm_keeps_float32_parameters(dtype):
    net = nn.BatchNorm(in_channels=2)
    net.initialize()
    net.cast(dtype)
    assert net.gamma.data().dtype == np.float32
    assert net(mx.nd.ones((3, 2), dtype=dtype)).dtype == mx.nd.ones(1, dtype=dtype).dtype


def test_frozen_batch_norm_has_no_gradients():
    net = nn.BatchNorm(center=False, scale=False, in_channels=2)
    assert net.gamma.grad_req == net.beta.grad_req == "null"
    net.gamma.grad_req = "write"
    assert net.gamma.grad_req == "null"


def test_embedding_cast():
    net = nn.Embedding(5, 2)
    net.initialize()
    net.cast("float16")
    assert net(mx.nd.array([1, 2])).dtype == np.float16


ACTIVATIONS = [
    (nn.LeakyReLU(0.3), lambda t: torch.nn.functional.leaky_relu(t, 0.3)), (nn.ELU(0.7), lambda t: torch.nn.functional.elu(t, 0.7)),
    (nn.SELU(), torch.nn.functional.selu), (nn.GELU(), torch.nn.functional.gelu), (nn.Swish(), torch.nn.functional.silu),
    (nn.Activation("softrelu"), torch.nn.functional.softplus), (nn.Activation("softsign"), torch.nn.functional.softsign),
    (nn.Activation("sigmoid"), torch.sigmoid),
]  # fmt: skip


@pytest.mark.parametrize("layer,reference", ACTIVATIONS)
def test_activations(layer, reference):
    x = mx.nd.array(np.linspace(-2.9, 3, 12))
    t = torch.from_numpy(x.asnumpy()).requires_grad_()
    x.attach_grad()
    with mx.autograd.record():
        y = layer(x)
    y.backward()
    out = reference(t)
    out.sum().backward()
    close(y, out)
    close(x.grad, t.grad)


def test_sequential():
    net = nn.HybridSequential()
    net.add(nn.Dense(2), nn.Dense(3))
    net.add(nn.Dense(4))
    assert len(net) == 3
    assert [b._units for b in net] == [2, 3, 4]
    assert net[-1]._units == 4
    assert [b._units for b in net[1:]] == [3, 4]
    plain = nn.Sequential()
    plain.add(nn.Dense(2))
    with pytest.warns(UserWarning, match="HybridSequential would run them as one graph"):
        plain.hybridize()


def test_lambda_names_are_checked():
    with pytest.raises(AssertionError, match="'tanhh' is no function of mxnet.ndarray. Did you mean 'tanh'"):
        nn.Lambda("tanhh")
    with pytest.raises(ValueError, match="must be callable or a name, got int"):
        nn.HybridLambda(3)


@pytest.mark.parametrize(
    "make,text",
    [
        (lambda: nn.Conv2D(2, 3, layout="HWCN"), "Conv2D: layout is 'HWCN'. Use NCHW or NHWC"),
        (lambda: nn.Conv2D(2, (3, 3, 3)), r"Conv2D: kernel_size is \(3, 3, 3\), it needs 2 numbers"),
        (lambda: nn.MaxPool1D(layout="NCHW"), "MaxPool1D: layout is 'NCHW'"),
        (lambda: nn.LeakyReLU(-1), "LeakyReLU: alpha is -1"),
    ],
)
def test_bad_arguments(make, text):
    with pytest.raises(AssertionError, match=text):
        make()


def test_reprs():
    assert repr(nn.Dense(2, in_units=3)) == "Dense(3 -> 2, linear)"
    assert repr(nn.Conv2D(4, 3, padding=1, groups=2, in_channels=2, use_bias=False)) == (
        "Conv2D(1 -> 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=2, bias=False)"
    )
    assert repr(nn.MaxPool2D()) == (
        "MaxPool2D(size=(2, 2), stride=(2, 2), padding=(0, 0), ceil_mode=False, global_pool=False, pool_type=max, layout=NCHW)"
    )


def test_batch_norm_gradient_of_a_prediction_is_its_derivative():
    net = nn.BatchNorm(in_channels=2)
    net.initialize()
    net.running_var.set_data(mx.nd.array([4, 9]))
    x = mx.nd.random.uniform(shape=(3, 2))
    x.attach_grad()
    with mx.autograd.record(train_mode=False):
        y = net(x)
    y.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), [[1 / 2, 1 / 3]] * 3, rtol=1e-4)
