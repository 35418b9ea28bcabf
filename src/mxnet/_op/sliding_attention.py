"""Attention within a sliding window: every position sees its neighbours up to `w` steps away, each head with its own dilation.

Sequences are (batch, length, heads, units). Scores are (batch, length, heads, window): entry j of position i is about position
i + dilation[head] * (j - w); the window has 2 w + 1 entries, or w + 1 (the past and itself) where symmetric is false.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..error import MXNetError
from .nn_checks import expect_float, expect_shape, same_dtype
from .registry import op


def _window(name: str, w: int, symmetric: bool) -> int:
    if w < 0:
        raise MXNetError(f"{name}: w {w} must not be negative. Pass the number of neighbours on each side.")
    return 2 * w + 1 if symmetric else w + 1


def _positions(length: int, dilation: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """((length, heads) positions that entry `step` is about, which of them exist)."""
    place = torch.arange(length, device=dilation.device).unsqueeze(1) + dilation.long() * step
    return place.clamp(0, max(0, length - 1)), (place >= 0) & (place < length)


def _shifted(t: Tensor, dilation: Tensor, step: int) -> Tensor:
    """t (B, L, H, U) read at the positions of entry `step`; 0 where there is none."""
    place, exists = _positions(t.size(1), dilation, step)
    heads = torch.arange(t.size(2), device=t.device)
    return t[:, place, heads] * exists.unsqueeze(2).to(t.dtype)


@op("_contrib_sldwin_atten_score", aliases=["_npx_sldwin_atten_score"], amp="low")
def sldwin_atten_score(query: Tensor, key: Tensor, dilation: Tensor, *, w: int, symmetric: bool = True) -> Tensor:
    """query . key for every entry of the window; 0 beyond the ends of the sequence. dilation (heads,) holds integers.

    >>> q = mx.nd.ones((1, 4, 1, 2))
    >>> mx.nd.contrib.sldwin_atten_score(q, q, mx.nd.array([1], dtype="int32"), w=1)[0, 0, 0].asnumpy().tolist()
    [0.0, 2.0, 2.0]
    """
    name = "sldwin_atten_score"
    expect_float(name, query, "query")
    same_dtype(name, query=query, key=key)
    if query.dim() != 4:
        raise MXNetError(f"{name}: query of shape {tuple(query.shape)} must be (batch, length, heads, units). Reshape it.")
    expect_shape(name, "key", key, tuple(query.shape), "the shape of query")
    expect_shape(name, "dilation", dilation, (query.size(2),), "one number a head")
    return torch.stack([(query * _shifted(key, dilation, j - w)).sum(3) for j in range(_window(name, w, symmetric))], 3)


@op("_contrib_sldwin_atten_mask_like", aliases=["_npx_sldwin_atten_mask_like"], zero_grad=True)
def sldwin_atten_mask_like(score: Tensor, dilation: Tensor, valid_length: Tensor, *, w: int, symmetric: bool = True) -> Tensor:
    """1 where both positions of a score lie within valid_length (batch,), else 0; shape and type of score.

    >>> score, one = mx.nd.ones((1, 4, 1, 3)), mx.nd.array([1])
    >>> mx.nd.contrib.sldwin_atten_mask_like(score, one, mx.nd.array([2]), w=1)[0, :, 0].asnumpy().tolist()
    [[0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    name = "sldwin_atten_mask_like"
    expect_float(name, score, "score")
    if score.dim() != 4 or score.size(3) != _window(name, w, symmetric):
        raise MXNetError(
            f"{name}: score of shape {tuple(score.shape)} must be (batch, length, heads, {_window(name, w, symmetric)}). Check w and symmetric."
        )
    expect_shape(name, "dilation", dilation, (score.size(2),), "one number a head")
    expect_shape(name, "valid_length", valid_length, (score.size(0),), "one length a sequence")
    steps = torch.arange(score.size(3), device=score.device) - w
    own = torch.arange(score.size(1), device=score.device).reshape(1, -1, 1, 1)
    other = own + dilation.long().reshape(1, 1, -1, 1) * steps
    limit = valid_length.reshape(-1, 1, 1, 1)
    return ((own < limit) & (other >= 0) & (other < limit)).to(score.dtype)


@op("_contrib_sldwin_atten_context", aliases=["_npx_sldwin_atten_context"], amp="low")
def sldwin_atten_context(score: Tensor, value: Tensor, dilation: Tensor, *, w: int, symmetric: bool = True) -> Tensor:
    """The values of the window weighted by score: (batch, length, heads, units).

    >>> score, value = mx.nd.ones((1, 4, 1, 3)), mx.nd.ones((1, 4, 1, 1))
    >>> mx.nd.contrib.sldwin_atten_context(score, value, mx.nd.array([1]), w=1).asnumpy().ravel().tolist()
    [2.0, 3.0, 3.0, 2.0]
    """
    name = "sldwin_atten_context"
    expect_float(name, score, "score")
    same_dtype(name, score=score, value=value)
    window = _window(name, w, symmetric)
    if value.dim() != 4:
        raise MXNetError(f"{name}: value of shape {tuple(value.shape)} must be (batch, length, heads, units). Reshape it.")
    expect_shape(name, "score", score, (*value.shape[:3], window), "batch, length and heads of value, the window")
    expect_shape(name, "dilation", dilation, (value.size(2),), "one number a head")
    total = score[..., :1] * _shifted(value, dilation, -w)
    for j in range(1, window):
        total = total + score[..., j : j + 1] * _shifted(value, dilation, j - w)
    return total
