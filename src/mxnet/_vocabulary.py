"""Vocabulary: tokens, how often they occur, and their numbers; `contrib.text` and the texts of Gluon use it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from .error import MXNetError

#: the number of the unknown token
UNKNOWN = 0


class TextError(MXNetError, AssertionError):
    """Wrong arguments of the text functions."""


class Vocabulary:
    """Numbers for tokens: 0 is the unknown token, then come reserved tokens, then those of the counter by falling count.

    counter          a Counter of tokens (any hashable objects of one type); without it only the special tokens exist
    most_freq_count  take at most so many tokens of the counter
    min_freq         take only tokens that occur so often
    unknown_token    what every other token becomes
    reserved_tokens  tokens that are there in any case

    Example
    -------
    >>> counts = mx.contrib.text.utils.count_tokens_from_str("b b a")
    >>> vocabulary = mx.contrib.text.vocab.Vocabulary(counts)
    >>> vocabulary.to_indices(["a", "b", "c"])
    [2, 1, 0]
    """

    def __init__(self, counter: Counter | None = None, most_freq_count: int | None = None, min_freq: int = 1, unknown_token: Hashable = "<unk>",
                 reserved_tokens: Sequence[Hashable] | None = None) -> None:  # fmt: skip
        if min_freq <= 0:
            raise TextError(f"Vocabulary: min_freq must be positive, got {min_freq}. Use 1 to take all tokens.")
        if reserved_tokens is not None:
            if len(set(reserved_tokens)) != len(reserved_tokens):
                raise TextError(f"Vocabulary: reserved_tokens has a token twice ({list(reserved_tokens)}). Name each once.")
            if unknown_token in reserved_tokens:
                raise TextError(f"Vocabulary: reserved_tokens contains the unknown token {unknown_token!r}. Leave it out.")
        if counter is not None and not isinstance(counter, Counter):
            raise TextError(f"Vocabulary: counter must be a collections.Counter, got {type(counter).__name__}. Pass Counter(tokens).")
        self._unknown_token = unknown_token
        self._reserved_tokens = None if reserved_tokens is None else list(reserved_tokens)
        self._idx_to_token: list = [unknown_token, *(reserved_tokens or ())]
        special = set(self._idx_to_token)
        rows = sorted(sorted((counter or {}).items(), key=lambda row: row[0]), key=lambda row: row[1], reverse=True)
        chosen = [token for token, count in rows if count >= min_freq and token not in special]
        self._idx_to_token += chosen if most_freq_count is None else chosen[:most_freq_count]
        self._token_to_idx = {token: i for i, token in enumerate(self._idx_to_token)}

    def __len__(self) -> int:
        return len(self._idx_to_token)

    @property
    def token_to_idx(self) -> dict:
        """Numbers by token."""
        return self._token_to_idx

    @property
    def idx_to_token(self) -> list:
        """Tokens by number."""
        return self._idx_to_token

    @property
    def unknown_token(self) -> Any:
        """What unknown tokens become."""
        return self._unknown_token

    @property
    def reserved_tokens(self) -> list | None:
        """Tokens that were reserved, or None."""
        return self._reserved_tokens

    def to_indices(self, tokens: Any) -> Any:
        """The number of a token, or a list of numbers for a list of tokens; 0 for unknown ones."""
        if isinstance(tokens, list):  # a tuple is one token
            return [self._token_to_idx.get(t, UNKNOWN) for t in tokens]
        return self._token_to_idx.get(tokens, UNKNOWN)

    def to_tokens(self, indices: Any) -> Any:
        """The token of a number, or a list of tokens; ValueError for numbers that there are not."""
        if isinstance(indices, (list, tuple)):
            return [self._token(i) for i in indices]
        return self._token(indices)

    def _token(self, index: Any) -> Any:
        if isinstance(index, str) or not hasattr(index, "__index__"):
            kind = TypeError if isinstance(index, str) else ValueError
            raise kind(f"Vocabulary: an index must be an int, got {index!r}. Use 0 to {len(self) - 1}.")
        if not 0 <= index < len(self):
            raise ValueError(f"Vocabulary: there is no token {index} (0 to {len(self) - 1}). Check the indices.")
        return self._idx_to_token[index]


def count_tokens_from_str(source_str: str, token_delim: str = " ", seq_delim: str = "\n", to_lower: bool = False,
                          counter_to_update: Counter | None = None) -> Counter:  # fmt: skip
    """A Counter of the tokens in a text, split at token_delim and seq_delim (both are regular expressions).

    to_lower            count tokens in lower case
    counter_to_update   a Counter that is added to and returned

    Example
    -------
    >>> mx.contrib.text.utils.count_tokens_from_str("to be or not to be").most_common(1)
    [('to', 2)]
    """
    tokens = [t.lower() if to_lower else t for t in re.split(f"{token_delim}|{seq_delim}", source_str) if t]
    if counter_to_update is None:
        return Counter(tokens)
    counter_to_update.update(tokens)
    return counter_to_update
