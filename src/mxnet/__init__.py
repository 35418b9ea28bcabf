"""mxtorch: MXNet's programming model on PyTorch's engine. `import mxnet as mx`."""

from __future__ import annotations

import importlib
from typing import Any

from . import _binding, attribute, autograd, base, context, error, executor, name, ndarray, random, symbol, util
from . import ndarray as nd
from . import symbol as sym
from .attribute import AttrScope
from .base import MXNetError
from .context import Context, cpu, cpu_pinned, current_context, gpu, gpu_memory_info, num_gpus
from .util import is_np_array, is_np_shape, np_array, np_shape, set_np_shape, use_np, use_np_array, use_np_shape

__version__ = "1.10.0"

#: Public name -> module that is imported when the name is first used: `import mxnet` stays cheap.
_LAZY = {
    **{n: n for n in ("callback", "contrib", "engine", "executor_manager", "gluon", "image", "initializer", "io", "kvstore", "log",
                      "lr_scheduler", "metric", "misc", "model", "module", "monitor", "operator", "optimizer", "profiler", "recordio",
                      "registry", "rnn", "runtime", "test_utils", "visualization", "numpy", "numpy_extension", "libinfo")},
    "init": "initializer", "mod": "module", "mon": "monitor", "kv": "kvstore", "rnd": "random", "viz": "visualization",
    "img": "image", "np": "numpy", "npx": "numpy_extension",
}  # fmt: skip


def __getattr__(wanted: str) -> Any:
    target = _LAZY.get(wanted)
    if target is None:
        raise AttributeError(f"module 'mxnet' has no attribute {wanted!r}")
    try:
        module = importlib.import_module("." + target, __name__)
    except ModuleNotFoundError as e:
        if e.name != f"{__name__}.{target}":
            raise
        raise AttributeError(f"module 'mxnet' has no attribute {wanted!r}: this version has no module {target}") from None
    globals()[wanted] = module
    return module


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


rnd = random
__all__ = ["MXNetError", "Context", "cpu", "cpu_pinned", "current_context", "gpu", "gpu_memory_info", "num_gpus", "is_np_array", "is_np_shape",
           "np_array", "np_shape", "set_np_shape", "use_np", "use_np_array", "use_np_shape", "autograd", "base", "context", "error", "nd",
           "ndarray", "random", "util"]  # fmt: skip
