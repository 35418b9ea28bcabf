"""Additions to the core: mixed precision, text, quantization and so on; each part is imported when it is first used."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

_LAZY = {
    **{n: n for n in ("amp", "autograd", "io", "ndarray", "onnx", "quantization", "svrg_optimization", "symbol", "tensorboard", "text")},
    "nd": "ndarray",
    "quant": "quantization",
    "sym": "symbol",
}


def __getattr__(name: str) -> Any:
    target = _LAZY.get(name)
    if target is None or not _exists(target):
        raise AttributeError(f"module 'mxnet.contrib' has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{target}")
    globals()[name] = module
    return module


def _exists(module: str) -> bool:
    return importlib.util.find_spec(f"{__name__}.{module}") is not None


def __dir__() -> list[str]:
    return sorted({*globals(), *(n for n, target in _LAZY.items() if _exists(target))})
