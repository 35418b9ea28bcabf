"""Options of a training run, and the run: a symbol, an iterator, Module.fit."""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import mxnet as mx

#: Optimizers that take `momentum`.
WITH_MOMENTUM = ("sgd", "nag", "dcasgd", "signum", "lbsgd")
#: --loss: name -> metric that is printed beside the accuracy.
LOSSES = {"ce": "ce", "nll_loss": "nll_loss"}
#: --initializer: name -> function that makes it. msra: variance 2 / inputs (K. He et al., 2015); xavier: X. Glorot, Y. Bengio, 2010.
INITIALIZERS: dict[str, Callable[[], mx.init.Initializer]] = {
    "xavier": lambda: mx.init.Xavier(),
    "msra": lambda: mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2),
    "normal": lambda: mx.init.Normal(),
    "uniform": lambda: mx.init.Uniform(),
    "orthogonal": lambda: mx.init.Orthogonal(),
    "one": lambda: mx.init.One(),
    "zero": lambda: mx.init.Zero(),
}


def add_fit_args(parser: argparse.ArgumentParser) -> Any:
    """Add the options of `fit` to a parser, as a group of their own."""
    group = parser.add_argument_group("training")
    add = group.add_argument
    add("--network", help="a module of symbols/, e.g. mlp, lenet, vgg, inception-v3, mobilenet, resnet, resnext")
    add("--num-layers", type=int, help="depth, for networks that come in several (resnet, resnet-v1, resnext, vgg)")
    add("--gpus", help="GPUs to use, e.g. 0 or 0,2,5; without it the CPU computes")
    add("--kv-store", default="device", help="how gradients of several GPUs are added: local, device")
    add("--num-epochs", type=int, default=100, help="the epoch to stop after")
    add("--lr", type=float, default=0.1, help="learning rate at the start")
    add("--lr-factor", type=float, default=0.1, help="the rate is multiplied by it at each of --lr-step-epochs")
    add("--lr-step-epochs", help="epochs at which the rate falls, e.g. 30,60")
    add("--initializer", default="default", choices=["default", *INITIALIZERS], help="how weights begin; default: what suits the network")
    add("--optimizer", default="sgd", help="name of an optimizer")
    add("--mom", type=float, default=0.9, help="momentum")
    add("--wd", type=float, default=0.0001, help="weight decay")
    add("--batch-size", type=int, default=128, help="samples of a step, over all GPUs")
    add("--disp-batches", type=int, default=20, help="log speed and metric every so many batches")
    add("--model-prefix", help="save PREFIX-symbol.json, PREFIX-EPOCH.params and PREFIX-EPOCH.states after each epoch")
    add("--save-period", type=int, default=1, help="save after every so many epochs only")
    add("--load-epoch", type=int, help="go on after this epoch of --model-prefix")
    add("--top-k", type=int, default=0, help="report the accuracy among the k best classes too")
    add("--loss", default="", help=f"report losses too, separated by commas: {', '.join(LOSSES)}")
    add("--test-io", type=int, default=0, help="1: only read the data and log the speed")
    add("--dtype", default="float32", choices=["float32", "float16"], help="numbers of weights and activations")
    add("--monitor", type=int, default=0, help="log the sizes of weights and outputs every so many batches")
    add("--gc-type", default="none", choices=["none", "2bit"], help="compression of gradients between devices")
    add("--gc-threshold", type=float, default=0.5, help="threshold of --gc-type 2bit")
    add("--macrobatch-size", type=int, default=0, help="optimizer lbsgd: samples of a step of the weights")
    add("--warmup-epochs", type=int, default=5, help="optimizer lbsgd: epochs in which the rate grows to that of --macrobatch-size")
    add("--warmup-strategy", default="linear", help="optimizer lbsgd: how it grows: linear, power2, sqrt, lars")
    add("--profile-worker-suffix", default="", help="write a profile to this file (rank1_FILE and so on with several workers)")
    add("--profile-server-suffix", default="", help="has no effect: no store has servers")
    return group


def initializer_of(args: argparse.Namespace) -> mx.init.Initializer:
    """The initializer that --initializer names, or the one that suits --network."""
    name = args.initializer
    if name == "default":
        name = {"alexnet": "normal", "vgg": "xavier"}.get(args.network, "msra")
    return INITIALIZERS[name]()


def numbers(option: str, text: str) -> list[int]:
    """The numbers of an option like 0,2,5."""
    try:
        return [int(n) for n in text.split(",")]
    except ValueError:
        raise SystemExit(f"{option}: {text!r} is no list of numbers. Write it like 0,2,5.") from None


def contexts(gpus: str | None) -> list[mx.Context]:
    """The devices of --gpus."""
    return [mx.gpu(i) for i in numbers("--gpus", gpus)] if gpus else [mx.cpu()]


def schedule_of(args: argparse.Namespace, epoch_size: int) -> Any:
    """The schedule of --lr-step-epochs in updates, or None for a constant rate."""
    if not args.lr_step_epochs or args.lr_factor >= 1:
        return None
    epochs = numbers("--lr-step-epochs", args.lr_step_epochs)
    return mx.lr_scheduler.MultiFactorScheduler([epoch_size * e for e in epochs], args.lr_factor, base_lr=args.lr)


def optimizer_params(args: argparse.Namespace, epoch_size: int) -> dict:
    """Settings of the optimizer. A run that goes on counts the updates from where it stopped, so the schedule does too."""
    settings = {
        "learning_rate": args.lr,
        "wd": args.wd,
        "lr_scheduler": schedule_of(args, epoch_size),
        "multi_precision": args.dtype == "float16",
        "begin_num_update": epoch_size * (args.load_epoch or 0),
    }
    if args.optimizer in WITH_MOMENTUM:
        settings["momentum"] = args.mom
    if args.optimizer == "lbsgd":
        settings |= {
            "updates_per_epoch": max(epoch_size, 1),
            "begin_epoch": args.load_epoch or 0,
            "num_epochs": args.num_epochs,
            "batch_scale": max(-(-args.macrobatch_size // args.batch_size), 1),
            "warmup_strategy": args.warmup_strategy,
            "warmup_epochs": args.warmup_epochs,
        }
    return settings


def metrics_of(args: argparse.Namespace) -> list:
    """Accuracy, and what --top-k and --loss ask for."""
    metrics: list = ["accuracy"]
    if args.top_k > 1:
        metrics.append(mx.metric.create("top_k_accuracy", top_k=args.top_k))
    for name in filter(None, (part.strip() for part in args.loss.split(","))):
        if name not in LOSSES:
            raise SystemExit(f"--loss: {name!r} is unknown. Use {', '.join(LOSSES)}.")
        metrics.append(LOSSES[name])
    return metrics


def read_only(batches: Iterable, args: argparse.Namespace) -> None:
    """Read one epoch and log its speed (--test-io 1)."""
    start = time.time()
    for i, batch in enumerate(batches, 1):
        for array in batch.data:
            array.wait_to_read()
        if i % args.disp_batches == 0:
            logging.info("Batch [%d]\tSpeed: %.2f samples/sec", i, args.disp_batches * args.batch_size / (time.time() - start))
            start = time.time()


def load(args: argparse.Namespace, rank: int = 0) -> tuple[dict | None, dict | None, str | None]:
    """(arguments, auxiliary states, file of optimizer states) of --load-epoch; nothing without it."""
    if args.load_epoch is None:
        return None, None, None
    if not args.model_prefix:
        raise SystemExit("--load-epoch: needs --model-prefix, the beginning of the checkpoint's file names.")
    prefix = prefix_of(args, rank)
    _, arguments, states = mx.model.load_checkpoint(prefix, args.load_epoch)
    logging.info("Loaded model %s-%04d.params", prefix, args.load_epoch)
    optimizer = f"{prefix}-{args.load_epoch:04d}.states"
    return arguments, states, optimizer if os.path.exists(optimizer) else None


def prefix_of(args: argparse.Namespace, rank: int) -> str:
    """--model-prefix; workers after the first one have their own. Its folder is made."""
    folder = os.path.dirname(args.model_prefix)
    if folder:
        os.makedirs(folder, exist_ok=True)
    return args.model_prefix if rank == 0 else f"{args.model_prefix}-{rank}"


def as_list(given: Any) -> list:
    """Nothing, one thing or a list, as a list."""
    return [] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]


def fit(args: argparse.Namespace, network: mx.sym.Symbol, data_loader: Callable, **kwargs: Any) -> mx.mod.Module | None:
    """Train a network as the options say, and return its module.

    data_loader(args, kv) gives (training iterator, validation iterator or None); kwargs go to Module.fit and replace what the options set
    (e.g. initializer, arg_params); a batch_end_callback, or a list of them, is called after the one that logs the speed.
    """
    kv = mx.kv.create(args.kv_store)
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)-15s Node[{kv.rank}] %(message)s")
    logging.info("start with arguments %s", args)
    train, val = data_loader(args, kv)
    if args.test_io:
        read_only(train, args)
        return None
    devices = contexts(args.gpus)
    epoch_size = -(-args.num_examples // kv.num_workers // args.batch_size)
    compression = {"type": args.gc_type, "threshold": args.gc_threshold} if args.gc_type != "none" else None
    module = mx.mod.Module(network, context=devices, compression_params=compression)
    arguments, states, optimizer_states = load(args, kv.rank)
    module._preload_opt_states = optimizer_states  # read when the optimizer is made
    settings = {
        "begin_epoch": args.load_epoch or 0,
        "num_epoch": args.num_epochs,
        "eval_data": val,
        "eval_metric": metrics_of(args),
        # by name, a store of one process is left out where there is one device: nothing is to be added
        "kvstore": kv if "dist" in kv.type else args.kv_store,
        "optimizer": args.optimizer,
        "optimizer_params": optimizer_params(args, epoch_size),
        "initializer": initializer_of(args),
        "arg_params": arguments,
        "aux_params": states,
        "batch_end_callback": [
            mx.callback.Speedometer(args.batch_size, args.disp_batches),
            *as_list(kwargs.pop("batch_end_callback", None)),
        ],
        "allow_missing": arguments is None,
        "monitor": mx.mon.Monitor(args.monitor, pattern=".*") if args.monitor > 0 else None,
    }
    if args.model_prefix:
        settings["epoch_end_callback"] = mx.callback.module_checkpoint(
            module, prefix_of(args, kv.rank), args.save_period, save_optimizer_states=True
        )
    if args.profile_worker_suffix:
        file = args.profile_worker_suffix if kv.num_workers == 1 else f"rank{kv.rank}_{args.profile_worker_suffix}"
        mx.profiler.set_config(filename=file, profile_all=True)
        mx.profiler.set_state("run")
    module.fit(train, **{**settings, **kwargs})
    if args.profile_worker_suffix:
        mx.profiler.set_state("stop")
        mx.profiler.dump()
    return module
