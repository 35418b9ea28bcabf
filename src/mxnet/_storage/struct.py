"""What both sparse structs are: values in `data`, places in `indices`, a dense shape."""

from __future__ import annotations

from math import prod

import torch


class SparseStruct:
    """The common part of `Csr` and `RowSparse`."""

    __slots__ = ()
    data: torch.Tensor
    indices: torch.Tensor
    shape: tuple[int, ...]

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the values."""
        return self.data.dtype

    @property
    def device(self) -> torch.device:
        """Where the tensors live."""
        return self.data.device

    @property
    def nnz(self) -> int:
        """Number of stored entries (csr) or rows (row_sparse)."""
        return self.indices.shape[0]

    def numel(self) -> int:
        """Number of elements, stored or not."""
        return prod(self.shape)

    def nbytes(self) -> int:
        """Bytes of a dense array of this shape."""
        return self.numel() * self.data.element_size()

    def write_into(self, zeroed: torch.Tensor) -> None:
        """Put the values into a tensor of zeros; each struct knows how."""
        raise NotImplementedError

    def to_dense(self) -> torch.Tensor:
        """The whole array."""
        out = torch.zeros(self.shape, dtype=self.dtype, device=self.device)
        self.write_into(out)
        return out
