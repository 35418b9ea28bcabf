"""`mx.npx.image`: operators on images as `mx.np` arrays."""

from __future__ import annotations

from .._op.registry import NAMES
from ._op import function_of

_NAMES = sorted(n.removeprefix("_npx__image_") for n in NAMES if n.startswith("_npx__image_"))
__all__ = list(_NAMES)
globals().update({n: function_of(f"_npx__image_{n}", n, "mxnet.numpy_extension.image") for n in _NAMES})
