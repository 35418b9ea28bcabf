"""Shapes of the commonest operators by formula, without torch's meta device, whose first use loads torch's compiler (a second).

A rule takes (shapes of inputs, their types, typed attributes) and gives (shape, type) of every output, or None for whatever is not plain: other types
than floating-point ones, inputs that do not fit, rare attributes. The operator itself decides then, on meta tensors, and words the errors.
`tests/symbol/test_shape_rules.py` compares all rules with the operators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

Shape = tuple[int, ...]
Outputs = list[tuple[Shape, torch.dtype]]
Rule = Callable[[Sequence[Shape], Sequence[torch.dtype], dict], "Outputs | None"]


def _first(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    """Elementwise on the first input."""
    return [(shapes[0], types[0])]


def _alike(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    """Elementwise on inputs of one shape."""
    return [(shapes[0], types[0])] if all(s == shapes[0] for s in shapes) else None


def _broadcast(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    a, b = shapes
    out = []
    for i in range(max(len(a), len(b))):
        x = a[i - max(len(a), len(b))] if i >= len(b) - len(a) else 1
        y = b[i - max(len(a), len(b))] if i >= len(a) - len(b) else 1
        if x != y and 1 not in (x, y):
            return None
        out.append(y if x == 1 else x)
    return [(tuple(out), types[0])]


def _dense(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    data, weight = shapes[0], shapes[1]
    hidden, rest = attrs["num_hidden"], data[1:]
    width = 1
    for d in rest if attrs.get("flatten", True) else data[-1:]:
        width *= d
    if not data or weight != (hidden, width) or len(shapes) > 2 and shapes[2] != (hidden,):
        return None
    return [((data[0], hidden) if attrs.get("flatten", True) else (*data[:-1], hidden), types[0])]


_CHANNELS_FIRST = (None, "NCW", "NCHW", "NCDHW")


def _windows(name: str, attrs: dict, dims: int, default: int) -> Shape | None:
    """An attribute with one entry for each spatial axis; None where it is not plain."""
    given = tuple(attrs.get(name) or ()) or (default,) * dims
    return given if len(given) == dims and all(v >= default for v in given) else None


def _convolution(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    data, kernel = shapes[0], tuple(attrs["kernel"])
    dims, group, filters = len(kernel), attrs.get("num_group", 1), attrs["num_filter"]
    stride, dilate, pad = _windows("stride", attrs, dims, 1), _windows("dilate", attrs, dims, 1), _windows("pad", attrs, dims, 0)
    if (
        attrs.get("layout") not in _CHANNELS_FIRST
        or not stride
        or not dilate
        or not pad
        or not 1 <= dims <= 3
        or len(data) != dims + 2
        or min(kernel) < 1
        or group < 1
    ):
        return None
    if data[1] % group or filters % group or filters < 1 or shapes[1] != (filters, data[1] // group, *kernel):
        return None
    if len(shapes) > 2 and shapes[2] != (filters,):
        return None
    sizes = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, d, p in zip(data[2:], kernel, stride, dilate, pad))
    return [((data[0], filters, *sizes), types[0])] if min(sizes) > 0 and min(data) > 0 else None


def _pooling(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    data, kernel = shapes[0], tuple(attrs.get("kernel") or ())
    dims, convention = len(data) - 2, attrs.get("pooling_convention", "valid")
    if (
        attrs.get("layout") not in _CHANNELS_FIRST
        or not 1 <= dims <= 3
        or convention == "same"
        or attrs.get("pool_type") == "lp"
        or min(data) < 1
    ):
        return None
    if attrs.get("global_pool"):
        return [((*data[:2], *[1] * dims), types[0])]
    stride, pad = _windows("stride", attrs, dims, 1), _windows("pad", attrs, dims, 0)
    if not stride or not pad or len(kernel) != dims or min(kernel) < 1 or any(n + 2 * p < k for n, p, k in zip(data[2:], pad, kernel)):
        return None
    up = convention == "full"
    sizes = [(n + 2 * p - k + (s - 1) * up) // s + 1 for n, k, s, p in zip(data[2:], kernel, stride, pad)]
    return [((*data[:2], *sizes), types[0])]


def _batch_norm(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    data, axis = shapes[0], attrs.get("axis", 1)
    if attrs.get("output_mean_var") or not -len(data) <= axis < len(data) or any(s != (data[axis],) for s in shapes[1:]):
        return None
    statistics = torch.float32 if types[0] in (torch.float16, torch.bfloat16) else types[0]
    return [(data, types[0])] if all(t == statistics for t in types[1:]) else None


def _concat(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    first, axis = shapes[0], attrs.get("dim", 1)
    if not -len(first) <= axis < len(first) or any(len(s) != len(first) for s in shapes):
        return None
    axis %= len(first)
    if any(s[:axis] != first[:axis] or s[axis + 1 :] != first[axis + 1 :] for s in shapes):
        return None
    return [((*first[:axis], sum(s[axis] for s in shapes), *first[axis + 1 :]), types[0])]


def _embedding(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    rows, width = attrs["input_dim"], attrs["output_dim"]
    return [((*shapes[0], width), types[1])] if shapes[1] == (rows, width) and rows > 0 else None


def _softmax(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    axis = attrs.get("axis", -1)
    if len(shapes) > 1 or attrs.get("dtype") or attrs.get("use_length") or not -len(shapes[0]) <= axis < len(shapes[0]):
        return None
    return [(shapes[0], types[0])]


def _softmax_output(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    data, label = shapes
    wanted = (data[0], *data[2:]) if attrs.get("multi_output") else data[:-1]
    return [(data, types[0])] if len(data) >= 2 and label == wanted else None


def _layer_norm(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    data, axis = shapes[0], attrs.get("axis", -1)
    if attrs.get("output_mean_var") or not -len(data) <= axis < len(data) or any(s != (data[axis],) for s in shapes[1:]):
        return None
    return [(data, types[0])]


def _leaky(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    return [(shapes[0], types[0])] if attrs.get("act_type", "leaky") in ("leaky", "elu", "selu", "gelu") else None


def _reduce(shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    data, axis, keep = shapes[0], attrs.get("axis"), attrs.get("keepdims", False)
    axes = (axis,) if isinstance(axis, int) else tuple(axis or range(len(data)))
    if any(not -len(data) <= a < len(data) for a in axes) or 0 in data or not data:
        return None
    gone = {a % len(data) for a in axes}
    if len(gone) != len(axes):
        return None
    if attrs.get("exclude", False):
        gone = set(range(len(data))) - gone if axis not in (None, ()) else set()
        if axis in (None, ()):
            return None
    sizes = tuple(1 if i in gone else d for i, d in enumerate(data) if keep or i not in gone)
    return [(sizes or (1,), types[0])]


_UNARY = ("Activation abs arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil clip cos cosh degrees erf erfinv exp expm1 fix floor gamma gammaln log log10 "
          "log1p log2 negative radians rcbrt reciprocal relu rint round rsqrt sigmoid sign sin sinh softsign sqrt square tan tanh trunc smooth_l1 "
          "hard_sigmoid").split()  # fmt: skip
_SCALAR = ("_plus_scalar _minus_scalar _rminus_scalar _mul_scalar _div_scalar _rdiv_scalar _power_scalar _rpower_scalar _maximum_scalar "
           "_minimum_scalar").split()  # fmt: skip
_SAME = "elemwise_add elemwise_sub elemwise_mul elemwise_div _power _maximum _minimum _hypot _mod add_n".split()
_PAIRS = ("broadcast_add broadcast_sub broadcast_mul broadcast_div broadcast_power broadcast_maximum broadcast_minimum broadcast_hypot broadcast_mod "
          "broadcast_equal broadcast_not_equal broadcast_greater broadcast_greater_equal broadcast_lesser broadcast_lesser_equal").split()  # fmt: skip

RULES: dict[str, Rule] = {
    **dict.fromkeys(_UNARY + _SCALAR, _first), **dict.fromkeys(_SAME, _alike), **dict.fromkeys(_PAIRS, _broadcast),
    **dict.fromkeys(("sum", "mean", "max", "min", "prod"), _reduce), **dict.fromkeys(("softmax", "log_softmax", "softmin"), _softmax),
    "FullyConnected": _dense, "Convolution": _convolution, "Pooling": _pooling, "BatchNorm": _batch_norm, "Concat": _concat,
    "Embedding": _embedding, "SoftmaxOutput": _softmax_output, "LayerNorm": _layer_norm, "LeakyReLU": _leaky,
}  # fmt: skip

_FLOATS = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
#: Operators whose inputs need not share one type.
_MIXED = frozenset({"Embedding", "BatchNorm"})


def outputs_of(name: str, shapes: Sequence[Shape], types: Sequence[torch.dtype], attrs: dict) -> Outputs | None:
    """(shape, type) of every output of a plain call, else None."""
    rule = RULES.get(name)
    if rule is None or not types or types[-1] not in _FLOATS or name not in _MIXED and any(t is not types[0] for t in types):
        return None
    return rule(shapes, types, attrs)
