"""Recurrent cells: one step `output, states = cell(input, states)`, and `unroll` for sequences."""

from __future__ import annotations

from ._cell import HybridRecurrentCell, RecurrentCell
from ._cell_basic import DropoutCell, GRUCell, LSTMCell, RNNCell
from ._cell_modifiers import BidirectionalCell, ModifierCell, ResidualCell, ZoneoutCell
from ._cell_stack import HybridSequentialRNNCell, SequentialRNNCell
from ._helpers import (  # noqa: F401
    _cells_begin_state,
    _cells_state_info,
    _format_sequence,
    _get_begin_state,
    _mask_sequence_variable_length,
    _reverse_sequences,
)

__all__ = ["RecurrentCell", "HybridRecurrentCell", "RNNCell", "LSTMCell", "GRUCell", "SequentialRNNCell", "HybridSequentialRNNCell", "DropoutCell",
           "ModifierCell", "ZoneoutCell", "ResidualCell", "BidirectionalCell"]  # fmt: skip
