"""Profiler: how often and how long operators ran, as a table or a Chrome trace, with tasks, events, counters and markers of the program.

    mx.profiler.set_config(profile_all=True, filename="profile.json")
    mx.profiler.set_state("run"); ...; mx.profiler.set_state("stop")
    print(mx.profiler.dumps()); mx.profiler.dump()          # the file opens in chrome://tracing

Times are of the Python thread that called the operator: on a GPU that is the time to start the work, not to finish it.
"""

from __future__ import annotations

import json
import time
import warnings
from typing import Any

import torch

from ._profiler import PROFILER, SETTINGS, Writer
from .error import MXNetError, hint

__all__ = ["set_config", "set_state", "dump", "dumps", "pause", "resume", "Domain", "Task", "Frame", "Event", "Counter", "Marker",
           "profiler_set_config", "profiler_set_state", "dump_profile", "set_kvstore_handle"]  # fmt: skip


def set_config(**kwargs: Any) -> None:
    """Settings for the next run: filename, profile_all, profile_imperative, profile_symbolic, profile_memory, profile_api, aggregate_stats,
    continuous_dump (write the file every dump_period seconds while recording). Operators are recorded whatever kinds are chosen."""
    for name, value in kwargs.items():
        if name not in SETTINGS:
            raise MXNetError(f"profiler.set_config: unknown argument {name!r}.{hint(name, SETTINGS)} Use {', '.join(SETTINGS)}.")
        PROFILER.settings[name] = value


def set_state(state: str = "stop", profile_process: str = "worker") -> None:
    """ "run" begins to record, "stop" ends it."""
    if state not in ("run", "stop"):
        raise KeyError(f"profiler.set_state: {state!r} is unknown. Use 'run' or 'stop'.")
    PROFILER.running = state == "run"
    PROFILER.paused = False
    PROFILER.switch()
    if state == "run" and PROFILER.settings["continuous_dump"]:
        Writer.start()
    elif state == "stop":
        Writer.stop()


def pause(profile_process: str = "worker") -> None:
    """Stop recording for a while."""
    PROFILER.paused = True
    PROFILER.switch()


def resume(profile_process: str = "worker") -> None:
    """Record again after `pause`."""
    PROFILER.paused = False
    PROFILER.switch()


def dump(finished: bool = True, profile_process: str = "worker") -> None:
    """Write the trace to the configured file, for chrome://tracing or Perfetto; finished=True ends recording."""
    if finished:
        set_state("stop")
    PROFILER.write()


_COLUMNS = {"count": 0, "total": 1, "min": 2, "max": 3, "avg": 4}


def dumps(reset: bool = False, format: str = "table", sort_by: str = "total", ascending: bool = False) -> str:
    """All that was recorded, as a text table or JSON.

    reset   forget it afterwards
    format  "table" or "json"; sort_by: "total", "avg", "min", "max" or "count" (milliseconds); ascending: the smallest first
    """
    if format not in ("table", "json"):
        raise ValueError(f"profiler.dumps: format {format!r} is unknown. Use 'table' or 'json'.")
    if sort_by not in _COLUMNS:
        raise ValueError(f"profiler.dumps: sort_by {sort_by!r} is unknown. Use one of {', '.join(_COLUMNS)}.")
    groups: dict[str, list[tuple]] = {}
    with PROFILER.lock:
        for (kind, name), row in PROFILER.table.items():
            groups.setdefault(kind, []).append((name, *row, row[1] / row[0]))
        memory = _memory()
        if reset:
            PROFILER.clear()
    for rows in groups.values():
        rows.sort(key=lambda r: r[_COLUMNS[sort_by] + 1], reverse=not ascending)
    if sort_by != "total":
        memory.sort(key=lambda r: r[_MEMORY_COLUMNS[sort_by] + 1], reverse=not ascending)
    if format == "json":
        names = ("Count", "Total", "Min", "Max", "Avg")
        times = {k: {r[0]: dict(zip(names, r[1:])) for r in rows} for k, rows in groups.items()}
        sizes = {r[0]: dict(zip(("Count", "Min", "Max", "Avg"), r[1:])) for r in memory}
        found = {"Time": times, "Memory": {"Device Storage": sizes} if sizes else {}, "Unit": {"Time": "ms", "Memory": "kB"}}
        return json.dumps(found, indent=4)
    lines = ["", "Profile Statistics:", "\tNote the difference in units for different entries."]
    if memory:
        lines += _table("Device Storage", ("Min Use  (kB)", "Max Use  (kB)", "Avg Use  (kB)"), memory)
    for kind, rows in groups.items():
        lines += _table(kind, ("Time (ms)", "Min Time (ms)", "Max Time (ms)", "Avg Time (ms)"), rows)
    return "\n".join(lines)


_MEMORY_COLUMNS = {"count": 0, "min": 1, "max": 2, "avg": 3}


def _table(kind: str, columns: tuple[str, ...], rows: list[tuple]) -> list[str]:
    """The lines of one table: name, count, and a number a column."""
    head = [f"{'Name':<30}{'Total Count':>11}" + "".join(f"{c:>17}" for c in columns)]
    head += [f"{'----':<30}{'-----------':>11}" + "".join(f"{'-' * len(c):>17}" for c in columns)]
    body = [f"{name:<30}{count:>11}" + "".join(f"{v:>17.4f}" for v in numbers) for name, count, *numbers in rows]
    return [kind, "=" * 17, *head, *body, ""]


def _memory() -> list[tuple]:
    """(name, count, least, greatest, average) in kB: memory of operators' results on the CPU, and what torch's allocator holds on each GPU."""
    rows = [(name, int(n), low / 1000, high / 1000, total / n / 1000) for name, (n, total, low, high) in PROFILER.memory.items()]
    if torch.cuda.is_initialized():
        for i in range(torch.cuda.device_count()):
            found = torch.cuda.memory_stats(i)
            now, peak = (found.get(f"allocated_bytes.all.{k}", 0) / 1000 for k in ("current", "peak"))
            rows.append((f"Memory: gpu/{i}", found.get("allocation.all.allocated", 0), 0.0, peak, now))
    return rows


def profiler_set_config(mode: str = "symbolic", filename: str = "profile.json") -> None:
    """The old name of `set_config`."""
    warnings.warn("profiler_set_config: use set_config.", DeprecationWarning, stacklevel=2)
    set_config(filename=filename, profile_symbolic=True, profile_imperative=mode == "all")


def profiler_set_state(state: str = "stop") -> None:
    """The old name of `set_state`."""
    warnings.warn("profiler_set_state: use set_state.", DeprecationWarning, stacklevel=2)
    set_state(state)


def dump_profile() -> None:
    """The old name of `dump`."""
    warnings.warn("dump_profile: use dump.", DeprecationWarning, stacklevel=2)
    dump(True)


def set_kvstore_handle(handle: Any) -> None:
    """Accepted; there are no server processes to profile."""


class Domain:
    """A group of a program's own tasks, counters and markers."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def new_task(self, name: str) -> Task:
        """A task of this domain."""
        return Task(self, name)

    def new_frame(self, name: str) -> Frame:
        """A frame of this domain."""
        return Frame(self, name)

    def new_counter(self, name: str, value: float | None = None) -> Counter:
        """A counter of this domain."""
        return Counter(self, name, value)

    def new_marker(self, name: str) -> Marker:
        """A marker of this domain."""
        return Marker(self, name)


class _Span:
    """A named span of time: `start()` ... `stop()`, or `with`."""

    def __init__(self, kind: str, name: str) -> None:
        self.name, self._kind, self._start = name, kind, None

    _start: float | None

    def start(self) -> None:
        """The span begins."""
        self._start = time.perf_counter()

    def stop(self) -> None:
        """The span ends, and is recorded if the profiler runs."""
        if self._start is not None and PROFILER.active:
            PROFILER.add(self._kind, self.name, self._start, time.perf_counter())
        self._start = None

    def __enter__(self) -> Any:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __str__(self) -> str:
        return self.name


class Task(_Span):
    """A piece of work in a domain."""

    def __init__(self, domain: Domain, name: str) -> None:
        super().__init__(f"{domain}", name)


class Frame(_Span):
    """One round of something repeated in a domain."""

    def __init__(self, domain: Domain, name: str) -> None:
        super().__init__(f"{domain},frame", name)


class Event(_Span):
    """A piece of work of the running thread."""

    def __init__(self, name: str) -> None:
        super().__init__("event", name)


class Counter:
    """A number that changes with time; `+=` and `-=` record the change."""

    def __init__(self, domain: Domain, name: str, value: float | None = None) -> None:
        self.name, self._domain, self._value = name, domain, 0.0
        if value is not None:
            self.set_value(value)

    def set_value(self, value: float) -> None:
        """Set the number."""
        self._value = value
        if PROFILER.active:
            moment = PROFILER.microseconds(time.perf_counter())
            PROFILER.event({"name": self.name, "cat": str(self._domain), "ph": "C", "ts": moment, "args": {self.name: value}})

    def increment(self, delta: float = 1) -> None:
        """Add to the number."""
        self.set_value(self._value + delta)

    def decrement(self, delta: float = 1) -> None:
        """Subtract from the number."""
        self.set_value(self._value - delta)

    def __iadd__(self, delta: float) -> Counter:
        self.increment(delta)
        return self

    def __isub__(self, delta: float) -> Counter:
        self.decrement(delta)
        return self

    def __str__(self) -> str:
        return self.name


class Marker:
    """A moment in time."""

    def __init__(self, domain: Domain, name: str) -> None:
        self.name, self.domain = name, domain

    def mark(self, scope: str = "process") -> None:
        """Record that the moment is now; scope: "global", "process", "thread", "task" or "marker"."""
        if PROFILER.active:
            moment = PROFILER.microseconds(time.perf_counter())
            PROFILER.event(
                {"name": self.name, "cat": str(self.domain), "ph": "i", "ts": moment, "s": {"global": "g", "thread": "t"}.get(scope, "p")}
            )
