"""Kernels of Csr algebra: the union of two patterns, and products of two matrices row by row."""

from __future__ import annotations

import numpy as np

from .jit import jit


@jit
def union(indptr_a, indices_a, indptr_b, indices_b):  # type: ignore[no-untyped-def]
    """(indptr, indices, place of each entry of a, place of each entry of b) of the union of two canonical patterns."""
    rows = indptr_a.size - 1
    indptr = np.empty(rows + 1, np.int64)
    indices = np.empty(indices_a.size + indices_b.size, np.int64)
    from_a, from_b = np.empty(indices_a.size, np.int64), np.empty(indices_b.size, np.int64)
    o = 0
    indptr[0] = 0
    for i in range(rows):
        p, q = indptr_a[i], indptr_b[i]
        p_end, q_end = indptr_a[i + 1], indptr_b[i + 1]
        while p < p_end or q < q_end:
            if q == q_end or (p < p_end and indices_a[p] <= indices_b[q]):
                c = indices_a[p]
            else:
                c = indices_b[q]
            indices[o] = c
            if p < p_end and indices_a[p] == c:
                from_a[p] = o
                p += 1
            if q < q_end and indices_b[q] == c:
                from_b[q] = o
                q += 1
            o += 1
        indptr[i + 1] = o
    return indptr, indices[:o].copy(), from_a, from_b


@jit
def matmul_dense(data_a, indices_a, indptr_a, data_b, indices_b, indptr_b, out):  # type: ignore[no-untyped-def]
    """out (rows, columns), zeroed before, += a . b."""
    for i in range(indptr_a.size - 1):
        for j in range(indptr_a[i], indptr_a[i + 1]):
            v, r = data_a[j], indices_a[j]
            for q in range(indptr_b[r], indptr_b[r + 1]):
                out[i, indices_b[q]] += v * data_b[q]


@jit
def matmul(data_a, indices_a, indptr_a, data_b, indices_b, indptr_b, columns):  # type: ignore[no-untyped-def]
    """(indptr, indices, data) of a . b: first the number of entries of each row, then the entries, sorted."""
    rows = indptr_a.size - 1
    seen = np.full(columns, -1, np.int64)
    indptr = np.empty(rows + 1, np.int64)
    indptr[0] = 0
    for i in range(rows):
        n = 0
        for j in range(indptr_a[i], indptr_a[i + 1]):
            r = indices_a[j]
            for q in range(indptr_b[r], indptr_b[r + 1]):
                c = indices_b[q]
                if seen[c] != i:
                    seen[c] = i
                    n += 1
        indptr[i + 1] = indptr[i] + n
    indices, data = np.empty(indptr[rows], np.int64), np.empty(indptr[rows], data_a.dtype)
    total = np.zeros(columns, data_a.dtype)
    seen[:] = -1
    for i in range(rows):
        o = indptr[i]
        for j in range(indptr_a[i], indptr_a[i + 1]):
            v, r = data_a[j], indices_a[j]
            for q in range(indptr_b[r], indptr_b[r + 1]):
                c = indices_b[q]
                if seen[c] != i:
                    seen[c] = i
                    indices[o] = c
                    o += 1
                    total[c] = v * data_b[q]
                else:
                    total[c] += v * data_b[q]
        indices[indptr[i] : o].sort()
        for p in range(indptr[i], o):
            data[p] = total[indices[p]]
    return indptr, indices, data
