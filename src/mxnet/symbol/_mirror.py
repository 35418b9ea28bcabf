"""Gradient mirroring: results of cheap operators are not kept for the backward pass but computed again in it.

Which ones: all with the attribute `force_mirroring` (`mx.AttrScope(force_mirroring="True")`); with MXNET_BACKWARD_DO_MIRROR=1 in the environment
at the time of binding also every other operator except convolutions, dense layers, Concat and SoftmaxOutput, whose results are where the
repetition begins. Operators that draw random numbers or run users' code are never repeated; neither is anything in graphs that run step by
step (sparse inputs) or under a monitor, whose results somebody looks at. Source: Chen, Xu, Zhang, Guestrin, Training Deep
Nets with Sublinear Memory Cost, https://arxiv.org/abs/1604.06174.

A recorded pass runs under torch's hooks for saved tensors. A tensor to be saved whose memory belongs to the result of a mirrored operator is
replaced by a note of how to compute it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from math import isqrt
from typing import Any

import torch

from .._op.registry import Op
from ._node import Entry, Node

#: Chains of this length are not cut: a convolution, its normalization, activation and pooling.
_SHORT = 4
_COSTLY = frozenset({"Convolution", "FullyConnected", "Concat", "SoftmaxOutput"})
#: They move averages when a gradient flows back, not in the forward pass, so they may be repeated.
_NORMALIZATIONS = frozenset({"BatchNorm", "BatchNorm_v1", "_contrib_SyncBatchNorm"})


def asked_for() -> bool:
    """Whether the environment asks for mirroring."""
    return os.environ.get("MXNET_BACKWARD_DO_MIRROR", "0") not in ("", "0")


def mirrored(nodes: Iterable[Node], heads: Iterable[Entry]) -> set[int]:
    """ids of the nodes whose results are not kept; `nodes` come inputs first.

    Chains of repeatable operators (residual sums lead through a whole network) are cut where they get longer than the square root of their
    number: about as many results are kept along the way as exist at the same time while one part is repeated.
    """
    kept = {id(n) for n, _ in heads}
    able = [n for n in nodes if id(n) not in kept and _may(n)]
    found = {id(n) for n in able if _forced(n)}
    if not asked_for():
        return found
    able = [n for n in able if n.op is not None and n.op.name not in _COSTLY]
    limit = max(_SHORT, isqrt(len(able)))
    depth: dict[int, int] = {}
    for n in able:
        length = 1 + max((depth.get(id(e), 0) for e, _ in n.inputs), default=0)
        if length <= limit or id(n) in found:
            depth[id(n)] = length
    return found | set(depth)


def _forced(node: Node) -> bool:
    text = node.texts.get("__force_mirroring__", node.texts.get("force_mirroring", "False"))
    return text.lower() in ("true", "1")


def _may(node: Node) -> bool:
    op: Op | None = node.op
    if op is None or not node.inputs or node.subgraphs or op.name == "Custom" or "generator" in op.reserved:
        return False
    return not op.mutates or op.name in _NORMALIZATIONS


class _Local(threading.local):
    tape: Tape | None = None


_local = _Local()


def noted(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a mirrored operator: the tape that runs learns where its results came from."""

    def run(*tensors: Any, **attrs: Any) -> Any:
        tape = _local.tape
        return fn(*tensors, **attrs) if tape is None else tape.call(fn, tensors, attrs)

    run.__name__ = getattr(fn, "__name__", "operator")
    run.__module__ = getattr(fn, "__module__", __name__)
    return run


class _Step:
    """A call that can be repeated. `inputs`: tensors, or (step, output, geometry) for results that are not kept."""

    __slots__ = ("fn", "inputs", "attrs", "wanted", "results")

    def __init__(self, fn: Callable[..., Any], inputs: list, attrs: dict) -> None:
        self.fn, self.inputs, self.attrs = fn, inputs, attrs
        self.wanted = 0  # saved tensors that refer to it and were not asked for yet
        self.results: tuple | None = None  # computed again, while somebody still wants them


_Geometry = tuple[Any, tuple[int, ...], Any]


def _geometry(t: torch.Tensor) -> _Geometry:
    return t.shape, t.stride(), t.storage_offset()


class _Saved:
    """What a mirrored operator saved while it ran: perhaps its own result, which becomes a note when the operator has returned."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Tape:
    """One recorded pass: a context manager inside which mirrored results are saved as notes."""

    def __init__(self) -> None:
        #: address of a storage -> (weak reference that keeps the address taken, step, output)
        self._made: dict[int, tuple[Any, _Step, int]] = {}
        self._saving: list[_Saved] | None = None  # inside of a mirrored operator: what it saved
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, _unpack)

    def __enter__(self) -> Tape:
        self._outer, _local.tape = _local.tape, self
        self._hooks.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._hooks.__exit__(*exc)
        _local.tape = self._outer
        self._made.clear()

    def call(self, fn: Callable[..., Any], tensors: tuple, attrs: dict) -> Any:
        """Run a mirrored operator and remember how its results were made."""
        inputs: list[Any] = []
        known = set()
        for t in tensors:
            if t is None:
                inputs.append(None)
                continue
            address = t.untyped_storage()._cdata
            known.add(address)
            found = self._made.get(address)
            inputs.append(t.data if found is None else (found[1], found[2], _geometry(t)))
        step = _Step(fn, inputs, attrs)
        self._saving = []
        try:
            result = fn(*tensors, **attrs)
        finally:
            saved, self._saving = self._saving, None
        for i, r in enumerate(result if isinstance(result, (tuple, list)) else (result,)):
            storage = r.untyped_storage()
            if storage._cdata not in known:  # a view of an input belongs to whoever made that
                self._made[storage._cdata] = torch.multiprocessing.reductions.StorageWeakRef(storage), step, i
        for s in saved:
            s.value = self._pack(s.value)
        return result

    def _pack(self, t: torch.Tensor) -> Any:
        found = self._made.get(t.untyped_storage()._cdata)
        if found is not None:
            found[1].wanted += 1
            return found[1], found[2], _geometry(t)
        if self._saving is None:
            return t
        self._saving.append(_Saved(t))
        return self._saving[-1]


def _unpack(saved: Any) -> torch.Tensor:
    if isinstance(saved, _Saved):
        saved = saved.value
    if isinstance(saved, torch.Tensor):
        return saved
    step, output, geometry = saved
    if step.results is None:
        _compute(step)
    step.wanted -= 1
    value = step.results[output].as_strided(*geometry)
    if step.wanted <= 0:
        step.results = None
    return value


def _compute(last: _Step) -> None:
    """Run the steps that `last` needs, and keep the results of those that are still wanted."""
    needed: list[_Step] = []  # inputs after users
    seen: set[int] = set()
    stack: list[tuple[_Step, bool]] = [(last, False)]
    while stack:
        step, done = stack.pop()
        if done:
            needed.append(step)
        elif id(step) not in seen and step.results is None:
            seen.add(id(step))
            stack.append((step, True))
            stack.extend((i[0], False) for i in step.inputs if isinstance(i, tuple))
    with torch.no_grad():
        for step in needed:
            values = [i[0].results[i[1]].as_strided(*i[2]) if isinstance(i, tuple) else i for i in step.inputs]
            result = step.fn(*values, **step.attrs)
            step.results = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    for step in needed:
        if step is not last and step.wanted <= 0:
            step.results = None
