"""`mx.nd.np.random`: the functions of `mx.np.random`."""

from __future__ import annotations

from ..._runtime.mirror import mirrored

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy.random")
