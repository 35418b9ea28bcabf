"""Products of a Csr matrix with dense rows: whole rows of k values are one vector register block, entries ahead are prefetched.

Plain loops that numba compiles are 1.2 to 3.5 times slower here: the compiler cannot know k, and random rows wait for memory.
A kernel serves rows (or output rows) begin..end-1, so that several threads can share one product.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import jit

I16, I32, I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()
#: How the dense operand is stored: as the result, or as raw 16-bit words that are widened to float32 while they are read.
NATIVE, FLOAT16, BFLOAT16 = 0, 1, 2
AHEAD = 16


def prefetch(builder: Any, pointer: Any, write: int) -> None:
    """Ask for the cache line at a pointer."""
    signature = ir.FunctionType(ir.VoidType(), [BYTES, I32, I32, I32])
    function = cgutils.get_or_insert_function(builder.module, signature, "llvm.prefetch.p0")
    builder.call(function, [builder.bitcast(pointer, BYTES), I32(write), I32(3), I32(1)])


def _splat(builder: Any, scalar: Any, row: Any) -> Any:
    undefined = ir.Constant(row, ir.Undefined)
    one = builder.insert_element(undefined, scalar, I32(0))
    return builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(I32, row.count), [0] * row.count))


def _load_row(builder: Any, base: Any, place: Any, row: Any, kind: int) -> Any:
    """`row.count` values at base[place], widened from 16 bits if `kind` says so."""
    pointer = builder.gep(base, [place])
    if kind == NATIVE:
        size = 4 if isinstance(row.element, ir.FloatType) else 8
        return builder.load(builder.bitcast(pointer, row.as_pointer()), align=size)
    words = ir.VectorType(I16, row.count)
    raw = builder.load(builder.bitcast(pointer, words.as_pointer()), align=2)
    if kind == FLOAT16:
        return builder.fpext(builder.bitcast(raw, ir.VectorType(ir.HalfType(), row.count)), row)
    wide = ir.VectorType(I32, row.count)
    return builder.bitcast(builder.shl(builder.zext(raw, wide), ir.Constant(wide, [16] * row.count)), row)


def _lines(width: int, itemsize: int) -> range:
    return range(0, width, max(64 // itemsize, 1))


@intrinsic(prefer_literal=True)
def sum_of_rows(typingctx: Any, width: Any, kind: Any, values: Any, indices: Any, dense: Any, stride: Any, column: Any, out: Any, begin: Any,
                end: Any, i: Any, total: Any) -> Any:  # fmt: skip
    """out[i, column:column+width] = sum over entries j in begin..end-1 of values[j] * dense[indices[j], column:column+width]."""
    w, k = width.literal_value, kind.literal_value
    itemsize = dense.dtype.bitwidth // 8
    signature = types.void(width, kind, values, indices, dense, stride, column, out, begin, end, i, total)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        array = {n: context.make_array(sig.args[p])(context, builder, args[p]).data for n, p in (("v", 2), ("c", 3), ("d", 4), ("o", 7))}
        step, col, first, last, place, nnz = args[5], args[6], args[8], args[9], args[10], args[11]
        row = ir.VectorType(context.get_value_type(out.dtype), w)
        acc = cgutils.alloca_once(builder, row)
        builder.store(ir.Constant(row, [0.0] * w), acc)
        with cgutils.for_range_slice(builder, first, last, I64(1), I64) as (j, _):
            later = builder.add(j, I64(AHEAD))
            with builder.if_then(builder.icmp_signed("<", later, nnz)):
                ahead = builder.add(builder.mul(builder.load(builder.gep(array["c"], [later])), step), col)
                for q in _lines(w, itemsize):
                    prefetch(builder, builder.gep(array["d"], [builder.add(ahead, I64(q))]), 0)
            start = builder.add(builder.mul(builder.load(builder.gep(array["c"], [j])), step), col)
            source = _load_row(builder, array["d"], start, row, k)
            product = builder.fmul(_splat(builder, builder.load(builder.gep(array["v"], [j])), row), source, flags=["fast"])
            builder.store(builder.fadd(builder.load(acc), product, flags=["fast"]), acc)
        target = builder.gep(array["o"], [builder.add(builder.mul(place, step), col)])
        builder.store(builder.load(acc), builder.bitcast(target, row.as_pointer()), align=itemsize if k == NATIVE else 4)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic(prefer_literal=True)
def add_to_rows(typingctx: Any, width: Any, values: Any, position: Any, rhs: Any, stride: Any, column: Any, out: Any, begin: Any, end: Any,
                i: Any, total: Any) -> Any:  # fmt: skip
    """out[position[j], column:column+width] += values[j] * rhs[i, column:column+width] for entries j in begin..end-1."""
    w = width.literal_value
    itemsize = out.dtype.bitwidth // 8
    signature = types.void(width, values, position, rhs, stride, column, out, begin, end, i, total)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        array = {n: context.make_array(sig.args[p])(context, builder, args[p]).data for n, p in (("v", 1), ("p", 2), ("r", 3), ("o", 6))}
        step, col, first, last, place, nnz = args[4], args[5], args[7], args[8], args[9], args[10]
        row = ir.VectorType(context.get_value_type(out.dtype), w)
        source = _load_row(builder, array["r"], builder.add(builder.mul(place, step), col), row, NATIVE)
        with cgutils.for_range_slice(builder, first, last, I64(1), I64) as (j, _):
            later = builder.add(j, I64(AHEAD))
            with builder.if_then(builder.icmp_signed("<", later, nnz)):
                ahead = builder.add(builder.mul(builder.sext(builder.load(builder.gep(array["p"], [later])), I64), step), col)
                for q in _lines(w, itemsize):
                    prefetch(builder, builder.gep(array["o"], [builder.add(ahead, I64(q))]), 1)
            start = builder.add(builder.mul(builder.sext(builder.load(builder.gep(array["p"], [j])), I64), step), col)
            target = builder.bitcast(builder.gep(array["o"], [start]), row.as_pointer())
            product = builder.fmul(_splat(builder, builder.load(builder.gep(array["v"], [j])), row), source, flags=["fast"])
            builder.store(builder.fadd(builder.load(target, align=itemsize), product, flags=["fast"]), target, align=itemsize)
        return context.get_dummy_value()

    return signature, codegen


@cache
def csr_dot(width: int, kind: int) -> Callable[..., None]:
    """A kernel (values, indices, indptr, dense, stride, column, out, begin, end): `width` columns of rows begin..end-1 of csr . dense."""

    @jit
    def kernel(values, indices, indptr, dense, stride, column, out, begin, end):  # type: ignore[no-untyped-def]
        nnz = indices.size
        for i in range(begin, end):
            sum_of_rows(width, kind, values, indices, dense, stride, column, out, indptr[i], indptr[i + 1], i, nnz)

    return kernel


@cache
def scatter_rows(width: int) -> Callable[..., None]:
    """A kernel (values, position, indptr, rhs, stride, column, out, low, high, whole): `width` columns of the rows low..high-1 of csr.T . rhs.

    position[j] is the output row of entry j; out must be zero. Unless `whole`, a row's positions must ascend.
    """

    @jit
    def kernel(values, position, indptr, rhs, stride, column, out, low, high, whole):  # type: ignore[no-untyped-def]
        nnz = position.size
        for i in range(indptr.size - 1):
            begin, end = indptr[i], indptr[i + 1]
            if not whole:
                here = position[begin:end]
                begin, end = begin + np.searchsorted(here, low), begin + np.searchsorted(here, high)
            add_to_rows(width, values, position, rhs, stride, column, out, begin, end, i, nnz)

    return kernel
