"""Additions to the core: mixed precision, text, quantization and so on; each part is imported when it is first used."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

_LAZY = {
    **{n: n for n in ("amp", "autograd", "io", "ndarray", "onnx", "quantization", "svrg_optimization", "symbol", "tensorboard", "text")},
    "nd": "ndarray",
    "sym": "symbol",
}


def __getattr__(name: str) -> Any:
    target = _LAZY.get(name)
    if target is None or importlib.util.find_spec(f"{__name__}.{target}") is None:
        raise AttributeError(f"module 'mxnet.contrib' has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{target}")
    globals()[name] = module
    return module


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
