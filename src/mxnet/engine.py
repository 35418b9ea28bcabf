"""Bulk execution: MXNet's way to run several operators as one. torch schedules by itself, so the size is only remembered."""

from __future__ import annotations

_SIZE = [15]


def set_bulk_size(size: int) -> int:
    """Remember a bulk size; the previous one."""
    previous, _SIZE[0] = _SIZE[0], int(size)
    return previous


class _Bulk:
    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        self.old = set_bulk_size(self.size)

    def __exit__(self, *exc: object) -> None:
        set_bulk_size(self.old)


def bulk(size: int) -> _Bulk:
    """`with bulk(n):` a bulk size inside the block."""
    return _Bulk(size)
