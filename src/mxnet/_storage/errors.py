"""The error of malformed sparse arrays."""

from __future__ import annotations

from ..error import MXNetError


class StorageError(MXNetError, ValueError):
    """A sparse array, or an argument that describes one, is malformed: both an MXNetError and a ValueError."""
