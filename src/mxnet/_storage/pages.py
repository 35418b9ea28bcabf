"""Large tables on large pages: random rows of a table on 4 KB pages wait for the page tables as long as for the data."""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

import torch

#: Bytes from which a new array asks for large pages.
LARGE = 32 << 20
_libc: list[Any] = []


def new(shape: Any, dtype: torch.dtype, device: Any) -> torch.Tensor:
    """An uninitialized tensor; a large one on a CPU asks Linux for large pages before its memory is touched."""
    t = torch.empty(shape, dtype=dtype, device=device)
    size = t.numel() * t.element_size()
    if size >= LARGE and t.device.type == "cpu" and sys.platform == "linux":
        _ask(t.data_ptr(), size)
    return t


def _ask(address: int, size: int) -> None:
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None:
        return
    if not _libc:
        _libc.append(ctypes.CDLL(None))
    begin = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
    end = (address + size) // mmap.PAGESIZE * mmap.PAGESIZE
    _libc[0].madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), ctypes.c_int(advice))  # refused advice is no error
