"""The Estimator: training, validation, stopping, checkpoints, handlers of the user."""

from __future__ import annotations

import logging
import os

import numpy as np
import pytest

import mxnet as mx
from mxnet.gluon import data, loss, nn
from mxnet.gluon.contrib import estimator as E


def loader(n=16):
    x = np.random.RandomState(0).uniform(-1, 1, (n, 4)).astype("float32")
    return data.DataLoader(data.ArrayDataset(x, (x[:, 0] > 0).astype("float32")), 4)


def made(**kwargs):
    net = nn.Dense(2)
    net.initialize(mx.init.Xavier())
    trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    est = E.Estimator(net, loss.SoftmaxCrossEntropyLoss(), mx.metric.Accuracy(), trainer=trainer, **kwargs)
    est.logger.setLevel(logging.WARNING)
    return est


def test_fit_learns_and_validates():
    est = made()
    est.fit(loader(), loader(), epochs=12)
    assert est.train_metrics[0].get()[0] == "training accuracy"
    assert est.val_metrics[0].get()[1] > 0.8
    assert est.val_metrics[1].get()[1] < 0.6


def test_batches_contexts_and_own_handlers():
    seen = []

    class Count(E.TrainBegin, E.BatchEnd, E.TrainEnd):
        def train_begin(self, estimator, *args, **kwargs):
            seen.append("begin")

        def batch_end(self, estimator, *args, **kwargs):
            seen.append(len(kwargs["pred"]))

        def train_end(self, estimator, *args, **kwargs):
            seen.append("end")

    est = made(context=[mx.cpu(0), mx.cpu(1)])
    est.fit(loader(), batches=6, event_handlers=[Count()])
    assert seen == ["begin", *[2] * 6, "end"]


def test_early_stopping_and_checkpoints(tmp_path):
    est = made()
    est.trainer.set_learning_rate(0.0)
    stop = E.EarlyStoppingHandler(est.train_metrics[-1], patience=2)
    keep = E.CheckpointHandler(str(tmp_path), monitor=est.train_metrics[-1], save_best=True, max_checkpoints=2)
    est.fit(loader(), epochs=50, event_handlers=[stop, keep])
    assert stop.stopped_epoch == 3
    files = sorted(os.listdir(tmp_path))
    assert files == ["model-best.params", "model-epoch2batch8.params", "model-epoch2batch8.states", "model-epoch3batch12.params",
                     "model-epoch3batch12.states"]  # fmt: skip
    again = made()
    again.fit(loader(), batches=1, event_handlers=[E.CheckpointHandler(str(tmp_path), epoch_period=None, resume_from_checkpoint=True)])
    assert again.trainer.learning_rate == 0


def test_logging(caplog):
    est = made()
    lines = []
    est.logger.handlers = [type("Lines", (logging.Handler,), {"emit": lambda self, r: lines.append(r.getMessage())})()]
    est.logger.setLevel(logging.INFO)
    est.fit(loader(), epochs=1, event_handlers=E.LoggingHandler(log_interval=2, metrics=est.train_metrics))
    assert lines[0].startswith("Training begins: SGD, learning rate 0.5, 1 epochs")
    assert sum("[Batch" in line for line in lines) == 2


def test_errors():
    with pytest.raises(ValueError, match="loss must be a gluon Loss"):
        E.Estimator(nn.Dense(1), 3)
    with pytest.raises(ValueError, match="Pass exactly one"):
        made().fit(loader())
    with pytest.raises(ValueError, match="metrics must be EvalMetrics"):
        E.Estimator(nn.Dense(1), loss.L2Loss(), [3])
    with pytest.raises(ValueError, match="a handler is a int"):
        made().fit(loader(), epochs=1, event_handlers=[3])
