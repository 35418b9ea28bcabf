"""Where the rows come from: libsvm files, or a small made data set."""

from __future__ import annotations

import os

import numpy as np


def make_libsvm(folder: str, num_features: int, rows: int = 4000, *, entries: int = 12, seed: int = 0) -> tuple[str, str]:
    """Write train.libsvm and test.libsvm (a quarter of the rows) into a folder and return their paths.

    A few features occur often and most seldom; a hidden weight for each feature tells the label, 0 or 1.
    """
    random = np.random.default_rng(seed)
    hidden = random.normal(size=num_features)
    paths = os.path.join(folder, "train.libsvm"), os.path.join(folder, "test.libsvm")
    for path, count in zip(paths, (rows, rows // 4)):
        with open(path, "w") as f:
            for _ in range(count):
                ids = np.unique((num_features * random.random(entries) ** 3).astype(int))
                values = random.uniform(0.5, 1.5, len(ids))
                label = int(values @ hidden[ids] > 0)
                f.write(" ".join([str(label), *(f"{i}:{v:.4f}" for i, v in zip(ids, values))]) + "\n")
    return paths


def check_file(option: str, path: str | None) -> None:
    """End the program if a given file is not there."""
    if path and not os.path.isfile(path):
        raise SystemExit(f"{option}: there is no file {path!r}. Pass a libsvm file (ids from 0), or leave the option out for made data.")
