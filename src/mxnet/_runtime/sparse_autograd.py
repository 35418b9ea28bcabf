"""Sparse arrays in torch's graph.

A sparse array that is a leaf or a recorded result has a carrier: a tensor of its shape without storage (one zero, expanded). One
torch.autograd.Function connects carriers and dense tensors; row-sparse gradients travel as hybrid COO tensors with one sparse axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from .._storage import accepts_sparse_gradient, coo_to_struct, grad_to_coo


def carrier_of(value: Any) -> torch.Tensor:
    """A tensor of the struct's shape and type that takes no memory."""
    return torch.zeros((), dtype=value.dtype, device=value.device).expand(value.shape)


class Node:
    """What one recorded call needs for its backward: a gradient function for each input, which inputs take sparse gradients, and which
    results are sparse (only those can get a sparse gradient). `results` holds the results until they are handed out."""

    __slots__ = ("results", "gradients", "name", "takes_sparse", "sparse")

    def __init__(self, name: str, results: Sequence[Any], gradients: Sequence[Callable[..., Any] | None], inputs: Sequence[Any]) -> None:
        self.name, self.results, self.gradients = name, results, gradients
        self.takes_sparse = [t is not None and _takes_sparse(t) for t in inputs]
        self.sparse = [not isinstance(r, torch.Tensor) for r in results]


def _takes_sparse(t: torch.Tensor) -> bool:
    """Whether a gradient of `t` may be a sparse tensor: leaves, sparse results, and what torch can differentiate so."""
    if not accepts_sparse_gradient(t):
        return False
    node = getattr(t.grad_fn, "node", None)
    return node is None or node.sparse[t.output_nr]


class SparseFunction(torch.autograd.Function):
    """Connects the inputs of a storage implementation with its results, which were computed before."""

    @staticmethod
    def forward(ctx: Any, node: Node, *inputs: torch.Tensor | None) -> Any:
        ctx.node = node
        ctx.set_materialize_grads(False)
        outputs = tuple(r if isinstance(r, torch.Tensor) else carrier_of(r) for r in node.results)
        node.results = ()
        return outputs[0] if len(outputs) == 1 else outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor | None) -> tuple:
        node = ctx.node
        structs = [None if g is None else coo_to_struct(g) if s else _dense(g) for g, s in zip(grads, node.sparse)]
        found: list[Any] = [None]
        for i, gradient in enumerate(node.gradients):
            needed = ctx.needs_input_grad[i + 1] and gradient is not None and any(s is not None for s in structs)
            value = gradient(*structs) if needed else None
            found.append(None if value is None else grad_to_coo(value) if node.takes_sparse[i] else _dense(value))
        found.extend([None] * (len(ctx.needs_input_grad) - len(found)))
        return tuple(found)


def _dense(value: Any) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) and value.layout is torch.strided else value.to_dense()


class Densify(torch.autograd.Function):
    """The dense values of a recorded sparse array; its gradient is the gradient of the array."""

    @staticmethod
    def forward(ctx: Any, carrier: torch.Tensor, dense: torch.Tensor) -> torch.Tensor:
        return dense

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple:
        return grad, None


def dense_gradients(fn: Callable[..., Any], values: Sequence[Any], attrs: dict) -> list[Callable[..., Any]]:
    """Gradient functions of an implementation that has none: the dense function's gradients at densified inputs, computed once a pass."""
    known: list[Any] = []
    known_for: list[Any] = []

    def compute(grads: tuple) -> None:
        inputs = [None if v is None else (v if isinstance(v, torch.Tensor) else v.to_dense()).detach() for v in values]
        wanted = [t.requires_grad_(True) for t in inputs if t is not None and t.dtype.is_floating_point]
        with torch.enable_grad():
            outputs = fn(*inputs, **attrs)
        outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
        pairs = [
            (o, g if isinstance(g, torch.Tensor) else g.to_dense()) for o, g in zip(outputs, grads) if g is not None and o.requires_grad
        ]
        found = (
            torch.autograd.grad([o for o, _ in pairs], wanted, [g for _, g in pairs], allow_unused=True) if pairs else [None] * len(wanted)
        )
        source = iter(found)
        known.extend(next(source) if t is not None and t.requires_grad else None for t in inputs)

    def gradient(i: int) -> Callable[..., Any]:
        def run(*grads: Any) -> Any:
            if not known or any(a is not b for a, b in zip(grads, known_for)):
                known.clear()
                known_for[:] = grads
                compute(grads)
            return known[i]

        return run

    return [gradient(i) for i in range(len(values))]
