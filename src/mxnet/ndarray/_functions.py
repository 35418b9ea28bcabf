"""Functions of the namespace that take arrays or numbers: `add(2, x)`, `maximum(x, 0)`, `concatenate` ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._op.registry import NAMES
from .._runtime.array import Array
from .._runtime.invoke import NO_ATTRS, invoke
from ._arithmetic import NUMBERS, scalar_attrs
from ._creation import array
from ._ndarray import NDArray


def _either(name: str, array_op: str, scalar_op: str, reverse_op: str | None, python: Callable, doc: str) -> Callable:
    """A function of two arrays, an array and a number, or two numbers."""

    def function(lhs: Any, rhs: Any) -> Any:
        left, right = isinstance(lhs, Array), isinstance(rhs, Array)
        if left and right:
            return invoke(NAMES[array_op], (lhs, rhs), NO_ATTRS)
        if left and isinstance(rhs, NUMBERS):
            return invoke(NAMES[scalar_op], (lhs,), scalar_attrs(rhs))
        if right and isinstance(lhs, NUMBERS):
            return invoke(NAMES[reverse_op or scalar_op], (rhs,), scalar_attrs(lhs))
        if isinstance(lhs, NUMBERS) and isinstance(rhs, NUMBERS):
            return python(lhs, rhs)
        wrong = lhs if not left and not isinstance(lhs, NUMBERS) else rhs
        raise TypeError(f"{name}: takes arrays and numbers, got {type(wrong).__name__}. Convert it with mx.nd.array.")

    function.__name__ = function.__qualname__ = name
    function.__module__ = "mxnet.ndarray"
    function.__doc__ = doc
    return function


add = _either("add", "broadcast_add", "_plus_scalar", None, lambda a, b: a + b, "lhs + rhs, with broadcasting.")
subtract = _either("subtract", "broadcast_sub", "_minus_scalar", "_rminus_scalar", lambda a, b: a - b, "lhs - rhs, with broadcasting.")
multiply = _either("multiply", "broadcast_mul", "_mul_scalar", None, lambda a, b: a * b, "lhs * rhs, with broadcasting.")
divide = _either("divide", "broadcast_div", "_div_scalar", "_rdiv_scalar", lambda a, b: a / b, "lhs / rhs, with broadcasting.")
modulo = _either("modulo", "broadcast_mod", "_mod_scalar", "_rmod_scalar", lambda a, b: a % b, "lhs % rhs, with broadcasting.")
maximum = _either("maximum", "broadcast_maximum", "_maximum_scalar", None, max, "The larger of lhs and rhs, with broadcasting.")
minimum = _either("minimum", "broadcast_minimum", "_minimum_scalar", None, min, "The smaller of lhs and rhs, with broadcasting.")
equal = _either("equal", "broadcast_equal", "_equal_scalar", None, lambda a, b: float(a == b), "1 where lhs == rhs, else 0.")
not_equal = _either(
    "not_equal", "broadcast_not_equal", "_not_equal_scalar", None, lambda a, b: float(a != b), "1 where lhs != rhs, else 0."
)
greater = _either(
    "greater", "broadcast_greater", "_greater_scalar", "_lesser_scalar", lambda a, b: float(a > b), "1 where lhs > rhs, else 0."
)
greater_equal = _either("greater_equal", "broadcast_greater_equal", "_greater_equal_scalar", "_lesser_equal_scalar",
                        lambda a, b: float(a >= b), "1 where lhs >= rhs, else 0.")  # fmt: skip
lesser = _either("lesser", "broadcast_lesser", "_lesser_scalar", "_greater_scalar", lambda a, b: float(a < b), "1 where lhs < rhs, else 0.")
lesser_equal = _either("lesser_equal", "broadcast_lesser_equal", "_lesser_equal_scalar", "_greater_equal_scalar",
                       lambda a, b: float(a <= b), "1 where lhs <= rhs, else 0.")  # fmt: skip
logical_and = _either(
    "logical_and", "broadcast_logical_and", "_logical_and_scalar", None, lambda a, b: float(bool(a and b)), "1 where both are not 0."
)
logical_or = _either(
    "logical_or", "broadcast_logical_or", "_logical_or_scalar", None, lambda a, b: float(bool(a or b)), "1 where one is not 0."
)
logical_xor = _either("logical_xor", "broadcast_logical_xor", "_logical_xor_scalar", None, lambda a, b: float(bool(a) != bool(b)),
                      "1 where exactly one is not 0.")  # fmt: skip
true_divide = divide
_power = _either("power", "broadcast_power", "_power_scalar", "_rpower_scalar", lambda a, b: a**b, "base ** exp, with broadcasting.")


def power(base: Any, exp: Any) -> Any:
    """base ** exp, with broadcasting."""
    return _power(base, exp)


def concatenate(arrays: Any, axis: int = 0, always_copy: bool = True) -> NDArray:
    """Arrays joined along an axis; a single array is copied only if always_copy."""
    arrays = list(arrays)
    if not arrays:
        raise ValueError("concatenate: no arrays given. Pass at least one.")
    if len(arrays) == 1:
        return arrays[0].copy() if always_copy else arrays[0]
    op = NAMES["Concat"]
    return invoke(op, arrays, op.parse({"dim": axis}))


def moveaxis(tensor: NDArray, source: Any, destination: Any) -> NDArray:
    """The array with axes moved to new places, the others in their old order."""
    ndim = tensor.ndim
    src = [source] if isinstance(source, int) else list(source)
    dst = [destination] if isinstance(destination, int) else list(destination)
    if len(src) != len(dst):
        raise ValueError(f"moveaxis: {len(src)} sources but {len(dst)} destinations. Pass equal numbers.")
    for axis in src + dst:
        if not -ndim <= axis < ndim:
            raise ValueError(f"moveaxis: axis {axis} is out of range for {ndim} axes. Use -{ndim}..{ndim - 1}.")
    src, dst = [a % ndim for a in src], [a % ndim for a in dst]
    if len(set(src)) != len(src) or len(set(dst)) != len(dst):
        raise ValueError("moveaxis: an axis is named twice. Name each once.")
    order = [a for a in range(ndim) if a not in src]
    for d, s in sorted(zip(dst, src)):
        order.insert(d, s)
    return tensor.transpose(order)


def onehot_encode(indices: NDArray, out: NDArray) -> NDArray:
    """Write the one-hot rows of indices into `out` (deprecated; use one_hot)."""
    op = NAMES["one_hot"]
    out[:] = invoke(op, (indices,), op.parse({"depth": out.shape[1], "dtype": out.dtype}))
    return out


def histogram(a: NDArray, bins: Any = 10, range: tuple | None = None) -> list[NDArray]:
    """Counts and bin edges of the values."""
    op = NAMES["_histogram"]
    if isinstance(bins, Array):
        return invoke(op, (a, bins), NO_ATTRS)
    if not isinstance(bins, (int, np.integer)):
        raise ValueError(f"histogram: bins must be an int or an NDArray of edges, got {type(bins).__name__}. Pass one of them.")
    if range is None:
        range = (float(a.min().asscalar()), float(a.max().asscalar()))
        if range[0] == range[1]:
            range = (range[0] - 0.5, range[1] + 0.5)
    return invoke(op, (a, None), op.parse({"bin_cnt": int(bins), "range": range}))


def imdecode(str_img: bytes, clip_rect: tuple = (0, 0, 0, 0), out: NDArray | None = None, index: int = 0, channels: int = 3,
             mean: NDArray | None = None) -> NDArray:  # fmt: skip
    """An image of encoded bytes as (1, channels, height, width), optionally cut to clip_rect and less a mean (deprecated)."""
    import cv2  # noqa: PLC0415  optional and heavy

    flag = cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE
    image = cv2.imdecode(np.frombuffer(str_img, np.uint8), flag)
    if image is None:
        raise ValueError(f"imdecode: cannot decode {len(str_img)} bytes as an image. Pass a JPEG or PNG file's bytes.")
    image = image[:, :, ::-1].transpose(2, 0, 1) if channels == 3 else image[None]
    x0, y0, x1, y1 = clip_rect
    if x1 and y1:
        image = image[:, y0:y1, x0:x1]
    decoded = array(np.ascontiguousarray(image)[None])
    if mean is not None:
        decoded = decoded - mean
    if out is None:
        return decoded
    out[index : index + 1] = decoded
    return out
