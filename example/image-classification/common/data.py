"""Images from RecordIO files, or random images that only measure speed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

import mxnet as mx

#: Options of random changes of images: name -> (type, the value that changes nothing, help). They go to ImageRecordIter as they are named.
CHANGES: dict[str, tuple[type, Any, str]] = {
    "max-random-h": (int, 0, "largest change of the hue, of 180"),
    "max-random-s": (int, 0, "largest change of the saturation, of 255"),
    "max-random-l": (int, 0, "largest change of the lightness, of 255"),
    "min-random-aspect-ratio": (
        float,
        None,
        "smallest width / height; without it, 1 - max-random-aspect-ratio to 1 + max-random-aspect-ratio",
    ),
    "max-random-aspect-ratio": (float, 0.0, "largest change of width / height"),
    "max-random-rotate-angle": (int, 0, "largest rotation in degrees"),
    "max-random-shear-ratio": (float, 0.0, "largest shear"),
    "max-random-scale": (float, 1.0, "largest scale"),
    "min-random-scale": (float, 1.0, "smallest scale"),
    "random-resized-crop": (int, 0, "1: crop a random area, instead of --random-crop"),
    "max-random-area": (float, 1.0, "largest area of that crop, as a share of the image"),
    "min-random-area": (float, 1.0, "smallest area of that crop"),
    "min-crop-size": (int, -1, "smallest edge of a square crop, which is resized to --image-shape"),
    "max-crop-size": (int, -1, "largest edge of that crop"),
    "brightness": (float, 0.0, "largest change of the brightness, as a share"),
    "contrast": (float, 0.0, "largest change of the contrast, as a share"),
    "saturation": (float, 0.0, "largest change of the saturation, as a share"),
    "pca-noise": (float, 0.0, "standard deviation of noise along the principal colors"),
}
#: Names that ImageRecordIter gives to some of them.
ITERATOR_NAMES = {f"max_random_{c}": f"random_{c}" for c in "hsl"} | {
    "min_random_aspect_ratio": "min_aspect_ratio", "max_random_aspect_ratio": "max_aspect_ratio", "max_random_rotate_angle": "max_rotate_angle",
    "max_random_shear_ratio": "max_shear_ratio",
}  # fmt: skip
#: Defaults of programs for small and for large images.
COLORS = {"max_random_h": 36, "max_random_s": 50, "max_random_l": 50}
COLORS_AND_SHAPES = COLORS | {"max_random_rotate_angle": 10, "max_random_shear_ratio": 0.1, "max_random_aspect_ratio": 0.25}
#: --use-imagenet-data-augmentation: crops of any size and shape, and changes of colors.
IMAGENET = {
    "rgb_mean": "123.68,116.779,103.939", "rgb_std": "58.393,57.12,57.375", "random_crop": 0, "random_resized_crop": 1, "random_mirror": 1,
    "min_random_area": 0.08, "min_random_aspect_ratio": 3 / 4, "max_random_aspect_ratio": 4 / 3, "brightness": 0.4, "contrast": 0.4,
    "saturation": 0.4, "pca_noise": 0.1,
}  # fmt: skip
#: No epoch of random images is longer than this.
MOST_BATCHES = 500


def add_data_args(parser: argparse.ArgumentParser) -> Any:
    """Add the options of the data."""
    group = parser.add_argument_group("data")
    add = group.add_argument
    add("--data-train", help="RecordIO file of the training images")
    add("--data-train-idx", default="", help="its index")
    add("--data-val", help="RecordIO file of the validation images")
    add("--data-val-idx", default="", help="its index")
    add("--rgb-mean", default="123.68,116.779,103.939", help="taken from red, green and blue")
    add("--rgb-std", default="1,1,1", help="red, green and blue are divided by it")
    add("--pad-size", type=int, default=0, help="pixels of border that are put around images")
    add("--fill-value", type=int, default=127, help="brightness of that border, and of what lies outside a rotated image")
    add("--resize", type=int, default=-1, help="length of the shorter edge before the crop; -1: as in the file")
    add("--image-shape", default="3,224,224", help="channels, height and width of what the network sees")
    add("--num-classes", type=int, help="number of classes")
    add("--num-examples", type=int, help="number of training images")
    add("--data-nthreads", type=int, default=4, help="threads that decode images")
    add("--benchmark", type=int, default=0, help="1: random images, to measure speed")
    return group


def add_data_aug_args(parser: argparse.ArgumentParser) -> Any:
    """Add the options of random changes of the training images."""
    group = parser.add_argument_group("random changes of images")
    group.add_argument("--random-crop", type=int, default=1, help="1: crop anywhere, 0: in the middle")
    group.add_argument("--random-mirror", type=int, default=1, help="1: flip half of the images")
    for name, (kind, default, text) in CHANGES.items():
        group.add_argument(f"--{name}", type=kind, default=default, help=text)
    return group


def add_imagenet_arg(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> None:
    """Add --use-imagenet-data-augmentation; where `arguments` (or the command line) have it, IMAGENET becomes the defaults."""
    first = argparse.ArgumentParser(add_help=False)
    for p in (first, parser):
        p.add_argument("--use-imagenet-data-augmentation", type=int, default=0, help="1: the usual random changes for ImageNet")
    if first.parse_known_args(arguments)[0].use_imagenet_data_augmentation:
        parser.set_defaults(**IMAGENET)


def image_shape(args: argparse.Namespace) -> tuple[int, int, int]:
    """--image-shape as numbers."""
    sizes = args.image_shape.split(",")
    shape = tuple(int(n) for n in sizes if n.strip().isdecimal())
    if len(shape) != 3 or len(sizes) != 3 or min(shape) < 1:
        raise SystemExit(f"--image-shape: {args.image_shape!r} is no shape. Pass channels,height,width.")
    return shape


class SyntheticDataIter(mx.io.DataIter):
    """One batch of random images and labels, given max_iter times an epoch: no time goes into data.

    num_classes  labels are 0 .. num_classes - 1
    data_shape   (batch, channels, height, width)
    """

    def __init__(self, num_classes: int, data_shape: tuple, max_iter: int, dtype: str = "float32", ctx: mx.Context | None = None) -> None:
        super().__init__(data_shape[0])
        random = np.random.default_rng(0)
        ctx = ctx or mx.cpu()
        self.max_iter, self.cur_iter = max_iter, 0
        self.data = mx.nd.array(random.uniform(-1, 1, data_shape), ctx=ctx, dtype=dtype)
        self.label = mx.nd.array(random.integers(0, num_classes, data_shape[:1]), ctx=ctx, dtype="float32")
        self.provide_data = [mx.io.DataDesc("data", data_shape, self.data.dtype)]
        self.provide_label = [mx.io.DataDesc("softmax_label", data_shape[:1], self.label.dtype)]

    def next(self) -> mx.io.DataBatch:
        """The batch, until the epoch is over."""
        if self.cur_iter >= self.max_iter:
            raise StopIteration
        self.cur_iter += 1
        return mx.io.DataBatch([self.data], [self.label], 0, None, provide_data=self.provide_data, provide_label=self.provide_label)

    def reset(self) -> None:
        """Begin the next epoch."""
        self.cur_iter = 0


def record_iter(args: argparse.Namespace, path: str, index: str, *, training: bool, rank: int = 0, workers: int = 1) -> Any:
    """An ImageRecordIter as the options say; only training images are shuffled and changed."""
    if not os.path.isfile(path):
        which = "--data-train" if training else "--data-val"
        raise SystemExit(f"{which}: there is no file {path!r}. Pass a RecordIO file of images, or --benchmark 1 for random images.")
    settings: dict[str, Any] = {}
    for names, kind in ((args.rgb_mean, "mean"), (args.rgb_std, "std")):
        settings |= {f"{kind}_{channel}": float(value) for channel, value in zip("rgb", names.split(","))}
    if training:
        changes = {name.replace("-", "_"): getattr(args, name.replace("-", "_"), default) for name, (_, default, _) in CHANGES.items()}
        settings |= {ITERATOR_NAMES.get(name, name): value for name, value in changes.items()}
        whole = getattr(args, "random_resized_crop", 0)  # which crops in its own way
        settings |= {
            "rand_crop": bool(args.random_crop) and not whole,
            "rand_mirror": bool(args.random_mirror),
            "shuffle": True,
            "pad": args.pad_size,
        }
    return mx.io.ImageRecordIter(
        path_imgrec=path, path_imgidx=index, data_shape=image_shape(args), batch_size=args.batch_size, label_width=1, data_name="data",
        label_name="softmax_label", resize=args.resize, preprocess_threads=args.data_nthreads, round_batch=training, num_parts=workers,
        part_index=rank, fill_value=getattr(args, "fill_value", 127), **settings)  # fmt: skip


def get_rec_iter(args: argparse.Namespace, kv: Any = None) -> tuple[Any, Any]:
    """(training iterator, validation iterator or None): random images with --benchmark 1, else the files of --data-train and --data-val."""
    if args.benchmark:
        shape = (args.batch_size, *image_shape(args))
        batches = max(1, min(MOST_BATCHES, args.num_examples // args.batch_size))
        return SyntheticDataIter(args.num_classes, shape, batches, args.dtype, mx.cpu_pinned() if args.gpus else mx.cpu()), None
    if not args.data_train:
        raise SystemExit(
            "--data-train: missing. Pass a RecordIO file of images (mx.recordio packs them), or --benchmark 1 for random images."
        )
    rank, workers = (kv.rank, kv.num_workers) if kv else (0, 1)
    train = record_iter(args, args.data_train, args.data_train_idx, training=True, rank=rank, workers=workers)
    if not args.data_val:
        return train, None
    return train, record_iter(args, args.data_val, args.data_val_idx, training=False, rank=rank, workers=workers)
