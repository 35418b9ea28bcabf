"""MNISTIter: batches of digits from files in the format of the MNIST data set."""

from __future__ import annotations

import os
import struct
from typing import Any

import numpy as np
import torch

from .. import _dtype
from .._op.params import DType
from ..error import MXNetError
from ._args import Arguments
from ._shuffle import shuffled
from .mx_data_iter import MXDataIter, Source, open_file, part_of

_ARGUMENTS = Arguments(
    "MNISTIter", image=(str, "./train-images-idx3-ubyte"), label=(str, "./train-labels-idx1-ubyte"), batch_size=(int, 128), shuffle=(bool, True),
    flat=(bool, False), seed=(int, 0), silent=(bool, False), num_parts=(int, 1), part_index=(int, 0), prefetch_buffer=(int, 4), ctx=(str, "cpu"),
    dtype=(DType | None, None), data_name=(str, "data"), label_name=(str, "softmax_label"), input_shape=(str, ""),
)  # fmt: skip
_IMAGES, _LABELS = 2051, 2049


def MNISTIter(*args: Any, **kwargs: Any) -> MXDataIter:
    """Batches (batch_size, 1, rows, columns) of pixels in 0..1 (value / 256) with labels (batch_size,); the rest that fills no batch is dropped.

    image, label   paths of idx files (uncompressed)
    flat           batches (batch_size, rows * columns)
    shuffle, seed  one random order for all epochs
    num_parts, part_index   read the part_index-th of num_parts equal shares
    Errors: MXNetError for files that are missing, of another kind, cut short, or of different lengths.
    """
    if args:
        raise MXNetError(f"MNISTIter: takes keyword arguments only, got {len(args)} by position. Pass image=..., label=...")
    a = _ARGUMENTS.parse(kwargs)
    images, labels = read_idx(a["image"], _IMAGES), read_idx(a["label"], _LABELS)
    if images.shape[0] != labels.shape[0]:
        raise MXNetError(
            f"MNISTIter: {images.shape[0]} images in {a['image']}, {labels.shape[0]} labels in {a['label']}. Use files that belong together."
        )
    low, high = part_of(images.shape[0], a["num_parts"], a["part_index"], "MNISTIter")
    images, labels = images[low:high], labels[low:high]
    if a["shuffle"]:
        order = torch.from_numpy(shuffled(images.shape[0], a["seed"]))
        images, labels = images[order], labels[order]
    images = images.flatten(1) if a["flat"] else images[:, None]
    dtype = _dtype.to_torch(a["dtype"] or "float32")
    source = Source("MNISTIter", images, labels, a["batch_size"], round_batch=False, drop_last=True, dtype=dtype, scale=1.0 / 256.0)
    return MXDataIter(source, a["data_name"], a["label_name"])


def read_idx(path: str, magic: int) -> torch.Tensor:
    """The uint8 tensor of an idx file; its size must be what its header says."""
    axes = magic & 0xFF
    with open_file(path, "MNISTIter") as f:
        size = os.fstat(f.fileno()).st_size
        head = f.read(4 + 4 * axes)
        if len(head) < 4 + 4 * axes:
            raise MXNetError(f"MNISTIter: {path}: {size} bytes are too few for a header. The file is damaged or not an idx file.")
        found, *shape = struct.unpack(f">I{axes}I", head)
        if found != magic:
            more = " Decompress it first." if head[:2] == b"\x1f\x8b" else ""
            raise MXNetError(
                f"MNISTIter: {path}: offset 0: magic number {found}, expected {magic}.{more} Pass an idx file of the right kind."
            )
        count = int(np.prod(shape, dtype=object))
        if count > size - len(head):
            raise MXNetError(
                f"MNISTIter: {path}: offset {len(head)}: shape {tuple(shape)} needs {count} bytes, {size - len(head)} are left. The file is cut short."
            )
        return torch.from_numpy(np.fromfile(f, np.uint8, count)).reshape(shape)
