"""Making sparse arrays from definitions, dense arrays and scipy matrices. What a user brings is checked here, once."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .. import _dtype
from .._runtime.array import wrap
from .._runtime.invoke import Sparse
from .._storage import Csr, FormatError, RowSparse, StorageError, csr_from_dense, row_sparse_from_dense
from ..context import Context, parse_context
from ._creation import _from_anything, _shape
from ._ndarray import NDArray
from ._sparse_array import CSRNDArray, RowSparseNDArray

_INTS = (int, np.integer)


def zeros(stype: str, shape: Any, ctx: Context | None = None, dtype: Any = None, **kwargs: Any) -> Any:
    """An array of zeros of any storage type; sparse ones store nothing.

    >>> mx.nd.sparse.zeros("csr", (2, 3)).asnumpy()
    array([[0., 0., 0.],
           [0., 0., 0.]], dtype=float32)
    """
    if stype not in ("default", "csr", "row_sparse"):
        raise StorageError(f"zeros: unknown storage type {stype!r}. Use default, csr or row_sparse.")
    ctx = parse_context(ctx)
    made = wrap(Sparse.zeros(stype, _shape(shape, "zeros"), _dtype.to_torch(dtype, "zeros"), ctx.torch_device), ctx)
    out = kwargs.pop("out", None)
    if out is None:
        return made
    out[:] = made
    return out


def empty(stype: str, shape: Any, ctx: Context | None = None, dtype: Any = None) -> Any:
    """The same as `zeros` for sparse storage."""
    return zeros(stype, shape, ctx, dtype)


def array(source_array: Any, ctx: Context | None = None, dtype: Any = None) -> Any:
    """A copy of a CSRNDArray, a RowSparseNDArray or a scipy CSR matrix, with its data type unless `dtype` is given."""
    if isinstance(source_array, CSRNDArray) or hasattr(source_array, "tocsr"):
        return csr_matrix(source_array, ctx=ctx, dtype=dtype)
    if isinstance(source_array, RowSparseNDArray):
        return row_sparse_array(source_array, ctx=ctx, dtype=dtype)
    raise StorageError(
        f"array: source must be a sparse NDArray or a scipy sparse matrix, got {type(source_array).__name__}. Use mx.nd.array for dense sources."
    )


def csr_matrix(arg1: Any, shape: Any = None, ctx: Context | None = None, dtype: Any = None) -> CSRNDArray:
    """A CSRNDArray from one of

    - a matrix: list, NumPy array or NDArray
    - `(data, indices, indptr)`: the entries of row i are indptr[i]:indptr[i + 1]
    - `(data, (rows, columns))`: entries in any order; equal places are added up
    - `(rows, columns)`, two sizes: a matrix of zeros
    - a CSRNDArray or a scipy CSR matrix

    dtype: default is the source's; for lists float32, in the form (data, (rows, columns)) NumPy's. Data is copied.
    A StorageError (MXNetError and ValueError) tells the first defect of a malformed definition.

    >>> a = mx.nd.sparse.csr_matrix(([1, 2, 3], [1, 0, 2], [0, 1, 2, 2, 3]), shape=(4, 3))
    >>> a.asnumpy()
    array([[0., 1., 0.],
           [2., 0., 0.],
           [0., 0., 0.],
           [0., 0., 3.]], dtype=float32)
    """
    ctx = parse_context(ctx)
    if isinstance(arg1, tuple):
        if len(arg1) == 2 and all(isinstance(n, _INTS) for n in arg1):
            _same_shape(tuple(arg1), shape)
            return zeros("csr", arg1, ctx, dtype)
        if len(arg1) == 2:
            data, places = arg1
            if not isinstance(places, (tuple, list)) or len(places) != 2:
                raise StorageError("csr_matrix: a pair must be (data, (rows, columns)). Pass three arrays for (data, indices, indptr).")
            value = _csr_from_coo(data, places[0], places[1], shape, dtype)
        elif len(arg1) == 3:
            value = _csr_from_definition(*arg1, shape, dtype)
        else:
            raise StorageError(
                f"csr_matrix: a tuple must hold 2 or 3 parts, got {len(arg1)}. Pass (data, indices, indptr) or (data, (rows, columns))."
            )
    elif hasattr(arg1, "tocsr"):
        value = _csr_from_scipy(arg1, dtype)
        _same_shape(value.shape, shape)
    elif isinstance(arg1, RowSparseNDArray):
        raise StorageError("csr_matrix: source must not be a RowSparseNDArray. Convert it with tostype('default') first.")
    elif isinstance(arg1, CSRNDArray):
        value = arg1._d.clone() if dtype is None else arg1._d.clone().to(_dtype.to_torch(dtype, "csr_matrix"))
        _same_shape(value.shape, shape)
    else:
        dense = _dense(arg1, dtype, "csr_matrix")
        if dense.dim() != 2:
            raise StorageError(f"csr_matrix: needs a matrix, got shape {tuple(dense.shape)}. Reshape it to two axes.")
        _same_shape(tuple(dense.shape), shape)
        value = csr_from_dense(dense)
    device = ctx.torch_device
    return wrap(value if value.device == device else value.to(device), ctx)


def row_sparse_array(arg1: Any, shape: Any = None, ctx: Context | None = None, dtype: Any = None) -> RowSparseNDArray:
    """A RowSparseNDArray from one of

    - an array: list, NumPy array or NDArray
    - `(data, indices)`: data[j] is row indices[j]; rows may come in any order, but only once
    - sizes `(rows, ...)`: an array of zeros
    - a RowSparseNDArray

    dtype: default is the source's, float32 for lists. Data is copied. A StorageError (MXNetError and ValueError) tells the first defect of a malformed definition.

    >>> mx.nd.sparse.row_sparse_array(([[1, 2], [3, 4]], [1, 3]), shape=(4, 2)).asnumpy()
    array([[0., 0.],
           [1., 2.],
           [0., 0.],
           [3., 4.]], dtype=float32)
    """
    ctx = parse_context(ctx)
    if isinstance(arg1, tuple):
        if arg1 and all(isinstance(n, _INTS) for n in arg1):
            _same_shape(tuple(arg1), shape)
            return zeros("row_sparse", arg1, ctx, dtype)
        if len(arg1) != 2:
            raise StorageError(f"row_sparse_array: a tuple must be (data, indices) or sizes, got {len(arg1)} parts. Pass two arrays.")
        value = _row_sparse_from_definition(*arg1, shape, dtype)
    elif isinstance(arg1, CSRNDArray):
        raise StorageError("row_sparse_array: source must not be a CSRNDArray. Convert it with tostype('default') first.")
    elif isinstance(arg1, RowSparseNDArray):
        value = arg1._d.clone() if dtype is None else arg1._d.clone().to(_dtype.to_torch(dtype, "row_sparse_array"))
        _same_shape(value.shape, shape)
    else:
        dense = _dense(arg1, dtype, "row_sparse_array")
        if dense.dim() == 0:
            raise StorageError("row_sparse_array: needs at least one axis, got a number. Pass a list or an array.")
        _same_shape(tuple(dense.shape), shape)
        value = row_sparse_from_dense(dense)
    device = ctx.torch_device
    return wrap(value if value.device == device else value.to(device), ctx)


def _dense(source: Any, dtype: Any, where: str) -> torch.Tensor:
    """A fresh CPU (or source device) tensor of numbers, lists, NumPy arrays and NDArrays, with the type rules of this module."""
    if isinstance(source, NDArray):
        t = source._d if source.stype == "default" else source._d.to_dense()
        return t.to(t.dtype if dtype is None else _dtype.to_torch(dtype, where), copy=True)
    if dtype is None:
        kind = _dtype.to_torch(source.dtype, where) if isinstance(source, np.ndarray) and source.dtype.kind in "fiub" else torch.float32
    else:
        kind = _dtype.to_torch(dtype, where)
    try:
        t = _from_anything(source, kind)
    except TypeError:
        raise StorageError(f"{where}: cannot read {type(source).__name__} as numbers. Pass lists, NumPy arrays or NDArrays.") from None
    if np.ndim(source) == 0:
        t = t.reshape(())
    return t.to(kind, copy=True)


def _ids(source: Any, name: str, where: str) -> torch.Tensor:
    """int64 indices of anything array like."""
    if isinstance(source, NDArray):
        t = source._d
    else:
        a = np.asarray(source)
        if a.dtype.kind not in "iufb":
            raise StorageError(f"{where}: {name} must hold integers, got {a.dtype}. Pass an int array.")
        t = torch.from_numpy(np.ascontiguousarray(a))
    if t.dtype.is_floating_point and t.numel() and not bool((t == t.floor()).all()):
        raise StorageError(f"{where}: {name} must hold integers, got fractions or nan. Pass an int array.")
    return t.to(torch.int64, copy=True)


def _csr_from_definition(data: Any, indices: Any, indptr: Any, shape: Any, dtype: Any) -> Csr:
    values = _dense(data, dtype, "csr_matrix")
    columns, starts = (_ids(x, n, "csr_matrix").to(values.device) for x, n in ((indices, "indices"), (indptr, "indptr")))
    if shape is None:
        if not columns.numel():
            raise StorageError("csr_matrix: the number of columns is unknown without entries. Pass shape=(rows, columns).")
        shape = (max(starts.numel() - 1, 0), int(columns.max()) + 1)
    value = Csr(values, columns, starts, _shape(shape, "csr_matrix"))
    value.check()
    return value


def _csr_from_coo(data: Any, rows: Any, columns: Any, shape: Any, dtype: Any) -> Csr:
    values = _dense(data if isinstance(data, (NDArray, np.ndarray)) else np.asarray(data), dtype, "csr_matrix")
    r, c = (_ids(x, n, "csr_matrix").reshape(-1).to(values.device) for x, n in ((rows, "rows"), (columns, "columns")))
    if not (values.dim() == 1 and values.shape == r.shape == c.shape):
        raise StorageError(
            f"csr_matrix: data, rows and columns have {values.numel()}, {r.numel()} and {c.numel()} entries. Pass equal numbers."
        )
    if shape is None:
        if not r.numel():
            raise StorageError("csr_matrix: the shape is unknown without entries. Pass shape=(rows, columns).")
        shape = (int(r.max()) + 1, int(c.max()) + 1)
    shape = _shape(shape, "csr_matrix")
    if len(shape) != 2:
        raise StorageError(f"csr_matrix: shape must be two sizes, got {shape}. Pass (rows, columns).")
    for name, ids, size in (("row", r, shape[0]), ("column", c, shape[1])):
        if ids.numel() and (int(ids.min()) < 0 or int(ids.max()) >= size):
            bad = int(ids.min()) if int(ids.min()) < 0 else int(ids.max())
            raise StorageError(f"csr_matrix: {name} {bad} is out of range for {size} {name}s. Use 0..{size - 1}.")
    order = torch.argsort(r, stable=True)
    starts = zeros("csr", (shape[0], 1), wrap(values)._ctx)._d.indptr
    if r.numel():
        torch.cumsum(torch.bincount(r, minlength=shape[0]), 0, out=starts[1:])
    return Csr(values[order], c[order], starts, shape).canonical()


def _csr_from_scipy(matrix: Any, dtype: Any) -> Csr:
    m = matrix
    if getattr(m, "format", None) != "csr":
        raise FormatError(f"csr_matrix: a scipy matrix must be in CSR format, got {type(m).__name__}. Pass matrix.tocsr().")
    kind = _dtype.to_torch(m.dtype if dtype is None else dtype, "csr_matrix")
    values = torch.from_numpy(np.array(m.data)).to(kind)
    value = Csr(values, torch.from_numpy(m.indices.astype(np.int64)), torch.from_numpy(m.indptr.astype(np.int64)), m.shape)
    value.check()
    return value.canonical()


def _row_sparse_from_definition(data: Any, indices: Any, shape: Any, dtype: Any) -> RowSparse:
    values = _dense(data, dtype, "row_sparse_array")
    rows = _ids(indices, "indices", "row_sparse_array").to(values.device)
    if rows.dim() != 1:
        raise StorageError(f"row_sparse_array: indices must have one axis, got shape {tuple(rows.shape)}. Pass a flat array.")
    if shape is None:
        if not rows.numel():
            raise StorageError("row_sparse_array: the shape is unknown without rows. Pass shape=(rows, ...).")
        shape = (int(rows.max()) + 1, *values.shape[1:])
    shape = _shape(shape, "row_sparse_array")
    if not values.numel() and not rows.numel():
        values = values.reshape(0, *shape[1:])
    if values.dim() and values.shape[0] == rows.shape[0] and rows.numel() > 1 and not bool((rows.diff() > 0).all()):
        order = torch.argsort(rows)
        rows, values = rows[order], values.index_select(0, order)
    value = RowSparse(values, rows, shape)
    value.check()
    return value


def _same_shape(have: Any, asked: Any) -> None:
    if asked is not None and tuple(have) != _shape(asked, "shape"):
        raise StorageError(f"shape: the source has shape {tuple(have)}, asked was {tuple(asked)}. Leave shape away or pass the source's.")
