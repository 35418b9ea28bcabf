"""Functions of `mx.np` that rearrange, join and cut arrays."""

from __future__ import annotations

import operator
from typing import Any

from .._op.registry import NAMES
from .._runtime.invoke import invoke
from ..symbol.symbol import Symbol
from ._call import NUMBERS, axes, call, checked, device, is_array, plain, sizes


def _c_order(order: str) -> None:
    if order != "C":
        raise NotImplementedError(f"mx.np.reshape: order {order!r} is not supported. Use 'C'.")


def reshape(a: Any, newshape: Any, order: str = "C", out: Any = None) -> Any:
    """The elements in another shape."""
    _c_order(order)
    return call("_np_reshape", a, out=out, newshape=sizes(newshape))


def ravel(x: Any, order: str = "C") -> Any:
    """The elements in one axis."""
    _c_order(order)
    return call("_np_reshape", x, newshape=(-1,))


def transpose(a: Any, axes: Any = None) -> Any:
    """The axes in another order, reversed by default."""
    return call("_np_transpose", a, **({} if axes is None else {"axes": tuple(axes)}))


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    return call("_npi_swapaxes", a, dim1=axis1, dim2=axis2)


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places."""
    return call("_np_moveaxis", a, source=axes(source), destination=axes(destination))


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved back until it stands before the axis `start`."""
    if isinstance(checked(a, "rollaxis"), Symbol):
        raise TypeError("mx.np.rollaxis: the axes of a symbol are not known. Use moveaxis.")
    n = a.ndim
    axis, start = axis % n, start + n if start < 0 else start
    return moveaxis(a, axis, start - 1 if axis < start else start)


def expand_dims(a: Any, axis: int) -> Any:
    """An axis of size 1 put in."""
    return call("_npi_expand_dims", a, axis=axis)


def squeeze(a: Any, axis: Any = None, out: Any = None) -> Any:
    """Axes of size 1 taken out."""
    return call("_np_squeeze", a, out=out, **({} if axis is None else {"axis": axes(axis)}))


def broadcast_to(array: Any, shape: Any) -> Any:
    """The array repeated along axes of size 1 up to a shape; a number becomes an array."""
    if isinstance(array, NUMBERS):
        return call("_npi_full", shape=sizes(shape), value=plain(array), ctx=device(None))
    return call("_npi_broadcast_to", array, shape=sizes(shape))


def broadcast_arrays(*args: Any) -> list:
    """All arrays in their common shape."""
    shape: list[int] = []
    for a in args:
        s = list(checked(a, "broadcast_arrays").shape)
        long, short = (shape, s) if len(shape) >= len(s) else (s, shape)
        shape = long[: len(long) - len(short)]
        for x, y in zip(long[len(shape) :], short):
            if x != y and 1 not in (x, y):
                raise ValueError(f"mx.np.broadcast_arrays: shapes {[b.shape for b in args]} do not broadcast. Make sizes equal or 1.")
            shape.append(y if x == 1 else x)
    return [broadcast_to(a, tuple(shape)) for a in args]


def flip(m: Any, axis: Any = None, out: Any = None) -> Any:
    """Axes (all by default) in reverse order."""
    return call("_npi_flip", m, out=out, axis=axes(axis))


def flipud(m: Any) -> Any:
    """The first axis in reverse order."""
    return flip(m, 0)


def fliplr(m: Any) -> Any:
    """The second axis in reverse order."""
    return flip(m, 1)


def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """The array turned by 90 degrees k times."""
    return call("_npi_rot90", m, k=k, axes=tuple(axes))


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Elements moved along axes, in a circle."""
    return call("_np_roll", a, shift=axes(shift), **({} if axis is None else {"axis": axes(axis)}))


def tile(A: Any, reps: Any) -> Any:
    """The array repeated as a whole."""
    return call("_npi_tile", A, reps=sizes(reps))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element (or slice) repeated."""
    return call("_np_repeat", a, repeats=repeats, **({} if axis is None else {"axis": axis}))


def pad(x: Any, pad_width: Any = None, mode: str = "constant", **kwargs: Any) -> Any:
    """Elements put around an array: pad_width is ((before, after), ...), or one pair for all axes."""
    if isinstance(pad_width, list):
        pad_width = tuple(map(tuple, pad_width)) if pad_width and isinstance(pad_width[0], (list, tuple)) else tuple(pad_width)
    if not isinstance(pad_width, tuple):
        raise TypeError(f"mx.np.pad: pad_width must be a tuple, got {type(pad_width).__name__}. Pass ((before, after), ...).")
    modes = ("constant", "edge", "reflect", "symmetric", "maximum", "minimum")
    if mode not in modes:
        raise KeyError(f"mx.np.pad: mode {mode!r} is not supported. Use one of {', '.join(modes)}.")
    allowed = {"constant": ("constant_values",), "reflect": ("reflect_type",), "symmetric": ("reflect_type",)}.get(mode, ("stat_length",))
    for key, value in kwargs.items():
        if key not in allowed:
            raise ValueError(f"mx.np.pad: mode {mode!r} takes no {key!r}. Use {', '.join(allowed)}.")
        if key == "stat_length" and value is not None:
            raise NotImplementedError("mx.np.pad: stat_length is not supported. Leave it away.")
    n = len(pad_width) if isinstance(checked(x, "pad"), Symbol) else x.ndim
    pairs = pad_width if isinstance(pad_width[0], (tuple, list)) else (pad_width,)
    pairs = tuple((p[0], p[-1]) for p in pairs)
    pairs = pairs * n if len(pairs) == 1 else pairs
    attrs = {"constant_value": kwargs.get("constant_values", 0), "reflect_type": kwargs.get("reflect_type", "even")}
    return call("_npi_pad", x, pad_width=str(pairs), mode=mode, **attrs)


# ---- diagonals


def diag(array: Any, k: int = 0) -> Any:
    """A diagonal of a matrix, or the matrix with a vector on it."""
    return call("_np_diag", array, k=k)


def diagflat(array: Any, k: int = 0) -> Any:
    """The matrix with the flattened array on its diagonal."""
    return call("_np_diagflat", array, k=k)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Diagonals of the matrices in two axes."""
    return call("_np_diagonal", a, offset=offset, axis1=axis1, axis2=axis2)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, out: Any = None) -> Any:
    """Sums of diagonals."""
    return call("_np_trace", a, out=out, offset=offset, axis1=axis1, axis2=axis2)


def tril(m: Any, k: int = 0) -> Any:
    """Matrices with zeros above the k-th diagonal."""
    return call("_npi_tril", m, k=k)


def diag_indices_from(arr: Any) -> tuple:
    """The indices of the main diagonal, one array for each axis."""
    made = call("_npi_diag_indices_from", arr)
    return made if isinstance(made, Symbol) else tuple(made)


# ---- joining


def _list(arrays: Any, where: str) -> list:
    return [checked(a, where) for a in arrays]


def concatenate(seq: Any, axis: int | None = 0, out: Any = None) -> Any:
    """Arrays one after another along an axis; None: flattened."""
    arrays = _list(seq, "concatenate")
    return call("_npi_concatenate", *arrays, out=out, num_args=len(arrays), axis=axis)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Two arrays one after the other; axis None: flattened."""
    return concatenate((arr, values), axis)


def stack(arrays: Any, axis: int = 0, out: Any = None) -> Any:
    """Arrays of one shape along a new axis."""
    arrays = _list(arrays, "stack")
    return call("_npi_stack", *arrays, out=out, num_args=len(arrays), axis=axis)


def vstack(arrays: Any, out: Any = None) -> Any:
    """Arrays on top of each other."""
    arrays = _list(arrays, "vstack")
    return call("_npi_vstack", *arrays, out=out, num_args=len(arrays))


def hstack(arrays: Any) -> Any:
    """Arrays side by side."""
    arrays = _list(arrays, "hstack")
    return call("_npi_hstack", *arrays, num_args=len(arrays))


def dstack(arrays: Any) -> Any:
    """Arrays along the third axis."""
    arrays = _list(arrays, "dstack")
    return call("_npi_dstack", *arrays, num_args=len(arrays))


def column_stack(tup: Any) -> Any:
    """Vectors as columns of a matrix."""
    arrays = _list(tup, "column_stack")
    return call("_npi_column_stack", *arrays, num_args=len(arrays))


def _atleast(n: int, arys: tuple) -> Any:
    made = call(f"_np_atleast_{n}d", *arys, num_args=len(arys))
    return made


def atleast_1d(*arys: Any) -> Any:
    """Arrays with at least one axis."""
    return _atleast(1, arys)


def atleast_2d(*arys: Any) -> Any:
    """Arrays with at least two axes."""
    return _atleast(2, arys)


def atleast_3d(*arys: Any) -> Any:
    """Arrays with at least three axes."""
    return _atleast(3, arys)


# ---- cutting


def _cut(ary: Any, where: Any, axis: int, name: str) -> list:
    x = checked(ary, name)
    if isinstance(x, Symbol):
        equal = isinstance(where, NUMBERS)
        cuts = {"indices": (), "sections": where} if equal else {"indices": (0, *where), "sections": 0}
        made = call({"hsplit": "_npi_hsplit", "dsplit": "_npi_dsplit"}.get(name, "_npi_split"), x, axis=axis, squeeze_axis=False, **cuts)
        return made if made.num_outputs > 1 else [made]
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"mx.np.{name}: axis {axis} is out of range for shape {x.shape}. Name an axis of the array.")
    if isinstance(where, NUMBERS):
        size, parts = x.shape[axis], operator.index(where)
        if parts <= 0 or size % parts:
            raise ValueError(f"mx.np.{name}: an axis of size {size} cannot be cut into {parts} equal parts. Use a divisor.")
        attrs = {"indices": (), "sections": parts}
    else:
        attrs = {"indices": (0, *(operator.index(i) for i in where)), "sections": 0}
    made = call("_npi_split", x, axis=axis, squeeze_axis=False, **attrs)
    return made if isinstance(made, list) else [made]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list:
    """Equal parts along an axis, or parts cut at indices."""
    return _cut(ary, indices_or_sections, axis, "split")


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list:
    """Parts along an axis, of sizes that differ by at most 1."""
    if isinstance(indices_or_sections, NUMBERS) and not isinstance(ary, Symbol):
        size, parts = checked(ary, "array_split").shape[axis], operator.index(indices_or_sections)
        if parts <= 0:
            raise ValueError(f"mx.np.array_split: {parts} parts. Pass 1 or more.")
        small, longer = divmod(size, parts)
        indices_or_sections = [i * small + (i if i < longer else longer) for i in range(1, parts)]
    return _cut(ary, indices_or_sections, axis, "array_split")


def vsplit(ary: Any, indices_or_sections: Any) -> list:
    """Parts along the first axis."""
    if not isinstance(checked(ary, "vsplit"), Symbol) and ary.ndim < 2:
        raise ValueError("mx.np.vsplit: needs an array of two axes or more. Use split.")
    return _cut(ary, indices_or_sections, 0, "vsplit")


def hsplit(ary: Any, indices_or_sections: Any) -> list:
    """Parts along the second axis; of a vector along its only one (a symbol is taken for an array of two axes or more)."""
    if isinstance(checked(ary, "hsplit"), Symbol):
        return _cut(ary, indices_or_sections, 1, "hsplit")
    if ary.ndim < 1:
        raise ValueError("mx.np.hsplit: needs an array of one axis or more. Use atleast_1d.")
    return _cut(ary, indices_or_sections, 0 if ary.ndim == 1 else 1, "hsplit")


def dsplit(ary: Any, indices_or_sections: Any) -> list:
    """Parts along the third axis."""
    if not isinstance(checked(ary, "dsplit"), Symbol) and ary.ndim < 3:
        raise ValueError("mx.np.dsplit: needs an array of three axes or more. Use split.")
    return _cut(ary, indices_or_sections, 2, "dsplit")


# ---- taking, putting in, differences


def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise", out: Any = None) -> Any:
    """Slices along an axis (None: of the flattened array) by index; mode "clip", "wrap" or "raise"."""
    if mode not in ("wrap", "clip", "raise"):
        raise NotImplementedError(f"mx.np.take: mode {mode!r} is not supported. Use 'raise', 'clip' or 'wrap'.")
    x = checked(a, "take")
    return call("_npi_take", x.reshape(-1) if axis is None else x, indices, out=out, axis=axis or 0, mode=mode)


def _where(obj: Any, name: str) -> tuple[dict, tuple]:
    if isinstance(obj, slice):
        return {k: v for k, v in (("start", obj.start), ("stop", obj.stop), ("step", obj.step)) if v is not None}, ()
    if isinstance(obj, NUMBERS):
        return {"int_ind": operator.index(obj)}, ()
    if is_array(obj) or isinstance(obj, Symbol):
        return {}, (obj,)
    raise TypeError(
        f"mx.np.{name}: obj must be an int, a slice or an array, got {type(obj).__name__}. Use mx.np.array(obj, dtype='int64')."
    )


def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """The array without some indices of an axis (None: of the flattened array)."""
    attrs, arrays = _where(obj, "delete")
    return call("_npi_delete", arr, *arrays, **attrs, **({} if axis is None else {"axis": axis}))


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Values put in before indices of an axis (None: of the flattened array)."""
    attrs, arrays = _where(obj, "insert")
    if axis is not None:
        attrs["axis"] = axis
    if isinstance(values, NUMBERS):
        attrs["val"], given = float(values), ()
    else:
        given = (checked(values, "insert: values"),)
    name = "_npi_insert_tensor" if arrays else "_npi_insert_slice" if isinstance(obj, slice) else "_npi_insert_scalar"
    return call(name, arr, *given, *arrays, **attrs)


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """n-th differences of neighbours."""
    if prepend or append:
        raise NotImplementedError("mx.np.diff: prepend and append are not supported. Use concatenate.")
    return call("_npi_diff", a, n=n, axis=axis)


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours in the flattened array, with values put before and after."""
    arrays, attrs = [ary], {}
    for key, value in (("to_begin", to_begin), ("to_end", to_end)):
        if is_array(value) or isinstance(value, Symbol):
            arrays.append(value)
            attrs[f"{key}_arr_given"] = True
        elif value is not None:
            attrs[f"{key}_scalar"] = float(value)
    return call("_npi_ediff1d", *arrays, **attrs)


def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple:
    """Flat indices as one array of indices for each axis."""
    if order != "C":
        raise NotImplementedError("mx.np.unravel_index: only order 'C' is supported.")
    op = NAMES["_unravel_index"]
    if isinstance(indices, NUMBERS):
        raise TypeError("mx.np.unravel_index: indices must be an array. Use mx.np.array([i], dtype='int64').")
    if isinstance(indices, Symbol):
        return call("Custom", indices, op_type="unravel_index_fallback", shape=str(sizes(shape)))
    return tuple(invoke(op.prepare(), (checked(indices, "unravel_index"),), op.parse({"shape": sizes(shape)})))


def resize(a: Any, new_shape: Any) -> Any:
    """The elements, repeated or cut off, in another shape."""
    shape = sizes(new_shape)
    if isinstance(a, Symbol):
        return call("Custom", a, op_type="resize_fallback", new_shape=str(shape))
    total = 1
    for n in shape:
        total *= n
    flat = ravel(a)
    if flat.size == 0:  # nothing to repeat: zeros, as in NumPy
        return call("_npi_zeros", shape=shape, ctx=str(a.ctx), dtype=str(a.dtype))
    return reshape(tile(flat, -(-total // flat.size))[:total], shape)


def shape(a: Any) -> tuple[int, ...]:
    """The sizes of the axes."""
    return checked(a, "shape").shape


row_stack = vstack
FUNCTIONS = {f.__name__: f for f in (reshape, ravel, transpose, swapaxes, moveaxis, rollaxis, expand_dims, squeeze, broadcast_to, broadcast_arrays,
                                     flip, flipud, fliplr, rot90, roll, tile, repeat, pad, diag, diagflat, diagonal, trace, tril,
                                     diag_indices_from, concatenate, append, stack, vstack, hstack, dstack, column_stack, atleast_1d,
                                     atleast_2d, atleast_3d, split, array_split, vsplit, hsplit, dsplit, take, delete, insert, diff, ediff1d,
                                     unravel_index, resize, shape)}  # fmt: skip
FUNCTIONS["row_stack"] = vstack
