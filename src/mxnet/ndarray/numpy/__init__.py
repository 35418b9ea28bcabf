"""`mx.nd.np`: the functions of `mx.np`, as `F.np` in blocks."""

from __future__ import annotations

from ..._runtime.mirror import mirrored

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy")
