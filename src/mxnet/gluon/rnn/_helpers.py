"""Helpers of recurrent cells under the names that cells of other packages import from `mxnet.gluon.rnn.rnn_cell`."""

from __future__ import annotations

from typing import Any

from ._sequence import as_steps, batch_size_of, masked, merged, module_of, reversed_steps


def _format_sequence(
    length: int | None, inputs: Any, layout: str, merge: bool | None, in_layout: str | None = None
) -> tuple[Any, int, Any, int]:
    """(inputs, time axis, mx.nd or mx.sym, batch size): merge=True makes one array, False a list of steps, None leaves the form."""
    source = in_layout or layout
    one = not isinstance(inputs, (list, tuple))
    F = module_of(inputs if one else inputs[0])
    size = batch_size_of(inputs, source, is_step=False) if one else batch_size_of(inputs[0], source)
    axis = layout.find("T")
    if merge is False:
        return as_steps("unroll", length, inputs, source), axis, F, size
    if merge and not one:
        return merged(inputs, layout), axis, F, size
    if one and source.find("T") != axis:
        inputs = F.swapaxes(inputs, dim1=axis, dim2=source.find("T"))
    return inputs, axis, F, size


def _get_begin_state(cell: Any, F: Any, begin_state: Any, inputs: Any, batch_size: int) -> Any:
    """The states given, or zeros on the context of the inputs."""
    if begin_state is not None:
        return begin_state
    first = inputs[0] if isinstance(inputs, (list, tuple)) else inputs
    if not hasattr(first, "context"):
        return cell.begin_state(func=F.zeros, batch_size=batch_size)
    with first.context:
        return cell.begin_state(func=F.zeros, batch_size=batch_size)


def _mask_sequence_variable_length(F: Any, data: Any, length: int, valid_length: Any, time_axis: int, merge: bool | None) -> Any:
    """A sequence with zeros after each valid length, as one array or (merge false) as a list of steps."""
    layout = "TNC" if time_axis == 0 else "NTC"
    outputs = masked(F, data, layout, valid_length)
    return outputs if merge else as_steps("unroll", length, outputs, layout)


def _reverse_sequences(sequences: list[Any], unroll_step: int, valid_length: Any = None) -> list[Any]:
    """Steps from last to first; with lengths, only the valid part is turned round."""
    return reversed_steps(module_of(sequences[0]), sequences, valid_length)


def _cells_state_info(cells: Any, batch_size: int) -> list[dict]:
    """What states several cells have, one after the other."""
    return [info for cell in cells for info in cell.state_info(batch_size)]


def _cells_begin_state(cells: Any, **kwargs: Any) -> list[Any]:
    """First states of several cells, one after the other."""
    return [state for cell in cells for state in cell.begin_state(**kwargs)]
