"""Distinct row numbers in order, and the place of each number among them: a bitmap for many numbers, a radix sort for few."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .jit import jit


@intrinsic
def popcount(typingctx: Any, x: Any) -> Any:
    """Number of one bits."""
    return types.uint64(types.uint64), lambda context, builder, sig, args: builder.ctpop(args[0])


@intrinsic
def trailing_zeros(typingctx: Any, x: Any) -> Any:
    """Number of zero bits below the lowest one; x must not be 0."""
    return types.uint64(types.uint64), lambda context, builder, sig, args: builder.cttz(args[0], ir.IntType(1)(0))


@jit
def marked(ids, bits):  # type: ignore[no-untyped-def]
    """Distinct ids through a zeroed bitmap of one bit for each possible number."""
    for j in range(ids.size):
        c = np.uint64(ids[j])
        bits[c >> np.uint64(6)] |= np.uint64(1) << (c & np.uint64(63))
    n = np.int64(0)
    for w in range(bits.size):
        n += np.int64(popcount(bits[w]))
    found = np.empty(n, np.int64)
    o = 0
    for w in range(bits.size):
        b = bits[w]
        while b:
            found[o] = w * 64 + np.int64(trailing_zeros(b))
            o += 1
            b &= b - np.uint64(1)
    return found


@jit
def by_bitmap(ids, bits, rank, position):  # type: ignore[no-untyped-def]
    """Distinct ids through a zeroed bitmap of one bit for each possible number; fills position, returns the ids."""
    for j in range(ids.size):
        c = np.uint64(ids[j])
        bits[c >> np.uint64(6)] |= np.uint64(1) << (c & np.uint64(63))
    n = np.int64(0)
    for w in range(bits.size):
        rank[w] = n
        n += np.int64(popcount(bits[w]))
    found = np.empty(n, np.int64)
    o = 0
    for w in range(bits.size):
        b = bits[w]
        while b:
            found[o] = w * 64 + np.int64(trailing_zeros(b))
            o += 1
            b &= b - np.uint64(1)
    for j in range(ids.size):
        c = np.uint64(ids[j])
        w = c >> np.uint64(6)
        below = (np.uint64(1) << (c & np.uint64(63))) - np.uint64(1)
        position[j] = np.int64(rank[w]) + np.int64(popcount(bits[w] & below))
    return found


@jit
def by_sort(ids, size, position):  # type: ignore[no-untyped-def]
    """Distinct ids through a radix sort of (id, place) pairs; fills position, returns the ids. ids < 2**31, places < 2**32."""
    n = ids.size
    a, b = np.empty(n, np.uint64), np.empty(n, np.uint64)
    for j in range(n):
        a[j] = (np.uint64(ids[j]) << np.uint64(32)) | np.uint64(j)
    counts = np.empty(2048, np.int64)
    shift = 0
    while (size - 1) >> shift > 0:
        counts[:] = 0
        for j in range(n):
            counts[(a[j] >> np.uint64(32 + shift)) & np.uint64(2047)] += 1
        at = 0
        for q in range(2048):
            c = counts[q]
            counts[q] = at
            at += c
        for j in range(n):
            q = (a[j] >> np.uint64(32 + shift)) & np.uint64(2047)
            b[counts[q]] = a[j]
            counts[q] += 1
        a, b = b, a
        shift += 11
    found = np.empty(n, np.int64)
    o = -1
    last = np.int64(-1)
    for j in range(n):
        c = np.int64(a[j] >> np.uint64(32))
        if c != last:
            o += 1
            found[o] = c
            last = c
        position[a[j] & np.uint64(0xFFFFFFFF)] = o
    return found[: o + 1].copy()
