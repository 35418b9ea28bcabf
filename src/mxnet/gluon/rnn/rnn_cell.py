"""Recurrent cells: one step `output, states = cell(input, states)`, and `unroll` for sequences."""

from __future__ import annotations

from ._cell import HybridRecurrentCell, RecurrentCell
from ._cell_basic import DropoutCell, GRUCell, LSTMCell, RNNCell
from ._cell_modifiers import BidirectionalCell, ModifierCell, ResidualCell, ZoneoutCell
from ._cell_stack import HybridSequentialRNNCell, SequentialRNNCell

__all__ = ["RecurrentCell", "HybridRecurrentCell", "RNNCell", "LSTMCell", "GRUCell", "SequentialRNNCell", "HybridSequentialRNNCell", "DropoutCell",
           "ModifierCell", "ZoneoutCell", "ResidualCell", "BidirectionalCell"]  # fmt: skip
