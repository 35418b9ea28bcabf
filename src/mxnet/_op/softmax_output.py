"""SoftmaxOutput: softmax whose gradient is that of the cross entropy, whatever the head gradient."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .nn_checks import HALF, expect_float, same_dtype
from .registry import op


class _CrossEntropy(torch.autograd.Function):
    """Probabilities forward; scale * (probability - target) backward. The class axis is the last one."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, label: Tensor, options: dict) -> Tensor:
        probabilities = torch.softmax(scores, -1)
        ctx.save_for_backward(probabilities, label)
        ctx.options = options
        ctx.set_materialize_grads(False)
        return probabilities

    @staticmethod
    def backward(ctx: Any, head: Tensor | None) -> tuple[Tensor, Tensor | None, None]:
        probabilities, label = ctx.saved_tensors
        grad = _gradient(probabilities.float() if probabilities.dtype in HALF else probabilities, label, **ctx.options)
        if ctx.options["out_grad"] and head is not None:
            grad = grad * head
        return grad.to(probabilities.dtype), None, None


def _gradient(
    p: Tensor, label: Tensor, *, grad_scale: float, ignore_label: float, use_ignore: bool, normalization: str, batch: int, spatial: int,
    smooth_alpha: float, **_: object,
) -> Tensor:  # fmt: skip
    if label.shape == p.shape:  # probabilities as labels: no option but the scale applies
        return (p - label) * grad_scale
    classes = p.size(-1)
    index = label.to(torch.int64).unsqueeze(-1)
    inside = (index >= 0) & (index < classes)
    peak, rest = 1.0, 0.0
    if smooth_alpha:
        peak, rest = 1.0 - smooth_alpha, smooth_alpha / (classes - 1) if classes > 1 else 0.0
    grad = p - rest if rest else p.clone()
    grad.scatter_add_(-1, index.clamp(0, classes - 1), torch.where(inside, rest - peak, 0.0).to(p.dtype))
    ignored = label.to(torch.int64) == int(ignore_label)
    if use_ignore:
        grad = grad.masked_fill(ignored.unsqueeze(-1), 0.0)
    if normalization == "valid":
        return grad * (grad_scale / (~ignored).sum().clamp(min=1).to(p.dtype))
    return grad * (grad_scale / max(1, spatial * (batch if normalization == "batch" else 1)))


def _label(data: Tensor, label: Tensor, multi_output: bool, preserve_shape: bool) -> Tensor:
    """The label as one class index for each softmax, or of data's shape where it holds probabilities."""
    shape, given = tuple(data.shape), tuple(label.shape)
    if given == shape:
        return label
    if multi_output:
        rest = 1
        for n in shape[2:]:
            rest *= n
        if given in ((shape[0], *shape[2:]), (shape[0], 1, *shape[2:]), (shape[0], rest)):
            return label.reshape(shape[0], *shape[2:])
        wanted = (shape[0], *shape[2:])
    else:
        wanted = shape[:-1]
        if given == wanted and (preserve_shape or len(shape) == 2):
            return label
        if not preserve_shape and given == (shape[0],):
            return label
        if given == wanted:  # one softmax a sample, whatever the shape of data: the first labels count
            return label.reshape(-1)[: shape[0]]
    raise MXNetError(
        f"SoftmaxOutput: label has shape {given}, data {shape} needs {wanted} (or {shape} for probabilities). Pass a label of that shape."
    )


@op("SoftmaxOutput", aliases=["Softmax"], amp="fp32")
def softmax_output(
    data: Tensor, label: Tensor, *, grad_scale: float = 1.0, ignore_label: float = -1.0, multi_output: bool = False, use_ignore: bool = False,
    preserve_shape: bool = False, normalization: Literal["batch", "null", "valid"] = "null", out_grad: bool = False, smooth_alpha: float = 0.0,
) -> Tensor:  # fmt: skip
    """softmax(data), with the gradient of the cross entropy to label: grad_scale * (softmax - onehot(label)), the head gradient ignored.

    The softmax runs over all axes but the first, over the last one (preserve_shape), or over axis 1 (multi_output: data (N, classes, spatial...),
    label (N, spatial...)). A label of data's shape holds probabilities. smooth_alpha moves that share of the target to the other classes.
    use_ignore: labels equal to ignore_label get no gradient. normalization divides by the batch size, or by the number of labels that are not
    ignore_label; with multi_output and unless "valid" also by the spatial size. Labels without a class count as all wrong. label has data's type.
    out_grad: multiply by the head gradient.

    Differs: out_grad multiplies by the head gradient as 0.12 does (1.9.1 multiplies by the output).

    >>> x = mx.nd.zeros((1, 2)); x.attach_grad()
    >>> with mx.autograd.record(): y = mx.nd.SoftmaxOutput(x, mx.nd.array([1.]))
    >>> y.backward(); x.grad.asnumpy().tolist()
    [[0.5, -0.5]]
    """
    expect_float("SoftmaxOutput", data)
    same_dtype("SoftmaxOutput", data=data, label=label)
    if data.dim() < 2:
        raise MXNetError(f"SoftmaxOutput: data of shape {tuple(data.shape)} needs at least 2 dimensions (batch, classes). Reshape data.")
    target = _label(data, label.detach(), multi_output, preserve_shape)  # a label's gradient array is left as it is
    probabilities_given = target.shape == data.shape
    spatial = data.numel() // max(1, data.size(0) * data.size(1)) if multi_output else 1
    if multi_output:
        scores = data.movedim(1, -1)
        target = target.movedim(1, -1) if probabilities_given else target
    elif preserve_shape or data.dim() == 2:
        scores = data
    else:
        scores = data.flatten(1)
        target = target.flatten(1) if probabilities_given else target
    batch = target.numel() if not multi_output else target.size(0)
    options = {"grad_scale": grad_scale, "ignore_label": ignore_label, "use_ignore": use_ignore, "normalization": normalization, "batch": batch,
               "spatial": max(1, spatial), "smooth_alpha": 0.0 if multi_output else smooth_alpha, "out_grad": out_grad}  # fmt: skip
    result = _CrossEntropy.apply(scores, target, options) if data.requires_grad else torch.softmax(scores, -1)
    return result.movedim(-1, 1).contiguous() if multi_output else result.reshape(data.shape)


@softmax_output.complete_shapes
def _shapes(shapes: dict, *, multi_output: bool, **_: object) -> dict:
    data = shapes.get("data")
    if data is not None and not shapes.get("label"):
        shapes["label"] = (data[0], *data[2:]) if multi_output else tuple(data[:-1])
    return shapes
