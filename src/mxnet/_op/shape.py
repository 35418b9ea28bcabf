"""Operators that give an array another shape or another order of axes: Reshape, Flatten, transpose, squeeze and their kind."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..error import BadValueError, MXNetError
from .gradients import with_zero_gradients
from .nn_checks import channel_axis
from .params import Shape
from .registry import op


def axes_of(name: str, axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    """Non-negative, distinct axes, or an error that names the wrong one."""
    found = tuple(channel_axis(name, a, ndim) for a in axes)
    if len(set(found)) != len(found):
        raise MXNetError(f"{name}: axes {tuple(axes)} name an axis twice. Name each axis once.")
    return found


def reshape_target(dims: Sequence[int], shape: Sequence[int], reverse: bool = False) -> tuple[int, ...]:
    """The new shape that a list of sizes and codes means.

    0 keeps an axis, -1 is inferred, -2 keeps all remaining axes, -3 merges two axes, -4 (followed by two sizes) splits one axis.
    `reverse` reads dims and codes from the right.
    """
    tokens = _tokens(shape)
    source = list(dims)
    if reverse:
        source.reverse()
        tokens = [(t[0], *t[:0:-1]) for t in reversed(tokens)]
    target: list[int] = []
    at = 0
    for token in tokens:
        code = token[0]
        if code in (0, -4) and at >= len(source) or code == -3 and at + 2 > len(source):
            raise MXNetError(
                f"Reshape: code {code} in shape {tuple(shape)} has no axis left in data of shape {tuple(dims)}. Use fewer codes."
            )
        if code == -2:
            target += source[at:]
            at = len(source)
        elif code == -3:
            target.append(source[at] * source[at + 1])
            at += 2
        elif code == -4:
            target += _split(source[at], token[1], token[2], shape)
            at += 1
        else:
            target.append(source[at] if code == 0 else code)
            at += 1
    target = _inferred(target, dims, shape)
    return tuple(reversed(target)) if reverse else tuple(target)


def _tokens(shape: Sequence[int]) -> list[tuple[int, ...]]:
    tokens, i = [], 0
    while i < len(shape):
        if shape[i] == -4:
            if i + 2 >= len(shape):
                raise MXNetError(f"Reshape: -4 in shape {tuple(shape)} must be followed by two sizes. Pass e.g. (-4, 2, -1).")
            tokens.append(tuple(shape[i : i + 3]))
            i += 3
        elif shape[i] < -4:
            raise MXNetError(f"Reshape: size {shape[i]} in shape {tuple(shape)} is no size and no code. Use sizes >= 0 or codes -1 ... -4.")
        else:
            tokens.append((shape[i],))
            i += 1
    return tokens


def _split(size: int, first: int, second: int, shape: Sequence[int]) -> list[int]:
    if first == -1 and second == -1:
        raise MXNetError(f"Reshape: both sizes after -4 in shape {tuple(shape)} are -1. Give one of them.")
    if first == -1:
        first = size // second if second else 0
    elif second == -1:
        second = size // first if first else 0
    if first * second != size:
        raise MXNetError(f"Reshape: -4 cannot split an axis of {size} into {first} x {second}. Pass factors of {size}.")
    return [first, second]


def _inferred(target: list[int], dims: Sequence[int], shape: Sequence[int]) -> list[int]:
    total = math.prod(dims)
    if target.count(-1) > 1:
        raise MXNetError(f"Reshape: shape {tuple(shape)} has more than one -1. Leave one size open at most.")
    if -1 in target:
        known = -math.prod(target)
        target[target.index(-1)] = total // known if known else 0
    if math.prod(target) != total:
        raise BadValueError(
            f"Reshape: data of shape {tuple(dims)} ({total} elements) cannot become {tuple(target)}. Pass a shape of that size."
        )
    return target


def _legacy_target(dims: Sequence[int], target: Sequence[int], keep_highest: bool) -> tuple[int, ...]:
    """`target_shape`: one 0 is inferred; keep_highest keeps the first axis."""
    sizes = list(target)
    if keep_highest and sizes:
        sizes[0] = dims[0]
    open_at = [i for i, s in enumerate(sizes) if s == 0 and not (keep_highest and i == 0)]
    if len(open_at) == 1:
        sizes[open_at[0]] = -1
    return tuple(_inferred(sizes, dims, target))


@op("Reshape", aliases=["reshape"], views=True)
def reshape(data: Tensor, *, shape: Shape = (), reverse: bool = False, target_shape: Shape = (), keep_highest: bool = False) -> Tensor:
    """The elements of data in their order, in another shape.

    shape: sizes and codes: 0 keeps an axis, -1 is inferred, -2 keeps all remaining axes, -3 merges two axes, -4 splits an axis into
    the two sizes that follow. reverse: read from the right. target_shape, keep_highest: the older form, in which one 0 is inferred.
    Errors: sizes whose product is not that of data. Differs: reverse works with -4, where MXNet 1.9.1 fails.

    >>> mx.nd.reshape(mx.nd.zeros((2, 3, 4)), shape=(-3, 0)).shape
    (6, 4)
    """
    if shape:
        return data.reshape(reshape_target(data.shape, shape, reverse))
    if target_shape:
        return data.reshape(_legacy_target(data.shape, target_shape, keep_highest))
    raise MXNetError("Reshape: shape is empty. Pass the new shape.")


@op("Flatten", aliases=["flatten", "_npx_batch_flatten"], views=True)
def flatten(data: Tensor) -> Tensor:
    """(N, d1, d2, ...) -> (N, d1 * d2 * ...); an array of one axis becomes a column.

    >>> mx.nd.Flatten(mx.nd.zeros((2, 3, 4))).shape
    (2, 12)
    """
    return data.reshape(data.shape[0] if data.ndim else 1, math.prod(data.shape[1:]))


@op("reshape_like", aliases=["_npx_reshape_like"], views=True)
def reshape_like(
    lhs: Tensor,
    rhs: Tensor,
    *,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
) -> Tensor:
    """lhs in the shape of rhs; with bounds, axes lhs_begin:lhs_end get the sizes of the axes rhs_begin:rhs_end of rhs.

    The gradient of rhs is zero. Errors: sizes that do not match, bounds out of range.

    >>> mx.nd.reshape_like(mx.nd.zeros((30, 7)), mx.nd.zeros((15, 2, 4)), lhs_begin=0, lhs_end=1, rhs_begin=0, rhs_end=2).shape
    (15, 2, 7)
    """
    begin, end = _bounds("lhs", lhs_begin, lhs_end, lhs.ndim)
    first, last = _bounds("rhs", rhs_begin, rhs_end, rhs.ndim)
    target = (*lhs.shape[:begin], *rhs.shape[first:last], *lhs.shape[end:])
    if math.prod(target) != lhs.numel():
        raise MXNetError(f"reshape_like: lhs of shape {tuple(lhs.shape)} cannot become {target}. Pass arrays whose sizes agree.")
    return with_zero_gradients(lhs.reshape(target), rhs)


def _bounds(name: str, begin: int | None, end: int | None, ndim: int) -> tuple[int, int]:
    begin, end = 0 if begin is None else begin, ndim if end is None else end
    low, high = begin + ndim if begin < 0 else begin, end + ndim if end < 0 else end
    if not 0 <= low <= high <= ndim:
        raise MXNetError(
            f"reshape_like: {name}_begin {begin} and {name}_end {end} are no range of {ndim} axes. Pass 0 <= begin <= end <= {ndim}."
        )
    return low, high


@op("expand_dims", aliases=["_npi_expand_dims"], views=True)
def expand_dims(data: Tensor, *, axis: int) -> Tensor:
    """data with a new axis of size 1 at position `axis` (-ndim-1 ... ndim).

    >>> mx.nd.expand_dims(mx.nd.zeros((2, 3)), axis=1).shape
    (2, 1, 3)
    """
    if not -data.ndim - 1 <= axis <= data.ndim:
        raise MXNetError(
            f"expand_dims: axis {axis} is out of range for data of {data.ndim} dimensions. Pass {-data.ndim - 1} <= axis <= {data.ndim}."
        )
    return data.unsqueeze(axis)


def _squeezed(name: str, data: Tensor, axis: tuple | None) -> Tensor:
    if axis is None:
        return data.squeeze()
    axes = axes_of(name, axis, data.ndim)
    for a in axes:
        if data.shape[a] != 1:
            raise MXNetError(f"{name}: axis {a} has size {data.shape[a]}, only axes of size 1 can go. Shape: {tuple(data.shape)}.")
    return data.reshape([s for i, s in enumerate(data.shape) if i not in axes])


@op("squeeze", views=True)
def squeeze(data: Tensor, *, axis: Shape | None = None) -> Tensor:
    """data without its axes of size 1, or without the given ones. At least one axis stays: (1, 1) becomes (1,).

    >>> mx.nd.squeeze(mx.nd.zeros((1, 3, 1))).shape
    (3,)
    """
    result = _squeezed("squeeze", data, axis)
    return result.reshape(1) if result.ndim == 0 and data.ndim else result


@op("transpose", views=True)
def transpose(data: Tensor, *, axes: Shape = ()) -> Tensor:
    """data with its axes in the given order, or reversed if none is given.

    Errors: axes that are no permutation of 0 ... ndim-1. Differs: any number of axes, where MXNet stops at 6.

    >>> mx.nd.transpose(mx.nd.zeros((2, 3, 4)), axes=(1, 0, 2)).shape
    (3, 2, 4)
    """
    if not axes:
        return data.permute(tuple(range(data.ndim - 1, -1, -1)))
    if sorted(axes) != list(range(data.ndim)):
        raise MXNetError(
            f"transpose: axes {tuple(axes)} are no permutation of the {data.ndim} axes of data. Name each of 0 ... {data.ndim - 1} once."
        )
    return data.permute(axes)


@op("SwapAxis", aliases=["swapaxes", "_npi_swapaxes"], views=True)
def swapaxes(data: Tensor, *, dim1: int = 0, dim2: int = 0) -> Tensor:
    """data with axes dim1 and dim2 exchanged.

    >>> mx.nd.swapaxes(mx.nd.zeros((2, 3, 4)), dim1=0, dim2=2).shape
    (4, 3, 2)
    """
    return data.transpose(channel_axis("SwapAxis", dim1, data.ndim), channel_axis("SwapAxis", dim2, data.ndim))


@op("shape_array", aliases=["_npx_shape_array"], zero_grad=True)
def shape_array(data: Tensor) -> Tensor:
    """The shape of data as an int64 array.

    >>> mx.nd.shape_array(mx.nd.zeros((2, 3))).asnumpy().tolist()
    [2, 3]
    """
    return _constant(list(data.shape), data)


@op("size_array", zero_grad=True)
def size_array(data: Tensor) -> Tensor:
    """The number of elements of data as an int64 array of one element.

    >>> mx.nd.size_array(mx.nd.zeros((2, 3))).asnumpy().tolist()
    [6]
    """
    return _constant([data.numel()], data)


def _constant(values: list[int], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=torch.int64, device=like.device)


@op("_identity_with_attr_like_rhs", views=True)
def identity_with_attr_like_rhs(lhs: Tensor, rhs: Tensor) -> Tensor:
    """lhs, whose shape is told by rhs (shape inference of recurrent states). The gradient of rhs is zero.

    >>> mx.nd._internal._identity_with_attr_like_rhs(mx.nd.ones((2,)), mx.nd.zeros((2,))).asnumpy().tolist()
    [1.0, 1.0]
    """
    if lhs.shape != rhs.shape:
        raise MXNetError(
            f"_identity_with_attr_like_rhs: lhs has shape {tuple(lhs.shape)}, rhs {tuple(rhs.shape)}. Pass arrays of equal shape."
        )
    return with_zero_gradients(lhs, rhs)


@identity_with_attr_like_rhs.complete_shapes
def _(shapes: dict, **_: object) -> dict:
    known = shapes["lhs"] or shapes["rhs"]
    return {"lhs": known, "rhs": known} if known else shapes
