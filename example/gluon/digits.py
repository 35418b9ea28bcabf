"""Handwritten digits in float32 and in float16 with multi_precision: a LeNet-like network and a small residual one.

    python example/gluon/digits.py [--network lenet|resnet] [--dtype float32|float16|bfloat16] [--ctx cpu|gpu]

The data is scikit-learn's: 1,797 images of 8 x 8 (E. Alpaydin, C. Kaynak, UCI "Optical Recognition of Handwritten Digits", 1998).
float16 keeps weights and activations in 16 bits; the optimizer's `multi_precision` holds a float32 copy of every weight, and the loss is
computed in float32 (P. Micikevicius et al., "Mixed Precision Training", ICLR 2018).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.datasets import load_digits
from tqdm import tqdm

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn


def lenet() -> gluon.HybridBlock:
    """Two convolutions and two dense layers (after Y. LeCun et al., 1998)."""
    net = nn.HybridSequential()
    with net.name_scope():
        net.add(nn.Conv2D(16, 3, padding=1, activation="relu"), nn.MaxPool2D(2, 2))
        net.add(nn.Conv2D(32, 3, padding=1, activation="relu"), nn.MaxPool2D(2, 2))
        net.add(nn.Flatten(), nn.Dense(64, activation="relu"), nn.Dropout(0.3), nn.Dense(10))
    return net


class Residual(gluon.HybridBlock):
    """relu(x + conv(relu(conv(x)))), each convolution normalized (K. He et al., 2016)."""

    def __init__(self, channels: int, stride: int = 1, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.body = nn.HybridSequential()
            self.body.add(nn.Conv2D(channels, 3, stride, 1, use_bias=False), nn.BatchNorm(), nn.Activation("relu"))
            self.body.add(nn.Conv2D(channels, 3, 1, 1, use_bias=False), nn.BatchNorm())
            self.shortcut = nn.Conv2D(channels, 1, stride, use_bias=False) if stride > 1 else None

    def hybrid_forward(self, F, x):
        skip = x if self.shortcut is None else self.shortcut(x)
        return F.relu(skip + self.body(x))


def resnet() -> gluon.HybridBlock:
    """A convolution, three residual blocks, global average pooling and a dense layer."""
    net = nn.HybridSequential()
    with net.name_scope():
        net.add(nn.Conv2D(16, 3, padding=1, use_bias=False), nn.BatchNorm(), nn.Activation("relu"))
        net.add(Residual(16), Residual(32, 2), Residual(32), nn.GlobalAvgPool2D(), nn.Dense(10))
    return net


NETWORKS = {"lenet": lenet, "resnet": resnet}


def digits(seed: int = 3) -> tuple:
    """(train images, train labels, test images, test labels); images (n, 1, 8, 8) in [0, 1]."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    images = (images[order] / 16).reshape(-1, 1, 8, 8).astype(np.float32)
    labels = labels[order].astype(np.float32)
    return images[:1397], labels[:1397], images[1397:], labels[1397:]


def accuracy(net: gluon.Block, images: np.ndarray, labels: np.ndarray, ctx: mx.Context, dtype: str) -> float:
    """Share of images whose largest output is their label."""
    metric = mx.metric.Accuracy()
    metric.update([nd.array(labels)], [net(nd.array(images, ctx=ctx).astype(dtype)).astype("float32").as_in_context(mx.cpu())])
    return metric.get()[1]


def train(network: str = "lenet", dtype: str = "float32", ctx: mx.Context | None = None, *, epochs: int = 15, batch_size: int = 64,
          learning_rate: float = 0.06, seed: int = 5, quiet: bool = False):  # fmt: skip
    """Train and return (net, a list of {epoch, loss, test, seconds})."""
    ctx = ctx or mx.cpu()
    mx.random.seed(seed)
    np.random.seed(seed)  # initializers of MXNet draw from both
    shuffle = np.random.default_rng(seed)
    images, labels, test_images, test_labels = digits()
    net = NETWORKS[network]()
    net.initialize(mx.init.Xavier(), ctx=ctx)
    net.cast(dtype)
    net.hybridize()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    steps = epochs * -(-len(labels) // batch_size)
    schedule = mx.lr_scheduler.CosineScheduler(steps, base_lr=learning_rate, final_lr=learning_rate / 100)
    settings = {
        "learning_rate": learning_rate,
        "momentum": 0.9,
        "wd": 1e-4,
        "lr_scheduler": schedule,
        "multi_precision": dtype != "float32",
    }
    trainer = gluon.Trainer(net.collect_params(), "sgd", settings)
    history = []
    for epoch in range(epochs):
        started, total = time.perf_counter(), 0.0
        order = shuffle.permutation(len(labels))
        for start in tqdm(range(0, len(order), batch_size), desc=f"  epoch {epoch + 1}/{epochs}", disable=quiet, leave=False):
            index = order[start : start + batch_size]
            x, y = nd.array(images[index], ctx=ctx).astype(dtype), nd.array(labels[index], ctx=ctx)
            with autograd.record():
                error = loss(net(x).astype("float32"), y)
            error.backward()
            trainer.step(len(index))
            total += float(error.sum().asscalar())
        seconds = time.perf_counter() - started
        test = accuracy(net, test_images, test_labels, ctx, dtype)
        history.append({"epoch": epoch + 1, "loss": total / len(order), "test": test, "seconds": seconds})
    return net, history


def main() -> None:
    """Train and print the accuracy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="lenet", choices=sorted(NETWORKS))
    parser.add_argument("--dtype", default="float32", choices=["float32", "float16", "bfloat16"])
    parser.add_argument("--ctx", default="cpu", choices=["cpu", "gpu"])
    parser.add_argument("--epochs", type=int, default=15)
    args = parser.parse_args()
    _, history = train(args.network, args.dtype, mx.gpu() if args.ctx == "gpu" else mx.cpu(), epochs=args.epochs)
    for row in history:
        print(f"epoch {row['epoch']:2d}  loss {row['loss']:.4f}  test accuracy {100 * row['test']:.2f}%  {row['seconds']:.1f} s")


if __name__ == "__main__":
    main()
