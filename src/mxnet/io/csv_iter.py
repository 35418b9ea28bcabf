"""CSVIter: dense batches from text files of comma-separated numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from .. import _dtype
from .._op.params import REQUIRED, DType, Shape
from ..error import MXNetError
from ._args import Arguments
from ._text import chunks, numbers
from .mx_data_iter import MXDataIter, Source, open_file

_ARGUMENTS = Arguments(
    "CSVIter", data_csv=(str, REQUIRED), data_shape=(Shape, REQUIRED), label_csv=(str, "NULL"), label_shape=(Shape, (1,)), batch_size=(int, REQUIRED),
    round_batch=(bool, True), prefetch_buffer=(int, 4), ctx=(str, "cpu"), dtype=(DType | None, None), data_name=(str, "data"),
    label_name=(str, "softmax_label"),
)  # fmt: skip


def CSVIter(*args: Any, **kwargs: Any) -> MXDataIter:
    """Batches from a file of comma-separated numbers, one row a line.

    data_csv      path; data_shape: shape of a row (its product is the number of columns)
    label_csv     path of the labels (else they are 0); label_shape: shape of a label, (1,) gives labels (batch,)
    batch_size    rows of a batch
    round_batch   the last batch is filled up with the first rows, and the next epoch begins after them; False: it is filled with rows of
                  the batch before
    dtype         float32 (default), float64, int32 or int64
    Errors: MXNetError with file, line and offset for text and for lines of another length.
    """
    if args:
        raise MXNetError(
            f"CSVIter: takes keyword arguments only, got {len(args)} by position. Pass data_csv=..., data_shape=..., batch_size=..."
        )
    a = _ARGUMENTS.parse(kwargs)
    dtype = _dtype.to_torch(a["dtype"] or "float32")
    data = read_csv(a["data_csv"], math.prod(a["data_shape"]), dtype)
    data = data.reshape(-1, *a["data_shape"])
    label_shape = () if a["label_shape"] == (1,) else a["label_shape"]
    if a["label_csv"] == "NULL":
        label = torch.zeros((data.shape[0], *label_shape), dtype=dtype)
    else:
        label = read_csv(a["label_csv"], math.prod(a["label_shape"]), dtype).reshape(-1, *label_shape)
        if label.shape[0] != data.shape[0]:
            raise MXNetError(
                f"CSVIter: {a['label_csv']} has {label.shape[0]} rows, {a['data_csv']} has {data.shape[0]}. Use files of equal length."
            )
    return MXDataIter(Source("CSVIter", data, label, a["batch_size"], a["round_batch"]), a["data_name"], a["label_name"])


def read_csv(path: str, columns: int, dtype: torch.dtype) -> torch.Tensor:
    """(rows, columns) of a whole file; blank lines are skipped."""
    kind = np.int64 if not dtype.is_floating_point else np.float64
    parts = []
    with open_file(path, "CSVIter") as f:
        for text, line, offset in chunks(f, "CSVIter", path):
            raw = np.frombuffer(text, np.uint8)
            ends = np.flatnonzero(raw == 10)
            commas = np.diff(np.concatenate([[0], np.searchsorted(np.flatnonzero(raw == 44), np.append(ends, raw.size))]))
            rows = sum(1 for one in text.split(b"\n") if one.strip()) if columns == 1 else int((commas > 0).sum())
            found = None
            if columns == 1 or (commas[commas > 0] == columns - 1).all():
                found = numbers(text.replace(b",", b" "), rows * columns, kind)
            if found is None or b",," in text:
                raise _explain(text, path, columns, line, offset, kind)
            parts.append(torch.from_numpy(found).to(dtype).reshape(rows, columns))
    return torch.cat(parts) if parts else torch.zeros((0, columns), dtype=dtype)


def _explain(text: bytes, path: str, columns: int, line: int, offset: int, kind: type) -> MXNetError:
    """The error for the first bad line of a chunk."""
    for number, row in enumerate(text.split(b"\n"), line):
        if row.strip():
            fields = row.split(b",")
            where = f"CSVIter: {path}: line {number}, offset {offset}"
            if len(fields) != columns:
                return MXNetError(
                    f"{where}: {len(fields)} columns, data_shape asks for {columns}. Check the file and data_shape or label_shape."
                )
            for field in fields:
                if numbers(field, 1, kind) is None:
                    what = "number" if kind is np.float64 else "whole number"
                    return MXNetError(f"{where}: {field[:40].decode('latin-1')!r} is no {what}. Lines are numbers with commas between.")
        offset += len(row) + 1
    return MXNetError(f"CSVIter: {path}: lines {line} and following cannot be read. Lines are numbers with commas between.")
