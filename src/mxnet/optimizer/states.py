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
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import lr_scheduler
from .._runtime.array import Array
from ..error import MXNetError
from ..ndarray import _params_file as params
from ._base import Optimizer
from ._pickle import Call, Resolver, read

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
    value = Resolver(_from_mxnet, where)(content)
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


def _check_states(states: Any, where: str) -> None:
    """States consist of arrays, None, numbers, tuples, lists and dicts only."""
    for value in states.values() if isinstance(states, dict) else states:
        if isinstance(value, (dict, tuple, list)):
            _check_states(value, where)
        elif not isinstance(value, (Array, *_PLAIN)):
            raise MXNetError(f"{where}: a state is a {type(value).__name__}. The file is damaged or not a states file.")


def _load_ours(record: dict, optimizer: Any, current: Optimizer, where: str) -> tuple[dict, Optimizer | None]:
    if record[_KEY] != 1:
        raise MXNetError(f"{where}: version {record[_KEY]!r} is newer than this package reads (1). Update the package.")
    states, blob = record.get("states"), record.get("arrays")
    if not isinstance(states, dict) or not isinstance(blob, bytes):
        raise _damaged(where, "states or arrays are missing")
    arrays = params.read(blob, where)
    if not isinstance(arrays, list):
        raise _damaged(where, "the arrays have names")
    found = {k: _unpack(v, arrays, where) for k, v in states.items()}
    if optimizer is None:
        return found, None
    if not isinstance(optimizer, dict) or not isinstance(optimizer.get("class"), str) or not isinstance(optimizer.get("settings"), dict):
        raise _damaged(where, "the optimizer's record is incomplete")
    settings = {k: _unpack(v, arrays, where) for k, v in optimizer["settings"].items()}
    return found, _adopt(_make_optimizer(optimizer["class"], settings, where), current)


def _damaged(where: str, what: str) -> MXNetError:
    return MXNetError(f"{where}: {what}. The file is damaged or not a states file.")


def _unpack(tree: Any, arrays: list, where: str, depth: int = 0) -> Any:
    if depth > 100 or not isinstance(tree, tuple) or len(tree) < 2:
        raise _damaged(where, "a tree is malformed")
    kind, content = tree[0], tree[1]
    if kind == "array" and isinstance(content, int) and 0 <= content < len(arrays):
        return arrays[content]
    if kind == "value" and type(content) in _PLAIN:
        return content
    if kind in ("tuple", "list") and isinstance(content, list):
        items = [_unpack(v, arrays, where, depth + 1) for v in content]
        return tuple(items) if kind == "tuple" else items
    if kind == "dict" and isinstance(content, list) and all(isinstance(p, list) and len(p) == 2 and type(p[0]) in _PLAIN for p in content):
        return {k: _unpack(v, arrays, where, depth + 1) for k, v in content}
    if kind == "schedule" and len(tree) == 3 and content in _SCHEDULES:
        return _make(_SCHEDULES[content], _unpack(tree[2], arrays, where, depth + 1), where)
    raise _damaged(where, f"a tree node {str(kind)[:40]!r} is malformed")


def _make(cls: type, attributes: Any, where: str) -> Any:
    """An object of a class with these attributes; nothing of the class runs."""
    if not isinstance(attributes, dict) or not all(isinstance(k, str) for k in attributes):
        raise _damaged(where, f"{cls.__name__} without attributes")
    made = cls.__new__(cls)
    made.__dict__.update(attributes)
    return made


def _make_optimizer(name: str, settings: dict, where: str) -> Optimizer:
    cls = Optimizer.opt_registry.get(name.lower())
    if cls is None:
        raise MXNetError(f"{where}: the optimizer {name!r} is not registered. Import the module that registers it first.")
    if not isinstance(settings, dict) or not all(isinstance(k, str) for k in settings):
        raise _damaged(where, f"the optimizer {name} without settings")
    made = cls.__new__(cls)
    Optimizer.__setstate__(made, {"sym_info": (), **settings})
    counts = made._all_index_update_counts
    if made.__dict__.get("_index_update_count") not in counts.values():
        made._index_update_count = counts.setdefault(0, {})
    else:  # the same object again, not an equal one
        made._index_update_count = next(c for c in counts.values() if c == made._index_update_count)
    return made


# ---- the names that MXNet's states mention


def _array(call: Call, resolve: Callable[[Any], Any]) -> Any:
    state = resolve(call.state) if call.state is not None else None
    raw = state.get("handle") if isinstance(state, dict) else None
    if not isinstance(raw, (bytes, bytearray)):
        raise _damaged("optimizer states", "an array without content")
    reader = params.Reader(memoryview(raw), "optimizer states")
    reader.record = "an array"
    return params.read_array(reader)


def _bytes(call: Call, resolve: Callable[[Any], Any]) -> bytes:
    """bytearray(b"..."), bytearray(text, "latin-1"), _codecs.encode(text, "latin1")."""
    args = resolve(call.args)
    if not args:
        return b""
    if isinstance(args[0], bytes):
        return args[0]
    if isinstance(args[0], str) and len(args) == 2 and args[1] in ("latin1", "latin-1"):
        try:
            return args[0].encode("latin-1")
        except UnicodeEncodeError:
            pass
    raise _damaged("optimizer states", "bytes are malformed")


def _schedule(call: Call, resolve: Callable[[Any], Any]) -> Any:
    return _make(_SCHEDULES[_class_of(call).name], resolve(call.state), "optimizer states")


def _class_of(call: Call) -> Any:
    """The class of `copyreg._reconstructor(cls, object, None)` or of `cls()`."""
    return call.args[0] if str(call.name) in _RECONSTRUCT and call.args else call.name


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
    name = str(_class_of(call)) if str(call.name) in _RECONSTRUCT else str(call.name)
    handler = _ALLOWED.get(name)
    if handler is None and name.startswith("mxnet.optimizer") and name.rsplit(".", 1)[-1].lower() in Optimizer.opt_registry:
        handler = _optimizer
    if handler is None:
        raise MXNetError(
            f"optimizer states: the file mentions {name[:80]}, which is not on the list of names that states may hold, and was not run. "
            "Save the states from a program that uses MXNet's own optimizers and schedules."
        )
    return handler(call, resolve)
