"""Train a network on ImageNet, or on any RecordIO file of images.

    python example/image-classification/train_imagenet.py --data-train train.rec --data-val val.rec --network resnet --num-layers 50 --gpus 0
    python example/image-classification/train_imagenet.py --benchmark 1 --dtype float16 --gpus 0
    python example/image-classification/train_imagenet.py --benchmark 1 --num-layers 18 --batch-size 8 --num-examples 80 --num-epochs 1

--dtype float16 keeps weights and activations in 16 bits; the optimizer holds float32 copies of the weights (multi_precision), and the
softmax is float32. Without --gpus the CPU computes.
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
        network="resnet", num_layers=50, num_classes=1000, num_examples=1281167, num_epochs=80, lr_step_epochs="30,60", **data.COLORS_AND_SHAPES
    )  # fmt: skip
    data.add_imagenet_arg(parser, arguments)
    args = parser.parse_args(arguments)
    network = symbols.create(
        args.network, num_classes=args.num_classes, num_layers=args.num_layers, image_shape=args.image_shape, dtype=args.dtype
    )
    return fit.fit(args, network, data.get_rec_iter, **kwargs)


if __name__ == "__main__":
    main()
