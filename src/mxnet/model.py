"""Checkpoints, what Module needs to update parameters through a KVStore, and FeedForward."""

from __future__ import annotations

import importlib
import logging
import os
from collections import namedtuple
from math import prod
from typing import TYPE_CHECKING, Any

from . import kvstore as kvs
from . import ndarray as nd
from . import symbol as sym
from .context import cpu
from .error import MXNetError

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


def save_checkpoint(prefix: str, epoch: int, symbol: Any, arg_params: dict, aux_params: dict, remove_amp_cast: bool = True,
                    version: str | None = None) -> None:  # fmt: skip
    """Write `prefix-symbol.json` (unless symbol is None; version: see `Symbol.tojson`) and `prefix-EPOCH.params`."""
    name = params_name(prefix, epoch)
    if symbol is not None:
        symbol.save(f"{prefix}-symbol.json", remove_amp_cast, version)
    nd.save(
        name,
        {f"arg:{k}": v.as_in_context(cpu()) for k, v in arg_params.items()}
        | {f"aux:{k}": v.as_in_context(cpu()) for k, v in aux_params.items()},
    )
    logging.info('Saved checkpoint to "%s"', name)


def params_name(prefix: str, epoch: Any) -> str:
    """`prefix-EPOCH.params`, the epoch with four digits."""
    try:
        return f"{prefix}-{epoch:04d}.params"
    except ValueError:
        raise TypeError(f"checkpoint: epoch must be an int, got {epoch!r}. Pass its number.") from None


def split_params(arrays: Any, where: str) -> tuple[dict, dict]:
    """(arguments, auxiliary states) of arrays named `arg:` and `aux:`."""
    parts: dict[str, dict] = {"arg": {}, "aux": {}}
    if not isinstance(arrays, dict):
        raise MXNetError(f"{where}: holds a list of arrays without names. Save a dict with names 'arg:...' and 'aux:...'.")
    for key, value in arrays.items():
        kind, _, name = key.partition(":")
        if kind not in parts or not name:
            raise MXNetError(f"{where}: {key!r} is no parameter of a checkpoint. Names begin with 'arg:' or 'aux:'.")
        parts[kind][name] = value
    return parts["arg"], parts["aux"]


def load_params(prefix: str, epoch: int) -> tuple[dict, dict]:
    """(arguments, auxiliary states) of `prefix-EPOCH.params`, or of `prefix-EPOCH.safetensors` where only that is there."""
    name = params_name(prefix, epoch)
    if not os.path.exists(name) and os.path.exists(f"{prefix}-{epoch:04d}.safetensors"):
        name = f"{prefix}-{epoch:04d}.safetensors"
    arrays = nd.load(name)
    if not arrays:
        logging.warning("Params file '%s' is empty", name)
        return {}, {}
    return split_params(arrays, name)


def load_checkpoint(prefix: str, epoch: int) -> tuple[Any, dict, dict]:
    """(symbol, arguments, auxiliary states) of `prefix-symbol.json` and `prefix-EPOCH.params`."""
    symbol = sym.load(f"{prefix}-symbol.json")
    return symbol, *load_params(prefix, epoch)


# ---- parameters and the KVStore


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
