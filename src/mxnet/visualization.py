"""Pictures of graphs: a table of layers as text, and a drawing through graphviz."""

from __future__ import annotations

import importlib
import warnings
from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

from ._dtype import name_of, to_torch
from .symbol import Symbol
from .symbol._node import Node, order

__all__ = ["plot_network", "print_summary"]

_HEADINGS = ("Layer (type)", "Output Shape", "Param #", "Previous Layer")
#: Endings of the names of variables that are weights or states, not data.
_WEIGHTS = ("_weight", "_bias", "_beta", "_gamma", "_moving_var", "_moving_mean", "_running_var", "_running_mean")
#: Fill colour of a node, by operator.
_COLORS = {
    None: "#8dd3c7", "Convolution": "#fb8072", "Deconvolution": "#fb8072", "FullyConnected": "#fb8072", "BatchNorm": "#bebada",
    "Activation": "#ffffb3", "LeakyReLU": "#ffffb3", "Pooling": "#80b1d3", "Concat": "#fdb462", "Flatten": "#fdb462", "Reshape": "#fdb462",
}  # fmt: skip
_OTHER_COLOR = "#fccde5"


def print_summary(symbol: Symbol, shape: dict[str, tuple] | None = None, line_length: int = 120,
                  positions: Sequence[float] = (0.44, 0.64, 0.74, 1.0)) -> None:  # fmt: skip
    """Print a table of a graph's layers: name and operator, output shape without the batch axis, parameters, and the layers before.

    shape        shapes of the inputs by name; without it shapes stay empty and parameters that depend on them are not counted
    line_length  characters of a line
    positions    where the four columns end, as parts of line_length or in characters

    Parameters are counted for Convolution, FullyConnected, BatchNorm and Embedding, from the channels that come in; other layers count as
    0, as in MXNet. `Block.summary` counts all.

    Raises TypeError for anything but a Symbol, ValueError if the shapes do not decide all others.

    Example
    -------
    >>> net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=4, name="fc")
    >>> mx.viz.print_summary(net, {"data": (2, 3)}, line_length=80)  # doctest: +ELLIPSIS
    ________________________________________________________________________________
    Layer (type)...
    """
    if not isinstance(symbol, Symbol):
        raise TypeError(
            f"print_summary: symbol must be a Symbol, got {type(symbol).__name__}. Pass a graph (of a block: net(mx.sym.var('data')))."
        )
    _check_shape(shape, "print_summary")
    shapes = _shapes(symbol, shape, "print_summary") if shape is not None else {}
    ends = [int(line_length * p) for p in positions] if positions[-1] <= 1 else [int(p) for p in positions]
    nodes = symbol._nodes
    shown = [n for i, n in enumerate(nodes) if i == 0 or n.op is not None or n is symbol._heads[0][0]]
    layers = {id(n) for n in shown}
    print("_" * line_length)
    print(_row(_HEADINGS, ends))
    print("=" * line_length)
    total = 0
    for n in shown:
        before = [e for e, _ in n.inputs if id(e) in layers]
        channels = sum(s[1] for s in (shapes.get(_key(e)) for e in before) if s is not None and len(s) > 1)
        count = _parameters(n, channels, shapes.get(_key(n)))
        total += count
        kind = n.op.name if n.op is not None else "null"
        size = "x".join(str(d) for d in shapes.get(_key(n), ())[1:])
        print(_row((f"{n.name}({kind})", size, count, before[0].name if before else ""), ends))
        for e in before[1:]:
            print(_row(("", "", "", e.name), ends))
        print(("=" if n is shown[-1] else "_") * line_length)
    print(f"Total params: {total}")
    print("_" * line_length)


def _check_shape(shape: Any, who: str) -> None:
    if shape is not None and not isinstance(shape, dict):
        raise TypeError(
            f"{who}: shape must be a dict of shapes by input name, got {type(shape).__name__}. Pass e.g. {{'data': (1, 3, 32, 32)}}."
        )


def _shapes(symbol: Symbol, shape: dict[str, tuple], who: str) -> dict[str, tuple]:
    """Shapes of all outputs of all nodes, by output name."""
    inner = symbol.get_internals()
    _, outputs, _ = inner.infer_shape(**shape)
    if outputs is None:
        raise ValueError(f"{who}: the given shapes {shape} do not decide the shapes of all nodes. Give those of all inputs.")
    return dict(zip(inner.list_outputs(), outputs))


def _key(node: Node) -> str:
    return node.name if node.op is None else f"{node.name}_output"


def _parameters(node: Node, channels: int, shape: tuple | None) -> int:
    """Learned numbers of a layer that reads so many channels and puts out this shape."""
    if node.op is None:
        return 0
    attrs = node.op.with_defaults(node.attrs)
    if node.op.name == "Convolution":
        filters = attrs["num_filter"]
        return channels * filters // attrs["num_group"] * prod(attrs["kernel"]) + (0 if attrs["no_bias"] else filters)
    if node.op.name == "FullyConnected":
        return (channels + (not attrs["no_bias"])) * attrs["num_hidden"]
    if node.op.name == "BatchNorm":
        return 2 * shape[1] if shape is not None and len(shape) > 1 else 0
    if node.op.name == "Embedding":
        return attrs["input_dim"] * attrs["output_dim"]
    return 0


def _row(fields: Sequence[Any], ends: Sequence[int]) -> str:
    """One line: every field is cut, and filled with spaces, up to where its column ends."""
    line = ""
    for field, end in zip(fields, ends):
        line = (line + str(field))[:end].ljust(end)
    return line


def plot_network(symbol: Symbol, title: str = "plot", save_format: str = "pdf", shape: dict[str, tuple] | None = None,
                 dtype: dict[str, Any] | None = None, node_attrs: dict[str, str] | None = None, hide_weights: bool = True) -> Any:  # fmt: skip
    """A `graphviz.Digraph` of a graph; `.render()` writes it to a file `title`, a notebook shows it.

    save_format   the format of the file: "pdf", "png", "svg", ...
    shape, dtype  of the inputs by name; with shapes every edge tells the shape (without the batch axis) and the data type of what flows
    node_attrs    graphviz attributes of all nodes, for example {"shape": "oval", "fixedsize": "false"}
    hide_weights  leave out variables that are weights, biases and states of layers

    Needs the package graphviz (`pip install graphviz`); ImportError tells so.

    Example
    -------
    >>> net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=4, name="fc")
    >>> mx.viz.plot_network(net, shape={"data": (2, 3)}).render("net")  # doctest: +SKIP
    """
    if not isinstance(symbol, Symbol):
        raise TypeError(
            f"plot_network: symbol must be a Symbol, got {type(symbol).__name__}. Pass a graph (of a block: net(mx.sym.var('data')))."
        )
    _check_shape(shape, "plot_network")
    try:
        graphviz = importlib.import_module("graphviz")
    except ImportError:
        raise ImportError("plot_network: the package graphviz is missing. Run `pip install graphviz`, or use print_summary.") from None
    shapes = _shapes(symbol, shape, "plot_network") if shape is not None else None
    types = _types(symbol, dtype) if dtype is not None else {}
    style = {"shape": "box", "fixedsize": "true", "width": "1.3", "height": "0.8034", "style": "filled", **(node_attrs or {})}
    dot = graphviz.Digraph(name=title, format=save_format)
    nodes = order(symbol._heads)
    _warn_of_same_names(nodes)
    weights = {id(n) for n in nodes if n.op is None and n.name.endswith(_WEIGHTS)}
    hidden = weights if hide_weights else set()
    for n in nodes:
        if id(n) not in weights:  # weights that are not hidden are plain ovals, which their edges make
            look = {**style, "fillcolor": _COLORS.get(n.op.name if n.op is not None else None, _OTHER_COLOR)}
            if n.op is None:
                look["shape"] = "oval"
            dot.node(name=n.name, label=_label(n), **look)
    for n in nodes:
        for e, i in n.inputs if id(n) not in hidden else ():
            if id(e) not in hidden:
                name = e.output_name(i)
                size = "x".join(str(d) for d in shapes[name][1:]) if shapes is not None else ""
                kind = f"({types[name]})" if name in types and shapes is not None else ""
                dot.edge(tail_name=n.name, head_name=e.name, dir="back", arrowtail="open", label=size + kind)
    return dot


def _types(symbol: Symbol, dtype: dict[str, Any]) -> dict[str, str]:
    """Names of the data types of all outputs that follow from those of the inputs."""
    inner = symbol.get_internals()
    found = inner.infer_type_partial(**dtype)[1]
    return {n: name_of(to_torch(t)) for n, t in zip(inner.list_outputs(), found) if t is not None}


def _warn_of_same_names(nodes: list[Node]) -> None:
    counts = Counter(n.name for n in nodes)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        warnings.warn(f"plot_network: There are multiple variables with the same name in your graph ({', '.join(twice)}); the drawing joins them and "
                      "may show cycles. Name them differently.", stacklevel=3)  # fmt: skip


def _label(node: Node) -> str:
    """The operator with what matters most of its attributes; the name for everything else."""
    if node.op is None:
        return node.name
    kind, attrs = node.op.name, node.op.with_defaults(node.attrs)
    if kind == "Convolution":
        return f"Convolution\n{_by(attrs['kernel'])}/{_by(attrs['stride']) or 1}, {attrs['num_filter']}"
    if kind == "FullyConnected":
        return f"FullyConnected\n{attrs['num_hidden']}"
    if kind in ("Activation", "LeakyReLU"):
        return f"{kind}\n{node.texts.get('act_type', 'Leaky')}"
    if kind == "Pooling":
        return f"Pooling\n{attrs['pool_type']}, {_by(attrs['kernel'])}/{_by(attrs['stride']) or 1}"
    return node.name


def _by(sizes: Sequence[int] | None) -> str:
    return "x".join(str(s) for s in sizes or ())
