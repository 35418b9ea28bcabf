"""PrefetchingIter: the next batch is made in a thread while the current one is used."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ..registry import BadArgument
from ._batch import DataBatch, DataDesc, DataIter, IterOfBatches


class PrefetchingIter(IterOfBatches):
    """Runs one or several iterators ahead, one thread each, and joins their batches (data and labels one after the other).

    rename_data, rename_label  one dict for each iterator, from its names to new ones
    """

    def __init__(self, iters: Any, rename_data: Any = None, rename_label: Any = None) -> None:
        self.iters = list(iters) if isinstance(iters, (list, tuple)) else [iters]
        if not self.iters:
            raise BadArgument("PrefetchingIter: there is no iterator. Pass at least one.")
        self.n_iter = len(self.iters)
        self.rename_data, self.rename_label = rename_data, rename_label
        super().__init__(self.provide_data[0][1][0])
        self._threads = [ThreadPoolExecutor(1, thread_name_prefix="mxnet-prefetch") for _ in self.iters]
        self._coming: list[Future] = []
        self._fetch()

    def __del__(self) -> None:
        for thread in self.__dict__.get("_threads", ()):
            thread.shutdown(wait=False, cancel_futures=True)

    def _fetch(self) -> None:
        self._coming = [thread.submit(_next_or_none, it) for thread, it in zip(self._threads, self.iters)]

    @property
    def provide_data(self) -> list[DataDesc]:
        """Descriptions of the data arrays of all iterators."""
        return self._renamed("provide_data", self.rename_data)

    @property
    def provide_label(self) -> list[DataDesc]:
        """Descriptions of the label arrays of all iterators."""
        return self._renamed("provide_label", self.rename_label)

    def _renamed(self, what: str, names: Any) -> list[DataDesc]:
        found = []
        for i, it in enumerate(self.iters):
            table = names[i] if names is not None else {}
            for desc in getattr(it, what):
                desc = desc if isinstance(desc, DataDesc) else DataDesc(*desc)
                found.append(DataDesc(table.get(desc.name, desc.name), desc.shape, desc.dtype, desc.layout))
        return found

    def reset(self) -> None:
        """Begin the next epoch."""
        for coming in self._coming:
            coming.exception()  # wait; what was read ahead is dropped
        for it in self.iters:
            it.reset()
        self._fetch()

    def iter_next(self) -> bool:
        """Move to the next batch."""
        batches = [coming.result() for coming in self._coming]
        if batches[0] is None:
            if any(b is not None for b in batches):
                raise BadArgument("PrefetchingIter: the iterators end at different places. Use iterators of equal length.")
            return False
        if any(b is None or b.pad != batches[0].pad for b in batches):
            raise BadArgument("PrefetchingIter: the iterators end at different places. Use iterators of equal length.")
        self._fetch()
        first = batches[0]
        self.current_batch = DataBatch(
            [a for b in batches for a in b.data], [a for b in batches for a in b.label or []], first.pad, first.index,
            provide_data=self.provide_data, provide_label=self.provide_label,
        )  # fmt: skip
        return True


def _next_or_none(it: DataIter) -> DataBatch | None:
    try:
        return it.next()
    except StopIteration:
        return None
