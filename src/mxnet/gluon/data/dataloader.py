"""DataLoader: batches of a data set, made here, by threads, or by worker processes."""

from __future__ import annotations

import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import numpy as np
import torch
from torch._utils import ExceptionWrapper
from torch.utils.data import DataLoader as TorchLoader

from ... import random as mx_random
from ...context import Context
from ...error import MXNetError
from ...util import is_np_array, is_np_shape, np_array, np_shape
from ._batchify import default_batchify_fn, default_mp_batchify_fn, pack, unpack
from .sampler import BatchSampler, RandomSampler, SequentialSampler

__all__ = ["DataLoader", "DataLoaderV1", "default_batchify_fn", "default_mp_batchify_fn"]


class DataLoader:
    """Batches of a data set; iterate over it once for each epoch.

    batch_size, shuffle, last_batch   size; random order; "keep", "discard" or "rollover" for an incomplete last batch
    sampler        positions in place of shuffle; batch_sampler: lists of positions in place of all of the above
    batchify_fn    list of samples -> batch; default: arrays stacked
    num_workers    0: batches are made when they are asked for; else by that many threads (thread_pool=True) or processes
    prefetch       batches that workers make ahead; default 2 * num_workers
    pin_memory     put batches into memory from which a GPU copies faster
    timeout        seconds to wait for a worker; then an error
    Processes are forked on Linux, so data sets and functions may be defined anywhere, also in the main program; they see the data set as it
    is when an epoch starts. Random numbers differ between workers and epochs.

    >>> loader = mx.gluon.data.DataLoader(mx.gluon.data.SimpleDataset([0, 1, 2]), 2)
    >>> [b.asnumpy().tolist() for b in loader]
    [[0, 1], [2]]
    """

    def __init__(self, dataset: Any, batch_size: int | None = None, shuffle: bool = False, sampler: Any = None, last_batch: str | None = None,
                 batch_sampler: Any = None, batchify_fn: Callable | None = None, num_workers: int = 0, pin_memory: bool = False,
                 pin_device_id: int = 0, prefetch: int | None = None, thread_pool: bool = False, timeout: float = 120,
                 auto_reload: bool = False) -> None:  # fmt: skip
        self._dataset = dataset
        self._ctx = Context("cpu_pinned", pin_device_id) if pin_memory else None
        self._pin = bool(pin_memory) and torch.cuda.is_available()  # without a GPU ordinary memory goes under that name
        self._thread_pool = thread_pool
        if timeout <= 0:
            raise ValueError(f"DataLoader: timeout is {timeout}. Use a number of seconds above 0.")
        self._timeout = timeout
        self._batch_sampler = _batch_sampler(dataset, batch_size, shuffle, sampler, last_batch, batch_sampler)
        self._num_workers = max(0, num_workers)
        self._prefetch = max(0, 2 * self._num_workers if prefetch is None else int(prefetch))
        self._batchify_fn = batchify_fn or default_batchify_fn

    def __iter__(self) -> Iterator[Any]:
        if self._num_workers == 0:
            return self._here()
        return self._threads() if self._thread_pool else self._processes()

    def __len__(self) -> int:
        return len(self._batch_sampler)

    def _make(self, positions: Any) -> Any:
        return self._batchify_fn([self._dataset[i] for i in positions])

    def _make_as(self, shape: bool, array: bool, positions: Any) -> Any:
        """The same in another thread, under NumPy semantics if they hold here."""
        with np_shape(shape), np_array(array):
            return self._make(positions)

    def _here(self) -> Iterator[Any]:
        for positions in self._batch_sampler:
            yield self._pinned(self._make(positions))

    def _threads(self) -> Iterator[Any]:
        pool = ThreadPoolExecutor(self._num_workers, thread_name_prefix="mxnet-loader")
        waiting: deque = deque()
        positions = iter(self._batch_sampler)
        try:
            for p in positions:
                waiting.append(pool.submit(self._make_as, is_np_shape(), is_np_array(), p))
                if len(waiting) > max(1, self._prefetch):
                    yield self._pinned(self._result(waiting.popleft()))
            while waiting:
                yield self._pinned(self._result(waiting.popleft()))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _result(self, future: Any) -> Any:
        try:
            return future.result(timeout=self._timeout)
        except FutureTimeout:
            raise MXNetError(
                f"DataLoader: no batch came within {self._timeout} seconds. Make transforms faster, or raise timeout."
            ) from None

    def _pinned(self, batch: Any) -> Any:
        if self._ctx is None:
            return batch
        packed = pack(batch)
        return unpack(packed if not self._pin else torch.utils.data._utils.pin_memory.pin_memory(packed), self._ctx)

    def _processes(self) -> Iterator[Any]:
        # Randomness of workers comes from NumPy's generator here, so that np.random.seed makes epochs repeatable and torch's state stays as it is.
        seeds = torch.Generator().manual_seed(int(np.random.randint(2**31 - 1)))
        loader = TorchLoader(_Batches(self._dataset, self._batchify_fn), batch_sampler=self._batch_sampler, collate_fn=_same, num_workers=self._num_workers,
                             pin_memory=self._pin, timeout=self._timeout, worker_init_fn=_start_worker, generator=seeds,
                             prefetch_factor=max(1, -(-self._prefetch // self._num_workers)), multiprocessing_context=_start_method())  # fmt: skip
        batches = iter(loader)
        try:
            for packed in batches:
                if isinstance(packed, ExceptionWrapper):
                    packed.reraise()
                yield unpack(packed, self._ctx)
        finally:  # left to the garbage collector, stopping the workers may take seconds
            batches._shutdown_workers()  # type: ignore[attr-defined]

    def refresh(self) -> None:
        """Kept for old programs: an epoch always starts with the data set as it is."""

    def clean(self) -> None:
        """Kept for old programs: workers end with their epoch."""


class DataLoaderV1(DataLoader):
    """The loader's old name and arguments."""

    def __init__(self, dataset: Any, batch_size: int | None = None, shuffle: bool = False, sampler: Any = None, last_batch: str | None = None,
                 batch_sampler: Any = None, batchify_fn: Callable | None = None, num_workers: int = 0, pin_memory: bool = False,
                 pin_device_id: int = 0) -> None:  # fmt: skip
        super().__init__(
            dataset, batch_size, shuffle, sampler, last_batch, batch_sampler, batchify_fn, num_workers, pin_memory, pin_device_id
        )


class _Batches:
    """The data set as torch's loader sees it in a worker: positions of a batch -> the batch, packed, or the error that it met.

    Errors travel as values and are raised where the workers can be stopped at once.
    """

    def __init__(self, dataset: Any, batchify: Callable) -> None:
        self.dataset, self.batchify = dataset, batchify

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, positions: Any) -> Any:
        try:
            return pack(self.batchify([self.dataset[i] for i in positions]))
        except Exception:  # whatever it is, the caller's process raises it
            return ExceptionWrapper(where=f"in a worker of the DataLoader, batch {list(positions)}")


def _same(batch: Any) -> Any:
    return batch


def _start_worker(worker: int) -> None:
    """In a new worker: random numbers of its own."""
    mx_random.seed(torch.initial_seed() % (2**31))


def _start_method() -> str | None:
    """fork, where it is safe: functions of the main program then need no pickling."""
    return "fork" if sys.platform.startswith("linux") and "fork" in multiprocessing.get_all_start_methods() else None


def _batch_sampler(dataset: Any, batch_size: int | None, shuffle: bool, sampler: Any, last_batch: str | None, batch_sampler: Any) -> Any:
    if batch_sampler is not None:
        if batch_size is not None or shuffle or sampler is not None or last_batch is not None:
            raise ValueError("DataLoader: batch_size, shuffle, sampler and last_batch cannot be given with batch_sampler. Leave them away.")
        return batch_sampler
    if batch_size is None:
        raise ValueError("DataLoader: batch_size is missing. Pass it, or a batch_sampler.")
    if sampler is None:
        sampler = RandomSampler(len(dataset)) if shuffle else SequentialSampler(len(dataset))
    elif shuffle:
        raise ValueError("DataLoader: shuffle and sampler cannot both be given. Leave one away.")
    return BatchSampler(sampler, batch_size, last_batch or "keep")
