"""`mx.nd.npx.random`: the functions of `mx.npx.random`."""

from __future__ import annotations

from ..._runtime.mirror import mirrored

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy_extension.random")
