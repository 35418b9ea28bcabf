"""Operators that read or write elements by index: take, pick, gather_nd, scatter_nd, one_hot, where, index_copy and their kind.

Index arrays may be of any type; fractions are cut off. Operators with a `mode` say what an index beyond the axis means;
all others raise an IndexError that names the index (negative ones count from the end), and never read or write elsewhere.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import HALF, channel_axis, same_dtype
from .params import DType, Shape
from .registry import op

Mode = Literal["clip", "wrap", "raise"]


class _Select32(torch.autograd.Function):
    """index_select whose gradient is summed in float32, for 16-bit data."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, axis: int, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.axis, ctx.shape, ctx.dtype = axis, data.shape, data.dtype
        return data.index_select(axis, places)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        total = torch.zeros(ctx.shape, dtype=torch.float32, device=grad.device).index_add(ctx.axis, places, grad.float())
        return total.to(ctx.dtype), None, None


def select(data: Tensor, axis: int, places: Tensor) -> Tensor:
    """data.index_select(axis, places); gradients of 16-bit data are summed in float32."""
    if data.requires_grad and data.dtype in HALF:
        return _Select32.apply(data, axis, places)
    return data.index_select(axis, places)


def in_range(index: Tensor, size: int, axis: int) -> Tensor:
    """int64 positions with negative ones counted from the end; an IndexError for one beyond the axis."""
    places = index.long()
    if places.is_meta or places.numel() == 0 or places.is_cuda and torch.cuda.is_current_stream_capturing():
        return places
    low, high = (int(bound) for bound in torch.aminmax(places))
    if low < -size or high >= size:
        raise IndexError(f"index {high if high >= size else low} is out of range for axis {axis} with size {size}")
    return torch.where(places < 0, places + size, places) if low < 0 else places


def by_mode(op_name: str, index: Tensor, size: int, axis: int, mode: str) -> Tensor:
    """int64 positions by MXNet's modes: clip to the ends, wrap around, or raise for any index outside 0 ... size-1."""
    places = index.long()
    if size == 0 and index.numel():
        raise IndexError(f"axis {axis} is empty, there is nothing to take")
    if mode == "clip":
        return places.clamp(0, max(size - 1, 0))
    if mode == "wrap":
        return places.remainder(max(size, 1))
    if not places.is_meta and places.numel() and int(places.min()) < 0:
        raise IndexError(
            f"index {int(places.min())} is out of range for axis {axis} with size {size} (mode 'raise' takes no negative ones)"
        )
    return in_range(places, size, axis)


@op("take", aliases=["_npi_take"])
def take(a: Tensor, indices: Tensor, *, axis: int = 0, mode: Mode = "clip") -> Tensor:
    """Slices of `a` along an axis: shape a.shape[:axis] + indices.shape + a.shape[axis+1:].

    mode: "clip" (to the first or last), "wrap" (modulo the size), "raise" (IndexError). The gradient of `a` sums the slices' ones
    (in float32 for 16-bit types); that of indices is zero.

    >>> mx.nd.take(mx.nd.arange(4), mx.nd.array([3, 0, 9])).asnumpy().tolist()
    [3.0, 0.0, 3.0]
    """
    axis = channel_axis("take", axis, a.ndim)
    places = by_mode("take", indices, a.shape[axis], axis, mode)
    shape = (*a.shape[:axis], *indices.shape, *a.shape[axis + 1 :])
    return with_zero_gradients(select(a, axis, places.reshape(-1)).reshape(shape), indices)


@op("batch_take")
def batch_take(a: Tensor, indices: Tensor) -> Tensor:
    """a[i, indices[i]] for each row i; indices are clipped to the row.

    >>> mx.nd.batch_take(mx.nd.arange(6).reshape((3, 2)), mx.nd.array([0, 1, 0], dtype="int32")).asnumpy().tolist()
    [0.0, 3.0, 4.0]
    """
    if a.ndim < 2:
        raise MXNetError(f"batch_take: a must have at least 2 dimensions, got shape {tuple(a.shape)}. Reshape it.")
    if math.prod(a.shape[:-1]) != indices.numel():
        raise MXNetError(
            f"batch_take: a has {math.prod(a.shape[:-1])} rows but indices {indices.numel()} entries. Pass one index for each row."
        )
    places = by_mode("batch_take", indices, a.shape[-1], a.ndim - 1, "clip").reshape(-1, 1)
    picked = a.reshape(-1, a.shape[-1]).gather(1, places).reshape(indices.shape)
    return with_zero_gradients(picked, indices)


@op("pick", aliases=["choose_element_0index", "_npx_pick"])
def pick(data: Tensor, index: Tensor, *, axis: int | None = -1, keepdims: bool = False, mode: Literal["clip", "wrap"] = "clip") -> Tensor:
    """The element index[...] of data along an axis. index has the shape of data without that axis, or with size 1 there.

    mode: indices beyond the axis are clipped or wrapped. The gradient of index is zero.

    >>> mx.nd.pick(mx.nd.arange(6).reshape((2, 3)), mx.nd.array([0, 2])).asnumpy().tolist()
    [0.0, 5.0]
    """
    if axis is None:
        raise MXNetError("pick: axis=None is not supported. Pass an axis.")
    axis = channel_axis("pick", axis, data.ndim)
    kept = (*data.shape[:axis], 1, *data.shape[axis + 1 :])
    if tuple(index.shape) not in (kept, kept[:axis] + kept[axis + 1 :]) and (data.ndim != 1 or index.numel() != 1):
        raise MXNetError(
            f"pick: index has shape {tuple(index.shape)}, data {tuple(data.shape)} needs {kept[:axis] + kept[axis + 1 :]} for axis {axis}. "
            "Pass one index for each position of the other axes."
        )
    places = by_mode("pick", index, data.shape[axis], axis, mode).reshape(kept)
    picked = data.gather(axis, places)
    if not keepdims and data.ndim > 1:
        picked = picked.squeeze(axis)
    return with_zero_gradients(picked, index)


def _flat(name: str, indices: Tensor, dims: tuple[int, ...]) -> tuple[Tensor, int]:
    """(M, ...) coordinates -> positions in the flattened first M axes, and how many elements these have."""
    if indices.ndim < 2:
        raise MXNetError(f"{name}: indices must have at least 2 dimensions (M, ...), got shape {tuple(indices.shape)}. Reshape them.")
    count = indices.shape[0]
    if not 1 <= count <= len(dims):
        raise MXNetError(f"{name}: indices have {count} coordinates for an array of {len(dims)} dimensions {dims}. Pass 1 to {len(dims)}.")
    places = in_range(indices[0], dims[0], 0)
    for axis in range(1, count):
        places = places * dims[axis] + in_range(indices[axis], dims[axis], axis)
    return places, math.prod(dims[:count])


@op("gather_nd", aliases=["_npi_gather_nd", "_npx_gather_nd"])
def gather_nd(data: Tensor, indices: Tensor) -> Tensor:
    """data[indices[0], indices[1], ...]: shape indices.shape[1:] + data.shape[M:] for M = len(indices).

    Negative indices count from the end. The gradient of data sums what was read at a place; that of indices is zero.
    Errors: IndexError for an index out of range.

    >>> mx.nd.gather_nd(mx.nd.arange(6).reshape((2, 3)), mx.nd.array([[0, 1], [2, 0]])).asnumpy().tolist()
    [2.0, 3.0]
    """
    places, count = _flat("gather_nd", indices, tuple(data.shape))
    rest = data.shape[indices.shape[0] :]
    rows = select(data.reshape(count, *rest), 0, places.reshape(-1))
    return with_zero_gradients(rows.reshape(*indices.shape[1:], *rest), indices)


def _check_scatter(name: str, data: Tensor, indices: Tensor, shape: tuple) -> tuple[Tensor, int, tuple]:
    places, count = _flat(name, indices, shape)
    rest = shape[indices.shape[0] :]
    if tuple(data.shape) != (*indices.shape[1:], *rest):
        raise MXNetError(
            f"{name}: data has shape {tuple(data.shape)}, indices {tuple(indices.shape)} and shape {shape} need {(*indices.shape[1:], *rest)}. "
            "Pass data of that shape."
        )
    return places.reshape(-1), count, rest


@op("scatter_nd")
def scatter_nd(data: Tensor, indices: Tensor, *, shape: Shape) -> Tensor:
    """Zeros of a shape with data written at indices: out[indices[0], indices[1], ...] = data. Of repeated indices the last stays.

    The gradient of data is what gather_nd reads at indices. Errors: IndexError for an index out of range (MXNet drops it silently).

    >>> mx.nd.scatter_nd(mx.nd.array([2, 3]), mx.nd.array([[0, 1], [1, 0]]), shape=(2, 2)).asnumpy().tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    places, count, rest = _check_scatter("scatter_nd", data, indices, shape)
    base = torch.zeros(count, *rest, dtype=data.dtype, device=data.device)
    return with_zero_gradients(base.index_copy(0, places, data.reshape(-1, *rest)).reshape(shape), indices)


@op("_backward_gather_nd")
def scatter_add_nd(data: Tensor, indices: Tensor, *, shape: Shape) -> Tensor:
    """Like scatter_nd, but values of repeated indices are added (in float32 for 16-bit types).

    >>> mx.nd._internal._backward_gather_nd(mx.nd.array([2, 3]), mx.nd.array([[1, 1]]), shape=(3,)).asnumpy().tolist()
    [0.0, 5.0, 0.0]
    """
    places, count, rest = _check_scatter("_backward_gather_nd", data, indices, shape)
    wide = torch.float32 if data.dtype in HALF else data.dtype
    base = torch.zeros(count, *rest, dtype=wide, device=data.device)
    total = base.index_add(0, places, data.reshape(-1, *rest).to(wide)).to(data.dtype)
    return with_zero_gradients(total.reshape(shape), indices)


@op("_scatter_set_nd", aliases=["_npi_scatter_set_nd"])
def scatter_set_nd(lhs: Tensor, rhs: Tensor, indices: Tensor, *, shape: Shape, out: Any = None) -> Tensor:
    """lhs with rhs written at indices; in place if `out` is lhs itself. shape: that of lhs.

    >>> x = mx.nd.zeros((3,))
    >>> mx.nd._internal._scatter_set_nd(x, mx.nd.array([5]), mx.nd.array([[1]]), shape=(3,), out=x).asnumpy().tolist()
    [0.0, 5.0, 0.0]
    """
    same_dtype("_scatter_set_nd", lhs=lhs, rhs=rhs)
    if tuple(lhs.shape) != tuple(shape):
        raise MXNetError(f"_scatter_set_nd: shape {shape} is not that of lhs {tuple(lhs.shape)}. Pass shape=lhs.shape.")
    places, count, rest = _check_scatter("_scatter_set_nd", rhs, indices, tuple(shape))
    values = rhs.reshape(-1, *rest)
    recorded = lhs.requires_grad or rhs.requires_grad
    if isinstance(out, Tensor) and not recorded and out.data_ptr() == lhs.data_ptr() and out.is_contiguous():
        out.view(count, *rest).index_copy_(0, places, values)
        return out
    return with_zero_gradients(lhs.reshape(count, *rest).index_copy(0, places, values).reshape(shape), indices)


@op("one_hot", aliases=["_npx_one_hot"], zero_grad=True)
def one_hot(indices: Tensor, *, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: DType = torch.float32) -> Tensor:
    """on_value at position indices[...] of a new last axis of size depth, off_value elsewhere. Indices out of range give off_value only.

    >>> mx.nd.one_hot(mx.nd.array([1, 0]), depth=2).asnumpy().tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if depth < 0:
        raise MXNetError(f"one_hot: depth {depth} must not be negative. Pass the number of classes.")
    if dtype == torch.bool:
        raise MXNetError("one_hot: dtype bool is not supported. Pass a number type, for example 'uint8'.")
    classes = torch.arange(depth, device=indices.device)
    hit = indices.long().unsqueeze(-1) == classes
    on, off = (torch.full((), v, dtype=torch.float64, device=indices.device).to(dtype) for v in (on_value, off_value))
    return torch.where(hit, on, off)


@op("_onehot_encode", zero_grad=True)
def onehot_encode(lhs: Tensor, rhs: Tensor) -> Tensor:
    """one_hot(lhs) in the shape (lhs.size, classes) and type of rhs, which the caller usually also passes as out.

    >>> mx.nd._internal._onehot_encode(mx.nd.array([1]), mx.nd.zeros((1, 2))).asnumpy().tolist()
    [[0.0, 1.0]]
    """
    if rhs.ndim != 2 or lhs.numel() != rhs.shape[0]:
        raise MXNetError(
            f"_onehot_encode: lhs has {lhs.numel()} indices, rhs shape {tuple(rhs.shape)}. Pass rhs of shape (indices, classes)."
        )
    return (lhs.reshape(-1, 1).long() == torch.arange(rhs.shape[1], device=lhs.device)).to(rhs.dtype)


@op("where", aliases=["_sparse_where"], amp="widest")
def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """x where condition is not 0, else y. condition has the shape of x, or is a vector that chooses whole rows.

    The gradient of condition is zero.

    >>> mx.nd.where(mx.nd.array([1, 0]), mx.nd.array([1, 2]), mx.nd.array([3, 4])).asnumpy().tolist()
    [1.0, 4.0]
    """
    same_dtype("where", x=x, y=y)
    if x.shape != y.shape:
        raise MXNetError(f"where: x has shape {tuple(x.shape)}, y {tuple(y.shape)}. Pass arrays of one shape.")
    chosen = condition if condition.dtype == torch.bool else condition != 0
    if condition.shape != x.shape:
        if condition.ndim != 1 or x.ndim == 0 or condition.shape[0] != x.shape[0]:
            raise MXNetError(
                f"where: condition of shape {tuple(condition.shape)} fits neither x of shape {tuple(x.shape)} nor its first axis. Pass one of the two."
            )
        chosen = chosen.reshape(-1, *(1,) * (x.ndim - 1))
    return with_zero_gradients(torch.where(chosen, x, y), condition)


@op("_contrib_boolean_mask", aliases=["_npi_boolean_mask"])
def boolean_mask(data: Tensor, index: Tensor, *, axis: int = 0) -> Tensor:
    """The slices of data along an axis where index is not 0; the size of the result depends on the values. The gradient of index is zero.

    Differs: any axis, where MXNet takes 0 only.

    >>> mx.nd.contrib.boolean_mask(mx.nd.arange(3), mx.nd.array([1, 0, 1])).asnumpy().tolist()
    [0.0, 2.0]
    """
    axis = channel_axis("boolean_mask", axis, data.ndim)
    if index.ndim != 1 or index.shape[0] != data.shape[axis]:
        raise MXNetError(
            f"_contrib_boolean_mask: index has shape {tuple(index.shape)}, axis {axis} of data has size {data.shape[axis]}. Pass a vector of that size."
        )
    return with_zero_gradients(select(data, axis, torch.nonzero(index).reshape(-1)), index)


@op("_contrib_index_copy")
def index_copy(old_tensor: Tensor, index_vector: Tensor, new_tensor: Tensor) -> Tensor:
    """old_tensor with row index_vector[i] replaced by new_tensor[i]; of repeated rows the last stays.

    Gradients: of old_tensor zero in replaced rows, of new_tensor the rows of the result. Errors: IndexError for a row out of range.

    >>> mx.nd.contrib.index_copy(mx.nd.zeros((3,)), mx.nd.array([2]), mx.nd.array([5])).asnumpy().tolist()
    [0.0, 0.0, 5.0]
    """
    same_dtype("_contrib_index_copy", old_tensor=old_tensor, new_tensor=new_tensor)
    if index_vector.ndim != 1 or old_tensor.ndim == 0 or tuple(new_tensor.shape) != (index_vector.shape[0], *old_tensor.shape[1:]):
        raise MXNetError(
            f"_contrib_index_copy: new_tensor has shape {tuple(new_tensor.shape)}, index_vector {tuple(index_vector.shape)}, old_tensor "
            f"{tuple(old_tensor.shape)}. Pass one new row for each index."
        )
    places = in_range(index_vector, old_tensor.shape[0], 0)
    return with_zero_gradients(old_tensor.index_copy(0, places, new_tensor), index_vector)


@op("fill_element_0index")
def fill_element_0index(lhs: Tensor, mhs: Tensor, rhs: Tensor) -> Tensor:
    """lhs with lhs[i, rhs[i]] = mhs[i]. Errors: IndexError for an index out of range (MXNet ignores it silently).

    >>> mx.nd.fill_element_0index(mx.nd.zeros((2, 2)), mx.nd.array([5, 6]), mx.nd.array([1, 0])).asnumpy().tolist()
    [[0.0, 5.0], [6.0, 0.0]]
    """
    if lhs.ndim != 2 or mhs.shape != lhs.shape[:1] or rhs.shape != lhs.shape[:1]:
        raise MXNetError(
            f"fill_element_0index: lhs {tuple(lhs.shape)} must be a matrix, mhs {tuple(mhs.shape)} and rhs {tuple(rhs.shape)} vectors of its rows. Reshape them."
        )
    places = in_range(rhs, lhs.shape[1], 1).unsqueeze(1)
    return with_zero_gradients(lhs.scatter(1, places, mhs.to(lhs.dtype).unsqueeze(1)), rhs)
