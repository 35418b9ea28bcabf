"""`mx.sym.np.random`: the functions of `mx.np.random` that make symbols."""

from __future__ import annotations

from ..._runtime.mirror import mirrored

__getattr__, __dir__ = mirrored(__name__, "mxnet.numpy.random", symbols=True)
