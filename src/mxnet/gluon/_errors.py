"""Errors of gluon. Programs of the original catch AssertionError, ValueError or RuntimeError for them; each class here is what is needed."""

from __future__ import annotations

from ..error import MXNetError


class DeferredInitializationError(MXNetError):
    """A parameter was asked for while its shape is still unknown: run the block once, or give the missing sizes."""


class GluonError(MXNetError, AssertionError, ValueError):
    """Values that do not fit: shapes, names, files, options."""
