"""LibSVMIter: CSR batches from text files of `label id:value id:value ...` lines; ids count from 0."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch

from .. import _dtype
from .._op.params import REQUIRED, DType, Shape
from .._storage import Csr
from ..error import MXNetError
from . import _rows
from ._args import Arguments
from ._text import chunks, numbers
from .mx_data_iter import MXDataIter, Source, open_file, part_of

_ARGUMENTS = Arguments(
    "LibSVMIter", data_libsvm=(str, REQUIRED), data_shape=(Shape, REQUIRED), label_libsvm=(str, "NULL"), label_shape=(Shape, (1,)),
    num_parts=(int, 1), part_index=(int, 0), batch_size=(int, REQUIRED), round_batch=(bool, True), prefetch_buffer=(int, 4), ctx=(str, "cpu"),
    dtype=(DType | None, None), data_name=(str, "data"), label_name=(str, "softmax_label"),
)  # fmt: skip


def LibSVMIter(*args: Any, **kwargs: Any) -> MXDataIter:
    """Batches of CSR rows from a file of libsvm lines.

    data_libsvm   path; each line is `label id:value ...`, ids from 0 to data_shape - 1; text after # is ignored
    data_shape    (columns,)
    label_libsvm  path of labels as libsvm lines (its features are the labels; their own first numbers are ignored), or none: then the
                  label is the first number of each line (or the first label_shape numbers)
    label_shape   (1,), or the columns of the label
    batch_size    rows of a batch; round_batch: fill the last batch up with the first rows
    num_parts, part_index   read the part_index-th of num_parts equal shares of the lines
    Errors: MXNetError with file, line and offset for a line that is not libsvm: text, a missing colon, a value that is not finite, an id
    that is no whole number, negative, repeated in its line, or beyond data_shape. Ids in any order are sorted.
    """
    if args:
        raise MXNetError(
            f"LibSVMIter: takes keyword arguments only, got {len(args)} by position. Pass data_libsvm=..., data_shape=..., batch_size=..."
        )
    a = _ARGUMENTS.parse(kwargs)
    dtype = _dtype.to_torch(a["dtype"] or "float32")
    data_shape, label_shape = a["data_shape"], a["label_shape"]
    columns = math.prod(data_shape)
    if len(data_shape) != 1 or columns < 1:
        raise MXNetError(f"LibSVMIter: data_shape {data_shape} must have one axis. Pass (columns,).")
    if len(label_shape) != 1 or label_shape[0] < 1:
        raise MXNetError(f"LibSVMIter: label_shape {label_shape} must have one axis. Pass (1,) or (columns of the label,).")
    own_label = a["label_libsvm"] == "NULL"
    width = label_shape[0] if own_label else None
    data, labels = read_libsvm(a["data_libsvm"], columns, width, dtype)
    if own_label:
        label: Any = labels[:, 0] if width == 1 else labels
    else:
        label, _ = read_libsvm(a["label_libsvm"], label_shape[0], None, dtype)
        if label.shape[0] != data.shape[0]:
            raise MXNetError(
                f"LibSVMIter: {a['label_libsvm']} has {label.shape[0]} lines, {a['data_libsvm']} has {data.shape[0]}. Use files of one length."
            )
    if a["num_parts"] > 1 or a["part_index"]:
        low, high = part_of(_rows.count(data), a["num_parts"], a["part_index"], "LibSVMIter")
        data, label = _rows.rows(data, low, high), _rows.rows(label, low, high)
    source = Source("LibSVMIter", data, label, a["batch_size"], a["round_batch"])
    return MXDataIter(source, a["data_name"], a["label_name"])


def read_libsvm(path: str, columns: int, label_width: int | None, dtype: torch.dtype) -> tuple[Csr, torch.Tensor]:
    """(rows, labels) of a whole file. label_width: how many numbers come before the features; None: any, and they are dropped."""
    parts = []
    with open_file(path, "LibSVMIter") as f:
        for text, line, offset in chunks(f, "LibSVMIter", path):
            parts.append(_parse(text, _Place(path, columns, label_width, line, offset), dtype))
    if not parts:
        parts = [_Part(np.zeros((0, label_width or 0)), np.zeros(0, np.int64), np.zeros(0, np.int64), torch.zeros(0, dtype=dtype))]
    lengths = torch.from_numpy(np.concatenate([p.lengths for p in parts]))
    indptr = torch.zeros(lengths.numel() + 1, dtype=torch.int64)
    torch.cumsum(lengths, 0, out=indptr[1:])
    ids = torch.from_numpy(np.concatenate([p.ids for p in parts]))
    rows = Csr(torch.cat([p.values for p in parts]), ids, indptr, (lengths.numel(), columns), True)
    labels = torch.from_numpy(np.concatenate([p.labels for p in parts])).to(dtype) if label_width else torch.zeros(0, dtype=dtype)
    return rows, labels


class _Place(NamedTuple):
    """Where a chunk begins in the file, and what its lines must look like."""

    path: str
    columns: int
    label_width: int | None
    line: int
    offset: int


class _Part(NamedTuple):
    labels: np.ndarray
    lengths: np.ndarray
    ids: np.ndarray
    values: torch.Tensor


def _parse(text: bytes, where: _Place, dtype: torch.dtype) -> _Part:
    """A chunk of whole lines, all at once; a line in doubt is looked at by itself for the error."""
    if b"#" in text:
        text = b"\n".join(line.split(b"#", 1)[0].ljust(len(line)) for line in text.split(b"\n"))
    raw = np.frombuffer(text, np.uint8)
    blank = (raw == 32) | ((raw >= 9) & (raw <= 13))
    starts = np.flatnonzero(~blank & np.concatenate([[True], blank[:-1]]))
    if not starts.size:
        return _Part(np.zeros((0, where.label_width or 0)), np.zeros(0, np.int64), np.zeros(0, np.int64), torch.zeros(0, dtype=dtype))
    line_of_token = np.searchsorted(np.flatnonzero(raw == 10), starts)
    colons = np.flatnonzero(raw == 58)
    token_of_colon = np.searchsorted(starts, colons, side="right") - 1
    colons_in = np.bincount(token_of_colon, minlength=starts.size) if colons.size else np.zeros(starts.size, np.int64)
    is_feature = colons_in == 1
    rows, row_of_token = np.unique(line_of_token, return_inverse=True)
    first = np.concatenate([[True], row_of_token[1:] != row_of_token[:-1]])
    before = np.cumsum(is_feature) - is_feature  # features before a token
    late_label = ~is_feature & (before != before[np.maximum.accumulate(np.where(first, np.arange(starts.size), 0))])
    labels_in = np.bincount(row_of_token, weights=~is_feature).astype(np.int64)
    doubtful = bool((colons_in > 1).any() or late_label.any() or (labels_in == 0).any())
    doubtful |= where.label_width is not None and bool((labels_in != where.label_width).any())
    found = numbers(text.replace(b":", b" "), starts.size + colons.size)
    if doubtful or found is None:
        raise _explain(text, where)
    token_at = np.cumsum(1 + is_feature) - (1 + is_feature)  # where a token's numbers begin
    ids, values = found[token_at[is_feature]], found[token_at[is_feature] + 1]
    labels = found[token_at[~is_feature]]
    with np.errstate(invalid="ignore"):
        whole = ids.astype(np.int64)
    if (whole != ids).any() or (ids < 0).any() or (ids >= where.columns).any() or not np.isfinite(found).all():
        raise _explain(text, where)
    lengths = np.bincount(row_of_token[is_feature], minlength=rows.size).astype(np.int64)
    whole, values = _sorted(whole, values, row_of_token[is_feature], text, where)
    stored = torch.from_numpy(values).to(dtype)
    if not torch.isfinite(stored).all():
        raise _explain(text, where, float(torch.finfo(dtype).max))
    shaped = labels.reshape(rows.size, where.label_width) if where.label_width else np.zeros((rows.size, 0))
    return _Part(shaped, lengths, whole, stored)


def _sorted(ids: np.ndarray, values: np.ndarray, rows: np.ndarray, text: bytes, where: _Place) -> tuple[np.ndarray, np.ndarray]:
    """Ids of each row in rising order; twice the same is an error."""
    same_row = rows[1:] == rows[:-1]
    if (same_row & (ids[1:] <= ids[:-1])).any():
        order = np.lexsort((ids, rows))
        ids, values = ids[order], values[order]
        if (same_row & (ids[1:] == ids[:-1])).any():
            raise _explain(text, where)
    return ids, values


def _explain(text: bytes, where: _Place, limit: float = math.inf) -> MXNetError:
    """The error for the first bad line of a chunk."""
    at = where.offset
    for number, line in enumerate(text.split(b"\n"), where.line):
        found = _line_problem(line, where, limit)
        if found:
            what, column = found
            return MXNetError(
                f"LibSVMIter: {where.path}: line {number}, offset {at + column}: {what}. Lines are 'label id:value ...' with 0 <= id < {where.columns}."
            )
        at += len(line) + 1
    return MXNetError(f"LibSVMIter: {where.path}: lines {where.line} and following cannot be read. Lines are 'label id:value ...'.")


def _line_problem(line: bytes, where: _Place, limit: float) -> tuple[str, int] | None:
    tokens, at = line.split(), 0
    labels, seen = 0, set()
    for token in tokens:
        at = line.index(token, at)
        shown = repr(token[:40].decode("latin-1"))
        left, colon, right = token.partition(b":")
        if not colon:
            if seen or (labels and where.label_width == labels):
                return f"{shown} has no colon", at
            if not _is_number(token):
                return f"the label {shown} is no number" if not labels else f"{shown} is neither a label nor id:value", at
            labels += 1
        else:
            if not labels:
                return "the label is missing", at
            if not left.isdigit():
                return f"the id {repr(left[:40].decode('latin-1'))} is not a whole number of 0 or more", at
            if int(left[:20]) >= where.columns or len(left) > 19:
                hint = " (ids count from 0)" if int(left[:20]) == where.columns else ""
                return f"id {left[:20].decode()} is beyond data_shape ({where.columns},){hint}", at
            if not _is_number(right, limit):
                return f"the value {repr(right[:40].decode('latin-1'))} is no finite number", at
            if int(left) in seen:
                return f"id {int(left)} appears twice", at
            seen.add(int(left))
        at += len(token)
    if tokens and where.label_width is not None and labels != where.label_width:
        return f"{labels} labels, expected {where.label_width}", 0
    return None


def _is_number(text: bytes, limit: float = math.inf) -> bool:
    try:
        value = float(text.replace(b"_", b"x"))
    except ValueError:
        return False
    return math.isfinite(value) and abs(value) <= limit
