"""A cursor over a file or over bytes: every length is checked against what is left before memory is taken."""

from __future__ import annotations

import os
import struct
from typing import Any, BinaryIO

import numpy as np
import torch

from ..error import MXNetError


class Reader:
    """Reads forward from bytes or from an open file, and knows where it is for error messages.

    A file is read into the arrays themselves: it takes no memory beside them, and one that shrinks while it is read is an error.
    """

    kind = "file of arrays"

    def __init__(self, source: memoryview | BinaryIO, name: str) -> None:
        self.source, self.name, self.at, self.record = source, name, 0, "header"
        self.size = len(source) if isinstance(source, memoryview) else os.fstat(source.fileno()).st_size

    def fail(self, what: str) -> MXNetError:
        """The error for a defect at the cursor."""
        return MXNetError(f"load: {self.name}: {self.record} at offset {self.at}: {what}. The file is damaged or not a {self.kind}.")

    def need(self, size: int, what: str) -> None:
        """An error unless `size` more bytes are there."""
        if size > self.size - self.at:
            raise self.fail(f"{what} needs {size} bytes, only {self.size - self.at} are left")

    def take(self, size: int, what: str) -> memoryview:
        """The next `size` bytes."""
        self.need(size, what)
        if isinstance(self.source, memoryview):
            part = self.source[self.at : self.at + size]
        else:
            part = memoryview(self.source.read(size))
            if len(part) != size:
                raise self.fail(f"{what} needs {size} bytes, the file ended while it was read")
        self.at += size
        return part

    def number(self, code: str, what: str) -> int:
        """One little-endian integer of a struct code."""
        return struct.unpack("<" + code, self.take(struct.calcsize(code), what))[0]

    def tensor(self, dtype: torch.dtype, shape: tuple[int, ...], what: str) -> torch.Tensor:
        """The values of a tensor, copied out of the file."""
        count = whole = 1
        for d in shape:
            count, whole = count * d, whole * max(d, 1)
        if whole >= 1 << 60:  # strides of an array without elements do not fit either
            raise self.fail(f"shape {shape} is too large")
        self.need(count * dtype.itemsize, f"{what} of shape {shape}")
        flat = torch.empty(count, dtype=dtype)
        if count:
            self._fill(flat.view(torch.uint8).numpy(), what)
            if dtype is torch.bool:
                flat.copy_(flat.view(torch.uint8) != 0)  # any other byte is no bool for torch
        try:
            return flat.reshape(shape)
        except (RuntimeError, OverflowError, ValueError):
            raise self.fail(f"shape {shape} is too large") from None

    def _fill(self, target: Any, what: str) -> None:
        if isinstance(self.source, memoryview):
            target[:] = np.frombuffer(self.source[self.at : self.at + len(target)], np.uint8)
        else:
            view, done = memoryview(target), 0
            while done < len(view):  # one read gives at most 2 GiB on Linux
                got = self.source.readinto(view[done:])  # type: ignore[attr-defined]
                if not got:
                    raise self.fail(f"{what} needs {len(view)} bytes, the file ended while it was read")
                done += got
        self.at += len(target)


def raw_bytes(t: torch.Tensor) -> memoryview:
    """The values of a tensor as files hold them."""
    t = t.detach().cpu().contiguous().reshape(-1)
    return memoryview(t.view(torch.uint8).numpy()) if t.numel() else memoryview(b"")
