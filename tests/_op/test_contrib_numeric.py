"""Fourier transforms, count sketch, the Hawkes likelihood."""

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op import count_sketch, fourier, hawkes
from mxnet.error import MXNetError

nd = mx.nd


def pairs(values):
    """Complex numbers as real and imaginary parts side by side."""
    return np.stack([values.real, values.imag], -1).reshape(*values.shape[:-1], -1)


@pytest.mark.parametrize("shape", [(2, 5), (3, 8), (2, 3, 4, 6)])
def test_fft(shape):
    a = np.random.default_rng(0).normal(size=shape)
    got = nd.contrib.fft(nd.array(a, dtype="float64"), compute_size=2)
    np.testing.assert_allclose(got.asnumpy(), pairs(np.fft.fft(a)), rtol=1e-9, atol=1e-12)
    back = nd.contrib.ifft(got)
    np.testing.assert_allclose(back.asnumpy() / shape[-1], a, rtol=1e-9, atol=1e-12)


def test_fourier_gradients():
    x = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(fourier.fft.fn, (x,)) and torch.autograd.gradcheck(fourier.ifft.fn, (x,))


def test_count_sketch():
    rng = np.random.default_rng(0)
    a, h, s = rng.normal(size=(3, 7)), rng.integers(0, 4, (1, 7)), rng.choice([-1, 1], (1, 7))
    want = np.zeros((3, 4))
    for i in range(7):
        want[:, h[0, i]] += s[0, i] * a[:, i]
    got = nd.contrib.count_sketch(nd.array(a, dtype="float64"), nd.array(h), nd.array(s), out_dim=4)
    np.testing.assert_allclose(got.asnumpy(), want)
    x, places, signs = torch.tensor(a, requires_grad=True), torch.tensor(h), torch.tensor(s)
    assert torch.autograd.gradcheck(lambda t: count_sketch.count_sketch.fn(t, places, signs, out_dim=4), (x,))


def likelihood(lda, alpha, beta, state, lags, marks, length, end):
    """One sequence, event by event."""
    now, total, last, state = 0.0, 0.0, np.zeros(len(alpha)), state.copy()
    for lag, k in list(zip(lags, marks))[:length]:
        now += lag
        age = now - last[k]
        fade = np.exp(-beta[k] * age)
        total += np.log(lda[k] + alpha[k] * beta[k] * state[k] * fade) - lda[k] * age - alpha[k] * state[k] * (1 - fade)
        state[k], last[k] = 1 + state[k] * fade, now
    fade = np.exp(-beta * (end - last))
    return total - (lda * (end - last) + alpha * state * (1 - fade)).sum(), state * fade


def test_hawkes_likelihood():
    rng = np.random.default_rng(0)
    n, t, k = 4, 6, 3
    lda, alpha, beta = rng.uniform(0.1, 1, (n, k)), rng.uniform(0.1, 0.9, k), rng.uniform(0.5, 2, k)
    state, lags, marks = rng.uniform(0, 1, (n, k)), rng.uniform(0.1, 1, (n, t)), rng.integers(0, k, (n, t))
    length, end = np.array([6, 3, 0, 5]), np.full(n, 9.0)
    arrays = [nd.array(a, dtype="float64") for a in (lda, alpha, beta, state, lags)]
    found = nd.contrib.hawkesll(*arrays, nd.array(marks, dtype="int32"), nd.array(length, dtype="float64"), nd.array(end, dtype="float64"))
    for i in range(n):
        total, after = likelihood(lda[i], alpha, beta, state[i], lags[i], marks[i], length[i], end[i])
        assert found[0][i].asscalar() == pytest.approx(total)
        np.testing.assert_allclose(found[1][i].asnumpy(), after)
    fixed = [torch.tensor(a) for a in (state, lags, marks, length, end)]
    free = [torch.tensor(a, requires_grad=True) for a in (lda, alpha, beta)]
    assert torch.autograd.gradcheck(lambda *f: hawkes.hawkesll.fn(*f, *fixed)[0], free)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.contrib.fft(nd.ones((2, 2), dtype="int32")), "_contrib_fft: needs float arrays, got int32"),
        (lambda: nd.contrib.ifft(nd.ones((2, 3))), "the last axis has size 3; pairs need an even one"),
        (lambda: nd.contrib.count_sketch(nd.ones((2, 3)), nd.ones((1, 2)), nd.ones((1, 3)), out_dim=4), "data has 3 columns, h 2"),
        (lambda: nd.contrib.count_sketch(nd.ones((2, 3)), nd.ones((1, 3)), nd.ones((1, 3)), out_dim=0), "out_dim is 0"),
        (
            lambda: nd.contrib.count_sketch(nd.ones((2, 3)), nd.ones((1, 3)) * 9, nd.ones((1, 3)), out_dim=4),
            "_contrib_count_sketch: index 9 is out of bounds",
        ),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()
