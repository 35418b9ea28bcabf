"""All iterators under one name; each is defined in a file of its own."""

from __future__ import annotations

from ._batch import DataBatch, DataDesc, DataIter
from .libsvm_iter import LibSVMIter
from .mx_data_iter import MXDataIter
from .ndarray_iter import NDArrayIter

__all__ = ["DataBatch", "DataDesc", "DataIter", "LibSVMIter", "MXDataIter", "NDArrayIter"]
