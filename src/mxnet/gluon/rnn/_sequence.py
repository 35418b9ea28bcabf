"""Sequences in two forms, one array with a time axis or a list of steps, and what is done with their lengths."""

from __future__ import annotations

from typing import Any

from ... import ndarray, symbol
from ..._runtime.array import Array
from ...symbol import Symbol
from .._errors import GluonError


def module_of(x: Any) -> Any:
    """mx.nd or mx.sym, whichever x belongs to."""
    return symbol if isinstance(x, Symbol) else ndarray


def as_steps(where: str, length: int | None, inputs: Any, layout: str) -> list[Any]:
    """A sequence as a list of `length` steps."""
    axis = layout.find("T")
    if isinstance(inputs, Symbol):
        if len(inputs.list_outputs()) == 1:
            if length is None:
                raise GluonError(f"{where}: the number of steps of a symbol is not known. Pass length.")
            if length == 1:
                return [symbol.squeeze(inputs, axis=axis)]
            return list(symbol.split(inputs, axis=axis, num_outputs=length, squeeze_axis=True))
        return list(inputs)
    if isinstance(inputs, Array):
        steps = inputs.shape[axis]
        if length is not None and length != steps:
            raise GluonError(f"{where}: the sequence has {steps} steps (axis {axis} of shape {tuple(inputs.shape)}, layout {layout}), length is {length}. "
                             "Make them equal.")  # fmt: skip
        if steps == 1:
            return [ndarray.squeeze(inputs, axis=axis)]
        return list(ndarray.split(inputs, axis=axis, num_outputs=steps, squeeze_axis=True))
    steps = list(inputs)
    if length is not None and len(steps) != length:
        raise GluonError(f"{where}: the sequence has {len(steps)} steps, length is {length}. Make them equal.")
    return steps


def merged(steps: Any, layout: str) -> Any:
    """A sequence as one array with a time axis."""
    if isinstance(steps, (list, tuple)):
        return module_of(steps[0]).stack(*steps, axis=layout.find("T"))
    return steps


def arranged(where: str, length: int, outputs: Any, layout: str, merge: bool | None) -> Any:
    """The form that the caller wants: True one array, False a list, None as it is."""
    if merge is None:
        return outputs
    return merged(outputs, layout) if merge else as_steps(where, length, outputs, layout)


def batch_size_of(step: Any, layout: str, is_step: bool = True) -> int:
    """Size of the batch axis; 0 for symbols."""
    if isinstance(step, Symbol):
        return 0
    shape = [c for c in layout if c != "T"] if is_step else list(layout)
    return step.shape[shape.index("N")]


def masked(F: Any, sequence: Any, layout: str, valid_length: Any) -> Any:
    """The sequence as one array, with zeros after each sample's valid length."""
    return F.SequenceMask(merged(sequence, layout), sequence_length=valid_length, use_sequence_length=True, axis=layout.find("T"))


def last_states(F: Any, history: list[list[Any]], valid_length: Any) -> list[Any]:
    """Each sample's states at its last valid step."""
    return [
        F.SequenceLast(F.stack(*each, axis=0), sequence_length=valid_length, use_sequence_length=True, axis=0) for each in zip(*history)
    ]


def reversed_steps(F: Any, steps: list[Any], valid_length: Any) -> list[Any]:
    """Steps from last to first; with lengths, only the valid part is turned round."""
    if valid_length is None:
        return list(reversed(steps))
    turned = F.SequenceReverse(F.stack(*steps, axis=0), sequence_length=valid_length, use_sequence_length=True)
    if len(steps) == 1:
        return [F.squeeze(turned, axis=0)]
    return list(F.split(turned, axis=0, num_outputs=len(steps), squeeze_axis=True))


def zero_state(like: Any, shape: tuple[int, ...], batch_axis: int, like_batch_axis: int = 0) -> Any:
    """Zeros of a state's shape, with the batch size and the type of a symbol whose shape is not known."""
    column = symbol.zeros_like(symbol.slice_axis(symbol.reshape(symbol.swapaxes(like, dim1=0, dim2=like_batch_axis) if like_batch_axis else like,
                                                                shape=(0, -1)), axis=1, begin=0, end=1))  # fmt: skip
    rest = [n for i, n in enumerate(shape) if i != batch_axis]
    total = 1
    for n in rest:
        total *= n
    state = symbol.reshape(symbol.tile(column, reps=(1, total)), shape=(0, *rest) if len(rest) > 1 else (0, -1))
    if batch_axis == 0:
        return state
    order = list(range(1, batch_axis + 1)) + [0] + list(range(batch_axis + 1, len(shape)))
    return symbol.transpose(state, axes=tuple(order))
