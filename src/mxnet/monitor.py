"""Monitor: statistics of the arrays inside executors and blocks, every few batches."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from typing import Any

from ._runtime.array import Array
from .ndarray import NDArray  # noqa: F401  part of the module's public names

__all__ = ["Monitor"]


def _mean_size(x: Any) -> Any:
    """The root of the mean square of an array."""
    return x.norm() / math.sqrt(x.size)


class Monitor:
    """Between `tic()` and `toc()` of every `interval`-th batch, collects `stat_func` of arrays whose names match `pattern`.

    stat_func    a function from an array to an array or a list of them (default: root of the mean square)
    sort         results by name
    monitor_all  inputs of operators too, not outputs only
    """

    def __init__(self, interval: int, stat_func: Callable[[Any], Any] | None = None, pattern: str = ".*", sort: bool = False,
                 monitor_all: bool = False) -> None:  # fmt: skip
        self.stat_func = stat_func or _mean_size
        self.interval = interval
        self.activated = False
        self.queue: list[tuple[int, str, Any]] = []
        self.step = 0
        self.exes: list = []
        self.re_prog = re.compile(pattern)
        self.sort = sort
        self.monitor_all = monitor_all

    def stat_helper(self, name: Any, array: Any) -> None:
        """Called by executors with every array that they compute."""
        name = name.decode("utf-8") if isinstance(name, bytes) else str(name)
        if self.activated and self.re_prog.match(name):
            self.queue.append((self.step, name, self.stat_func(array)))

    def install(self, exe: Any) -> None:
        """Watch an executor."""
        exe.set_monitor_callback(self.stat_helper, self.monitor_all)
        self.exes.append(exe)

    def tic(self) -> None:
        """Before a batch: begin to collect if it is this batch's turn."""
        if self.step % self.interval == 0:
            for array in self._arrays():
                array.wait_to_read()
            self.queue = []
            self.activated = True
        self.step += 1

    def _arrays(self) -> list:
        return [a for exe in self.exes for group in (exe.arg_arrays, getattr(exe, "aux_arrays", ())) for a in group]

    def toc(self) -> list[tuple[int, str, str]]:
        """After a batch: (batch, name, statistic as text) of all that was collected, parameters included."""
        if not self.activated:
            return []
        for array in self._arrays():
            array.wait_to_read()
        for exe in self.exes:
            symbol = exe._symbol
            named = [*zip(symbol.list_arguments(), exe.arg_arrays), *zip(symbol.list_auxiliary_states(), getattr(exe, "aux_arrays", ()))]
            self.queue += [(self.step, name, self.stat_func(array)) for name, array in named if self.re_prog.match(name)]
        self.activated = False
        found = sorted(self.queue, key=lambda row: row[1]) if self.sort else self.queue
        self.queue = []
        return [
            (step, name, "".join(_text(v) + "\t" for v in (values if isinstance(values, list) else [values])))
            for step, name, values in found
        ]

    def toc_print(self) -> None:
        """`toc`, logged."""
        for step, name, text in self.toc():
            logging.info("Batch: %7d %-30s %s", step, name, text)


def _text(value: Any) -> str:
    if isinstance(value, Array):
        return str(value.asscalar() if value.size == 1 else value.asnumpy())  # type: ignore[attr-defined]
    return str(value)
