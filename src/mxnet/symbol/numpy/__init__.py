"""`mx.sym.np`: the functions of `mx.np` that make symbols, and `_Symbol`, the symbols with the semantics of `mx.np.ndarray`."""

from __future__ import annotations

from ..._runtime.mirror import mirrored
from . import _internal as _internal

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy", symbols=True)
