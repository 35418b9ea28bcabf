"""Vocabulary: tokens and their numbers."""

from __future__ import annotations

from ..._vocabulary import UNKNOWN, TextError, Vocabulary  # noqa: F401  the embeddings use the first two

__all__ = ["Vocabulary"]
