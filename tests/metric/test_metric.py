"""Metrics against NumPy, averages local and global, creation, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mxnet as mx

LABEL = np.array([0, 1, 2, 1, 0], "float32")
SCORE = np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.2, 0.5, 0.3]], "float32")


def value(metric, label=LABEL, pred=SCORE):
    metric.update([mx.nd.array(label)], [mx.nd.array(pred)])
    return metric.get()[1]


def test_classification():
    assert value(mx.metric.Accuracy()) == 0.6
    assert value(mx.metric.Accuracy(), LABEL, SCORE.argmax(1)) == 0.6
    assert value(mx.metric.Accuracy(axis=1), np.zeros((2, 4)), np.ones((2, 3, 4))) == 1.0
    assert value(mx.metric.TopKAccuracy(2)) == 0.6 and mx.metric.TopKAccuracy(2).name == "top_k_accuracy_2"
    assert value(mx.metric.TopKAccuracy(7)) == 1.0
    label, pred = np.array([0, 1, 1, 0]), np.array([[0.2, 0.8], [0.3, 0.7], [0.9, 0.1], [0.6, 0.4]])
    assert value(mx.metric.F1(), label, pred) == 0.5
    assert value(mx.metric.MCC(), label, pred) == 0.0
    matrix = np.zeros((3, 3))
    np.add.at(matrix, (SCORE.argmax(1), LABEL.astype(int)), 1)
    n, x, y = matrix.sum(), matrix.sum(1), matrix.sum(0)
    want = (np.diag(matrix) * n - x * y).sum() / math.sqrt((x * (n - x)).sum() * (y * (n - y)).sum())
    assert value(mx.metric.PCC()) == pytest.approx(want)


def test_micro_equals_pcc_for_two_classes():
    micro, pcc = mx.metric.MCC(average="micro"), mx.metric.PCC()
    for seed in range(3):
        r = np.random.RandomState(seed)
        for m in (micro, pcc):
            value(m, r.randint(0, 2, 9), r.rand(9, 2))
            r = np.random.RandomState(seed)
    assert micro.get()[1] == pytest.approx(pcc.get()[1])


def test_probabilities():
    p = SCORE[np.arange(5), LABEL.astype(int)].astype("float64")
    assert value(mx.metric.CrossEntropy()) == pytest.approx(-np.log(p).mean(), rel=1e-6)
    assert value(mx.metric.NegativeLogLikelihood()) == pytest.approx(-np.log(p).mean(), rel=1e-6)
    assert value(mx.metric.Perplexity(None)) == pytest.approx(np.exp(-np.log(p).mean()), rel=1e-6)
    kept = p[LABEL != 1]
    assert value(mx.metric.Perplexity(1)) == pytest.approx(np.exp(-np.log(kept).mean()), rel=1e-6)
    assert value(mx.metric.Perplexity(None), LABEL[:4].reshape(2, 2), SCORE[:4].reshape(2, 2, 3)) == pytest.approx(
        np.exp(-np.log(p[:4]).mean())
    )
    beyond = np.array([-1.0, 0, 2, 7, 1])  # labels that are no class count as the nearest one, as in pick
    nearest = SCORE[np.arange(5), beyond.clip(0, 2).astype(int)].astype("float64")
    assert value(mx.metric.Perplexity(None), beyond) == pytest.approx(np.exp(-np.log(nearest).mean()), rel=1e-6)


def test_regression():
    label, pred = np.array([[1.0, 2], [3, 4]]), np.array([[1.5, 2], [2, 6]])
    d = label - pred
    assert value(mx.metric.MAE(), label, pred) == pytest.approx(abs(d).mean())
    assert value(mx.metric.MSE(), label, pred) == pytest.approx((d**2).mean())
    assert value(mx.metric.RMSE(), label, pred) == pytest.approx((d**2).mean() ** 0.5)
    assert value(mx.metric.PearsonCorrelation(), label, pred) == pytest.approx(np.corrcoef(label.ravel(), pred.ravel())[0, 1])
    assert value(mx.metric.Loss(), label, pred) == pytest.approx(pred.mean())
    assert value(mx.metric.MSE(), np.array([1.0, 2]), np.array([[1.0], [4]])) == 2.0


def test_micro_correlation_is_that_of_all_batches_together():
    r = np.random.RandomState(0)
    metric = mx.metric.PearsonCorrelation(average="micro")
    labels, preds = [r.rand(n) + 100 for n in (3, 50, 7)], [r.rand(n) for n in (3, 50, 7)]
    for label, pred in zip(labels, preds):
        metric.update([mx.nd.array(label, dtype="float64")], [mx.nd.array(pred, dtype="float64")])
    assert metric.get()[1] == pytest.approx(np.corrcoef(np.concatenate(labels), np.concatenate(preds))[0, 1])


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_types_do_not_overflow(dtype):
    big = mx.nd.full((100, 100), 100, dtype=dtype)
    loss = mx.metric.Loss()
    loss.update(None, [big])
    assert loss.get()[1] == 100
    accuracy = mx.metric.Accuracy()
    accuracy.update([mx.nd.array(LABEL, dtype="int32")], [mx.nd.array(SCORE, dtype=dtype)])
    assert accuracy.get()[1] == 0.6


def test_local_and_global_average():
    m = mx.metric.Accuracy()
    assert math.isnan(m.get()[1])
    value(m, [0, 0], [[1, 0], [0, 1]])
    m.reset_local()
    assert math.isnan(m.get()[1]) and m.get_global()[1] == 0.5
    value(m, [0, 0], [[1, 0], [1, 0]])
    assert m.get_name_value() == [("accuracy", 1.0)] and m.get_global_name_value() == [("accuracy", 0.75)]
    m.reset()
    assert math.isnan(m.get_global()[1])


def test_composite_custom_and_create():
    m = mx.metric.create(["acc", mx.metric.MSE(), "ce"])
    assert m.get()[0] == ["accuracy", "mse", "cross-entropy"] and type(m.get_metric(1)) is mx.metric.MSE
    m.add("mae")
    assert [c["metric"] for c in m.get_config()["metrics"]] == ["Accuracy", "MSE", "CrossEntropy", "MAE"]
    assert mx.metric.create("top_k_acc", top_k=3).top_k == 3
    mean = mx.metric.create(lambda label, pred: abs(label - pred).max())
    assert mean.name == "custom(<lambda>)" and value(mean, [1, 2], [1, 5]) == 3
    pair = mx.metric.np(lambda label, pred: (6.0, 3), name="pair")
    assert value(pair) == 2 and pair.name == "pair"
    extra = mx.metric.CustomMetric(lambda label, pred: 1.0, allow_extra_outputs=True)
    extra.update([mx.nd.ones((1,))], [mx.nd.ones((1,)), mx.nd.ones((1,))])
    assert extra.get()[1] == 1.0


def test_by_name():
    m = mx.metric.Accuracy(output_names=["o"], label_names=["l"])
    m.update_dict({"l": mx.nd.array(LABEL), "x": None}, {"o": mx.nd.array(SCORE), "y": None})
    assert m.get()[1] == 0.6
    composite = mx.metric.CompositeEvalMetric(["acc"], label_names=["l"], output_names=["o"])
    composite.update_dict({"l": mx.nd.array(LABEL), "x": None}, {"o": mx.nd.array(SCORE), "y": None})
    assert composite.get() == (["accuracy"], [0.6])


@pytest.mark.parametrize(
    "run, error, text",
    [
        (lambda: value(mx.metric.Accuracy(), LABEL[:3]), ValueError, "shape of labels|number of labels"),
        (lambda: mx.metric.Accuracy().update([1, 2], [1]), ValueError, "number of labels 2 differs from number of predictions 1"),
        (lambda: mx.metric.create("acuracy"), AssertionError, "Did you mean 'accuracy'"),
        (lambda: mx.metric.create(3), AssertionError, "got int"),
        (lambda: mx.metric.TopKAccuracy(1), AssertionError, "top_k is 1"),
        (lambda: value(mx.metric.F1()), ValueError, "more than 2 classes"),
        (lambda: value(mx.metric.CrossEntropy(), LABEL[:3]), AssertionError, "3 labels for 5 rows"),
        (lambda: value(mx.metric.CrossEntropy(), LABEL + 1), IndexError, "labels reach from 1 to 3, there are 3 classes"),
        (lambda: value(mx.metric.Perplexity(None), LABEL[:3]), AssertionError, "do not fit"),
        (lambda: value(mx.metric.MSE(), np.ones(3), np.ones((2, 2))), ValueError, "do not fit"),
        (lambda: mx.metric.CompositeEvalMetric().get_metric(2), ValueError, "metric 2 does not exist"),
        (lambda: mx.metric.create(len).get_config(), NotImplementedError, "cannot be saved"),
    ],
)
def test_errors(run, error, text):
    with pytest.raises(error, match=text):
        run()


def test_reset_local_of_metrics_from_before_global_averages():
    """They override reset alone, often with lists of sums; Speedometer begins local averages."""

    class Two(mx.metric.EvalMetric):
        def __init__(self, again=False):
            self.again = again
            super().__init__("two")

        def reset(self):
            self.sum_metric, self.num_inst = [0.0, 0.0], [0, 0]
            if self.again:
                self.reset_local()
                self.sum_metric = [0.0, 0.0]

        def update(self, labels, preds):
            self.sum_metric[1] += 1

    for metric in (Two(), Two(again=True)):
        metric.update([], [])
        metric.reset_local()
        assert metric.sum_metric == [0.0, 0.0]
        metric.update([], [])
        assert metric.sum_metric == [0.0, 1.0]
