"""Text: counting tokens, vocabularies, embeddings of tokens read from files."""

from __future__ import annotations

from . import embedding, utils, vocab
