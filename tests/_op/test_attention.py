"""Products of multi-head attention."""

import numpy as np
import pytest
import torch
from layer_helpers import check_gradient, near_float32, uniform

import mxnet as mx
from mxnet._op import attention
from mxnet._op import sliding_attention as sliding
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


@pytest.mark.parametrize("symmetric", [True, False])
def test_sliding_window(symmetric):
    q, k, v = (uniform(2, 6, 2, 3, seed=i) for i in range(3))
    dilation, w = nd.array([1, 2], dtype="int32"), 2
    window = 5 if symmetric else 3
    score = nd.contrib.sldwin_atten_score(q, k, dilation, w=w, symmetric=symmetric)
    mask = nd.contrib.sldwin_atten_mask_like(score, dilation, nd.array([6, 4], dtype="int32"), w=w, symmetric=symmetric).asnumpy()
    context = nd.contrib.sldwin_atten_context(score, v, dilation, w=w, symmetric=symmetric)
    expected, total, inside = np.zeros((2, 6, 2, window)), np.zeros((2, 6, 2, 3)), np.zeros((2, 6, 2, window))
    for b, i, h, j in np.ndindex(2, 6, 2, window):
        other = i + (1, 2)[h] * (j - w)
        if 0 <= other < 6:
            expected[b, i, h, j] = q.asnumpy()[b, i, h] @ k.asnumpy()[b, other, h]
            total[b, i, h] += expected[b, i, h, j] * v.asnumpy()[b, other, h]
            inside[b, i, h, j] = max(i, other) < (6, 4)[b]
    np.testing.assert_allclose(score.asnumpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(context.asnumpy(), total, rtol=1e-4, atol=1e-5)
    assert (mask == inside).all()


def test_sliding_window_gradients():
    dilation = torch.tensor([1, 2])
    fn = lambda q, k, v: sliding.sldwin_atten_context(sliding.sldwin_atten_score(q, k, dilation, w=1), v, dilation, w=1)  # noqa: E731
    tensors = [torch.rand((1, 4, 2, 2), dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(fn, tensors)


def test_bad_sliding_window():
    q = nd.ones((1, 4, 2, 3))
    with pytest.raises(MXNetError, match=r"dilation has shape \(1,\), expected \(2,\)"):
        nd.contrib.sldwin_atten_score(q, q, nd.array([1]), w=1)
    with pytest.raises(MXNetError, match="w -1 must not be negative"):
        nd.contrib.sldwin_atten_score(q, q, nd.array([1, 1]), w=-1)
    with pytest.raises(MXNetError, match=r"score of shape \(1, 4, 2, 3\) must be \(batch, length, heads, 5\)"):
        nd.contrib.sldwin_atten_mask_like(q, nd.array([1, 1]), nd.array([4]), w=2)
