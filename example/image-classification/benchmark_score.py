"""Images a second that networks classify, on random images.

    python example/image-classification/benchmark_score.py --network resnet-50 --batch-size 32 --gpus 0 --dtype float16

Without --network and --batch-size: all networks of the list, with batches of 1, 2, 4 .. 32.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence

import symbols
from common.fit import contexts

import mxnet as mx

NETWORKS = ("alexnet", "vgg-16", "inception-bn", "mobilenet", "resnet-50", "resnet-152", "resnext-50")


def get_symbol(network: str, batch_size: int, dtype: str = "float32", image_shape: str = "3,224,224") -> tuple[mx.sym.Symbol, list]:
    """(symbol, data shapes) of a name with a depth, e.g. "resnet-50", or without one."""
    name, _, layers = network.rpartition("-")
    name, num_layers = (name, int(layers)) if layers.isdigit() else (network, None)
    symbol = symbols.create(name, num_classes=1000, num_layers=num_layers, image_shape=image_shape, dtype=dtype)
    shape = (batch_size, *(int(n) for n in image_shape.split(",")))
    return symbol, [mx.io.DataDesc("data", shape, "float32")]


def score(
    network: str, dev: mx.Context, batch_size: int, num_batches: int, dtype: str = "float32", image_shape: str = "3,224,224"
) -> float:
    """Images a second of num_batches batches, after five that are not counted."""
    symbol, shapes = get_symbol(network, batch_size, dtype, image_shape)
    module = mx.mod.Module(symbol, context=dev)
    module.bind(shapes, [mx.io.DataDesc("softmax_label", (batch_size,))], for_training=False, inputs_need_grad=False)
    module.init_params(initializer=mx.init.Xavier(magnitude=2.0))
    batch = mx.io.DataBatch([mx.nd.random.uniform(-1, 1, shape=shapes[0].shape, ctx=dev)], [])
    dry = 5
    for i in range(dry + num_batches):
        if i == dry:
            mx.nd.waitall()
            start = time.perf_counter()
        module.forward(batch, is_train=False)
        for output in module.get_outputs():
            output.wait_to_read()
    return num_batches * batch_size / (time.perf_counter() - start)


def main(arguments: Sequence[str] | None = None) -> dict[tuple[str, int], float]:
    """Log and return images a second by (network, batch size)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", help=f"one network instead of {', '.join(NETWORKS)}")
    parser.add_argument("--batch-size", type=int, default=0, help="one batch size instead of 1 .. 32")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float16"])
    parser.add_argument("--gpus", help="GPUs to measure, one after the other; without it the CPU")
    parser.add_argument("--image-shape", default="3,224,224")
    parser.add_argument("--num-batches", type=int, default=10, help="batches that are timed")
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO)
    found = {}
    for network in [args.network] if args.network else NETWORKS:
        for device in contexts(args.gpus):
            logging.info("network: %s, device: %s, dtype: %s", network, device, args.dtype)
            for batch_size in [args.batch_size] if args.batch_size else (1, 2, 4, 8, 16, 32):
                speed = score(network, device, batch_size, args.num_batches, args.dtype, args.image_shape)
                logging.info("batch size %2d, images/sec: %f", batch_size, speed)
                found[network, batch_size] = speed
    return found


if __name__ == "__main__":
    main()
