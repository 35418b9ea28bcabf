"""Embedding: values, dense and row-sparse gradients."""

import pytest
import torch
from layer_helpers import run, uniform

import mxnet as mx
from mxnet._op.embedding import embedding
from mxnet.error import MXNetError

nd = mx.nd


@pytest.mark.parametrize("index_type", ["float32", "float64", "int32", "int64", "uint8"])
def test_values(index_type):
    w = uniform(5, 3)
    ids = nd.array([[0, 4], [2, 2]], dtype=index_type)
    got = nd.Embedding(ids, w, input_dim=5, output_dim="3")
    assert (got.asnumpy() == w.asnumpy()[[[0, 4], [2, 2]]]).all()


def test_out_of_range_takes_the_nearest_row():
    w = uniform(4, 3)
    got = nd.Embedding(nd.array([-1, 9, 3.7]), w, input_dim=4, output_dim=3)
    assert (got.asnumpy() == w.asnumpy()[[0, 3, 3]]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_dense_gradient(dtype):
    w = uniform(5, 3).astype(dtype)
    ids = nd.array([1, 3, 1, 1])
    w.attach_grad()
    with mx.autograd.record():
        y = nd.Embedding(ids, w, input_dim=5, output_dim=3)
    y.backward()
    assert w.grad.astype("float32").asnumpy()[:, 0].tolist() == [0, 3, 0, 1, 0]


def test_indices_get_zeros():
    _, (g,) = run(lambda a: nd.Embedding(a, uniform(5, 3), input_dim=5, output_dim=3), nd.array([1.0, 2.0]))
    assert g.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_sparse_gradient_is_coalesced_rows(dtype):
    w = torch.ones((1000, 2), dtype=dtype, requires_grad=True)
    y = embedding(torch.tensor([[7, 3], [7, 999]]), w, input_dim=1000, output_dim=2, sparse_grad=True)
    (g,) = torch.autograd.grad(y, w, torch.tensor([[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]], dtype=dtype))
    assert g.is_sparse and g.is_coalesced() and g.sparse_dim() == 1 and g.dtype == dtype
    assert g.indices().tolist() == [[3, 7, 999]] and g.values().tolist() == [[3, 4], [6, 8], [7, 8]]


def test_half_gradients_are_summed_in_float32():
    w = torch.zeros((2, 1), dtype=torch.float16, requires_grad=True)
    y = embedding(torch.zeros(4096, dtype=torch.int64), w, input_dim=2, output_dim=1, sparse_grad=True)
    assert torch.autograd.grad(y, w, torch.ones_like(y))[0].values().tolist() == [[4096]]


def test_shapes_and_errors():
    assert embedding.complete({"data": (2,), "weight": None}, input_dim=5, output_dim=3)["weight"] == (5, 3)
    with pytest.raises(MXNetError, match=r"weight has shape \(4, 3\), expected \(5, 3\)"):
        nd.Embedding(nd.array([0]), nd.ones((4, 3)), input_dim=5, output_dim=3)
    with pytest.raises(MXNetError, match="input_dim is required"):
        nd.Embedding(nd.array([0]), nd.ones((4, 3)), output_dim=3)
    assert nd.contrib.SparseEmbedding(nd.array([0]), nd.ones((4, 3)), input_dim=4, output_dim=3).shape == (1, 3)
