"""Operators about positions themselves: index arrays, flat and multi-dimensional indices, histograms."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..error import MXNetError
from .nn_checks import channel_axis
from .params import Floats, Shape
from .registry import op


@op("_contrib_index_array", zero_grad=True)
def index_array(data: Tensor, *, axes: Shape | None = None) -> Tensor:
    """The int64 coordinates of every element of data in a new last axis; only those of `axes` if given.

    >>> mx.nd.contrib.index_array(mx.nd.zeros((1, 2))).asnumpy().tolist()
    [[[0, 0], [0, 1]]]
    """
    chosen = range(data.ndim) if axes is None else [channel_axis("_contrib_index_array", a, data.ndim) for a in axes]
    columns = []
    for a in chosen:
        line = torch.arange(data.shape[a], device=data.device).reshape(-1, *(1,) * (data.ndim - a - 1))
        columns.append(line.expand(data.shape))
    return torch.stack(columns, -1) if columns else torch.zeros(*data.shape, 0, dtype=torch.int64, device=data.device)


@index_array.types
def _(types: dict, **_: object) -> tuple:
    return types, [torch.int64]


def _check_shape(name: str, shape: tuple | None) -> tuple[int, ...]:
    if not shape:
        raise MXNetError(f"{name}: shape is empty. Pass the shape of the indexed array.")
    if min(shape[1:], default=1) < 1:
        raise MXNetError(f"{name}: shape {shape} must be positive (only the first size may be open). Pass the shape of the indexed array.")
    return shape


@op("_ravel_multi_index", aliases=["ravel_multi_index"], zero_grad=True)
def ravel_multi_index(data: Tensor, *, shape: Shape | None = None) -> Tensor:
    """(ndim, N) coordinates in an array of `shape` -> (N,) positions in its flattened form, in the type of data.

    The first size may be -1. Coordinates are not checked against the shape.

    >>> mx.nd.ravel_multi_index(mx.nd.array([[1], [2]]), shape=(2, 3)).asnumpy().tolist()
    [5.0]
    """
    shape = _check_shape("_ravel_multi_index", shape)
    if data.ndim != 2 or data.shape[0] != len(shape):
        raise MXNetError(
            f"_ravel_multi_index: data must have shape ({len(shape)}, N) for shape {shape}, got {tuple(data.shape)}. Reshape it."
        )
    places = data[0].long()
    for axis in range(1, len(shape)):
        places = places * shape[axis] + data[axis].long()
    return places.to(data.dtype)


@op("_unravel_index", aliases=["unravel_index"], zero_grad=True)
def unravel_index(data: Tensor, *, shape: Shape | None = None) -> Tensor:
    """Positions in the flattened form of an array of `shape` -> (ndim, *data.shape) coordinates, in the type of data.

    The first size may be -1. Positions are not checked against the shape.

    >>> mx.nd.unravel_index(mx.nd.array([5]), shape=(2, 3)).asnumpy().tolist()
    [[1.0], [2.0]]
    """
    shape = _check_shape("_unravel_index", shape)
    rest, rows = data.long(), []
    for size in reversed(shape[1:]):
        rows.append(rest.fmod(size))
        rest = torch.div(rest, size, rounding_mode="trunc")
    return torch.stack([rest, *reversed(rows)]).to(data.dtype)


@op("_histogram", aliases=["_npi_histogram"], outputs=2, zero_grad=True)
def histogram(
    data: Tensor, bins: Tensor | None = None, *, bin_cnt: int | None = None, range: Floats | None = None
) -> tuple[Tensor, Tensor]:
    """Counts (int64) of the values in each bin, and the edges of the bins: bin_cnt equal ones over range, or those of `bins`.

    A value belongs to a bin if low <= value < high; the last bin includes its upper edge. NaN and values outside are not counted.

    >>> mx.nd._internal._histogram(mx.nd.array([0, 1, 1, 3]), bin_cnt=3, range=(0, 3))[0].asnumpy().tolist()
    [1, 2, 1]
    """
    if bins is None:
        if bin_cnt is None or range is None or len(range) != 2:
            raise MXNetError(f"_histogram: bin_cnt {bin_cnt} and range {range} must both be given. Pass them, or an array of edges.")
        low, high = range
        if bin_cnt < 1 or not low <= high or not math.isfinite(high - low):
            raise MXNetError(
                f"_histogram: bin_cnt {bin_cnt} must be at least 1 and range {range} increasing. Pass e.g. bin_cnt=10, range=(0, 1)."
            )
        edges = torch.linspace(low, high, bin_cnt + 1, dtype=torch.float64, device=data.device)
        shown = edges.to(data.dtype)
    else:
        if bins.ndim != 1 or bins.shape[0] < 2:
            raise MXNetError(f"_histogram: bins has shape {tuple(bins.shape)}, edges need a vector of at least 2. Pass increasing edges.")
        edges, shown = bins.double(), bins.clone()
    values = data.reshape(-1).double()
    count = edges.shape[0] - 1
    place = torch.searchsorted(edges, values, right=True) - 1
    place = torch.where(values == edges[-1], count - 1, place)
    inside = (values >= edges[0]) & (values <= edges[-1])
    slots = torch.where(inside, place.clamp(0, count - 1), count)
    counts = torch.zeros(count + 1, dtype=torch.int64, device=data.device).scatter_add(0, slots, torch.ones_like(slots))
    return counts[:count].contiguous(), shown


@histogram.types
def _(types: dict, **_: object) -> tuple:
    return types, [torch.int64, types.get("bins") or types["data"]]


@histogram.input_rule
def _(*, bin_cnt: int | None, **_: object) -> tuple[str, ...]:
    return ("data", "bins") if bin_cnt is None else ("data",)
