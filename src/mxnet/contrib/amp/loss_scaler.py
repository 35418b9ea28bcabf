"""LossScaler: a loss scale that grows while gradients are finite and falls when they overflow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch

from ...error import MXNetError

LIMIT = 2.0**24


class LossScaler:
    """`loss_scale` starts at 2**16. After 2000 steps in a row without overflow it doubles (at most 2**24), at an overflow it halves (at least 1).

    Differs from MXNet: the halved scale holds from the next iteration on, not from the one after it.

    Example
    -------
    >>> scaler = mx.contrib.amp.LossScaler()
    >>> scaler.loss_scale
    65536.0

    Source: P. Micikevicius et al., "Mixed Precision Training", 2018, section 3.2.
    """

    def __init__(self) -> None:
        self._loss_scale = 2.0**16
        self._max_loss_scale = LIMIT
        self._scale_seq_len = 2000
        self._unskipped = 0

    @property
    def loss_scale(self) -> float:
        """The factor of the loss in the next backward."""
        return self._loss_scale

    def has_overflow(self, params: Iterable[Any]) -> bool:
        """Whether a gradient of the parameters is infinite or NaN; the scale is changed accordingly, so call it once a step."""
        if finite(params):
            self._unskipped += 1
            if self._unskipped >= self._scale_seq_len:
                self._unskipped = 0
                self._loss_scale = min(self._loss_scale * 2, self._max_loss_scale)
            return False
        self._unskipped = 0
        self._loss_scale = max(self._loss_scale / 2, 1.0)
        return True

    def state(self) -> dict[str, float]:
        """What a trainer's states file keeps."""
        return {"loss_scale": self._loss_scale, "unskipped": self._unskipped}

    def restore(self, state: Any) -> None:
        """Go on where `state` was taken; None leaves everything as it is."""
        if state is None:
            return
        scale, unskipped = (state.get("loss_scale"), state.get("unskipped")) if isinstance(state, dict) else (None, None)
        if not isinstance(scale, (int, float)) or not 1 <= scale <= LIMIT or not isinstance(unskipped, int) or unskipped < 0:
            raise MXNetError(f"LossScaler: {state!r} is no state of a loss scaler. The states file is damaged.")
        self._loss_scale, self._unskipped = float(scale), unskipped


def finite(params: Iterable[Any]) -> bool:
    """Whether all gradients of the parameters are finite. One number comes back from each device."""
    groups: dict[torch.device, list[torch.Tensor]] = defaultdict(list)
    for p in params:
        if p.grad_req != "null":
            for g in p.list_grad():
                values = g._d if g.stype == "default" else g._d.data
                if values.numel():
                    groups[values.device].append(values)
    for tensors in groups.values():
        largest = torch.stack([n.float() for n in torch._foreach_norm(tensors, float("inf"))])
        if not bool(torch.isfinite(largest).all()):
            return False
    return True
