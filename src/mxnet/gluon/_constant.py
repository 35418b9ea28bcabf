"""Arrays of a block that are not trained."""

from __future__ import annotations

import warnings
from typing import Any

from .. import initializer, ndarray
from .._runtime.array import Array
from ._parameter import Parameter


class Constant(Parameter):
    """An array of a block that is not trained: `grad_req` is always "null".

    Example
    -------
    >>> c = mx.gluon.Constant("scale", mx.nd.array([2.0]))
    >>> c.initialize()
    >>> c.data().asnumpy().tolist()
    [2.0]
    """

    def __init__(self, name: str, value: Any) -> None:
        if not isinstance(value, Array):
            value = ndarray.array(value)
        self.value = value
        super().__init__(name, grad_req="null", shape=value.shape, dtype=value.dtype, init=ConstantValue(value))

    def __repr__(self) -> str:
        return f"Constant {self.name} (shape={self.shape}, dtype={self.dtype})"

    @property
    def grad_req(self) -> str:
        """Always "null"."""
        return "null"

    @grad_req.setter
    def grad_req(self, req: str) -> None:
        if req != "null":
            warnings.warn(f"Constant {self.name}: grad_req stays 'null', constants are not trained. Use a Parameter instead.", stacklevel=2)
        self._grad_req = "null"


@initializer.register
class ConstantValue(initializer.Initializer):
    """Fills an array with given values: the initializer of a `Constant`."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value if isinstance(value, Array) else ndarray.array(value)

    def dumps(self) -> str:
        """The values as JSON text."""
        self._kwargs = {"value": self.value.asnumpy().tolist()}
        return super().dumps()

    def _init_weight(self, name: str, arr: Any) -> None:
        self.value.copyto(arr)
