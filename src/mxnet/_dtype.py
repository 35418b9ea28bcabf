"""Data types: one table that relates MXNet's names and type flags, NumPy's classes and torch's dtypes."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import torch

from .error import MXNetError


class DTypeRow(NamedTuple):
    """flag: MXNet's number of the type in files and attributes; numpy: what `NDArray.dtype` answers."""

    name: str
    flag: int
    torch: torch.dtype
    numpy: Any


#: NumPy has no bfloat16; MXNet 1.9 describes it by this structured type, and so do we.
bfloat16 = np.dtype([("bfloat16", np.uint16)])

TABLE = (
    DTypeRow("float32", 0, torch.float32, np.float32),
    DTypeRow("float64", 1, torch.float64, np.float64),
    DTypeRow("float16", 2, torch.float16, np.float16),
    DTypeRow("uint8", 3, torch.uint8, np.uint8),
    DTypeRow("int32", 4, torch.int32, np.int32),
    DTypeRow("int8", 5, torch.int8, np.int8),
    DTypeRow("int64", 6, torch.int64, np.int64),
    DTypeRow("bool", 7, torch.bool, np.bool_),
    DTypeRow("int16", 8, torch.int16, np.int16),
    DTypeRow("uint16", 9, torch.uint16, np.uint16),
    DTypeRow("uint32", 10, torch.uint32, np.uint32),
    DTypeRow("uint64", 11, torch.uint64, np.uint64),
    DTypeRow("bfloat16", 12, torch.bfloat16, bfloat16),
)
BY_NAME = {row.name: row for row in TABLE}
BY_FLAG = {row.flag: row for row in TABLE}
BY_TORCH = {row.torch: row for row in TABLE}
#: torch dtype -> what `NDArray.dtype` answers; read at every call of the property.
TORCH_TO_NUMPY = {row.torch: row.numpy for row in TABLE}

_CACHE: dict[Any, torch.dtype] = {}
for _row in TABLE:
    for _key in (_row.name, _row.torch, _row.numpy):
        _CACHE[_key] = _row.torch
    if _row.name != "bfloat16":
        _CACHE[np.dtype(_row.numpy)] = _row.torch
_CACHE[float] = torch.float32
_CACHE[int] = torch.int32
_CACHE[bool] = torch.bool


#: NumPy's words and codes of numbers, such as "double", "f4" or "<i8"; its language for text, times and structures is none of our business.
_CODE = re.compile(r"[<>=|]?([?bhilqefdBHILQ]|[biuf]\d{1,2}|[a-z]{3,12})")


class UnknownType(MXNetError, TypeError):
    """What is no data type; NumPy's error for it is a TypeError."""


def to_torch(dtype: Any, where: str = "dtype") -> torch.dtype:
    """The torch dtype of a name, NumPy class or dtype, torch dtype, ml_dtypes class or MXNet type flag. None is float32."""
    if dtype is None:
        return torch.float32
    try:
        return _CACHE[dtype]
    except (KeyError, TypeError):
        pass
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    if name == "bfloat16" or dtype == bfloat16:
        return torch.bfloat16
    row = BY_NAME.get(name)
    if row is None:
        try:
            row = None if isinstance(dtype, str) and not _CODE.fullmatch(dtype) else BY_NAME.get(np.dtype(dtype).name)
        except (TypeError, ValueError):
            row = None
    if row is None:
        raise UnknownType(f"{where}: unknown data type {repr(dtype)[:80]}. Use one of {', '.join(BY_NAME)}.")
    return row.torch


def name_of(dtype: torch.dtype) -> str:
    """MXNet's name of a torch dtype."""
    row = BY_TORCH.get(dtype)
    if row is None:
        raise MXNetError(f"dtype: torch type {dtype} has no counterpart. Convert the tensor first.")
    return row.name


def is_float(dtype: torch.dtype) -> bool:
    """Whether arrays of the type can carry gradients."""
    return dtype.is_floating_point
