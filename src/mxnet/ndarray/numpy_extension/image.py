"""`mx.nd.npx.image`: the functions of `mx.npx.image`."""

from __future__ import annotations

from ..._runtime.mirror import mirrored

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy_extension.image")
