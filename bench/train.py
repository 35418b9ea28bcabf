"""Training steps of symbolic networks beside the same networks in plain torch, in one process, one thread, alternating.

    python bench/train.py [--rounds 9] [--json OUT]

Ours: a symbol, `simple_bind`, forward, backward, SGD with momentum by `mx.optimizer`; and the same through `Module`. Theirs: `torch.nn`
modules in eager mode, `torch.optim.SGD`. Both start from the same weights; their losses after the run are compared. Both keep freed
memory (`keep_memory`). A row is the median over rounds of the ratio of neighbouring measurements. Exit status 1 if a step costs more than
1.05x.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import statistics
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import nn

import mxnet as mx

LIMIT = 1.05
RATE, MOMENTUM = 0.01, 0.9


def lenet_symbol():
    """Two convolutions and two dense layers."""
    x = mx.sym.Variable("data")
    for i, filters in enumerate((20, 50)):
        x = mx.sym.Convolution(x, kernel=(5, 5), num_filter=filters, name=f"conv{i}")
        x = mx.sym.Pooling(mx.sym.Activation(x, act_type="relu"), kernel=(2, 2), stride=(2, 2), pool_type="max")
    x = mx.sym.Activation(mx.sym.FullyConnected(x, num_hidden=500, name="fc0"), act_type="relu")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=10, name="fc1"), name="softmax", normalization="batch")


def lenet_torch():
    """The same in torch."""
    return nn.Sequential(nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))  # fmt: skip


def resnet_symbol():
    """ResNet-18 with post-activation blocks."""
    count = iter(range(1000))

    def unit(x, filters, stride, kernel=3, relu=True):
        i = next(count)
        x = mx.sym.Convolution(
            x, num_filter=filters, kernel=(kernel, kernel), stride=(stride, stride), pad=(kernel // 2,) * 2, no_bias=True, name=f"conv{i}"
        )
        x = mx.sym.BatchNorm(x, fix_gamma=False, eps=1e-5, momentum=0.9, name=f"bn{i}")
        return mx.sym.Activation(x, act_type="relu") if relu else x

    x = mx.sym.Pooling(unit(mx.sym.Variable("data"), 64, 2, 7), kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max")
    for stage, filters in enumerate((64, 128, 256, 512)):
        for block in range(2):
            stride = 2 if stage and not block else 1
            body = unit(unit(x, filters, stride), filters, 1, relu=False)
            skip = unit(x, filters, stride, 1, relu=False) if stride > 1 else x
            x = mx.sym.Activation(body + skip, act_type="relu")
    x = mx.sym.Flatten(mx.sym.Pooling(x, global_pool=True, pool_type="avg", kernel=(1, 1)))
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=100, name="fc"), name="softmax", normalization="batch")


class Block(nn.Module):
    """A residual block."""

    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(inputs, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(),
                                  nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters))  # fmt: skip
        self.skip = (
            nn.Sequential(nn.Conv2d(inputs, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)) if stride > 1 else nn.Identity()
        )

    def forward(self, x):
        return torch.relu(self.body(x) + self.skip(x))


def resnet_torch():
    """The same in torch."""
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for stage, filters in enumerate((64, 128, 256, 512)):
        for block in range(2):
            layers.append(Block(inputs, filters, 2 if stage and not block else 1))
            inputs = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 100))


class Ours:
    """A bound symbol and its optimizer."""

    def __init__(self, symbol, data, label):
        self.names = [n for n in symbol.list_arguments() if n not in ("data", "softmax_label")]
        requests = dict.fromkeys(self.names, "write")  # as Module binds: inputs need no gradient
        self.executor = symbol.simple_bind(mx.cpu(), grad_req=requests, data=data.shape, softmax_label=label.shape)
        self.data, self.label = mx.nd.array(data), mx.nd.array(label)
        self.updater = mx.optimizer.get_updater(mx.optimizer.SGD(learning_rate=RATE, momentum=MOMENTUM, wd=0.0, rescale_grad=1.0))

    def fill(self, module):
        """Take the weights of a torch module, whose order is that of the symbol."""
        values = [p.detach().numpy() for p in module.parameters()]
        assert len(values) == len(self.names), (len(values), self.names)
        for name, value in zip(self.names, values):
            self.executor.arg_dict[name][:] = value.reshape(self.executor.arg_dict[name].shape)
        for name, state in self.executor.aux_dict.items():
            state[:] = 1.0 if name.endswith("var") else 0.0

    def step(self):
        """One training step."""
        self.executor.forward(is_train=True, data=self.data, softmax_label=self.label)
        self.executor.backward()
        for i, name in enumerate(self.names):
            self.updater(i, self.executor.grad_dict[name], self.executor.arg_dict[name])

    def loss(self):
        """Cross entropy of the last forward pass."""
        p = self.executor.outputs[0].asnumpy()
        return float(-np.log(p[np.arange(len(p)), self.label.asnumpy().astype(int)]).mean())


class OursModule:
    """The same through the Module of the 0.12 era: forward_backward and update, without a metric."""

    def __init__(self, symbol, data, label):
        self.names = [n for n in symbol.list_arguments() if n not in ("data", "softmax_label")]
        self.module = mx.mod.Module(symbol)
        self.module.bind([("data", data.shape)], [("softmax_label", label.shape)])
        self.module.init_params()
        settings = {"learning_rate": RATE, "momentum": MOMENTUM, "wd": 0.0, "rescale_grad": 1.0}
        self.module.init_optimizer(optimizer="sgd", optimizer_params=settings)
        self.batch = mx.io.DataBatch([mx.nd.array(data)], [mx.nd.array(label)])

    def fill(self, module):
        """Take the weights of a torch module, whose order is that of the symbol."""
        shapes = {n: a.shape for n, a in self.module.get_params()[0].items()}
        args = {n: mx.nd.array(p.detach().numpy().reshape(shapes[n])) for n, p in zip(self.names, module.parameters(), strict=True)}
        aux = {n: mx.nd.full(a.shape, float(n.endswith("var"))) for n, a in self.module.get_params()[1].items()}
        self.module.set_params(args, aux)

    def step(self):
        """One training step."""
        self.module.forward_backward(self.batch)
        self.module.update()

    def loss(self):
        """Cross entropy of the last forward pass."""
        p = self.module.get_outputs()[0].asnumpy()
        return float(-np.log(p[np.arange(len(p)), self.batch.label[0].asnumpy().astype(int)]).mean())


class Theirs:
    """A torch module and its optimizer."""

    def __init__(self, module, data, label):
        self.module = module.train()
        self.data, self.label = torch.from_numpy(data), torch.from_numpy(label).long()
        self.optimizer = torch.optim.SGD(module.parameters(), lr=RATE, momentum=MOMENTUM)

    def step(self):
        """One training step."""
        self.value = torch.nn.functional.cross_entropy(self.module(self.data), self.label)
        self.optimizer.zero_grad()
        self.value.backward()
        self.optimizer.step()

    def loss(self):
        """Cross entropy of the last forward pass."""
        return float(self.value.detach())


CASES = {
    "LeNet, batch 64, 1x28x28": (Ours, lenet_symbol, lenet_torch, (64, 1, 28, 28), 10, 5),
    "ResNet-18, batch 8, 3x64x64": (Ours, resnet_symbol, resnet_torch, (8, 3, 64, 64), 100, 2),
    "LeNet, Module": (OursModule, lenet_symbol, lenet_torch, (64, 1, 28, 28), 10, 5),
    "ResNet-18, Module": (OursModule, resnet_symbol, resnet_torch, (8, 3, 64, 64), 100, 2),
}


def keep_memory():
    """Tell glibc to keep freed blocks. Else it gives the top of the heap back to the kernel after some steps and not after others, as the layout of
    the heap happens to be, and page faults then cost either side up to a tenth of a step.
    """
    if platform.libc_ver()[0] == "glibc":
        trim_threshold, mmap_threshold = -1, -3  # numbers of malloc.h
        for option in (trim_threshold, mmap_threshold):
            ctypes.CDLL(None).mallopt(option, 1 << 30)


def seconds(side, steps):
    """Seconds of a step."""
    started = time.perf_counter()
    for _ in range(steps):
        side.step()
    return (time.perf_counter() - started) / steps


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", help="write the figures here")
    args = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    rows, bad = [], 0
    for name, (kind, symbol, module, shape, classes, steps) in CASES.items():
        random = np.random.default_rng(0)
        data = random.normal(size=shape).astype(np.float32)
        label = random.integers(0, classes, shape[0]).astype(np.float32)
        torch.manual_seed(0)
        theirs = Theirs(module(), data, label)
        ours = kind(symbol(), data, label)
        ours.fill(theirs.module)
        seconds(ours, 1), seconds(theirs, 1)
        pairs = [(seconds(ours, steps), seconds(theirs, steps)) for _ in range(args.rounds)]
        ratio = statistics.median(a / b for a, b in pairs)
        mine, other = (1000 * statistics.median(p[i] for p in pairs) for i in (0, 1))
        agree = abs(ours.loss() - theirs.loss()) < 0.02 * max(1.0, theirs.loss())
        wrong = ratio > LIMIT or not agree
        bad += wrong
        rows.append({"case": name, "ours_ms": mine, "torch_ms": other, "ratio": ratio, "loss": ours.loss(), "loss_torch": theirs.loss()})
        print(
            f"{name:30s} ours {mine:8.2f} ms  torch {other:8.2f} ms  ratio {ratio:.3f}  losses {ours.loss():.4f} {theirs.loss():.4f}"
            + ("  <-" if wrong else "")
        )
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"machine": platform.machine(), "torch": torch.__version__, "rows": rows}, f, indent=1)
    print(f"{len(rows) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
