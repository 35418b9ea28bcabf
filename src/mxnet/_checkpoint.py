"""Checkpoints: a graph file and a parameter file for each epoch."""

from __future__ import annotations

import logging
import os
from typing import Any

from . import ndarray as nd
from . import symbol as sym
from .context import cpu
from .error import MXNetError


def save_checkpoint(prefix: str, epoch: int, symbol: Any, arg_params: dict, aux_params: dict, remove_amp_cast: bool = True,
                    version: str | None = None) -> None:  # fmt: skip
    """Write `prefix-symbol.json` (unless symbol is None; version: see `Symbol.tojson`) and `prefix-EPOCH.params`."""
    name = params_name(prefix, epoch)
    if symbol is not None:
        symbol.save(f"{prefix}-symbol.json", remove_amp_cast, version)
    nd.save(name, joined_params(arg_params, aux_params))
    logging.info('Saved checkpoint to "%s"', name)


def params_name(prefix: str, epoch: Any) -> str:
    """`prefix-EPOCH.params`, the epoch with four digits."""
    try:
        return f"{prefix}-{epoch:04d}.params"
    except ValueError:
        raise TypeError(f"checkpoint: epoch must be an int, got {epoch!r}. Pass its number.") from None


def joined_params(arguments: dict, states: dict) -> dict:
    """The arrays of a parameter file: names begin with `arg:` and `aux:`."""
    return {f"{kind}:{k}": v.as_in_context(cpu()) for kind, group in (("arg", arguments), ("aux", states)) for k, v in group.items()}


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
