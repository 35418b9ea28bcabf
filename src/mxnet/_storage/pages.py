"""Large tables on large pages: random rows of a table on 4 KB pages wait for the page tables as long as for the data."""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

import numpy as np
import torch

#: Bytes from which a new array asks for large pages.
LARGE = 32 << 20
_NUMPY = {torch.float32: np.float32, torch.float64: np.float64}
_libc: list[Any] = []
_settled: list[bool] = []


def settle() -> None:
    """Free one untouched block of 31 MB, once: glibc then keeps freed blocks up to that size for reuse, as it does after any such free.

    Before, it gives the few hundred kilobytes of a training step back to the system and takes them again as fresh pages, step after step,
    which costs more than the arithmetic.
    """
    if not _settled:
        _settled.append(True)
        torch.empty(31 << 20, dtype=torch.uint8)


def new(shape: Any, dtype: torch.dtype, device: Any) -> torch.Tensor:
    """An uninitialized tensor; a large one on a CPU asks Linux for large pages before its memory is touched."""
    t = torch.empty(shape, dtype=dtype, device=device)
    size = t.numel() * t.element_size()
    if size >= LARGE and t.device.type == "cpu" and sys.platform == "linux":
        settle()
        _ask(t.data_ptr(), size)
    return t


def zeros(shape: Any, dtype: torch.dtype) -> torch.Tensor:
    """A CPU tensor of zeros; a large one comes zeroed from the system, on large pages (NumPy asks for them), and is not zeroed again."""
    size = dtype.itemsize
    for s in shape:
        size *= s
    if size < LARGE >> 2 or dtype not in _NUMPY:
        return torch.zeros(shape, dtype=dtype)
    return torch.from_numpy(np.zeros(tuple(shape), _NUMPY[dtype]))


def _ask(address: int, size: int) -> None:
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None:
        return
    if not _libc:
        _libc.append(ctypes.CDLL(None))
    begin = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
    end = (address + size) // mmap.PAGESIZE * mmap.PAGESIZE
    _libc[0].madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), ctypes.c_int(advice))  # refused advice is no error
