"""Lazy optimizer updates: one pass over the rows of a row-sparse gradient; rows ahead are prefetched, since every row is a cache miss.

Tables are flat arrays of rows of k elements. A kernel serves gradient rows begin..end-1: rows are distinct, so threads can share them.
`clip` is infinity where gradients are not clipped. The formulas are those of the dense update operators.
Places are unsigned: numba would test signed ones for negative indexing, which keeps LLVM from vectorizing a row.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from .jit import jit
from .product import prefetch

AHEAD = 12


@intrinsic
def touch(typingctx: Any, array: Any, place: Any) -> Any:
    """Ask for the cache line of array[place], to be written."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        prefetch(builder, builder.gep(data, [args[1]]), 1)
        return context.get_dummy_value()

    return types.void(array, types.uint64), codegen


@njit(nogil=True, inline="always")
def _ahead(table, ids, j, end, k):  # type: ignore[no-untyped-def]
    if j + AHEAD < end:
        at = np.uint64(ids[j + AHEAD]) * k
        for q in range(np.uint64(0), k, np.uint64(16)):
            touch(table, at + q)


@jit(error_model="numpy", fastmath={"contract"})
def sgd(weight, ids, grad, k, lr, wd, rescale, clip, begin, end):  # type: ignore[no-untyped-def]
    """w = (1 - lr wd) w - lr g"""
    t = weight.dtype.type
    k = np.uint64(k)
    lr, keep, rescale, clip = t(lr), t(1.0 - lr * wd), t(rescale), t(clip)
    for j in range(begin, end):
        _ahead(weight, ids, j, end, k)
        o, s = np.uint64(ids[j]) * k, np.uint64(j) * k
        for q in range(k):
            g = grad[s + q] * rescale
            g = -clip if g < -clip else (clip if g > clip else g)
            weight[o + q] = keep * weight[o + q] - lr * g


@jit(error_model="numpy", fastmath={"contract"})
def sgd_momentum(weight, mom, ids, grad, k, lr, wd, momentum, rescale, clip, begin, end):  # type: ignore[no-untyped-def]
    """m = momentum m - lr (g + wd w); w = w + m"""
    t = weight.dtype.type
    k = np.uint64(k)
    lr, decay, momentum, rescale, clip = t(lr), t(lr * wd), t(momentum), t(rescale), t(clip)
    for j in range(begin, end):
        _ahead(weight, ids, j, end, k)
        _ahead(mom, ids, j, end, k)
        o, s = np.uint64(ids[j]) * k, np.uint64(j) * k
        for q in range(k):
            g = grad[s + q] * rescale
            g = -clip if g < -clip else (clip if g > clip else g)
            m = momentum * mom[o + q] - decay * weight[o + q] - lr * g
            mom[o + q] = m
            weight[o + q] += m


@jit(error_model="numpy", fastmath={"contract"})
def adam(weight, mean, var, ids, grad, k, lr, beta1, beta2, epsilon, wd, rescale, clip, begin, end):  # type: ignore[no-untyped-def]
    """m, v: averages of g, g^2; w = w - lr m / (sqrt(v) + epsilon)"""
    t = weight.dtype.type
    k = np.uint64(k)
    rest1, rest2 = t(1.0 - beta1), t(1.0 - beta2)
    lr, beta1, beta2, epsilon, wd, rescale, clip = t(lr), t(beta1), t(beta2), t(epsilon), t(wd), t(rescale), t(clip)
    for j in range(begin, end):
        _ahead(weight, ids, j, end, k)
        _ahead(mean, ids, j, end, k)
        _ahead(var, ids, j, end, k)
        o, s = np.uint64(ids[j]) * k, np.uint64(j) * k
        for q in range(k):
            w = weight[o + q]
            g = grad[s + q] * rescale + wd * w
            g = -clip if g < -clip else (clip if g > clip else g)
            m = beta1 * mean[o + q] + rest1 * g
            v = beta2 * var[o + q] + rest2 * g * g
            mean[o + q] = m
            var[o + q] = v
            weight[o + q] = w - lr * m / (math.sqrt(v) + epsilon)


@jit(error_model="numpy", fastmath={"contract"})
def adagrad(weight, history, ids, grad, k, lr, epsilon, rescale, clip, begin, end):  # type: ignore[no-untyped-def]
    """h = h + g^2; w = w - lr g / sqrt(h + epsilon)"""
    t = weight.dtype.type
    k = np.uint64(k)
    lr, epsilon, rescale, clip = t(lr), t(epsilon), t(rescale), t(clip)
    for j in range(begin, end):
        _ahead(weight, ids, j, end, k)
        _ahead(history, ids, j, end, k)
        o, s = np.uint64(ids[j]) * k, np.uint64(j) * k
        for q in range(k):
            g = grad[s + q] * rescale
            g = -clip if g < -clip else (clip if g > clip else g)
            h = history[o + q] + g * g
            history[o + q] = h
            weight[o + q] -= lr * (g / math.sqrt(h + epsilon))


@jit(error_model="numpy", fastmath={"contract"})
def group_adagrad(weight, history, ids, grad, k, lr, epsilon, rescale, clip, begin, end):  # type: ignore[no-untyped-def]
    """one history a row: h = h + mean(g^2); w = w - lr g / sqrt(h + epsilon)"""
    t = weight.dtype.type
    k = np.uint64(k)
    lr, epsilon, rescale, clip = t(lr), t(epsilon), t(rescale), t(clip)
    for j in range(begin, end):
        _ahead(weight, ids, j, end, k)
        o, s = np.uint64(ids[j]) * k, np.uint64(j) * k
        total = t(0)
        for q in range(k):
            g = grad[s + q] * rescale
            g = -clip if g < -clip else (clip if g > clip else g)
            total += g * g
        h = history[ids[j]] + total / t(k)
        history[ids[j]] = h
        scale = lr / math.sqrt(h + epsilon)
        for q in range(k):
            g = grad[s + q] * rescale
            g = -clip if g < -clip else (clip if g > clip else g)
            weight[o + q] -= scale * g


@jit(error_model="numpy", fastmath={"contract"})
def ftrl(weight, z, n, ids, grad, k, lr, lamda1, beta, wd, rescale, clip, begin, end):  # type: ignore[no-untyped-def]
    """z = z + g - (sqrt(n + g^2) - sqrt(n)) w / lr; n = n + g^2; w = (sign(z) lamda1 - z) / ((beta + sqrt(n)) / lr + wd), 0 if |z| <= lamda1"""
    t = weight.dtype.type
    k = np.uint64(k)
    lr, lamda1, beta, wd, rescale, clip = t(lr), t(lamda1), t(beta), t(wd), t(rescale), t(clip)
    for j in range(begin, end):
        _ahead(weight, ids, j, end, k)
        _ahead(z, ids, j, end, k)
        _ahead(n, ids, j, end, k)
        o, s = np.uint64(ids[j]) * k, np.uint64(j) * k
        for q in range(k):
            g = grad[s + q] * rescale
            g = -clip if g < -clip else (clip if g > clip else g)
            old = n[o + q]
            new = old + g * g
            root = math.sqrt(new)
            u = z[o + q] + g - (root - math.sqrt(old)) * weight[o + q] / lr
            z[o + q] = u
            n[o + q] = new
            top = lamda1 - u if u > 0 else -lamda1 - u
            weight[o + q] = top / ((beta + root) / lr + wd) if abs(u) > lamda1 else t(0)


@jit
def gather(table, ids, k, out, begin, end):  # type: ignore[no-untyped-def]
    """out[j] = row ids[j] of the table"""
    k = np.uint64(k)
    for j in range(begin, end):
        _ahead(table, ids, j, end, k)
        o, s = np.uint64(ids[j]) * k, np.uint64(j) * k
        for q in range(k):
            out[s + q] = table[o + q]


KERNELS = {f.__name__: f for f in (sgd, sgd_momentum, adam, adagrad, group_adagrad, ftrl)}
