"""Elementwise functions of one array: a table, a row an operator.

Integers keep their type: the function is computed in float and cut off (exp of int32 is int32), as in MXNet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import _dtype
from ..error import MXNetError
from .gradients import straight_through
from .params import DType
from .registry import Op, op, register


class Row(NamedTuple):
    """fn: the function for floats; integer: the one for integers (None: computed in float and cut off); zero: f(0) = 0, so sparse stays sparse."""

    fn: Callable[[Tensor], Tensor]
    formula: str
    integer: Callable[[Tensor], Tensor] | None = None
    zero: bool = False
    aliases: tuple[str, ...] = ()
    npi: bool = False


def _same(x: Tensor) -> Tensor:
    return x.clone()


def _lgamma(x: Tensor) -> Tensor:
    """log |gamma(x)|; at 0 and negative integers both value and gradient are infinite (torch's gradient there is -inf or NaN)."""
    if not x.requires_grad:
        return torch.lgamma(x)
    pole = (x <= 0) & (torch.floor(x) == x)
    steep = torch.where(pole, x, 1.0)
    return torch.where(pole, (steep - steep.detach() + 1) * torch.inf, torch.lgamma(torch.where(pole, 1.0, x)))


def _gamma(x: Tensor) -> Tensor:
    """The gamma function: exp(lgamma) with the sign that lgamma drops; NaN at negative integers."""
    whole = torch.floor(x)
    negative = (x < 0) & (torch.remainder(whole, 2) == 1) | (x == 0) & torch.signbit(x)
    value = torch.exp(_lgamma(x)) * torch.where(negative, -1.0, 1.0).to(x.dtype)
    return torch.where((x < 0) & (whole == x), torch.nan, value)


def _gamma_of_integers(x: Tensor) -> Tensor:
    """Factorials, exact as far as float64 holds them."""
    return torch.round(_gamma(x.double())).to(x.dtype)


def _round(x: Tensor) -> Tensor:
    """Halves away from zero (torch's rounds them to even)."""
    whole = torch.trunc(x)
    return torch.where((x - whole).abs() >= 0.5, whole + torch.sign(x), whole)


def _rint(x: Tensor) -> Tensor:
    """The nearest integer, halves to the lower one (1.5 is 1, -0.5 is -1), as MXNet has it."""
    low, high = torch.floor(x), torch.ceil(x)
    return torch.where(x - low <= high - x, low, high)


class _Cbrt(torch.autograd.Function):
    """The real cube root; its gradient is infinite at 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        out = torch.copysign(torch.pow(torch.abs(wide), 1 / 3), wide).to(x.dtype)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (out,) = ctx.saved_tensors
        return grad / (3 * out * out)


def _cbrt(x: Tensor) -> Tensor:
    return _Cbrt.apply(x)


class _Softsign(torch.autograd.Function):
    """x / (1 + |x|), with a gradient that is 0 at infinity."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x / (1 + torch.abs(x))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad / torch.square(1 + torch.abs(x))


def _softsign(x: Tensor) -> Tensor:
    return _Softsign.apply(x) if x.requires_grad else x / (1 + torch.abs(x))


_ABS_INT: Callable[[Tensor], Tensor] = lambda x: x.clone() if x.dtype == torch.uint8 else torch.abs(x)  # noqa: E731

#: the types that mixed precision converts
_AMP_TYPES = (torch.float32, torch.float16, torch.bfloat16)

#: name -> row. Sources: the functions' definitions in NIST's Digital Library of Mathematical Functions.
UNARY: dict[str, Row] = {
    "abs": Row(torch.abs, "|x|", _ABS_INT, zero=True),
    "sign": Row(torch.sign, "-1, 0 or 1", torch.sign, zero=True),
    "round": Row(_round, "the nearest integer, halves away from zero", _same, zero=True),
    "rint": Row(_rint, "the nearest integer, halves to the lower one", _same, zero=True),
    "ceil": Row(torch.ceil, "the least integer >= x", _same, zero=True),
    "floor": Row(torch.floor, "the greatest integer <= x", _same, zero=True),
    "trunc": Row(torch.trunc, "x without its fraction", _same, zero=True),
    "fix": Row(torch.trunc, "the integer nearest to x in the direction of zero", _same, zero=True),
    "square": Row(torch.square, "x ** 2", lambda x: torch.square(x), zero=True),
    "sqrt": Row(torch.sqrt, "x ** 0.5", zero=True),
    "rsqrt": Row(torch.rsqrt, "x ** -0.5"),
    "cbrt": Row(_cbrt, "x ** (1/3), real for negative x", zero=True),
    "rcbrt": Row(lambda x: torch.reciprocal(_cbrt(x)), "x ** (-1/3), real for negative x"),
    "exp": Row(torch.exp, "e ** x"),
    "expm1": Row(torch.expm1, "e ** x - 1, exact near 0", zero=True),
    "log": Row(torch.log, "the natural logarithm"),
    "log10": Row(torch.log10, "the logarithm to base 10"),
    "log2": Row(torch.log2, "the logarithm to base 2"),
    "log1p": Row(torch.log1p, "log(1 + x), exact near 0", zero=True),
    "sin": Row(torch.sin, "the sine", zero=True),
    "cos": Row(torch.cos, "the cosine"),
    "tan": Row(torch.tan, "the tangent", zero=True),
    "arcsin": Row(torch.asin, "the inverse sine", zero=True),
    "arccos": Row(torch.acos, "the inverse cosine"),
    "arctan": Row(torch.atan, "the inverse tangent", zero=True),
    "sinh": Row(torch.sinh, "the hyperbolic sine", zero=True),
    "cosh": Row(torch.cosh, "the hyperbolic cosine"),
    "tanh": Row(torch.tanh, "the hyperbolic tangent", zero=True),
    "arcsinh": Row(torch.asinh, "the inverse hyperbolic sine", zero=True),
    "arccosh": Row(torch.acosh, "the inverse hyperbolic cosine"),
    "arctanh": Row(torch.atanh, "the inverse hyperbolic tangent", zero=True),
    "degrees": Row(torch.rad2deg, "radians to degrees", zero=True),
    "radians": Row(torch.deg2rad, "degrees to radians", zero=True),
    "sigmoid": Row(torch.sigmoid, "1 / (1 + e ** -x)"),
    "softsign": Row(_softsign, "x / (1 + |x|)", zero=True),
    "relu": Row(torch.relu, "max(x, 0)", torch.relu, zero=True),
    "reciprocal": Row(torch.reciprocal, "1 / x"),
    "negative": Row(torch.neg, "-x", torch.neg, zero=True),
    "erf": Row(torch.erf, "the error function", zero=True, aliases=("_npx_erf",)),
    "erfinv": Row(torch.erfinv, "the inverse error function", zero=True, aliases=("_npx_erfinv",)),
    "gamma": Row(_gamma, "the gamma function", integer=_gamma_of_integers, aliases=("_npx_gamma",)),
    "gammaln": Row(_lgamma, "log |gamma(x)|", aliases=("_npx_gammaln",)),
}
#: operators that the original has under `_sparse_` too
_NO_SPARSE_NAME = {"rcbrt", "reciprocal", "softsign", "erf", "erfinv"}
#: operators whose results leave the range of float16 easily, or lose most of its digits
_NEEDS_FLOAT32 = {"square", "reciprocal", "rsqrt", "rcbrt", "exp", "expm1", "log", "log10", "log2", "log1p", "tan", "arcsin", "arccos", "sinh",
                  "cosh", "arctanh", "erfinv", "gamma", "gammaln"}  # fmt: skip


def _typed(name: str, fn: Callable[[Tensor], Tensor], integer: Callable[[Tensor], Tensor] | None) -> Callable[[Tensor], Tensor]:
    """The function for every data type. The float test costs 50 ns; torch's own functions would give floats for integers."""

    def run(data: Tensor) -> Tensor:
        if data.is_floating_point():
            return fn(data)
        if data.dtype == torch.bool:
            raise MXNetError(f"{name}: bool arrays are not supported. Convert with astype('int32') first.")
        return integer(data) if integer is not None else fn(data.double()).to(data.dtype)

    return run


def _rows() -> None:
    for name, row in UNARY.items():
        # functions that torch computes in the integer's own type need no wrapper
        direct = row.integer is row.fn
        aliases = (*row.aliases, *(() if name in _NO_SPARSE_NAME else (f"_sparse_{name}",)))
        doc = f"{row.formula}, elementwise. Any shape; integers are computed in float and cut off.\n\n>>> mx.nd.{name}(mx.nd.array([0.5]))"
        fn = row.fn if direct else _typed(name, row.fn, row.integer)
        register(Op(name, fn, inputs=("data",), aliases=aliases, amp="fp32" if name in _NEEDS_FLOAT32 else "any", doc=doc))


_rows()


@op("_copy", aliases=["identity"], views=True)
def copy(data: Tensor) -> Tensor:
    """A copy of the array."""
    return data


@op("_copyto", aliases=["_npi_copyto"], views=True)
def copyto(data: Tensor) -> Tensor:
    """A copy of the array, usually into `out=`."""
    return data


@op("_CrossDeviceCopy", views=True)
def cross_device_copy(data: Tensor) -> Tensor:
    """A copy of the array, which the originals put between the parts of a graph on different devices; here arrays move by `as_in_context`."""
    return data


@op("BlockGrad", aliases=["stop_gradient", "_sparse_stop_gradient"], zero_grad=True, views=True)
def block_grad(data: Tensor) -> Tensor:
    """The array as it is; no gradient flows back through it."""
    return data.detach()


@op("logical_not", zero_grad=True)
def logical_not(data: Tensor) -> Tensor:
    """1 where x is 0, else 0, in the array's type."""
    return (data == 0).to(data.dtype)


@op("hard_sigmoid")
def hard_sigmoid(data: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """max(0, min(1, alpha x + beta)), for floats; the gradient is 0 where the result is 0 or 1."""
    if not data.is_floating_point():
        raise MXNetError(f"hard_sigmoid: needs a float array, got {_dtype.name_of(data.dtype)}. Convert with astype('float32').")
    return torch.nn.functional.hardtanh(alpha * data + beta, 0.0, 1.0)


@op("clip", aliases=["_npi_clip", "_sparse_clip"])
def clip(data: Tensor, *, a_min: float, a_max: float) -> Tensor:
    """max(a_min, min(x, a_max)). The gradient passes where a_min <= x <= a_max."""
    if a_min <= a_max:
        return torch.clamp(data, a_min, a_max) if data.is_floating_point() else torch.clamp(data.double(), a_min, a_max).to(data.dtype)
    # no interval: what is above a_max becomes a_max, the rest of what is below a_min a_min
    limits = torch.tensor((a_min, a_max), dtype=torch.float64, device=data.device).to(data.dtype)
    return torch.where(data > a_max, limits[1], torch.where(data < a_min, limits[0], data))


@op("smooth_l1", aliases=["_npx_smooth_l1"], amp="fp32")
def smooth_l1(data: Tensor, *, scalar: float = 1.0) -> Tensor:
    """0.5 (s x)^2 where |x| < 1/s^2, else |x| - 0.5/s^2, with s = scalar (R. Girshick, "Fast R-CNN", 2015)."""
    if not data.is_floating_point():
        return smooth_l1.fn(data.double(), scalar=float(int(scalar))).to(data.dtype)
    if scalar == 0:
        return 0.0 * torch.square(data)
    return torch.nn.functional.smooth_l1_loss(data, torch.zeros_like(data), reduction="none", beta=1 / (scalar * scalar))


@op("Cast", aliases=["cast", "_npi_cast", "_npx_cast"])
def cast(data: Tensor, *, dtype: DType) -> Tensor:
    """The array in another data type; the gradient comes back in its own."""
    if data.dtype == dtype:
        return data.clone()
    if data.is_floating_point() and not dtype.is_floating_point and dtype != torch.bool and not data.is_meta:
        return data.to(torch.int64).to(dtype)  # out-of-range values wrap around, as they do in C
    return data.to(dtype)


@op("amp_cast", views=True)
def amp_cast(data: Tensor, *, dtype: DType) -> Tensor:
    """float32, float16 and bfloat16 arrays in another type; all others as they are."""
    return data.to(dtype) if data.dtype in _AMP_TYPES else data


@amp_cast.types
def _(types: dict, *, dtype: torch.dtype, **_: object) -> tuple:
    kind = types["data"]
    return types, [dtype if kind is None or kind in _AMP_TYPES else kind]


@op("amp_multicast", outputs=lambda num_outputs, **_: num_outputs, views=True)
def amp_multicast(*data: Tensor, num_outputs: int, cast_narrow: bool = False) -> tuple[Tensor, ...]:
    """float32, float16 and bfloat16 arrays in the widest float type among all (cast_narrow: the narrowest); all others as they are."""
    if len(data) != num_outputs:
        raise MXNetError(f"amp_multicast: num_outputs is {num_outputs}, got {len(data)} arrays. Pass as many.")
    kinds = [t.dtype for t in data if t.is_floating_point()]
    if not kinds:
        return data
    order = {torch.float16: 0, torch.bfloat16: 1, torch.float32: 2, torch.float64: 3}
    chosen = (min if cast_narrow else max)(kinds, key=order.__getitem__)
    return tuple(t.to(chosen) if t.dtype in _AMP_TYPES else t for t in data)


@op("_contrib_quadratic")
def quadratic(data: Tensor, *, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Tensor:
    """a x^2 + b x + c; integers are computed in float and cut off."""
    x = data if data.is_floating_point() else data.double()
    return (a * torch.square(x) + b * x + c).to(data.dtype)


@op("_contrib_div_sqrt_dim")
def div_sqrt_dim(data: Tensor) -> Tensor:
    """x / sqrt(d), d the size of the last axis (A. Vaswani et al., "Attention Is All You Need", 2017)."""
    if not data.dim():
        raise MXNetError("div_sqrt_dim: needs at least one axis, got a scalar. Reshape to (1,).")
    root = data.shape[-1] ** 0.5
    return data / root if data.is_floating_point() else torch.div(data, max(int(root), 1), rounding_mode="trunc")


@op("_contrib_gradientmultiplier")
def gradientmultiplier(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    """The array as it is; its gradient times `scalar` (negative: Y. Ganin et al., "Domain-Adversarial Training", 2016)."""
    return straight_through(data, data, scalar)


@op("_contrib_backward_gradientmultiplier")
def backward_gradientmultiplier(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
    """x * scalar: the gradient of gradientmultiplier. Integers are multiplied by the whole part of scalar."""
    return data * (scalar if data.is_floating_point() else int(scalar))


@op("_contrib_round_ste", aliases=["_sparse__contrib_round_ste"])
def round_ste(data: Tensor) -> Tensor:
    """round(x) with the gradient of x (Y. Bengio et al., "Estimating or Propagating Gradients ...", 2013)."""
    return straight_through(data, _round(data))


@op("_contrib_sign_ste", aliases=["_sparse__contrib_sign_ste"])
def sign_ste(data: Tensor) -> Tensor:
    """sign(x) with the gradient of x (Y. Bengio et al., 2013)."""
    return straight_through(data, torch.sign(data))


def is_zero_preserving(name: str) -> bool:
    """Whether f(0) = 0, so that a sparse array stays sparse under the operator."""
    row = UNARY.get(name)
    return row is not None and row.zero
