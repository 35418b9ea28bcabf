"""Gradient compression: each element is sent as -threshold, 0 or +threshold, and what is lost is added to the next gradient."""

from __future__ import annotations

from typing import Any

import torch

from .._op.params import Spec
from ..error import MXNetError


class TwoBit:
    """Two-bit compression with error feedback (1-bit SGD's idea, Seide et al. 2014); keeps what is lost for each source."""

    def __init__(self, threshold: float) -> None:
        if threshold <= 0:
            raise MXNetError(f"gradient compression: threshold {threshold} must be above 0. Use e.g. 0.5.")
        self.threshold = threshold
        self.lost: dict[Any, torch.Tensor] = {}

    def __call__(self, source: Any, gradient: torch.Tensor) -> torch.Tensor:
        """What arrives of a gradient."""
        rest = self.lost.get(source)
        if rest is None or rest.shape != gradient.shape:
            rest = self.lost[source] = torch.zeros_like(gradient)
        rest.add_(gradient)
        sent = self.threshold * ((rest >= self.threshold).to(rest.dtype) - (rest <= -self.threshold).to(rest.dtype))
        rest.sub_(sent)
        return sent


def from_params(params: dict) -> TwoBit:
    """The compression that `set_gradient_compression({"type": "2bit", "threshold": 0.5})` asks for."""
    params = dict(params)
    kind = params.pop("type", None)
    if kind != "2bit":
        raise MXNetError(f"gradient compression: type {kind!r} is unknown. Use '2bit'.")
    threshold = Spec("threshold", float, 0.5).parse(params.pop("threshold", 0.5), "gradient compression")
    if params:
        raise MXNetError(f"gradient compression: unknown parameter {next(iter(params))!r}. Use type and threshold.")
    return TwoBit(threshold)
