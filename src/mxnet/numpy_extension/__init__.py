"""`mx.npx`: what neural networks need beyond NumPy, on `mx.np` arrays; and the switches of NumPy's semantics."""

from __future__ import annotations

from ..context import Context, cpu, cpu_pinned, current_context, gpu, gpu_memory_info, num_gpus
from ..ndarray.ndarray import waitall
from ..util import get_cuda_compute_capability, is_np_array, is_np_shape, reset_np, set_np
from . import _op, image, random, utils
from ._op import *  # noqa: F403
from .random import seed
from .utils import load, save

__all__ = ["Context", "cpu", "cpu_pinned", "current_context", "gpu", "gpu_memory_info", "num_gpus", "waitall", "get_cuda_compute_capability",
           "is_np_array", "is_np_shape", "reset_np", "set_np", "image", "random", "seed", "load", "save", *_op.__all__]  # fmt: skip
