"""Blocks that run one after another."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from .._structure import _indent
from ..block import Block, HybridBlock
from ..parameter import ParameterDict


class _Chain(Block):
    """What both containers share: children as a sequence."""

    def add(self, *blocks: Block) -> None:
        """Put blocks at the end."""
        for block in blocks:
            self.register_child(block)

    def __getitem__(self, key: Any) -> Any:
        chosen = list(self._children.values())[key]
        if not isinstance(chosen, list):
            return chosen
        part = type(self)(prefix=self._prefix)
        with part.name_scope():
            part.add(*chosen)
        return part

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Block]:
        return iter(list(self._children.values()))

    def __repr__(self) -> str:
        rows = "\n".join(f"  ({key}): {_indent(repr(block), 2)}" for key, block in self._children.items())
        return f"{type(self).__name__}(\n{rows}\n)"


class Sequential(_Chain):
    """Blocks that run one after another: `net.add(block, ...)`; `net[i]` and slices give children.

    >>> net = mx.gluon.nn.Sequential()
    >>> with net.name_scope():
    ...     net.add(mx.gluon.nn.Dense(4, in_units=2), mx.gluon.nn.Dense(1, in_units=4))
    >>> len(net)
    2
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def forward(self, x: Any) -> Any:
        """Every block on the result of the one before it."""
        for block in self._children.values():
            x = block(x)
        return x

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Run all HybridBlocks below as graphs; if all children are such, HybridSequential makes one graph of them."""
        if self._children and all(isinstance(c, HybridBlock) for c in self._children.values()):
            warnings.warn(f"{self.name}: all children are HybridBlocks. HybridSequential would run them as one graph.", stacklevel=2)
        super().hybridize(active, **kwargs)


class HybridSequential(_Chain, HybridBlock):
    """HybridBlocks that run one after another, and after `hybridize()` as one graph.

    >>> net = mx.gluon.nn.HybridSequential()
    >>> net.add(mx.gluon.nn.Dense(4, in_units=2, activation="relu"), mx.gluon.nn.Dense(1, in_units=4))
    >>> net.initialize()
    >>> net.hybridize()
    >>> net(mx.nd.ones((3, 2))).shape
    (3, 1)
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Every block on the result of the one before it."""
        for block in self._children.values():
            x = block(x)
        return x
