"""`mx.sym.random`: random arrays, from numbers (one distribution) or from symbols (a distribution for each element)."""

from __future__ import annotations

from typing import Any

from .. import _dtype
from .._op.registry import NAMES
from ._function import create
from ._symbol import Symbol

__all__ = ["uniform", "normal", "randn", "poisson", "exponential", "gamma", "multinomial", "negative_binomial", "generalized_negative_binomial",
           "shuffle", "randint", "uniform_like", "normal_like", "exponential_like", "gamma_like", "poisson_like", "negative_binomial_like",
           "generalized_negative_binomial_like"]  # fmt: skip


def _draw(name: str, parameters: dict[str, Any], shape: Any, dtype: Any, kwargs: dict) -> Symbol:
    """`_sample_*` of symbols or `_random_*` of numbers."""
    common = {
        k: v
        for k, v in {"shape": shape, "dtype": None if dtype is None else _dtype.name_of(_dtype.to_torch(dtype))}.items()
        if v is not None
    }
    symbols = [isinstance(v, Symbol) for v in parameters.values()]
    if all(symbols):
        return create(NAMES[f"_sample_{name}"], f"_sample_{name}", tuple(parameters.values()), {**common, **kwargs})
    if any(symbols):
        raise ValueError(f"random.{name}: {' and '.join(parameters)} must be all symbols or all numbers. Convert them.")
    return create(NAMES[f"_random_{name}"], f"_random_{name}", (), {**parameters, **common, **kwargs})


def uniform(low: Any = 0, high: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Uniform in [low, high)."""
    return _draw("uniform", {"low": low, "high": high}, shape, dtype, kwargs)


def normal(loc: Any = 0, scale: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Normal with mean loc and standard deviation scale."""
    names = ("mu", "sigma") if isinstance(loc, Symbol) else ("loc", "scale")
    return _draw("normal", dict(zip(names, (loc, scale))), shape, dtype, kwargs)


def randn(*shape: int, **kwargs: Any) -> Symbol:
    """Normal of the given shape; loc=, scale=, dtype=."""
    return normal(kwargs.pop("loc", 0), kwargs.pop("scale", 1), shape, kwargs.pop("dtype", None), **kwargs)


def poisson(lam: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Poisson with rate lam."""
    return _draw("poisson", {"lam": lam}, shape, dtype, kwargs)


def exponential(scale: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Exponential with mean scale."""
    lam = 1.0 / scale
    return _draw("exponential", {"lam": lam}, shape, dtype, kwargs)


def gamma(alpha: Any = 1, beta: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Gamma with shape alpha and scale beta."""
    return _draw("gamma", {"alpha": alpha, "beta": beta}, shape, dtype, kwargs)


def negative_binomial(k: Any = 1, p: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Failures before the k-th success of probability p."""
    return _draw("negative_binomial", {"k": k, "p": p}, shape, dtype, kwargs)


def generalized_negative_binomial(mu: Any = 1, alpha: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Negative binomial with mean mu and dispersion alpha."""
    return _draw("generalized_negative_binomial", {"mu": mu, "alpha": alpha}, shape, dtype, kwargs)


def multinomial(data: Symbol, shape: Any = None, get_prob: bool = True, dtype: Any = "int32", **kwargs: Any) -> Symbol:
    """Draws from the rows of `data`, which are probabilities."""
    attrs = {"get_prob": get_prob, "dtype": dtype, **({"shape": shape} if shape is not None else {}), **kwargs}
    return create(NAMES["_sample_multinomial"], "_sample_multinomial", (data,), attrs)


def shuffle(data: Symbol, **kwargs: Any) -> Symbol:
    """The array with its first axis in random order."""
    return create(NAMES["_shuffle"], "_shuffle", (data,), kwargs)


def randint(low: int, high: int, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Integers in [low, high)."""
    attrs = {k: v for k, v in {"low": low, "high": high, "shape": shape, "dtype": dtype}.items() if v is not None}
    return create(NAMES["_random_randint"], "_random_randint", (), {**attrs, **kwargs})


def _like(name: str, data: Symbol, attrs: dict, kwargs: dict) -> Symbol:
    full = f"_random_{name}_like"
    return create(NAMES[full], full, (data,), {**attrs, **kwargs})


def uniform_like(data: Symbol, low: float = 0, high: float = 1, **kwargs: Any) -> Symbol:
    """Uniform in [low, high), shaped as `data`."""
    return _like("uniform", data, {"low": low, "high": high}, kwargs)


def normal_like(data: Symbol, loc: float = 0, scale: float = 1, **kwargs: Any) -> Symbol:
    """Normal, shaped as `data`."""
    return _like("normal", data, {"loc": loc, "scale": scale}, kwargs)


def exponential_like(data: Symbol, lam: float = 1, **kwargs: Any) -> Symbol:
    """Exponential with rate lam, shaped as `data`."""
    return _like("exponential", data, {"lam": lam}, kwargs)


def gamma_like(data: Symbol, alpha: float = 1, beta: float = 1, **kwargs: Any) -> Symbol:
    """Gamma, shaped as `data`."""
    return _like("gamma", data, {"alpha": alpha, "beta": beta}, kwargs)


def poisson_like(data: Symbol, lam: float = 1, **kwargs: Any) -> Symbol:
    """Poisson, shaped as `data`."""
    return _like("poisson", data, {"lam": lam}, kwargs)


def negative_binomial_like(data: Symbol, k: int = 1, p: float = 1, **kwargs: Any) -> Symbol:
    """Negative binomial, shaped as `data`."""
    return _like("negative_binomial", data, {"k": k, "p": p}, kwargs)


def generalized_negative_binomial_like(data: Symbol, mu: float = 1, alpha: float = 1, **kwargs: Any) -> Symbol:
    """Negative binomial with mean mu and dispersion alpha, shaped as `data`."""
    return _like("generalized_negative_binomial", data, {"mu": mu, "alpha": alpha}, kwargs)
