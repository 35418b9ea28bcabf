"""`mx.sym.npx`: the functions of `mx.npx` on symbols."""

from __future__ import annotations

from ..._runtime.mirror import mirrored

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy_extension", symbols=True)
