"""Image classifiers: every name builds; small ones run and train; files of trained parameters."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import mxnet as mx
from mxnet.gluon import model_zoo
from mxnet.gluon.model_zoo import vision


@pytest.mark.parametrize("name", sorted(vision.MODELS))
def test_builds(name):
    net = vision.get_model(name.upper(), classes=7)
    last = [p for n, p in net.collect_params().items() if n.endswith("weight")][-1]
    assert last.shape[0] == 7


@pytest.mark.parametrize("make", [vision.resnet18_v1, vision.resnet18_v2, vision.mobilenet0_25, vision.mobilenet_v2_0_25])
def test_trains(make):
    kwargs = {"thumbnail": True} if "resnet" in make.__name__ else {}
    net = make(classes=3, **kwargs)
    net.initialize(mx.init.Xavier())
    x, y = mx.nd.random.uniform(shape=(2, 3, 32, 32)), mx.nd.array([0, 2])
    before = net(x).asnumpy()
    net.hybridize()
    np.testing.assert_allclose(net(x).asnumpy(), before, rtol=1e-4, atol=1e-5)
    trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.05})
    loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    values = []
    for _ in range(4 if kwargs else 1):  # two images of 1 x 1 positions are too few for batch normalization: the others would diverge
        with mx.autograd.record():
            value = loss(net(x), y)
        value.backward()
        trainer.step(2)
        values.append(value.mean().asscalar())
    assert np.isfinite(values).all()
    assert values[-1] <= values[0]


def test_unknown_name():
    with pytest.raises(ValueError, match="'resnet19_v1' is unknown.*Did you mean 'resnet1"):
        vision.get_model("resnet19_v1")


def test_pretrained_files(tmp_path):
    with pytest.raises(mx.MXNetError, match="no trained parameters for squeezenet1.1"):
        vision.squeezenet1_1(pretrained=True, root=str(tmp_path))
    net = vision.squeezenet1_1()
    net.initialize()
    net(mx.nd.zeros((1, 3, 224, 224)))
    net.save_parameters(str(tmp_path / "p"))
    data = (tmp_path / "p").read_bytes()
    digest = hashlib.sha1(data).hexdigest()[:8]
    (tmp_path / f"squeezenet1.1-{digest}.params").write_bytes(data)
    other = vision.squeezenet1_1(pretrained=True, root=str(tmp_path))
    assert (other.output[0].weight.data().asnumpy() == net.output[0].weight.data().asnumpy()).all()
    (tmp_path / f"squeezenet1.1-{digest}.params").write_bytes(data[:-1])
    with pytest.raises(mx.MXNetError, match="is damaged"):
        model_zoo.model_store.get_model_file("squeezenet1.1", root=str(tmp_path))
    model_zoo.model_store.purge(str(tmp_path))
    assert not list(tmp_path.glob("*.params"))
