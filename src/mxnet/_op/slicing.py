"""Operators that cut a part out of an array, or write into a part of it."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import channel_axis, same_dtype
from .params import Shape
from .registry import op


def ranges(name: str, dims: tuple[int, ...], begin: tuple, end: tuple, step: tuple) -> list[slice]:
    """Python slices of begin/end/step (None: open), checked; one for each of the leading axes that are given."""
    if len(begin) != len(end):
        raise MXNetError(f"{name}: begin {begin} and end {end} must have the same length. Pass one entry of each for every axis.")
    if len(begin) > len(dims):
        raise MXNetError(f"{name}: begin {begin} has {len(begin)} entries for data of {len(dims)} dimensions. Pass at most {len(dims)}.")
    if step and len(step) != len(begin):
        raise MXNetError(f"{name}: step {step} must have as many entries as begin {begin}. Pass {len(begin)} steps.")
    cuts = []
    for i, (low, high) in enumerate(zip(begin, end)):
        by = step[i] if step else 1
        if by == 0:
            raise MXNetError(f"{name}: step[{i}] cannot be 0. Pass a positive or negative step.")
        cuts.append(slice(low, high, by))
    return cuts


def cut(data: Tensor, cuts: list[slice]) -> Tensor:
    """data[cuts], with negative steps too."""
    flips = []
    plain = []
    for axis, c in enumerate(cuts):
        start, stop, step = c.indices(data.shape[axis])
        count = len(range(start, stop, step))
        if step < 0:
            flips.append(axis)
            start, step = start + (count - 1) * step, -step
        plain.append(slice(start, start + (count - 1) * step + 1, step) if count else slice(0, 0))
    part = data[tuple(plain)] if plain else data
    return part.flip(flips) if flips else part


@op("slice", aliases=["crop", "_npi_slice", "_npx_slice", "_sparse_slice"], views=True)
def slice_(data: Tensor, *, begin: Shape, end: Shape, step: Shape = ()) -> Tensor:
    """data[begin[0]:end[0]:step[0], begin[1]:end[1]:step[1], ...]; None leaves a bound open, bounds beyond the array are clipped.

    Errors: more bounds than axes, begin and end of different lengths, a step of 0.

    >>> mx.nd.slice(mx.nd.arange(6).reshape((2, 3)), begin=(0, 1), end=(None, 3)).asnumpy().tolist()
    [[1.0, 2.0], [4.0, 5.0]]
    """
    return cut(data, ranges("slice", data.shape, begin, end, step))


@op("slice_axis", views=True)
def slice_axis(data: Tensor, *, axis: int, begin: int, end: int | None) -> Tensor:
    """Elements begin:end of one axis; negative bounds count from the end, end=None is the end.

    Errors: bounds outside of the axis, an empty range.

    >>> mx.nd.slice_axis(mx.nd.arange(6).reshape((2, 3)), axis=1, begin=-2, end=None).asnumpy().tolist()
    [[1.0, 2.0], [4.0, 5.0]]
    """
    axis = channel_axis("slice_axis", axis, data.ndim)
    size = data.shape[axis]
    low = begin + size if begin < 0 else begin
    high = size if end is None else end + size if end < 0 else end
    if not 0 <= low < high <= size and not (size == 0 and low == high == 0):
        raise MXNetError(
            f"slice_axis: begin {begin} and end {end} are no range of axis {axis} with size {size}. Pass 0 <= begin < end <= {size}."
        )
    return data.narrow(axis, low, high - low)


@op("slice_like", views=True)
def slice_like(data: Tensor, shape_like: Tensor, *, axes: Shape = ()) -> Tensor:
    """The leading part of data with the sizes of shape_like, on all axes or the given ones. The gradient of shape_like is zero.

    >>> mx.nd.slice_like(mx.nd.zeros((4, 5)), mx.nd.zeros((2, 3)), axes=(1,)).shape
    (4, 3)
    """
    if not axes and data.ndim != shape_like.ndim:
        raise MXNetError(
            f"slice_like: data has {data.ndim} dimensions, shape_like {shape_like.ndim}. Pass axes=..., or arrays with equally many."
        )
    result = data
    for axis in axes or range(data.ndim):
        at, size = channel_axis("slice_like", axis, data.ndim), shape_like.shape[channel_axis("slice_like", axis, shape_like.ndim)]
        if size > data.shape[at]:
            raise MXNetError(
                f"slice_like: axis {at} of data has size {data.shape[at]}, shape_like asks for {size}. Pass a shape_like that is not larger."
            )
        result = result.narrow(at, 0, size)
    return with_zero_gradients(result, shape_like)


def _written(name: str, lhs: Tensor, value: Tensor | float, cuts: list[slice], into: Tensor | None) -> Tensor:
    """lhs with a part replaced: a copy, or `into` itself where it already holds lhs (the in-place form of array assignment)."""
    recorded = lhs.requires_grad or isinstance(value, Tensor) and value.requires_grad
    in_place = into is not None and not recorded and into.data_ptr() == lhs.data_ptr() and into.shape == lhs.shape
    result = into if in_place and isinstance(into, Tensor) else lhs.clone()
    flips = [axis for axis, c in enumerate(cuts) if c.step < 0]
    forward = [c if c.step > 0 else _forward(c, lhs.shape[axis]) for axis, c in enumerate(cuts)]
    part = result[tuple(forward)] if forward else result
    if isinstance(value, Tensor):
        if part.shape != value.shape:
            raise MXNetError(f"{name}: rhs has shape {tuple(value.shape)}, the part to write {tuple(part.shape)}. Pass equal shapes.")
        part.copy_(value.flip(flips) if flips else value)
    else:
        part.fill_(value if lhs.is_floating_point() else int(value))
    return result


def _forward(c: slice, size: int) -> slice:
    """The same elements as a slice with negative step, in ascending order."""
    start, stop, step = c.indices(size)
    count = len(range(start, stop, step))
    return slice(start + (count - 1) * step, start + 1, -step) if count else slice(0, 0)


@op("_slice_assign", aliases=["_crop_assign", "_npi_slice_assign"])
def slice_assign(lhs: Tensor, rhs: Tensor, *, begin: Shape, end: Shape, step: Shape = (), out: Any = None) -> Tensor:
    """lhs with rhs in the place of lhs[begin:end:step]. Gradients: of lhs zero in that place, of rhs the part.

    >>> mx.nd._internal._slice_assign(mx.nd.zeros((2, 3)), mx.nd.ones((1, 3)), begin=(1,), end=(2,)).asnumpy().tolist()
    [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    """
    same_dtype("_slice_assign", lhs=lhs, rhs=rhs)
    return _written("_slice_assign", lhs, rhs, ranges("_slice_assign", lhs.shape, begin, end, step), out)


@op("_slice_assign_scalar", aliases=["_crop_assign_scalar", "_npi_slice_assign_scalar"])
def slice_assign_scalar(data: Tensor, *, scalar: float = 0.0, begin: Shape, end: Shape, step: Shape = (), out: Any = None) -> Tensor:
    """data with a number in the place of data[begin:end:step]. The gradient is zero in that place.

    >>> mx.nd._internal._slice_assign_scalar(mx.nd.zeros((3,)), scalar=2, begin=(1,), end=(3,)).asnumpy().tolist()
    [0.0, 2.0, 2.0]
    """
    return _written("_slice_assign_scalar", data, scalar, ranges("_slice_assign_scalar", data.shape, begin, end, step), out)


@op("Crop", count_attr="num_args")
def crop(*data: Tensor, offset: Shape = (0, 0), h_w: Shape = (0, 0), center_crop: bool = False) -> Tensor:
    """A window of (N, C, H, W) data: of size h_w, or of the height and width of a second input, at offset or in the middle.

    The gradient of the second input is zero. Errors: a window that does not fit.

    >>> mx.nd.Crop(mx.nd.zeros((1, 2, 6, 6)), h_w=(4, 3), offset=(1, 2)).shape
    (1, 2, 4, 3)
    """
    if len(data) not in (1, 2):
        raise MXNetError(f"Crop: takes 1 or 2 arrays, got {len(data)}. Pass data, and optionally an array of the wanted size.")
    source = data[0]
    for t in data:
        if t.ndim != 4:
            raise MXNetError(f"Crop: data must have 4 dimensions (N, C, H, W), got shape {tuple(t.shape)}. Reshape it.")
    if len(offset) != 2 or len(h_w) != 2:
        raise MXNetError(f"Crop: offset {offset} and h_w {h_w} must have two entries each. Pass (y, x) and (height, width).")
    height, width = data[1].shape[2:] if len(data) == 2 else h_w
    full_height, full_width = source.shape[2:]
    top, left = ((full_height - height) // 2, (full_width - width) // 2) if center_crop else offset
    if height <= 0 or width <= 0 or top < 0 or left < 0 or top + height > full_height or left + width > full_width:
        raise MXNetError(
            f"Crop: a window of {height} x {width} at ({top}, {left}) does not fit into {full_height} x {full_width}. Pass a smaller one."
        )
    part = source[:, :, top : top + height, left : left + width].contiguous()
    return with_zero_gradients(part, *data[1:])
