"""The Estimator: training, validation, stopping, checkpoints, handlers of the user."""

from __future__ import annotations

import logging
import os
import re

import numpy as np
import pytest

import mxnet as mx
from mxnet.gluon import data, loss, nn
from mxnet.gluon.contrib import estimator as E


def loader(n=16):
    x = np.random.RandomState(0).uniform(-1, 1, (n, 4)).astype("float32")
    return data.DataLoader(data.ArrayDataset(x, (x[:, 0] > 0).astype("float32")), 4)


def made(net_context=None, **kwargs):
    net = nn.Dense(2)
    net.initialize(mx.init.Xavier(), ctx=net_context)
    trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    est = E.Estimator(net, loss.SoftmaxCrossEntropyLoss(), mx.metric.Accuracy(), trainer=trainer, **kwargs)
    est.logger.setLevel(logging.WARNING)
    return est


def test_fit_learns_and_validates():
    est = made()
    est.fit(loader(), loader(), epochs=12)
    assert est.train_metrics[0].get()[0] == "training accuracy"
    assert est.val_metrics[0].get()[1] > 0.8
    assert [m.get()[0] for m in est.val_metrics] == ["validation accuracy"]


def test_default_metrics_trainer_and_initializer():
    net = nn.Dense(2)
    with pytest.warns(UserWarning, match="No trainer specified"):
        est = E.Estimator(net, loss.SoftmaxCrossEntropyLoss(), initializer="ones")
    assert [m.name for m in est.train_metrics] == ["training accuracy", "training softmaxcrossentropyloss"]
    assert [m.name for m in est.val_metrics] == ["validation accuracy", "validation softmaxcrossentropyloss"]
    assert type(est.trainer.optimizer).__name__ == "SGD" and est.trainer.learning_rate == 0.001
    net(mx.nd.ones((1, 3)))
    assert (net.weight.data().asnumpy() == 1).all()
    with pytest.warns(UserWarning, match="Network already fully initialized"):
        E.Estimator(net, loss.L2Loss(), initializer="ones", trainer=est.trainer)


def test_batches_contexts_and_own_handlers():
    seen = []

    class Count(E.TrainBegin, E.BatchEnd, E.TrainEnd):
        def train_begin(self, estimator, *args, **kwargs):
            seen.append("begin")

        def batch_end(self, estimator, *args, **kwargs):
            seen.append(len(kwargs["pred"]))

        def train_end(self, estimator, *args, **kwargs):
            seen.append("end")

    est = made(context=[mx.cpu(0), mx.cpu(1)], net_context=[mx.cpu(0), mx.cpu(1)])
    est.fit(loader(), batches=6, event_handlers=[Count()])
    assert seen == ["begin", *[2] * 6, "end"]


def test_early_stopping_and_checkpoints(tmp_path):
    est = made()
    est.trainer.set_learning_rate(0.0)
    stop = E.EarlyStoppingHandler(est.train_metrics[-1], patience=2, mode="min")
    keep = E.CheckpointHandler(str(tmp_path), monitor=est.train_metrics[-1], save_best=True, max_checkpoints=2)
    est.fit(loader(), epochs=50, event_handlers=[stop, keep])
    assert (stop.stopped_epoch, stop.current_epoch) == (2, 3)
    files = sorted(os.listdir(tmp_path))
    assert files == ["model-best.params", "model-best.states", "model-epoch1batch8.params", "model-epoch1batch8.states",
                     "model-epoch2batch12.params", "model-epoch2batch12.states", "model-symbol.json"]  # fmt: skip


def test_training_continues_from_a_checkpoint(tmp_path):
    made().fit(loader(), epochs=2, event_handlers=E.CheckpointHandler(str(tmp_path), max_checkpoints=1))
    assert sorted(os.listdir(tmp_path)) == ["model-epoch1batch8.params", "model-epoch1batch8.states", "model-symbol.json"]
    again = made()
    again.trainer.set_learning_rate(0.25)
    again.fit(loader(), epochs=5, event_handlers=E.CheckpointHandler(str(tmp_path), max_checkpoints=1, resume_from_checkpoint=True))
    assert again.max_epoch == 3 and again.trainer.learning_rate == 0.5  # the optimizer comes from the file
    assert sorted(os.listdir(tmp_path)) == ["model-epoch4batch20.params", "model-epoch4batch20.states", "model-symbol.json"]
    with pytest.raises(ValueError, match="has reached max_epoch already"):
        made().fit(loader(), epochs=5, event_handlers=E.CheckpointHandler(str(tmp_path), resume_from_checkpoint=True))
    with pytest.raises(ValueError, match="of the same kind only"):
        made().fit(loader(), batches=5, event_handlers=E.CheckpointHandler(str(tmp_path), resume_from_checkpoint=True))


def test_checkpoints_by_batches_and_the_graph(tmp_path):
    est = made()
    est.net.hybridize()
    keep = E.CheckpointHandler(str(tmp_path), epoch_period=None, batch_period=2, max_checkpoints=2)
    est.fit(loader(), batches=10, event_handlers=keep)
    assert (keep.current_epoch, keep.current_batch) == (3, 10)
    assert sorted(os.listdir(tmp_path)) == ["model-epoch1batch7.params", "model-epoch1batch7.states", "model-epoch2batch9.params",
                                            "model-epoch2batch9.states", "model-symbol.json"]  # fmt: skip
    assert mx.sym.load(str(tmp_path / "model-symbol.json")).list_arguments()[0] == "data"


def test_auto_mode_goes_by_the_name_of_the_metric():
    assert E.EarlyStoppingHandler(mx.metric.Accuracy()).monitor_op is np.greater
    assert E.EarlyStoppingHandler(mx.metric.Loss()).monitor_op is np.less
    with pytest.warns(RuntimeWarning, match="mode 'best' is unknown"):
        E.EarlyStoppingHandler(mx.metric.Loss(), mode="best")


def test_batch_axis_reaches_validation():
    seen = []

    class Batches(E.BatchProcessor):
        def evaluate_batch(self, estimator, val_batch, batch_axis=0):
            seen.append(batch_axis)
            return super().evaluate_batch(estimator, val_batch, 0)

        def fit_batch(self, estimator, train_batch, batch_axis=0):
            return super().fit_batch(estimator, train_batch, 0)

    made(batch_processor=Batches()).fit(loader(), loader(), epochs=1, batch_axis=1)
    assert seen == [1] * 4


def test_logging(caplog):
    est = made()
    lines = []
    est.logger.handlers = [type("Lines", (logging.Handler,), {"emit": lambda self, r: lines.append(r.getMessage())})()]
    est.logger.setLevel(logging.INFO)
    est.fit(loader(), epochs=1, event_handlers=E.LoggingHandler(log_interval=2, metrics=est.train_metrics))
    assert lines[0].startswith("Training begins: SGD, learning rate 0.5, 1 epochs")
    batches = [line for line in lines if "[Batch" in line]
    assert len(batches) == 2
    assert re.fullmatch(r"\[Epoch 0\]\[Batch 2\]\[Samples 12\] time/interval: \d+\.\d+s training accuracy: \d\.\d+", batches[1])
    lines.clear()
    est.evaluate(loader())
    assert lines[0] == "Validation begins"


def test_errors():
    with pytest.raises(ValueError, match="loss must be a gluon Loss"):
        E.Estimator(nn.Dense(1), 3)
    with pytest.raises(ValueError, match="Pass exactly one"):
        made().fit(loader())
    with pytest.raises(ValueError, match="metrics must be EvalMetrics"):
        E.Estimator(nn.Dense(1), loss.L2Loss(), [3])
    with pytest.raises(ValueError, match="must be a gluon.data.DataLoader"):
        made().fit([mx.nd.ones((2, 3))], epochs=1)
    with pytest.raises(ValueError, match="does not know"):
        made().fit(loader(), epochs=1, event_handlers=E.LoggingHandler(metrics=mx.metric.Loss()))
    with pytest.raises(AssertionError, match="does not exist"):
        made(context=mx.gpu(100))
    with pytest.raises(ValueError, match="lacks fit_batch"):
        made(batch_processor=3)
    with pytest.raises(ValueError, match="a handler is a int"):
        made().fit(loader(), epochs=1, event_handlers=[3])
