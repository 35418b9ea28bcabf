"""Shapes and types of an operator's outputs for known inputs: as before, by formula, or from the operator itself on torch's meta device."""

from __future__ import annotations

from typing import Any

import torch

from .._runtime.invoke import BAD_INPUT, explain
from .._runtime.state import state
from ..error import MXNetError
from . import _shape_rules
from ._node import Node
from ._shape_rules import Outputs, Shape

#: What calls gave, by operator, attributes, shapes and types: the steps of an unrolled network are all alike.
_seen: dict[tuple, Outputs] = {}
_MOST_SEEN = 8192


def outputs_of(node: Node, shapes: list[Shape], types: list[torch.dtype]) -> Outputs:
    """(shape, type) of every output of an operator: as before, by formula, or from the operator itself on tensors without memory."""
    op = node.op
    assert op is not None
    if op.name == "Custom":
        return [(tuple(r.shape), r.dtype) for r in run_meta(node, shapes, types)]
    key = (op.name, tuple(node.texts.items()), tuple(shapes), tuple(types), state.np_shape)
    found = _seen.get(key)
    if found is None:
        try:
            found = _shape_rules.outputs_of(op.name, key[2], types, node.attrs)
        except (TypeError, ValueError, ArithmeticError, IndexError):  # attributes that make no sense: the operator says what is wrong
            found = None
        if found is None:
            found = [(tuple(r.shape), r.dtype) for r in run_meta(node, shapes, types)]
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
        _seen[key] = found
    return found


def run_meta(node: Node, shapes: list[Shape], types: list[torch.dtype]) -> tuple[torch.Tensor, ...]:
    """The operator on tensors without memory."""
    op = node.op
    assert op is not None
    try:
        tensors: list[Any] = [torch.empty(s, dtype=t, device="meta") for s, t in zip(shapes, types)]
    except (RuntimeError, TypeError, ValueError, OverflowError):
        raise MXNetError(
            f"infer_shape: {node.name}: an input is too large (shapes {str(shapes)[:200]}). Check the shapes of the inputs."
        ) from None
    names = node.input_names()
    if not op.variadic and names != list(op.inputs[: len(names)]):  # an optional input in the middle is absent
        by_name = dict(zip(names, tensors))
        tensors = [by_name.get(n) for n in op.inputs]
    kwargs = dict(node.attrs)
    for reserved in op.reserved:
        kwargs[reserved] = {"training": False, "generator": None, "device": torch.device("meta"), "out": None}[reserved]
    try:
        result = (op.infer_rule or op.fn)(*tensors, **kwargs)
    except BAD_INPUT as e:
        raise MXNetError(f"infer_shape: {node.name}: {explain(op, e, tensors, node.attrs)}") from None
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)
