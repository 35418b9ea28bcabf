"""Custom: an operator that the user's program defines (`mx.operator`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from ..error import MXNetError
from .registry import op


class UserOperators:
    """Slots that `mxnet.operator` fills: how to run an operator of the user's, and what it declares."""

    run: Callable[..., Any] | None = None
    describe: Callable[..., Any] | None = None  # (op_type, settings) -> (arguments, outputs, auxiliary states)
    shapes: Callable[..., Any] | None = None  # (op_type, settings, input shapes by name) -> shapes by name
    reads_head: Callable[..., bool] | None = None  # (op_type, settings) -> whether backward reads the gradients of the outputs


def _described(op_type: str, settings: dict) -> tuple[list[str], list[str], list[str]]:
    if UserOperators.describe is None:
        raise MXNetError(f"Custom: operator {op_type!r} is not registered. Use @mx.operator.register({op_type!r}).")
    return UserOperators.describe(op_type, settings)


@op("Custom", outputs=lambda op_type, **settings: len(_described(op_type, settings)[1]), amp="fp32")
def custom(*data: Tensor, op_type: str, training: bool, **settings: str) -> Any:
    """The outputs of the user's operator `op_type`, registered with `mx.operator.register`.

    Inputs are its arguments, then its auxiliary states; all other keyword arguments go to its CustomOpProp as strings.
    Gradients are what its `backward` writes. Runs once more than the graph says only for shape inference, which asks the CustomOpProp.
    """
    assert UserOperators.run is not None, "an operator type is registered only by mxnet.operator"
    return UserOperators.run(op_type, settings, data, training)


@custom.input_rule
def _(*, op_type: str, **settings: str) -> Sequence[str]:
    arguments, _outputs, states = _described(op_type, settings)
    return (*arguments, *states)


@custom.aux_rule
def _(*, op_type: str, **settings: str) -> Sequence[str]:
    return tuple(_described(op_type, settings)[2])


@custom.output_name_rule
def _(*, op_type: str, **settings: str) -> Sequence[str]:
    return tuple(_described(op_type, settings)[1])


@custom.complete_shapes
def _(shapes: dict, *, op_type: str, **settings: str) -> dict:
    assert UserOperators.shapes is not None
    return UserOperators.shapes(op_type, settings, shapes)
