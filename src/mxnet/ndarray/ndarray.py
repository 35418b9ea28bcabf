"""The dense array class and the functions that make and combine arrays (MXNet's module of this name)."""

from ..base import integer_types, numeric_types
from ..context import Context, current_context
from ..util import is_np_array
from ._codes import (  # noqa: F401
    _DTYPE_MX_TO_NP,
    _DTYPE_NP_TO_MX,
    _GRAD_REQ_MAP,
    _STORAGE_TYPE_CSR,
    _STORAGE_TYPE_DEFAULT,
    _STORAGE_TYPE_ID_TO_STR,
    _STORAGE_TYPE_ROW_SPARSE,
    _STORAGE_TYPE_STR_TO_ID,
    _STORAGE_TYPE_UNDEFINED,
)
from ._creation import arange, array, empty, eye, from_dlpack, from_numpy, full, linspace, ones, zeros
from ._functions import (
    add,
    concatenate,
    divide,
    equal,
    greater,
    greater_equal,
    histogram,
    imdecode,
    lesser,
    lesser_equal,
    logical_and,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    modulo,
    moveaxis,
    multiply,
    not_equal,
    onehot_encode,
    power,
    subtract,
    true_divide,
)
from ._ndarray import NDArray, from_torch, split_v2, waitall

NDArrayBase = NDArray
py_slice = slice  # `slice` is an operator in this package


def to_dlpack_for_read(data: NDArray) -> object:
    """A DLPack capsule of the array's memory."""
    return data.to_dlpack_for_read()


def to_dlpack_for_write(data: NDArray) -> object:
    """A DLPack capsule of the array's memory, to be written to."""
    return data.to_dlpack_for_write()


__all__ = ["NDArray", "concatenate", "from_dlpack", "from_numpy", "from_torch", "to_dlpack_for_read", "to_dlpack_for_write", "add", "arange",
           "array", "divide", "empty", "equal", "eye", "full", "greater", "greater_equal", "histogram", "imdecode", "lesser", "lesser_equal",
           "linspace", "logical_and", "logical_or", "logical_xor", "maximum", "minimum", "modulo", "moveaxis", "multiply", "not_equal",
           "onehot_encode", "ones", "power", "split_v2", "subtract", "true_divide", "waitall", "zeros", "Context", "current_context",
           "integer_types", "numeric_types", "is_np_array"]  # fmt: skip
