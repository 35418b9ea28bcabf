"""`mx.image.detection`: augmenters and the iterator for object detection."""

from __future__ import annotations

from ._det_augmenters import DetAugmenter, DetBorrowAug, DetHorizontalFlipAug, DetRandomCropAug, DetRandomPadAug, DetRandomSelectAug
from ._det_create import CreateDetAugmenter, CreateMultiRandCropAugmenter
from ._det_iter import ImageDetIter

__all__ = [
    "CreateDetAugmenter",
    "CreateMultiRandCropAugmenter",
    "DetAugmenter",
    "DetBorrowAug",
    "DetHorizontalFlipAug",
    "DetRandomCropAug",
    "DetRandomPadAug",
    "DetRandomSelectAug",
    "ImageDetIter",
]
