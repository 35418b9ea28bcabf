"""Random arrays of `mx.np`: each parameter is a number, or an array; arrays and `size` broadcast (or stand before the arrays' shape in `_n`).

Draws are functions of uniform, normal or gamma samples, so the parameters of location-scale families have gradients.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..error import BadValueError, MXNetError
from .params import DType, Floats, Shape
from .registry import Op, op, register

Draw = Callable[..., Tensor]


def _uniform(shape: tuple, kind: torch.dtype, device: Any, g: torch.Generator) -> Tensor:
    return torch.rand(shape, dtype=kind, device=device, generator=g)


def _open(shape: tuple, kind: torch.dtype, device: Any, g: torch.Generator) -> Tensor:
    """Uniform on (0, 1], so that logarithms are finite."""
    return 1 - _uniform(shape, kind, device, g)


def _normal(shape: tuple, kind: torch.dtype, device: Any, g: torch.Generator) -> Tensor:
    return torch.randn(shape, dtype=kind, device=device, generator=g)


def _middle(shape: tuple, kind: torch.dtype, device: Any, g: torch.Generator) -> Tensor:
    tiny = torch.finfo(kind).tiny
    return _uniform(shape, kind, device, g).clamp(tiny, 1 - torch.finfo(kind).eps)


class Row(NamedTuple):
    """`params`: names, in order; `positive` those that must not be negative (True) or zero either; fn(noise, *params)."""

    params: tuple[tuple[str, Any], ...]
    noise: Draw
    fn: Draw
    check: str
    dtype: bool
    doc: str


_REQUIRED = inspect.Parameter.empty
TABLE = {
    "uniform": Row((("low", _REQUIRED), ("high", _REQUIRED)), _uniform, lambda u, a, b: a + (b - a) * u, "", True, "Uniform on [low, high)."),
    "normal": Row((("loc", _REQUIRED), ("scale", _REQUIRED)), _normal, lambda z, a, b: a + b * z, "scale", True,
                  "Normal with mean loc and standard deviation scale."),
    "gumbel": Row((("loc", _REQUIRED), ("scale", _REQUIRED)), _middle, lambda u, a, b: a - b * torch.log(-torch.log(u)), "scale", False,
                  "Gumbel: loc - scale * log(-log(u))."),
    "logistic": Row((("loc", _REQUIRED), ("scale", _REQUIRED)), _middle, lambda u, a, b: a + b * torch.log(u / (1 - u)), "scale", False,
                    "Logistic: loc + scale * log(u / (1 - u))."),
    "exponential": Row((("scale", 1.0),), _open, lambda u, a: -a * torch.log(u), "scale", False, "Exponential with mean scale."),
    "rayleigh": Row((("scale", 1.0),), _open, lambda u, a: a * torch.sqrt(-2 * torch.log(u)), "scale", False, "Rayleigh with mode scale."),
    "weibull": Row((("a", None),), _open, lambda u, a: torch.pow(-torch.log(u), 1 / a), "a", False, "Weibull of scale 1 with shape a."),
    "pareto": Row((("a", None),), _open, lambda u, a: torch.pow(u, -1 / a) - 1, "a", False, "Pareto II (Lomax) with shape a."),
    "powerd": Row((("a", None),), _open, lambda u, a: torch.pow(u, 1 / a), "a", False, "Power distribution on [0, 1] with exponent a - 1."),
}  # fmt: skip


def _parameters(name: str, row: Row, arrays: tuple, numbers: dict, kind: torch.dtype, device: Any) -> list[Tensor]:
    """The parameters in order: numbers where given, else the next array."""
    rest = [a for a in arrays if a is not None]
    found = []
    for key, default in row.params:
        value = numbers.get(key, default if default is not _REQUIRED else None)
        if value is None or rest and default not in (_REQUIRED, None):
            if not rest:
                raise MXNetError(f"random.{name}: {key} is missing. Pass a number or an array.")
            value = rest.pop(0).to(kind)
        else:
            value = torch.full((), value, dtype=kind, device=device)
        if key == row.check and not value.is_meta:
            if key == "a" and bool((value <= 0).any()):
                raise BadValueError(f"random.{name}: {key} must be positive. Pass {key} > 0.")
            if bool((value < 0).any()):
                raise BadValueError(f"random.{name}: {key} must not be negative. Pass {key} >= 0.")
        found.append(value)
    return found


def _define(name: str, row: Row, before: bool = False) -> None:
    base = name.removesuffix("_n")

    def draw(*arrays: Tensor, size: tuple | None = None, ctx: str = "cpu", dtype: Any = torch.float32, device: Any, generator: Any,
             **numbers: Any) -> Tensor:  # fmt: skip
        place = arrays[0].device if arrays and arrays[0] is not None else device
        wide = torch.float64 if dtype == torch.float64 else torch.float32
        values = _parameters(base, row, arrays, numbers, wide, place)
        shape = torch.broadcast_shapes(*(v.shape for v in values))
        if size is not None:
            if before:
                shape = (*size, *shape)
            elif torch.broadcast_shapes(shape, size) != tuple(size):
                raise MXNetError(f"random.{base}: parameters of shape {tuple(shape)} do not broadcast to size {size}. Pass a larger size.")
            else:
                shape = tuple(size)
        noise = torch.empty(shape, dtype=wide, device=place) if place.type == "meta" else row.noise(tuple(shape), wide, place, generator)
        return row.fn(noise, *values).to(dtype)

    make, kinds = inspect.Parameter, inspect.Parameter
    rows = [make(f"input{i + 1}", kinds.POSITIONAL_OR_KEYWORD, annotation=Tensor | None, default=None) for i in range(len(row.params))]
    rows += [make(n, kinds.KEYWORD_ONLY, annotation=float | None, default=d) for n, d in row.params]
    rows.append(make("size", kinds.KEYWORD_ONLY, annotation=Shape | None, default=None))
    if name != "powerd":
        rows.append(make("ctx", kinds.KEYWORD_ONLY, annotation=str, default="cpu"))
    if row.dtype:
        rows.append(make("dtype", kinds.KEYWORD_ONLY, annotation=DType, default=torch.float32))
    rows += [make(n, kinds.KEYWORD_ONLY, annotation=Any) for n in ("device", "generator")]
    draw.__signature__ = inspect.Signature(rows)  # type: ignore[attr-defined]
    draw.__annotations__ = {r.name: r.annotation for r in rows}
    made = register(Op(f"_npi_{name}", draw, doc=row.doc))
    made.input_rule(lambda **attrs: tuple(f"input{i + 1}" for i in range(sum(attrs.get(n) is None for n, _ in row.params))))


for _name, _row in TABLE.items():
    _define(_name, _row)
_define("uniform_n", TABLE["uniform"], before=True)
_define("normal_n", TABLE["normal"], before=True)


@op("_npi_gamma", zero_grad=True)
def gamma(input1: Tensor | None = None, input2: Tensor | None = None, *, shape: float | None, scale: float | None,
          size: Shape | None = None, ctx: str = "cpu", dtype: DType = torch.float32, device: Any, generator: Any) -> Tensor:  # fmt: skip
    """Gamma with a shape and a scale."""
    row = Row((("shape", _REQUIRED), ("scale", _REQUIRED)), _uniform, _uniform, "shape", True, "")
    place = device if input1 is None else input1.device
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    alpha, beta = _parameters("gamma", row, (input1, input2), {"shape": shape, "scale": scale}, wide, place)
    full = tuple(torch.broadcast_shapes(alpha.shape, beta.shape)) if size is None else tuple(size)
    if place.type == "meta":
        return torch.empty(full, dtype=dtype, device=place)
    if bool((alpha <= 0).any()) or bool((beta <= 0).any()):
        raise BadValueError("random.gamma: shape and scale must be positive. Pass shape > 0 and scale > 0.")
    return (torch._standard_gamma(alpha.detach().expand(full).contiguous(), generator=generator) * beta.detach()).to(dtype)


gamma.input_rule(lambda *, shape, scale, **_: ("input1", "input2")[: (shape is None) + (scale is None)])


@op("_npi_bernoulli", zero_grad=True)
def bernoulli(input1: Tensor | None = None, *, prob: float | None, logit: float | None, size: Shape | None = None, ctx: str = "cpu",
              dtype: DType = torch.float32, is_logit: bool, device: Any, generator: Any) -> Tensor:  # fmt: skip
    """1 with probability prob (or sigmoid(logit)), else 0."""
    value = logit if is_logit else prob
    place = device if input1 is None else input1.device
    p = input1.float() if input1 is not None else torch.full((), float(value or 0), device=place)
    if is_logit:
        p = torch.sigmoid(p)
    elif not p.is_meta and bool(((p < 0) | (p > 1)).any()):
        raise BadValueError("random.bernoulli: prob must lie in [0, 1]. Pass a probability, or logit=.")
    shape = tuple(p.shape) if size is None else tuple(size)
    return (_uniform(shape, torch.float32, place, generator) < p).to(dtype)


bernoulli.input_rule(lambda *, prob, logit, **_: ("input1",) if prob is None and logit is None else ())


@op("_npi_multinomial", zero_grad=True)
def multinomial(a: Tensor | None = None, *, n: int, pvals: Floats | None = None, size: Shape | None = None, device: Any,
                generator: Any) -> Tensor:  # fmt: skip
    """How often each class occurs in n draws; the classes' probabilities are pvals, or a vector; int64."""
    p = (torch.tensor(pvals or (), dtype=torch.float64, device=device) if a is None else a.double()).reshape(-1)
    if p.is_meta:
        return torch.empty((*(size or ()), p.numel()), dtype=torch.int64, device=p.device)
    if bool((p < 0).any()) or float(p[:-1].sum()) > 1 + 1e-6:
        raise ValueError("random.multinomial: pvals must be probabilities: not negative, sum(pvals[:-1]) <= 1. Pass such.")
    full = torch.cat([p[:-1], (1 - p[:-1].sum()).clamp_min(0).reshape(1)])
    rows = math.prod(size or ())
    if n == 0 or rows == 0:
        return torch.zeros((*(size or ()), p.numel()), dtype=torch.int64, device=p.device)
    drawn = torch.multinomial(full.expand(rows, -1), n, replacement=True, generator=generator)
    counts = torch.zeros(rows, p.numel(), dtype=torch.int64, device=p.device).scatter_add_(1, drawn, torch.ones_like(drawn))
    return counts.reshape(*(size or ()), p.numel())


@op("_npi_choice", zero_grad=True)
def choice(input1: Tensor | None = None, input2: Tensor | None = None, *, a: int | None, size: Shape | None, ctx: str = "cpu",
           replace: bool = True, weighted: bool = False, device: Any, generator: Any) -> Tensor:  # fmt: skip
    """Elements of a vector (or of 0 ... a - 1, as int64), each with its weight if `weighted`."""
    source, weights = (input1, input2) if a is None else (None, input1)
    total = int(a) if a is not None else source.shape[0]  # type: ignore[union-attr]
    place = next((t.device for t in (input1, input2) if t is not None), device)
    count = math.prod(size or ())
    if not replace and count > total:
        raise ValueError(f"random.choice: cannot draw {count} of {total} elements without replacement. Use replace=True or fewer.")
    if weighted:
        places = torch.multinomial(weights.double(), max(count, 1), replacement=replace, generator=generator)[:count]  # type: ignore[union-attr]
    elif replace:
        places = torch.randint(total, (count,), device=place, generator=generator)
    else:
        places = torch.randperm(total, device=place, generator=generator)[:count]
    chosen = places if source is None else source.index_select(0, places)
    return chosen.reshape((*(size or ()), *(() if source is None else source.shape[1:])))


choice.input_rule(lambda *, a, weighted, **_: ("input1", "input2")[: (a is None) + weighted])
