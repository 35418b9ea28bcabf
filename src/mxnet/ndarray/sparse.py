"""`mx.nd.sparse`: sparse arrays, how to make them, and the operators that serve them."""

from __future__ import annotations

from typing import Any

from .._op.registry import NAMES
from .._runtime.array import Array
from .._runtime.functions import Namespace
from .._runtime.invoke import NO_ATTRS, invoke
from ..base import NotSupportedForSparseNDArray, integer_types, numeric_types  # noqa: F401  names of the original module
from ..context import Context, current_context  # noqa: F401
from . import _functions as _dense
from ._ndarray import NDArray  # noqa: F401
from ._sparse_array import BaseSparseNDArray, CSRNDArray, RowSparseNDArray
from ._sparse_creation import array, csr_matrix, empty, row_sparse_array, zeros  # noqa: F401

_PREFIX = "_sparse_"
_RENAMED = {"concat": "Concat", "stop_gradient": "BlockGrad", "ElementWiseSum": "add_n"}


def _registered(name: str) -> str | None:
    if _PREFIX + name in NAMES:
        return _PREFIX + name
    return _RENAMED.get(name)


_functions_of = Namespace(__name__, _registered)


def _either(name: str, elementwise: str, dense: Any) -> Any:
    def function(lhs: Any, rhs: Any) -> Any:
        if isinstance(lhs, Array) and isinstance(rhs, Array) and lhs.shape == rhs.shape:
            return invoke(NAMES[elementwise], (lhs, rhs), NO_ATTRS)
        return dense(lhs, rhs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{dense.__doc__} Arrays of equal shape stay sparse where zeros stay zeros."
    return function


add = _either("add", "elemwise_add", _dense.add)
subtract = _either("subtract", "elemwise_sub", _dense.subtract)
multiply = _either("multiply", "elemwise_mul", _dense.multiply)
divide = _either("divide", "elemwise_div", _dense.divide)


def gs_retain(*args: Any, **kwargs: Any) -> Any:
    """Only the given rows of a RowSparseNDArray (the old name of `retain`)."""
    return __getattr__("retain")(*args, **kwargs)


def __getattr__(name: str) -> Any:
    return _functions_of.get(name, globals())


def __dir__() -> list[str]:
    return sorted(set(__all__))


_NAMES = """ElementWiseSum Embedding FullyConnected LinearRegressionOutput LogisticRegressionOutput MAERegressionOutput abs adagrad_update
adam_update add_n arccos arccosh arcsin arcsinh arctan arctanh broadcast_add broadcast_div broadcast_minus broadcast_mul broadcast_plus
broadcast_sub cast_storage cbrt ceil clip concat cos cosh degrees dot elemwise_add elemwise_div elemwise_mul elemwise_sub exp expm1 fix floor
ftrl_update gamma gammaln log log10 log1p log2 make_loss mean negative norm radians relu retain rint round rsqrt sgd_mom_update sgd_update
sigmoid sign sin sinh slice sqrt square stop_gradient sum tan tanh trunc where zeros_like""".split()
__all__ = ["BaseSparseNDArray", "CSRNDArray", "RowSparseNDArray", "csr_matrix", "row_sparse_array", "add", "subtract", "multiply", "divide",
           *_NAMES]  # fmt: skip
