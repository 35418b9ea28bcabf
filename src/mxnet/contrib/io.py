"""DataLoaderIter: the batches of a gluon DataLoader as a data iterator, so that Module can train on them."""

from __future__ import annotations

from typing import Any

from .. import ndarray as nd
from ..gluon.data import DataLoader
from ..io import DataDesc, DataIter

__all__ = ["DataLoaderIter"]


class DataLoaderIter(DataIter):
    """Batches (data, label) of a DataLoader; the last one is filled up with zeros, `pad` tells by how many rows.

    loader      a gluon DataLoader of pairs
    data_name, label_name  the names in provide_data and provide_label
    dtype       what both arrays are cast to

    Example
    -------
    >>> data = mx.gluon.data.ArrayDataset(mx.nd.ones((5, 2)), mx.nd.zeros((5,)))
    >>> batches = mx.contrib.io.DataLoaderIter(mx.gluon.data.DataLoader(data, 2))
    >>> [b.pad for b in batches]
    [0, 0, 1]
    """

    def __init__(self, loader: DataLoader, data_name: str = "data", label_name: str = "softmax_label", dtype: Any = "float32") -> None:
        self._loader = loader
        data, label = next(iter(loader))
        super().__init__(data.shape[0])
        self.dtype = dtype
        self.provide_data = [DataDesc(data_name, data.shape, dtype)]
        self.provide_label = [DataDesc(label_name, label.shape, dtype)]
        self._current: tuple | None = None
        self.reset()

    def reset(self) -> None:
        """Begin again."""
        self._iter = iter(self._loader)

    def iter_next(self) -> bool:
        """Move to the next batch; False at the end of the epoch."""
        self._current = next(self._iter, None)
        return self._current is not None

    def _filled(self, place: int) -> list[Any]:
        assert self._current is not None, "a batch is asked for only after iter_next"
        array = self._current[place].astype(self.dtype)
        pad = self.getpad()
        if pad:
            array = nd.concat(array, nd.zeros((pad, *array.shape[1:]), dtype=self.dtype), dim=0)
        return [array]

    def getdata(self) -> list[Any]:
        """The data of the current batch, with batch_size rows."""
        return self._filled(0)

    def getlabel(self) -> list[Any]:
        """The labels of the current batch, with batch_size rows."""
        return self._filled(1)

    def getpad(self) -> int:
        """How many rows of the current batch are filling."""
        return self.batch_size - self._current[0].shape[0] if self._current is not None else 0

    def getindex(self) -> None:
        """Always None: a DataLoader does not number its rows."""
        return None
