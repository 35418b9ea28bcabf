"""Recurrent networks: cells that make one step, and layers that run whole sequences."""

from __future__ import annotations

from .rnn_cell import *  # noqa: F403
from .rnn_cell import __all__ as _cells
from .rnn_layer import *  # noqa: F403
from .rnn_layer import __all__ as _layers

__all__ = [*_cells, *_layers]
