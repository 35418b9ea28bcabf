"""ImageRecordIter: batches of images and labels from a RecordIO file of packed, encoded images."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from .. import _dtype, recordio
from .._op import resample
from .._op.image_file import decode
from .._op.params import REQUIRED, DType, Shape
from .._runtime.array import Array, wrap
from ..context import cpu
from ..error import MXNetError
from ._args import Arguments
from .mx_data_iter import MXDataIter, Source

_CHANNELS = ("r", "g", "b", "a")
_ARGUMENTS = Arguments(
    "ImageRecordIter", path_imgrec=(str, REQUIRED), path_imgidx=(str, ""), data_shape=(Shape, REQUIRED), batch_size=(int, REQUIRED),
    label_width=(int, 1), shuffle=(bool, False), seed=(int, 0), num_parts=(int, 1), part_index=(int, 0), round_batch=(bool, True),
    resize=(int, -1), pad=(int, 0), fill_value=(int, 255), inter_method=(int, 1), rand_crop=(bool, False), rand_mirror=(bool, False),
    mirror=(bool, False), scale=(float, 1.0), **{f"mean_{c}": (float, 0.0) for c in _CHANNELS}, **{f"std_{c}": (float, 1.0) for c in _CHANNELS},
    preprocess_threads=(int, 4), prefetch_buffer=(int, 4), verbose=(bool, True), ctx=(str, "cpu"), dtype=(DType | None, None),
    data_name=(str, "data"), label_name=(str, "softmax_label"), path_root=(str, ""), shuffle_chunk_size=(int, 0), shuffle_chunk_seed=(int, 0),
    seed_aug=(int | None, None), device_id=(int, -1),
    # further augmentations of MXNet: accepted with the value that does nothing
    path_imglist=(str, ""), mean_img=(str, ""), max_rotate_angle=(int, 0), rotate=(int, -1), max_aspect_ratio=(float, 0.0),
    min_aspect_ratio=(float | None, None), max_shear_ratio=(float, 0.0), max_crop_size=(int, -1), min_crop_size=(int, -1),
    max_random_scale=(float, 1.0), min_random_scale=(float, 1.0), max_img_size=(float, 1e10), min_img_size=(float, 0.0), random_h=(int, 0),
    random_s=(int, 0), random_l=(int, 0), brightness=(float, 0.0), contrast=(float, 0.0), saturation=(float, 0.0), pca_noise=(float, 0.0),
    random_resized_crop=(bool, False), max_random_contrast=(float, 0.0), max_random_illumination=(float, 0.0), max_random_area=(float, 1.0),
    min_random_area=(float, 1.0),
)  # fmt: skip
_NOT_YET = tuple(_ARGUMENTS.specs)[tuple(_ARGUMENTS.specs).index("path_imglist") :]


class _Look(NamedTuple):
    """What is done to each image."""

    shape: tuple[int, int, int]
    label_width: int
    resize: int
    pad: int
    fill_value: int
    interp: int
    rand_crop: bool
    rand_mirror: bool
    mirror: bool


def _image_iter(owner: str, raw: torch.dtype | None, *args: Any, **kwargs: Any) -> MXDataIter:
    """Batches (batch_size, channels, height, width) of images with their labels, from a RecordIO file.

    path_imgrec, path_imgidx   the file and its index (without one the file is scanned once)
    data_shape   (3, height, width), or (1, height, width) for grey images; colors in the order red, green, blue
    label_width  1 gives labels (batch_size,), more give (batch_size, label_width)
    resize       the shorter edge is resized to it (inter_method: 0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos); pad: a border of fill_value
    rand_crop, rand_mirror, mirror   a random (else central) crop of data_shape; random flips, or all flipped
    mean_r .. std_a, scale           (pixel - mean) * scale / std
    shuffle, seed   a new order in each epoch; num_parts, part_index: one of equal shares of the file
    round_batch  the last batch is filled up with the first images, and the next epoch begins after them
    Errors: MXNetError for files, records and images that are missing, damaged or too small for data_shape.
    """
    if args:
        raise MXNetError(
            f"{owner}: takes keyword arguments only, got {len(args)} by position. Pass path_imgrec=..., data_shape=..., batch_size=..."
        )
    a = _ARGUMENTS.parse(kwargs)
    for name in _NOT_YET:
        if a[name] != _ARGUMENTS.specs[name].default:
            raise MXNetError(
                f"{owner}: {name} is not available in this version. Leave it out, or augment in the training loop (mx.nd.image)."
            )
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
        self._look = _Look(a["data_shape"], a["label_width"], a["resize"], a["pad"], a["fill_value"], a["inter_method"], a["rand_crop"], a["rand_mirror"],
                           a["mirror"])  # fmt: skip
        channels = _CHANNELS[: a["data_shape"][0]]
        self._mean = torch.tensor([a[f"mean_{c}"] for c in channels])[:, None, None]
        self._factor = (a["scale"] / torch.tensor([a[f"std_{c}"] for c in channels]))[:, None, None]
        self._random = np.random.RandomState(a["seed"])
        self._shuffle = a["shuffle"]
        self._threads = ThreadPoolExecutor(max(1, a["preprocess_threads"]), thread_name_prefix="mxnet-decode")
        self._file = recordio.MXRecordIO(self._path, "r")
        kind = raw or _dtype.to_torch(a["dtype"] or "float32")
        label_shape = () if a["label_width"] == 1 else (a["label_width"],)
        count = len(self._offsets)
        # shapes without memory: rows are made when they are asked for
        data, label = torch.empty(1, dtype=kind).expand(count, *a["data_shape"]), torch.empty(1).expand(count, *label_shape)
        super().__init__(Source(owner, data, label, a["batch_size"], a["round_batch"]), a["data_name"], a["label_name"])

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
        draws = self._random.random_sample((len(rows), 3)) if self._look.rand_crop or self._look.rand_mirror else np.zeros((len(rows), 3))
        made = list(self._threads.map(partial(_make, self._owner, self._path, self._look), rows, records, draws))
        images = torch.from_numpy(np.stack([image for image, _ in made]))
        if self._raw != torch.uint8:
            images = (images.float() - self._mean) * self._factor
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

    def _rows_of(self, value: Any, index: Any) -> Array:
        return self._load()[0 if value is self.handle.data else 1]


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


def _make(owner: str, path: str, look: _Look, row: int, record: bytes, draw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(image (channels, height, width) uint8, label) of a record."""
    try:
        header, data = recordio.unpack(record)
        image = torch.from_numpy(decode("decode", data, 0 if look.shape[0] == 1 else 1, True))
    except MXNetError as e:
        raise MXNetError(f"{owner}: {path}: record {row}: {e}") from None
    height, width = image.shape[:2]
    if look.resize > 0 and min(height, width) != look.resize:
        ratio = look.resize / min(height, width)
        size = (look.resize, int(width * ratio)) if height <= width else (int(height * ratio), look.resize)
        image = resample.resize("resize", image, *size, look.interp)
    if look.pad > 0:
        border = [0, 0, look.pad, look.pad, look.pad, look.pad]
        image = torch.nn.functional.pad(image, border, value=look.fill_value)
    height, width = image.shape[:2]
    down, right = height - look.shape[1], width - look.shape[2]
    if down < 0 or right < 0:
        need = f"data_shape asks for {look.shape[1]} x {look.shape[2]}"
        raise MXNetError(f"{owner}: {path}: record {row}: the image has {height} x {width} pixels, {need}. Pass resize=...")
    y, x = (int(draw[0] * (down + 1)), int(draw[1] * (right + 1))) if look.rand_crop else (down // 2, right // 2)
    image = image[y : y + look.shape[1], x : x + look.shape[2]]
    if look.mirror or (look.rand_mirror and draw[2] < 0.5):
        image = image.flip(1)
    label = np.atleast_1d(np.asarray(header.label, np.float32))
    if label.size < look.label_width:
        raise MXNetError(
            f"{owner}: {path}: record {row}: {label.size} labels, label_width asks for {look.label_width}. Use a smaller label_width."
        )
    return image.permute(2, 0, 1).contiguous().numpy(), label[: look.label_width].reshape(() if look.label_width == 1 else -1)


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
