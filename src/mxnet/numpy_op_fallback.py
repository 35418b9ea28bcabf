"""Operators of `mx.sym.np` that graph files hold as Custom operators: resize, empty_like, unravel_index and random.multivariate_normal.

Nothing but their names is registered before a graph has one of them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as onp

from . import numpy as np
from .operator import CustomOp, CustomOpProp
from .operator import register as _register
from .util import np_array, use_np

__all__ = ["EmptyLike", "EmptyLikeProp", "MultivariateNormal", "MultivariateNormalProp", "Resize", "ResizeProp", "Unravel_index",
           "Unravel_indexProp", "register"]  # fmt: skip


def register(op_name: str, imperative: bool = True, symbolic: bool = True) -> Callable[[type], type]:
    """Decorator for a CustomOpProp whose operator works on `mx.np` arrays; `mx.nd.Custom` and `mx.sym.Custom` find it by its name."""

    def add(prop: type) -> type:
        with np_array():
            return _register(op_name)(prop)

    return add


class _WithoutGradient(CustomOp):
    def backward(self, req: list[str], out_grad: list, in_data: list, out_data: list, in_grad: list, aux: list) -> None:
        """Refused: the operator has no gradient."""
        raise NotImplementedError(f"{type(self).__name__}: there is no gradient. Compute it outside of record(), or through detach().")


class EmptyLike(_WithoutGradient):
    """An array in the shape and type of another; the values are zeros."""

    def __init__(self, dtype: Any, order: str, subok: bool, shape: Any) -> None:
        self._dtype, self._order, self._subok, self._shape = dtype, order, subok, shape

    def forward(self, is_train: bool, req: list[str], in_data: list, out_data: list, aux: list) -> None:
        """Leave the values as they are."""


@register("empty_like_fallback")
class EmptyLikeProp(CustomOpProp):
    """Declares EmptyLike."""

    def __init__(self, dtype: str, order: str, subok: str, shape: str) -> None:
        super().__init__()
        self._dtype = None if dtype == "None" else dtype
        self._settings = (order, ast.literal_eval(subok), ast.literal_eval(shape))

    def list_arguments(self) -> list[str]:
        """The array to be like."""
        return ["prototype"]

    def infer_shape(self, in_shape: list) -> tuple:
        """The shape of the argument."""
        return (in_shape[0],), (in_shape[0],), ()

    def infer_type(self, in_type: list) -> tuple:
        """The type of the argument, unless another is asked for."""
        return (in_type[0],), (in_type[0] if self._dtype is None else onp.dtype(self._dtype).type,), ()

    def create_operator(self, ctx: Any, in_shapes: list, in_dtypes: list) -> CustomOp:
        """EmptyLike with these settings."""
        return EmptyLike(self._dtype, *self._settings)


class Resize(_WithoutGradient):
    """The elements, repeated or cut off, in another shape."""

    def __init__(self, new_shape: Any) -> None:
        self._new_shape = new_shape

    def forward(self, is_train: bool, req: list[str], in_data: list, out_data: list, aux: list) -> None:
        """Fill the output with the elements in a circle."""
        self.assign(out_data[0], req[0], np.resize(in_data[0], self._new_shape))


@register("resize_fallback")
class ResizeProp(CustomOpProp):
    """Declares Resize."""

    def __init__(self, new_shape: str) -> None:
        super().__init__()
        self._new_shape = ast.literal_eval(new_shape)

    def list_arguments(self) -> list[str]:
        """The array."""
        return ["a"]

    def infer_shape(self, in_shape: list) -> tuple:
        """The new shape."""
        return (in_shape[0],), ((self._new_shape,) if onp.isscalar(self._new_shape) else self._new_shape,), ()

    def create_operator(self, ctx: Any, in_shapes: list, in_dtypes: list) -> CustomOp:
        """Resize to the new shape."""
        return Resize(self._new_shape)


class Unravel_index(_WithoutGradient):
    """Flat indices as a row of indices for each axis."""

    def __init__(self, shape: Any) -> None:
        self._shape = shape

    def forward(self, is_train: bool, req: list[str], in_data: list, out_data: list, aux: list) -> None:
        """One row an axis."""
        rows = onp.stack(onp.unravel_index(in_data[0].asnumpy(), self._shape))
        self.assign(out_data[0], req[0], np.array(rows, dtype=rows.dtype, ctx=out_data[0].ctx))


@register("unravel_index_fallback")
class Unravel_indexProp(CustomOpProp):
    """Declares Unravel_index."""

    def __init__(self, shape: str) -> None:
        super().__init__()
        self._shape = ast.literal_eval(shape)

    def list_arguments(self) -> list[str]:
        """The flat indices."""
        return ["indices"]

    def infer_shape(self, in_shape: list) -> tuple:
        """A row for each axis of the shape."""
        return (in_shape[0],), ((1 if onp.isscalar(self._shape) else len(self._shape), *in_shape[0]),), ()

    def create_operator(self, ctx: Any, in_shapes: list, in_dtypes: list) -> CustomOp:
        """Unravel_index for the shape."""
        return Unravel_index(self._shape)


class MultivariateNormal(_WithoutGradient):
    """Normal vectors with given means and covariances."""

    def __init__(self, size: Any = None) -> None:
        self._size = size

    def forward(self, is_train: bool, req: list[str], in_data: list, out_data: list, aux: list) -> None:
        """Draw them."""
        self.assign(out_data[0], req[0], np.random.multivariate_normal(in_data[0], in_data[1], self._size))


@register("mvn_fallback")
class MultivariateNormalProp(CustomOpProp):
    """Declares MultivariateNormal."""

    def __init__(self, size: str | None = None) -> None:
        super().__init__()
        size = None if size is None else ast.literal_eval(size)
        self._size = (size,) if isinstance(size, int) else size

    def list_arguments(self) -> list[str]:
        """Means and covariances."""
        return ["mean", "cov"]

    def infer_shape(self, in_shape: list) -> tuple:
        """The size, then the common shape of the means and of the covariances without their last axis."""
        mean, cov = (tuple(s) for s in in_shape)
        if len(mean) < 1 or len(cov) < 2 or not mean[-1] == cov[-1] == cov[-2]:
            raise ValueError(f"random.multivariate_normal: mean {mean} and cov {cov} do not fit. Pass shapes (..., n) and (..., n, n).")
        return in_shape, ((*(self._size or ()), *onp.broadcast_shapes(mean, cov[:-1])),), ()

    def create_operator(self, ctx: Any, in_shapes: list, in_dtypes: list) -> CustomOp:
        """MultivariateNormal of the size."""
        return MultivariateNormal(self._size)


for _cls in (EmptyLike, Resize, Unravel_index, MultivariateNormal):
    use_np(_cls)
