"""Train a linear classifier on libsvm files: sparse batches, a row-sparse weight in a KVStore, rows pulled as batches need them.

    python example/sparse/linear_classification/train.py --data-train avazu-app --data-test avazu-app.t --num-features 1000000
    python example/sparse/linear_classification/train.py --optimizer ftrl --num-epoch 3

Without --data-train a small data set is made, and said so.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Sequence

from data import check_file, make_libsvm
from linear_model import linear_model

import mxnet as mx

#: Optimizer -> learning rate that suits it here.
RATES = {"sgd": 0.5, "adagrad": 0.1, "adam": 0.01, "ftrl": 1.0}


def rows_of(batch: mx.io.DataBatch) -> dict[str, mx.nd.NDArray]:
    """The rows of `weight` that a batch needs: the features that occur in it."""
    return {"weight": batch.data[0].indices}


def batches(path: str, args: argparse.Namespace, kv: mx.kv.KVStore | None = None) -> mx.io.DataIter:
    """CSR batches of a file; each worker reads its part."""
    part = {"num_parts": kv.num_workers, "part_index": kv.rank} if kv else {}
    return mx.io.LibSVMIter(data_libsvm=path, data_shape=(args.num_features,), batch_size=args.batch_size, **part)


def train(args: argparse.Namespace, files: tuple[str, str | None]) -> mx.mod.Module:
    """Train on the first file, measure on the second one, and return the module."""
    kv = mx.kv.create(args.kvstore)
    data_train = batches(files[0], args, kv)
    data_test = batches(files[1], args) if files[1] else None
    module = mx.mod.Module(linear_model(args.num_features, args.positive_class_weight), context=mx.gpu(0) if args.gpu else mx.cpu())
    outputs = {"output_names": ["softmax_output"], "label_names": ["softmax_label"]}
    metrics = [mx.metric.create(name, **outputs) for name in ("accuracy", "nll_loss")]
    callbacks = {"batch_end_callback": mx.callback.Speedometer(args.batch_size, args.log_interval)}
    if args.model_prefix:
        callbacks["epoch_end_callback"] = mx.callback.module_checkpoint(module, args.model_prefix, save_optimizer_states=True)
    arguments = None
    if args.load_epoch:
        _, arguments, _ = mx.model.load_checkpoint(args.model_prefix, args.load_epoch)
        module._preload_opt_states = f"{args.model_prefix}-{args.load_epoch:04d}.states"  # read when the optimizer is made
    settings = {
        "learning_rate": args.lr or RATES[args.optimizer],
        "rescale_grad": 1.0 / args.batch_size / kv.num_workers,
        "begin_num_update": -(-data_train.num_data // args.batch_size) * args.load_epoch,
    }
    module.fit(
        data_train, data_test, metrics, kvstore=kv, optimizer=args.optimizer, optimizer_params=settings, sparse_row_id_fn=rows_of,
        arg_params=arguments, begin_epoch=args.load_epoch, num_epoch=args.num_epoch, **callbacks)  # fmt: skip
    if data_test is not None:
        for name, value in module.score(data_test, metrics, sparse_row_id_fn=rows_of):
            logging.info("test %s: %.4f", name, value)
    return module


def main(arguments: Sequence[str] | None = None) -> mx.mod.Module:
    """Train as the command line (or `arguments`) says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data-train", help="libsvm file to train on; without it data is made")
    add("--data-test", help="libsvm file to measure on")
    add("--num-features", type=int, default=1000, help="columns of the data")
    add("--num-epoch", type=int, default=5, help="epochs to train")
    add("--batch-size", type=int, default=256, help="rows of a batch")
    add("--kvstore", default="local", help="where the weight is: local, device")
    add("--optimizer", default="sgd", choices=sorted(RATES))
    add("--lr", type=float, default=0.0, help="learning rate; 0: what suits the optimizer")
    add("--positive-class-weight", type=float, default=1.0, help="rows with label 1 count so many times")
    add("--gpu", action="store_true", help="compute on the first GPU")
    add("--log-interval", type=int, default=50, help="log every so many batches")
    add("--model-prefix", help="save PREFIX-symbol.json, PREFIX-EPOCH.params and PREFIX-EPOCH.states after each epoch")
    add("--load-epoch", type=int, default=0, help="go on after this epoch of --model-prefix")
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO)
    check_file("--data-train", args.data_train)
    check_file("--data-test", args.data_test)
    if args.load_epoch and not args.model_prefix:
        raise SystemExit("--load-epoch: needs --model-prefix, the beginning of the checkpoint's file names.")
    if args.data_train:
        return train(args, (args.data_train, args.data_test))
    with tempfile.TemporaryDirectory() as folder:
        logging.info("no --data-train: training on a small made data set with %d features", args.num_features)
        return train(args, make_libsvm(folder, args.num_features))


if __name__ == "__main__":
    main()
