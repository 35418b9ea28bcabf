"""Stores of parameters: `mx.kv.create("device")`."""

from __future__ import annotations

from ..ndarray import NDArray
from .base import KVStoreBase, TestStore, create
from .kvstore import KVStore
from .kvstore_server import KVStoreServer

__all__ = ["KVStore", "KVStoreBase", "KVStoreServer", "TestStore", "create"]
