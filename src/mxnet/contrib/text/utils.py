"""Counting tokens."""

from __future__ import annotations

from ..._vocabulary import count_tokens_from_str

__all__ = ["count_tokens_from_str"]
