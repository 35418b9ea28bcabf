"""KVStoreServer: the server role of stores over several processes."""

from __future__ import annotations

from typing import Any

from ..error import MXNetError
from .base import KVStoreBase

__all__ = ["KVStoreServer"]


class KVStoreServer:
    """Serves a distributed store. Stores of one process need no server, so `run` is an error for them."""

    def __init__(self, kvstore: KVStoreBase) -> None:
        self.kvstore = kvstore
        self.init_logging = False

    def run(self) -> Any:
        """Serve until the workers are done."""
        raise MXNetError(f"KVStoreServer: a {self.kvstore.type!r} store has no server. Run one process, or use torch.distributed.")
