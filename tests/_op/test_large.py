"""Arrays of more than 2**31 elements: counts, offsets and indices are 64 bits wide. Two to five gigabytes each, so: `make test-all`."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import numpy as np
import pytest
import torch

import mxnet as mx

nd = mx.nd
LENGTH = 2**31 + 16
WIDTH = 2**16
ROWS = LENGTH // WIDTH + 1


def free() -> int:
    """Bytes of memory that are free, as far as the system tells."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 0


pytestmark = [pytest.mark.slow, pytest.mark.skipif(free() < 12 << 30, reason="needs 12 GB of free memory")]


@pytest.fixture
def line() -> Iterator[mx.nd.NDArray]:
    """A long vector of zeros with ones at both ends and behind 2**31."""
    x = nd.zeros(LENGTH, dtype="int8")
    x[0] = x[2**31 + 3] = x[LENGTH - 1] = 1
    yield x
    gc.collect()


@pytest.fixture
def table() -> Iterator[mx.nd.NDArray]:
    """The same as rows: row and column of the last element hold 1."""
    x = nd.zeros((ROWS, WIDTH), dtype="int8")
    x[ROWS - 1, WIDTH - 1] = 1
    yield x
    gc.collect()


def test_sizes_and_elements(line: mx.nd.NDArray) -> None:
    assert line.size == LENGTH and nd.size_array(line).asscalar() == LENGTH and nd.shape_array(line).asscalar() == LENGTH
    assert line[2**31 + 3].asscalar() == 1 and line[2**31 + 4].asscalar() == 0 and line[-1].asscalar() == 1


def test_slices(line: mx.nd.NDArray) -> None:
    assert nd.slice(line, begin=(2**31,), end=(2**31 + 5,)).asnumpy().tolist() == [0, 0, 0, 1, 0]
    assert nd.slice_axis(line, axis=0, begin=2**31 + 2, end=None).shape == (14,)
    assert line[2**31 :].asnumpy().sum() == 2
    line[2**31 + 5 : 2**31 + 7] = 3
    assert line[2**31 + 4 : 2**31 + 8].asnumpy().tolist() == [0, 3, 3, 0]


def test_take_by_large_indices(line: mx.nd.NDArray) -> None:
    places = nd.array([0, 1, 2**31 + 3, LENGTH - 1], dtype="int64")
    assert nd.take(line, places).asnumpy().tolist() == [1, 0, 1, 1]
    assert nd.gather_nd(line, places.reshape((1, -1))).asnumpy().tolist() == [1, 0, 1, 1]
    with pytest.raises(mx.MXNetError, match="out of range|out of bounds"):
        nd.take(line, nd.array([LENGTH], dtype="int64"), mode="raise").asnumpy()


def test_elementwise_and_comparison(line: mx.nd.NDArray) -> None:
    doubled = line + line
    assert doubled[2**31 + 3].asscalar() == 2 and doubled.shape == (LENGTH,)
    assert (line == 1)[LENGTH - 1].asscalar() == 1
    line += 1
    assert line[2**31 + 3].asscalar() == 2 and line[1].asscalar() == 1


def test_casts(line: mx.nd.NDArray) -> None:
    flags = line.astype("bool")
    assert str(np.dtype(flags.dtype)) == "bool" and bool(flags[LENGTH - 1].asscalar()) and not bool(flags[1].asscalar())


def test_reshape_and_rows(line: mx.nd.NDArray) -> None:
    rows = line[: 2**31].reshape((2**15, 2**16))
    assert rows.shape == (2**15, 2**16) and rows[0, 0].asscalar() == 1
    assert nd.expand_dims(line, 0).shape == (1, LENGTH)


def test_last_row(table: mx.nd.NDArray) -> None:
    assert table.size > 2**31 and table[ROWS - 1, WIDTH - 1].asscalar() == 1
    assert nd.take(table, nd.array([ROWS - 1, 0], dtype="int64")).asnumpy().sum(1).tolist() == [1, 0]
    assert nd.slice(table, begin=(ROWS - 2, WIDTH - 2), end=(ROWS, WIDTH)).asnumpy().tolist() == [[0, 0], [0, 1]]


def test_reductions(table: mx.nd.NDArray) -> None:
    top = nd.max(table, axis=1)
    assert top.shape == (ROWS,) and top[ROWS - 1].asscalar() == 1 and top[0].asscalar() == 0
    assert nd.max(table).asscalar() == 1
    assert nd.argmax(table, axis=0)[:2].asnumpy().tolist() == [0, 0]


def test_whole_array(line: mx.nd.NDArray) -> None:
    line[2**31 + 8] = 5
    assert nd.max(line).asscalar() == 5 and nd.min(line).asscalar() == 0
    assert nd.sum(line).asscalar() == 8


def test_concatenation_and_where() -> None:
    half = nd.ones(2**30 + 8, dtype="int8")
    both = nd.concat(half, half * 2, dim=0)
    assert both.shape == (2**31 + 16,) and both[2**31 + 15].asscalar() == 2 and both[2**30 + 7].asscalar() == 1
    chosen = nd.where(both, both, both)
    assert chosen[2**31 + 15].asscalar() == 2


def test_symbols_of_large_shapes() -> None:
    x = mx.sym.var("x")
    shapes = mx.sym.concat(x, x, dim=0).infer_shape(x=(2**31, 2**20))[1]
    assert shapes == [(2**32, 2**20)]
    assert mx.sym.reshape(x, shape=(-1,)).infer_shape(x=(2**31, 2**20))[1] == [(2**51,)]


def test_sparse_matrix_of_large_shape() -> None:
    """A csr matrix and row-sparse rows far behind 2**31: memory follows the stored elements."""
    a = nd.sparse.csr_matrix(
        (np.array([2.0, 3.0], "float32"), np.array([5, 2**33], "int64"), np.array([0, 1, 2], "int64")), shape=(2, 2**34)
    )
    assert a.shape == (2, 2**34) and a.indices.asnumpy().tolist() == [5, 2**33] and (a * 2).data.asnumpy().tolist() == [4, 6]
    rows = nd.sparse.row_sparse_array((np.ones((1, 2), "float32"), np.array([2**35], "int64")), shape=(2**36, 2))
    kept = nd.sparse.retain(rows, nd.array([2**35], dtype="int64"))
    assert kept.indices.asnumpy().tolist() == [2**35] and nd.sum(rows).asscalar() == 2


def test_torch_and_the_array_are_one_memory(line: mx.nd.NDArray) -> None:
    assert line._d.numel() == LENGTH and line._d.dtype == torch.int8 and int(line._d[2**31 + 3]) == 1
