"""Loops and branches inside graphs: `_foreach`, `_while_loop`, `_cond`.

Their bodies are graphs of their own. Whoever runs a graph calls `run` with one function for each body; a body takes tensors and returns a tuple of
them. Called as plain operators, without bodies, they are errors: `mx.nd.contrib.foreach` and its kind are Python loops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..error import MXNetError
from .params import Shape
from .registry import Op, op

Body = Callable[..., Sequence[Tensor]]


def _bodyless(name: str) -> MXNetError:
    return MXNetError(f"{name}: runs only as part of a symbol. Use mx.nd.contrib or mx.sym.contrib.")


@op("_foreach", outputs=lambda num_outputs, **_: num_outputs)
def foreach(*data: Tensor, num_outputs: int, num_out_data: int, in_state_locs: Shape, in_data_locs: Shape, remain_locs: Shape) -> Any:
    """Run a body for each entry of the first axis of the data; step outputs stacked, then the last states.

    Inputs are the data, the first states, and what else the body reads; the `*_locs` give their places among the body's inputs.
    """
    raise _bodyless("foreach")


@op("_while_loop", outputs=lambda num_outputs, **_: num_outputs)
def while_loop(
    *data: Tensor,
    num_outputs: int,
    num_out_data: int,
    max_iterations: int,
    cond_input_locs: Shape,
    func_input_locs: Shape,
    func_var_locs: Shape,
) -> Any:
    """While the first body says so, at most max_iterations times, run the second one; step outputs stacked (zeros behind the last), then the variables.

    cond_input_locs and func_input_locs give for each input of the bodies its place among the inputs, func_var_locs for each loop variable its place
    among the inputs of the second body.
    """
    raise _bodyless("while_loop")


@op("_cond", outputs=lambda num_outputs, **_: num_outputs)
def cond(*data: Tensor, num_outputs: int, cond_input_locs: Shape, then_input_locs: Shape, else_input_locs: Shape) -> Any:
    """The second body's outputs if the first body gives a number other than 0, else the third's."""
    raise _bodyless("cond")


def run(definition: Op, bodies: Sequence[Body], data: Sequence[Tensor], attrs: dict) -> tuple[Tensor, ...]:
    """The outputs of one of these operators with its bodies."""
    return _RUN[definition.name](bodies, data, **attrs)


def _run_foreach(bodies: Sequence[Body], data: Sequence[Tensor], *, num_outputs: int, num_out_data: int, in_state_locs: tuple, in_data_locs: tuple,
                 remain_locs: tuple) -> tuple[Tensor, ...]:  # fmt: skip
    count, states_at = len(in_data_locs), len(in_data_locs) + len(in_state_locs)
    rows, states, rest = data[:count], list(data[count:states_at]), data[states_at:]
    lengths = {r.size(0) if r.dim() else 0 for r in rows}
    if len(lengths) != 1:
        raise MXNetError(f"foreach: data differ in their first axes ({sorted(lengths)}). Pass arrays of one length.")
    given: list[Any] = [None] * len(data)
    for place, value in zip(remain_locs, rest):
        given[place] = value
    steps = [(r if r.dim() > 1 else r.reshape(-1, 1)).unbind(0) for r in rows]  # a step of a vector is an array of one element
    collected: list[list[Tensor]] = [[] for _ in range(num_out_data)]
    for i in range(lengths.pop()):
        for place, step in zip(in_data_locs, steps):
            given[place] = step[i]
        for place, state in zip(in_state_locs, states):
            given[place] = state
        outputs = bodies[0](*given)
        for column, value in zip(collected, outputs):
            column.append(value)
        states = list(outputs[num_out_data:])
    if any(not c for c in collected):
        raise MXNetError("foreach: the first axis of data is empty. Pass at least one step.")
    return (*[torch.stack(c) for c in collected], *states)


def _run_while(bodies: Sequence[Body], data: Sequence[Tensor], *, num_outputs: int, num_out_data: int, max_iterations: int, cond_input_locs: tuple,
               func_input_locs: tuple, func_var_locs: tuple) -> tuple[Tensor, ...]:  # fmt: skip
    holds, step = bodies
    values = list(data)
    places = [func_input_locs[v] for v in func_var_locs]
    collected: list[list[Tensor]] = [[] for _ in range(num_out_data)]
    steps = 0
    while steps < max_iterations and _truth(holds(*[values[p] for p in cond_input_locs])[0], "while_loop"):
        outputs = step(*[values[p] for p in func_input_locs])
        for column, value in zip(collected, outputs):
            column.append(value)
        for place, value in zip(places, outputs[num_out_data:]):
            values[place] = value
        steps += 1
    if steps == 0 and num_out_data:
        with torch.no_grad():
            made = step(*[values[p].detach() for p in func_input_locs])
        collected = [[torch.zeros_like(v)] for v in made[:num_out_data]]
        steps = 1
    blank = max_iterations - steps
    stacked = [torch.stack([*c, *[torch.zeros_like(c[0])] * blank]) for c in collected]
    return (*stacked, *[values[p] for p in places])


def _run_cond(bodies: Sequence[Body], data: Sequence[Tensor], *, num_outputs: int, cond_input_locs: tuple, then_input_locs: tuple,
              else_input_locs: tuple) -> tuple[Tensor, ...]:  # fmt: skip
    chosen = _truth(bodies[0](*[data[p] for p in cond_input_locs])[0], "cond")
    places = then_input_locs if chosen else else_input_locs
    return tuple(bodies[1 if chosen else 2](*[data[p] for p in places]))


def _truth(value: Tensor, name: str) -> bool:
    if value.numel() != 1:
        raise MXNetError(f"{name}: the condition has shape {tuple(value.shape)}, it must be one number. Reduce it.")
    return bool(value.detach().item())


_RUN: dict[str, Callable[..., tuple[Tensor, ...]]] = {"_foreach": _run_foreach, "_while_loop": _run_while, "_cond": _run_cond}
