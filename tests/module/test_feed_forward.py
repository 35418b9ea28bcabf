"""FeedForward with a function that makes a symbol for each bucket."""

from __future__ import annotations

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


def test_neither_symbol_nor_function():
    with pytest.raises(TypeError, match="symbol must be a Symbol or a function of a bucket's key, got str"):
        mx.model.FeedForward("net")
