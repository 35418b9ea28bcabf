"""Storage types: compressed rows (Csr) and row-sparse (RowSparse) structs of tensors, and what can be done with them without a dense array."""

from __future__ import annotations

from .convert import accepts_sparse_gradient, coo_to_struct, csr_from_dense, from_dense, grad_to_coo, row_sparse_from_dense, to_stype, zeros
from .csr import Csr
from .errors import FormatError, StorageError
from .row_sparse import RowSparse

__all__ = ["Csr", "FormatError", "RowSparse", "StorageError", "accepts_sparse_gradient", "coo_to_struct", "csr_from_dense", "from_dense", "grad_to_coo",
           "row_sparse_from_dense", "to_stype", "zeros"]  # fmt: skip
