"""CSRNDArray and RowSparseNDArray: arrays around the structs of `_storage`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .. import _dtype
from .._op.registry import NAMES
from .._runtime.array import Array, Classes, in_graph, wrap
from .._runtime.invoke import invoke
from .._runtime.sparse_dispatch import store
from .._runtime.state import state
from .._storage import Csr, RowSparse, StorageError
from .._storage.slicing import block, take_rows
from ..base import NotSupportedForSparseNDArray
from ..context import Context
from ..error import MXNetError
from ._ndarray import NDArray, copied_to_itself


def _inplace(forward: Callable, symbol: str) -> Callable:
    def method(self: BaseSparseNDArray, other: Any) -> BaseSparseNDArray:
        if state.recording and in_graph(self):
            raise MXNetError(
                f"{type(self).__name__}: {symbol} would change an array of a recorded graph. Write x = x {symbol[0]} y inside record()."
            )
        result = forward(self, other)
        if result is NotImplemented:
            raise TypeError(f"{type(self).__name__}: {symbol} does not take {type(other).__name__}. Convert it with mx.nd.array.")
        store(self, result._d)
        if state.recording and in_graph(result):
            self._t = result._t
        return self

    return method


class BaseSparseNDArray(NDArray):
    """What CSRNDArray and RowSparseNDArray share. Arithmetic and methods are operators: they stay sparse where zeros stay zeros."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """Number of elements, stored or not."""
        return self._d.numel()

    def __repr__(self) -> str:
        shape = "x".join(str(s) for s in self.shape)
        return f"\n<{type(self).__name__} {shape} @{self._ctx}>"

    def __bool__(self) -> bool:
        if self.size == 1:
            return bool(self.asnumpy().item())
        if self.size == 0:
            return False
        raise StorageError(
            f"{type(self).__name__}: the truth value of an array with several elements is ambiguous. Use asnumpy().any() or .all()."
        )

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def asnumpy(self) -> np.ndarray:
        """A dense NumPy copy. bfloat16 arrays come as float32, since NumPy has no bfloat16."""
        t = self._d.to_dense()
        return (t.float() if t.dtype is torch.bfloat16 else t).cpu().numpy()

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """The array with another data type of its values; copy=False returns the array itself if nothing changes."""
        kind = _dtype.to_torch(dtype, "astype")
        if not copy and kind == self._d.dtype:
            return self
        value = self._d
        return wrap(value.clone() if value.dtype == kind else value.to(kind), self._ctx)

    def copyto(self, other: Any) -> Any:
        """Copy into another array (of the same or of default storage), or to a context."""
        if isinstance(other, Context):
            device = other.torch_device
            return wrap(self._d.clone() if self._d.device == device else self._d.to(device), other)
        if not isinstance(other, Array):
            raise TypeError(f"copyto: target must be an NDArray or a Context, got {type(other).__name__}. Pass one of them.")
        if other is self:
            return copied_to_itself()
        if other.stype not in ("default", self.stype):
            raise TypeError(
                f"copyto: cannot copy {self.stype} storage into {other.stype}. Use an array of {self.stype} or default storage."
            )
        if self.shape != other.shape:
            raise MXNetError(f"copyto: shapes differ, {self.shape} into {other.shape}. Use equal shapes.")
        if state.recording and in_graph(other):
            raise MXNetError("copyto: cannot write into an array of a recorded graph. Copy outside record().")
        store(other, self._d if other.stype == "default" else self._d.clone())
        return other

    def tostype(self, stype: str) -> Any:
        """The array in another storage type."""
        op = NAMES["cast_storage"]
        if stype not in ("default", self.stype):
            raise StorageError(f"tostype: cannot go from {self.stype} to {stype!r}. Use 'default' or '{self.stype}'.")
        return invoke(op, (self,), op.parse({"stype": stype}))

    def check_format(self, full_check: bool = True) -> None:
        """ValueError if the stored arrays do not fit each other: lengths, and with full_check also ranges and order."""
        self._d.check(full_check)
        if full_check and isinstance(self._d, Csr):
            self._d.check_order()

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        """Not available for sparse storage."""
        raise NotSupportedForSparseNDArray(self.reshape, None, *shape)

    def as_nd_ndarray(self) -> Any:
        """The array itself."""
        return self

    def asscalar(self) -> Any:
        """The value of an array of one element."""
        if self.size != 1:
            raise StorageError(f"{type(self).__name__}: asscalar needs an array of one element, got shape {self.shape}. Index it first.")
        return self.asnumpy().reshape(-1)[0]

    def to_torch(self) -> torch.Tensor:
        """A torch sparse tensor of the same memory: CSR layout, or hybrid COO with one sparse axis."""
        d = self._d
        if isinstance(d, Csr):
            return torch.sparse_csr_tensor(d.indptr, d.indices, d.data, d.shape)
        return torch.sparse_coo_tensor(d.indices.unsqueeze(0), d.data, d.shape, is_coalesced=True)

    @property
    def data(self) -> NDArray:
        """A copy of the stored values, as a dense array."""
        return wrap(self._d.data.clone(), self._ctx)

    @data.setter
    def data(self, value: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__}: data cannot be set. Make a new array from (data, indices, ...).")

    @property
    def indices(self) -> NDArray:
        """A copy of the stored int64 indices (columns of CSR entries, numbers of stored rows)."""
        return wrap(self._d.indices.clone(), self._ctx)

    @indices.setter
    def indices(self, value: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__}: indices cannot be set. Make a new array from (data, indices, ...).")

    def _data(self) -> NDArray:
        return self.data

    @property
    def _num_aux(self) -> int:
        return 2 if self.stype == "csr" else 1

    @property
    def _aux_types(self) -> list:
        return [np.int64] * self._num_aux

    def _aux_type(self, i: int) -> Any:
        return np.int64

    def _aux_data(self, i: int) -> NDArray:
        d = self._d
        return wrap((d.indptr if self.stype == "csr" and i == 0 else d.indices).clone(), self._ctx)

    def _set_whole(self, key: Any, value: Any) -> None:
        if not (isinstance(key, slice) and key.start is None and key.stop is None and key.step is None):
            raise StorageError(f"{type(self).__name__}: only x[:] = value is possible. Build a new array to change parts.")
        if state.recording and in_graph(self):
            raise MXNetError(
                f"{type(self).__name__}: x[:] = v would change an array of a recorded graph. Compute a new array inside record()."
            )
        if isinstance(value, Array):
            if value is not self:
                store(self, value._d.clone())
        elif isinstance(value, (int, float, np.generic)):
            store(self, torch.full(self.shape, value, dtype=self._d.dtype, device=self._d.device))
        elif isinstance(value, np.ndarray):
            store(self, torch.from_numpy(np.ascontiguousarray(value)).to(self._d.device))
        elif isinstance(value, torch.Tensor):
            store(self, value.to(self._d.device))
        else:
            raise TypeError(f"{type(self).__name__}: cannot assign {type(value).__name__}. Assign an NDArray or a NumPy array.")

    __iadd__ = _inplace(NDArray.__add__, "+=")
    __isub__ = _inplace(NDArray.__sub__, "-=")
    __imul__ = _inplace(NDArray.__mul__, "*=")
    __itruediv__ = _inplace(NDArray.__truediv__, "/=")
    __idiv__ = __itruediv__
    __imod__ = _inplace(NDArray.__mod__, "%=")
    __ipow__ = _inplace(NDArray.__pow__, "**=")


class CSRNDArray(BaseSparseNDArray):
    """A matrix in compressed rows: `data`, `indices` (columns, int64), `indptr` (starts of the rows, int64).

    Made by `csr_matrix`, `tostype('csr')`, operators, or iterators. `a[i]` is row i as a (1, columns) CSR, `a[i:j]` a block of rows,
    `a[[i, j]]` chosen rows, `a[i:j, k:l]` a block; all of them CSR copies.
    """

    __slots__ = ()
    stype = "csr"

    def __reduce__(self) -> tuple:
        d = self._d
        return _unpickle, ("csr", *(_raw(t) for t in (d.data, d.indices, d.indptr)), d.shape, _dtype.name_of(d.dtype), self._ctx)

    def __getitem__(self, key: Any) -> CSRNDArray:
        rows, columns = self.shape
        if isinstance(key, tuple):
            if len(key) != 2 or not all(isinstance(k, slice) and k.step in (None, 1) for k in key):
                raise StorageError(f"CSRNDArray: cannot index with {key!r}. Use a row, a slice of rows, chosen rows, or two slices.")
            return self._block(*(k.indices(n)[:2] for k, n in zip(key, self.shape)))
        if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            i = int(key) + rows if key < 0 else int(key)
            if not 0 <= i < rows:
                raise IndexErrorOfRow(f"CSRNDArray: row {int(key)} is out of range for {rows} rows. Use -{rows}..{rows - 1}.")
            return self._block((i, i + 1), (0, columns))
        if isinstance(key, slice):
            if key.step not in (None, 1):
                raise StorageError(f"CSRNDArray: slice step must be 1, got {key.step}. Choose rows with a list, as in a[[0, 2]].")
            if key.start is None and key.stop is None:
                return self
            return self._block(key.indices(rows)[:2], (0, columns))
        if isinstance(key, (list, np.ndarray, Array)):
            chosen = np.asarray(key.asnumpy() if isinstance(key, Array) else key)
            if chosen.dtype == bool:
                if chosen.shape != (rows,):
                    raise IndexErrorOfRow(
                        f"CSRNDArray: a mask of shape {chosen.shape} does not fit {rows} rows. Use one bool for each row."
                    )
                chosen = chosen.nonzero()[0]
            ids = torch.from_numpy(chosen.reshape(-1).astype(np.int64))
            ids = torch.where(ids < 0, ids + rows, ids)
            if ids.numel() and (int(ids.min()) < 0 or int(ids.max()) >= rows):
                raise IndexErrorOfRow(f"CSRNDArray: a chosen row is out of range for {rows} rows. Use -{rows}..{rows - 1}.")
            return wrap(take_rows(self._d, ids.to(self._d.device)), self._ctx)
        raise StorageError(f"CSRNDArray: cannot index with {type(key).__name__}. Use a row, a slice of rows, chosen rows, or two slices.")

    def _block(self, rows: tuple[int, int], columns: tuple[int, int]) -> CSRNDArray:
        ends = tuple(max(a, b) for a, b in (rows, columns))
        if not (state.recording and in_graph(self)):
            return wrap(block(self._d, (rows[0], ends[0]), (columns[0], ends[1])), self._ctx)
        op = NAMES["slice"].prepare()
        return invoke(op, (self,), {"begin": (rows[0], columns[0]), "end": ends})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._set_whole(key, value)

    @property
    def indptr(self) -> NDArray:
        """A copy of the starts of the rows, int64 (rows + 1,)."""
        return wrap(self._d.indptr.clone(), self._ctx)

    @indptr.setter
    def indptr(self, value: Any) -> None:
        raise NotImplementedError("CSRNDArray: indptr cannot be set. Make a new array from (data, indices, indptr).")

    def asscipy(self) -> Any:
        """A copy as `scipy.sparse.csr_matrix`."""
        import scipy.sparse  # noqa: PLC0415  heavy, and only for those who use it

        d = self._d
        values = d.data.float() if d.dtype is torch.bfloat16 else d.data
        return scipy.sparse.csr_matrix(tuple(t.clone().cpu().numpy() for t in (values, d.indices, d.indptr)), shape=d.shape, dtype=self.dtype
                                       if d.dtype is not torch.bfloat16 else np.float32)  # fmt: skip


class RowSparseNDArray(BaseSparseNDArray):
    """An array that stores some rows: `data` (stored, ...) and `indices` (which rows, int64); the others are zero."""

    __slots__ = ()
    stype = "row_sparse"

    def __reduce__(self) -> tuple:
        d = self._d
        return _unpickle, ("row_sparse", _raw(d.data), _raw(d.indices), None, d.shape, _dtype.name_of(d.dtype), self._ctx)

    def __getitem__(self, key: Any) -> RowSparseNDArray:
        if isinstance(key, slice) and key.start is None and key.stop is None and key.step is None:
            return self
        raise StorageError("RowSparseNDArray: only x[:] is possible. Use retain(rows) for chosen rows, or tostype('default').")

    def __setitem__(self, key: Any, value: Any) -> None:
        self._set_whole(key, value)

    def retain(self, *args: Any, **kwargs: Any) -> RowSparseNDArray:
        """Only the given rows: see `mx.nd.sparse.retain`."""
        rows = args[0] if args else kwargs.get("indices")
        if not isinstance(rows, Array):
            raise TypeError(f"retain: rows must be an NDArray, got {type(rows).__name__}. Convert them with mx.nd.array.")
        return invoke(NAMES["_sparse_retain"], (self, rows), {}, kwargs.get("out"))


class IndexErrorOfRow(StorageError, IndexError):
    """A row number out of range: a StorageError that is an IndexError too."""


def _raw(t: torch.Tensor) -> np.ndarray:
    t = t.detach().cpu().contiguous()
    return (t.view(torch.uint16) if t.dtype is torch.bfloat16 else t).numpy()


def _unpickle(stype: str, data: np.ndarray, indices: np.ndarray, indptr: np.ndarray | None, shape: tuple, dtype: str, ctx: Context) -> Any:
    values = torch.from_numpy(np.array(data))
    if dtype == "bfloat16":
        values = values.view(torch.bfloat16)
    ids = torch.from_numpy(np.array(indices))
    struct: Any = RowSparse(values, ids, shape) if indptr is None else Csr(values, ids, torch.from_numpy(np.array(indptr)), shape)
    struct.check()
    try:
        device = ctx.torch_device
    except MXNetError:  # pickled on a machine with more accelerators
        ctx = Context("cpu", 0)
        device = ctx.torch_device
    return wrap(struct if device.type == "cpu" else struct.to(device), ctx)


Classes.csr, Classes.row_sparse = CSRNDArray, RowSparseNDArray
