"""Blocks: `Block` runs Python on arrays, `HybridBlock` can also be translated into a graph, `SymbolBlock` is made from a graph."""

from __future__ import annotations

from ._block import Block
from ._errors import DeferredInitializationError
from ._hybrid import HybridBlock
from ._scope import BlockScope as _BlockScope  # noqa: F401
from ._structure import _flatten, _regroup  # noqa: F401
from ._symbol_block import SymbolBlock
from .parameter import Parameter, ParameterDict
from .utils import HookHandle

__all__ = ["Block", "HybridBlock", "SymbolBlock", "Parameter", "ParameterDict", "HookHandle", "DeferredInitializationError"]
