"""Image data sets: the well-known ones from their files, record files, and folders of images."""

from __future__ import annotations

import gzip
import os
import struct
import tarfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .... import ndarray, recordio
from ....base import data_dir
from ....error import MXNetError
from ...utils import download
from .._batchify import as_chosen
from ..dataset import Dataset, RecordFileDataset, _DownloadedDataset
from ._images import decoded

__all__ = ["MNIST", "FashionMNIST", "CIFAR10", "CIFAR100", "ImageRecordDataset", "ImageFolderDataset"]


class MNIST(_DownloadedDataset):
    """Handwritten digits: samples (image (28, 28, 1) uint8, label int32); 60,000 for training, 10,000 for testing.

    root holds the four gzip files of the publisher; missing ones are fetched.
    """

    _address = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    _files = {
        True: ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
        False: ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
    }

    def __init__(
        self, root: str = os.path.join(data_dir(), "datasets", "mnist"), train: bool = True, transform: Callable | None = None
    ) -> None:
        self._train = train
        super().__init__(root, transform)

    def _get_data(self) -> None:
        images, labels = (self._find(name) for name in self._files[self._train])
        self._label = _read_idx(labels).astype(np.int32)
        pixels = _read_idx(images)
        if len(pixels) != len(self._label):
            raise MXNetError(
                f"{type(self).__name__}: {len(pixels)} images but {len(self._label)} labels in {self._root}. Fetch the files again."
            )
        self._data = as_chosen(ndarray.array(pixels[..., None], dtype=pixels.dtype))

    def _find(self, name: str) -> str:
        for candidate in (name, name[:-3]):
            path = os.path.join(self._root, candidate)
            if os.path.exists(path):
                return path
        return download(self._address + name, path=os.path.join(self._root, name))


class FashionMNIST(MNIST):
    """Pictures of clothes in the form of MNIST.

    Source: Xiao et al. 2017, arXiv:1708.07747.
    """

    _address = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"

    def __init__(
        self, root: str = os.path.join(data_dir(), "datasets", "fashion-mnist"), train: bool = True, transform: Callable | None = None
    ) -> None:
        super().__init__(root, train, transform)


def _read_idx(path: str) -> np.ndarray:
    """An array from a file in MNIST's idx format, gzip or plain."""
    with open(path, "rb") as f:
        packed = f.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if packed else open(path, "rb") as f:
            data = f.read()
    except (OSError, EOFError) as e:
        raise MXNetError(f"MNIST: {path} cannot be unpacked ({e}). Fetch it again.") from None
    if len(data) < 8 or data[:3] != b"\x00\x00\x08":
        raise MXNetError(f"MNIST: {path} is no idx file of bytes. Fetch it again.")
    shape = struct.unpack_from(f">{data[3]}I", data, 4)
    start, size = 4 + 4 * len(shape), int(np.prod(shape))
    if len(data) - start < size:
        raise MXNetError(f"MNIST: {path} ends after {len(data)} of {start + size} bytes. Fetch it again.")
    return np.frombuffer(data, np.uint8, size, start).reshape(shape)


class CIFAR10(_DownloadedDataset):
    """Small photographs of 10 classes: samples (image (32, 32, 3) uint8, label int32); 50,000 for training, 10,000 for testing.

    root holds the publisher's binary archive or its unpacked files; a missing archive is fetched.

    Source: Krizhevsky 2009.
    """

    _address = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    _files = {True: [f"data_batch_{i}.bin" for i in range(1, 6)], False: ["test_batch.bin"]}
    _label_bytes = 1

    def __init__(
        self, root: str = os.path.join(data_dir(), "datasets", "cifar10"), train: bool = True, transform: Callable | None = None
    ) -> None:
        self._train = train
        self._label_at = 0
        super().__init__(root, transform)

    def _get_data(self) -> None:
        paths = [self._find(name) for name in self._files[self._train]]
        if None in paths:
            archive = download(self._address, path=os.path.join(self._root, os.path.basename(self._address)))
            with tarfile.open(archive) as tar:
                for member in tar.getmembers():
                    if member.isfile() and member.name.endswith(".bin"):
                        source = tar.extractfile(member)
                        with open(os.path.join(self._root, os.path.basename(member.name)), "wb") as f:
                            f.write(source.read())  # type: ignore[union-attr]
            paths = [os.path.join(self._root, name) for name in self._files[self._train]]
        rows = np.concatenate([self._rows(p) for p in paths])  # type: ignore[arg-type]
        self._label = rows[:, self._label_at].astype(np.int32)
        images = rows[:, self._label_bytes :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        self._data = as_chosen(ndarray.array(np.ascontiguousarray(images), dtype=np.uint8))

    def _find(self, name: str) -> str | None:
        for folder, _, files in os.walk(self._root):
            if name in files:
                return os.path.join(folder, name)
        return None

    def _rows(self, path: str) -> np.ndarray:
        data = np.fromfile(path, np.uint8)
        width = self._label_bytes + 3072
        if data.size % width:
            raise MXNetError(f"{type(self).__name__}: {path} has {data.size} bytes, no multiple of {width}. Fetch it again.")
        return data.reshape(-1, width)


class CIFAR100(CIFAR10):
    """Small photographs of 100 classes (fine_label=True) or 20 groups of them, otherwise as CIFAR10."""

    _address = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
    _files = {True: ["train.bin"], False: ["test.bin"]}
    _label_bytes = 2

    def __init__(self, root: str = os.path.join(data_dir(), "datasets", "cifar100"), fine_label: bool = False, train: bool = True,
                 transform: Callable | None = None) -> None:  # fmt: skip
        self._fine = fine_label
        super().__init__(root, train, transform)

    def _get_data(self) -> None:
        self._label_at = int(self._fine)
        super()._get_data()


class ImageRecordDataset(RecordFileDataset):
    """Images and labels of a RecordIO file made by im2rec: samples (image (h, w, c) uint8, label). flag: 1 color, 0 grey."""

    def __init__(self, filename: str, flag: int = 1, transform: Callable | None = None) -> None:
        super().__init__(filename)
        self._flag, self._transform = flag, transform

    def __getitem__(self, idx: int) -> Any:
        header, data = recordio.unpack(super().__getitem__(idx))
        image = decoded(data, self._flag)
        return (image, header.label) if self._transform is None else self._transform(image, header.label)


class ImageFolderDataset(Dataset):
    """Images in one folder for each class: samples (image (h, w, c) uint8, class number); `synsets` has the folders' names in order."""

    def __init__(self, root: str, flag: int = 1, transform: Callable | None = None) -> None:
        self._root, self._flag, self._transform = os.path.expanduser(root), flag, transform
        self._exts = (".jpg", ".jpeg", ".png")
        self.synsets: list[str] = []
        self.items: list[tuple[str, int]] = []
        for folder in sorted(os.listdir(self._root)):
            path = os.path.join(self._root, folder)
            if not os.path.isdir(path):
                warnings.warn(f"ImageFolderDataset: {path} is no folder and is left out.", stacklevel=2)
                continue
            number = len(self.synsets)
            self.synsets.append(folder)
            for name in sorted(os.listdir(path)):
                file = os.path.join(path, name)
                if os.path.splitext(name)[1].lower() in self._exts:
                    self.items.append((file, number))
                else:
                    warnings.warn(f"ImageFolderDataset: {file} is not one of {', '.join(self._exts)} and is left out.", stacklevel=2)

    def __getitem__(self, idx: int) -> Any:
        path, label = self.items[idx]
        with open(path, "rb") as f:
            image = decoded(f.read(), self._flag)
        return (image, label) if self._transform is None else self._transform(image, label)

    def __len__(self) -> int:
        return len(self.items)
