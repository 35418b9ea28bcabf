"""`mx.sym.np.linalg`: the functions of `mx.np.linalg` on symbols."""

from __future__ import annotations

from ..._runtime.mirror import mirrored

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy.linalg", symbols=True)
