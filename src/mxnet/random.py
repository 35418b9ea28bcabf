"""`mx.random`: the seed of all random numbers, and the functions of `mx.nd.random`."""

from __future__ import annotations

import numpy as np

from ._runtime import rng
from .context import Context, parse_context
from .error import MXNetError
from .ndarray.random import (
    exponential,
    gamma,
    generalized_negative_binomial,
    multinomial,
    negative_binomial,
    normal,
    poisson,
    randint,
    randn,
    shuffle,
    uniform,
)

__all__ = ["seed", "uniform", "normal", "randn", "poisson", "exponential", "gamma", "multinomial", "negative_binomial",
           "generalized_negative_binomial", "shuffle", "randint"]  # fmt: skip

integer_types = (int, np.integer)


def seed(seed_state: int, ctx: Context | str = "all") -> None:
    """Seed the generators of all contexts (each gets its own stream), or of one. NumPy's and torch's generators are left alone.

    Errors: ValueError for a seed that is no integer; an MXNetError for an unknown context.

    >>> mx.random.seed(42)
    """
    if not isinstance(seed_state, integer_types):
        raise ValueError(f"random.seed: seed_state must be int, got {type(seed_state).__name__}. Pass an integer.")
    if isinstance(ctx, str) and ctx != "all":
        ctx = Context(ctx, 0) if ctx in Context.devstr2type else parse_context(ctx)
    elif not isinstance(ctx, (str, Context)):
        raise MXNetError(f"random.seed: ctx must be 'all' or a Context, got {type(ctx).__name__}. Pass e.g. mx.cpu(0).")
    rng.seed(int(seed_state), ctx)
