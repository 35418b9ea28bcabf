"""Sharing a kernel among threads: numba kernels release the GIL, so plain Python threads do (and survive fork, unlike OpenMP ones)."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

#: Multiply-adds below which one thread is faster than sharing.
SMALL = 400_000
_pool: list[ThreadPoolExecutor | None] = [None]


def share(kernel: Callable[[int, int], Any], size: int, work: int) -> None:
    """Run kernel(begin, end) over parts of 0..size that together cover it, on torch's number of threads if the work is worth it."""
    threads = torch.get_num_threads()
    if threads == 1 or work < SMALL or size < threads:
        kernel(0, size)
        return
    pool = _pool[0]
    if pool is None or pool._max_workers < threads - 1:
        pool = _pool[0] = ThreadPoolExecutor(threads - 1, thread_name_prefix="mxnet-kernel")
    jobs = [pool.submit(kernel, size * t // threads, size * (t + 1) // threads) for t in range(1, threads)]
    kernel(0, size // threads)
    for job in jobs:
        job.result()


def threads_for(work: int) -> int:
    """How many threads `share` would use."""
    return 1 if work < SMALL else torch.get_num_threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _pool.__setitem__(0, None))
