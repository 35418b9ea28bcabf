"""Parameters of blocks: `Parameter`, `Constant`, and dictionaries of them."""

from __future__ import annotations

from .. import ndarray, symbol
from ._constant import Constant
from ._errors import DeferredInitializationError
from ._parameter import Parameter
from ._parameter_dict import ParameterDict

__all__ = ["DeferredInitializationError", "Parameter", "Constant", "ParameterDict", "tensor_types"]

#: what a block can be called with
tensor_types = (symbol.Symbol, ndarray.NDArray)
