"""Layers without a recorded call, and calls that the recorded ones leave out."""

from __future__ import annotations

import numpy as np

from .sample import Sample, numbers

_NORM = (numbers(2, 3, 4, 4), numbers(3, low=0.5, high=2), numbers(3, seed=1), numbers(3, seed=2), numbers(3, low=0.5, high=2, seed=3))
SAMPLES = [
    Sample("BatchNorm_v1", _NORM, {"fix_gamma": False}, grad=(0, 1, 2)),
    Sample("BatchNorm_v1", _NORM, {"use_global_stats": True}, grad=(0, 2)),
    Sample("_contrib_BatchNormWithReLU", _NORM, {"fix_gamma": False}, grad=(0, 1, 2)),
    Sample("IdentityAttachKLSparseReg", (numbers(4, 3, low=0.1, high=0.9), numbers(3, low=0.1, high=0.3)), {"penalty": 0.01}, grad=(0,)),
    Sample("_contrib_SparseEmbedding", (np.array([[0, 2], [3, 1]], "float32"), numbers(4, 3)), {"input_dim": 4, "output_dim": 3}, grad=(1,)),
    Sample("_contrib_mrcnn_mask_target",
           (np.array([[[0, 0, 7, 7], [1, 2, 6, 5]]], "float32"), (numbers(1, 2, 8, 8) > 0).astype("float32"), np.array([[0, 1]], "float32"),
            np.array([[1, 2]], "float32")), {"num_rois": 2, "num_classes": 3, "mask_size": (4, 4)}),
]  # fmt: skip
