"""What the tests of layers share: recorded gradients, numeric gradients, half-precision comparison."""

import numpy as np
import torch

import mxnet as mx

nd = mx.nd


def uniform(*shape, lo=-1.0, hi=1.0, dtype="float32", seed=0):
    return nd.array(np.random.default_rng(seed).uniform(lo, hi, shape), dtype=dtype)


def run(fn, *arrays, wrt=None, head=None, train=True):
    """(outputs as numpy, gradients as numpy) of fn on arrays."""
    wrt = list(range(len(arrays))) if wrt is None else wrt
    for i in wrt:
        arrays[i].attach_grad()
        arrays[i].grad[:] = 7
    with mx.autograd.record(train_mode=train):
        out = fn(*arrays)
    first = out[0] if isinstance(out, list) else out
    first.backward(head)
    return first.asnumpy(), [arrays[i].grad.asnumpy() for i in wrt]


def check_gradient(op, *shapes, lo=-1.0, hi=1.0, **attrs):
    """Finite differences of the operator's function in float64."""
    rng = np.random.default_rng(3)
    tensors = [torch.tensor(rng.uniform(lo, hi, s), requires_grad=True) for s in shapes]
    assert torch.autograd.gradcheck(lambda *t: op(*t, **attrs), tensors, atol=1e-5)


def near_float32(fn, *arrays, dtype, rtol=0.02, atol=0.02):
    """fn in a half type is near fn in float32 on the same (rounded) numbers."""
    half = [a.astype(dtype) for a in arrays]
    got = fn(*half)
    assert str(got.dtype) == str(half[0].dtype)
    np.testing.assert_allclose(got.astype("float32").asnumpy(), fn(*[h.astype("float32") for h in half]).asnumpy(), rtol=rtol, atol=atol)
