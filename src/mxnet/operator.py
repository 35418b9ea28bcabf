"""Operators written in Python by the user: CustomOp, CustomOpProp, register; and the older PythonOp, NumpyOp, NDArrayOp."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import symbol
from ._op.registry import NAMES, find
from .ndarray._custom import PROPS, CustomOp, CustomOpProp, PythonOp, array_bridge, numpy_bridge, register

__all__ = ["CustomOp", "CustomOpProp", "NDArrayOp", "NumpyOp", "OperatorArguments", "PythonOp", "get_all_registered_operators",
           "get_operator_arguments", "register"]  # fmt: skip


def _symbol_of(name: str, args: tuple, kwargs: dict) -> Any:
    return symbol.Custom(*args, op_type=name, **kwargs)


class NumpyOp(PythonOp):
    """`forward` and `backward` on NumPy arrays; `get_symbol(...)` or a call makes the symbol."""

    def get_symbol(self, *args: Any, **kwargs: Any) -> Any:
        """The operator applied to symbols."""
        return _symbol_of(numpy_bridge(self), args, kwargs)

    __call__ = get_symbol


class NDArrayOp(PythonOp):
    """`forward` and `backward` on NDArrays; `get_symbol(...)` or a call makes the symbol."""

    def get_symbol(self, *args: Any, **kwargs: Any) -> Any:
        """The operator applied to symbols."""
        return _symbol_of(array_bridge(self), args, kwargs)

    __call__ = get_symbol


PythonOp.get_symbol = NumpyOp.get_symbol  # type: ignore[attr-defined]
PythonOp.__call__ = NumpyOp.get_symbol  # type: ignore[method-assign]


class OperatorArguments(NamedTuple):
    """Names and types of an operator's inputs and attributes."""

    narg: int
    names: list[str]
    types: list[str]


def get_all_registered_operators() -> list[str]:
    """All names of operators, the user's own included."""
    return sorted({*NAMES, *PROPS})


def get_operator_arguments(op_name: str) -> OperatorArguments:
    """Inputs and attributes of an operator."""
    op = find(op_name)
    names = [*op.inputs, *op.specs]
    types = ["NDArray-or-Symbol"] * len(op.inputs) + [s.describe() for s in op.specs.values()]
    return OperatorArguments(len(names), names, types)
