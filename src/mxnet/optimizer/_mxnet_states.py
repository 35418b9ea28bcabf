"""What the names in MXNet's pickled states stand for: the list of names that such a file may mention, with a maker for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._runtime.array import Array
from ..error import MXNetError
from ..ndarray import _params_file as params
from ._base import Optimizer
from ._pickle import Call, LongText, Name
from ._restored import SCHEDULES, damaged, make, make_optimizer


class Allowed:
    """The allow-list, for one file of a size: the contents of all its arrays together are no larger than the file."""

    def __init__(self, size: int) -> None:
        self.left = size

    def __call__(self, call: Call, resolve: Callable[[Any], Any]) -> Any:
        made = _from_mxnet(call, resolve)
        if isinstance(made, _Content):
            self.left -= len(made.raw)
            if self.left < 0:
                raise damaged("optimizer states", "the arrays are larger than the file")
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
        raise damaged("optimizer states", "an array without content")
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
    raise damaged("optimizer states", "bytes are malformed")


def _schedule(call: Call, resolve: Callable[[Any], Any]) -> Any:
    return make(SCHEDULES[_class_of(call).name], resolve(call.state), "optimizer states")


def _class_of(call: Call) -> Name:
    """The class of `copyreg._reconstructor(cls, object, None)` or of `cls()`."""
    found = call.args[0] if str(call.name) in _RECONSTRUCT and call.args else call.name
    return found if isinstance(found, Name) else call.name


def _optimizer(call: Call, resolve: Callable[[Any], Any]) -> Optimizer:
    settings = resolve(call.state)
    return make_optimizer(_class_of(call).name, settings, "optimizer states")


def _scalar(call: Call, resolve: Callable[[Any], Any]) -> Any:
    """numpy.core.multiarray.scalar(dtype('f8', ...), bytes): a NumPy number among the settings."""
    kind, raw = call.args if len(call.args) == 2 else (None, None)
    raw = resolve(raw)
    name = kind.args[0] if isinstance(kind, Call) and str(kind.name) == "numpy.dtype" and kind.args else None
    if name in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1") and isinstance(raw, bytes):
        dtype = np.dtype(name)
        if len(raw) == dtype.itemsize:
            return np.frombuffer(raw, dtype)[0].item()
    raise damaged("optimizer states", "a NumPy number is malformed")


def _ordered(call: Call, resolve: Callable[[Any], Any]) -> dict:
    return {resolve(k): resolve(v) for k, v in call.items}


_RECONSTRUCT = ("copy_reg._reconstructor", "copyreg._reconstructor", "copyreg.__newobj__", "copy_reg.__newobj__")
_ALLOWED: dict[str, Callable[[Call, Callable[[Any], Any]], Any]] = {
    **{f"mxnet.{m}.{c}": _array for m in ("ndarray", "ndarray.ndarray", "ndarray.sparse", "ndarray.ndarray_base", "numpy.multiarray")
       for c in ("NDArray", "CSRNDArray", "RowSparseNDArray", "ndarray")},
    **{f"{m}.bytearray": _bytes for m in ("builtins", "__builtin__")},
    "_codecs.encode": _bytes,
    **{f"mxnet.lr_scheduler.{c}": _schedule for c in SCHEDULES},
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
