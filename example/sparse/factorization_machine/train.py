"""Train a factorization machine on libsvm files: sparse batches, row-sparse weights in a KVStore, rows pulled as batches need them.

    python example/sparse/factorization_machine/train.py --data-train criteo.train --data-test criteo.test --input-size 2000000
    python example/sparse/factorization_machine/train.py --factor-size 8

Without --data-train a small data set is made whose labels depend on pairs of features, and said so.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from collections.abc import Sequence

import numpy as np
from model import factorization_machine_model

import metric
import mxnet as mx


def make_libsvm(folder: str, num_features: int, rows: int = 3000, *, factors: int = 3, entries: int = 6, seed: int = 0) -> tuple[str, str]:
    """Write train.libsvm and test.libsvm (a quarter of the rows); labels follow a hidden factorization machine."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(num_features, factors))
    paths = os.path.join(folder, "train.libsvm"), os.path.join(folder, "test.libsvm")
    for path, count in zip(paths, (rows, rows // 4)):
        with open(path, "w") as f:
            for _ in range(count):
                ids = np.sort(random.choice(num_features, min(entries, num_features), replace=False))
                label = int((hidden[ids].sum(0) ** 2).sum() > (hidden[ids] ** 2).sum())
                f.write(" ".join([str(label), *(f"{i}:1" for i in ids)]) + "\n")
    return paths


def rows_of(batch: mx.io.DataBatch) -> dict[str, mx.nd.NDArray]:
    """The rows of `v` and `w1_weight` that a batch needs: the features that occur in it."""
    ids = batch.data[0].indices
    return {"v": ids, "w1_weight": ids}


def train(args: argparse.Namespace, files: tuple[str, str | None]) -> mx.mod.Module:
    """Train on the first file, measure on the second one, and return the module."""
    kv = mx.kv.create(args.kvstore)
    shape = {"data_shape": (args.input_size,), "batch_size": args.batch_size}
    data_train = mx.io.LibSVMIter(data_libsvm=files[0], num_parts=kv.num_workers, part_index=kv.rank, **shape)
    data_test = mx.io.LibSVMIter(data_libsvm=files[1], **shape) if files[1] else None
    symbol = factorization_machine_model(args.factor_size, args.input_size)
    module = mx.mod.Module(symbol, context=mx.gpu(0) if args.gpu else mx.cpu())
    callbacks = {"batch_end_callback": mx.callback.Speedometer(args.batch_size, args.log_interval)}
    if args.model_prefix:
        callbacks["epoch_end_callback"] = mx.callback.module_checkpoint(module, args.model_prefix, save_optimizer_states=True)
    arguments = None
    if args.load_epoch:
        _, arguments, _ = mx.model.load_checkpoint(args.model_prefix, args.load_epoch)
        module._preload_opt_states = f"{args.model_prefix}-{args.load_epoch:04d}.states"  # read when the optimizer is made
    settings = {
        "learning_rate": args.lr,
        "wd": args.wd,
        "rescale_grad": 1.0 / args.batch_size / kv.num_workers,
        "begin_num_update": -(-data_train.num_data // args.batch_size) * args.load_epoch,
    }
    module.fit(
        data_train, data_test, metric.create(), kvstore=kv, optimizer=args.optimizer, optimizer_params=settings, sparse_row_id_fn=rows_of,
        arg_params=arguments, begin_epoch=args.load_epoch, num_epoch=args.num_epoch, **callbacks)  # fmt: skip
    if data_test is not None:
        for name, value in module.score(data_test, metric.create(), sparse_row_id_fn=rows_of):
            logging.info("test %s: %.4f", name, value)
    return module


def main(arguments: Sequence[str] | None = None) -> mx.mod.Module:
    """Train as the command line (or `arguments`) says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data-train", help="libsvm file to train on; without it data is made")
    add("--data-test", help="libsvm file to measure on")
    add("--num-epoch", type=int, default=10, help="epochs to train")
    add("--batch-size", type=int, default=100, help="rows of a batch")
    add("--input-size", type=int, default=60, help="columns of the data")
    add("--factor-size", type=int, default=8, help="factors of a feature")
    add("--optimizer", default="adam", choices=["sgd", "adagrad", "adam", "ftrl"])
    add("--lr", type=float, default=0.01, help="learning rate")
    add("--wd", type=float, default=0.0, help="weight decay")
    add("--gpu", action="store_true", help="compute on the first GPU")
    add("--log-interval", type=int, default=100, help="log every so many batches")
    add("--kvstore", default="local", help="where the weights are: local, device")
    add("--model-prefix", help="save PREFIX-symbol.json, PREFIX-EPOCH.params and PREFIX-EPOCH.states after each epoch")
    add("--load-epoch", type=int, default=0, help="go on after this epoch of --model-prefix")
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO)
    for option, path in (("--data-train", args.data_train), ("--data-test", args.data_test)):
        if path and not os.path.isfile(path):
            raise SystemExit(
                f"{option}: there is no file {path!r}. Pass a libsvm file (ids from 0), or leave the option out for made data."
            )
    if args.load_epoch and not args.model_prefix:
        raise SystemExit("--load-epoch: needs --model-prefix, the beginning of the checkpoint's file names.")
    if args.data_train:
        return train(args, (args.data_train, args.data_test))
    with tempfile.TemporaryDirectory() as folder:
        logging.info("no --data-train: training on a small made data set with %d features", args.input_size)
        return train(args, make_libsvm(folder, args.input_size))


if __name__ == "__main__":
    main()
