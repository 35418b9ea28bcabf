"""Output layers whose gradient is that of a loss: regression outputs, SVMOutput, MakeLoss, and softmax_cross_entropy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import HALF, expect_float, expect_shape, same_dtype
from .registry import Op, op, register


class _Decreed(torch.autograd.Function):
    """`forward(data)` in the forward pass; `backward(result, label)` as the gradient of data, none of label; head gradients are ignored."""

    @staticmethod
    def forward(ctx: Any, data: Tensor, label: Tensor, forward: Callable, backward: Callable) -> Tensor:
        result = forward(data)
        ctx.save_for_backward(result, label)
        ctx.rule = backward
        ctx.set_materialize_grads(False)
        return result

    @staticmethod
    def backward(ctx: Any, head: Tensor | None) -> tuple[Tensor, None, None, None]:
        result, label = ctx.saved_tensors
        return ctx.rule(result, label), None, None, None


def _run(data: Tensor, label: Tensor, forward: Callable, backward: Callable) -> Tensor:
    if data.requires_grad:
        return _Decreed.apply(data, label.detach(), forward, backward)  # a label's gradient array is left as it is
    return forward(data)


def _same(data: Tensor) -> Tensor:
    return data.clone()


def _strip(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without trailing axes of size 1 (beyond the first axis)."""
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _regression(name: str, data: Tensor, label: Tensor, grad_scale: float, forward: Callable, difference: Callable) -> Tensor:
    expect_float(name, data)
    same_dtype(name, data=data, label=label)
    if label.shape != data.shape and _strip(tuple(label.shape)) != _strip(tuple(data.shape)):
        expect_shape(name, "label", label, tuple(data.shape), "the shape of data")

    def gradient(result: Tensor, label: Tensor) -> Tensor:
        outputs = label.numel() // max(1, label.size(0)) if label.dim() else 1
        return difference(result, label.reshape(result.shape)) * (grad_scale / max(1, outputs))

    return _run(data, label, forward, gradient)


def _linear(data: Tensor, label: Tensor, *, grad_scale: float = 1.0) -> Tensor:
    """data, with the gradient grad_scale * (data - label) / m of a squared error; m is the number of outputs a sample. Head gradients are ignored.

    label has the shape (trailing axes of size 1 aside) and type of data.

    >>> mx.nd.LinearRegressionOutput(mx.nd.ones((1, 2)), mx.nd.zeros((1, 2))).asnumpy().tolist()
    [[1.0, 1.0]]
    """
    return _regression("LinearRegressionOutput", data, label, grad_scale, _same, torch.sub)


def _mae(data: Tensor, label: Tensor, *, grad_scale: float = 1.0) -> Tensor:
    """data, with the gradient grad_scale * sign(data - label) / m of an absolute error; otherwise as LinearRegressionOutput.

    >>> mx.nd.MAERegressionOutput(mx.nd.ones((1, 2)), mx.nd.zeros((1, 2))).asnumpy().tolist()
    [[1.0, 1.0]]
    """
    return _regression("MAERegressionOutput", data, label, grad_scale, _same, lambda a, b: torch.sign(a - b))


def _logistic(data: Tensor, label: Tensor, *, grad_scale: float = 1.0) -> Tensor:
    """sigmoid(data), with the gradient grad_scale * (sigmoid(data) - label) / m of a cross entropy; otherwise as LinearRegressionOutput.

    >>> mx.nd.LogisticRegressionOutput(mx.nd.zeros((1, 2)), mx.nd.zeros((1, 2))).asnumpy().tolist()
    [[0.5, 0.5]]
    """
    return _regression("LogisticRegressionOutput", data, label, grad_scale, torch.sigmoid, torch.sub)


def _regression_shapes(shapes: dict, **_: object) -> dict:
    data = shapes.get("data")
    if data is not None and not shapes.get("label"):
        shapes["label"] = (data[0],) if len(data) == 2 and data[1] == 1 else tuple(data)
    return shapes


def _define(name: str, fn: Callable) -> Op:
    made = register(Op(name, fn, aliases=[f"_sparse_{name}"], amp="fp32", lenient=True))
    made.complete_shapes(_regression_shapes)
    return made


linear_regression_output = _define("LinearRegressionOutput", _linear)
mae_regression_output = _define("MAERegressionOutput", _mae)
logistic_regression_output = _define("LogisticRegressionOutput", _logistic)


@op("SVMOutput", amp="fp32")
def svm_output(
    data: Tensor, label: Tensor, *, margin: float = 1.0, regularization_coefficient: float = 1.0, use_linear: bool = False
) -> Tensor:
    """data (N, classes), with the gradient of one hinge loss a class: target +1 for the label's class, -1 for the others.

    The loss is max(0, margin - target * x), squared unless use_linear, times regularization_coefficient. label (N,) has data's type. Head gradients
    are ignored.

    >>> mx.nd.SVMOutput(mx.nd.ones((1, 2)), mx.nd.zeros(1)).asnumpy().tolist()
    [[1.0, 1.0]]
    """
    expect_float("SVMOutput", data)
    same_dtype("SVMOutput", data=data, label=label)
    if label.shape != data.shape[:-1]:
        expect_shape("SVMOutput", "label", label, tuple(data.shape[:-1]), "data without its last axis")

    def gradient(x: Tensor, label: Tensor) -> Tensor:
        classes = torch.arange(x.size(-1), device=x.device)
        target = torch.where(classes == label.to(torch.int64).unsqueeze(-1), 1.0, -1.0).to(x.dtype)
        slack = margin - target * x
        active = (slack > 0).to(x.dtype)
        return -regularization_coefficient * target * (active if use_linear else 2 * slack * active)

    return _run(data, label, _same, gradient)


@svm_output.complete_shapes
def _svm_shapes(shapes: dict, **_: object) -> dict:
    if shapes.get("data") is not None:
        shapes["label"] = shapes.get("label") or tuple(shapes["data"][:-1])
    return shapes


@op("MakeLoss", amp="fp32")
def make_loss_output(
    data: Tensor, *, grad_scale: float = 1.0, valid_thresh: float = 0.0, normalization: Literal["batch", "null", "valid"] = "null"
) -> Tensor:
    """data, a loss, with the gradient grad_scale everywhere: the head gradient is ignored.

    normalization divides it by the batch size, or by the number of elements above valid_thresh (at least 1).

    >>> mx.nd.MakeLoss(mx.nd.ones(2), grad_scale=0.5).asnumpy().tolist()
    [1.0, 1.0]
    """
    expect_float("MakeLoss", data)

    def gradient(x: Tensor, _: Tensor) -> Tensor:
        if normalization == "valid":
            count = (x > valid_thresh).sum().clamp(min=1).to(torch.float32)
            return (grad_scale / count).to(x.dtype).expand(x.shape)
        return torch.full_like(x, grad_scale / max(1, x.size(0)) if normalization == "batch" else grad_scale)

    return _run(data, data.detach(), _same, gradient)


@op("make_loss", aliases=["_sparse_make_loss"], amp="fp32")
def make_loss(data: Tensor) -> Tensor:
    """data, a loss, with the gradient 1 everywhere: the head gradient is ignored.

    >>> x = mx.nd.array([3.]); x.attach_grad()
    >>> with mx.autograd.record(): y = mx.nd.make_loss(2 * x)
    >>> y.backward(); x.grad.asnumpy().tolist()
    [2.0]
    """
    return _run(data, data.detach(), _same, lambda x, _: torch.ones_like(x))


@op("softmax_cross_entropy", amp="fp32")
def softmax_cross_entropy(data: Tensor, label: Tensor) -> Tensor:
    """The sum over rows of -log(softmax(data))[label], of shape (1,); data (N, classes), label (N,).

    >>> mx.nd.softmax_cross_entropy(mx.nd.zeros((2, 1)), mx.nd.zeros(2)).shape
    (1,)
    """
    expect_float("softmax_cross_entropy", data)
    if data.dim() != 2:
        raise MXNetError(f"softmax_cross_entropy: data of shape {tuple(data.shape)} must have 2 dimensions (batch, classes). Reshape data.")
    if label.shape != data.shape[:1]:
        expect_shape("softmax_cross_entropy", "label", label, (data.size(0),), "the rows of data")
    index = label.detach().to(torch.int64).clamp(0, data.size(1) - 1).unsqueeze(1)
    logs = torch.log_softmax(data.float() if data.dtype in HALF else data, 1)
    return with_zero_gradients(-logs.gather(1, index).sum().reshape(1).to(data.dtype), label)


@softmax_cross_entropy.complete_shapes
def _cross_entropy_shapes(shapes: dict, **_: object) -> dict:
    if shapes.get("data") is not None:
        shapes["label"] = shapes.get("label") or (shapes["data"][0],)
    return shapes


class _Sparseness(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, data: Tensor, moving_avg: Tensor, target: float, penalty: float, momentum: float) -> Tensor:
        ctx.save_for_backward(data)
        ctx.moving, ctx.options = moving_avg, (target, penalty, momentum)
        return data.view_as(data)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (data,) = ctx.saved_tensors
        target, penalty, momentum = ctx.options
        with torch.no_grad():
            average = ctx.moving.mul_(momentum).add_(data.mean(0).reshape(-1), alpha=1 - momentum)
            push = penalty * ((1 - target) / (1 - average) - target / average)
        return grad + push.reshape(data.shape[1:]).to(grad.dtype), None, None, None, None


@op("IdentityAttachKLSparseReg", amp="fp32", mutates=("moving_avg",))
def identity_attach_kl_sparse_reg(
    data: Tensor, moving_avg: Tensor, *, sparseness_target: float = 0.1, penalty: float = 0.001, momentum: float = 0.9
) -> Tensor:
    """data (activations in (0, 1)), whose gradient also pulls the average activation of every unit to sparseness_target.

    The added gradient is that of penalty * KL(target || average); moving_avg holds the averages over the batch, one a unit, and each backward pass
    moves it: momentum * moving_avg + (1 - momentum) * batch average.

    >>> mx.nd.IdentityAttachKLSparseReg(mx.nd.ones((1, 2)) * 0.5, mx.nd.ones(2)).asnumpy().tolist()
    [[0.5, 0.5]]
    """
    expect_float("IdentityAttachKLSparseReg", data)
    return _Sparseness.apply(data, moving_avg, sparseness_target, penalty, momentum) if data.requires_grad else data.clone()


@identity_attach_kl_sparse_reg.complete_shapes
def _sparseness_shapes(shapes: dict, **_: object) -> dict:
    data = shapes.get("data")
    if data is not None and not shapes.get("moving_avg"):
        units = 1
        for n in data[1:]:
            units *= n
        shapes["moving_avg"] = (units,)
    return shapes
