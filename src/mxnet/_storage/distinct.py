"""The distinct values of row numbers, in order, and where each number is among them."""

from __future__ import annotations

import numpy as np
import torch

from .kernels import load


def marked(ids: torch.Tensor, size: int) -> torch.Tensor:
    """The distinct ids ascending, for flat int64 ids in 0..size-1 on a CPU, where ids are many."""
    return torch.from_numpy(load("ids").marked(ids.contiguous().numpy(), np.zeros((size + 63) // 64, np.uint64)))


def distinct(ids: torch.Tensor, size: int, place_type: torch.dtype = torch.int64) -> tuple[torch.Tensor, torch.Tensor]:
    """(distinct ids ascending, position of each id among them), for flat int64 ids in 0..size-1.

    On a CPU: a bitmap of `size` bits where ids are many, else a radix sort whose cost follows the ids alone.
    """
    n = ids.shape[0]
    if ids.device.type != "cpu" or size >= 2**31 or n >= 2**31:
        found, place = torch.unique(ids, return_inverse=True)
        return found, place.to(place_type)
    if not n:
        return ids.clone(), torch.zeros(0, dtype=place_type)
    place = torch.empty(n, dtype=place_type)
    words = (size + 63) // 64
    if words <= 2 * n:
        found = load("ids").by_bitmap(ids.contiguous().numpy(), np.zeros(words, np.uint64), np.empty(words, np.int32), place.numpy())
    else:
        found = load("ids").by_sort(ids.contiguous().numpy(), size, place.numpy())
    return torch.from_numpy(found), place
