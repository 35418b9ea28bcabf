"""`mx.nd.np.linalg`: the functions of `mx.np.linalg`."""

from __future__ import annotations

from ..._runtime.mirror import mirrored

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy.linalg")
