"""Update operators of one weight: sgd, nag, adam, ftrl, rmsprop, signsgd, ftml, adagrad, and their float32-master (mp_) forms.

All have the attributes lr, wd, rescale_grad and clip_gradient (negative: no clipping), return the new weight (pass `out=weight` to update it in
place) and change their states in place. `lazy_update` matters for row-sparse gradients only. The formulas are in optimizer_formulas.py.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor

from ..error import MXNetError
from . import optimizer_formulas as formulas
from .optimizer_formulas import prepared
from .optimizer_running import check, check_master, master_types, run, run_master
from .registry import Op, op


def _plain(rescale_grad: float, clip_gradient: float) -> Any:
    return lambda grad, weight: prepared(grad, rescale_grad, clip_gradient)


def _with_decay(rescale_grad: float, clip_gradient: float, wd: float) -> Any:
    return lambda grad, weight: prepared(grad, rescale_grad, clip_gradient, weight, wd)


@op("sgd_update", aliases=["_sparse_sgd_update"])
def sgd_update(
    weight: Tensor, grad: Tensor, *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True,
    out: Any = None,
) -> Tensor:  # fmt: skip
    """(1 - lr wd) weight - lr clip(rescale_grad grad).

    >>> mx.nd.sgd_update(mx.nd.ones(2), mx.nd.ones(2), lr=0.5).asnumpy().tolist()
    [0.5, 0.5]
    """
    check("sgd_update", weight, grad=grad)
    return run(formulas.sgd, weight, grad, (), out, _plain(rescale_grad, clip_gradient), lr=lr, wd=wd)


@op("sgd_mom_update", aliases=["_sparse_sgd_mom_update"], mutates=("mom",))
def sgd_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor, *, lr: float, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None,
) -> Tensor:  # fmt: skip
    """mom = momentum mom - lr (clip(rescale_grad grad) + wd weight); weight + mom.

    >>> mx.nd.sgd_mom_update(mx.nd.ones(2), mx.nd.ones(2), mx.nd.zeros(2), lr=0.5, momentum=0.9).asnumpy().tolist()
    [0.5, 0.5]
    """
    check("sgd_mom_update", weight, grad=grad, mom=mom)
    return run(formulas.sgd_momentum, weight, grad, (mom,), out, _plain(rescale_grad, clip_gradient), lr=lr, wd=wd, momentum=momentum)


@op("mp_sgd_update", mutates=("weight32",))
def mp_sgd_update(
    weight: Tensor, grad: Tensor, weight32: Tensor, *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
    lazy_update: bool = True, out: Any = None,
) -> Tensor:  # fmt: skip
    """sgd_update of the float32 master weight32; the result is it in weight's type.

    >>> w, w32 = mx.nd.ones(2, dtype="float16"), mx.nd.ones(2)
    >>> mx.nd.mp_sgd_update(w, w, w32, lr=0.5, out=w).asnumpy().tolist()
    [0.5, 0.5]
    """
    check_master("mp_sgd_update", weight, grad, weight32=weight32)
    return run_master(formulas.sgd, weight, grad, (), weight32, out, _plain(rescale_grad, clip_gradient), lr=lr, wd=wd)


@op("mp_sgd_mom_update", mutates=("mom", "weight32"))
def mp_sgd_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor, weight32: Tensor, *, lr: float, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None,
) -> Tensor:  # fmt: skip
    """sgd_mom_update of the float32 master weight32 with float32 mom; the result is weight32 in weight's type.

    >>> w, w32 = mx.nd.ones(2, dtype="float16"), mx.nd.ones(2)
    >>> mx.nd.mp_sgd_mom_update(w, w, mx.nd.zeros(2), w32, lr=0.5, momentum=0.9, out=w).asnumpy().tolist()
    [0.5, 0.5]
    """
    check_master("mp_sgd_mom_update", weight, grad, mom=mom, weight32=weight32)
    gradient = _plain(rescale_grad, clip_gradient)
    return run_master(formulas.sgd_momentum, weight, grad, (mom,), weight32, out, gradient, lr=lr, wd=wd, momentum=momentum)


@op("nag_mom_update", mutates=("mom",))
def nag_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor, *, lr: float, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """Nesterov: d = -lr (clip(rescale_grad grad) + wd weight); mom = momentum mom + d; weight + momentum mom + d.

    With `out=weight` the decay in the stored mom is that of the new weight, as in the original.

    >>> mx.nd.nag_mom_update(mx.nd.ones(2), mx.nd.ones(2), mx.nd.zeros(2), lr=0.5, momentum=0.5).asnumpy().tolist()
    [0.25, 0.25]
    """
    check("nag_mom_update", weight, grad=grad, mom=mom)
    formula = formulas.nag_master if out is not None and out.data_ptr() == weight.data_ptr() else formulas.nag
    return run(formula, weight, grad, (mom,), out, _plain(rescale_grad, clip_gradient), lr=lr, wd=wd, momentum=momentum)


@op("mp_nag_mom_update", mutates=("mom", "weight32"))
def mp_nag_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor, weight32: Tensor, *, lr: float, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """nag_mom_update of the float32 master weight32; the result is it in weight's type. The decay in the stored mom is that of the new weight32.

    >>> w, w32 = mx.nd.ones(2, dtype="float16"), mx.nd.ones(2)
    >>> mx.nd.mp_nag_mom_update(w, w, mx.nd.zeros(2), w32, lr=0.5, momentum=0.5, out=w).asnumpy().tolist()
    [0.25, 0.25]
    """
    check_master("mp_nag_mom_update", weight, grad, mom=mom, weight32=weight32)
    gradient = _plain(rescale_grad, clip_gradient)
    return run_master(formulas.nag_master, weight, grad, (mom,), weight32, out, gradient, lr=lr, wd=wd, momentum=momentum)


@op("adam_update", aliases=["_sparse_adam_update"], mutates=("mean", "var"))
def adam_update(
    weight: Tensor, grad: Tensor, mean: Tensor, var: Tensor, *, lr: float, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True, out: Any = None,
) -> Tensor:  # fmt: skip
    """g = clip(rescale_grad grad + wd weight); mean, var: averages of g, g^2; weight - lr mean / (sqrt(var) + epsilon). No bias correction: it is in lr.

    >>> mx.nd.adam_update(*[mx.nd.ones(2)] * 2, mx.nd.zeros(2), mx.nd.zeros(2), lr=0.5, beta1=0, beta2=0).asnumpy().tolist()
    [0.5, 0.5]
    """
    check("adam_update", weight, grad=grad, mean=mean, var=var)
    gradient = _with_decay(rescale_grad, clip_gradient, wd)
    return run(formulas.adam, weight, grad, (mean, var), out, gradient, lr=lr, beta1=beta1, beta2=beta2, epsilon=epsilon)


@op("ftrl_update", aliases=["_sparse_ftrl_update"], mutates=("z", "n"))
def ftrl_update(
    weight: Tensor, grad: Tensor, z: Tensor, n: Tensor, *, lr: float, lamda1: float = 0.01, beta: float = 1.0, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """Follow the regularized leader: z = z + g - (sqrt(n + g^2) - sqrt(n)) weight / lr; n = n + g^2;
    0 where |z| <= lamda1, else (sign(z) lamda1 - z) / ((beta + sqrt(n)) / lr + wd).

    >>> mx.nd.ftrl_update(mx.nd.ones(2), mx.nd.zeros(2), mx.nd.zeros(2), mx.nd.zeros(2), lr=0.5).asnumpy().tolist()
    [-0.0, -0.0]
    """
    check("ftrl_update", weight, grad=grad, z=z, n=n)
    return run(formulas.ftrl, weight, grad, (z, n), out, _plain(rescale_grad, clip_gradient), lr=lr, lamda1=lamda1, beta=beta, wd=wd)


@op("rmsprop_update", mutates=("n",))
def rmsprop_update(
    weight: Tensor, grad: Tensor, n: Tensor, *, lr: float, gamma1: float = 0.95, epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, clip_weights: float = -1.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """g = clip(rescale_grad grad + wd weight); n: average of g^2; weight - lr g / sqrt(n + epsilon), clipped to clip_weights unless negative.

    >>> mx.nd.rmsprop_update(mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2), lr=0.5, epsilon=0).asnumpy().tolist()
    [0.5, 0.5]
    """
    check("rmsprop_update", weight, grad=grad, n=n)
    gradient = _with_decay(rescale_grad, clip_gradient, wd)
    return run(formulas.rmsprop, weight, grad, (n,), out, gradient, lr=lr, gamma1=gamma1, epsilon=epsilon, clip_weights=clip_weights)


@op("rmspropalex_update", mutates=("n", "g", "delta"))
def rmspropalex_update(
    weight: Tensor, grad: Tensor, n: Tensor, g: Tensor, delta: Tensor, *, lr: float, gamma1: float = 0.95, gamma2: float = 0.9, epsilon: float = 1e-8,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, clip_weights: float = -1.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """rmsprop around the average gradient g, with momentum: delta = gamma2 delta - lr grad / sqrt(n - g^2 + epsilon); weight + delta.

    >>> z = mx.nd.zeros(2)
    >>> mx.nd.rmspropalex_update(mx.nd.ones(2), mx.nd.ones(2), z + 2, z, z, lr=0.5, gamma1=1, epsilon=2).asnumpy().tolist()
    [0.75, 0.75]
    """
    check("rmspropalex_update", weight, grad=grad, n=n, g=g, delta=delta)
    gradient = _with_decay(rescale_grad, clip_gradient, wd)
    numbers = {"lr": lr, "gamma1": gamma1, "gamma2": gamma2, "epsilon": epsilon, "clip_weights": clip_weights}
    return run(formulas.rmsprop_alex, weight, grad, (n, g, delta), out, gradient, **numbers)


@op("signsgd_update")
def signsgd_update(
    weight: Tensor, grad: Tensor, *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Any = None
) -> Tensor:
    """(1 - lr wd) weight - lr sign(grad).

    >>> mx.nd.signsgd_update(mx.nd.ones(2), mx.nd.array([3.0, -0.1]), lr=0.5).asnumpy().tolist()
    [0.5, 1.5]
    """
    check("signsgd_update", weight, grad=grad)
    return run(formulas.sign_sgd, weight, grad, (), out, _plain(rescale_grad, clip_gradient), lr=lr, wd=wd)


@op("signum_update", mutates=("mom",))
def signum_update(
    weight: Tensor, grad: Tensor, mom: Tensor, *, lr: float, momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, wd_lh: float = 0.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """mom = momentum mom - (1 - momentum) (clip(rescale_grad grad) + wd weight); (1 - lr wd_lh) weight + lr sign(mom).

    >>> mx.nd.signum_update(mx.nd.ones(2), mx.nd.array([3.0, -0.1]), mx.nd.zeros(2), lr=0.5, momentum=0.9).asnumpy().tolist()
    [0.5, 1.5]
    """
    check("signum_update", weight, grad=grad, mom=mom)
    return run(
        formulas.signum, weight, grad, (mom,), out, _plain(rescale_grad, clip_gradient), lr=lr, wd=wd, momentum=momentum, wd_lh=wd_lh
    )


@op("ftml_update", mutates=("d", "v", "z"))
def ftml_update(
    weight: Tensor, grad: Tensor, d: Tensor, v: Tensor, z: Tensor, *, lr: float, beta1: float = 0.6, beta2: float = 0.999, epsilon: float = 1e-8,
    t: int, wd: float = 0.0, rescale_grad: float = 1.0, clip_grad: float = -1.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """Follow the moving leader, step t (from 1): see optimizer_formulas.ftml.

    >>> z = mx.nd.zeros(2)
    >>> mx.nd.ftml_update(mx.nd.ones(2), mx.nd.ones(2), z, z.copy(), z.copy(), lr=0.5, t=1).shape
    (2,)
    """
    check("ftml_update", weight, grad=grad, d=d, v=v, z=z)
    gradient = _with_decay(rescale_grad, clip_grad, wd)
    return run(formulas.ftml, weight, grad, (d, v, z), out, gradient, lr=lr, beta1=beta1, beta2=beta2, epsilon=epsilon, t=t)


@op("_sparse_adagrad_update", mutates=("history",))
def adagrad_update(
    weight: Tensor, grad: Tensor, history: Tensor, *, lr: float, epsilon: float = 1e-7, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, out: Any = None,
) -> Tensor:  # fmt: skip
    """history = history + g^2; weight - lr (g / sqrt(history + epsilon) + wd weight).

    Differs: takes dense gradients too.

    >>> mx.nd.sparse.adagrad_update(mx.nd.ones(2), mx.nd.ones(2), mx.nd.ones(2) * 3, lr=0.5, epsilon=0).asnumpy().tolist()
    [0.75, 0.75]
    """
    check("adagrad_update", weight, grad=grad, history=history)
    return run(formulas.adagrad, weight, grad, (history,), out, _plain(rescale_grad, clip_gradient), lr=lr, epsilon=epsilon, wd=wd)


@op("_contrib_group_adagrad_update", mutates=("history",))
def group_adagrad_update(
    weight: Tensor, grad: Tensor, history: Tensor, *, lr: float, rescale_grad: float = 1.0, clip_gradient: float = -1.0, epsilon: float = 1e-5,
    out: Any = None,
) -> Tensor:  # fmt: skip
    """One history entry a row: history = history + mean(g^2 over the row); weight - lr g / sqrt(history + epsilon).

    Differs: takes dense gradients too.

    >>> w, h = mx.nd.ones((2, 3)), mx.nd.ones((2, 1)) * 3
    >>> mx.nd.contrib.group_adagrad_update(w, mx.nd.ones((2, 3)), h, lr=0.5, epsilon=0)[0].asnumpy().tolist()
    [0.75, 0.75, 0.75]
    """
    check("group_adagrad_update", weight, grad=grad)
    if history.numel() != weight.shape[0]:
        raise MXNetError(
            f"group_adagrad_update: history has shape {tuple(history.shape)}, weight {weight.shape[0]} rows. Pass one number for each row."
        )
    return run(formulas.group_adagrad, weight, grad, (history,), out, _plain(rescale_grad, clip_gradient), lr=lr, epsilon=epsilon)


def like_weight(shapes: dict, names: tuple[str, ...], **_: object) -> dict:
    """Every unknown input has the shape of a known one."""
    known = next((s for s in shapes.values() if s is not None), None)
    return {n: shapes.get(n) or known for n in names}


for _each in (sgd_update, sgd_mom_update, mp_sgd_update, mp_sgd_mom_update, nag_mom_update, mp_nag_mom_update, adam_update, ftrl_update, rmsprop_update,
              rmspropalex_update, signsgd_update, signum_update, ftml_update, adagrad_update):  # fmt: skip
    assert isinstance(_each, Op)
    _each.complete_shapes(partial(like_weight, names=_each.inputs))
for _each in (mp_sgd_update, mp_sgd_mom_update, mp_nag_mom_update):
    _each.types(master_types)
