"""LAMB, AdamW and LARS update operators of one weight."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..error import MXNetError
from . import optimizer_formulas as formulas
from .nn_checks import same_dtype
from .optimizer_formulas import prepared
from .optimizer_running import check, check_master, destination
from .registry import op


@op("lamb_update_phase1", mutates=("mean", "var"))
def lamb_update_phase1(
    weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, *, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-6, t: int,
    bias_correction: bool = True, wd: float, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
) -> Tensor:  # fmt: skip
    """The direction of a LAMB step: mean, var as in adam (corrected for step t where bias_correction), mean / (sqrt(var) + epsilon) + wd weight.

    >>> z = mx.nd.zeros(2)
    >>> mx.nd.lamb_update_phase1(mx.nd.ones(2), mx.nd.ones(2), z, z.copy(), t=1, wd=0, epsilon=0).asnumpy().round(3).tolist()
    [1.0, 1.0]
    """
    check("lamb_update_phase1", weight, grad=grad, mean=mean, var=var)
    return formulas.lamb_direction(weight.detach(), prepared(grad.detach(), rescale_grad, clip_gradient), mean, var, beta1=beta1, beta2=beta2,
                                   epsilon=epsilon, t=t, bias_correction=bias_correction, wd=wd)  # fmt: skip


@op("mp_lamb_update_phase1", mutates=("mean", "var"))
def mp_lamb_update_phase1(
    weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, weight32: Tensor, *, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-6,
    t: int, bias_correction: bool = True, wd: float, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
) -> Tensor:  # fmt: skip
    """lamb_update_phase1 from the float32 master weight32; the direction is float32.

    >>> w, z = mx.nd.ones(2, dtype="float16"), mx.nd.zeros(2)
    >>> mx.nd.mp_lamb_update_phase1(w, w, z, z.copy(), mx.nd.ones(2), t=1, wd=0).shape
    (2,)
    """
    check_master("mp_lamb_update_phase1", weight, grad, mean=mean, var=var, weight32=weight32)
    return formulas.lamb_direction(weight32, prepared(grad.detach().float(), rescale_grad, clip_gradient), mean, var, beta1=beta1, beta2=beta2,
                                   epsilon=epsilon, t=t, bias_correction=bias_correction, wd=wd)  # fmt: skip


@mp_lamb_update_phase1.types
def _(types: dict, **_: object) -> tuple:
    half = types["weight"] or types["grad"]
    return {n: t or (half if n in ("weight", "grad") else torch.float32) for n, t in types.items()}, [torch.float32]


@op("lamb_update_phase2")
def lamb_update_phase2(
    weight: Tensor, g: Tensor, r1: Tensor, r2: Tensor, *, lr: float, lower_bound: float = -1.0, upper_bound: float = -1.0, out: Any = None
) -> Tensor:
    """weight - lr r1 / r2 g, where r1 = |weight| (within the bounds that are not negative) and r2 = |g|; the ratio is 1 where a norm is 0.

    >>> mx.nd.lamb_update_phase2(mx.nd.ones(2), mx.nd.ones(2), mx.nd.array([2.0]), mx.nd.array([4.0]), lr=0.5).asnumpy().tolist()
    [0.75, 0.75]
    """
    check("lamb_update_phase2", weight, g=g)
    target = destination(weight, out)
    formulas.lamb_step(target, g.detach(), r1.detach(), r2.detach(), lr=lr, lower_bound=lower_bound, upper_bound=upper_bound)
    return target


@op("mp_lamb_update_phase2", mutates=("weight32",))
def mp_lamb_update_phase2(
    weight: Tensor, g: Tensor, r1: Tensor, r2: Tensor, weight32: Tensor, *, lr: float, lower_bound: float = -1.0, upper_bound: float = -1.0,
    out: Any = None,
) -> Tensor:  # fmt: skip
    """lamb_update_phase2 of the float32 master weight32; the result is it in weight's type.

    Differs: the master moves (1.9.1 leaves weight32 as it was, so that every step starts from the first weights).

    >>> w, w32, r = mx.nd.ones(2, dtype="float16"), mx.nd.ones(2), mx.nd.array([2.0])
    >>> mx.nd.mp_lamb_update_phase2(w, mx.nd.ones(2), r, r, w32, lr=0.5, out=w).asnumpy().tolist()
    [0.5, 0.5]
    """
    check("mp_lamb_update_phase2", weight32, g=g)
    formulas.lamb_step(weight32, g.detach(), r1.detach(), r2.detach(), lr=lr, lower_bound=lower_bound, upper_bound=upper_bound)
    return weight32.to(weight.dtype) if out is None else out.copy_(weight32)


def adamw_step(
    target: Tensor, grad: Tensor, mean: Tensor, var: Tensor, rescale_grad: Tensor, clip_gradient: float, **numbers: float
) -> None:
    """One AdamW step in place; nothing changes where rescale_grad is 0, infinite or nan (an overflow was met)."""
    scale = rescale_grad.detach().reshape(-1)[:1].to(target.dtype)
    usable = torch.isfinite(scale) & (scale != 0)
    new = [target.clone(), mean.clone(), var.clone()]
    formulas.adamw(new[0], prepared(grad, scale, clip_gradient), new[1], new[2], **numbers)
    for old, value in zip((target, mean, var), new):
        old.copy_(torch.where(usable, value, old))


@op("_adamw_update", mutates=("mean", "var"))
def adamw_update(
    weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, rescale_grad: Tensor, *, lr: float, beta1: float = 0.9, beta2: float = 0.999,
    epsilon: float = 1e-8, wd: float = 0.0, eta: float, clip_gradient: float = -1.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """weight - eta (lr mean / (sqrt(var) + epsilon) + wd weight), mean and var as in adam of clip(rescale_grad grad).

    rescale_grad is an array of one element; a value of 0, infinity or nan skips the step.

    >>> w, z = mx.nd.ones(2), mx.nd.zeros(2)
    >>> mx.nd.contrib.adamw_update(w, mx.nd.ones(2), z, z.copy(), 1.0, lr=0.5, eta=1, beta1=0, beta2=0, epsilon=1).asnumpy().tolist()
    [0.75, 0.75]
    """
    check("_adamw_update", weight, grad=grad, mean=mean, var=var)
    target = destination(weight, out)
    adamw_step(
        target, grad.detach(), mean, var, rescale_grad, clip_gradient, lr=lr, eta=eta, beta1=beta1, beta2=beta2, epsilon=epsilon, wd=wd
    )
    return target


@op("_mp_adamw_update", mutates=("mean", "var", "weight32"))
def mp_adamw_update(
    weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, weight32: Tensor, rescale_grad: Tensor, *, lr: float, beta1: float = 0.9,
    beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0, eta: float, clip_gradient: float = -1.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """_adamw_update of the float32 master weight32; the result is it in weight's type.

    >>> w, z = mx.nd.ones(2, dtype="float16"), mx.nd.zeros(2)
    >>> mx.nd.contrib.mp_adamw_update(w, w, z, z.copy(), mx.nd.ones(2), 1.0, lr=0.5, eta=1).shape
    (2,)
    """
    check_master("_mp_adamw_update", weight, grad, mean=mean, var=var, weight32=weight32)
    adamw_step(
        weight32,
        grad.detach().float(),
        mean,
        var,
        rescale_grad,
        clip_gradient,
        lr=lr,
        eta=eta,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        wd=wd,
    )
    return weight32.to(weight.dtype) if out is None else out.copy_(weight32)


@op("multi_lars")
def multi_lars(
    lrs: Tensor, weights_sum_sq: Tensor, grads_sum_sq: Tensor, wds: Tensor, *, eta: float, eps: float, rescale_grad: float = 1.0
) -> Tensor:
    """The learning rate of every layer: lr eta |w| / (|g| rescale_grad + wd |w| + eps), or lr where a norm is 0. All inputs have one entry a layer.

    >>> one = mx.nd.ones(1)
    >>> mx.nd.multi_lars(one, one * 4, one, one * 0, eta=0.5, eps=0).asnumpy().tolist()
    [1.0]
    """
    for name, t in (("weights_sum_sq", weights_sum_sq), ("grads_sum_sq", grads_sum_sq), ("wds", wds)):
        if t.shape != lrs.shape:
            raise MXNetError(f"multi_lars: {name} has shape {tuple(t.shape)}, lrs {tuple(lrs.shape)}. Pass one entry a layer in each.")
    same_dtype("multi_lars", lrs=lrs, weights_sum_sq=weights_sum_sq, grads_sum_sq=grads_sum_sq, wds=wds)
    return formulas.lars_rates(lrs, weights_sum_sq, grads_sum_sq, wds, eta=eta, eps=eps, rescale_grad=rescale_grad)
