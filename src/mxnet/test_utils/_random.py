"""Random inputs: shapes, dense and sparse arrays, matrices with known properties."""

from __future__ import annotations

import random as _python_random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ndarray as nd
from ..context import Context
from ..error import MXNetError
from ._compare import default_dtype


def random_sample(population: Sequence, k: int) -> list:
    """k different elements, in their old order."""
    return [population[i] for i in sorted(_python_random.sample(range(len(population)), k))]


def random_arrays(*shapes: tuple) -> Any:
    """Normal float32 NumPy arrays of these shapes; one shape gives one array."""
    made = [np.array(np.random.randn(), np.float32) if len(s) == 0 else np.random.randn(*s).astype(default_dtype()) for s in shapes]
    return made[0] if len(made) == 1 else made


def random_uniform_arrays(*shapes: tuple, **kwargs: Any) -> list:
    """Uniform NumPy arrays; low=, high=, dtype=."""
    low, high, dtype = kwargs.pop("low", 0.0), kwargs.pop("high", 1.0), kwargs.pop("dtype", default_dtype())
    return [np.random.uniform(size=s, low=low, high=high).astype(dtype) for s in shapes]


def _dim(limit: int, allow_zero_size: bool) -> int:
    return int(np.random.randint(0 if allow_zero_size else 1, limit + 1))


def rand_shape_2d(dim0: int = 10, dim1: int = 10, allow_zero_size: bool = False) -> tuple:
    """A random shape of two axes."""
    return _dim(dim0, allow_zero_size), _dim(dim1, allow_zero_size)


def rand_shape_3d(dim0: int = 10, dim1: int = 10, dim2: int = 10, allow_zero_size: bool = False) -> tuple:
    """A random shape of three axes."""
    return _dim(dim0, allow_zero_size), _dim(dim1, allow_zero_size), _dim(dim2, allow_zero_size)


def rand_shape_nd(num_dim: int, dim: int = 10, allow_zero_size: bool = False) -> tuple:
    """A random shape."""
    return tuple(_dim(dim, allow_zero_size) for _ in range(num_dim))


def rand_coord_2d(x_low: int, x_high: int, y_low: int, y_high: int) -> tuple:
    """A random point of integers."""
    return int(np.random.randint(x_low, x_high)), int(np.random.randint(y_low, y_high))


def rand_ndarray(shape: tuple, stype: str = "default", density: float | None = None, dtype: Any = None, modifier_func: Callable | None = None,
                 shuffle_csr_indices: bool = False, distribution: str | None = None, ctx: Context | None = None) -> Any:  # fmt: skip
    """A random array of any storage type."""
    if stype == "default":
        return nd.array(random_arrays(shape), dtype=dtype or np.float32, ctx=ctx)
    return rand_sparse_ndarray(shape, stype, density, dtype, distribution, modifier_func=modifier_func, shuffle_csr_indices=shuffle_csr_indices,
                               ctx=ctx)[0]  # fmt: skip


def rand_sparse_ndarray(shape: tuple, stype: str, density: float | None = None, dtype: Any = None, distribution: str | None = None,
                        data_init: float | None = None, rsp_indices: Any = None, modifier_func: Callable | None = None,
                        shuffle_csr_indices: bool = False, ctx: Context | None = None) -> tuple:  # fmt: skip
    """(array, its parts): values uniform in [0, 1) or `data_init`, stored with probability `density` (default: random).

    distribution: "uniform", or for CSR "powerlaw" (row i stores twice as many as row i - 1, while density lasts).
    """
    density = np.random.rand() if density is None else density
    dtype = dtype or default_dtype()
    distribution = distribution or "uniform"
    if stype == "row_sparse":
        if distribution != "uniform":
            raise MXNetError(f"rand_sparse_ndarray: distribution {distribution!r} is not available for row_sparse. Use uniform.")
        rows = np.asarray(rsp_indices if rsp_indices is not None else np.flatnonzero(np.random.rand(shape[0]) < density), np.int64)
        values = _values((len(rows), *shape[1:]), data_init, modifier_func).astype(dtype)
        array = nd.sparse.row_sparse_array((values, rows), shape=shape, dtype=dtype, ctx=ctx)
        return array, (values, rows)
    if stype != "csr":
        raise MXNetError(f"rand_sparse_ndarray: storage type {stype!r} is unknown. Use csr or row_sparse.")
    mask = np.random.rand(*shape) < density if distribution == "uniform" else _powerlaw(shape, density)
    dense = np.where(mask, _values(shape, data_init, modifier_func), 0).astype(dtype)
    indptr = np.concatenate([[0], np.cumsum(mask.sum(1))]).astype(np.int64)
    indices = np.concatenate([np.flatnonzero(row) for row in mask]).astype(np.int64) if shape[0] else np.zeros(0, np.int64)
    array = nd.sparse.csr_matrix((dense[mask], indices, indptr), shape=shape, dtype=dtype, ctx=ctx)
    if shuffle_csr_indices:
        shuffle_csr_column_indices(array)
    return array, (array.indptr, array.indices, array.data)


def _values(shape: tuple, data_init: float | None, modifier_func: Callable | None) -> np.ndarray:
    values = np.full(shape, data_init, np.float64) if data_init is not None else np.random.uniform(0, 1, shape)
    return assign_each(values, modifier_func) if modifier_func else values


def _powerlaw(shape: tuple, density: float) -> np.ndarray:
    mask, left, count = np.zeros(shape, bool), int(shape[0] * shape[1] * density), 1
    for row in range(shape[0]):
        use = min(count, left, shape[1])
        mask[row, :use] = True
        left, count = left - use, count * 2
    return mask


def shuffle_csr_column_indices(csr: Any) -> None:
    """Leave the indices of a CSR array as they are: storage here is always sorted, which every operator may rely on."""
    csr.check_format(full_check=True)


def create_sparse_array(shape: tuple, stype: str, data_init: float | None = None, rsp_indices: Any = None, dtype: Any = None,
                        modifier_func: Callable | None = None, density: float = 0.5, shuffle_csr_indices: bool = False) -> Any:  # fmt: skip
    """A random sparse array."""
    return rand_sparse_ndarray(shape, stype, density, dtype, None, data_init, rsp_indices, modifier_func, shuffle_csr_indices)[0]


def create_sparse_array_zd(shape: tuple, stype: str, density: float, data_init: float | None = None, rsp_indices: Any = None, dtype: Any = None,
                           modifier_func: Callable | None = None, shuffle_csr_indices: bool = False) -> Any:  # fmt: skip
    """A random sparse array, density 0 included."""
    if stype == "row_sparse" and rsp_indices is not None and density == 0:
        rsp_indices = []
    return create_sparse_array(shape, stype, data_init, rsp_indices, dtype, modifier_func, density, shuffle_csr_indices)


def assign_each(the_input: Any, function: Callable | None) -> np.ndarray:
    """The function of every element."""
    a = np.array(the_input)
    return a if function is None else np.vectorize(function, otypes=[a.dtype])(a) if a.size else a


def assign_each2(input1: Any, input2: Any, function: Callable | None) -> np.ndarray:
    """The function of every pair of elements."""
    a = np.array(input1)
    return a if function is None else np.vectorize(function, otypes=[a.dtype])(a, input2) if a.size else a


def create_2d_tensor(rows: int, columns: int, dtype: Any = np.int64) -> Any:
    """A matrix whose row i holds i everywhere."""
    return nd.array(np.arange(rows, dtype=dtype), dtype=dtype).reshape((rows, 1)).broadcast_to((rows, columns))


def create_vector(size: int, dtype: Any = np.int64) -> Any:
    """0, 1, ..., size - 1."""
    return nd.arange(0, size, dtype=dtype)


def get_identity_mat(size: int) -> np.ndarray:
    """The identity matrix."""
    return np.eye(size)


def get_identity_mat_batch(size: int) -> np.ndarray:
    """Two identity matrices."""
    return np.stack([np.eye(size)] * 2)


def new_matrix_with_real_eigvals_2d(n: int) -> np.ndarray:
    """A random matrix similar to a real diagonal one."""
    basis = np.random.uniform(-1, 1, (n, n)) + 2 * np.eye(n)
    return basis @ np.diag(np.random.uniform(-1, 1, n)) @ np.linalg.inv(basis)


def new_matrix_with_real_eigvals_nd(shape: tuple) -> np.ndarray:
    """A stack of such matrices."""
    return _stack(shape, new_matrix_with_real_eigvals_2d)


def new_orthonormal_matrix_2d(n: int) -> np.ndarray:
    """A random orthonormal matrix."""
    return np.linalg.qr(np.random.normal(size=(n, n)))[0]


def new_sym_matrix_with_real_eigvals_2d(n: int) -> np.ndarray:
    """A random symmetric matrix."""
    q = new_orthonormal_matrix_2d(n)
    return q @ np.diag(np.random.uniform(-1, 1, n)) @ q.T


def new_sym_matrix_with_real_eigvals_nd(shape: tuple) -> np.ndarray:
    """A stack of such matrices."""
    return _stack(shape, new_sym_matrix_with_real_eigvals_2d)


def _stack(shape: tuple, make: Callable) -> np.ndarray:
    count, n = int(np.prod(shape[:-2])), shape[-1]
    return np.array([make(n) for _ in range(count)]).reshape(shape)
