"""Losses on classes, probabilities and sequences."""

from __future__ import annotations

from typing import Any

from ._loss_base import Loss, _apply_weighting, _reshape_like


def _logistic(F: Any, pred: Any, label: Any) -> Any:
    """-label log(s) - (1 - label) log(1 - s) with s = sigmoid(pred), in a form that does not overflow."""
    return F.relu(pred) - pred * label + F.Activation(-F.abs(pred), act_type="softrelu")


class SigmoidBinaryCrossEntropyLoss(Loss):
    """-label log(p) - (1 - label) log(1 - p) with p = sigmoid(pred) (from_sigmoid: p = pred), averaged over all axes but the batch.

    pos_weight, an array that broadcasts against label, multiplies the first term.
    """

    def __init__(self, from_sigmoid: bool = False, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_sigmoid = from_sigmoid

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None, pos_weight: Any = None) -> Any:
        """One number for each sample."""
        label = _reshape_like(F, label, pred)
        if self._from_sigmoid:
            tiny = 1e-12
            positive = F.log(pred + tiny) * label
            if pos_weight is not None:
                positive = F.broadcast_mul(positive, pos_weight)
            loss = -(positive + F.log(1.0 - pred + tiny) * (1.0 - label))
        elif pos_weight is None:
            loss = _logistic(F, pred, label)
        else:
            scale = 1 + F.broadcast_mul(pos_weight - 1, label)
            loss = pred - pred * label + scale * (F.Activation(-F.abs(pred), act_type="softrelu") + F.relu(-pred))
        return self._mean(F, loss, self._weight, sample_weight)


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss


class SoftmaxCrossEntropyLoss(Loss):
    """-log p[label] with p = softmax(pred) along `axis`, averaged over all axes but the batch.

    sparse_label  True: label holds class numbers (pred's shape without `axis`); False: label holds probabilities (pred's shape)
    from_logits   pred already is log_softmax of something

    >>> loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    >>> round(float(loss(mx.nd.zeros((1, 4)), mx.nd.array([2])).asscalar()), 4)
    1.3863
    """

    def __init__(self, axis: int = -1, sparse_label: bool = True, from_logits: bool = False, weight: float | None = None, batch_axis: int = 0,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(weight, batch_axis, **kwargs)
        self._axis = axis
        self._sparse_label = sparse_label
        self._from_logits = from_logits

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """One number for each sample."""
        if not self._from_logits:
            pred = F.log_softmax(pred, axis=self._axis)
        if self._sparse_label:
            loss = -F.pick(pred, label, axis=self._axis, keepdims=True)
        else:
            loss = -F.sum(pred * _reshape_like(F, label, pred), axis=self._axis, keepdims=True)
        return self._mean(F, loss, self._weight, sample_weight)


SoftmaxCELoss = SoftmaxCrossEntropyLoss


class KLDivLoss(Loss):
    """label (log(label) - pred), summed over all axes but the batch: pred are log probabilities, or from_logits=False scores along `axis`."""

    def __init__(self, from_logits: bool = True, axis: int = -1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._axis = axis

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """One number for each sample."""
        if not self._from_logits:
            pred = F.log_softmax(pred, axis=self._axis)
        loss = _apply_weighting(F, label * (F.log(label + 1e-12) - pred), self._weight, sample_weight)
        return F.sum(loss, axis=self._batch_axis, exclude=True)


class CTCLoss(Loss):
    """Connectionist temporal classification: -log of the probability of a label sequence, over all alignments with it.

    layout, label_layout  "NTC" or "TNC" for pred, "NT" or "TN" for label
    pred (N, T, C) unnormalized, the last class is the blank; label (N, L) padded with -1, or with lengths given.

    Source: Graves et al. 2006.
    """

    def __init__(self, layout: str = "NTC", label_layout: str = "NT", weight: float | None = None, **kwargs: Any) -> None:
        if layout not in ("NTC", "TNC"):
            raise AssertionError(f"CTCLoss: layout is {layout!r}. Use NTC or TNC.")
        if label_layout not in ("NT", "TN"):
            raise AssertionError(f"CTCLoss: label_layout is {label_layout!r}. Use NT or TN.")
        self._layout = layout
        self._label_layout = label_layout
        super().__init__(weight, label_layout.find("N"), **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, pred_lengths: Any = None, label_lengths: Any = None,
                       sample_weight: Any = None) -> Any:  # fmt: skip
        """One number for each sample."""
        if self._layout == "NTC":
            pred = F.swapaxes(pred, dim1=0, dim2=1)
        if self._batch_axis == 1:
            label = F.swapaxes(label, dim1=0, dim2=1)
        lengths = {}
        if pred_lengths is not None:
            lengths["data_lengths"] = pred_lengths
        if label_lengths is not None:
            lengths["label_lengths"] = label_lengths
        loss = F.CTCLoss(pred, label, **lengths, use_data_lengths=pred_lengths is not None, use_label_lengths=label_lengths is not None,
                         blank_label="last")  # fmt: skip
        return _apply_weighting(F, loss, self._weight, sample_weight)


class HingeLoss(Loss):
    """max(0, margin - pred label) for labels -1 and 1, averaged over all axes but the batch."""

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """One number for each sample."""
        return self._mean(F, F.relu(self._margin - pred * _reshape_like(F, label, pred)), self._weight, sample_weight)


class SquaredHingeLoss(Loss):
    """max(0, margin - pred label)^2 for labels -1 and 1, averaged over all axes but the batch."""

    def __init__(self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """One number for each sample."""
        return self._mean(F, F.square(F.relu(self._margin - pred * _reshape_like(F, label, pred))), self._weight, sample_weight)


class LogisticLoss(Loss):
    """log(1 + exp(-pred label)) for labels -1 and 1 (label_format="signed") or 0 and 1 ("binary"), averaged over all axes but the batch."""

    def __init__(self, weight: float | None = None, batch_axis: int = 0, label_format: str = "signed", **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        if label_format not in ("signed", "binary"):
            raise ValueError(f"LogisticLoss: label_format is {label_format!r}. Use signed or binary.")
        self._label_format = label_format

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """One number for each sample."""
        label = _reshape_like(F, label, pred)
        if self._label_format == "signed":
            label = (label + 1.0) / 2.0
        return self._mean(F, _logistic(F, pred, label), self._weight, sample_weight)
