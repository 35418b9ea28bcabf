"""The first interface of autograd: recording and training are one switch. New programs use `mx.autograd`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .. import autograd as _autograd
from ..autograd import mark_variables
from ..error import MXNetError
from ..ndarray import NDArray, zeros_like

__all__ = ["TrainingStateScope", "backward", "compute_gradient", "grad", "grad_and_loss", "mark_variables", "set_is_training", "test_section",
           "train_section"]  # fmt: skip


class AutogradError(MXNetError, AssertionError):
    """Wrong use of the old autograd interface."""


def set_is_training(is_train: bool) -> bool:
    """Record operators and let them behave as in training, or neither; returns what was set before."""
    before = _autograd.set_training(is_train)
    _autograd.set_recording(is_train)
    return before


class TrainingStateScope:
    """`with` block in which `set_is_training(enter_state)` holds; afterwards everything is as it was."""

    def __init__(self, enter_state: bool) -> None:
        self._enter_state = enter_state
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((_autograd.is_recording(), _autograd.is_training()))
        set_is_training(self._enter_state)

    def __exit__(self, ptype: Any, value: Any, trace: Any) -> None:
        recording, training = self._before.pop()
        _autograd.set_recording(recording)
        _autograd.set_training(training)


def train_section() -> TrainingStateScope:
    """`with train_section():` records operators.

    Example
    -------
    >>> from mxnet.contrib import autograd
    >>> x, g = mx.nd.array([1, 2]), mx.nd.zeros((2,))
    >>> autograd.mark_variables([x], [g])
    >>> with autograd.train_section():
    ...     y = x * x
    >>> autograd.backward([y])
    >>> g.asnumpy().tolist()
    [2.0, 4.0]
    """
    return TrainingStateScope(True)


def test_section() -> TrainingStateScope:
    """`with test_section():` inside a training section stops recording for a while."""
    return TrainingStateScope(False)


def backward(outputs: Sequence[NDArray], out_grads: Sequence[NDArray | None] | None = None, retain_graph: bool = False) -> None:
    """Write the gradients of the outputs into the marked variables; outputs are a list."""
    if not isinstance(outputs, (list, tuple)) or not all(isinstance(o, NDArray) for o in outputs):
        raise AutogradError(f"backward: outputs must be a list or tuple of NDArrays, got {type(outputs).__name__}. Pass [y].")
    _autograd.backward(list(outputs), None if out_grads is None else list(out_grads), retain_graph)


def compute_gradient(outputs: Sequence[NDArray]) -> None:
    """`backward(outputs)`."""
    backward(outputs)


def grad_and_loss(func: Callable, argnum: int | Sequence[int] | None = None) -> Callable:
    """A function that gives (gradients, result of func); gradients are those of all arguments, or of those in argnum."""

    @functools.wraps(func)
    def wrapped(*args: Any) -> tuple[list[NDArray], Any]:
        places = range(len(args)) if argnum is None else [argnum] if isinstance(argnum, int) else argnum
        variables = [args[i] for i in places]
        for v in variables:
            if not isinstance(v, NDArray):
                raise AutogradError(
                    f"grad_and_loss: arguments must be NDArrays, got {type(v).__name__}. Convert it, or leave it out of argnum."
                )
        gradients = [zeros_like(v) for v in variables]
        mark_variables(variables, gradients)
        with train_section():
            outputs = func(*args)
        backward([outputs] if isinstance(outputs, NDArray) else outputs)
        return gradients, outputs

    return wrapped


def grad(func: Callable, argnum: int | Sequence[int] | None = None) -> Callable:
    """A function that gives the gradients of func's arguments.

    Example
    -------
    >>> from mxnet.contrib import autograd
    >>> autograd.grad(lambda x: x * x * x)(mx.nd.array([2]))[0].asnumpy().tolist()
    [12.0]
    """
    both = grad_and_loss(func, argnum)

    @functools.wraps(both)
    def wrapped(*args: Any) -> list[NDArray]:
        return both(*args)[0]

    return wrapped
