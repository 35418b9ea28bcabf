"""What the profiler records: spans of time, entries of the trace, and the memory of results."""

from __future__ import annotations

import json
import os
import threading
import time
import warnings
import weakref
from typing import Any

import torch

from ._op.registry import Op
from ._runtime.invoke import Hooks
from .error import MXNetError

SETTINGS = {"profile_all": False, "profile_symbolic": True, "profile_imperative": True, "profile_memory": False, "profile_api": False,
             "filename": "profile.json", "gpu_memory_profile_filename_prefix": "gpu_memory_profile", "continuous_dump": False, "dump_period": 1.0,
             "aggregate_stats": False, "profile_process": "worker"}  # fmt: skip
#: Events beyond this number are only counted in the table, so that long runs keep bounded memory.
_MOST_EVENTS = 1_000_000


class Profiler:
    """What was recorded."""

    def __init__(self) -> None:
        self.settings = dict(SETTINGS)
        self.running = self.paused = False
        self.lock = threading.Lock()
        self.begin = time.perf_counter()
        self.held: dict[int, int] = {}  # bytes by storage
        self.total = 0
        self.clear()

    def clear(self) -> None:
        """Forget what was recorded."""
        self.events: list[dict] = []
        self.left_out = 0
        #: (kind, name) -> [count, total, min, max], milliseconds
        self.table: dict[tuple[str, str], list[float]] = {}
        #: name -> [count of changes, sum of levels, least, greatest], bytes
        self.memory: dict[str, list[float]] = {}

    @property
    def active(self) -> bool:
        """Whether operators are recorded now."""
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

    def keep(self, result: Any) -> None:
        """Count the memory of an operator's results until it is freed; results on GPUs are counted by torch's allocator."""
        for t in result if isinstance(result, (tuple, list)) else (result,):
            if not isinstance(t, torch.Tensor) or t.device.type != "cpu":
                continue
            storage = t.untyped_storage()
            key, size = storage._cdata, storage.nbytes()
            if size and key not in self.held:
                self.held[key] = size
                weakref.finalize(storage, self.free, key).atexit = False
                self.level(size)

    def free(self, key: int) -> None:
        """A storage that `keep` counted is gone."""
        self.level(-self.held.pop(key))

    def level(self, change: int) -> None:
        """The memory of results on the CPU grows or shrinks."""
        self.total += change
        if not self.active:
            return
        row = self.memory.setdefault("Memory: cpu/0", [0, 0, self.total, self.total])
        row[:] = row[0] + 1, row[1] + self.total, min(row[2], self.total), max(row[3], self.total)
        name = "Memory: cpu/0"
        self.event(
            {"name": name, "cat": "Device Storage", "ph": "C", "ts": self.microseconds(time.perf_counter()), "args": {name: self.total}}
        )

    def write(self) -> None:
        """Write the trace to the configured file."""
        target = str(self.settings["filename"])
        temporary = f"{target}.{os.getpid()}.{threading.get_ident()}.tmp"
        content = {"traceEvents": list(self.events), "displayTimeUnit": "ms", "otherData": {"left_out": self.left_out}}
        try:
            with open(temporary, "w") as f:
                json.dump(content, f)
            os.replace(temporary, target)
        except OSError as e:
            raise MXNetError(f"profiler.dump: cannot write {target!r} ({e.strerror}). Set another filename.") from None

    def microseconds(self, moment: float) -> float:
        """A moment in the time of the trace."""
        return round((moment - self.begin) * 1e6, 3)


PROFILER = Profiler()


def _timed(op: Op, tensors: Any, attrs: dict) -> Any:
    """Run an operator's function and record how long it took."""
    custom = getattr(_Inside.now, "name", None)
    if op.name == "Custom" and custom is None:
        return _timed_custom(op, tensors, attrs)
    start = time.perf_counter()
    result = None
    try:
        result = op.fn(*tensors, **attrs)
        return result
    finally:
        stop = time.perf_counter()
        PROFILER.keep(result)
        if custom is None:
            PROFILER.add("operator", op.name, start, stop)
        else:
            _Inside.now.others += stop - start
            PROFILER.add("Custom Operator", f"{custom}::{op.name}", start, stop)


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
        PROFILER.add("operator", op.name, start, stop)
        PROFILER.add("Custom Operator", f"{name}::pure_python", start, stop - _Inside.now.others)


class Writer:
    """The thread that writes the trace every `dump_period` seconds while `continuous_dump` is set."""

    thread: threading.Thread | None = None
    ended = threading.Event()

    @classmethod
    def start(cls) -> None:
        """Begin to write, if it has not begun."""
        if cls.thread is None:
            cls.ended = threading.Event()
            cls.thread = threading.Thread(target=cls._write, args=(cls.ended,), name="profiler", daemon=True)
            cls.thread.start()

    @classmethod
    def stop(cls) -> None:
        """End the thread."""
        if cls.thread is not None:
            cls.ended.set()
            cls.thread.join()
            cls.thread = None

    @staticmethod
    def _write(ended: threading.Event) -> None:
        while not ended.wait(float(PROFILER.settings["dump_period"])):
            try:
                PROFILER.write()
            except MXNetError as e:  # nobody could catch it here
                warnings.warn(str(e), stacklevel=2)
                return
