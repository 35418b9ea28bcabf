"""What the shape of an output tells about the inputs of its operator: needed where sizes are given late (batch sizes of states, labels)."""

from __future__ import annotations

from collections.abc import Callable

from ._node import Node

Shape = tuple[int, ...]
#: unknown axes are 0 here; a rule gets the node, the output shapes and the input shapes that are known so far, and gives input shapes
Rule = Callable[[Node, list, list], list]


def from_outputs(n: Node, outputs: list, inputs: list) -> list:
    """Shapes of the inputs (None: nothing follows), with 0 for unknown axes."""
    assert n.op is not None
    rule = _RULES.get(n.op.name)
    if rule is None or outputs[0] is None and rule is not _slices:
        return [None] * len(inputs)
    return rule(n, outputs, inputs)


def _first(n: Node, outputs: list, inputs: list) -> list:
    return [outputs[0], *[None] * (len(inputs) - 1)]


def _dense(n: Node, outputs: list, inputs: list) -> list:
    out, data, weight = outputs[0], inputs[0], inputs[1]
    rest = [None] * (len(inputs) - 1)
    if n.attrs.get("flatten", True):
        if data is not None:
            return [(out[0], *data[1:]), *rest]
        return [(out[0], weight[1]) if weight is not None and len(weight) == 2 else None, *rest]
    return [(*out[:-1], data[-1] if data else weight[1] if weight else 0), *rest]


def _slices(n: Node, outputs: list, inputs: list) -> list:
    found = [o for o in outputs if o is not None]
    data = inputs[0]
    if not found:
        return [None]
    out = tuple(max(sizes) for sizes in zip(*found))  # they are alike; what is known of one is known of all
    count, axis = n.attrs["num_outputs"], n.attrs.get("axis", 1)
    if n.attrs.get("squeeze_axis", False):
        axis %= len(out) + 1
        return [(*out[:axis], count, *out[axis:])]
    axis %= len(out)
    size = out[axis] * count or (data[axis] if data is not None else 0)
    return [(*out[:axis], size, *out[axis + 1 :])]


def _concat(n: Node, outputs: list, inputs: list) -> list:
    out = outputs[0]
    axis = n.attrs.get("dim", 1) % len(out)
    sizes = [s[axis] if s is not None else 0 for s in inputs]
    if sizes.count(0) == 1 and out[axis]:
        sizes[sizes.index(0)] = out[axis] - sum(sizes)
    return [(*out[:axis], size, *out[axis + 1 :]) for size in sizes]


def _convolution(n: Node, outputs: list, inputs: list) -> list:
    out, data, weight = outputs[0], inputs[0], inputs[1]
    kernel = n.attrs["kernel"]
    count = len(kernel)
    rest = [None] * (len(inputs) - 1)
    if n.attrs.get("layout") not in (None, "NCW", "NCHW", "NCDHW") or len(out) != count + 2:
        return [None, *rest]
    stride, dilate, pad = (n.attrs.get(k) or (d,) * count for k, d in (("stride", 1), ("dilate", 1), ("pad", 0)))
    sizes = [(o - 1) * s + d * (k - 1) + 1 - 2 * p if o and s == 1 else 0 for o, k, s, d, p in zip(out[2:], kernel, stride, dilate, pad)]
    channels = data[1] if data is not None else weight[1] * n.attrs.get("num_group", 1) if weight else 0
    return [(out[0], channels, *sizes), *rest]


def _transposed(n: Node, outputs: list, inputs: list) -> list:
    out, axes = outputs[0], n.attrs.get("axes") or tuple(range(len(outputs[0])))[::-1]
    shape = [0] * len(out)
    for size, axis in zip(out, axes):
        shape[axis % len(out)] = size
    return [tuple(shape)]


def _batch(n: Node, outputs: list, inputs: list) -> list:
    """Only the first axis goes through."""
    data = inputs[0]
    return [(outputs[0][0], *data[1:]) if data else None, *[None] * (len(inputs) - 1)]


_RULES: dict[str, Rule] = {
    "FullyConnected": _dense, "SliceChannel": _slices, "Concat": _concat, "Convolution": _convolution, "transpose": _transposed,
    **dict.fromkeys(("BatchNorm", "LayerNorm", "InstanceNorm", "GroupNorm", "SoftmaxOutput", "LeakyReLU", "LinearRegressionOutput", "SequenceMask",
                     "LogisticRegressionOutput", "MAERegressionOutput", "SVMOutput", "softmax", "log_softmax", "LRN", "L2Normalization"), _first),
    **dict.fromkeys(("Pooling", "Flatten", "Deconvolution", "UpSampling"), _batch),
}  # fmt: skip
