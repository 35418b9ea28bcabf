"""CachedOp: a symbol as a function of arrays."""

from __future__ import annotations

from typing import Any

from .. import ndarray as _nd
from .._runtime.array import Array
from .._runtime.invoke import write
from ..error import MXNetError
from ._compiled import Compiled
from .symbol import Symbol


class CachedOp:
    """The graph of a symbol, ready to be called on arrays again and again; `autograd.record()` records it.

    Arrays come in the order of `symbol.list_inputs()`. flags: pairs of names and values that the original takes; all are accepted, none
    has an effect.

    >>> double = mx.nd.CachedOp(mx.sym.var("x") * 2)
    >>> double(mx.nd.array([1, 2])).asnumpy().tolist()
    [2.0, 4.0]
    """

    def __init__(self, sym: Symbol, flags: Any = ()) -> None:
        if not isinstance(sym, Symbol):
            raise TypeError(f"CachedOp: needs a Symbol, got {type(sym).__name__}. Make one with mx.sym.")
        self._names = sym.list_inputs()
        self._compiled = Compiled(sym)

    def __call__(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        """The outputs: an array, or a list of them."""
        if len(args) != len(self._names):
            raise MXNetError(
                f"CachedOp: takes {len(self._names)} arrays ({', '.join(self._names)}), got {len(args)}. Pass them in that order."
            )
        for name, a in zip(self._names, args):
            if not isinstance(a, Array):
                raise TypeError(f"CachedOp: input {name} must be an NDArray, got {type(a).__name__}. Convert it with mx.nd.array.")
        given = dict(zip(self._names, args))
        results = self._compiled.run([given[n] for n in (*self._compiled.arg_names, *self._compiled.aux_names)])
        if out is None:
            return results[0] if len(results) == 1 else results
        targets = [out] if isinstance(out, Array) else list(out)
        if len(targets) != len(results):
            raise MXNetError(f"CachedOp: out has {len(targets)} arrays, the symbol has {len(results)} outputs. Pass as many.")
        for target, result in zip(targets, results):
            write(target, result._t if result.stype == "default" else result._d, "CachedOp")
        return out


_nd.CachedOp = CachedOp  # type: ignore[attr-defined]
