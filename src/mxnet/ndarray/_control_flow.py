"""Control flow on arrays: foreach, while_loop, cond. Imperatively these are plain Python loops, which autograd records step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._nesting import Nesting, pair
from .._op.registry import find
from .._runtime.array import Array
from .._runtime.invoke import NO_ATTRS, invoke
from ..error import MXNetError

__all__ = ["foreach", "while_loop", "cond"]

_NESTING = Nesting(Array, "an NDArray", lambda a: [a], lambda: None)


def _steps(array: Array, count: int) -> list[Array]:
    """array[0], array[1], ... by one recorded operator, so that backward costs as much as forward."""
    op = find("SliceChannel")
    parts = invoke(op, (array,), op.parse({"num_outputs": count, "axis": 0, "squeeze_axis": array.ndim > 1}))
    return parts if isinstance(parts, list) else [parts]


def _stacked(columns: list[list[Array]]) -> list[Array]:
    op = find("stack")
    return [invoke(op, column, op.parse({"axis": 0})) for column in columns]


def foreach(body: Callable[[Any, Any], Any], data: Any, init_states: Any) -> tuple[Any, Any]:
    """Run `outputs, states = body(data[i], states)` for each i of the first axis; the outputs stacked, and the last states.

    data, init_states and what body returns: an NDArray or (nested) lists of them.

    >>> total, last = mx.nd.contrib.foreach(lambda x, s: (x + s, x + s), mx.nd.array([1, 2, 3]), mx.nd.array([0]))
    >>> total.asnumpy().reshape(-1).tolist()
    [1.0, 3.0, 6.0]
    """
    arrays, nesting = _NESTING.flatten(data, "foreach: data")
    _NESTING.flatten(init_states, "foreach: init_states")
    if not arrays:
        raise MXNetError("foreach: data holds no arrays. Pass at least one.")
    sizes = {a.shape[0] for a in arrays}
    if len(sizes) != 1:
        raise MXNetError(f"foreach: the first axes of data differ ({sorted(sizes)}). Pass arrays of one length.")
    count = sizes.pop()
    if count == 0:
        raise MXNetError("foreach: the first axis of data is empty. Pass at least one step.")
    columns = [_steps(a, count) for a in arrays]
    states, out_nesting = init_states, None
    collected: list[list[Array]] = []
    for i in range(count):
        outputs, states = pair(body(_NESTING.nested([c[i] for c in columns], nesting), states), "foreach: body")
        flat, out_nesting = _NESTING.flatten(outputs, "foreach: outputs of body")
        _NESTING.flatten(states, "foreach: states of body")
        collected.append(flat)
    if len({len(c) for c in collected}) != 1:
        raise ValueError("foreach: body returned different numbers of outputs. Return the same structure in each step.")
    return _NESTING.nested(_stacked([list(c) for c in zip(*collected)]), out_nesting), states


def while_loop(cond: Callable[..., Any], func: Callable[..., Any], loop_vars: Any, max_iterations: int | None = None) -> tuple[Any, Any]:
    """While cond(*loop_vars) holds, at most max_iterations times: `step_output, loop_vars = func(*loop_vars)`.

    Returns the step outputs stacked along a new first axis of size max_iterations (zeros behind the last step), and the last loop_vars.
    Without any step the outputs are []. func may return None or [] as step output.

    >>> out, (i,) = mx.nd.contrib.while_loop(lambda i: i < 2, lambda i: ([i], [i + 1]), [mx.nd.array([0])], max_iterations=3)
    >>> i.asnumpy().tolist(), out[0].shape
    ([2.0], (3, 1))
    """
    if max_iterations is None:
        raise ValueError("while_loop: max_iterations should be specified. Pass an int.")
    limit = _number(max_iterations, int, "max_iterations")
    variables, nesting = _NESTING.flatten(loop_vars, "while_loop: loop_vars")
    if not variables:
        raise ValueError("while_loop: loop_vars should contain at least one array. Pass the loop's variables.")
    collected: list[list[Array]] = []
    out_nesting: Any = []
    current = loop_vars
    while len(collected) < limit and _number(cond(*_arguments(current)), bool, "the result of cond"):
        outputs, current = pair(func(*_arguments(current)), "while_loop: func")
        flat, out_nesting = _NESTING.flatten([] if outputs is None else outputs, "while_loop: outputs of func")
        found, _ = _NESTING.flatten([] if current is None else current, "while_loop: loop_vars of func")
        if len(found) != len(variables):
            raise ValueError(
                f"while_loop: the length of loop_vars should be consistent during the loop, got {len(found)} arrays after {len(variables)}. Return all of them."
            )
        current = _NESTING.nested(found, nesting)
        if collected and len(flat) != len(collected[0]):
            raise ValueError("while_loop: func returned different numbers of outputs. Return the same structure in each step.")
        collected.append(flat)
    columns = [list(c) for c in zip(*collected)]
    for column in columns:
        _check_column(column)
    blank = [[invoke(find("zeros_like"), (c[0],), NO_ATTRS)] * (limit - len(c)) if limit > len(c) else [] for c in columns]
    return _NESTING.nested(_stacked([c + b for c, b in zip(columns, blank)]), out_nesting), current


def _arguments(variables: Any) -> Any:
    return [variables] if isinstance(variables, Array) else variables


def _check_column(column: list[Array]) -> None:
    shapes = {tuple(a.shape) for a in column}
    if len(shapes) > 1:
        raise ValueError(
            f"while_loop: func returned outputs of different shapes ({sorted(shapes)}) for one place. Return one shape in each step."
        )


def _number(value: Any, kind: type, what: str) -> Any:
    """A Python bool or int of a number or of an array of one element."""
    if isinstance(value, Array):
        value = value.asscalar()
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"control flow: {what} must be a {kind.__name__}, got {type(value).__name__}. Return a number or an array of one element."
        ) from None


def cond(pred: Any, then_func: Callable[[], Any], else_func: Callable[[], Any]) -> Any:
    """What then_func() returns if pred (a number or an array of one element) is not 0, else what else_func() returns.

    >>> a, b = mx.nd.array([1]), mx.nd.array([2])
    >>> mx.nd.contrib.cond(a < b, lambda: a + b, lambda: a - b).asnumpy().tolist()
    [3.0]
    """
    return then_func() if _number(pred, bool, "pred") else else_func()
