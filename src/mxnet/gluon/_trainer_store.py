"""The store of a Trainer: whether there is one, whether it updates the parameters, and what it is told of them."""

from __future__ import annotations

from typing import Any

from .. import kvstore as kvs
from .. import optimizer as opt
from ..context import Context
from ._errors import GluonError
from .parameter import Parameter

#: a "local" store keeps the optimizer to itself only below this many elements in the largest parameter
LARGE = 16 * 1024 * 1024


class NoStore(GluonError, AttributeError):
    """The store that should update the parameters does not exist."""


class TrainerStore:
    """The part of a Trainer that makes and fills its store, at the first step and whenever parameters were set."""

    _params: list[Parameter]
    _param2idx: dict[str, int]
    _optimizer: Any
    _updaters: list[Any]
    _contexts: list[Context] | None
    _kvstore_params: dict[str, Any]
    _contains_sparse_weight: bool
    _contains_sparse_grad: bool
    _compression_params: dict | None
    _given_keys: set[int]

    def _reset_kvstore(self) -> None:
        """Make the store anew at the next step."""
        store = getattr(self, "_kvstore", None)
        if store is not None and "dist" in store.type:
            raise RuntimeError("Trainer: a distributed store cannot be reset. Set parameters before the first step.")
        self._kv_initialized = False
        self._kvstore: Any = None
        self._distributed = False
        self._update_on_kvstore: bool | None = None
        self._params_to_init = list(self._params)
        self._plans: list[Any] = []
        self._generation = -1

    def _check_contexts(self) -> list[Context]:
        contexts: list[Context] | None = None
        for p in self._params:
            mine = p.list_ctx()
            if contexts is not None and contexts != mine:
                raise GluonError(
                    f"Trainer: parameter {p.name} is on {mine}, others are on {contexts}. Initialize all on the same contexts."
                )
            contexts = mine
        return contexts or []

    def _init_kvstore(self) -> None:
        self._contexts = self._check_contexts()
        if len(self._updaters) != len(self._contexts):
            self._updaters = [opt.get_updater(self._optimizer) for _ in self._contexts]
        wanted = self._kvstore_params["update_on_kvstore"]
        store = self._make_store()
        self._distributed = store is not None and "dist" in store.type
        if self._contains_sparse_weight:
            if wanted is False:
                raise ValueError("Trainer: update_on_kvstore=False cannot be used with row_sparse weights. Leave it away.")
            on_store = True
        elif self._contains_sparse_grad:
            on_store = self._distributed
            if wanted is False and self._distributed:
                raise ValueError(
                    "Trainer: update_on_kvstore=False cannot be used with row_sparse gradients on a distributed store. Leave it away."
                )
            on_store = on_store if wanted is None else wanted
        else:
            on_store = store is not None and not self._is_large_local(store) if wanted is None else wanted
        if on_store and store is not None and not store.is_capable("optimizer"):
            if wanted:
                raise ValueError(f"Trainer: {type(store).__name__} runs no optimizer. Create the Trainer with update_on_kvstore=False.")
            on_store = False
        if on_store and store is None:
            raise NoStore(f"Trainer: update_on_kvstore=True needs a store, kvstore={self._kvstore_params['kvstore']!r} makes none on one context. "
                          "Pass kvstore=mx.kv.create('local').")  # fmt: skip
        self._kvstore, self._update_on_kvstore = store, None if store is None else bool(on_store)
        if store is not None:
            if self._compression_params:
                store.set_gradient_compression(self._compression_params)
            if on_store:
                store.set_optimizer(self._optimizer)
        self._kv_initialized = True

    def _make_store(self) -> Any:
        asked = self._kvstore_params["kvstore"]
        if asked is None or not isinstance(asked, str):
            if asked is None and self._contains_sparse_weight:
                raise ValueError("Trainer: row_sparse weights are kept by a store, kvstore is None. Pass kvstore='local'.")
            return asked
        if len(self._contexts or []) == 1 and "dist" not in asked and not self._contains_sparse_weight:
            return None
        return kvs.create(asked)

    def _is_large_local(self, store: Any) -> bool:
        return store.type == "local" and any(p.shape and _size(p.shape) > LARGE for p in self._params)

    def _init_params(self) -> None:
        """Tell the store the values of parameters that it does not have yet."""
        waiting = []
        for p in self._params_to_init:
            if p._deferred_init:
                waiting.append(p)
            elif self._kvstore is not None:
                i, arrays = self._param2idx[p.name], p._all(p._data)
                if not isinstance(self._kvstore, kvs.KVStore):  # a store of the caller knows two verbs only
                    self._kvstore.broadcast(i, arrays[0], arrays)
                elif i in self._given_keys:
                    self._replace(i, arrays[0])
                else:
                    self._kvstore.init(i, arrays[0])
                    if self._kvstore is self._kvstore_params["kvstore"]:
                        self._given_keys.add(i)
                if p._stype == "default" and self._distributed and isinstance(self._kvstore, kvs.KVStore):
                    self._kvstore.pull(i, arrays, priority=-i)
        self._params_to_init = waiting

    def _replace(self, key: int, value: Any) -> None:
        """Give a key that the store has a new value: pushing does that while the store has no updater."""
        store = self._kvstore
        updater, store._updater = store._updater, None
        try:
            store.push(key, value)
        finally:
            store._updater = updater

    def _prepare(self) -> None:
        if not self._kv_initialized:
            self._init_kvstore()
        if self._params_to_init:
            self._init_params()

    def _row_sparse_pull(self, parameter: Parameter, out: Any, row_id: Any, full_idx: bool = False) -> None:
        """Rows of a row_sparse parameter from the store."""
        self._prepare()
        i = self._param2idx[parameter.name]
        if full_idx and not self._distributed:
            self._kvstore.pull(i, out=out, priority=-i, ignore_sparse=False)
        else:
            self._kvstore.row_sparse_pull(i, out=out, row_ids=row_id, priority=-i)


def _size(shape: tuple[int, ...]) -> int:
    total = 1
    for s in shape:
        total *= s
    return total
