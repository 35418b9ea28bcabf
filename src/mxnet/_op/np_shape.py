"""Operators of `mx.np` that rearrange, join and cut arrays."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..error import MXNetError
from . import joining  # noqa: F401  registers what is taken over below
from .params import Shape
from .registry import NAMES, Op, op, register
from .shape import axes_of


def _axis(name: str, axis: int, ndim: int) -> int:
    return axes_of(name, (axis,), ndim)[0]


@op("_np_copy")
def copy(a: Tensor) -> Tensor:
    """A copy."""
    return a.clone()


@op("_np_reshape", views=True)
def reshape(a: Tensor, *, newshape: Shape, order: str = "C") -> Tensor:
    """The elements in another shape; one size may be -1."""
    if order != "C":
        raise NotImplementedError(f"reshape: order {order!r} is not supported. Use 'C'.")
    if any(n < -1 for n in newshape):
        raise MXNetError(f"reshape: newshape {newshape} holds a size below -1. Use mx.npx.reshape for codes.")
    return a.reshape(newshape)


@op("_np_squeeze", views=True)
def squeeze(a: Tensor, *, axis: Shape | None = None) -> Tensor:
    """The array without axes of size 1: all, or those named."""
    if axis is None:
        return a.squeeze()
    if a.dim() == 0 and all(i in (0, -1) for i in axis):
        return a.clone()
    drop = axes_of("squeeze", axis, a.dim())
    for i in drop:
        if a.shape[i] != 1:
            raise MXNetError(f"squeeze: axis {i} has size {a.shape[i]}, not 1 (shape {tuple(a.shape)}). Name axes of size 1.")
    return a.reshape([n for i, n in enumerate(a.shape) if i not in drop])


@op("_np_transpose", views=True)
def transpose(a: Tensor, *, axes: Shape | None = None) -> Tensor:
    """The axes in another order, reversed by default."""
    if not axes:
        return a.permute(tuple(range(a.dim() - 1, -1, -1)))
    order = axes_of("transpose", axes, a.dim())
    if sorted(order) != list(range(a.dim())):
        raise MXNetError(f"transpose: axes {axes} must name each of {a.dim()} axes once. Pass a permutation.")
    return a.permute(order)


@op("_np_moveaxis", views=True)
def moveaxis(a: Tensor, *, source: Shape, destination: Shape) -> Tensor:
    """Axes `source` at the places `destination`, the others in their order."""
    if len(source) != len(destination):
        raise MXNetError(f"moveaxis: source {source} and destination {destination} differ in length. Pass as many places as axes.")
    return torch.movedim(a, axes_of("moveaxis", source, a.dim()), axes_of("moveaxis", destination, a.dim()))


@op("_np_roll")
def roll(data: Tensor, *, shift: Shape | None = None, axis: Shape | None = None) -> Tensor:
    """Elements moved along axes, in a circle."""
    if shift is None:
        raise MXNetError("roll: shift is missing. Pass an int or a tuple.")
    if axis is None:
        return torch.roll(data.reshape(-1), sum(shift)).reshape(data.shape)
    axes = axes_of("roll", axis, data.dim())
    if len(shift) == 1:
        shift = shift * len(axes)
    if len(shift) != len(axes):
        raise MXNetError(f"roll: shift {shift} and axis {axis} differ in length. Pass one shift for each axis.")
    return torch.roll(data, tuple(shift), axes)


@op("_npi_rot90", views=True)
def rot90(data: Tensor, *, k: int = 1, axes: Shape | None = None) -> Tensor:
    """The array turned by 90 degrees k times in the plane of two axes."""
    plane = axes_of("rot90", (0, 1) if axes is None else axes, data.dim())
    if len(plane) != 2 or plane[0] == plane[1]:
        raise MXNetError(f"rot90: axes {axes} must be two different axes. Pass like (0, 1).")
    return torch.rot90(data, k, plane)


@op("_npi_flip", views=True)
def flip(data: Tensor, *, axis: Shape | None) -> Tensor:
    """Axes (all for None) in reverse order."""
    which = tuple(range(data.dim())) if axis is None else axes_of("flip", axis, data.dim())
    return torch.flip(data, which)


@op("_npi_broadcast_to", views=True)
def broadcast_to(array: Tensor, *, shape: Shape = ()) -> Tensor:
    """The array repeated along axes of size 1 up to `shape`, in which -2 is the array's own size."""
    first = len(shape) - array.dim()
    return array.broadcast_to([array.shape[i - first] if n == -2 and i >= first else n for i, n in enumerate(shape)])


# ---- diagonals


@op("_np_diag")
def diag(data: Tensor, *, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix, or the matrix with the vector on it."""
    if data.dim() not in (1, 2):
        raise MXNetError(f"diag: data must have 1 or 2 axes, got shape {tuple(data.shape)}. Use diagonal.")
    return torch.diag(data, k).clone() if data.dim() == 2 else torch.diag_embed(data, k)


@op("_np_diagflat")
def diagflat(data: Tensor, *, k: int = 0) -> Tensor:
    """The matrix with the flattened array on its k-th diagonal."""
    return torch.diag_embed(data.reshape(-1), k)


@op("_np_diagonal", views=True)
def diagonal(data: Tensor, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonals of the matrices in two axes, on a last axis."""
    return torch.diagonal(data, offset, axis1, axis2)


@op("_np_trace")
def trace(data: Tensor, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Sums of diagonals."""
    return torch.diagonal(data, offset, axis1, axis2).sum(-1, dtype=None if data.is_floating_point() else data.dtype)


@op("_npi_tril")
def tril(data: Tensor, *, k: int = 0) -> Tensor:
    """Matrices with zeros above the k-th diagonal; a vector is repeated to a square."""
    return torch.tril(data.expand(data.shape[0], -1) if data.dim() == 1 else data, k)


@op("_npi_diag_indices_from", zero_grad=True)
def diag_indices_from(data: Tensor) -> Tensor:
    """The indices of the main diagonal, one row for each axis; int64."""
    if data.dim() < 2 or len(set(data.shape)) != 1:
        raise MXNetError(f"diag_indices_from: data must have two axes or more of one size, got {tuple(data.shape)}. Pass such an array.")
    return torch.arange(data.shape[0], device=data.device).expand(data.dim(), -1).contiguous()


# ---- joining


def _same_types(name: str, data: tuple[Tensor, ...]) -> None:
    if not data:
        raise MXNetError(f"{name}: needs one array or more. Pass a list of arrays.")
    kinds = sorted({str(t.dtype)[6:] for t in data})
    if len(kinds) > 1:
        raise MXNetError(f"{name}: arrays must have one type, got {', '.join(kinds)}. Convert them with astype.")


@op("_npi_concatenate", count_attr="num_args")
def concatenate(*data: Tensor, num_args: int = 0, axis: int | None = 0) -> Tensor:
    """Arrays one after another along an axis; flattened ones if the axis is None."""
    _same_types("concatenate", data)
    if axis is None:
        return torch.cat([t.reshape(-1) for t in data])
    axis, first = _axis("concatenate", axis, data[0].dim()), data[0].shape
    for t in data:
        if t.dim() != len(first) or any(a != b for i, (a, b) in enumerate(zip(t.shape, first)) if i != axis):
            raise MXNetError(f"concatenate: shapes {tuple(first)} and {tuple(t.shape)} differ outside axis {axis}. Make them equal there.")
    return torch.cat(data, axis)


@op("_npi_stack", count_attr="num_args")
def stack(*data: Tensor, axis: int = 0, num_args: int = 0) -> Tensor:
    """Arrays of one shape along a new axis."""
    _same_types("stack", data)
    return torch.stack(data, _axis("stack", axis, data[0].dim() + 1))


def _stacking(name: str, fn: Any, with_dim: bool, doc: str) -> None:
    if with_dim:

        def join(*data: Tensor, num_args: int = 0, dim: int = 1) -> Tensor:
            _same_types(name, data)
            return fn(data)

    else:

        def join(*data: Tensor, num_args: int = 0) -> Tensor:  # type: ignore[misc]
            _same_types(name, data)
            return fn(data)

    register(Op(f"_npi_{name}", join, count_attr="num_args", doc=doc))


_stacking("vstack", torch.vstack, False, "Arrays on top of each other; vectors are rows.")
_stacking("hstack", torch.hstack, True, "Arrays side by side: along the second axis, vectors along their only one.")
_stacking("dstack", torch.dstack, True, "Arrays along the third axis.")
_stacking("column_stack", torch.column_stack, False, "Vectors as columns of a matrix, and matrices side by side.")


def _at_least(name: str, fn: Any, n: int) -> None:
    def widen(*arys: Tensor, num_args: int = 0) -> tuple[Tensor, ...]:
        return tuple(fn(a) for a in arys)

    register(Op(f"_np_{name}", widen, count_attr="num_args", views=True, outputs=lambda *, num_args, **_: num_args,
                doc=f"Each array with at least {n} axes."))  # fmt: skip


_at_least("atleast_1d", torch.atleast_1d, 1)
_at_least("atleast_2d", torch.atleast_2d, 2)
_at_least("atleast_3d", torch.atleast_3d, 3)


# ---- cutting


def _split(name: str, axis_of: Any) -> None:
    base = NAMES["_split_v2"].fn

    def split(data: Tensor, *, indices: Shape, axis: int = 1, squeeze_axis: bool = False, sections: int = 0) -> Any:
        return base(data, indices=indices, axis=axis_of(data), squeeze_axis=squeeze_axis, sections=sections)

    register(Op(f"_npi_{name}", split, views=True,
                outputs=lambda *, indices, sections, **_: sections or len(indices),
                doc="Parts of an array along one axis: equal sections, or cut at indices."))  # fmt: skip


_split("hsplit", lambda data: 0 if data.dim() == 1 else 1)
_split("dsplit", lambda data: 2)


@op("_npi_diff")
def diff(a: Tensor, *, n: int = 1, axis: int = -1) -> Tensor:
    """n-th differences of neighbours along an axis."""
    if n < 0 or a.dim() == 0:
        raise MXNetError(f"diff: needs n >= 0 and an array with axes, got n={n}, shape {tuple(a.shape)}. Pass such.")
    return torch.diff(a, n, _axis("diff", axis, a.dim()))


@op("_npi_ediff1d")
def ediff1d(input1: Tensor, input2: Tensor | None = None, input3: Tensor | None = None, *, to_begin_arr_given: bool = False,
            to_end_arr_given: bool = False, to_begin_scalar: float | None = None, to_end_scalar: float | None = None) -> Tensor:  # fmt: skip
    """Differences of neighbours in the flattened array, with values put before and after."""
    rest = [t for t in (input2, input3) if t is not None]
    parts = [torch.diff(input1.reshape(-1))]
    if to_begin_arr_given:
        parts.insert(0, rest.pop(0).reshape(-1))
    elif to_begin_scalar is not None:
        parts.insert(0, torch.full((1,), to_begin_scalar, dtype=input1.dtype, device=input1.device))
    if to_end_arr_given:
        parts.append(rest.pop(0).reshape(-1))
    elif to_end_scalar is not None:
        parts.append(torch.full((1,), to_end_scalar, dtype=input1.dtype, device=input1.device))
    return torch.cat(parts)


@ediff1d.input_rule
def _(*, to_begin_arr_given: bool, to_end_arr_given: bool, **_: Any) -> tuple[str, ...]:
    return ("input1", "input2", "input3")[: 1 + to_begin_arr_given + to_end_arr_given]


@op("_npi_share_memory", zero_grad=True)
def share_memory(a: Tensor, b: Tensor) -> Tensor:
    """Whether two arrays use the same memory, as bool."""
    same = a.numel() > 0 and b.numel() > 0 and a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()
    if same:
        first, second = ((t.storage_offset(), t.storage_offset() + _reach(t)) for t in (a, b))
        same = first[0] < second[1] and second[0] < first[1]
    return torch.full((), same, dtype=torch.bool, device=a.device)


def _reach(t: Tensor) -> int:
    return 1 + sum((n - 1) * s for n, s in zip(t.shape, t.stride()))


@op("_npx_reshape", aliases=["_npi_reshape"], views=True)
def npx_reshape(a: Tensor, *, newshape: Shape, reverse: bool = False, order: str = "C") -> Tensor:
    """The elements in another shape, with codes: -1 the rest; -2 keep this axis; -3 drop this axis of size 1; -4 all axes that are
    left; -5 the product of the next two; -6 one axis in two, whose sizes follow (one may be -1). reverse=True reads from the right."""
    if order != "C":
        raise NotImplementedError(f"reshape: order {order!r} is not supported. Use 'C'.")
    dims, codes = list(a.shape), list(newshape)
    if reverse:
        dims.reverse()
        codes = _reversed_codes(codes)
    target = _coded(dims, codes, newshape, tuple(a.shape), reverse)
    return a.reshape(target[::-1] if reverse else target)


def _reversed_codes(codes: list[int]) -> list[int]:
    """The codes from the right; a split keeps its code in front of its two sizes."""
    groups: list[list[int]] = []
    i = 0
    while i < len(codes):
        width = 3 if codes[i] == -6 else 1
        part = codes[i : i + width]
        groups.insert(0, [part[0], *part[:0:-1]] if width == 3 else part)
        i += width
    return [c for g in groups for c in g]


def _coded(dims: list[int], codes: list[int], newshape: tuple, shape: tuple, reverse: bool) -> list[int]:
    def bad(why: str) -> MXNetError:
        return MXNetError(f"reshape: newshape {newshape} does not fit shape {shape}: {why}. Check the codes.")

    target: list[int] = []
    at, i, unknown = 0, 0, -1
    while i < len(codes):
        code = codes[i]
        i += 1
        if code >= 0:
            target.append(code)
            at += 1
        elif code == -1:
            if unknown >= 0:
                raise bad("only one size may be -1")
            unknown = len(target)
            target.append(-1)
            at += 1
        elif code == -4:
            target += dims[at:]
            at = len(dims)
        elif at + (code == -5) >= len(dims):
            raise bad(f"no axis is left for {code}")
        elif code == -2:
            target.append(dims[at])
            at += 1
        elif code == -3:
            if dims[at] != 1:
                raise bad(f"-3 needs an axis of size 1, found {dims[at]}")
            at += 1
        elif code == -5:
            target.append(dims[at] * dims[at + 1])
            at += 2
        elif code == -6:
            pair = codes[i : i + 2]
            if len(pair) < 2 or pair.count(-1) == 2:
                raise bad("-6 needs two sizes, one of which may be -1")
            i += 2
            known = math.prod(p for p in pair if p != -1)
            if dims[at] % max(known, 1) or -1 not in pair and known != dims[at]:
                raise bad(f"an axis of size {dims[at]} cannot be split into {pair}")
            target += [dims[at] // known if p == -1 else p for p in pair]
            at += 1
        else:
            raise bad(f"{code} is no code")
    if unknown >= 0:
        known = math.prod(n for n in target if n != -1)
        target[unknown] = math.prod(dims) // known if known else 0
    if math.prod(target) != math.prod(dims):
        raise bad("the number of elements differs")
    return target
