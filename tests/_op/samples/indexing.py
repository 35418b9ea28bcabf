"""Indexing, assignment and creation without a recorded call."""

from __future__ import annotations

import numpy as np

from .sample import Sample, numbers, row_sparse

SAMPLES = [
    Sample("_scatter_set_nd", (numbers(3, 4), numbers(2), np.array([[0, 2], [1, 3]], "float32")), {"shape": (3, 4)}),
    Sample("_slice_assign", (numbers(3, 4), numbers(2, 4, seed=1)), {"begin": (1,), "end": (3,)}, grad=(0, 1)),
    Sample("_slice_assign", (numbers(3, 4), numbers(3, 2, seed=1)), {"begin": (None, 0), "end": (None, 4), "step": (1, 2)}, grad=(0, 1)),
    Sample("_slice_assign_scalar", (numbers(3, 4),), {"scalar": 2.5, "begin": (0, 1), "end": (2, 3)}, grad=(0,)),
    Sample("_zeros_without_dtype", (), {"shape": (2, 3)}),
    Sample("_set_value", (), {"src": 2.5}),
    Sample("_full", (), {"shape": (2, 3), "value": 2.5, "dtype": "float16"}),
    Sample("_split_v2", (numbers(6, 4),), {"indices": (0, 2), "axis": 1}, grad=(0,)),
    Sample("_split_v2", (numbers(6, 1),), {"indices": (), "axis": 0, "sections": 3, "squeeze_axis": False}, grad=(0,)),
    Sample("_sample_unique_zipfian", (), {"range_max": 100, "shape": (2, 5)}),
    Sample("amp_multicast", (numbers(2, 3), numbers(2, 3, dtype="float64")), {"num_outputs": 2}, grad=(0, 1)),
    Sample("_CrossDeviceCopy", (numbers(3, 2),), grad=(0,)),
    Sample("_copyto", (numbers(3, 2),), grad=(0,)),
    Sample("_histogram", (numbers(20), np.array([-1, -0.3, 0.1, 1], "float32"))),
    Sample("_histogram", (numbers(20),), {"bin_cnt": 4, "range": (-1.0, 1.0)}),
    Sample("_sparse_retain", (row_sparse(numbers(4, 3)), np.array([0, 2], "float32")), grad=(0,)),
    Sample("_square_sum", (numbers(4, 3),), {"axis": (1,)}, grad=(0,)),
    Sample("_square_sum", (numbers(4, 3),), {"axis": (0,), "keepdims": True}, grad=(0,)),
    Sample("_linalg_syevd", (np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 3.0]]),)),
    Sample("_linalg_syevd", (np.array([[[2.0, 0.5], [0.5, 1.0]]], "float32"),)),
]
