"""Contributed operators without a recorded call."""

from __future__ import annotations

import numpy as np

from .sample import Sample, numbers

_DILATION = np.array([1, 2], "int32")
SAMPLES = [
    Sample("_contrib_count_sketch", (numbers(3, 6), np.array([[0, 2, 1, 3, 3, 0]], "float32"), np.array([[1, -1, 1, 1, -1, -1]], "float32")),
           {"out_dim": 4}, grad=(0,)),
    Sample("_contrib_fft", (numbers(3, 8),), grad=(0,)),
    Sample("_contrib_fft", (numbers(2, 2, 2, 5),), {"compute_size": 64}, grad=(0,)),
    Sample("_contrib_ifft", (numbers(3, 16),), grad=(0,)),
    Sample("_contrib_sldwin_atten_score", (numbers(2, 6, 2, 3), numbers(2, 6, 2, 3, seed=1), _DILATION), {"w": 2}, grad=(0, 1)),
    Sample("_contrib_sldwin_atten_score", (numbers(2, 6, 2, 3), numbers(2, 6, 2, 3, seed=1), _DILATION), {"w": 2, "symmetric": False}, grad=(0, 1)),
    Sample("_contrib_sldwin_atten_mask_like", (numbers(2, 6, 2, 5), _DILATION, np.array([6, 4], "int32")), {"w": 2}),
    Sample("_contrib_sldwin_atten_context", (numbers(2, 6, 2, 5), numbers(2, 6, 2, 3, seed=1), _DILATION), {"w": 2}, grad=(0, 1)),
    Sample("_contrib_backward_gradientmultiplier", (numbers(3, 2),), {"scalar": 0.5}),
]  # fmt: skip
