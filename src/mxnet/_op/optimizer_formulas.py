"""The formulas of the optimizers: each updates weight and states in place from a gradient that is already rescaled and clipped.

All tensors of a call have one floating-point type and one shape (or shapes that broadcast, for single rows). They know nothing of
storage: a caller with a row-sparse gradient hands in the touched rows. `lr` and `wd` are numbers or tensors of one element.
"""

from __future__ import annotations

import torch
from torch import Tensor

Scalar = float | Tensor


def prepared(
    grad: Tensor, rescale_grad: Scalar = 1.0, clip_gradient: float = -1.0, weight: Tensor | None = None, wd: Scalar = 0.0
) -> Tensor:
    """clip(rescale_grad * grad + wd * weight) to [-clip_gradient, clip_gradient]; no clipping where that is negative. May be grad itself."""
    if isinstance(rescale_grad, Tensor) or rescale_grad != 1.0:
        grad = grad * rescale_grad
    if weight is not None and (isinstance(wd, Tensor) or wd != 0.0):
        grad = grad + wd * weight
    return grad.clamp(-clip_gradient, clip_gradient) if clip_gradient >= 0 else grad


def _add(target: Tensor, other: Tensor, factor: Scalar) -> Tensor:
    """target += factor * other."""
    return target.add_(other * factor) if isinstance(factor, Tensor) else target.add_(other, alpha=factor)


def _average(state: Tensor, value: Tensor, decay: float) -> Tensor:
    """state = decay * state + (1 - decay) * value."""
    return state.mul_(decay).add_(value, alpha=1 - decay)


def sgd(weight: Tensor, grad: Tensor, *, lr: Scalar, wd: Scalar) -> None:
    """w = (1 - lr wd) w - lr g"""
    if isinstance(wd, Tensor) or wd != 0.0:
        weight.mul_(1 - lr * wd)
    _add(weight, grad, -lr)


def sgd_momentum(weight: Tensor, grad: Tensor, mom: Tensor, *, lr: Scalar, wd: Scalar, momentum: float) -> None:
    """m = momentum m - lr (g + wd w); w = w + m"""
    mom.mul_(momentum)
    if isinstance(wd, Tensor) or wd != 0.0:
        _add(mom, weight, -lr * wd)
    weight.add_(_add(mom, grad, -lr))


def nag(weight: Tensor, grad: Tensor, mom: Tensor, *, lr: float, wd: float, momentum: float) -> None:
    """d = -lr (g + wd w); m = momentum m + d; w = w + momentum m + d"""
    step = (grad + wd * weight).mul_(-lr) if wd else grad * -lr
    mom.mul_(momentum).add_(step)
    weight.add_(step).add_(mom, alpha=momentum)


def nag_master(weight: Tensor, grad: Tensor, mom: Tensor, *, lr: float, wd: float, momentum: float) -> None:
    """w as in nag; then m = momentum m - lr (g + wd w) with the new w"""
    step = (grad + wd * weight).mul_(-lr) if wd else grad * -lr
    mom.mul_(momentum)
    weight.add_(step, alpha=1 + momentum).add_(mom, alpha=momentum)
    mom.add_(grad, alpha=-lr).add_(weight, alpha=-lr * wd)


def adam(weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, *, lr: float, beta1: float, beta2: float, epsilon: float) -> None:
    """m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w = w - lr m / (sqrt(v) + epsilon); g includes the weight decay"""
    _average(mean, grad, beta1)
    var.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    weight.addcdiv_(mean, var.sqrt().add_(epsilon), value=-lr)


def adamw(
    weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, *, lr: float, eta: float, beta1: float, beta2: float, epsilon: float, wd: float
) -> None:
    """m, v as adam; w = w - eta (lr m / (sqrt(v) + epsilon) + wd w)"""
    _average(mean, grad, beta1)
    var.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    step = mean / var.sqrt().add_(epsilon)
    weight.mul_(1 - eta * wd).add_(step, alpha=-eta * lr)


def sign_sgd(weight: Tensor, grad: Tensor, *, lr: float, wd: float) -> None:
    """w = (1 - lr wd) w - lr sign(g)"""
    weight.mul_(1 - lr * wd).add_(grad.sign(), alpha=-lr)


def signum(weight: Tensor, grad: Tensor, mom: Tensor, *, lr: float, wd: float, momentum: float, wd_lh: float) -> None:
    """m = momentum m - (1 - momentum) (g + wd w); w = (1 - lr wd_lh) w + lr sign(m)"""
    mom.mul_(momentum).add_(weight, alpha=-(1 - momentum) * wd).add_(grad, alpha=-(1 - momentum))
    weight.mul_(1 - lr * wd_lh).add_(mom.sign(), alpha=lr)


def rmsprop(weight: Tensor, grad: Tensor, n: Tensor, *, lr: float, gamma1: float, epsilon: float, clip_weights: float) -> None:
    """n = gamma1 n + (1 - gamma1) g^2; w = w - lr g / sqrt(n + epsilon); g includes the weight decay"""
    n.mul_(gamma1).addcmul_(grad, grad, value=1 - gamma1)
    weight.addcdiv_(grad, (n + epsilon).sqrt_(), value=-lr)
    if clip_weights >= 0:
        weight.clamp_(-clip_weights, clip_weights)


def rmsprop_alex(weight: Tensor, grad: Tensor, n: Tensor, g: Tensor, delta: Tensor, *, lr: float, gamma1: float, gamma2: float, epsilon: float,
                 clip_weights: float) -> None:  # fmt: skip
    """n, g: averages of the squared and of the plain gradient; delta = gamma2 delta - lr grad / sqrt(n - g^2 + epsilon); w = w + delta"""
    n.mul_(gamma1).addcmul_(grad, grad, value=1 - gamma1)
    _average(g, grad, gamma1)
    delta.mul_(gamma2).addcdiv_(grad, (n - g * g).add_(epsilon).sqrt_(), value=-lr)
    weight.add_(delta)
    if clip_weights >= 0:
        weight.clamp_(-clip_weights, clip_weights)


def ftrl(weight: Tensor, grad: Tensor, z: Tensor, n: Tensor, *, lr: float, lamda1: float, beta: float, wd: float) -> None:
    """z = z + g - (sqrt(n + g^2) - sqrt(n)) w / lr; n = n + g^2; w = -soft(z, lamda1) / ((beta + sqrt(n)) / lr + wd)"""
    old = n.sqrt()
    n.addcmul_(grad, grad)
    new = n.sqrt()
    z.add_(grad).addcmul_(old.sub_(new), weight, value=1 / lr)
    weight.copy_(torch.nn.functional.softshrink(z, lamda1).neg_().div_(new.add_(beta).div_(lr).add_(wd)))


def ftml(
    weight: Tensor, grad: Tensor, d: Tensor, v: Tensor, z: Tensor, *, lr: float, beta1: float, beta2: float, epsilon: float, t: int
) -> None:
    """v as adam; d' = (1 - b1^t) / lr (sqrt(v / (1 - b2^t)) + epsilon); z = b1 z + (1 - b1) g - (d' - b1 d) w; w = -z / d'"""
    v.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    new = (v / (1 - beta2**t)).sqrt_().add_(epsilon).mul_((1 - beta1**t) / lr)
    _average(z, grad, beta1).addcmul_(new - beta1 * d, weight, value=-1)
    d.copy_(new)
    weight.copy_(-z / d)


def adagrad(weight: Tensor, grad: Tensor, history: Tensor, *, lr: float, epsilon: float, wd: float = 0.0) -> None:
    """h = h + g^2; w = w - lr (g / sqrt(h + epsilon) + wd w)"""
    history.addcmul_(grad, grad)
    step = grad / (history + epsilon).sqrt_()
    if wd:
        step.add_(weight, alpha=wd)
    weight.add_(step, alpha=-lr)


def group_adagrad(weight: Tensor, grad: Tensor, history: Tensor, *, lr: float, epsilon: float) -> None:
    """One history a row: h = h + mean(g^2 over the row); w = w - lr g / sqrt(h + epsilon)"""
    rows = grad.square().flatten(1).mean(1) if grad.dim() > 1 else grad.square()
    history.add_(rows.reshape(history.shape))
    divisor = (history + epsilon).sqrt_().reshape(-1, *[1] * (grad.dim() - 1))
    weight.addcdiv_(grad, divisor.expand_as(grad), value=-lr)


def lamb_direction(weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, *, beta1: float, beta2: float, epsilon: float, t: int,
                   bias_correction: bool, wd: float) -> Tensor:  # fmt: skip
    """m, v as adam, corrected for their start at zero; m / (sqrt(v) + epsilon) + wd w"""
    _average(mean, grad, beta1)
    var.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    first, second = (mean / (1 - beta1**t), var / (1 - beta2**t)) if bias_correction else (mean, var)
    direction = first / (second.sqrt().add_(epsilon))
    return direction.add_(weight, alpha=wd) if wd else direction


def lamb_step(weight: Tensor, direction: Tensor, r1: Tensor, r2: Tensor, *, lr: float, lower_bound: float, upper_bound: float) -> None:
    """w = w - lr r1 / r2 direction, r1 (the norm of w) within its bounds; a norm of zero counts as ratio 1"""
    if r1.numel() != 1 or r2.numel() != 1:
        raise ValueError(f"r1 and r2 are one norm each, got arrays of shape {tuple(r1.shape)} and {tuple(r2.shape)}")
    r1, r2 = r1.reshape(1), r2.reshape(1)
    if lower_bound >= 0:
        r1 = r1.clamp(min=lower_bound)
    if upper_bound >= 0:
        r1 = r1.clamp(max=upper_bound)
    ratio = torch.where((r1 == 0) | (r2 == 0), 1.0, r1 / r2)
    weight.sub_(direction * (ratio * lr).to(direction.dtype))


def lars_rates(
    lrs: Tensor, weights_sum_sq: Tensor, grads_sum_sq: Tensor, wds: Tensor, *, eta: float, eps: float, rescale_grad: float
) -> Tensor:
    """lr eta |w| / (|g| + wd |w| + eps) for each layer, lr where a norm is zero"""
    weight, grad = weights_sum_sq.sqrt(), grads_sum_sq.sqrt() * rescale_grad
    return torch.where((weight > 0) & (grad > 0), lrs * eta * weight / (grad + wds * weight + eps), lrs)
