"""Operators that join arrays, repeat them, or split one into several."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .._dtype import name_of
from ..error import MXNetError
from .nn_checks import channel_axis
from .params import Shape
from .registry import op


def check_same(name: str, tensors: tuple[Tensor, ...]) -> torch.dtype:
    """The one data type of a list of arrays, or an error that names the first other one."""
    for i, t in enumerate(tensors):
        if t.dtype != tensors[0].dtype:
            raise MXNetError(
                f"{name}: array 0 is {name_of(tensors[0].dtype)} but array {i} is {name_of(t.dtype)}. Use one data type for all of them."
            )
    return tensors[0].dtype


def _concat(name: str, data: tuple[Tensor, ...], dim: int) -> Tensor:
    if not data:
        raise MXNetError(f"{name}: takes at least one array, got none. Pass arrays.")
    check_same(name, data)
    first = data[0]
    axis = channel_axis(name, dim, first.ndim)
    for i, t in enumerate(data):
        if t.ndim != first.ndim or any(t.shape[a] != first.shape[a] for a in range(first.ndim) if a != axis):
            raise MXNetError(
                f"{name}: array {i} of shape {tuple(t.shape)} does not fit to array 0 of shape {tuple(first.shape)} along axis {axis}. "
                "Pass arrays that agree on every other axis."
            )
    return torch.cat(data, axis)


@op("Concat", aliases=["concat", "_sparse_concat"], amp="widest")
def concat(*data: Tensor, dim: int = 1) -> Tensor:
    """Arrays one after another along axis `dim`; all other axes must agree.

    >>> mx.nd.concat(mx.nd.zeros((2, 3)), mx.nd.ones((2, 1)), dim=1).shape
    (2, 4)
    """
    return _concat("Concat", data, dim)


@op("_rnn_param_concat", aliases=["_npi_rnn_param_concat"])
def rnn_param_concat(*data: Tensor, dim: int = 1) -> Tensor:
    """Concat of flattened weights and biases into the parameter vector of the RNN operator.

    >>> mx.nd._internal._rnn_param_concat(mx.nd.zeros((6,)), mx.nd.zeros((4,)), dim=0).shape
    (10,)
    """
    return _concat("_rnn_param_concat", data, dim)


@op("stack", amp="widest")
def stack(*data: Tensor, axis: int = 0) -> Tensor:
    """Arrays of one shape side by side along a new axis.

    >>> mx.nd.stack(mx.nd.zeros((2, 3)), mx.nd.ones((2, 3)), axis=1).shape
    (2, 2, 3)
    """
    if not data:
        raise MXNetError("stack: takes at least one array, got none. Pass arrays.")
    check_same("stack", data)
    axis = channel_axis("stack", axis, data[0].ndim + 1)
    for i, t in enumerate(data):
        if t.shape != data[0].shape:
            raise MXNetError(f"stack: array {i} has shape {tuple(t.shape)}, array 0 {tuple(data[0].shape)}. Pass arrays of one shape.")
    return torch.stack(data, axis)


@op("SliceChannel", aliases=["split"], outputs=lambda num_outputs, **_: num_outputs, views=True)
def split(data: Tensor, *, num_outputs: int, axis: int = 1, squeeze_axis: bool = False) -> tuple[Tensor, ...]:
    """num_outputs equal parts of data along an axis; squeeze_axis drops that axis where parts have size 1.

    Errors: a size that num_outputs does not divide.

    >>> [p.shape for p in mx.nd.split(mx.nd.zeros((2, 6)), num_outputs=3, axis=1)]
    [(2, 2), (2, 2), (2, 2)]
    """
    if num_outputs < 1:
        raise MXNetError(f"SliceChannel: num_outputs {num_outputs} must be at least 1. Pass the number of parts.")
    axis = channel_axis("SliceChannel", axis, data.ndim)
    size = data.shape[axis]
    if size % num_outputs:
        raise MXNetError(f"SliceChannel: axis {axis} of size {size} cannot be split into {num_outputs} equal parts. Pass a divisor.")
    if squeeze_axis and size != num_outputs:
        raise MXNetError(
            f"SliceChannel: squeeze_axis needs parts of size 1, but axis {axis} has {size} for {num_outputs} parts. Pass num_outputs={size}."
        )
    if squeeze_axis:
        return data.unbind(axis)
    return data.split(size // num_outputs, axis)


@split.output_name_rule
def _(*, num_outputs: int, **_: object) -> tuple[str, ...]:
    return tuple(f"output{i}" for i in range(num_outputs))


def _parts(*, indices: Sequence[int], sections: int, **_: object) -> int:
    return sections if sections > 0 else len(indices)


@op("_split_v2", aliases=["_npi_split"], outputs=_parts, views=True)
def split_v2(data: Tensor, *, indices: Shape, axis: int = 1, squeeze_axis: bool = False, sections: int = 0) -> tuple[Tensor, ...]:
    """Parts of data along an axis: `sections` ones of equal sizes (or nearly), or those that begin at the given indices.

    Errors: indices that decrease or exceed the axis, squeeze_axis with parts not of size 1.

    >>> [p.shape for p in mx.nd._internal._split_v2(mx.nd.zeros((5, 2)), indices=(0, 2), axis=0)]
    [(2, 2), (3, 2)]
    """
    axis = channel_axis("_split_v2", axis, data.ndim)
    size = data.shape[axis]
    if sections > 0:
        if size % sections and squeeze_axis:
            raise MXNetError(f"_split_v2: axis {axis} of size {size} cannot be split into {sections} equal parts. Pass a divisor.")
        small, longer = divmod(size, sections)  # the first parts are longer by one where they cannot be equal
        starts = [i * small + min(i, longer) for i in range(sections)]
    else:
        starts = list(indices)
    parts = []
    for i, low in enumerate(starts):
        high = starts[i + 1] if i + 1 < len(starts) else size
        if size == 0:
            low = high = 0
        if not 0 <= low <= high <= size:
            raise MXNetError(
                f"_split_v2: part {i} would be {low}:{high} of axis {axis} with size {size}. Pass increasing indices within it."
            )
        part = data.narrow(axis, low, high - low)
        if squeeze_axis:
            if high - low != 1:
                raise MXNetError(f"_split_v2: squeeze_axis needs parts of size 1, part {i} has {high - low}. Leave squeeze_axis away.")
            part = part.squeeze(axis)
        parts.append(part)
    return tuple(parts)


@op("tile", aliases=["_npi_tile"])
def tile(data: Tensor, *, reps: Shape) -> Tensor:
    """data repeated as a block, reps[i] times along axis i; missing axes or counts on the left are 1.

    >>> mx.nd.tile(mx.nd.arange(2), reps=(2, 2)).asnumpy().tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0]]
    """
    if any(r < 0 for r in reps):
        raise MXNetError(f"tile: reps {reps} must not be negative. Pass counts of 0 or more.")
    return data.repeat((1,) * (data.ndim - len(reps)) + tuple(reps))


@op("repeat", aliases=["_np_repeat"])
def repeat(data: Tensor, *, repeats: int, axis: int | None = None) -> Tensor:
    """Each element repeated along an axis, or all of the flattened array.

    >>> mx.nd.repeat(mx.nd.arange(2), repeats=2).asnumpy().tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    if repeats < 0:
        raise MXNetError(f"repeat: repeats {repeats} must not be negative. Pass 0 or more.")
    if axis is None:
        data, axis = data.reshape(-1), 0
    axis = channel_axis("repeat", axis, data.ndim)
    shape = list(data.shape)
    shape[axis] *= repeats
    spread = data.unsqueeze(axis + 1)
    return spread.expand(*spread.shape[: axis + 1], repeats, *spread.shape[axis + 2 :]).reshape(shape).clone()
