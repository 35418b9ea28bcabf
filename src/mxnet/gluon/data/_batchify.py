"""Batches of samples: arrays with one axis more."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ... import ndarray
from ..._runtime.array import Array, wrap
from ...context import Context
from ...util import is_np_array
from .._errors import GluonError

__all__ = ["default_batchify_fn", "default_mp_batchify_fn"]


def default_batchify_fn(data: Any) -> Any:
    """Samples -> a batch: arrays are stacked, tuples become a list with a batch of each place, numbers become an array of their type.

    Under NumPy semantics (`mx.npx.set_np()`) all of them are mx.np arrays.

    >>> mx.gluon.data.dataloader.default_batchify_fn([(1, 2.0), (3, 4.0)])[0].asnumpy().tolist()
    [1, 3]
    """
    first = data[0]
    if isinstance(first, Array):
        if first.stype == "default":
            return _stacked(data)
        return as_chosen(ndarray.stack(*[a.tostype("default") for a in data]))
    if isinstance(first, (tuple, list)):
        return [default_batchify_fn(list(place)) for place in zip(*data)]
    if isinstance(first, torch.Tensor):
        return as_chosen(wrap(torch.stack(list(data))))
    try:
        stacked = np.asarray(data)
    except ValueError as e:
        stacked, problem = None, str(e)
    else:
        problem = f"NumPy makes an array of {stacked.dtype} of them"
    if stacked is None or stacked.dtype.kind not in "biufc":
        shapes = sorted({str(np.shape(d)) for d in data})
        raise GluonError(f"DataLoader: samples of a batch cannot be put together (shapes {', '.join(shapes[:4])}; {problem}). "
                         "Make them equal in shape with a transform, or pass batchify_fn.")  # fmt: skip
    return as_chosen(ndarray.array(stacked, dtype=stacked.dtype))


def as_chosen(array: Any) -> Any:
    """The array as mx.np.ndarray under NumPy semantics."""
    return array.as_np_ndarray() if is_np_array() else array


def _stacked(arrays: Any) -> Any:
    first = arrays[0]
    for a in arrays:
        if tuple(a.shape) != tuple(first.shape):
            raise GluonError(f"DataLoader: samples of a batch have different shapes ({tuple(first.shape)} and {tuple(a.shape)}). "
                             "Make them equal with a transform, or pass batchify_fn.")  # fmt: skip
    return as_chosen(wrap(torch.stack([a._d for a in arrays]), first.context, type(first)))


#: the same in a worker process; what it returns travels through shared memory
default_mp_batchify_fn = default_batchify_fn


class Packed:
    """An array on its way from a worker process: its tensor, or the parts of a sparse one."""

    __slots__ = ("value", "numpy_like")

    def __init__(self, value: Any, numpy_like: bool) -> None:
        self.value, self.numpy_like = value, numpy_like

    def __getstate__(self) -> tuple:
        return self.value, self.numpy_like

    def __setstate__(self, state: tuple) -> None:
        self.value, self.numpy_like = state

    def pin_memory(self, device: Any = None) -> Packed:
        """Called by torch's pinning thread."""
        return Packed(self.value.pin_memory(), self.numpy_like) if isinstance(self.value, torch.Tensor) else self


def pack(batch: Any) -> Any:
    """Arrays in nested lists, tuples and dictionaries -> Packed."""
    if isinstance(batch, Array):
        return Packed(batch._d, type(batch).__name__ == "ndarray")
    if isinstance(batch, dict):
        return {k: pack(v) for k, v in batch.items()}
    if type(batch) in (list, tuple):
        return type(batch)(pack(v) for v in batch)
    return batch


def unpack(batch: Any, ctx: Context | None) -> Any:
    """The inverse of `pack`, with arrays on a context."""
    if isinstance(batch, Packed):
        made = wrap(batch.value, ctx)
        return made.as_np_ndarray() if batch.numpy_like else made
    if isinstance(batch, dict):
        return {k: unpack(v, ctx) for k, v in batch.items()}
    if type(batch) in (list, tuple):
        return type(batch)(unpack(v, ctx) for v in batch)
    return batch
