"""Additional samplers and text data sets."""

from __future__ import annotations

from .sampler import IntervalSampler

__all__ = ["IntervalSampler"]
