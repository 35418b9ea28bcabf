"""Optimizer states as bytes: written as plain data, read without running code, also from files that MXNet pickled.

Format: a pickle of plain data only (dict, list, tuple, str, int, float, bool, None, bytes; no names of classes or functions, so that
even `pickle.loads` makes nothing but these), either the dict

    {"mxtorch.states": 1, "states": {index: tree}, "arrays": bytes}

or a tuple of it and the optimizer's record {"class": name, "settings": tree}. `arrays` is the content of a `.params` file; in trees
("array", i) is its i-th array, ("tuple", [...]), ("list", [...]) and ("dict", [[key, value], ...]) are containers, ("schedule", class,
tree) is a learning-rate schedule, ("value", v) a plain value.
"""

from __future__ import annotations

import logging
import os
import pickle
from typing import Any

import numpy as np

from .. import lr_scheduler
from .._files import read_whole
from .._runtime.array import Array
from ..error import MXNetError
from ..ndarray import _params_file as params
from ._base import Optimizer
from ._mxnet_states import Allowed
from ._pickle import Resolver, read
from ._restored import SCHEDULES, damaged, make, make_optimizer

_KEY = "mxtorch.states"
_PLAIN = (str, int, float, bool, bytes, type(None))
#: settings that are rebuilt, not saved
_NOT_SAVED = ("param_dict", "sym_info")


# ---- writing


def dumps(states: dict, optimizer: Optimizer | None) -> bytes:
    """States, and the optimizer's settings if one is given, as bytes."""
    arrays: list[Array] = []
    record: dict = {_KEY: 1, "states": {k: _pack(v, arrays, f"state {k!r}") for k, v in states.items()}}
    content: Any = record
    if optimizer is not None:
        settings = {}
        for name, value in optimizer.__getstate__().items():
            if name not in _NOT_SAVED:
                try:
                    settings[name] = _pack(value, arrays, name)
                except TypeError as e:
                    logging.warning("optimizer states: setting %s of %s is left out (%s)", name, type(optimizer).__name__, e)
        content = (record, {"class": type(optimizer).__name__.lower(), "settings": settings})
    record["arrays"] = b"".join(params.pieces(arrays, []))
    return pickle.dumps(content, protocol=4)


def _pack(value: Any, arrays: list, where: str) -> tuple:
    if isinstance(value, Array):
        arrays.append(value)
        return "array", len(arrays) - 1
    if isinstance(value, (np.generic,)):
        value = value.item()
    if type(value) in _PLAIN:
        return "value", value
    if isinstance(value, (tuple, list)):
        return "tuple" if isinstance(value, tuple) else "list", [_pack(v, arrays, where) for v in value]
    if isinstance(value, dict):
        return "dict", [[_plain_key(k, where), _pack(v, arrays, where)] for k, v in value.items()]
    if isinstance(value, lr_scheduler.LRScheduler) and type(value).__name__ in SCHEDULES:
        return "schedule", type(value).__name__, _pack(dict(vars(value)), arrays, where)
    raise TypeError(f"{where} holds a {type(value).__name__}, which is neither plain data nor an array")


def _plain_key(key: Any, where: str) -> Any:
    if type(key) not in _PLAIN:
        raise TypeError(f"{where} has a key of type {type(key).__name__}")
    return key


# ---- reading


def load_file(updater: Any, fname: str, where: str) -> None:
    """Hand the states in a file to an updater; errors name the file."""
    content = read_whole(fname, where)
    try:
        updater.set_states(content)
    except MXNetError as e:
        raise MXNetError(f"{where}: {os.fspath(fname)}: {e}") from None


def loads(data: bytes, current: Optimizer) -> tuple[dict, Optimizer | None]:
    """(states, optimizer or None) from bytes of ours or of MXNet's. `current` is the optimizer in use, for its symbol's attributes."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"set_states: the states must be bytes, got {type(data).__name__}. Pass what get_states returned.")
    where = "optimizer states"
    content = read(bytes(data), where)
    pair = isinstance(content, tuple) and len(content) == 2
    record = content[0] if pair else content
    if isinstance(record, dict) and _KEY in record:
        return _load_ours(record, content[1] if pair else None, current, where)
    value = Resolver(Allowed(len(data)), where)(content)
    states, optimizer = value if pair else (value, None)
    if not isinstance(states, dict):
        raise MXNetError(f"{where}: expected a dict of states, got {type(states).__name__}. The file is damaged or not a states file.")
    if pair and not isinstance(optimizer, Optimizer):
        raise MXNetError(
            f"{where}: expected an optimizer beside the states, got {type(optimizer).__name__}. The file is not a states file."
        )
    _check_states(states, where)
    return states, _adopt(optimizer, current)


def _adopt(optimizer: Optimizer | None, current: Optimizer) -> Optimizer | None:
    """Give a loaded optimizer what is not saved."""
    if optimizer is not None:
        optimizer.param_dict = current.param_dict
        if not getattr(optimizer, "sym_info", ()):
            optimizer.sym_info = current.sym_info
    return optimizer


def _check_states(states: Any, where: str, seen: set[int] | None = None) -> None:
    """States consist of arrays, None, numbers, tuples, lists and dicts only."""
    seen = set() if seen is None else seen
    for value in states.values() if isinstance(states, dict) else states:
        if isinstance(value, (dict, tuple, list)):
            if id(value) not in seen:  # parts may be shared: each is looked at once
                seen.add(id(value))
                _check_states(value, where, seen)
        elif not isinstance(value, (Array, *_PLAIN)):
            raise MXNetError(f"{where}: a state is a {type(value).__name__}. The file is damaged or not a states file.")


def _load_ours(record: dict, optimizer: Any, current: Optimizer, where: str) -> tuple[dict, Optimizer | None]:
    if record[_KEY] != 1:
        raise MXNetError(
            f"{where}: version {str(record[_KEY])[:20] if isinstance(record[_KEY], (int, str)) else '?'} is newer than this package reads (1). Update the package."
        )
    states, blob = record.get("states"), record.get("arrays")
    if not isinstance(states, dict) or not isinstance(blob, (bytes, memoryview)):
        raise damaged(where, "states or arrays are missing")
    arrays = params.read(blob, where)
    if not isinstance(arrays, list):
        raise damaged(where, "the arrays have names")
    unpack = _Unpack(arrays, where)
    found = {k: unpack(v) for k, v in states.items()}
    if optimizer is None:
        return found, None
    if not isinstance(optimizer, dict) or not isinstance(optimizer.get("class"), str) or not isinstance(optimizer.get("settings"), dict):
        raise damaged(where, "the optimizer's record is incomplete")
    settings = {k: unpack(v) for k, v in optimizer["settings"].items()}
    return found, _adopt(make_optimizer(optimizer["class"], settings, where), current)


class _Unpack:
    """Turns trees into values; a part that is used twice is made once."""

    def __init__(self, arrays: list, where: str) -> None:
        self.arrays, self.where = arrays, where
        self.done: dict[int, Any] = {}

    def __call__(self, tree: Any, depth: int = 0) -> Any:
        if id(tree) not in self.done:
            self.done[id(tree)] = self._made(tree, depth)
        return self.done[id(tree)]

    def _made(self, tree: Any, depth: int) -> Any:
        if depth > 100 or not isinstance(tree, tuple) or len(tree) < 2:
            raise damaged(self.where, "a tree is malformed")
        kind, content = tree[0], tree[1]
        if kind == "array" and isinstance(content, int) and 0 <= content < len(self.arrays):
            return self.arrays[content]
        if kind == "value" and type(content) in _PLAIN:
            return content
        if kind in ("tuple", "list") and isinstance(content, list):
            items = [self(v, depth + 1) for v in content]
            return tuple(items) if kind == "tuple" else items
        if kind == "dict" and isinstance(content, list):
            if all(isinstance(p, list) and len(p) == 2 and type(p[0]) in _PLAIN for p in content):
                return {k: self(v, depth + 1) for k, v in content}
        if kind == "schedule" and len(tree) == 3 and isinstance(content, str) and content in SCHEDULES:
            return make(SCHEDULES[content], self(tree[2], depth + 1), self.where)
        raise damaged(self.where, f"a tree node of kind {kind[:40] if isinstance(kind, str) else type(kind).__name__} is malformed")
