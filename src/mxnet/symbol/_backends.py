"""`optimize_for`: symbols whose executors run through a backend of torch.compile."""

from __future__ import annotations

import logging
from typing import Any

import torch

from ..error import MXNetError, hint

#: Backends of the original, all of which stand for oneDNN's operators.
_ORIGINAL = ("MKLDNN", "MKLDNN_QUANTIZE")


def _known() -> tuple[str, ...]:
    """The backends of torch.compile; asking for them loads torch's compiler."""
    return ("eager", *torch.compiler.list_backends(exclude_tags=()))


def optimized(symbol: Any, backend: str) -> Any:
    """A symbol with the backend; the symbol itself for the original's backends, and for unknown ones, which are logged as errors."""
    if backend in _ORIGINAL:
        return symbol
    if backend not in _known():
        logging.getLogger(__name__).error("optimize_for: there is no backend %r.%s", backend, hint(str(backend), _known()))
        return symbol
    made = type(symbol)(symbol._heads)
    made._backend = backend
    return made


def check(backend: str) -> None:
    """MXNetError for an unknown backend."""
    if backend not in _ORIGINAL and backend not in _known():
        raise MXNetError(f"get_backend_symbol: there is no backend {backend!r}.{hint(str(backend), _known())} Use one of torch.compile.")
