"""The error of malformed sparse arrays."""

from __future__ import annotations

from ..error import MXNetError


class FormatError(MXNetError, ValueError, TypeError):
    """A sparse matrix of another format than compressed rows: an MXNetError, a ValueError and a TypeError."""


class StorageError(MXNetError, ValueError):
    """A sparse array, or an argument that describes one, is malformed: both an MXNetError and a ValueError."""
