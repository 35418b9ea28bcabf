"""Layers of neural networks."""

from __future__ import annotations

from ..block import Block, HybridBlock, SymbolBlock
from .activations import *  # noqa: F403
from .activations import __all__ as _activations
from .basic_layers import *  # noqa: F403
from .basic_layers import __all__ as _basic
from .conv_layers import *  # noqa: F403
from .conv_layers import __all__ as _conv

__all__ = ["Block", "HybridBlock", "SymbolBlock", *_activations, *_basic, *_conv]
