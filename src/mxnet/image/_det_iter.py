"""ImageDetIter: batches of images with their objects."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..error import MXNetError
from ..io import DataBatch
from ..ndarray import NDArray, array
from ._det_augmenters import DetAugmenter, drawn, object_array
from ._det_create import CreateDetAugmenter
from ._image_iter import ImageIter


class ImageDetIter(ImageIter):
    """Batches of images with objects: labels (batch, objects, width), rows that hold no object are -1.

    A sample's label is: header width, object width, the rest of the header, then for each object its class, left, top, right, bottom (parts of
    width and height) and anything more. Sources and other arguments as in ImageIter; keyword arguments go to CreateDetAugmenter. Samples
    without a valid object are skipped, with a message in the log.
    """

    def __init__(self, batch_size: int, data_shape: Sequence[int], path_imgrec: str | None = None, path_imglist: str | None = None,
                 path_root: str | None = None, path_imgidx: str | None = None, shuffle: bool = False, part_index: int = 0, num_parts: int = 1,
                 aug_list: list[DetAugmenter] | None = None, imglist: list | None = None, data_name: str = "data", label_name: str = "label",
                 last_batch_handle: str = "pad", **kwargs: Any) -> None:  # fmt: skip
        super().__init__(batch_size, data_shape, path_imgrec=path_imgrec, path_imglist=path_imglist, path_root=path_root, path_imgidx=path_imgidx,
                         shuffle=shuffle, part_index=part_index, num_parts=num_parts, aug_list=[], imglist=imglist, data_name=data_name,
                         label_name=label_name, last_batch_handle=last_batch_handle)  # fmt: skip
        self.auglist = CreateDetAugmenter(self.data_shape, **kwargs) if aug_list is None else aug_list
        self._label_name = label_name
        self.label_shape = self._largest_label()
        self._describe()

    def _describe(self) -> None:
        name = self.provide_data[0][0]
        self.provide_data = [(name, (self.batch_size, *self.data_shape))]
        self.provide_label = [(self._label_name, (self.batch_size, *self.label_shape))]

    def _largest_label(self) -> tuple[int, int]:
        """(most objects of a sample, width of an object), after one pass over the labels."""
        count, width = 0, 5
        self.reset()
        while True:
            try:
                label, _ = self.next_sample()
            except StopIteration:
                break
            try:
                objects = object_array(label)
            except RuntimeError as e:
                logging.warning("ImageDetIter: a sample is skipped: %s", e)
                continue
            count, width = max(count, len(objects)), max(width, objects.shape[1])
        self.reset()
        return count, width

    def _fill(self, rows: list) -> None:
        while len(rows) < self.batch_size:
            label, data = self.next_sample()
            try:
                image = self.imdecode(data)
                self.check_valid_image([image])
                changed, objects = self.augmentation_transform(image, object_array(label))
            except (MXNetError, RuntimeError) as e:
                logging.warning("ImageDetIter: a sample is skipped: %s", e)
                continue
            rows.append((self._checked(self.postprocess_data(changed)), objects))

    def _batch(self, rows: list, pad: int) -> DataBatch:
        labels = np.full((self.batch_size, *self.label_shape), -1, np.float32)
        for i, (_, objects) in enumerate(rows):
            if len(objects) > self.label_shape[0] or objects.shape[1] > self.label_shape[1]:
                raise MXNetError(
                    f"ImageDetIter: a sample has objects of shape {objects.shape}, label_shape is {self.label_shape}. Call reshape."
                )
            labels[i, : len(objects), : objects.shape[1]] = objects
        return DataBatch([array(np.stack([r[0] for r in rows]))], [array(labels)], pad)

    def augmentation_transform(self, data: NDArray, label: np.ndarray) -> tuple[NDArray, np.ndarray]:  # type: ignore[override]
        """The image and objects after all augmenters."""
        augmenters: list[Any] = self.auglist
        for a in augmenters:
            data, label = a(data, label)
        return data, label

    def check_label_shape(self, label_shape: Sequence[int]) -> None:
        """ValueError if a label of this shape cannot hold what the data has."""
        if len(label_shape) != 2:
            raise ValueError(f"ImageDetIter: label_shape must be (objects, width), got {tuple(label_shape)}. Pass two numbers.")
        if label_shape[0] < self.label_shape[0] or label_shape[1] != self.label_shape[1]:
            raise ValueError(
                f"ImageDetIter: label_shape {tuple(label_shape)} cannot hold labels of {self.label_shape}. Use as many objects, or more."
            )

    def reshape(self, data_shape: Sequence[int] | None = None, label_shape: Sequence[int] | None = None) -> None:
        """Another size of images (augmenters stay as they are) or more objects in a label."""
        if data_shape is not None:
            self.check_data_shape(data_shape)
            self.data_shape = (data_shape[0], data_shape[1], data_shape[2])
        if label_shape is not None:
            self.check_label_shape(label_shape)
            self.label_shape = (label_shape[0], label_shape[1])
        self._describe()

    def sync_label_shape(self, it: ImageDetIter, verbose: bool = False) -> ImageDetIter:
        """Give this iterator and `it` (training and validation) the larger label shape of both; returns `it`."""
        if not isinstance(it, ImageDetIter):
            raise TypeError(f"sync_label_shape: needs an ImageDetIter, got {type(it).__name__}. Pass one.")
        shape = (max(self.label_shape[0], it.label_shape[0]), max(self.label_shape[1], it.label_shape[1]))
        for one in (self, it):
            if one.label_shape != shape:
                one.label_shape = shape
                one._describe()
        if verbose:
            logging.info("label shape: %s", shape)
        return it

    def draw_next(self, color: Sequence[float] | None = None, thickness: int = 2, mean: Any = None, std: Any = None, clip: bool = True,
                  waitKey: int | None = None, window_name: str = "draw_next", id2labels: dict | None = None) -> Iterator[NDArray]:  # fmt: skip
        """The augmented images, one after the other, with frames round their objects.

        mean, std  what normalization took away (True: ImageNet's); clip to 0..255
        waitKey    show each in a window of OpenCV for so many milliseconds (0: until a key is pressed); id2labels: class names for titles
        """
        back_std = np.array([58.395, 57.12, 57.375]) if std is True else std
        back_mean = np.array([123.68, 116.28, 103.53]) if mean is True else mean
        try:
            while True:
                label, data = self.next_sample()
                image, objects = self.augmentation_transform(self.imdecode(data), object_array(label))
                pixels = image.asnumpy().astype(np.float32)
                pixels = pixels * back_std if back_std is not None else pixels
                pixels = pixels + back_mean if back_mean is not None else pixels
                pixels = np.clip(pixels, 0, 255) if clip else pixels
                shades = np.random.uniform(0, 255, 3) if color is None else color
                framed = drawn(array(pixels), objects, shades, thickness)
                if waitKey is not None:
                    _show(framed, objects, window_name, waitKey, id2labels)
                yield framed
        except StopIteration:
            return


def _show(image: NDArray, objects: np.ndarray, window: str, wait: int, names: dict | None) -> None:
    try:
        import cv2  # noqa: PLC0415  heavy and optional
    except ImportError:
        raise MXNetError("draw_next: windows need OpenCV. Install opencv-python, or leave waitKey away.") from None
    pixels = np.ascontiguousarray(image.asnumpy()[:, :, ::-1].astype(np.uint8))
    for row in objects:
        if names is not None and int(row[0]) in names:
            place = (int(row[1] * pixels.shape[1]), int(row[2] * pixels.shape[0]))
            cv2.putText(pixels, str(names[int(row[0])]), place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255))
    cv2.imshow(window, pixels)
    cv2.waitKey(wait)
