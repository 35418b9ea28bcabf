"""FeedForward with a function that makes a symbol for each bucket."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx

pytestmark = pytest.mark.filterwarnings("ignore:FeedForward is deprecated")


def word_model(length):
    words = mx.sym.Embedding(mx.sym.var("data"), input_dim=4, output_dim=8, name="e")
    scores = mx.sym.FullyConnected(mx.sym.reshape(words, (-1, 8)), num_hidden=4, name="f")
    return mx.sym.SoftmaxOutput(scores, mx.sym.reshape(mx.sym.var("softmax_label"), (-1,)), name="softmax")


def test_buckets_share_their_parameters():
    sentences = [[1, 2, 3, 1]] * 20 + [[1, 2, 3, 1, 2, 3]] * 20
    it = mx.rnn.BucketSentenceIter(sentences, 5, buckets=[4, 6], invalid_label=0)
    f = mx.model.FeedForward(word_model, num_epoch=10, learning_rate=0.5, initializer=mx.init.Xavier())
    f.fit(it, eval_metric=mx.metric.Perplexity(None))
    assert sorted(f.arg_params) == ["e_weight", "f_bias", "f_weight"]
    assert f.symbol.list_outputs() == ["softmax_output"]
    assert f.score(it, mx.metric.Perplexity(None)) < 3


def test_iterator_without_labels(tmp_path):
    """It gives labels of shape (N,); predict and score take the shape that the symbol needs."""
    values = np.arange(12, dtype=np.float32).reshape(4, 3) / 12
    np.savetxt(tmp_path / "x.csv", values, delimiter=",")
    symbol = mx.sym.LogisticRegressionOutput(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="f"), name="softmax")
    weights = {"f_weight": mx.nd.ones((2, 3)), "f_bias": mx.nd.zeros(2)}
    f = mx.model.FeedForward(symbol, arg_params=weights, aux_params={})
    it = mx.io.CSVIter(data_csv=str(tmp_path / "x.csv"), data_shape=(3,), batch_size=2)
    outputs, data, labels = f.predict(it, return_data=True)
    np.testing.assert_allclose(outputs, np.repeat(1 / (1 + np.exp(-values.sum(1, keepdims=True))), 2, 1), rtol=1e-5)
    assert data.shape == (4, 3) and labels.shape == (4,)
    seen = []
    assert f.score(it, mx.metric.np(lambda label, pred: float(label.size + pred.size)), batch_end_callback=seen.append) == 6
    assert [p.nbatch for p in seen] == [0, 1] and f.score(it, mx.metric.np(lambda label, pred: 1.0), num_batch=1) == 1


def test_neither_symbol_nor_function():
    with pytest.raises(TypeError, match="symbol must be a Symbol or a function of a bucket's key, got str"):
        mx.model.FeedForward("net")
