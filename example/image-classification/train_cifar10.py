"""Train a network on CIFAR-10: RecordIO files of its images, 32 x 32, of which 28 x 28 are cropped.

    python example/image-classification/train_cifar10.py --data-train data/cifar10_train.rec --data-val data/cifar10_val.rec --gpus 0

The data set: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import symbols
from common import data, fit

import mxnet as mx


def main(arguments: Sequence[str] | None = None, **kwargs) -> mx.mod.Module | None:
    """Train as the command line (or `arguments`) says; kwargs go to Module.fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    fit.add_fit_args(parser)
    data.add_data_args(parser)
    data.add_data_aug_args(parser)
    parser.set_defaults(
        network="resnet", num_layers=110, data_train="data/cifar10_train.rec", data_val="data/cifar10_val.rec", num_classes=10,
        num_examples=50000, image_shape="3,28,28", pad_size=4, batch_size=128, num_epochs=300, lr=0.05, lr_step_epochs="200,250", **data.COLORS,
    )  # fmt: skip
    args = parser.parse_args(arguments)
    network = symbols.create(
        args.network, num_classes=args.num_classes, num_layers=args.num_layers, image_shape=args.image_shape, dtype=args.dtype
    )
    return fit.fit(args, network, data.get_rec_iter, **kwargs)


if __name__ == "__main__":
    main()
