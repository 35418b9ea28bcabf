"""`mx.nd`: imperative arrays, and every operator as a function."""

from __future__ import annotations

import importlib
from typing import Any

from .. import _op
from .._op.registry import NAMES
from .._runtime.functions import Namespace
from . import _internal, contrib, image, linalg, op, random, sparse, utils
from ._codes import _DTYPE_MX_TO_NP, _DTYPE_NP_TO_MX, _GRAD_REQ_MAP
from ._custom import Custom
from .ndarray import *  # noqa: F403
from .sparse import BaseSparseNDArray, CSRNDArray, RowSparseNDArray, csr_matrix, row_sparse_array
from .utils import array, empty, load, load_frombuffer, save, zeros

_functions = Namespace(__name__, op.public_name)


#: Modules that are loaded at their first use, by their names here (F.np and F.npx in blocks).
_LAZY = {"np": "numpy", "numpy": "numpy", "npx": "numpy_extension", "numpy_extension": "numpy_extension"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        globals()[name] = module = importlib.import_module(f"{__name__}.{_LAZY[name]}")
        return module
    return _functions.get(name, globals())


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(op.__dir__()))


__all__ = [n for n in globals() if not n.startswith("_")] + [n for n in NAMES if op.public_name(n)]
