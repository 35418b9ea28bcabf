"""Layers on sparse operands: FullyConnected of csr data or a row_sparse weight, Embedding of a row_sparse table."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._storage import Csr, RowSparse
from .._storage.product import csr_dot, csr_t_dot_dense
from .._storage.rows import sum_rows
from ..error import MXNetError
from .sparse_attach import DENSE, Tracked, implements


def _whole(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else x.data if isinstance(x, RowSparse) and x.is_full() else x.to_dense()


@implements("FullyConnected")
def _fully_connected(data: Any, weight: Any, bias: Any = None, *, num_hidden: int, no_bias: bool = False, flatten: bool = True) -> Any:
    """data . weight.T + bias without a dense copy of csr data."""
    if not isinstance(data, Csr) or isinstance(weight, Csr):
        return DENSE
    if tuple(weight.shape) != (num_hidden, data.shape[1]):
        raise MXNetError(f"FullyConnected: weight has shape {tuple(weight.shape)}, must be {(num_hidden, data.shape[1])} (num_hidden, width of data). "
                         "Pass a weight of that shape.")  # fmt: skip
    if weight.dtype != data.dtype:
        raise MXNetError(f"FullyConnected: data is {data.dtype}, weight {weight.dtype}. Convert one with astype.".replace("torch.", ""))
    w = _whole(weight)
    result = csr_dot(data, w.t().contiguous())
    if not no_bias and bias is not None:
        result = result + _whole(bias).reshape(-1)
    return Tracked(
        result,
        lambda g: g @ w,
        lambda g: csr_t_dot_dense(data, g).t(),
        lambda g: g.sum(0).reshape(bias.shape),
    )


@implements("Embedding _contrib_SparseEmbedding")
def _embedding(data: Any, weight: Any, *, input_dim: int, output_dim: int, dtype: Any = None, sparse_grad: bool = False,
               deterministic: bool = False) -> Any:  # fmt: skip
    """Rows of a row_sparse table; its gradient is row_sparse with the rows that data names."""
    if not isinstance(data, Tensor) or not isinstance(weight, RowSparse):
        return DENSE
    if tuple(weight.shape) != (input_dim, output_dim):
        raise MXNetError(
            f"Embedding: weight has shape {tuple(weight.shape)}, must be {(input_dim, output_dim)} (input_dim, output_dim). Pass such a table."
        )
    ids = data.to(torch.int64).clamp_(0, input_dim - 1) if data.dtype != torch.int64 else data.clamp(0, input_dim - 1)

    def gradient(g: Any) -> Any:
        found, rows = sum_rows(ids.reshape(-1), g.reshape(-1, output_dim), input_dim)
        return RowSparse(rows, found, weight.shape)

    return Tracked(weight.gather(ids), lambda g: torch.zeros_like(data), gradient)
