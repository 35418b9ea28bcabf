"""`mx.nd.np`: the functions of `mx.np`, as `F.np` in blocks."""

from __future__ import annotations

from ..._runtime.mirror import mirrored
from . import _internal as _internal

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy")
