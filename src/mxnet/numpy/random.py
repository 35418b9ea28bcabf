"""`mx.np.random`: random arrays. A parameter is a number or an array; `size` is the shape of the result."""

from __future__ import annotations

from typing import Any

import numpy as onp

from .._op.registry import NAMES
from .._runtime.invoke import invoke
from .._runtime.state import state
from ..symbol.symbol import Symbol
from . import _creation
from ._call import NUMBERS, call, checked, device, is_array, kind, sizes

__all__ = ["randint", "uniform", "normal", "choice", "rand", "multinomial", "multivariate_normal", "logistic", "gumbel", "shuffle", "randn",
           "gamma", "beta", "chisquare", "exponential", "lognormal", "weibull", "pareto", "power", "rayleigh"]  # fmt: skip


def _draw(name: str, params: dict[str, Any], size: Any, ctx: Any = None, out: Any = None, dtype: Any = None) -> Any:
    """Call a distribution's operator: numbers as attributes, arrays as inputs in the order of the parameters."""
    arrays, attrs = [], {}
    for key, value in params.items():
        if is_array(value) or isinstance(value, Symbol):
            arrays.append(value)
            attrs[key] = None
        elif isinstance(value, NUMBERS):
            attrs[key] = float(value)
        else:
            raise TypeError(f"mx.np.random.{name}: {key} must be a number or an array, got {type(value).__name__}. Pass one of them.")
    if size is not None and sizes(size):  # () says nothing that the parameters do not
        attrs["size"] = sizes(size)
    elif out is not None:
        attrs["size"] = out.shape
    if dtype is not None:
        attrs["dtype"] = kind(dtype)
    if name != "powerd":
        attrs["ctx"] = device(ctx)
    return call(f"_npi_{name}", *arrays, out=out, **attrs)


def uniform(low: Any = 0.0, high: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Uniform on [low, high)."""
    return _draw("uniform", {"low": low, "high": high}, size, ctx, out, dtype or "float32")


def normal(loc: Any = 0.0, scale: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Normal with mean loc and standard deviation scale."""
    return _draw("normal", {"loc": loc, "scale": scale}, size, ctx, out, dtype or "float32")


def lognormal(mean: Any = 0.0, sigma: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """exp of a normal with mean `mean` and standard deviation `sigma`."""
    made = normal(mean, sigma, size, dtype, ctx)
    return call("_npi_exp", made, out=out)


def logistic(loc: Any = 0.0, scale: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Logistic with mean loc."""
    return _draw("logistic", {"loc": loc, "scale": scale}, size, ctx, out)


def gumbel(loc: Any = 0.0, scale: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Gumbel with mode loc."""
    return _draw("gumbel", {"loc": loc, "scale": scale}, size, ctx, out)


def exponential(scale: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Exponential with mean scale."""
    return _draw("exponential", {"scale": scale}, size, ctx, out)


def rayleigh(scale: Any = 1.0, size: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Rayleigh with mode scale."""
    return _draw("rayleigh", {"scale": scale}, size, ctx, out)


def weibull(a: Any, size: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Weibull of scale 1 with shape a."""
    return _draw("weibull", {"a": a}, size, ctx, out)


def pareto(a: Any, size: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Pareto II (Lomax) with shape a."""
    return _draw("pareto", {"a": a}, size, ctx, out)


def power(a: Any, size: Any = None) -> Any:
    """Power distribution on [0, 1] with exponent a - 1."""
    return _draw("powerd", {"a": a}, size)


def gamma(shape: Any, scale: Any = 1.0, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Gamma with a shape and a scale."""
    return _draw("gamma", {"shape": shape, "scale": scale}, size, ctx, out, dtype or "float32")


def beta(a: Any, b: Any, size: Any = None, dtype: Any = None, ctx: Any = None) -> Any:
    """Beta on [0, 1]: X / (X + Y) of gamma samples with shapes a and b."""
    wanted = kind(dtype) or "float32"
    if size is None or sizes(size) == ():
        shapes = [p.shape for p in (a, b) if is_array(p)]
        size = onp.broadcast_shapes(*shapes) if shapes else None if any(isinstance(p, Symbol) for p in (a, b)) else ()
    x, y = (gamma(p, 1.0, size, "float64", ctx) for p in (a, b))
    return (x / (x + y)).astype(wanted)


def chisquare(df: Any, size: Any = None, dtype: Any = None, ctx: Any = None) -> Any:
    """Chi-square with df degrees of freedom."""
    return gamma(df / 2, 2.0, size, dtype, ctx)


def rand(*size: int, **kwargs: Any) -> Any:
    """Uniform on [0, 1) in the shape of the arguments."""
    return uniform(0, 1, size, **kwargs)


def randn(*size: int, **kwargs: Any) -> Any:
    """Standard normal in the shape of the arguments."""
    return normal(0, 1, size, **kwargs)


def randint(low: int, high: int | None = None, size: Any = None, dtype: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Integers low ... high - 1 (0 ... low - 1 for one argument); int64."""
    if high is None:
        low, high = 0, low
    op = NAMES["_random_randint"].prepare()
    shape = out.shape if size is None and out is not None else () if size is None else sizes(size)
    attrs = {"low": low, "high": high, "shape": shape, "dtype": kind(dtype) or "int64", "ctx": device(ctx)}
    if state.symbolic:
        return call("_random_randint", **attrs)
    made = invoke(op, (), op.parse(attrs)).as_np_ndarray().reshape(shape)
    if out is not None:
        out[...] = made
        return out
    return made


def choice(a: Any, size: Any = None, replace: bool = True, p: Any = None, ctx: Any = None, out: Any = None) -> Any:
    """Elements of a vector, or of 0 ... a - 1, with probabilities p."""
    arrays = [checked(x, "random.choice") for x in (None if isinstance(a, NUMBERS) else a, p) if x is not None]
    attrs = {"size": () if size is None else sizes(size), "replace": replace, "weighted": p is not None, "ctx": device(ctx)}
    return call("_npi_choice", *arrays, out=out, **attrs, a=int(a) if isinstance(a, NUMBERS) else None)


def multinomial(n: int, pvals: Any, size: Any = None, **kwargs: Any) -> Any:
    """How often each class occurs in n draws with probabilities pvals; int64."""
    if isinstance(pvals, onp.ndarray):
        raise ValueError("mx.np.random.multinomial: pvals must be a list or an mx.np.ndarray, got a NumPy array. Use pvals.tolist().")
    if not len(pvals):
        return _creation.zeros((*(() if size is None else sizes(size)), 0), "int64")
    arrays, attrs = ((pvals,), {}) if is_array(pvals) else ((), {"pvals": tuple(float(v) for v in pvals)})
    return call("_npi_multinomial", *arrays, n=n, **attrs, **({} if size is None else {"size": sizes(size)}))


def multivariate_normal(mean: Any, cov: Any, size: Any = None, check_valid: Any = None, tol: Any = None) -> Any:
    """Normal vectors with mean `mean` and covariance `cov`: mean + L z with cov = L L^T."""
    if check_valid is not None or tol is not None:
        raise NotImplementedError("mx.np.random.multivariate_normal: check_valid and tol are not supported. Leave them away.")
    if isinstance(mean, Symbol) or isinstance(cov, Symbol):
        return call("Custom", mean, cov, op_type="mvn_fallback", **({} if size is None else {"size": str(sizes(size))}))
    half = str(cov.dtype) == "float16"
    root = call("_npi_cholesky", cov.astype("float32") if half else cov)
    root = root.astype("float16") if half else root
    lead = () if size is None else sizes(size)
    batch = onp.broadcast_shapes(checked(mean, "random.multivariate_normal").shape[:-1], cov.shape[:-2])
    noise = normal(0.0, 1.0, (*lead, *batch, mean.shape[-1], 1), str(mean.dtype))
    return mean + call("_np_squeeze", call("_npi_matmul", root, noise), axis=(-1,))


def shuffle(x: Any) -> None:
    """Put the slices along the first axis in random order, in place."""
    if isinstance(checked(x, "random.shuffle"), Symbol):
        raise TypeError("mx.np.random.shuffle: works in place, which symbols do not. Use mx.sym.shuffle.")
    x[...] = call("_npi_shuffle", x)
