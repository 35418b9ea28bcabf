"""`mx.npx.save` and `mx.npx.load`: files of `mx.np` arrays."""

from __future__ import annotations

from typing import Any

from ..ndarray import utils as nd_utils
from ..numpy import ndarray
from ..numpy._call import checked
from ..util import is_np_array, is_np_shape, np_shape

__all__ = ["save", "load", "is_np_array", "is_np_shape"]


def save(file: str, arr: Any) -> None:
    """Write an array, a list or a dict of arrays to a file, in the format of `mx.nd.save`."""
    values = arr.values() if isinstance(arr, dict) else arr if isinstance(arr, (list, tuple)) else [arr]
    for v in values:
        checked(v, "save")
    if isinstance(arr, dict):
        data: Any = {k: v.as_nd_ndarray() for k, v in arr.items()}
    else:
        data = [v.as_nd_ndarray() for v in values]
    with np_shape(True):
        nd_utils.save(file, data)


def load(file: str) -> list[ndarray] | dict[str, ndarray]:
    """Read what `save` (or `mx.nd.save`) wrote: a list or a dict of arrays."""
    with np_shape(True):
        found = nd_utils.load(file)
    if isinstance(found, dict):
        return {k: v.as_np_ndarray() for k, v in found.items()}
    return [v.as_np_ndarray() for v in found]
