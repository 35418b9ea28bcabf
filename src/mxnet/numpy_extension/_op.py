"""The operators of `mx.npx`: those registered as `_npx_*`, and `reshape`, `nonzero`, `constraint_check` with NumPy-like signatures."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import numpy as np
from .._op.registry import NAMES
from .._runtime.functions import nd_function
from ..numpy._call import call, checked, sizes
from ..symbol._function import create
from ..symbol.symbol import Symbol

_NAMES = """activation arange_like batch_dot batch_flatten batch_norm cast convolution deconvolution dropout embedding erf erfinv fully_connected
gamma gammaln gather_nd layer_norm leaky_relu log_softmax multibox_detection multibox_prior multibox_target one_hot pick pooling relu
reshape_like rnn roi_pooling sequence_mask shape_array sigmoid slice smooth_l1 softmax topk""".split()

__all__ = [*_NAMES, "reshape", "nonzero", "constraint_check"]


def function_of(registered: str, name: str, module: str) -> Callable:
    """The operator's function, which takes and gives `mx.np.ndarray` only."""
    inner = nd_function(NAMES[registered], name, module)

    @functools.wraps(inner)
    def function(*args: Any, **kwargs: Any) -> Any:
        if args and args[0] is not None and isinstance(checked(args[0], name), Symbol):
            return create(NAMES[registered], name, args, kwargs)
        return inner(*args, **kwargs)

    return function


globals().update({n: function_of(f"_npx_{n}", n, "mxnet.numpy_extension") for n in _NAMES})


def reshape(a: np.ndarray, newshape: Any, reverse: bool = False, order: str = "C") -> np.ndarray:
    """The elements in another shape; codes -1 ... -6 as in the operator `_npx_reshape`.

    >>> mx.npx.reshape(mx.np.zeros((2, 3, 8)), (-2, -5)).shape
    (2, 24)
    """
    return call("_npx_reshape", a, newshape=sizes(newshape), reverse=reverse, order=order)


def nonzero(a: np.ndarray) -> np.ndarray:
    """The indices of elements that are not zero, one row each; int64."""
    return call("_npx_nonzero", a)


def constraint_check(x: np.ndarray, msg: str = "Constraint violated.") -> np.ndarray:
    """True if all elements hold; else an error with the message."""
    return call("_npx_constraint_check", x, msg=msg)
