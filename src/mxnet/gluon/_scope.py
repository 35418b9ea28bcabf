"""Name scopes of blocks: how a block made inside `with parent.name_scope():` gets its prefix and its parameters."""

from __future__ import annotations

import threading
from typing import Any

from .. import name as naming
from .parameter import ParameterDict


class BlockScope:
    """The scope of one block. Blocks made inside it are called `<prefix of the block><class name><counter>_`."""

    _current = threading.local()

    def __init__(self, block: Any) -> None:
        """block: anything with a prefix. Only its names and parameters are kept: the block itself would make a cycle that keeps its parameters
        alive. A block without a prefix of its own is transparent: blocks inside get the names of the outer block's scope.
        """
        self._prefix, self._params, self._transparent = block.prefix, getattr(block, "params", None), block._empty_prefix
        self._counter: dict[str, int] = {}
        self._entered: list[tuple[Any, Any]] = []

    @staticmethod
    def create(prefix: str | None, params: Any, hint: str) -> tuple[str, ParameterDict]:
        """The prefix and the parameter dictionary of a new block whose class is called `hint`."""
        scope = getattr(BlockScope._current, "value", None)
        if scope is None:
            if prefix is None:
                prefix = naming.current().get(None, hint) + "_"
            made = ParameterDict(prefix) if params is None else ParameterDict(params.prefix, params)
            return prefix, made
        if prefix is None:
            count = scope._counter.get(hint, 0)
            scope._counter[hint] = count + 1
            prefix = f"{hint}{count}_"
        if params is None:
            parent = scope._params
            made = ParameterDict(parent.prefix + prefix, parent._shared)
        else:
            made = ParameterDict(params.prefix, params)
        return scope._prefix + prefix, made

    def __enter__(self) -> BlockScope:
        if self._transparent:
            return self
        names = naming.Prefix(self._prefix)
        names.__enter__()
        self._entered.append((getattr(BlockScope._current, "value", None), names))
        BlockScope._current.value = self
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._transparent:
            return
        outer, names = self._entered.pop()
        names.__exit__(*exc)
        BlockScope._current.value = outer
