"""Rows of dense and sparse values: a range of them, or chosen ones."""

from __future__ import annotations

from typing import Any

import torch

from .._storage.slicing import row_block, take_rows


def count(value: Any) -> int:
    """How many rows there are."""
    return int(value.shape[0])


def rows(value: Any, start: int, stop: int) -> Any:
    """Rows start..stop-1. Dense rows share memory with the source; row-sparse ones become dense."""
    if isinstance(value, torch.Tensor):
        return value[start:stop]
    return row_block(value, start, stop) if value.stype == "csr" else value.gather(torch.arange(start, stop, device=value.device))


def take(value: Any, index: torch.Tensor) -> Any:
    """The rows of an index (int64); row-sparse ones become dense."""
    if isinstance(value, torch.Tensor):
        return value.index_select(0, index)
    return take_rows(value, index) if value.stype == "csr" else value.gather(index)
