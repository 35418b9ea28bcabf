"""`mx.nd.contrib.adamw_update` and its kind: update operators whose arguments Python arranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .._op.registry import find
from .._runtime.array import Array, wrap
from .._runtime.invoke import invoke

__all__ = ["adamw_update", "mp_adamw_update", "multi_adamw_update", "multi_mp_adamw_update", "multi_lamb_update", "multi_mp_lamb_update"]


def _scale(rescale_grad: Any, weight: Any) -> Any:
    """rescale_grad as an array of one element beside the weight."""
    if isinstance(rescale_grad, Array):
        return rescale_grad
    return wrap(torch.full((1,), float(rescale_grad), device=weight._d.device), weight.context)


def _run(name: str, arrays: Sequence[Any], out: Any, attrs: dict) -> Any:
    op = find(name)
    return invoke(op, arrays, op.parse({k: v for k, v in attrs.items() if k != "name"}), out)


def adamw_update(weight: Any, grad: Any, mean: Any, var: Any, rescale_grad: Any, lr: float, eta: float, beta1: float = 0.9, beta2: float = 0.999,
                 epsilon: float = 1e-8, wd: float = 0, clip_gradient: float = -1, out: Any = None, name: str | None = None, **kwargs: Any) -> Any:  # fmt: skip
    """One AdamW step of a weight; rescale_grad is a number or an array of one element (0, infinity or nan: the step is skipped)."""
    attrs = {"lr": lr, "eta": eta, "beta1": beta1, "beta2": beta2, "epsilon": epsilon, "wd": wd, "clip_gradient": clip_gradient, **kwargs}
    return _run("_adamw_update", [weight, grad, mean, var, _scale(rescale_grad, weight)], out, attrs)


def mp_adamw_update(weight: Any, grad: Any, mean: Any, var: Any, weight32: Any, rescale_grad: Any, lr: float, eta: float, beta1: float = 0.9,
                    beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0, clip_gradient: float = -1, out: Any = None, name: str | None = None,
                    **kwargs: Any) -> Any:  # fmt: skip
    """adamw_update of a half-precision weight with its float32 master weight32."""
    attrs = {"lr": lr, "eta": eta, "beta1": beta1, "beta2": beta2, "epsilon": epsilon, "wd": wd, "clip_gradient": clip_gradient, **kwargs}
    return _run("_mp_adamw_update", [weight, grad, mean, var, weight32, _scale(rescale_grad, weight)], out, attrs)


def _interleaved(*lists: Sequence[Any]) -> list[Any]:
    return [a for group in zip(*lists) for a in group]


def multi_adamw_update(weights: Sequence[Any], grads: Sequence[Any], mean: Sequence[Any], var: Sequence[Any], rescale_grad: Any, lrs: Any, wds: Any,
                       etas: Any, out: Any = None, name: str | None = None, size: int = 0, **kwargs: Any) -> Any:  # fmt: skip
    """adamw_update of several weights: every argument is a list with one entry a weight."""
    arrays = [*_interleaved(weights, grads, mean, var), _scale(rescale_grad, weights[0])]
    return _run("_multi_adamw_update", arrays, out, {"lrs": lrs, "wds": wds, "etas": etas, "num_weights": size or len(weights), **kwargs})


def multi_mp_adamw_update(weights: Sequence[Any], grads: Sequence[Any], mean: Sequence[Any], var: Sequence[Any], weights32: Sequence[Any],
                          rescale_grad: Any, lrs: Any, wds: Any, etas: Any, out: Any = None, name: str | None = None, size: int = 0,
                          **kwargs: Any) -> Any:  # fmt: skip
    """mp_adamw_update of several weights."""
    arrays = [*_interleaved(weights, grads, mean, var, weights32), _scale(rescale_grad, weights[0])]
    return _run(
        "_multi_mp_adamw_update", arrays, out, {"lrs": lrs, "wds": wds, "etas": etas, "num_weights": size or len(weights), **kwargs}
    )


def multi_lamb_update(weights: Sequence[Any], grads: Sequence[Any], mean: Sequence[Any], var: Sequence[Any], step_count: Any, lrs: Any, wds: Any,
                      out: Any = None, num_tensors: int = 0, **kwargs: Any) -> Any:  # fmt: skip
    """One LAMB step of several weights; step_count holds the number of the step for each."""
    attrs = {"learning_rates": lrs, "wds": wds, "step_count": step_count, "num_tensors": num_tensors or len(weights), **kwargs}
    return _run("_multi_lamb_update", _interleaved(weights, grads, mean, var), out, attrs)


def multi_mp_lamb_update(weights: Sequence[Any], grads: Sequence[Any], mean: Sequence[Any], var: Sequence[Any], weights32: Sequence[Any],
                         step_count: Any, lrs: Any, wds: Any, out: Any = None, num_tensors: int = 0, **kwargs: Any) -> Any:  # fmt: skip
    """multi_lamb_update of half-precision weights with their float32 masters."""
    attrs = {"learning_rates": lrs, "wds": wds, "step_count": step_count, "num_tensors": num_tensors or len(weights), **kwargs}
    return _run("_multi_mp_lamb_update", _interleaved(weights, grads, mean, var, weights32), out, attrs)
