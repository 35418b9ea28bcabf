"""Data sets and files that tests and examples read: from folders on this machine, or unpacked from an address the caller gives."""

from __future__ import annotations

import bz2
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ..base import data_dir
from ..error import MXNetError
from ..gluon.data.vision.datasets import _read_idx
from ..gluon.utils import download as _download
from ..io import MNISTIter

_MNIST = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def download(url: str, fname: str | None = None, dirname: str | None = None, overwrite: bool = False, retries: int = 5) -> str:
    """Fetch a file, unless it is there; its path."""
    path = fname or url.split("/")[-1]
    return _download(url, os.path.join(dirname, path) if dirname else path, overwrite, retries=retries)


def _mnist_folder(names: tuple[str, ...], endings: tuple[str, ...]) -> tuple[str, str]:
    """The first folder that holds all files, and the ending that they have there."""
    folders = [os.environ.get("MXNET_MNIST_DIR"), "data", ".", os.path.join(data_dir(), "datasets", "mnist")]
    for folder in folders:
        for end in endings:
            if folder is not None and all(os.path.exists(os.path.join(folder, n + end)) for n in names):
                return folder, end
    raise MXNetError(f"MNIST: no {names[0]}{endings[0]} in ./data. Put MNIST's files there, or set MXNET_MNIST_DIR to their folder.")


def get_mnist() -> dict[str, np.ndarray]:
    """MNIST as arrays: train_data (60000, 1, 28, 28) float32 in 0..1, train_label (60000,) int8, test_data, test_label.

    Reads MNIST's four idx files, plain or `.gz`, in the folder MXNET_MNIST_DIR, in ./data, in the current folder, or where
    `gluon.data.vision.MNIST` keeps them. MXNetError if they are in none of them: the address that served them is gone.
    """
    folder, end = _mnist_folder(_MNIST, ("", ".gz"))
    images, labels, test_images, test_labels = (_read_idx(os.path.join(folder, n + end)) for n in _MNIST)

    def pixels(a: np.ndarray) -> np.ndarray:
        return a[:, None].astype(np.float32) / 255

    return {"train_data": pixels(images), "train_label": labels.astype(np.int8), "test_data": pixels(test_images),
            "test_label": test_labels.astype(np.int8)}  # fmt: skip


def get_mnist_ubyte() -> str:
    """The folder of MNIST's uncompressed files (MXNET_MNIST_DIR, ./data ...), which must be there."""
    return _mnist_folder(_MNIST, ("",))[0]


def get_mnist_pkl() -> str:
    """The path of `mnist.pkl.gz`, which must be in ./data (or MXNET_MNIST_DIR)."""
    return os.path.join(_mnist_folder(("mnist.pkl.gz",), ("",))[0], "mnist.pkl.gz")


def get_cifar10() -> str:
    """The folder of CIFAR-10's record files, ./data/cifar, which must be there: train.rec, test.rec, train.lst, test.lst."""
    folder = os.path.join("data", "cifar")
    for name in ("train.rec", "test.rec", "train.lst", "test.lst"):
        if not os.path.exists(os.path.join(folder, name)):
            raise MXNetError(f"CIFAR-10: there is no {os.path.join(folder, name)}. Make it with tools/im2rec.py, the address is gone.")
    return folder


def get_mnist_iterator(batch_size: int, input_shape: tuple, num_parts: int = 1, part_index: int = 0) -> tuple:
    """(training, validation) iterators over MNIST's files; flat batches unless input_shape has three axes."""
    folder, flat = get_mnist_ubyte(), len(input_shape) != 3

    def part(images: str, labels: str, shuffle: bool) -> Any:
        return MNISTIter(image=os.path.join(folder, images), label=os.path.join(folder, labels), input_shape=input_shape, batch_size=batch_size,
                         shuffle=shuffle, flat=flat, num_parts=num_parts, part_index=part_index)  # fmt: skip

    return part(_MNIST[0], _MNIST[1], True), part(_MNIST[2], _MNIST[3], True)


def get_zip_data(data_dir: str, url: str, data_origin_name: str) -> None:
    """Fetch a zip file into a folder and unpack it there, unless it is there."""
    archive = os.path.join(data_dir, data_origin_name)
    if not os.path.exists(archive):
        download(url, fname=data_origin_name, dirname=data_dir)
        with zipfile.ZipFile(archive) as z:
            z.extractall(data_dir)


def get_bz2_data(data_dir: str, data_name: str, url: str, data_origin_name: str) -> None:
    """Fetch a bz2 file into a folder and unpack it as `data_name`, unless that is there; the bz2 file is removed."""
    target, archive = os.path.join(data_dir, data_name), os.path.join(data_dir, data_origin_name)
    if os.path.exists(target):
        return
    download(url, fname=data_origin_name, dirname=data_dir)
    with bz2.open(archive) as packed, open(target, "wb") as out:
        shutil.copyfileobj(packed, out)
    os.remove(archive)


def download_model(model_name: str, dst_dir: str = "./", meta_info: dict | None = None) -> tuple[str | None, int]:
    """Fetch `NAME-symbol.json` and `NAME-0000.params`; (their prefix, 0), or (None, 0) for a name that meta_info does not have.

    meta_info   {name: {"symbol": address, "params": address}}; there is no default list any more, its addresses are gone
    """
    found = (meta_info or {}).get(model_name)
    if found is None:
        return None, 0
    for part in ("symbol", "params"):
        if part not in found:
            raise AssertionError(f"download_model: {model_name} has no address of its {part}. Give both, symbol and params.")
    os.makedirs(dst_dir, exist_ok=True)
    prefix = os.path.join(dst_dir, model_name)
    download(found["symbol"], f"{prefix}-symbol.json")
    download(found["params"], f"{prefix}-0000.params")
    return prefix, 0


def get_im2rec_path(home_env: str = "MXNET_HOME") -> str:
    """The path of tools/im2rec.py under the folder that an environment variable names, or beside this package; OSError if there is none."""
    package = Path(__file__).parents[1]
    roots = [Path(os.environ[home_env])] if home_env in os.environ else [package]
    for root in (r / up for r in roots for up in (".", "../..")):
        if (root / "tools" / "im2rec.py").is_file():
            return str(root / "tools" / "im2rec.py")
    raise OSError(f"get_im2rec_path: there is no tools/im2rec.py under {roots[0]}. Set {home_env} to the folder of an MXNet checkout.")
