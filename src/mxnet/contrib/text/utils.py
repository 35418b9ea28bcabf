"""Counting tokens."""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["count_tokens_from_str"]


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
