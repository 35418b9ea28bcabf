"""Environment variables, retries and an iterator without reading time, for tests."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..io import DataBatch, DataIter


@contextlib.contextmanager
def environment(*args: Any) -> Iterator[None]:
    """`with environment("NAME", "value"):` or `with environment({...}):`; None removes a variable."""
    changes = args[0] if len(args) == 1 else {args[0]: args[1]}
    old = {name: os.environ.get(name) for name in changes}

    def put(values: dict) -> None:
        for name, value in values.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = str(value)

    put(changes)
    try:
        yield
    finally:
        put(old)


@contextlib.contextmanager
def discard_stderr() -> Iterator[None]:
    """Nothing written to the error stream in the block is shown."""
    with open(os.devnull, "w") as nothing:
        saved = os.dup(sys.stderr.fileno())
        os.dup2(nothing.fileno(), sys.stderr.fileno())
        try:
            yield
        finally:
            os.dup2(saved, sys.stderr.fileno())
            os.close(saved)


def retry(n: int) -> Callable:
    """Decorator: a test that may fail by chance runs up to n times."""
    assert n > 0

    def decorate(f: Callable) -> Callable:
        @functools.wraps(f)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            for i in range(n):
                try:
                    return f(*args, **kwargs)
                except AssertionError:
                    if i == n - 1:
                        raise
            return None

        return wrapper

    return decorate


class DummyIter(DataIter):
    """An iterator that gives the first batch of another one again and again: data without reading time."""

    def __init__(self, real_iter: DataIter) -> None:
        super().__init__()
        self.real_iter = real_iter
        self.provide_data, self.provide_label = real_iter.provide_data, real_iter.provide_label
        self.batch_size = real_iter.batch_size
        self.the_batch: DataBatch = next(iter(real_iter))

    def __iter__(self) -> DummyIter:
        return self

    def next(self) -> DataBatch:
        """The batch."""
        return self.the_batch


def set_env_var(key: str, val: str, default_val: str = "") -> str:
    """Set an environment variable; its value before, or default_val. `environment` does it for a block."""
    before = os.environ.get(key, default_val)
    os.environ[key] = val
    return before
