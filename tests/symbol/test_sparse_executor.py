"""Executors of sparse arguments: their gradients, storage of outputs, operators of sparse arrays."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx

S = mx.sym
X = np.array([[1, 0, 2], [0, 0, 0], [3, 0, 0]], "float32")


def gradient(symbol, stype, grad_stype):
    args = {n: mx.nd.array(X).tostype(stype) if n == "a" else mx.nd.ones((3, 3)) for n in symbol.list_arguments()}
    grads = {n: mx.nd.zeros((3, 3), stype=grad_stype if n == "a" else "default") for n in args}
    executor = symbol.bind(mx.cpu(), args, args_grad=grads)
    out = executor.forward(is_train=True)[0]
    executor.backward([mx.nd.ones(out.shape) * 2])
    return out, executor.grad_dict["a"].asnumpy()


@pytest.mark.parametrize("stype", ["csr", "row_sparse"])
def test_dense_gradients_of_sparse_arguments_are_whole(stype):
    a, w = S.var("a", stype=stype), S.var("w")
    for symbol, want in ((a * w, 2), (S.dot(a, w), 6), (S.dot(w, a), 6), (S.sum(a * w, axis=1), 2), (a + w, 2), (S.square(a), 4 * X)):
        np.testing.assert_array_equal(gradient(symbol, stype, "default")[1], np.broadcast_to(np.float32(want), (3, 3)))


def test_outputs_have_their_storage_before_and_after_the_first_pass():
    a, w = S.var("a", stype="csr"), S.var("w")
    executor = (a * w).simple_bind(mx.cpu(), a=(3, 3), w=(3, 3))
    assert executor.outputs[0].stype == "csr"
    out, _ = gradient(a * w, "csr", "default")
    assert out.stype == "csr"
    np.testing.assert_array_equal(out.asnumpy(), X)


def test_retained_rows_have_a_shape():
    s = S.sparse.retain(S.var("a", stype="row_sparse"), S.var("rows"))
    assert s.infer_shape(a=(5, 2), rows=(3,))[1] == [(5, 2)]


def test_sparse_embedding_takes_deterministic():
    s = S.contrib.SparseEmbedding(S.var("d"), S.var("w"), input_dim=4, output_dim=2, deterministic=True)
    assert s.simple_bind(mx.cpu(), d=(3,)).grad_dict["w"].stype == "row_sparse"


def test_sparse_embedding_of_a_row_sparse_table():
    s = S.contrib.SparseEmbedding(S.var("d"), S.var("w", stype="row_sparse"), input_dim=3, output_dim=3, deterministic=True)
    out = s.bind(mx.cpu(), {"d": mx.nd.array([2, 0]), "w": mx.nd.array(X).tostype("row_sparse")}).forward()[0]
    np.testing.assert_array_equal(out.asnumpy(), X[[2, 0]])


def test_numeric_gradients_of_operators_that_take_row_sparse_arrays_only():
    s = S.sparse.retain(S.var("data", stype="row_sparse"), S.var("rows"))
    data, rows = mx.nd.array(X).tostype("row_sparse"), mx.nd.array([0, 2])
    mx.test_utils.check_numeric_gradient(s, [data, rows], grad_nodes=["data"], grad_stype_dict={"data": "row_sparse"})
