"""Operators on padded sequences: SequenceMask, SequenceLast, SequenceReverse. The time axis is 0 (or 1), the batch axis the other."""

from __future__ import annotations

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .registry import op


def _check(name: str, data: Tensor, lengths: Tensor | None, use: bool, axis: int, axes: tuple[int, ...] = (0, 1)) -> Tensor | None:
    """int64 lengths, or None where all sequences are full."""
    if data.ndim < 2:
        raise MXNetError(f"{name}: data must have at least 2 dimensions (time, batch, ...), got shape {tuple(data.shape)}. Reshape it.")
    if axis not in axes:
        raise MXNetError(f"{name}: axis {axis} must be {' or '.join(map(str, axes))}. Move the time axis there.")
    if not use:
        return None
    if lengths is None:
        raise MXNetError(f"{name}: use_sequence_length needs the input sequence_length. Pass it.")
    batch = data.shape[1 - axis]
    if tuple(lengths.shape) != (batch,):
        raise MXNetError(
            f"{name}: sequence_length has shape {tuple(lengths.shape)}, the batch has {batch} sequences. Pass one length for each."
        )
    return lengths.long()


def _check_lengths(name: str, lengths: Tensor, least: int, most: int) -> None:
    if lengths.is_meta or lengths.numel() == 0 or lengths.is_cuda and torch.cuda.is_current_stream_capturing():
        return
    low, high = int(lengths.min()), int(lengths.max())
    if low < least or high > most:
        raise IndexError(f"sequence_length {low if low < least else high} is out of range, lengths must be {least} to {most}")


def _active(use_sequence_length: bool, **_: object) -> tuple[str, ...]:
    return ("data", "sequence_length") if use_sequence_length else ("data",)


def _complete(shapes: dict, *, use_sequence_length: bool = False, axis: int = 0, **_: object) -> dict:
    data = shapes.get("data")
    if use_sequence_length and data is not None and len(data) > 1:
        return {**shapes, "sequence_length": shapes.get("sequence_length") or (data[1 - axis],)}
    return shapes


@op("SequenceMask", aliases=["_npx_sequence_mask"])
def sequence_mask(
    data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False, value: float = 0.0, axis: int = 0
) -> Tensor:
    """data with `value` in the steps from sequence_length[b] on; data itself without use_sequence_length.

    data: (time, batch, ...), or (batch, time, ...) with axis=1. Gradient: zero in masked steps, zero for the lengths.

    >>> mx.nd.SequenceMask(mx.nd.ones((2, 2)), mx.nd.array([1, 2]), use_sequence_length=True).asnumpy().tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    lengths = _check("SequenceMask", data, sequence_length, use_sequence_length, axis)
    if lengths is None:
        return data.clone()
    steps = torch.arange(data.shape[axis], device=data.device)
    masked = steps[:, None] >= lengths[None, :] if axis == 0 else steps[None, :] >= lengths[:, None]
    filler = value if data.is_floating_point() else int(value)
    return with_zero_gradients(data.masked_fill(masked.reshape(*masked.shape, *(1,) * (data.ndim - 2)), filler), sequence_length)


@op("SequenceLast")
def sequence_last(data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False, axis: int = 0) -> Tensor:
    """The last step of each sequence: data[sequence_length[b] - 1, b], or data[-1] without use_sequence_length.

    Errors: IndexError for a length below 1 or beyond the time axis (MXNet reads other memory).

    >>> mx.nd.SequenceLast(mx.nd.arange(4).reshape((2, 2)), mx.nd.array([1, 2]), use_sequence_length=True).asnumpy().tolist()
    [0.0, 3.0]
    """
    lengths = _check("SequenceLast", data, sequence_length, use_sequence_length, axis)
    if lengths is None:
        return data.select(axis, data.shape[axis] - 1).clone()
    _check_lengths("SequenceLast", lengths, 1, data.shape[axis])
    batch = torch.arange(lengths.shape[0], device=data.device)
    last = data[lengths - 1, batch] if axis == 0 else data[batch, lengths - 1]
    return with_zero_gradients(last, sequence_length)


@op("SequenceReverse")
def sequence_reverse(data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False, axis: int = 0) -> Tensor:
    """The first sequence_length[b] steps of each sequence in reverse order, the others unchanged; all steps without use_sequence_length.

    Errors: IndexError for a length beyond the time axis (MXNet reads other memory).

    >>> mx.nd.SequenceReverse(mx.nd.arange(4).reshape((2, 2)), mx.nd.array([1, 2]), use_sequence_length=True).asnumpy().tolist()
    [[0.0, 3.0], [2.0, 1.0]]
    """
    lengths = _check("SequenceReverse", data, sequence_length, use_sequence_length, axis, (0,))
    if lengths is None:
        return data.flip(0)
    _check_lengths("SequenceReverse", lengths, 0, data.shape[0])
    steps = torch.arange(data.shape[0], device=data.device)[:, None]
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)
    reversed_ = data[source, torch.arange(data.shape[1], device=data.device)]
    return with_zero_gradients(reversed_, sequence_length)


for _operator in (sequence_mask, sequence_last, sequence_reverse):
    _operator.input_rule(_active)
    _operator.complete_shapes(_complete)
