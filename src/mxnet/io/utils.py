"""Helpers of the iterators under the place that programs know."""

from __future__ import annotations

from .ndarray_iter import named_arrays

__all__ = ["named_arrays"]
