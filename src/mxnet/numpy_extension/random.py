"""`mx.npx.random`: the seed, Bernoulli samples, and samples in a batch shape before the parameters' shape."""

from __future__ import annotations

from typing import Any

from .. import numpy as np
from ..numpy._call import NUMBERS, call, device, is_array, kind, sizes
from ..numpy.random import _draw
from ..random import seed as _seed

__all__ = ["seed", "bernoulli", "uniform_n", "normal_n"]


def seed(seed: int, ctx: Any = "all") -> None:
    """Seed the generators of all contexts, or of one: see `mx.random.seed`."""
    _seed(seed, ctx)


def bernoulli(prob: Any = None, logit: Any = None, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> np.ndarray:
    """1 with probability prob (or sigmoid(logit)), else 0."""
    if (prob is None) == (logit is None):
        raise ValueError("npx.random.bernoulli: pass either prob or logit.")
    value = prob if logit is None else logit
    arrays = (value,) if is_array(value) else ()
    number = float(value) if isinstance(value, NUMBERS) else None
    attrs = {"prob": number if logit is None else None, "logit": None if logit is None else number, "is_logit": logit is not None}
    if size is not None:
        attrs["size"] = sizes(size)
    return call("_npi_bernoulli", *arrays, out=out, ctx=device(ctx), dtype=kind(dtype) or "float32", **attrs)


def uniform_n(low: Any = 0.0, high: Any = 1.0, batch_shape: Any = None, dtype: Any = None, ctx: Any = None) -> np.ndarray:
    """Uniform on [low, high) in the shape batch_shape + the parameters' shape."""
    return _draw("uniform_n", {"low": low, "high": high}, batch_shape, ctx, None, dtype or "float32")


def normal_n(loc: Any = 0.0, scale: Any = 1.0, batch_shape: Any = None, dtype: Any = None, ctx: Any = None) -> np.ndarray:
    """Normal in the shape batch_shape + the parameters' shape."""
    return _draw("normal_n", {"loc": loc, "scale": scale}, batch_shape, ctx, None, dtype or "float32")
