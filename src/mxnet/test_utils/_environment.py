"""Environment variables, retries and small data sets for tests."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..error import MXNetError
from ..gluon.utils import download as _download
from ..io import DataBatch, DataIter, MNISTIter


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


def download(url: str, fname: str | None = None, dirname: str | None = None, overwrite: bool = False, retries: int = 5) -> str:
    """Fetch a file; its path."""
    path = fname or url.split("/")[-1]
    return _download(url, os.path.join(dirname, path) if dirname else path, overwrite, retries=retries)


def _local_mnist() -> str:
    folder = os.environ.get("MXNET_MNIST_DIR", "data")
    if not os.path.exists(os.path.join(folder, "train-images-idx3-ubyte")):
        raise MXNetError(f"MNIST: no train-images-idx3-ubyte in {folder!r}. Put MNIST's four files there or set MXNET_MNIST_DIR.")
    return folder


def get_mnist_ubyte() -> str:
    """The folder of MNIST's files, which must be there."""
    return _local_mnist()


def get_mnist_iterator(batch_size: int, input_shape: tuple, num_parts: int = 1, part_index: int = 0) -> tuple:
    """(training, validation) iterators over MNIST's files."""
    folder, flat = _local_mnist(), len(input_shape) != 3

    def part(images: str, labels: str, shuffle: bool) -> Any:
        return MNISTIter(image=os.path.join(folder, images), label=os.path.join(folder, labels), input_shape=input_shape, batch_size=batch_size,
                         shuffle=shuffle, flat=flat, num_parts=num_parts, part_index=part_index)  # fmt: skip

    return part("train-images-idx3-ubyte", "train-labels-idx1-ubyte", True), part("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", False)
