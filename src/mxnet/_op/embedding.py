"""Embedding: rows of a table by index, with a dense or a row-sparse gradient."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .._storage import accepts_sparse_gradient
from .._storage.gather import gather
from .._storage.rows import sum_rows
from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import HALF, expect_shape
from .params import DType
from .registry import Op, register


class _SparseRows(torch.autograd.Function):
    """weight[ids] whose gradient is a coalesced hybrid COO tensor of the touched rows."""

    @staticmethod
    def forward(ctx: Any, ids: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.shape = weight.shape
        return rows_by_id(weight, ids)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        (ids,) = ctx.saved_tensors
        rows, values = sum_rows(ids.reshape(-1), grad.reshape(-1, ctx.shape[1]), ctx.shape[0])
        return None, torch.sparse_coo_tensor(rows.unsqueeze(0), values, ctx.shape, is_coalesced=True, check_invariants=False)


class _HalfRows(torch.autograd.Function):
    """weight[ids] of a half type, whose dense gradient is summed in float32."""

    @staticmethod
    def forward(ctx: Any, ids: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.shape = weight.shape
        return F.embedding(ids, weight)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        (ids,) = ctx.saved_tensors
        rows, values = sum_rows(ids.reshape(-1), grad.reshape(-1, ctx.shape[1]), ctx.shape[0])
        return None, torch.zeros(ctx.shape, dtype=grad.dtype, device=grad.device).index_copy_(0, rows, values)


def rows_by_id(weight: Tensor, ids: Tensor) -> Tensor:
    """weight[ids] for ids of any shape."""
    return F.embedding(ids, weight) if weight.is_meta or ids.is_meta else gather(weight, ids.reshape(-1)).view(*ids.shape, weight.shape[1])


def indices(data: Tensor, rows: int) -> Tensor:
    """Row numbers of any type as int64 within the table: fractions are cut off, numbers out of range take the nearest row."""
    return data.detach().to(torch.int64).clamp_(0, rows - 1) if data.dtype != torch.int64 else data.clamp(0, rows - 1)


def _embedding(
    data: Tensor, weight: Tensor, *, input_dim: int, output_dim: int, dtype: DType = torch.float32, sparse_grad: bool = False
) -> Tensor:
    """weight[data]: data of any shape and number type holds rows of weight (input_dim, output_dim); the result has data's shape plus (output_dim,).

    Indices out of range take the nearest row. sparse_grad: the gradient of weight is row_sparse and holds only the rows that data names.
    data gets a gradient of zeros. dtype is the type of a weight that is yet to be made; the result has weight's type.

    >>> mx.nd.Embedding(mx.nd.array([1., 0.]), mx.nd.array([[1., 2.], [3., 4.]]), input_dim=2, output_dim=2).asnumpy().tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    if weight.shape != (input_dim, output_dim):
        expect_shape("Embedding", "weight", weight, (input_dim, output_dim), "input_dim, output_dim")
    if input_dim < 1:
        raise MXNetError(f"Embedding: input_dim {input_dim} must be at least 1. Pass the number of rows.")
    ids = indices(data, input_dim)
    if not weight.requires_grad:
        result = rows_by_id(weight, ids)
    elif sparse_grad and accepts_sparse_gradient(weight):
        result = _SparseRows.apply(ids, weight)
    else:
        result = (_HalfRows.apply if weight.dtype in HALF else F.embedding)(ids, weight)
    return with_zero_gradients(result, data) if data.requires_grad else result


def _shapes(shapes: dict, *, input_dim: int, output_dim: int, **_: object) -> dict:
    shapes["weight"] = shapes.get("weight") or (input_dim, output_dim)
    return shapes


embedding = register(Op("Embedding", _embedding, aliases=["_npx_embedding", "_sparse_Embedding"]))


def _sparse_embedding(
    data: Tensor, weight: Tensor, *, input_dim: int, output_dim: int, dtype: DType = torch.float32, deterministic: bool = False
) -> Tensor:
    """`Embedding` with sparse_grad: the gradient of weight is row_sparse and holds only the rows that data names.

    deterministic is accepted and without effect: sums of gradients do not depend on the order of threads.
    """
    return _embedding(data, weight, input_dim=input_dim, output_dim=output_dim, dtype=dtype, sparse_grad=True)


contrib_sparse_embedding = register(Op("_contrib_SparseEmbedding", _sparse_embedding))
for _each in (embedding, contrib_sparse_embedding):
    _each.complete_shapes(_shapes)
