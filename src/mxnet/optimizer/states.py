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
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import lr_scheduler
from .._files import read_whole
from .._runtime.array import Array
from ..error import MXNetError
from ..ndarray import _params_file as params
from ._base import Optimizer
from ._pickle import Call, LongText, Name, Resolver, read

_KEY = "mxtorch.states"
_PLAIN = (str, int, float, bool, bytes, type(None))
_SCHEDULES = {n: c for n, c in vars(lr_scheduler).items() if isinstance(c, type) and issubclass(c, lr_scheduler.LRScheduler)}
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
    if isinstance(value, lr_scheduler.LRScheduler) and type(value).__name__ in _SCHEDULES:
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
    value = Resolver(_Reading(len(data)), where)(content)
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
        raise _damaged(where, "states or arrays are missing")
    arrays = params.read(blob, where)
    if not isinstance(arrays, list):
        raise _damaged(where, "the arrays have names")
    unpack = _Unpack(arrays, where)
    found = {k: unpack(v) for k, v in states.items()}
    if optimizer is None:
        return found, None
    if not isinstance(optimizer, dict) or not isinstance(optimizer.get("class"), str) or not isinstance(optimizer.get("settings"), dict):
        raise _damaged(where, "the optimizer's record is incomplete")
    settings = {k: unpack(v) for k, v in optimizer["settings"].items()}
    return found, _adopt(_make_optimizer(optimizer["class"], settings, where), current)


def _damaged(where: str, what: str) -> MXNetError:
    return MXNetError(f"{where}: {what}. The file is damaged or not a states file.")


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
            raise _damaged(self.where, "a tree is malformed")
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
        if kind == "schedule" and len(tree) == 3 and isinstance(content, str) and content in _SCHEDULES:
            return _make(_SCHEDULES[content], self(tree[2], depth + 1), self.where)
        raise _damaged(self.where, f"a tree node of kind {kind[:40] if isinstance(kind, str) else type(kind).__name__} is malformed")


def _make(cls: type, attributes: Any, where: str) -> Any:
    """An object of a class with these attributes; nothing of the class runs."""
    if not isinstance(attributes, dict) or not all(isinstance(k, str) for k in attributes):
        raise _damaged(where, f"{cls.__name__} without attributes")
    made = cls.__new__(cls)
    if issubclass(cls, lr_scheduler.LRScheduler):  # what schedules of old versions did not have
        start = {"warmup_steps": 0, "warmup_begin_lr": 0, "warmup_final_lr": attributes.get("base_lr", 0.01), "warmup_mode": "linear"}
        attributes = {**start, "final_lr": 0, "max_steps": attributes.get("max_update", 0), **attributes}
    made.__dict__.update(attributes)
    return made


def _make_optimizer(name: str, settings: dict, where: str) -> Optimizer:
    cls = Optimizer.opt_registry.get(name.lower())
    if cls is None:
        raise MXNetError(f"{where}: the optimizer {name!r} is not registered. Import the module that registers it first.")
    if not isinstance(settings, dict) or not all(isinstance(k, str) for k in settings):
        raise _damaged(where, f"the optimizer {name} without settings")
    _check_settings(settings, where)
    made = cls.__new__(cls)
    Optimizer.__setstate__(made, {**_newer_settings(cls), "sym_info": (), **settings})
    counts = made._all_index_update_counts
    if made.__dict__.get("_index_update_count") not in counts.values():
        made._index_update_count = counts.setdefault(0, {})
    else:  # the same object again, not an equal one
        made._index_update_count = next(c for c in counts.values() if c == made._index_update_count)
    return made


_NUMBERS = ("lr", "wd", "num_update", "begin_num_update")
_DICTS = ("lr_mult", "wd_mult", "idx2name", "_index_update_count", "_all_index_update_counts")


def _check_settings(settings: dict, where: str) -> None:
    """What every update computes with must be of its kind: a damaged file is told when it is read, not at some later step."""
    for name in _NUMBERS:
        if name in settings and settings[name] is not None and not isinstance(settings[name], (int, float)):
            raise _damaged(where, f"the setting {name} is a {type(settings[name]).__name__}, not a number")
    for name in _DICTS:
        if name in settings and not isinstance(settings[name], dict):
            raise _damaged(where, f"the setting {name} is a {type(settings[name]).__name__}, not a dict")
    for counts in (settings.get("_index_update_count", {}), *settings.get("_all_index_update_counts", {}).values()):
        if not isinstance(counts, dict) or not all(type(v) is int for v in counts.values()):
            raise _damaged(where, "the update counts are no whole numbers")


def _newer_settings(cls: type) -> dict:
    """Settings at their defaults: files of old versions lack those that came later."""
    if not cls.__module__.startswith("mxnet."):
        return {}
    return {k: v for k, v in vars(cls()).items() if k not in ("_all_index_update_counts", "_index_update_count")}


# ---- the names that MXNet's states mention


class _Reading:
    """The allow-list, for one file of a size: the contents of all its arrays together are no larger than the file."""

    def __init__(self, size: int) -> None:
        self.left = size

    def __call__(self, call: Call, resolve: Callable[[Any], Any]) -> Any:
        made = _from_mxnet(call, resolve)
        if isinstance(made, _Content):
            self.left -= len(made.raw)
            if self.left < 0:
                raise _damaged("optimizer states", "the arrays are larger than the file")
            return made.array()
        return made


class _Content:
    """An array before it is read."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def array(self) -> Array:
        reader = params.ParamsReader(memoryview(self.raw), "optimizer states")
        reader.record = "an array"
        return params.read_array(reader)


def _array(call: Call, resolve: Callable[[Any], Any]) -> _Content:
    state = resolve(call.state) if call.state is not None else None
    raw = state.get("handle") if isinstance(state, dict) else None
    if not isinstance(raw, (bytes, bytearray, memoryview)):
        raise _damaged("optimizer states", "an array without content")
    return _Content(raw)


def _bytes(call: Call, resolve: Callable[[Any], Any]) -> bytes | memoryview:
    """bytearray(b"..."), bytearray(text, "latin-1"), _codecs.encode(text, "latin1")."""
    args = resolve(call.args)
    if not args:
        return b""
    if isinstance(args[0], (bytes, memoryview)):
        return args[0]
    if isinstance(args[0], (str, LongText)) and len(args) == 2 and args[1] in ("latin1", "latin-1"):
        try:
            text = args[0] if isinstance(args[0], str) else str(args[0].raw, args[0].encoding)
            return text.encode("latin-1")
        except UnicodeError:
            pass
    raise _damaged("optimizer states", "bytes are malformed")


def _schedule(call: Call, resolve: Callable[[Any], Any]) -> Any:
    return _make(_SCHEDULES[_class_of(call).name], resolve(call.state), "optimizer states")


def _class_of(call: Call) -> Name:
    """The class of `copyreg._reconstructor(cls, object, None)` or of `cls()`."""
    found = call.args[0] if str(call.name) in _RECONSTRUCT and call.args else call.name
    return found if isinstance(found, Name) else call.name


def _optimizer(call: Call, resolve: Callable[[Any], Any]) -> Optimizer:
    settings = resolve(call.state)
    return _make_optimizer(_class_of(call).name, settings, "optimizer states")


def _scalar(call: Call, resolve: Callable[[Any], Any]) -> Any:
    """numpy.core.multiarray.scalar(dtype('f8', ...), bytes): a NumPy number among the settings."""
    kind, raw = call.args if len(call.args) == 2 else (None, None)
    raw = resolve(raw)
    name = kind.args[0] if isinstance(kind, Call) and str(kind.name) == "numpy.dtype" and kind.args else None
    if name in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1") and isinstance(raw, bytes):
        dtype = np.dtype(name)
        if len(raw) == dtype.itemsize:
            return np.frombuffer(raw, dtype)[0].item()
    raise _damaged("optimizer states", "a NumPy number is malformed")


def _ordered(call: Call, resolve: Callable[[Any], Any]) -> dict:
    return {resolve(k): resolve(v) for k, v in call.items}


_RECONSTRUCT = ("copy_reg._reconstructor", "copyreg._reconstructor", "copyreg.__newobj__", "copy_reg.__newobj__")
_ALLOWED: dict[str, Callable[[Call, Callable[[Any], Any]], Any]] = {
    **{f"mxnet.{m}.{c}": _array for m in ("ndarray", "ndarray.ndarray", "ndarray.sparse", "ndarray.ndarray_base", "numpy.multiarray")
       for c in ("NDArray", "CSRNDArray", "RowSparseNDArray", "ndarray")},
    **{f"{m}.bytearray": _bytes for m in ("builtins", "__builtin__")},
    "_codecs.encode": _bytes,
    **{f"mxnet.lr_scheduler.{c}": _schedule for c in _SCHEDULES},
    **{f"numpy.{m}.multiarray.scalar": _scalar for m in ("core", "_core")},
    **{f"collections.{c}": _ordered for c in ("OrderedDict", "defaultdict")},
}  # fmt: skip


def _from_mxnet(call: Call, resolve: Callable[[Any], Any]) -> Any:
    name = str(_class_of(call))
    handler = _ALLOWED.get(name)
    if handler is None and name.startswith("mxnet.optimizer") and name.rsplit(".", 1)[-1].lower() in Optimizer.opt_registry:
        handler = _optimizer
    if handler is None:
        raise MXNetError(
            f"optimizer states: the file mentions {name[:80]}, which is not on the list of names that states may hold, and was not run. "
            "Save the states from a program that uses MXNet's own optimizers and schedules."
        )
    return handler(call, resolve)
