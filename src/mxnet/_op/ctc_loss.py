"""CTCLoss: connectionist temporal classification (Graves et al., 2006)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import expect_float, expect_shape
from .registry import op


@op("CTCLoss", aliases=["ctc_loss", "_contrib_CTCLoss", "_contrib_ctc_loss"], amp="fp32", output_names=("output0",))
def ctc_loss(
    data: Tensor,
    label: Tensor,
    data_lengths: Tensor | None = None,
    label_lengths: Tensor | None = None,
    *,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: Literal["first", "last"] = "first",
) -> Tensor:
    """-log P(label | softmax(data)) of each sequence, summed over all alignments.

    data (T, N, C) before the softmax, label (N, L) with L <= T; result (N,). blank_label "first": class 0 is the blank, labels are
    1 ... C-1, padding is 0; "last": class C-1 is the blank, labels are 0 ... C-2, padding is -1. Without label_lengths a label ends at
    its first padding. A label that does not fit into its sequence, or an empty one, has loss and gradient 0.
    Gradients: of data; labels and lengths get zeros. float16 and bfloat16 are computed in float32.
    Errors: shapes that do not fit; IndexError for labels or lengths out of range.

    >>> round(float(mx.nd.CTCLoss(mx.nd.zeros((2, 1, 2)), mx.nd.array([[1, 0]])).asscalar()), 4)  # 3 of 4 paths: log(4 / 3)
    0.2877
    """
    if data_lengths is not None and use_label_lengths and not use_data_lengths and label_lengths is None:
        data_lengths, label_lengths = None, data_lengths
    steps, batch = _check(data, label)
    blank, padding = (0, 0) if blank_label == "first" else (data.shape[2] - 1, -1)
    targets = label.long()
    input_sizes = (
        _lengths("data_lengths", data_lengths, batch, 1, steps) if use_data_lengths else torch.full((batch,), steps, device=data.device)
    )
    if use_label_lengths:
        target_sizes = _lengths("label_lengths", label_lengths, batch, 0, targets.shape[1])
    else:
        target_sizes = ((targets == padding).cumsum(1) == 0).sum(1)
    used = torch.arange(targets.shape[1], device=targets.device) < target_sizes[:, None]
    targets = torch.where(used, targets, 1 if blank == 0 and data.shape[2] > 1 else 0)
    if not targets.is_meta and targets.numel():
        low, high = int(targets.min()), int(targets.max())
        if low < 0 or high >= data.shape[2]:
            raise IndexError(f"label {low if low < 0 else high} is out of range for {data.shape[2]} classes")
    scores = data if data.dtype in (torch.float32, torch.float64) else data.float()
    if use_data_lengths:  # what is behind the end may be anything, infinity too
        beyond = torch.arange(steps, device=data.device)[:, None] >= input_sizes
        scores = scores.masked_fill(beyond.unsqueeze(2), 0)
    log_probs = torch.log_softmax(scores, 2)
    loss = torch.nn.functional.ctc_loss(log_probs, targets, input_sizes, target_sizes, blank=blank, reduction="none", zero_infinity=True)
    loss = torch.where(target_sizes > 0, loss, 0).to(data.dtype)
    return with_zero_gradients(loss, label, data_lengths, label_lengths)


def _check(data: Tensor, label: Tensor) -> tuple[int, int]:
    if data.ndim != 3 or label.ndim != 2:
        raise MXNetError(
            f"CTCLoss: data must have shape (T, N, C) and label (N, L), got {tuple(data.shape)} and {tuple(label.shape)}. Reshape them."
        )
    expect_float("CTCLoss", data)
    steps, batch, _ = data.shape
    if label.shape[0] != batch:
        raise MXNetError(f"CTCLoss: label has {label.shape[0]} sequences, data {batch}. Pass one label for each sequence.")
    if label.shape[1] > steps:
        raise MXNetError(f"CTCLoss: labels of {label.shape[1]} classes cannot be longer than the {steps} steps of data. Cut the padding.")
    return steps, batch


def _lengths(name: str, lengths: Tensor | None, batch: int, least: int, most: int) -> Tensor:
    if lengths is None:
        raise MXNetError(f"CTCLoss: use_{name} needs the input {name}. Pass it.")
    expect_shape("CTCLoss", name, lengths, (batch,), "one for each sequence")
    sizes = lengths.long()
    if not sizes.is_meta and batch:
        low, high = int(sizes.min()), int(sizes.max())
        if low < least or high > most:
            raise IndexError(f"{name} {low if low < least else high} is out of range, lengths must be {least} to {most}")
    return sizes


@ctc_loss.input_rule
def _(*, use_data_lengths: bool, use_label_lengths: bool, **_: object) -> tuple[str, ...]:
    names = ["data", "label"]
    names += ["data_lengths"] if use_data_lengths else []
    return (*names, "label_lengths") if use_label_lengths else tuple(names)


@ctc_loss.complete_shapes
def _(shapes: dict, *, use_data_lengths: bool = False, use_label_lengths: bool = False, **_: object) -> dict:
    data = shapes.get("data")
    if data is None or len(data) != 3:
        return shapes
    known = {"data_lengths": use_data_lengths, "label_lengths": use_label_lengths}
    return {**shapes, **{n: (data[1],) for n, used in known.items() if used and shapes.get(n) is None}}


@ctc_loss.infer
def _(data: Tensor, label: Tensor, *_: Tensor, **__: object) -> Tensor:
    _check(data, label)
    return data.new_empty(data.shape[1])
