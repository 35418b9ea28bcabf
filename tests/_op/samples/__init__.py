"""Sample calls of every operator: recorded ones of the original, and tables written by hand for what it has no recorded call of.

`samples_of(name)` is what generic tests and the coverage page run. A new operator needs a recorded case or one row in a table here.
"""

from __future__ import annotations

from collections import defaultdict

from . import contrib, exceptions, graph, image, indexing, nn, optimizer, quantized
from .recorded import recorded
from .sample import Sample, Sparse

TABLES = (contrib, graph, image, indexing, nn, optimizer, quantized)


def written() -> dict[str, list[Sample]]:
    """The samples written by hand, by operator."""
    found: dict[str, list[Sample]] = defaultdict(list)
    for table in TABLES:
        for s in table.SAMPLES:
            found[s.op].append(s)
    return found


WRITTEN = written()


def samples_of(name: str) -> list[Sample]:
    """All samples of an operator."""
    return [*recorded().get(name, []), *WRITTEN.get(name, [])]


__all__ = ["exceptions", "Sample", "Sparse", "samples_of"]
