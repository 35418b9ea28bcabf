"""KVStoreBase: the interface that gluon's Trainer and Module need of a store, its registry, and `create`."""

from __future__ import annotations

import warnings
from typing import Any

from .._runtime.array import Array
from ..error import MXNetError

__all__ = ["KVStoreBase", "TestStore", "create"]


class BadKeysError(MXNetError, AssertionError):
    """Keys that cannot be, or values that do not fit them. (MXNet raises AssertionError here.)"""


class KVStoreBase:
    """A store of parameters: `broadcast` gives everybody the initial values, `pushpull` gives everybody the sum of gradients.

    A subclass registered with `KVStoreBase.register` is made by `mx.kv.create(its class name)`.
    """

    OPTIMIZER = "optimizer"
    kv_registry: dict[str, type[KVStoreBase]] = {}

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """Copy the value of the first worker into all of `out`."""
        raise NotImplementedError(f"{type(self).__name__}: define broadcast in the subclass.")

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """Sum up all values, and copy the sum into all of `out` (default: into the values)."""
        raise NotImplementedError(f"{type(self).__name__}: define pushpull in the subclass.")

    def set_optimizer(self, optimizer: Any) -> None:
        """Update the stored values with an optimizer from what is pushed."""
        raise NotImplementedError(f"{type(self).__name__}: this store runs no optimizer.")

    @staticmethod
    def is_capable(capability: str) -> bool:
        """Whether the store can do something, e.g. `KVStoreBase.OPTIMIZER`."""
        raise NotImplementedError("KVStoreBase: define is_capable in the subclass.")

    def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
        """Write the optimizer's states to a file."""
        raise NotImplementedError(f"{type(self).__name__}: this store runs no optimizer.")

    def load_optimizer_states(self, fname: str) -> None:
        """Read the optimizer's states from a file."""
        raise NotImplementedError(f"{type(self).__name__}: this store runs no optimizer.")

    @property
    def type(self) -> str:
        """The store's name."""
        raise NotImplementedError(f"{type(self).__name__}: define type in the subclass.")

    @property
    def rank(self) -> int:
        """This worker's number."""
        raise NotImplementedError(f"{type(self).__name__}: define rank in the subclass.")

    @property
    def num_workers(self) -> int:
        """How many workers there are."""
        raise NotImplementedError(f"{type(self).__name__}: define num_workers in the subclass.")

    @staticmethod
    def register(klass: Any) -> Any:
        """Register a store class under its lower-case name; usable as a decorator."""
        name = klass.__name__.lower()
        old = KVStoreBase.kv_registry.get(name)
        if old is not None and old is not klass:
            warnings.warn(f"kvstore {name!r}: {klass.__module__}.{klass.__name__} replaces {old.__module__}.{old.__name__}.", stacklevel=2)
        KVStoreBase.kv_registry[name] = klass
        return klass


@KVStoreBase.register
class TestStore(KVStoreBase):
    """The smallest store: sums in one process, keeps nothing."""

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        for target in out if isinstance(out, (list, tuple)) else [out]:
            target[:] = value

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        values = list(value) if isinstance(value, (list, tuple)) else [value]
        total = values[0].copy()
        for other in values[1:]:
            total += other.as_in_context(total.context)
        targets = values if out is None else out if isinstance(out, (list, tuple)) else [out]
        for target in targets:
            target[:] = total.as_in_context(target.context)

    @staticmethod
    def is_capable(capability: str) -> bool:
        if capability.lower() == KVStoreBase.OPTIMIZER:
            return False
        raise MXNetError(f"TestStore: capability {capability!r} is unknown. Ask for {KVStoreBase.OPTIMIZER!r}.")

    @property
    def type(self) -> str:
        return "teststore"

    @property
    def rank(self) -> int:
        return 0

    @property
    def num_workers(self) -> int:
        return 1


def create(name: str = "local") -> KVStoreBase:
    """A store: "local" or "device" (one process, any number of contexts), or the name of a registered class.

    >>> mx.kv.create("device").type
    'device'
    """
    if not isinstance(name, str):
        raise TypeError(f"kvstore: the name must be a str, got {type(name).__name__}. Use 'local' or 'device'.")
    name = name.lower()
    found = KVStoreBase.kv_registry.get(name)
    if found is None:
        found = KVStoreBase.kv_registry["kvstore"]
        return found(name)  # type: ignore[call-arg]
    return found(name) if name == "kvstore" else found()  # type: ignore[call-arg]


def pairs(key: Any, value: Any, owner: str) -> list[tuple[int | str, list]]:
    """(key, list of arrays) pairs of a key and an array or arrays, or of lists of them."""
    if isinstance(key, (list, tuple)):
        if not isinstance(value, (list, tuple)) or len(key) != len(value):
            got = len(value) if isinstance(value, (list, tuple)) else "no list of"
            raise BadKeysError(f"{owner}: {len(key)} keys but {got} values. Pass one value (or list of values) for each key.")
        return [pair for k, v in zip(key, value) for pair in pairs(k, v, owner)]
    if isinstance(key, bool) or not isinstance(key, (int, str)):
        raise BadKeysError(f"{owner}: a key must be an int or a str, got {type(key).__name__}. Use one of them for all keys.")
    values = [value] if isinstance(value, Array) else value
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{owner}: the value of key {key!r} must be an NDArray or a list of them, got {type(value).__name__}. Pass arrays.")
    for v in values:
        if not isinstance(v, Array):
            raise TypeError(f"{owner}: a value of key {key!r} is a {type(v).__name__}. Pass NDArrays.")
    return [(key, list(values))]
