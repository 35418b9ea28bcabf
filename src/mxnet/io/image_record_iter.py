"""ImageRecordIter: batches of images and labels from a RecordIO file of packed, encoded images."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from .. import _dtype, recordio
from .._op.image_file import decode
from .._op.params import REQUIRED, DType, Shape
from .._runtime.array import Array, wrap
from ..context import cpu
from ..error import MXNetError
from ..ndarray import load, save
from ._args import Arguments
from ._augment import ARGUMENTS as AUGMENTATIONS
from ._augment import Augmenter
from .mx_data_iter import MXDataIter, Source, open_file

_CHANNELS = ("r", "g", "b", "a")
#: name -> (type, default): arguments of all iterators over images
COMMON: dict[str, tuple[Any, Any]] = {
    "path_imgidx": (str, ""), "path_imglist": (str, ""), "shuffle": (bool, False), "seed": (int, 0), "seed_aug": (int | None, None),
    "num_parts": (int, 1), "part_index": (int, 0), "round_batch": (bool, True), "scale": (float, 1.0), "mean_img": (str, ""),
    **{f"mean_{c}": (float, 0.0) for c in _CHANNELS}, "preprocess_threads": (int, 4), "prefetch_buffer": (int, 4), "verbose": (bool, True),
    "ctx": (str, "cpu"), "dtype": (DType | None, None), "data_name": (str, "data"), "label_name": (str, "softmax_label"), "path_root": (str, ""),
    "shuffle_chunk_size": (int, 0), "shuffle_chunk_seed": (int, 0), "device_id": (int, -1),
}  # fmt: skip
_ARGUMENTS = Arguments(
    "ImageRecordIter", path_imgrec=(str, REQUIRED), data_shape=(Shape, REQUIRED), batch_size=(int, REQUIRED), label_width=(int, 1), **COMMON,
    **{f"std_{c}": (float, 1.0) for c in _CHANNELS}, max_random_contrast=(float, 0.0), max_random_illumination=(float, 0.0), **AUGMENTATIONS,
)  # fmt: skip


def _image_iter(owner: str, raw: torch.dtype | None, *args: Any, **kwargs: Any) -> MXDataIter:
    """Batches (batch_size, channels, height, width) of images with their labels, from a RecordIO file.

    path_imgrec, path_imgidx   the file and its index (without one the file is scanned once)
    path_imglist a text file whose lines give the labels of a record by its number: number, labels, path, between tabs
    data_shape   (3, height, width), or (1, height, width) for grey images; colors in the order red, green, blue
    label_width  1 gives labels (batch_size,), more give (batch_size, label_width)
    resize       the shorter edge is resized to it (inter_method: 0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos, 9 by the change of size,
                 10 any of them); smaller images grow to data_shape
    max_rotate_angle, rotate, rotate_list, max_shear_ratio, min_random_scale, max_random_scale, min_aspect_ratio, max_aspect_ratio,
    min_img_size, max_img_size   a random affine map; outside the image there is fill_value
    pad          a border of fill_value
    rand_crop, min_crop_size, max_crop_size, random_resized_crop with min_random_area, max_random_area   a random (else central) crop
    brightness, contrast, saturation, random_h, random_s, random_l, pca_noise   random changes of the colors
    rand_mirror, mirror   random flips, or all flipped
    mean_r .. std_a, scale, max_random_contrast, max_random_illumination   ((pixel - mean) * contrast + illumination) * scale / std
    mean_img     a file with the mean image instead; it is made from the images if there is none
    shuffle, seed   a new order in each epoch (seed_aug: random changes of their own); num_parts, part_index: one of equal shares of the file
    round_batch  the last batch is filled up with the first images, and the next epoch begins after them
    Errors: MXNetError for files, records and images that are missing or damaged, and for settings that exclude each other.
    Source: MXNet 1.9.1, src/io/image_aug_default.cc, src/io/iter_normalize.h.
    """
    if args:
        raise MXNetError(
            f"{owner}: takes keyword arguments only, got {len(args)} by position. Pass path_imgrec=..., data_shape=..., batch_size=..."
        )
    a = _ARGUMENTS.parse(kwargs)
    if len(a["data_shape"]) != 3 or a["data_shape"][0] not in (1, 3):
        raise MXNetError(f"{owner}: data_shape {a['data_shape']} must be (3, height, width) or (1, height, width). Pass such a shape.")
    return ImageRecords(owner, a, raw)


class ImageRecords(MXDataIter):
    """The iterator behind ImageRecordIter and its integer variants; images are decoded in threads when their batch is asked for."""

    def __init__(self, owner: str, a: dict, raw: torch.dtype | None) -> None:
        self._offsets = _offsets(a["path_imgrec"], a["path_imgidx"])
        share = -(-len(self._offsets) // a["num_parts"]) if a["num_parts"] > 0 else 0
        if not 0 <= a["part_index"] < max(a["num_parts"], 1):
            raise MXNetError(
                f"{owner}: part_index {a['part_index']} of num_parts {a['num_parts']} does not exist. Use 0 <= part_index < num_parts."
            )
        self._offsets = self._offsets[share * a["part_index"] : share * (a["part_index"] + 1)]
        self._owner, self._raw, self._path = owner, raw, a["path_imgrec"]
        self._file = recordio.MXRecordIO(self._path, "r")
        self._labels = _listed(owner, a["path_imglist"]) if a["path_imglist"] else None
        channels = _CHANNELS[: a["data_shape"][0]]
        self._mean = torch.tensor([a[f"mean_{c}"] for c in channels])[:, None, None]
        self._factor = (a["scale"] / torch.tensor([a[f"std_{c}"] for c in channels]))[:, None, None]
        self._random = np.random.RandomState(a["seed"])
        self._changes = np.random.RandomState(a["seed"] if a["seed_aug"] is None else a["seed_aug"])
        self._shuffle = a["shuffle"]
        self._threads = ThreadPoolExecutor(max(1, a["preprocess_threads"]), thread_name_prefix="mxnet-decode")
        kind = raw or _dtype.to_torch(a["dtype"] or "float32")
        label_shape = self._prepare(a)
        count = len(self._offsets)
        # shapes without memory: rows are made when they are asked for
        data, label = torch.empty(1, dtype=kind).expand(count, *a["data_shape"]), torch.empty(1).expand(count, *label_shape)
        super().__init__(Source(owner, data, label, a["batch_size"], a["round_batch"]), a["data_name"], a["label_name"])
        if a["mean_img"] and raw != torch.uint8:
            self._mean = self._mean_image(a["mean_img"])

    def _prepare(self, a: dict) -> tuple:
        """Take the settings of augmentation and labels; the shape of a label."""
        self._augment, self._label_width = Augmenter(self._owner, a), a["label_width"]
        self._change = a["max_random_contrast"], a["max_random_illumination"]
        return () if self._label_width == 1 else (self._label_width,)

    def _look(self, image: torch.Tensor, label: np.ndarray, random: np.random.RandomState) -> tuple[torch.Tensor, np.ndarray]:
        """The image as the batch shows it, and its label."""
        if label.size < self._label_width:
            raise MXNetError(f"{label.size} labels, label_width asks for {self._label_width}. Use a smaller label_width.")
        return self._augment(image, random), label[: self._label_width].reshape(() if self._label_width == 1 else -1)

    def __del__(self) -> None:
        if "_threads" in self.__dict__:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self) -> None:
        super()._begin()
        self._order = self._random.permutation(self.num_data) if self._shuffle else np.arange(self.num_data)
        self._batch: tuple[int, list[Array]] | None = None

    def _load(self) -> list[Array]:
        """[data, label] of the current batch."""
        if self._batch is not None and self._batch[0] == self._cursor:
            return self._batch[1]
        rows = self._order[self.getindex().astype(np.int64)]
        records = [self._read(int(r)) for r in rows]
        seeds = self._changes.randint(2**31, size=len(rows))
        made = list(self._threads.map(self._make, rows, records, seeds))
        images = torch.from_numpy(np.stack([image for image, _ in made]))
        if self._raw != torch.uint8:
            images = (images.float() - self._mean) * self._factor
            contrast, illumination = self._change
            if contrast or illumination:
                draws = torch.from_numpy(self._changes.uniform(-1, 1, (2, len(rows), 1, 1, 1)).astype(np.float32))
                images = images * (1 + contrast * draws[0]) + illumination * draws[1] * self._factor
        labels = torch.from_numpy(np.stack([label for _, label in made]))
        found = [wrap(images.to(self.handle.data.dtype), cpu()), wrap(labels, cpu())]
        self._batch = (self._cursor, found)
        return found

    def _read(self, row: int) -> bytes:
        self._file._file.seek(self._offsets[row])
        record = self._file.read()
        if record is None:
            raise MXNetError(
                f"{self._owner}: {self._path}: offset {self._offsets[row]}: there is no record. The index belongs to another file."
            )
        return record

    def _make(self, row: int, record: bytes, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """(image (channels, height, width) uint8, label) of a record."""
        try:
            header, data = recordio.unpack(record)
            image = torch.from_numpy(decode("decode", data, 0 if self.handle.data.shape[1] == 1 else 1, True))
            if self._labels is None:
                label = np.atleast_1d(np.asarray(header.label, np.float32))
            elif header.id in self._labels:
                label = self._labels[header.id]
            else:
                raise MXNetError(f"path_imglist has no image {header.id}. Use the list that the file was made from.")
            image, label = self._look(image, label, np.random.RandomState(seed))
        except MXNetError as e:
            raise MXNetError(f"{self._owner}: {self._path}: record {row}: {e}") from None
        return image.permute(2, 0, 1).contiguous().numpy(), label

    def _mean_image(self, path: str) -> torch.Tensor:
        """The mean image of a file; without one it is made from all images, and saved."""
        if os.path.exists(path):
            found = load(path)
            return (list(found.values()) if isinstance(found, dict) else found)[0]._d
        total = torch.zeros(self.handle.data.shape[1:], dtype=torch.float64)
        for row in range(self.num_data):
            total += torch.from_numpy(self._make(row, self._read(row), int(self._changes.randint(2**31)))[0])
        mean = (total / max(self.num_data, 1)).float()
        save(path, {"mean_img": wrap(mean, cpu())})
        return mean

    def _rows_of(self, value: Any, index: Any) -> Array:
        return self._load()[0 if value is self.handle.data else 1]


def _listed(owner: str, path: str) -> dict[int, np.ndarray]:
    """The labels of a list of images, by number."""
    found = {}
    with open_file(path, owner) as f:
        for number, line in enumerate(f, 1):
            parts = line.decode().rstrip("\r\n").split("\t")
            try:
                if len(parts) > 1:
                    found[int(float(parts[0]))] = np.array(parts[1:-1], np.float32)
            except ValueError:
                raise MXNetError(f"{owner}: {path}: line {number} is no number, labels and path between tabs. Check the file.") from None
    return found


def _offsets(path: str, index: str) -> list[int]:
    """Where the records begin: from the index, or by reading the file once."""
    if index:
        with recordio.MXIndexedRecordIO(index, path, "r") as f:
            return [f.idx[k] for k in f.keys]
    found = []
    with recordio.MXRecordIO(path, "r") as f:
        at = f._file.tell()
        while f.read() is not None:
            found.append(at)
            at = f._file.tell()
    return found


def _variant(name: str, raw: torch.dtype | None) -> Any:
    def make(*args: Any, **kwargs: Any) -> MXDataIter:
        return _image_iter(name, raw, *args, **kwargs)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = _image_iter.__doc__
    return make


ImageRecordIter = _variant("ImageRecordIter", None)
ImageRecordIter_v1 = _variant("ImageRecordIter_v1", None)
ImageRecordUInt8Iter = _variant("ImageRecordUInt8Iter", torch.uint8)
ImageRecordUInt8Iter_v1 = _variant("ImageRecordUInt8Iter_v1", torch.uint8)
ImageRecordInt8Iter = _variant("ImageRecordInt8Iter", torch.int8)
