"""`mx.nd.random`: random arrays. Parameters are numbers, or arrays that give one set of samples for each of their entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op.registry import NAMES
from .._runtime.array import Array
from .._runtime.functions import nd_function
from .._runtime.invoke import invoke
from ..context import current_context
from ._ndarray import NDArray

__all__ = ["uniform", "normal", "randn", "poisson", "exponential", "gamma", "multinomial", "negative_binomial",
           "generalized_negative_binomial", "shuffle", "randint", "exponential_like", "gamma_like", "generalized_negative_binomial_like",
           "negative_binomial_like", "normal_like", "poisson_like", "uniform_like"]  # fmt: skip

_NUMBERS = (int, float, np.generic)


class _Null:
    """Marks an argument that was not given."""

    def __repr__(self) -> str:
        return "_Null"


_NULL: Any = _Null()


def _draw(name: str, params: dict[str, Any], shape: Any, dtype: Any, ctx: Any, out: Any, kwargs: dict) -> Any:
    """Call `_random_<name>` for numbers, `_sample_<name>` for arrays (named as that operator names them)."""
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"random.{name}: unknown argument {next(iter(kwargs))!r}. Use {', '.join(params)}, shape, dtype, ctx and out.")
    attrs: dict[str, Any] = {}
    if shape is not _NULL and shape is not None:
        attrs["shape"] = shape
    if dtype is not _NULL and dtype is not None:
        attrs["dtype"] = dtype
    values = list(params.values())
    if any(isinstance(v, Array) for v in values):
        for v in values:
            if not isinstance(v, Array):
                raise AssertionError(
                    f"random.{name}: parameters must be all arrays or all numbers, got {type(v).__name__} too. Convert it."
                )
        op = NAMES[f"_sample_{name}"]
        return invoke(op, values, op.parse(attrs), out)
    for key, v in params.items():
        if not isinstance(v, _NUMBERS):
            raise ValueError(f"random.{name}: {key} must be an NDArray or a number, got {type(v).__name__}. Pass one of them.")
    op = NAMES[f"_random_{name}"]
    where = {} if out is not None and ctx is None else {"ctx": str(ctx if ctx is not None else current_context())}
    return invoke(op, (), op.parse({**params, **attrs, **where}), out)


def uniform(low: Any = 0, high: Any = 1, shape: Any = _NULL, dtype: Any = _NULL, ctx: Any = None, out: NDArray | None = None,
            **kwargs: Any) -> NDArray:  # fmt: skip
    """Samples of the uniform distribution on [low, high).

    >>> mx.nd.random.uniform(0, 1, shape=(2, 3)).shape
    (2, 3)
    """
    return _draw("uniform", {"low": low, "high": high}, shape, dtype, ctx, out, kwargs)


def normal(loc: Any = 0, scale: Any = 1, shape: Any = _NULL, dtype: Any = _NULL, ctx: Any = None, out: NDArray | None = None,
           **kwargs: Any) -> NDArray:  # fmt: skip
    """Samples of the normal distribution with mean loc and standard deviation scale."""
    return _draw("normal", {"loc": loc, "scale": scale}, shape, dtype, ctx, out, kwargs)


def randn(*shape: int, **kwargs: Any) -> NDArray:
    """Samples of the normal distribution in the given shape: randn(2, 3, loc=0, scale=1, dtype=..., ctx=..., out=...)."""
    loc, scale, dtype = kwargs.pop("loc", 0), kwargs.pop("scale", 1), kwargs.pop("dtype", _NULL)
    ctx, out = kwargs.pop("ctx", None), kwargs.pop("out", None)
    return _draw("normal", {"loc": loc, "scale": scale}, shape or _NULL, dtype, ctx, out, kwargs)


def poisson(lam: Any = 1, shape: Any = _NULL, dtype: Any = _NULL, ctx: Any = None, out: NDArray | None = None, **kwargs: Any) -> NDArray:
    """Samples of the Poisson distribution with rate lam."""
    return _draw("poisson", {"lam": lam}, shape, dtype, ctx, out, kwargs)


def exponential(
    scale: Any = 1, shape: Any = _NULL, dtype: Any = _NULL, ctx: Any = None, out: NDArray | None = None, **kwargs: Any
) -> NDArray:
    """Samples of the exponential distribution with mean scale."""
    return _draw("exponential", {"lam": 1.0 / scale}, shape, dtype, ctx, out, kwargs)


def gamma(alpha: Any = 1, beta: Any = 1, shape: Any = _NULL, dtype: Any = _NULL, ctx: Any = None, out: NDArray | None = None,
          **kwargs: Any) -> NDArray:  # fmt: skip
    """Samples of the gamma distribution with shape alpha and scale beta."""
    return _draw("gamma", {"alpha": alpha, "beta": beta}, shape, dtype, ctx, out, kwargs)


def negative_binomial(k: Any = 1, p: Any = 1, shape: Any = _NULL, dtype: Any = _NULL, ctx: Any = None, out: NDArray | None = None,
                      **kwargs: Any) -> NDArray:  # fmt: skip
    """Numbers of failures before k successes of probability p."""
    return _draw("negative_binomial", {"k": k, "p": p}, shape, dtype, ctx, out, kwargs)


def generalized_negative_binomial(mu: Any = 1, alpha: Any = 1, shape: Any = _NULL, dtype: Any = _NULL, ctx: Any = None,
                                  out: NDArray | None = None, **kwargs: Any) -> NDArray:  # fmt: skip
    """Samples of the negative binomial distribution with mean mu and dispersion alpha."""
    return _draw("generalized_negative_binomial", {"mu": mu, "alpha": alpha}, shape, dtype, ctx, out, kwargs)


def randint(
    low: int, high: int, shape: Any = _NULL, dtype: Any = _NULL, ctx: Any = None, out: NDArray | None = None, **kwargs: Any
) -> NDArray:
    """Integers low ... high - 1, as int32 (default) or int64."""
    return _draw("randint", {"low": low, "high": high}, shape, dtype, ctx, out, kwargs)


def multinomial(data: NDArray, shape: Any = _NULL, get_prob: bool = False, out: Any = None, dtype: Any = "int32", **kwargs: Any) -> Any:
    """Classes drawn by the probabilities on the last axis of data; get_prob adds their log probabilities, with gradient."""
    op = NAMES["_sample_multinomial"]
    attrs = {"get_prob": get_prob, "dtype": dtype, **({} if shape is _NULL or shape is None else {"shape": shape})}
    kwargs.pop("name", None)
    return invoke(op, (data,), op.parse({**attrs, **kwargs}), out)


def shuffle(data: NDArray, **kwargs: Any) -> NDArray:
    """data with its first axis in random order."""
    return nd_function(NAMES["_shuffle"], "shuffle", __name__)(data, **kwargs)


def _like(name: str) -> Any:
    return nd_function(NAMES[f"_random_{name}_like"], f"{name}_like", __name__)


uniform_like, normal_like, gamma_like = _like("uniform"), _like("normal"), _like("gamma")
exponential_like, poisson_like = _like("exponential"), _like("poisson")
negative_binomial_like, generalized_negative_binomial_like = _like("negative_binomial"), _like("generalized_negative_binomial")
