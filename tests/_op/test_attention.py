"""Products of multi-head attention."""

import numpy as np
import pytest
from layer_helpers import check_gradient, near_float32, uniform

import mxnet as mx
from mxnet._op import attention
from mxnet.error import MXNetError

nd = mx.nd
L, N, H, D = 5, 2, 3, 4


def heads(t, parts):
    """(L, N, H * parts * D) -> parts of (N * H, L, D)."""
    split = t.reshape(t.shape[0], N, H, parts, D)
    return [split[:, :, :, i].transpose(1, 2, 0, 3).reshape(N * H, t.shape[0], D) for i in range(parts)]


def joined(t):
    return t.reshape(N, H, -1, D).transpose(2, 0, 1, 3).reshape(-1, N, H * D)


def test_self_attention():
    x, a = uniform(L, N, H * 3 * D), uniform(N * H, L, L, seed=1)
    q, k, v = heads(x.asnumpy(), 3)
    got = nd.contrib.interleaved_matmul_selfatt_qk(x, heads=H)
    np.testing.assert_allclose(got.asnumpy(), q @ k.transpose(0, 2, 1) / np.sqrt(D), rtol=1e-4, atol=1e-5)
    got = nd.contrib.interleaved_matmul_selfatt_valatt(x, a, heads=str(H))
    np.testing.assert_allclose(got.asnumpy(), joined(a.asnumpy() @ v), rtol=1e-4, atol=1e-5)


def test_encoder_decoder_attention():
    x, y, a = uniform(4, N, H * D), uniform(L, N, H * 2 * D, seed=1), uniform(N * H, 4, L, seed=2)
    (q,), (k, v) = heads(x.asnumpy(), 1), heads(y.asnumpy(), 2)
    got = nd.contrib.interleaved_matmul_encdec_qk(x, y, heads=H)
    np.testing.assert_allclose(got.asnumpy(), q @ k.transpose(0, 2, 1) / np.sqrt(D), rtol=1e-4, atol=1e-5)
    got = nd.contrib.interleaved_matmul_encdec_valatt(y, a, heads=H)
    np.testing.assert_allclose(got.asnumpy(), joined(a.asnumpy() @ v), rtol=1e-4, atol=1e-5)


def test_gradients():
    check_gradient(attention.selfatt_qk, (3, 1, 12), heads=2)
    check_gradient(attention.selfatt_valatt, (3, 1, 12), (2, 3, 3), heads=2)
    check_gradient(attention.encdec_qk, (2, 1, 4), (3, 1, 8), heads=2)
    check_gradient(attention.encdec_valatt, (3, 1, 8), (2, 2, 3), heads=2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half(dtype):
    near_float32(lambda a: nd.contrib.interleaved_matmul_selfatt_qk(a, heads=2), uniform(5, 2, 48), dtype=dtype, atol=0.05)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.contrib.interleaved_matmul_selfatt_qk(nd.ones((5, 2, 24))), "heads is required"),
        (lambda: nd.contrib.interleaved_matmul_selfatt_qk(nd.ones((5, 2, 25)), heads=2), "must divide the width"),
        (lambda: nd.contrib.interleaved_matmul_selfatt_qk(nd.ones((5, 24)), heads=2), "3 dimensions"),
        (lambda: nd.contrib.interleaved_matmul_selfatt_valatt(nd.ones((5, 2, 24)), nd.ones((4, 5, 4)), heads=2), "attention has shape"),
        (lambda: nd.contrib.interleaved_matmul_encdec_qk(nd.ones((4, 2, 8)), nd.ones((5, 3, 16)), heads=2), "must share the batch"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()
