"""The two kinds of arrays and symbols: those of `mx.nd` and those of `mx.np`. A block gives one kind."""

from __future__ import annotations

from typing import Any

from .._runtime.array import Array, Classes
from ..symbol import Symbol
from ..symbol._function import Kinds


def is_numpy(value: Any) -> bool:
    """Whether an array or a symbol has the semantics of mx.np."""
    kind = Classes.numpy if isinstance(value, Array) else Kinds.numpy
    return kind is not None and isinstance(value, kind)


def check_kinds(results: list[Any], name: str, numpy: bool = False) -> None:
    """Refuse results of both kinds: NDArrays (or their symbols) beside arrays of mx.np; with `numpy` the former at all."""
    kinds = {is_numpy(r) for r in results if isinstance(r, (Array, Symbol))}
    if len(kinds) > 1 or numpy and False in kinds:
        found = "an NDArray under npx.set_np()" if numpy else "NDArrays beside arrays of mx.np"
        raise TypeError(f"{name}: returned {found}. Convert results with as_np_ndarray() or as_nd_ndarray().")
