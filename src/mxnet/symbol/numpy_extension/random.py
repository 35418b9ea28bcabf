"""`mx.sym.npx.random`: the functions of `mx.npx.random` that make symbols."""

from __future__ import annotations

from ..._runtime.mirror import mirrored

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy_extension.random", symbols=True)
