"""Random numbers: `_random_X` (numbers as parameters), `_random_X_like` (shape of an array), `_sample_X` (arrays as parameters), and more.

The distributions are one table; each row makes three operators. All draw from the generator of the context. 16-bit types are drawn
in float32 and rounded. Gradients are zero.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .._dtype import name_of
from ..error import MXNetError
from .nn_checks import same_dtype
from .params import DType, Shape
from .registry import Op, register

Draw = Callable[..., Tensor]
_FLOATS = (torch.float16, torch.float32, torch.float64, torch.bfloat16)


class Distribution(NamedTuple):
    """params: (attribute, type, default, name of the array in `_sample_`); rules: conditions on them, with a text; draw(*params, generator)."""

    name: str
    params: tuple[tuple[str, type, float, str], ...]
    rules: tuple[tuple[Callable[..., Any], str], ...]
    draw: Draw
    doc: str


def _uniform(low: Tensor, high: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(low.shape, dtype=low.dtype, device=low.device, generator=generator).mul_(high - low).add_(low)


def _normal(loc: Tensor, scale: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(loc.shape, dtype=loc.dtype, device=loc.device, generator=generator).mul_(scale).add_(loc)


def _uniform_by_numbers(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator, **where: Any) -> Tensor:
    return torch.empty(shape, **where).uniform_(low, high, generator=generator)


def _normal_by_numbers(shape: tuple[int, ...], loc: float, scale: float, generator: torch.Generator, **where: Any) -> Tensor:
    return torch.empty(shape, **where).normal_(loc, scale, generator=generator)


#: Distributions that need no parameter tensors where the parameters are numbers.
_BY_NUMBERS: dict[str, Draw] = {"uniform": _uniform_by_numbers, "normal": _normal_by_numbers}


def _gamma(alpha: Tensor, beta: Tensor, generator: torch.Generator) -> Tensor:
    return torch._standard_gamma(alpha, generator=generator) * beta


def _exponential(lam: Tensor, generator: torch.Generator) -> Tensor:
    return torch.empty(lam.shape, dtype=lam.dtype, device=lam.device).exponential_(1.0, generator=generator).div_(lam)


def _poisson(lam: Tensor, generator: torch.Generator) -> Tensor:
    return torch.poisson(lam, generator=generator)


def _negative_binomial(k: Tensor, p: Tensor, generator: torch.Generator) -> Tensor:
    rate = torch._standard_gamma(k.clamp(min=1e-30), generator=generator) * (1 - p) / p
    return torch.poisson(torch.where(k > 0, rate, 0), generator=generator)


def _generalized_negative_binomial(mu: Tensor, alpha: Tensor, generator: torch.Generator) -> Tensor:
    spread = alpha.clamp(min=1e-20)
    rate = torch._standard_gamma(1 / spread, generator=generator) * spread * mu
    return torch.poisson(torch.where(alpha > 0, rate, mu), generator=generator)


TABLE = (
    Distribution("uniform", (("low", float, 0.0, "low"), ("high", float, 1.0, "high")), ((lambda a, b: a <= b, "low <= high"),), _uniform,
                 "Uniform on [low, high)."),
    Distribution("normal", (("loc", float, 0.0, "mu"), ("scale", float, 1.0, "sigma")), ((lambda a, b: b > 0, "scale > 0"),), _normal,
                 "Normal with mean loc and standard deviation scale."),
    Distribution("gamma", (("alpha", float, 1.0, "alpha"), ("beta", float, 1.0, "beta")),
                 ((lambda a, b: a > 0, "alpha > 0"), (lambda a, b: b > 0, "beta > 0")), _gamma, "Gamma with shape alpha and scale beta."),
    Distribution("exponential", (("lam", float, 1.0, "lam"),), ((lambda a: a > 0, "lam > 0"),), _exponential, "Exponential with rate lam."),
    Distribution("poisson", (("lam", float, 1.0, "lam"),), ((lambda a: a >= 0, "lam >= 0"),), _poisson, "Poisson with rate lam."),
    Distribution("negative_binomial", (("k", int, 1, "k"), ("p", float, 1.0, "p")),
                 ((lambda a, b: a >= 0, "k >= 0"), (lambda a, b: (b > 0) & (b <= 1), "0 < p <= 1")), _negative_binomial,
                 "Failures before the k-th success, each trial succeeding with probability p."),
    Distribution("generalized_negative_binomial", (("mu", float, 1.0, "mu"), ("alpha", float, 1.0, "alpha")),
                 ((lambda a, b: a >= 0, "mu >= 0"), (lambda a, b: b >= 0, "alpha >= 0")), _generalized_negative_binomial,
                 "Negative binomial with mean mu and dispersion alpha: variance mu + alpha * mu ** 2."),
)  # fmt: skip


def wide(kind: torch.dtype) -> torch.dtype:
    """The type to draw in."""
    return torch.float64 if kind == torch.float64 else torch.float32


def float_kind(name: str, dtype: torch.dtype | None, like: Any = None) -> torch.dtype:
    """The type of the result: the attribute's, else that of `out`, else float32."""
    kind = dtype if dtype is not None else like.dtype if isinstance(like, Tensor) else torch.float32
    if kind not in _FLOATS:
        raise MXNetError(f"{name}: dtype {name_of(kind)} must be one of {', '.join(map(name_of, _FLOATS))}. Draw one and convert it.")
    return kind


def sizes(name: str, shape: tuple | None, like: Any = None) -> tuple[int, ...]:
    """The shape of the result: the attribute's, else that of `out`, else (1,)."""
    if not shape and shape != ():
        shape = tuple(like.shape) if isinstance(like, Tensor) else (1,)
    if any(s is None or s < 0 for s in shape):
        raise MXNetError(f"{name}: shape {shape} must hold sizes of 0 or more. Pass the full shape.")
    return tuple(shape)


def _check(name: str, row: Distribution, values: tuple, shown: tuple[str, ...]) -> None:
    for rule, text in row.rules:
        ok = rule(*values)
        if isinstance(ok, Tensor):
            ok = ok.is_meta or bool(ok.all())
        if not ok:
            got = ", ".join(f"{n}={v}" for n, v in zip(shown, values) if not isinstance(v, Tensor))
            raise MXNetError(f"{name}: parameters must satisfy {text}{f', got {got}' if got else ''}. Pass such parameters.")


def _signed(fn: Callable, arrays: tuple[str, ...], attrs: dict[str, tuple[Any, Any]], reserved: tuple[str, ...], doc: str) -> Callable:
    """The function with the signature that the registry reads: arrays, attributes (type, default), reserved names."""
    make, kinds = inspect.Parameter, inspect.Parameter
    rows = [make(n, kinds.POSITIONAL_OR_KEYWORD, annotation=Tensor) for n in arrays]
    rows += [make(n, kinds.KEYWORD_ONLY, annotation=t, default=d) for n, (t, d) in attrs.items()]
    rows += [make(n, kinds.KEYWORD_ONLY, annotation=Any) for n in reserved]
    fn.__signature__ = inspect.Signature(rows)  # type: ignore[attr-defined]
    fn.__annotations__ = {r.name: r.annotation for r in rows}
    fn.__doc__ = doc
    return fn


def _make_random(row: Distribution) -> Op:
    name, params = f"_random_{row.name}", [p[0] for p in row.params]
    defaults = {p[0]: p[2] for p in row.params}
    by_numbers = _BY_NUMBERS.get(row.name)

    def draw(*, shape: Any = None, ctx: str = "", dtype: Any = None, device: Any, generator: Any, out: Any = None, **given: Any) -> Tensor:
        values = tuple(given.get(n, defaults[n]) for n in params)
        _check(name, row, values, tuple(params))
        kind, shape = float_kind(name, dtype, out), sizes(name, shape, out)
        if by_numbers is not None:
            made = by_numbers(shape, *values, generator, dtype=wide(kind), device=device)
            return made if made.dtype == kind else made.to(kind)
        tensors = [torch.full((), v, dtype=wide(kind), device=device).expand(shape) for v in values]
        return row.draw(*tensors, generator=generator).to(kind)

    attrs = {p[0]: (p[1], p[2]) for p in row.params} | {"shape": (Shape | None, None), "ctx": (str, ""), "dtype": (DType | None, None)}
    short = {"uniform": ["uniform"], "normal": ["normal"]}.get(row.name, [])
    text = f"{row.doc} Shape `shape` (default: (1,), or that of out=), dtype float16, bfloat16, float32 (default) or float64.\n\n"
    text += f">>> mx.nd.{name[1:]}(shape=(2, 3)).shape\n(2, 3)"
    op = register(Op(name, _signed(draw, (), attrs, ("device", "generator", "out"), text), aliases=[name[1:], *short]))
    op.infer(lambda *, shape=None, dtype=None, **_: torch.empty(sizes(name, shape), dtype=float_kind(name, dtype), device="meta"))
    return op


def _make_like(row: Distribution) -> Op:
    name, params = f"_random_{row.name}_like", [p[0] for p in row.params]
    defaults = {p[0]: p[2] for p in row.params}

    def draw(data: Tensor, *, generator: Any, **given: Any) -> Tensor:
        values = tuple(given.get(n, defaults[n]) for n in params)
        _check(name, row, values, tuple(params))
        tensors = [torch.full((), v, dtype=wide(data.dtype), device=data.device).expand(data.shape) for v in values]
        return row.draw(*tensors, generator=generator).to(data.dtype)

    attrs = {p[0]: (p[1], p[2]) for p in row.params}
    text = f"{row.doc} In the shape and type of data.\n\n>>> mx.nd.random.{row.name}_like(mx.nd.zeros((2, 3))).shape\n(2, 3)"
    op = register(Op(name, _signed(draw, ("data",), attrs, ("generator",), text), zero_grad=True))
    op.infer(lambda data, **_: torch.empty_like(data))
    return op


def _make_sample(row: Distribution) -> Op:
    name, arrays = f"_sample_{row.name}", tuple(p[3] for p in row.params)

    def draw(*tensors: Tensor, shape: Any = (), dtype: Any = None, generator: Any, out: Any = None) -> Tensor:
        kind = float_kind(name, dtype, out)
        full = _checked_shape(name, dict(zip(arrays, tensors)), shape)
        if row.name != "normal":
            _check(name, row, tensors, arrays)
        spread = [t.to(wide(kind)).reshape(*t.shape, *(1,) * len(shape or ())).expand(full) for t in tensors]
        return row.draw(*spread, generator=generator).to(kind)

    attrs = {"shape": (Shape, ()), "dtype": (DType | None, None)}
    text = f"{row.doc} One set of samples of shape `shape` for each entry of the parameter arrays: shape {arrays[0]}.shape + shape.\n\n"
    ones = ", ".join("mx.nd.ones((2,))" for _ in arrays)
    text += f">>> mx.nd.{name[1:]}({ones}, shape=(3,)).shape\n(2, 3)"
    op = register(Op(name, _signed(draw, arrays, attrs, ("generator", "out"), text), aliases=[name[1:]], zero_grad=True))
    op.infer(
        lambda *tensors, shape=(), dtype=None, **_: torch.empty(
            _checked_shape(name, dict(zip(arrays, tensors)), shape), dtype=float_kind(name, dtype), device="meta"
        )
    )
    return op


def _checked_shape(name: str, tensors: dict[str, Tensor], shape: tuple | None) -> tuple[int, ...]:
    same_dtype(name, **tensors)
    first, *others = tensors
    for other in others:
        if tensors[other].shape != tensors[first].shape:
            raise MXNetError(
                f"{name}: {first} has shape {tuple(tensors[first].shape)}, {other} {tuple(tensors[other].shape)}. Pass parameters of one shape."
            )
    return (*tensors[first].shape, *sizes(name, shape or ()))


for _row in TABLE:
    _make_random(_row)
    _make_like(_row)
    _make_sample(_row)
