"""Elementwise operators on sparse arrays: those that keep zeros work on the stored values alone.

The gradient of a sparse input is that of a dense one, and stored where the head gradient is: a dense head gradient gives a dense one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .._storage import Csr, RowSparse
from .._storage import algebra as csr_algebra
from .._storage.rows import combine, merge, rows_of
from ..error import MXNetError
from .registry import NAMES
from .sparse_attach import DENSE, Tracked, implements

#: f(0) = 0: the result has the places of the input.
KEEP_ZERO = """abs sign round rint ceil floor trunc fix square sqrt cbrt sin tan arcsin arctan sinh tanh arcsinh arctanh expm1 log1p degrees radians
relu negative _contrib_round_ste _contrib_sign_ste _contrib_gradientmultiplier""".split()
#: f(0) != 0, or the original gives default storage: the result is dense by nature.
DENSE_RESULT = """cos cosh arccos arccosh exp log log10 log2 rsqrt sigmoid gamma gammaln reciprocal rcbrt erf erfinv softsign
hard_sigmoid logical_not _rminus_scalar _rdiv_scalar _maximum_scalar _minimum_scalar _power_scalar _rpower_scalar _mod_scalar _rmod_scalar
_hypot_scalar _logical_and_scalar _logical_or_scalar _logical_xor_scalar elemwise_div broadcast_maximum broadcast_minimum broadcast_power
broadcast_mod broadcast_hypot broadcast_equal broadcast_not_equal broadcast_greater broadcast_greater_equal broadcast_lesser
broadcast_lesser_equal broadcast_logical_and broadcast_logical_or broadcast_logical_xor LinearRegressionOutput LogisticRegressionOutput
MAERegressionOutput""".split()
#: A sparse result where op(0, scalar) is 0.
SCALAR = """_plus_scalar _minus_scalar _equal_scalar _not_equal_scalar _greater_scalar _greater_equal_scalar _lesser_scalar
_lesser_equal_scalar""".split()


@implements(" ".join(DENSE_RESULT))
def _dense_result(*values: Any, **attrs: Any) -> Any:
    return DENSE


def _on_values(fn: Callable[..., Tensor], x: Any, attrs: dict) -> Tracked:
    """fn on the stored values."""

    def gradient(g: Any) -> Any:
        here = x.to_dense() if isinstance(g, Tensor) else _at_places(x, g)
        values = here.detach().requires_grad_(True)
        head = g if isinstance(g, Tensor) else g.data
        with torch.enable_grad():
            result = fn(values, **attrs)
        found = torch.autograd.grad(result, values, head)[0] if result.requires_grad else torch.zeros_like(values)
        return found if isinstance(g, Tensor) else g.with_data(found)

    return Tracked(x.with_data(fn(x.data, **attrs)), gradient)


def _at_places(values: Any, x: Any) -> Tensor:
    """The values of a tensor or struct where x stores something."""
    return csr_algebra.entries_of(values, x) if isinstance(x, Csr) else rows_of(values, x.indices)


def _keep_zero(name: str) -> None:
    @implements(name)
    def run(x: Any, **attrs: Any) -> Any:
        return _on_values(NAMES[name].fn, x, attrs)


for _name in KEEP_ZERO:
    _keep_zero(_name)


def _scalar(name: str) -> None:
    @implements(name)
    def run(x: Any, **attrs: Any) -> Any:
        fn = NAMES[name].fn
        if bool((fn(torch.zeros(1, dtype=x.dtype), **attrs) != 0).any()):
            return DENSE
        return _on_values(fn, x, attrs)


for _name in SCALAR:
    _scalar(_name)


def _linear(name: str) -> None:
    """Multiplication and division by a number: the gradient may be anywhere."""

    @implements(name)
    def run(x: Any, **attrs: Any) -> Any:
        fn = NAMES[name].fn
        return Tracked(
            x.with_data(fn(x.data, **attrs)), lambda g: fn(g, **attrs) if isinstance(g, Tensor) else g.with_data(fn(g.data, **attrs))
        )


for _name in ("_mul_scalar", "_div_scalar"):
    _linear(_name)


def _scatter(name: str, base: str) -> None:
    @implements(name)
    def run(x: Any, **attrs: Any) -> Any:
        return _on_values(NAMES[base].fn, x, attrs)


_scatter("_scatter_plus_scalar", "_plus_scalar")
_scatter("_scatter_minus_scalar", "_minus_scalar")


@implements("_contrib_quadratic")
def _quadratic(x: Any, *, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Any:
    return _on_values(NAMES["_contrib_quadratic"].fn, x, {"a": a, "b": b, "c": c}) if c == 0 and isinstance(x, Csr) else DENSE


@implements("clip")
def _clip(x: Any, *, a_min: float, a_max: float) -> Any:
    if a_min > 0 or a_max < 0:
        return DENSE
    return _on_values(NAMES["clip"].fn, x, {"a_min": a_min, "a_max": a_max})


# ---- two arrays


def _check(name: str, lhs: Any, rhs: Any) -> None:
    if tuple(lhs.shape) != tuple(rhs.shape):
        raise MXNetError(f"{name}: shapes {tuple(lhs.shape)} and {tuple(rhs.shape)} differ. Pass arrays of equal shape.")
    if lhs.dtype != rhs.dtype:
        raise MXNetError(f"{name}: lhs is {lhs.dtype}, rhs {rhs.dtype}. Convert one with astype.".replace("torch.", ""))


def _negative(g: Any) -> Any:
    return -g if isinstance(g, Tensor) else g.with_data(-g.data)


def _unchanged(g: Any) -> Any:
    return g


def added(lhs: Any, rhs: Any, sign: int) -> Any:
    """lhs + sign * rhs: sparse if both have the same sparse storage, else dense."""
    if isinstance(lhs, Csr) and isinstance(rhs, Csr):
        result: Any = csr_algebra.add(lhs, rhs, sign)
    elif isinstance(lhs, RowSparse) and isinstance(rhs, RowSparse):
        result = merge([lhs, rhs], [1, sign])
    else:
        result = (lhs.clone() if isinstance(lhs, Tensor) else lhs.to_dense()).contiguous()
        if isinstance(rhs, Tensor):
            result.add_(rhs, alpha=sign)
        elif isinstance(rhs, RowSparse):
            result.index_add_(0, rhs.indices, rhs.data, alpha=sign)
        elif rhs.nnz:
            result.index_put_((rhs.row_ids(), rhs.indices), rhs.data * sign if sign != 1 else rhs.data, accumulate=True)
    return Tracked(result, _unchanged, _unchanged if sign == 1 else _negative)


def multiplied(lhs: Any, rhs: Any) -> Any:
    """lhs * rhs: stored where the sparse operand is (both csr: where both are; both row_sparse: where either is)."""
    result = _product(lhs, rhs)
    return result if result is DENSE else Tracked(result, lambda g: _gradient(g, rhs), lambda g: _gradient(g, lhs))


def _product(lhs: Any, rhs: Any) -> Any:
    if isinstance(lhs, Csr) and isinstance(rhs, Csr):
        return csr_algebra.multiply(lhs, rhs)
    if isinstance(lhs, RowSparse) and isinstance(rhs, RowSparse):
        return combine(lhs, rhs, torch.mul)
    if isinstance(lhs, Tensor) and isinstance(rhs, Tensor):
        return lhs * rhs
    if not isinstance(lhs, Tensor) and not isinstance(rhs, Tensor):
        return DENSE
    x, dense = (rhs, lhs) if isinstance(lhs, Tensor) else (lhs, rhs)
    return x.with_data(x.data * _at_places(dense, x))


def _gradient(g: Any, other: Any) -> Any:
    """g * other, for whatever storage types."""
    found = _product(g, other)
    return g.to_dense() * other.to_dense() if found is DENSE else found


@implements("elemwise_add _grad_add")
def _elemwise_add(lhs: Any, rhs: Any) -> Any:
    _check("elemwise_add", lhs, rhs)
    return added(lhs, rhs, 1)


@implements("elemwise_sub")
def _elemwise_sub(lhs: Any, rhs: Any) -> Any:
    _check("elemwise_sub", lhs, rhs)
    return added(lhs, rhs, -1)


@implements("elemwise_mul")
def _elemwise_mul(lhs: Any, rhs: Any) -> Any:
    _check("elemwise_mul", lhs, rhs)
    return multiplied(lhs, rhs)


def _keeps_zero_of_two(name: str) -> None:
    """f(0, 0) = 0: two csr or two row_sparse arrays give an array that stores what either stores."""

    @implements(name)
    def run(lhs: Any, rhs: Any) -> Any:
        _check(name, lhs, rhs)
        fn = NAMES[name].fn
        if isinstance(lhs, RowSparse) and isinstance(rhs, RowSparse):
            return combine(lhs, rhs, fn)
        return csr_algebra.combine(lhs, rhs, fn) if isinstance(lhs, Csr) and isinstance(rhs, Csr) else DENSE


for _name in ("_maximum", "_minimum", "_hypot"):
    _keeps_zero_of_two(_name)


@implements("broadcast_add")
def _broadcast_add(lhs: Any, rhs: Any) -> Any:
    return added(lhs, rhs, 1) if tuple(lhs.shape) == tuple(rhs.shape) and lhs.dtype == rhs.dtype else DENSE


@implements("broadcast_sub")
def _broadcast_sub(lhs: Any, rhs: Any) -> Any:
    return added(lhs, rhs, -1) if tuple(lhs.shape) == tuple(rhs.shape) and lhs.dtype == rhs.dtype else DENSE


@implements("broadcast_mul")
def _broadcast_mul(lhs: Any, rhs: Any) -> Any:
    if tuple(lhs.shape) == tuple(rhs.shape) and lhs.dtype == rhs.dtype:
        return multiplied(lhs, rhs)
    if isinstance(lhs, Csr) and isinstance(rhs, Tensor):
        return _by_vector(lhs, rhs, torch.mul)
    return _by_vector(rhs, lhs, torch.mul, True) if isinstance(rhs, Csr) and isinstance(lhs, Tensor) else DENSE


@implements("broadcast_div")
def _broadcast_div(lhs: Any, rhs: Any) -> Any:
    if isinstance(lhs, Csr) and isinstance(rhs, Tensor) and tuple(lhs.shape) != tuple(rhs.shape):
        return _by_vector(lhs, rhs, torch.div)
    return DENSE


def _by_vector(x: Csr, vector: Tensor, function: Callable[[Tensor, Tensor], Tensor], swapped: bool = False) -> Any:
    """csr with a dense (1, columns), (rows, 1), (1, 1) or (columns,) operand: the result has the places of the matrix."""
    shape = (1,) * (2 - vector.dim()) + tuple(vector.shape)
    if len(shape) != 2 or x.dtype != vector.dtype or any(v not in (1, s) for v, s in zip(shape, x.shape)):
        return DENSE

    def spread(v: Tensor) -> Tensor:
        v = v.reshape(shape)
        if shape == (1, 1):
            return v.reshape(1).expand(x.nnz)
        return v[0].index_select(0, x.indices) if shape[0] == 1 else v[:, 0].index_select(0, x.row_ids())

    def pair(g: Any) -> tuple[Tensor, Tensor]:
        values, other = x.data.detach().requires_grad_(True), vector.detach().requires_grad_(True)
        with torch.enable_grad():
            result = function(values, spread(other))
        of_values, of_other = torch.autograd.grad(result, (values, other), csr_algebra.entries_of(g, x))
        return of_values, of_other

    def of_matrix(g: Any) -> Any:
        return function(g, vector.reshape(shape)) if isinstance(g, Tensor) else x.with_data(pair(g)[0])

    gradients = (of_matrix, lambda g: pair(g)[1])
    return Tracked(x.with_data(function(x.data, spread(vector))), *(gradients[::-1] if swapped else gradients))


@implements("_scatter_elemwise_div")
def _scatter_div(lhs: Any, rhs: Any) -> Any:
    _check("_scatter_elemwise_div", lhs, rhs)
    if not isinstance(lhs, RowSparse):
        return DENSE
    return Tracked(lhs.with_data(lhs.data / _at_places(rhs, lhs)), lambda g: lhs.with_data(_at_places(g, lhs) / _at_places(rhs, lhs)),
                   lambda g: lhs.with_data(-_at_places(g, lhs) * lhs.data / _at_places(rhs, lhs) ** 2))  # fmt: skip


@implements("add_n")
def _add_n(*data: Any, **attrs: Any) -> Any:
    first = data[0]
    for x in data[1:]:
        _check("add_n", first, x)
    gradients = [_unchanged] * len(data)
    if all(isinstance(x, RowSparse) for x in data):
        return Tracked(merge(data), *gradients)
    if all(isinstance(x, Csr) for x in data):
        total = first
        for x in data[1:]:
            total = csr_algebra.add(total, x)
        return Tracked(total if total is not first else first.clone(), *gradients)
    dense = torch.zeros(first.shape, dtype=first.dtype, device=first.device)
    for x in data:
        dense = added(dense, x, 1).result
    return Tracked(dense, *gradients)


@implements("where")
def _where(condition: Any, x: Any, y: Any) -> Any:
    if not (isinstance(condition, Csr) and isinstance(x, Tensor) and isinstance(y, Tensor)):
        return NotImplemented
    _check("where", x, y)
    if tuple(condition.shape) != tuple(x.shape):
        raise MXNetError(f"where: condition has shape {tuple(condition.shape)}, x {tuple(x.shape)}. Pass arrays of equal shape.")
    true = condition.data != 0
    places = (condition.row_ids()[true], condition.indices[true])

    def of_x(g: Any) -> Any:
        found = torch.zeros_like(g)
        found[places] = g[places]
        return found

    def of_y(g: Any) -> Any:
        found = g.clone()
        found[places] = 0
        return found

    result = y.clone()
    result[places] = x[places]
    return Tracked(result, None, of_x, of_y)
