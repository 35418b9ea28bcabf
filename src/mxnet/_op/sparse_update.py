"""Optimizer updates with row-sparse gradients, weights and states.

Lazy updates touch the gradient's rows only (of float32 and float64 tables on a CPU in one fused pass); the others update every row, a block
of rows at a time, as if the gradient were dense. A row-sparse weight or state that misses rows gets all of them: it is a table.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .._storage import Csr, row_sparse_from_dense
from .._storage.lazy import by_blocks, by_rows, fused
from ..error import MXNetError
from .registry import NAMES
from .sparse_attach import implements


class Rule(NamedTuple):
    """kernel: the fused one; numbers: its arguments from the attributes; optional: whether lazy_update=False asks for an exact step;
    sparse_weight: whether only a row_sparse weight is updated lazily, as in the original."""

    kernel: str
    numbers: Callable[..., tuple]
    optional: bool = False
    sparse_weight: bool = False


def _clip(clip_gradient: float) -> float:
    return clip_gradient if clip_gradient >= 0 else math.inf


def _sgd(lr: float, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> tuple:
    return lr, wd, rescale_grad, _clip(clip_gradient)


def _momentum(lr: float, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> tuple:
    return lr, wd, momentum, rescale_grad, _clip(clip_gradient)


def _adam(lr: float, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0,
          clip_gradient: float = -1.0) -> tuple:  # fmt: skip
    return lr, beta1, beta2, epsilon, wd, rescale_grad, _clip(clip_gradient)


def _adagrad(lr: float, epsilon: float = 1e-7, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0) -> tuple:
    if wd != 0.0:
        raise MXNetError(f"_sparse_adagrad_update: wd {wd} is not possible with a row_sparse gradient. Use wd=0.")
    return lr, epsilon, rescale_grad, _clip(clip_gradient)


def _group_adagrad(lr: float, rescale_grad: float = 1.0, clip_gradient: float = -1.0, epsilon: float = 1e-5) -> tuple:
    return lr, epsilon, rescale_grad, _clip(clip_gradient)


def _ftrl(
    lr: float, lamda1: float = 0.01, beta: float = 1.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0
) -> tuple:
    return lr, lamda1, beta, wd, rescale_grad, _clip(clip_gradient)


def _none(**attrs: Any) -> tuple:
    return ()


LAZY = {
    "sgd_update": Rule("sgd", _sgd, optional=True),
    "sgd_mom_update": Rule("sgd_momentum", _momentum, optional=True),
    "adam_update": Rule("adam", _adam, optional=True),
    "_sparse_adagrad_update": Rule("adagrad", _adagrad),
    "_contrib_group_adagrad_update": Rule("group_adagrad", _group_adagrad),
    "ftrl_update": Rule("ftrl", _ftrl, sparse_weight=True),
}
#: Updates that have no lazy form: every row is updated. (Optimizers keep float32 masters lazily by updating the master's rows.)
EXACT = """mp_sgd_update mp_sgd_mom_update nag_mom_update mp_nag_mom_update rmsprop_update rmspropalex_update signsgd_update signum_update
ftml_update""".split()


def _table(x: Any) -> Tensor:
    """The rows of a weight or state as one tensor; a row-sparse struct gets its missing rows."""
    if isinstance(x, Tensor):
        return x
    if not x.is_full():
        x.data, x.indices = x.to_dense(), torch.arange(x.shape[0], device=x.device)
    return x.data


def _drop_zero_rows(x: Any) -> None:
    if not isinstance(x, Tensor):
        kept = row_sparse_from_dense(x.data)
        x.data, x.indices = kept.data, kept.indices


def _update(name: str, rule: Rule | None) -> None:
    @implements(name)
    def run(weight: Any, grad: Any, *states: Any, out: Any = None, lazy_update: bool = True, **attrs: Any) -> Any:
        if any(isinstance(x, Csr) for x in (weight, grad, *states)):
            raise MXNetError(f"{name}: weight, gradient and states must be row_sparse or default, got csr. Convert with tostype.")
        target = weight if out is weight else weight.clone() if out is None else out
        if out is not None and out is not weight:
            _overwrite(out, weight)
        tables = [_table(target), *(_table(s) for s in states)]
        fn = NAMES[name].fn

        def step(w: Tensor, g: Tensor, *s: Tensor) -> Tensor:
            return fn(w, g, *s, **attrs, out=w)

        if isinstance(grad, Tensor):
            step(tables[0], grad, *tables[1:])
            return target
        if tuple(grad.shape) != tuple(tables[0].shape):
            raise MXNetError(f"{name}: grad has shape {grad.shape}, weight {tuple(tables[0].shape)}. Pass arrays of equal shapes.")
        if rule is None or (rule.optional and not lazy_update) or (rule.sparse_weight and isinstance(weight, Tensor)):
            by_blocks(step, tables, grad)
            if rule is None:
                for s in states:
                    _drop_zero_rows(s)
        elif not fused(rule.kernel, tables, grad, rule.numbers(**attrs)):
            by_rows(step, tables, grad)
        return target


def _overwrite(target: Any, value: Any) -> None:
    if isinstance(target, Tensor):
        target.copy_(value if isinstance(value, Tensor) else value.to_dense())
    else:
        dense = value if isinstance(value, Tensor) else value.to_dense()
        target.data, target.indices = dense.clone(), torch.arange(target.shape[0], device=dense.device)


for _name, _rule in LAZY.items():
    _update(_name, _rule)
for _name in EXACT:
    _update(_name, None)
