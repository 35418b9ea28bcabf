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


def share(kernel: Callable[[int, int], Any], size: int, work: int, cut: Callable[[int, int], int] | None = None) -> None:
    """Run kernel(begin, end) over parts of 0..size that together cover it, on torch's number of threads if the work is worth it.

    cut(t, threads) is where part t begins, where equal parts would not be equal work.
    """
    threads = torch.get_num_threads()
    if threads == 1 or work < SMALL or size < threads:
        kernel(0, size)
        return
    pool = _pool[0]
    if pool is None or pool._max_workers < threads - 1:
        pool = _pool[0] = ThreadPoolExecutor(threads - 1, thread_name_prefix="mxnet-kernel")
    inner = [size * t // threads if cut is None else cut(t, threads) for t in range(1, threads)]
    jobs = [pool.submit(kernel, begin, end) for begin, end in zip(inner, [*inner[1:], size])]
    kernel(0, inner[0])
    for job in jobs:
        job.result()


def threads_for(work: int) -> int:
    """How many threads `share` would use."""
    return 1 if work < SMALL else torch.get_num_threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _pool.__setitem__(0, None))
