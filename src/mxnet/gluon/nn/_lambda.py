"""Functions as blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import ndarray, symbol
from ...error import hint
from ..block import Block, HybridBlock


def _named(where: str, name: str, *spaces: Any) -> None:
    for space in spaces:
        if not hasattr(space, name):
            raise AssertionError(f"{where}: {name!r} is no function of {space.__name__}.{hint(name, dir(space))} Pass a function instead.")


class Lambda(Block):
    """A function of arrays, or the name of one in mx.nd, as a block.

    >>> mx.gluon.nn.Lambda("tanh")(mx.nd.zeros((2,))).asnumpy().tolist()
    [0.0, 0.0]
    """

    def __init__(self, function: Callable | str, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        if isinstance(function, str):
            _named("Lambda", function, ndarray)
            self._func_impl = getattr(ndarray, function)
            self._func_name = function
        elif callable(function):
            self._func_impl = function
            self._func_name = getattr(function, "__name__", type(function).__name__)
        else:
            raise ValueError(f"Lambda: the function must be callable or a name, got {type(function).__name__}. Pass a function of arrays.")

    def forward(self, *args: Any) -> Any:
        """function(*args)."""
        return self._func_impl(*args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_name})"


class HybridLambda(HybridBlock):
    """A function f(F, x, ...), or the name of one that mx.nd and mx.sym have, as a hybrid block.

    >>> mx.gluon.nn.HybridLambda(lambda F, x: F.relu(x))(mx.nd.array([-1, 2])).asnumpy().tolist()
    [0.0, 2.0]
    """

    def __init__(self, function: Callable | str, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        if isinstance(function, str):
            _named("HybridLambda", function, ndarray, symbol)
            self._func: Callable = lambda F, *args: getattr(F, function)(*args)
            self._func_name = function
        elif callable(function):
            self._func = function
            self._func_name = getattr(function, "__name__", type(function).__name__)
        else:
            raise ValueError(
                f"HybridLambda: the function must be callable or a name, got {type(function).__name__}. Pass a function f(F, x)."
            )

    def hybrid_forward(self, F: Any, x: Any, *args: Any) -> Any:
        """function(F, x, *args)."""
        return self._func(F, x, *args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_name})"
