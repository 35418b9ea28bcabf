"""ImageDetRecordIter: batches of images with the boxes of their objects, from a RecordIO file."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .. import recordio
from .._op.params import REQUIRED, Shape
from ..error import MXNetError
from ._args import Arguments
from ._augment_boxes import ARGUMENTS as AUGMENTATIONS
from ._augment_boxes import BoxAugmenter
from .image_record_iter import COMMON, ImageRecords
from .mx_data_iter import MXDataIter

_ARGUMENTS = Arguments(
    "ImageDetRecordIter", path_imgrec=(str, "./data/imgrec.rec"), data_shape=(Shape, REQUIRED), batch_size=(int, REQUIRED),
    label_width=(int, -1), label_pad_width=(int, 0), label_pad_value=(float, -1.0), **COMMON,
    **{f"std_{c}": (float, 0.0) for c in "rgba"}, **AUGMENTATIONS,
)  # fmt: skip
_BEFORE = 4  # channels, height and width of the image, and the length of its label


def ImageDetRecordIter(*args: Any, **kwargs: Any) -> MXDataIter:
    """Batches (batch_size, channels, height, width) of images with labels (batch_size, 4 + label_pad_width) of their objects.

    A label is: channels, height and width of the image, the number of numbers that follow; then header width, object width, the rest of the
    header, and for each object its class, left, top, right and bottom in shares of the image, and what else the file has; then
    label_pad_value up to the width (label_pad_width; as wide as the widest label where it is smaller than 1).

    path_imgrec, path_imglist, data_shape, label_width (-1: any), shuffle, seed, num_parts, part_index, round_batch, mean_r .. std_a, scale,
    mean_img     as in ImageRecordIter
    resize_mode  force: the image gets the size of data_shape; shrink, fit: it keeps its ratio, in the upper left corner of zeros
    rand_crop_prob, num_crop_sampler, min_crop_scales .. max_crop_trials   a random part in which an object meets the limits of a sampler;
                 crop_emit_mode tells which objects stay (center: their middle; overlap: more than emit_overlap_thresh of them)
    rand_pad_prob, max_pad_scale   a random border of fill_value; rand_mirror_prob   flips
    max_random_hue .. random_contrast_prob   changes of the colors, each with its probability
    Errors: MXNetError for files, records and labels that are missing, damaged or wider than label_pad_width.
    Source: MXNet 1.9.1, src/io/image_det_aug_default.cc, src/io/iter_image_det_recordio.cc.
    """
    if args:
        raise MXNetError(f"ImageDetRecordIter: takes keyword arguments only, got {len(args)} by position. Pass path_imgrec=...")
    a = _ARGUMENTS.parse(kwargs)
    if len(a["data_shape"]) != 3 or a["data_shape"][0] not in (1, 3):
        raise MXNetError(
            f"ImageDetRecordIter: data_shape {a['data_shape']} must be (3, height, width) or (1, height, width). Pass such a shape."
        )
    return _DetRecords("ImageDetRecordIter", {**a, **{f"std_{c}": a[f"std_{c}"] or 1.0 for c in "rgba"}}, None)


class _DetRecords(ImageRecords):
    """The iterator behind ImageDetRecordIter."""

    def _prepare(self, a: dict) -> tuple:
        self._augment_boxes, self._change = BoxAugmenter(self._owner, a), (0.0, 0.0)  # contrast is the augmenter's here
        self._label_width, self._pad_value = a["label_width"], a["label_pad_value"]
        labels = self._labels.values() if self._labels is not None else (self._read_label(self._read(i)) for i in range(len(self._offsets)))
        width = max((label.size for label in labels), default=0)
        if width > a["label_pad_width"] > 0:
            raise MXNetError(
                f"{self._owner}: label_pad_width {a['label_pad_width']} is smaller than the widest label ({width}). Use {width}, or -1."
            )
        return (_BEFORE + max(width, a["label_pad_width"]),)

    @staticmethod
    def _read_label(record: bytes) -> np.ndarray:
        return np.atleast_1d(np.asarray(recordio.unpack(record)[0].label, np.float32))

    def _look(self, image: torch.Tensor, label: np.ndarray, random: np.random.RandomState) -> tuple[torch.Tensor, np.ndarray]:
        if self._label_width > 0 and label.size != self._label_width:
            raise MXNetError(f"{label.size} labels, label_width asks for {self._label_width}. Pass label_width=-1.")
        image, label = self._augment_boxes(image, label, random)
        full = np.full(self.handle.label.shape[1:], self._pad_value, np.float32)
        full[:_BEFORE] = (image.shape[2], *image.shape[:2], label.size)
        full[_BEFORE : _BEFORE + label.size] = label
        height, width = self.handle.data.shape[2:]
        border = [0, 0, 0, width - image.shape[1], 0, height - image.shape[0]]
        return torch.nn.functional.pad(image, border) if any(border) else image, full
