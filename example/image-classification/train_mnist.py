"""Train a network on MNIST: handwritten digits, from the four idx files in --data-dir.

    python example/image-classification/train_mnist.py --network lenet --data-dir mnist

The data set: Y. LeCun, C. Cortes, C. Burges. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

import symbols
from common import fit

import mxnet as mx

#: (images, labels) for training and for validation.
FILES = (("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"))


def get_mnist_iter(args: argparse.Namespace, kv) -> tuple:
    """(training iterator, validation iterator) over the files of --data-dir."""
    paths = [os.path.join(args.data_dir, name) for pair in FILES for name in pair]
    missing = [path for path in paths if not os.path.isfile(path)]
    if missing:
        raise SystemExit(f"--data-dir: there is no file {', '.join(missing)}. Put MNIST's four idx files there, decompressed.")
    train = mx.io.MNISTIter(
        image=paths[0], label=paths[1], batch_size=args.batch_size, shuffle=True, silent=True, num_parts=kv.num_workers, part_index=kv.rank
    )
    val = mx.io.MNISTIter(image=paths[2], label=paths[3], batch_size=args.batch_size, shuffle=False, silent=True)
    return train, val


def main(arguments: Sequence[str] | None = None, **kwargs) -> mx.mod.Module | None:
    """Train as the command line (or `arguments`) says; kwargs go to Module.fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-classes", type=int, default=10, help="number of classes")
    parser.add_argument("--num-examples", type=int, default=60000, help="number of training images")
    parser.add_argument("--data-dir", default="mnist", help="folder of the idx files")
    parser.add_argument("--add_stn", action="store_true", help="lenet only: put a spatial transformer before it")
    parser.add_argument("--image_shape", default="1,28,28", help="channels, height and width of the images")
    fit.add_fit_args(parser)
    parser.set_defaults(network="mlp", batch_size=64, disp_batches=100, num_epochs=20, lr=0.05, lr_step_epochs="10")
    args = parser.parse_args(arguments)
    network = symbols.create(
        args.network,
        num_classes=args.num_classes,
        num_layers=args.num_layers,
        image_shape=args.image_shape,
        dtype=args.dtype,
        add_stn=args.add_stn or None,
    )
    return fit.fit(args, network, get_mnist_iter, **kwargs)


if __name__ == "__main__":
    main()
