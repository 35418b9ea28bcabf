"""Numbers from text files, read in bounded pieces of whole lines."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..error import MXNetError

#: Bytes read at a time; a line may be longer.
CHUNK = 1 << 22
#: A longer line is no line of numbers.
LONGEST_LINE = 1 << 28


def chunks(f: Any, owner: str, path: str) -> Iterator[tuple[bytes, int, int]]:
    """(text of whole lines, number of the first line, its offset)."""
    rest, line, offset = b"", 1, 0
    while True:
        block = f.read(CHUNK)
        text = rest + block
        cut = text.rfind(b"\n") + 1 if block else len(text)
        rest = text[cut:]
        if len(rest) > LONGEST_LINE:
            raise MXNetError(
                f"{owner}: {path}: line {line + text.count(10)}: longer than {LONGEST_LINE} bytes. This is no file of such lines."
            )
        if cut:
            yield text[:cut], line, offset
            line += text.count(b"\n", 0, cut)
            offset += cut
        if not block:
            return


def numbers(text: bytes, expected: int, dtype: Any = np.float64) -> np.ndarray | None:
    """All numbers of a text with blanks between, or None if something else is among them or their number differs."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # before NumPy 2.3 text that is no number is only a warning
        try:
            found = np.fromstring(text.decode("latin-1"), dtype=dtype, sep=" ")
        except (ValueError, DeprecationWarning):
            return None
    return found if found.size == expected else None
