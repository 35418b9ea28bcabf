"""Update operators of many weights in one call. The inputs of each weight stand together: weight, gradient, states, float32 master.

The number of outputs is the number of weights; pass `out=[weights]` to update in place. States and masters change in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ..error import MXNetError
from . import optimizer_formulas as formulas
from .lamb_update import adamw_step
from .optimizer_formulas import prepared
from .optimizer_running import check, check_master, destination, run, run_master
from .params import Floats, Shape
from .registry import Op, register


def _groups(
    op: str, data: tuple[Tensor, ...], count: int, size: int, extra: int = 0, **lists: tuple | None
) -> tuple[list[tuple], tuple[Tensor, ...]]:
    """(the inputs of each weight, the inputs after them); checks all the numbers."""
    if count < 1 or len(data) != count * size + extra:
        raise MXNetError(
            f"{op}: got {len(data)} arrays, {count} weights need {count * size + extra} ({size} a weight{f' and {extra}' if extra else ''})."
        )
    for name, values in lists.items():
        if values is not None and len(values) != count:
            raise MXNetError(f"{op}: {name} has {len(values)} entries for {count} weights. Pass one a weight.")
    return [data[i * size : (i + 1) * size] for i in range(count)], data[count * size :]


def _outs(out: Any, count: int) -> list:
    return [None] * count if out is None else [out] if isinstance(out, Tensor) else list(out)


def _sgd_all(op: str, groups: list[tuple], lrs: Any, wds: Any, master: bool, momentum: float | None, rescale_grad: float, clip_gradient: float,
             out: Any) -> tuple[Tensor, ...]:  # fmt: skip
    formula, numbers = (formulas.sgd, {}) if momentum is None else (formulas.sgd_momentum, {"momentum": momentum})

    def gradient(grad: Tensor, weight: Tensor) -> Tensor:
        return prepared(grad, rescale_grad, clip_gradient)

    results = []
    for (weight, grad, *states), lr, wd, target in zip(groups, lrs, wds, _outs(out, len(groups))):
        if master:
            check_master(op, weight, grad, **{f"state {i}": s for i, s in enumerate(states)})
            results.append(run_master(formula, weight, grad, states[:-1], states[-1], target, gradient, lr=lr, wd=wd, **numbers))
        else:
            check(op, weight, grad=grad, **{f"state {i}": s for i, s in enumerate(states)})
            results.append(run(formula, weight, grad, states, target, gradient, lr=lr, wd=wd, **numbers))
    return tuple(results)


def _multi_sgd(name: str, size: int, master: bool) -> Callable:
    def update(
        *data: Tensor,
        lrs: Floats,
        wds: Floats,
        rescale_grad: float = 1.0,
        clip_gradient: float = -1.0,
        num_weights: int = 1,
        out: Any = None,
    ) -> tuple[Tensor, ...]:
        groups, _ = _groups(name, data, num_weights, size, lrs=lrs, wds=wds)
        return _sgd_all(name, groups, lrs, wds, master, None, rescale_grad, clip_gradient, out)

    return update


def _multi_momentum(name: str, size: int, master: bool) -> Callable:
    def update(
        *data: Tensor, lrs: Floats, wds: Floats, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
        num_weights: int = 1, out: Any = None,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        groups, _ = _groups(name, data, num_weights, size, lrs=lrs, wds=wds)
        return _sgd_all(name, groups, lrs, wds, master, momentum, rescale_grad, clip_gradient, out)

    return update


def _rates(name: str, rates: tuple[Tensor, ...], count: int) -> tuple[Any, ...]:
    for label, t in zip(("lrs", "wds"), rates):
        if t.numel() != count:
            raise MXNetError(f"{name}: {label} has {t.numel()} entries for {count} weights. Pass one a weight.")
    return tuple(t.detach().float().reshape(-1).unbind() for t in rates)


def _preloaded_sgd(name: str, size: int, master: bool) -> Callable:
    def update(
        *data: Tensor, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None
    ) -> tuple[Tensor, ...]:
        groups, rates = _groups(name, data, num_weights, size, 2)
        lrs, wds = _rates(name, rates, num_weights)
        return _sgd_all(name, groups, lrs, wds, master, None, rescale_grad, clip_gradient, out)

    return update


def _preloaded_momentum(name: str, size: int, master: bool) -> Callable:
    def update(
        *data: Tensor, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None
    ) -> tuple[Tensor, ...]:
        groups, rates = _groups(name, data, num_weights, size, 2)
        lrs, wds = _rates(name, rates, num_weights)
        return _sgd_all(name, groups, lrs, wds, master, momentum, rescale_grad, clip_gradient, out)

    return update


def _multi_adamw(name: str, size: int, master: bool) -> Callable:
    def update(
        *data: Tensor, lrs: Floats, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, wds: Floats, etas: Floats,
        clip_gradient: float = -1.0, num_weights: int = 1, out: Any = None,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        groups, (scale,) = _groups(name, data, num_weights, size, 1, lrs=lrs, wds=wds, etas=etas)
        results = []
        for (weight, grad, mean, var, *rest), lr, wd, eta, target in zip(groups, lrs, wds, etas, _outs(out, num_weights)):
            numbers = {"lr": lr, "eta": eta, "beta1": beta1, "beta2": beta2, "epsilon": epsilon, "wd": wd}
            if master:
                check_master(name, weight, grad, mean=mean, var=var, weight32=rest[0])
                adamw_step(rest[0], grad.detach().float(), mean, var, scale, clip_gradient, **numbers)
                results.append(rest[0].to(weight.dtype) if target is None else target.copy_(rest[0]))
            else:
                check(name, weight, grad=grad, mean=mean, var=var)
                results.append(destination(weight, target))
                adamw_step(results[-1], grad.detach(), mean, var, scale, clip_gradient, **numbers)
        return tuple(results)

    return update


def _multi_lamb(name: str, size: int, master: bool) -> Callable:
    def update(
        *data: Tensor, learning_rates: Floats, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-6, wds: Floats,
        rescale_grad: float = 1.0, lower_bound: float = -1.0, upper_bound: float = -1.0, clip_gradient: float = -1.0,
        bias_correction: bool = True, step_count: Shape, num_tensors: int = 1, out: Any = None,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        groups, _ = _groups(name, data, num_tensors, size, learning_rates=learning_rates, wds=wds, step_count=step_count)
        results = []
        for (weight, grad, mean, var, *rest), lr, wd, t, target in zip(groups, learning_rates, wds, step_count, _outs(out, num_tensors)):
            if master:
                check_master(name, weight, grad, mean=mean, var=var, weight32=rest[0])
                moved, grad = rest[0], grad.float()
            else:
                check(name, weight, grad=grad, mean=mean, var=var)
                moved = destination(weight, target)
            direction = formulas.lamb_direction(moved, prepared(grad.detach(), rescale_grad, clip_gradient), mean, var, beta1=beta1, beta2=beta2,
                                                epsilon=epsilon, t=t, bias_correction=bias_correction, wd=wd)  # fmt: skip
            size_of = weight.detach().float() if master else moved  # the trust ratio is that of the rounded weight
            formulas.lamb_step(moved, direction, size_of.norm(), direction.norm(), lr=lr, lower_bound=lower_bound, upper_bound=upper_bound)
            results.append(moved if not master else moved.to(weight.dtype) if target is None else target.copy_(moved))
        return tuple(results)

    return update


#: name -> (maker, inputs of one weight, has a float32 master, attribute that counts the weights, what it does)
OPERATORS = {
    "multi_sgd_update": (
        _multi_sgd,
        2,
        False,
        "num_weights",
        "sgd_update of many weights (weight, grad); lrs and wds hold one number a weight.",
    ),
    "multi_sgd_mom_update": (_multi_momentum, 3, False, "num_weights", "sgd_mom_update of many weights (weight, grad, mom)."),
    "multi_mp_sgd_update": (_multi_sgd, 3, True, "num_weights", "mp_sgd_update of many weights (weight, grad, weight32)."),
    "multi_mp_sgd_mom_update": (
        _multi_momentum,
        4,
        True,
        "num_weights",
        "mp_sgd_mom_update of many weights (weight, grad, mom, weight32).",
    ),
    "preloaded_multi_sgd_update": (
        _preloaded_sgd,
        2,
        False,
        "num_weights",
        "multi_sgd_update whose last two inputs are the arrays lrs and wds.",
    ),
    "preloaded_multi_sgd_mom_update": (
        _preloaded_momentum,
        3,
        False,
        "num_weights",
        "multi_sgd_mom_update with lrs and wds as the last inputs.",
    ),
    "preloaded_multi_mp_sgd_update": (_preloaded_sgd, 3, True, "num_weights", "multi_mp_sgd_update with lrs and wds as the last inputs."),
    "preloaded_multi_mp_sgd_mom_update": (
        _preloaded_momentum,
        4,
        True,
        "num_weights",
        "multi_mp_sgd_mom_update with lrs and wds as the last inputs.",
    ),
    "_multi_adamw_update": (
        _multi_adamw,
        4,
        False,
        "num_weights",
        "_adamw_update of many weights (weight, grad, mean, var); last input rescale_grad.",
    ),
    "_multi_mp_adamw_update": (
        _multi_adamw,
        5,
        True,
        "num_weights",
        "_mp_adamw_update of many weights (weight, grad, mean, var, weight32); last rescale_grad.",
    ),
    "_multi_lamb_update": (
        _multi_lamb,
        4,
        False,
        "num_tensors",
        "Both LAMB phases of many weights (weight, grad, mean, var); step_count: steps done by each.",
    ),
    "_multi_mp_lamb_update": (_multi_lamb, 5, True, "num_tensors", "Both LAMB phases of many weights (weight, grad, mean, var, weight32)."),
}


def _count(attribute: str) -> Callable[..., int]:
    return lambda **attrs: attrs[attribute]


for _name, (_make, _size, _master, _attribute, _doc) in OPERATORS.items():
    register(Op(_name, _make(_name, _size, _master), outputs=_count(_attribute), doc=_doc))
