"""ImageIter: batches of images from a record file, a list file, or a list."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import recordio
from ..error import MXNetError
from ..io import DataBatch, DataIter
from ..ndarray import NDArray, array
from ..registry import BadArgument
from ._augmenters import Augmenter
from ._create import CreateAugmenter
from ._functions import imdecode

_LABEL_TYPES = ("int32", "float32", "int64", "float64")
_HANDLES = ("pad", "discard", "roll_over")


class ImageIter(DataIter):
    """Batches of augmented images, float32 (batch, channels, height, width), with labels (batch,) or (batch, label_width).

    path_imgrec, path_imgidx   a record file made by im2rec and its index (needed to shuffle or to split)
    path_imglist, imglist      lines `index \\t label ... \\t path`, or lists [label, path]; paths are under path_root
    shuffle                    a new random order every epoch
    part_index, num_parts      the part of the data that this worker reads
    aug_list                   augmenters; by default CreateAugmenter(data_shape, **kwargs)
    dtype                      of labels
    last_batch_handle          "pad" fills the last batch from the beginning (`batch.pad` rows), "discard" leaves it out, "roll_over" puts its
                               images before those of the next epoch

    Images that cannot be decoded are skipped, with a message in the log.
    """

    def __init__(self, batch_size: int, data_shape: Sequence[int], label_width: int = 1, path_imgrec: str | None = None, path_imglist: str | None = None,
                 path_root: str | None = None, path_imgidx: str | None = None, shuffle: bool = False, part_index: int = 0, num_parts: int = 1,
                 aug_list: list[Augmenter] | None = None, imglist: list | None = None, data_name: str = "data", label_name: str = "softmax_label",
                 dtype: str = "float32", last_batch_handle: str = "pad", **kwargs: Any) -> None:  # fmt: skip
        super().__init__()
        if not path_imgrec and not path_imglist and not isinstance(imglist, list):
            raise BadArgument(f"{type(self).__name__}: no images given. Pass path_imgrec, path_imglist or imglist.")
        if dtype not in _LABEL_TYPES:
            raise BadArgument(
                f"{type(self).__name__}: dtype {dtype!r} of labels must be one of {', '.join(_LABEL_TYPES)}. Use one of them."
            )
        if last_batch_handle not in _HANDLES:
            raise BadArgument(
                f"{type(self).__name__}: last_batch_handle {last_batch_handle!r} must be one of {', '.join(_HANDLES)}. Use one of them."
            )
        if batch_size < 1:
            raise BadArgument(f"{type(self).__name__}: batch_size is {batch_size}. Use at least 1.")
        if not 0 <= part_index < num_parts:
            raise BadArgument(f"{type(self).__name__}: part_index {part_index} must be in 0..{num_parts - 1} (num_parts - 1). Change it.")
        self.check_data_shape(data_shape)
        self.batch_size, self.label_width = batch_size, label_width
        self.data_shape: tuple[int, int, int] = (data_shape[0], data_shape[1], data_shape[2])
        self.shuffle, self.last_batch_handle, self.dtype = shuffle, last_batch_handle, dtype
        self.path_root = path_root
        self.imgrec: Any = None
        self.imglist: dict[Any, tuple[np.ndarray, str]] | None = None
        keys = self._open(path_imgrec, path_imgidx)
        if path_imglist:
            self.imglist = _read_list(path_imglist, dtype)
            keys = list(self.imglist)
        elif isinstance(imglist, list):
            self.imglist = {str(i): (np.array(entry[0], dtype=dtype).reshape(-1), entry[-1]) for i, entry in enumerate(imglist, 1)}
            keys = list(self.imglist)
        self.seq = keys
        if self.seq is None and (shuffle or num_parts > 1):
            raise BadArgument(f"{type(self).__name__}: shuffle and num_parts need an index of the record file. Pass path_imgidx.")
        if self.seq is not None and num_parts > 1:
            share = len(self.seq) // num_parts
            self.seq = self.seq[part_index * share : (part_index + 1) * share]
        self.num_image = None if self.seq is None else len(self.seq)
        self.auglist: list[Any] = CreateAugmenter(self.data_shape, **kwargs) if aug_list is None else aug_list
        self.provide_data: list = [(data_name, (batch_size, *self.data_shape))]
        self.provide_label: list = [(label_name, (batch_size, label_width) if label_width > 1 else (batch_size,))]
        self.cur = 0
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []  # images of an incomplete batch (roll_over)
        self._ended = False
        self.reset()

    def _open(self, path_imgrec: str | None, path_imgidx: str | None) -> list | None:
        if not path_imgrec:
            return None
        beside = os.path.splitext(path_imgrec)[0] + ".idx"
        if path_imgidx or os.path.isfile(beside):
            self.imgrec = recordio.MXIndexedRecordIO(path_imgidx or beside, path_imgrec, "r")
            return list(self.imgrec.keys)
        self.imgrec = recordio.MXRecordIO(path_imgrec, "r")
        return None

    # ---- one epoch after the other

    def reset(self) -> None:
        """Begin the next epoch."""
        if self.seq is not None and self.shuffle:
            random.shuffle(self.seq)
        if self.last_batch_handle != "roll_over":
            self._kept = []
        self._rewind()
        self._ended = False

    def hard_reset(self) -> None:
        """Begin the next epoch, without what roll_over kept."""
        self._kept = []
        self.reset()

    def _rewind(self) -> None:
        if self.imgrec is not None:
            self.imgrec.reset()
        self.cur = 0

    def next_sample(self) -> tuple[Any, Any]:
        """(label, bytes of the image) of the next sample; StopIteration at the end."""
        if self.seq is None:
            record = self.imgrec.read()
            if record is None:
                raise StopIteration
            header, image = recordio.unpack(record)
            return header.label, image
        if self.cur >= len(self.seq):
            raise StopIteration
        key = self.seq[self.cur]
        self.cur += 1
        if self.imgrec is None:
            assert self.imglist is not None
            label, name = self.imglist[key]
            return label, self.read_image(name)
        header, image = recordio.unpack(self.imgrec.read_idx(key))
        return (header.label if self.imglist is None else self.imglist[key][0]), image

    def next(self) -> DataBatch:
        """The next batch."""
        if self._ended:
            raise StopIteration
        rows, self._kept = self._kept, []
        old = len(rows)
        try:
            self._fill(rows)
        except StopIteration:
            self._ended = True
            if len(rows) in (0, old) or self.last_batch_handle == "discard":
                self._kept = rows if self.last_batch_handle == "roll_over" else []
                raise
            if self.last_batch_handle == "roll_over":
                self._kept = rows
                raise
            missing = self.batch_size - len(rows)
            self._pad(rows)
            return self._batch(rows, missing)
        return self._batch(rows, self.batch_size - old if old else 0)

    def _fill(self, rows: list) -> None:
        while len(rows) < self.batch_size:
            label, data = self.next_sample()
            try:
                image = self.imdecode(data)
                self.check_valid_image([image])
            except (MXNetError, RuntimeError) as e:
                logging.warning("%s: an image was skipped: %s", type(self).__name__, e)
                continue
            rows.append(self._augmented(image, label))

    def _pad(self, rows: list) -> None:
        """Fill up a batch from the beginning of the data, as often as it takes."""
        while len(rows) < self.batch_size:
            self._rewind()
            before = len(rows)
            try:
                self._fill(rows)
            except StopIteration:
                if len(rows) == before:
                    raise

    def _augmented(self, image: NDArray, label: Any) -> tuple[np.ndarray, np.ndarray]:
        data = self.augmentation_transform(image)
        if isinstance(data, (list, tuple)):
            data = data[0]
        return self._checked(self.postprocess_data(data)), np.asarray(label, dtype=self.dtype).reshape(-1)

    def _checked(self, data: NDArray) -> np.ndarray:
        if tuple(data.shape) != self.data_shape:
            raise MXNetError(
                f"{type(self).__name__}: an augmented image has shape {tuple(data.shape)}, data_shape is {self.data_shape}. Check aug_list."
            )
        return data.asnumpy()

    def _batch(self, rows: list, pad: int) -> DataBatch:
        labels = np.zeros((self.batch_size, self.label_width), self.dtype)
        for i, (_, label) in enumerate(rows):
            if label.size != self.label_width:
                raise MXNetError(
                    f"{type(self).__name__}: a sample has {label.size} labels, label_width is {self.label_width}. Check label_width."
                )
            labels[i] = label
        labels = labels if self.label_width > 1 else labels[:, 0]
        return DataBatch([array(np.stack([r[0] for r in rows]))], [array(labels, dtype=self.dtype)], pad)

    # ---- steps that subclasses may change

    def check_data_shape(self, data_shape: Sequence[int]) -> None:
        """ValueError unless data_shape is (3, height, width)."""
        if len(data_shape) != 3:
            raise ValueError(
                f"{type(self).__name__}: data_shape must be (channels, height, width), got {tuple(data_shape)}. Pass three numbers."
            )
        if data_shape[0] != 3:
            raise ValueError(f"{type(self).__name__}: data_shape has {data_shape[0]} channels, images have 3. Pass (3, height, width).")

    def check_valid_image(self, data: list[NDArray]) -> None:
        """RuntimeError for an empty image."""
        if len(data[0].shape) == 0 or 0 in data[0].shape:
            raise RuntimeError("the image is empty")

    def imdecode(self, s: bytes) -> NDArray:
        """The image in a file's bytes."""
        return imdecode(s)

    def read_image(self, fname: str) -> bytes:
        """The bytes of a file under path_root."""
        with open(os.path.join(self.path_root, fname) if self.path_root else fname, "rb") as f:
            return f.read()

    def augmentation_transform(self, data: NDArray) -> NDArray:
        """The image after all augmenters."""
        for a in self.auglist:
            data = a(data)
        return data

    def postprocess_data(self, datum: NDArray) -> NDArray:
        """Channels first."""
        return datum.transpose((2, 0, 1))


def _read_list(path: str, dtype: str) -> dict[int, tuple[np.ndarray, str]]:
    found = {}
    with open(path) as f:
        for number, line in enumerate(f, 1):
            if not line.strip():
                continue
            parts = line.strip().split("\t")
            try:
                found[int(parts[0])] = (np.array([float(p) for p in parts[1:-1]], dtype=dtype), parts[-1])
            except ValueError:
                raise MXNetError(
                    f"ImageIter: {path}, line {number}: needs `index \\t label ... \\t path`, got {line.strip()!r}. Mend the line."
                ) from None
    return found
