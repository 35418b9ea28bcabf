"""Callbacks: what they log and save, and when."""

from __future__ import annotations

import os
import re
from collections import namedtuple

import pytest

import mxnet as mx

Param = namedtuple("Param", "epoch nbatch eval_metric locals")


@pytest.fixture
def metric():
    m = mx.metric.Accuracy()
    m.update([mx.nd.array([1, 0])], [mx.nd.array([[0.1, 0.9], [0.2, 0.8]])])
    return m


def lines(caplog):
    return [re.sub(r"[0-9.]+ samples/sec|inf samples/sec", "N samples/sec", r.getMessage()) for r in caplog.records]


def run(callback, metric, batches, caplog, epoch=1):
    with caplog.at_level("INFO"):
        for i in batches:
            callback(Param(epoch, i, metric, None))
    return lines(caplog)


def test_speedometer(metric, caplog):
    assert run(mx.callback.Speedometer(4, 2), metric, range(5), caplog) == [
        "Epoch[1] Batch [0-2]\tSpeed: N samples/sec\taccuracy=0.500000",
        "Epoch[1] Batch [2-4]\tSpeed: N samples/sec\taccuracy=nan",
    ]


def test_speedometer_without_reset(metric, caplog):
    assert run(mx.callback.Speedometer(4, 2, auto_reset=False), metric, range(5), caplog)[1].startswith("Epoch[1] Batch [0-4]")


def test_speedometer_without_metric(caplog):
    assert run(mx.callback.Speedometer(4, 2), None, range(3), caplog) == ["Iter[1] Batch [2]\tSpeed: N samples/sec"]


def test_log_train_metric(metric, caplog):
    assert run(mx.callback.log_train_metric(2, auto_reset=True), metric, range(3), caplog) == [
        "Iter[1] Batch[0] Train-accuracy=0.500000",
        "Iter[1] Batch[2] Train-accuracy=nan",
    ]


def test_validation_and_progress(metric, caplog):
    assert run(mx.callback.LogValidationMetricsCallback(), metric, [0], caplog) == ["Epoch[1] Validation-accuracy=0.500000"]
    caplog.clear()
    bars = run(mx.callback.ProgressBar(3, 10), metric, range(4), caplog)
    assert bars == ["[----------] 0%\r", "[===-------] 34%\r", "[=======---] 67%\r", "[==========] 100%\r"]


def test_checkpoints(tmp_path):
    prefix = str(tmp_path / "a")
    save = mx.callback.do_checkpoint(prefix, period=2)
    for epoch in range(4):
        save(epoch, None, {"w": mx.nd.ones((2,))}, {"m": mx.nd.zeros((1,))})
    assert sorted(os.listdir(tmp_path)) == ["a-0002.params", "a-0004.params"]
    assert sorted(mx.nd.load(prefix + "-0002.params")) == ["arg:w", "aux:m"]

    class Module:
        saved = []

        def save_checkpoint(self, *args):
            self.saved.append(args)

    save = mx.callback.module_checkpoint(Module(), "p", 2, save_optimizer_states=True)
    for epoch in range(3):
        save(epoch)
    assert Module.saved == [("p", 2, True)]


def test_lines_of_a_monitor(caplog):
    caplog.set_level("INFO")
    e = (mx.sym.var("a") * 2).simple_bind(mx.cpu(), a=(2,))
    monitor = mx.mon.Monitor(1, pattern="a")
    monitor.install(e)
    monitor.tic()
    e.forward()
    monitor.toc_print()
    assert [r.getMessage() for r in caplog.records] == ["Batch:       1 a                              0.0\t"]
