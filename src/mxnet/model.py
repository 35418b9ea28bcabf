"""MXNet's module of this name: checkpoints, FeedForward, and how parameters are updated through a KVStore or without one."""

from __future__ import annotations

import importlib
import os
from collections import namedtuple
from math import prod
from typing import TYPE_CHECKING, Any

from . import kvstore as kvs
from ._checkpoint import load_checkpoint, load_params, save_checkpoint

__all__ = ["BatchEndParam", "FeedForward", "load_checkpoint", "load_params", "save_checkpoint"]

if TYPE_CHECKING:
    from .module._feed_forward import FeedForward


def __getattr__(name: str) -> Any:
    if name == "FeedForward":  # it is built on Module, which needs this module
        return importlib.import_module(".module._feed_forward", __package__).FeedForward
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


#: What batch callbacks get.
BatchEndParam = namedtuple("BatchEndParams", ["epoch", "nbatch", "eval_metric", "locals"])  # type: ignore[name-match]
#: Parameters with more elements than this are updated on their device, not in a "local" store.
_LARGE = 1024 * 1024 * 16


def _create_kvstore(kvstore: Any, num_device: int, arg_params: dict) -> tuple[Any, bool]:
    """(store or None, whether the store runs the optimizer). One device needs no store of one process."""
    on_store = os.environ.get("MXNET_UPDATE_ON_KVSTORE", "1") != "0"
    if kvstore is None:
        return None, False
    if isinstance(kvstore, kvs.KVStoreBase):
        return kvstore, on_store and kvstore.is_capable(kvs.KVStoreBase.OPTIMIZER)
    if not isinstance(kvstore, str):
        raise TypeError(f"kvstore: must be a KVStore, a str or None, got {type(kvstore).__name__}. Pass e.g. 'local'.")
    if num_device == 1 and "dist" not in kvstore:
        return None, False
    store = kvs.create(kvstore)
    if kvstore == "local" and max((prod(p.shape) for p in arg_params.values()), default=0) > _LARGE:
        on_store = False
    return store, on_store and store.is_capable(kvs.KVStoreBase.OPTIMIZER)


def _initialize_kvstore(kvstore: Any, param_arrays: list, arg_params: dict, param_names: list[str], update_on_kvstore: bool) -> None:
    for i, arrays in enumerate(param_arrays):
        name = param_names[i]
        if not update_on_kvstore or arg_params[name].stype != "default":
            kvstore.init(name, arg_params[name])
        else:
            kvstore.broadcast(name, arg_params[name], out=arrays)


def _update_params_on_kvstore(param_arrays: list, grad_arrays: list, kvstore: Any, param_names: list[str]) -> None:
    for i, (weights, grads) in enumerate(zip(param_arrays, grad_arrays)):
        if grads[0] is None:
            continue
        name = param_names[i]
        if grads[0].stype == "default" and weights[0].stype == "default":
            kvstore.pushpull(name, grads, out=weights, priority=-i)
        else:
            kvstore.push(name, grads, priority=-i)
            kvstore.pull(name, weights, priority=-i)


def _update_params(
    param_arrays: list, grad_arrays: list, updater: Any, num_device: int, kvstore: Any = None, param_names: list[str] | None = None
) -> None:
    """Update on the devices themselves; a store sums the gradients of several."""
    updates: list[list] = [[] for _ in range(num_device)]
    for i, (weights, grads) in enumerate(zip(param_arrays, grad_arrays)):
        if grads[0] is None:
            continue
        if kvstore is not None:
            assert param_names is not None
            if grads[0].stype == "default":
                kvstore.pushpull(param_names[i], grads, priority=-i)
            else:
                kvstore.push(param_names[i], grads, priority=-i)
                kvstore.pull(param_names[i], grads, priority=-i, ignore_sparse=False)
        for k, (w, g) in enumerate(zip(weights, grads)):
            updates[k].append((i * num_device + k, g, w))
    for rows in updates:
        if rows:
            indices, grads, weights = zip(*rows)
            updater(list(indices), list(grads), list(weights))
