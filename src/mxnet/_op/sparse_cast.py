"""Storage conversion and row selection: cast_storage, _sparse_retain, copies and zeros of sparse arrays."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from .._storage import Csr, RowSparse, to_stype, zeros
from .._storage.rows import retain, rows_of
from ..error import MXNetError
from .registry import op
from .sparse_attach import DENSE, Tracked, implements


@op("cast_storage", aliases=["_sparse_cast_storage"], views=True)
def cast_storage(data: Tensor, *, stype: Literal["csr", "default", "row_sparse"]) -> Tensor:
    """The same array in another storage type.

    default <-> csr (matrices) and default <-> row_sparse; csr <-> row_sparse is an MXNetError. The gradient passes unchanged.

    >>> mx.nd.cast_storage(mx.nd.array([[0, 1], [0, 0]]), stype="row_sparse").indices.asnumpy().tolist()
    [0]
    """
    return data


def _unchanged(g: Any) -> Any:
    return g


@implements("cast_storage", "default")
def _from_dense(data: Tensor, *, stype: str) -> Any:
    if stype == "default":
        return NotImplemented
    try:
        return Tracked(to_stype(data.detach(), stype), _unchanged)
    except ValueError as e:
        raise MXNetError(f"cast_storage: {e}") from None


@implements("cast_storage")
def _from_sparse(data: Any, *, stype: str) -> Any:
    if stype not in ("default", data.stype):
        raise MXNetError(f"cast_storage: cannot go from {data.stype} to {stype}. Cast to default storage first.")
    return Tracked(data.to_dense() if stype == "default" else data.clone(), _unchanged)


@op("_sparse_retain")
def sparse_retain(data: Tensor, indices: Tensor) -> Tensor:
    """Only the given rows of a row_sparse array; given rows that it does not store become stored rows of zeros.

    indices: row numbers of any type, order and repetition. The gradient of data is row_sparse with the same rows.

    >>> a = mx.nd.sparse.row_sparse_array(([[1, 2], [3, 4]], [0, 2]), shape=(4, 2))
    >>> mx.nd.sparse.retain(a, mx.nd.array([2, 3])).indices.asnumpy().tolist()
    [2, 3]
    """
    if data.device.type == "meta":  # inference of shapes
        return torch.empty_like(data)
    raise MXNetError("_sparse_retain: data must be row_sparse. Convert it with tostype('row_sparse').")


@implements("_sparse_retain")
def _retain(data: Any, indices: Any) -> Any:
    if not isinstance(data, RowSparse) or not isinstance(indices, Tensor):
        raise MXNetError("_sparse_retain: data must be row_sparse and indices dense. Convert them with tostype.")
    rows = indices.reshape(-1).to(torch.int64)
    if rows.numel():
        low, high = (int(v) for v in torch.aminmax(rows))
        if low < 0 or high >= data.shape[0]:
            raise MXNetError(f"_sparse_retain: row {low if low < 0 else high} is out of range. Use rows 0..{data.shape[0] - 1}.")
    result = retain(data, rows)
    return Tracked(result, lambda g: RowSparse(rows_of(g, result.indices), result.indices, data.shape), None)


@implements("_copy")
def _copied(data: Any) -> Any:
    return Tracked(data.clone(), _unchanged)


@implements("BlockGrad")
def _blocked(data: Any) -> Any:
    return Tracked(data.clone(), lambda g: zeros("csr" if isinstance(data, Csr) else "row_sparse", data.shape, data.dtype, data.device))


@implements("make_loss")
def _loss(data: Any, **attrs: Any) -> Any:
    return Tracked(data.clone(), lambda g: data.with_data(torch.ones_like(data.data)))


@implements("zeros_like")
def _zeros(data: Any, **attrs: Any) -> Any:
    return zeros(data.stype, data.shape, data.dtype, data.device)


@implements("_identity_with_attr_like_rhs")
def _like(lhs: Any, rhs: Any) -> Any:
    return Tracked(to_stype(lhs, rhs.stype).clone() if not isinstance(rhs, Tensor) else lhs.to_dense(), _unchanged, None)


@implements("ones_like Cast amp_cast shape_array size_array")
def _dense_by_nature(*values: Any, **attrs: Any) -> Any:
    return DENSE
