"""Profiler: how often and how long operators ran, as a table or a Chrome trace, with tasks, events, counters and markers of the program.

    mx.profiler.set_config(profile_all=True, filename="profile.json")
    mx.profiler.set_state("run"); ...; mx.profiler.set_state("stop")
    print(mx.profiler.dumps()); mx.profiler.dump()          # the file opens in chrome://tracing

Times are of the Python thread that called the operator: on a GPU that is the time to start the work, not to finish it.
"""

from __future__ import annotations

import json
import os
import threading
import time
import warnings
from typing import Any

import torch

from ._op.registry import Op
from ._runtime.invoke import Hooks
from .error import MXNetError, hint

__all__ = ["set_config", "set_state", "dump", "dumps", "pause", "resume", "Domain", "Task", "Frame", "Event", "Counter", "Marker",
           "profiler_set_config", "profiler_set_state", "dump_profile", "set_kvstore_handle"]  # fmt: skip

_SETTINGS = {"profile_all": False, "profile_symbolic": True, "profile_imperative": True, "profile_memory": False, "profile_api": False,
             "filename": "profile.json", "gpu_memory_profile_filename_prefix": "gpu_memory_profile", "continuous_dump": False, "dump_period": 1.0,
             "aggregate_stats": False, "profile_process": "worker"}  # fmt: skip
#: Events beyond this number are only counted in the table, so that long runs keep bounded memory.
_MOST_EVENTS = 1_000_000


class _Profiler:
    """What was recorded."""

    def __init__(self) -> None:
        self.settings = dict(_SETTINGS)
        self.running = self.paused = False
        self.lock = threading.Lock()
        self.begin = time.perf_counter()
        self.clear()

    def clear(self) -> None:
        self.events: list[dict] = []
        self.left_out = 0
        #: (kind, name) -> [count, total, min, max], milliseconds
        self.table: dict[tuple[str, str], list[float]] = {}

    @property
    def active(self) -> bool:
        return self.running and not self.paused

    def switch(self) -> None:
        """Put the hook into the operators' path, or take it out."""
        Hooks.profile = _timed if self.active else None
        Hooks.active = Hooks.cast is not None or Hooks.profile is not None

    def add(self, kind: str, name: str, start: float, stop: float) -> None:
        """A span of time."""
        milliseconds = (stop - start) * 1e3
        with self.lock:
            row = self.table.get((kind, name))
            if row is None:
                self.table[kind, name] = [1, milliseconds, milliseconds, milliseconds]
            else:
                row[0] += 1
                row[1] += milliseconds
                row[2] = min(row[2], milliseconds)
                row[3] = max(row[3], milliseconds)
        self.event({"name": name, "cat": kind, "ph": "X", "ts": self.microseconds(start), "dur": milliseconds * 1e3})

    def event(self, event: dict) -> None:
        """An entry of the trace."""
        if len(self.events) >= _MOST_EVENTS:
            self.left_out += 1
            return
        self.events.append({**event, "pid": os.getpid(), "tid": threading.get_ident()})

    def microseconds(self, moment: float) -> float:
        return round((moment - self.begin) * 1e6, 3)


_PROFILER = _Profiler()


def _timed(op: Op, tensors: Any, attrs: dict) -> Any:
    """Run an operator's function and record how long it took."""
    custom = getattr(_Inside.now, "name", None)
    if op.name == "Custom" and custom is None:
        return _timed_custom(op, tensors, attrs)
    start = time.perf_counter()
    try:
        return op.fn(*tensors, **attrs)
    finally:
        stop = time.perf_counter()
        if custom is None:
            _PROFILER.add("operator", op.name, start, stop)
        else:
            _Inside.now.others += stop - start
            _PROFILER.add("Custom Operator", f"{custom}::{op.name}", start, stop)


class _Inside:
    """The user's operator that runs in this thread, and the time of the operators that it has called."""

    now = threading.local()


def _timed_custom(op: Op, tensors: Any, attrs: dict) -> Any:
    """A user's operator: the operators that it calls are recorded under its name, and the Python that remains as pure_python."""
    name = attrs["op_type"]
    _Inside.now.name, _Inside.now.others = name, 0.0
    start = time.perf_counter()
    try:
        return op.fn(*tensors, **attrs)
    finally:
        stop, _Inside.now.name = time.perf_counter(), None
        _PROFILER.add("operator", op.name, start, stop)
        _PROFILER.add("Custom Operator", f"{name}::pure_python", start, stop - _Inside.now.others)


def set_config(**kwargs: Any) -> None:
    """Settings for the next run: filename, profile_all, profile_imperative, profile_symbolic, profile_memory, profile_api, aggregate_stats,
    continuous_dump, dump_period. Operators are recorded whatever kinds are chosen."""
    for name, value in kwargs.items():
        if name not in _SETTINGS:
            raise MXNetError(f"profiler.set_config: unknown argument {name!r}.{hint(name, _SETTINGS)} Use {', '.join(_SETTINGS)}.")
        _PROFILER.settings[name] = value


def set_state(state: str = "stop", profile_process: str = "worker") -> None:
    """ "run" begins to record, "stop" ends it."""
    if state not in ("run", "stop"):
        raise KeyError(f"profiler.set_state: {state!r} is unknown. Use 'run' or 'stop'.")
    _PROFILER.running = state == "run"
    _PROFILER.paused = False
    _PROFILER.switch()


def pause(profile_process: str = "worker") -> None:
    """Stop recording for a while."""
    _PROFILER.paused = True
    _PROFILER.switch()


def resume(profile_process: str = "worker") -> None:
    """Record again after `pause`."""
    _PROFILER.paused = False
    _PROFILER.switch()


def dump(finished: bool = True, profile_process: str = "worker") -> None:
    """Write the trace to the configured file, for chrome://tracing or Perfetto; finished=True ends recording."""
    if finished:
        set_state("stop")
    target = str(_PROFILER.settings["filename"])
    temporary = f"{target}.{os.getpid()}.tmp"
    content = {"traceEvents": _PROFILER.events, "displayTimeUnit": "ms", "otherData": {"left_out": _PROFILER.left_out}}
    try:
        with open(temporary, "w") as f:
            json.dump(content, f)
        os.replace(temporary, target)
    except OSError as e:
        raise MXNetError(f"profiler.dump: cannot write {target!r} ({e.strerror}). Set another filename.") from None


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
    with _PROFILER.lock:
        for (kind, name), row in _PROFILER.table.items():
            groups.setdefault(kind, []).append((name, *row, row[1] / row[0]))
        if reset:
            _PROFILER.clear()
    for rows in groups.values():
        rows.sort(key=lambda r: r[_COLUMNS[sort_by] + 1], reverse=not ascending)
    if format == "json":
        names = ("Count", "Total", "Min", "Max", "Avg")
        times = {k: {r[0]: dict(zip(names, r[1:])) for r in rows} for k, rows in groups.items()}
        return json.dumps({"Time": times, "Memory": _memory(), "Unit": {"Time": "ms", "Memory": "kB"}}, indent=4)
    lines = ["", "Profile Statistics:"]
    for kind, rows in groups.items():
        lines += [
            kind,
            "=" * 17,
            f"{'Name':<30}{'Total Count':>11}"
            + "".join(f"{c:>17}" for c in ("Time (ms)", "Min Time (ms)", "Max Time (ms)", "Avg Time (ms)")),
        ]
        lines += [
            f"{name:<30}{count:>11}" + "".join(f"{v:>17.4f}" for v in (total, low, high, mean))
            for name, count, total, low, high, mean in rows
        ]
        lines.append("")
    return "\n".join(lines)


def _memory() -> dict[str, dict]:
    """Memory that torch's allocator holds for arrays on each GPU: its least, greatest and present amount (of the CPU nothing is known)."""
    if not torch.cuda.is_initialized():
        return {}
    rows = {}
    for i in range(torch.cuda.device_count()):
        found = torch.cuda.memory_stats(i)
        now, peak = (found.get(f"allocated_bytes.all.{k}", 0) / 1024 for k in ("current", "peak"))
        rows[f"Memory: gpu/{i}"] = {"Count": found.get("allocation.all.allocated", 0), "Min": 0.0, "Max": peak, "Avg": now}
    return {"Device Storage": rows}


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
        if self._start is not None and _PROFILER.active:
            _PROFILER.add(self._kind, self.name, self._start, time.perf_counter())
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
        super().__init__(f"{domain}", name)


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
        if _PROFILER.active:
            moment = _PROFILER.microseconds(time.perf_counter())
            _PROFILER.event({"name": self.name, "cat": str(self._domain), "ph": "C", "ts": moment, "args": {self.name: value}})

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
        if _PROFILER.active:
            moment = _PROFILER.microseconds(time.perf_counter())
            _PROFILER.event(
                {"name": self.name, "cat": str(self.domain), "ph": "i", "ts": moment, "s": {"global": "g", "thread": "t"}.get(scope, "p")}
            )
