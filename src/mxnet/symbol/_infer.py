"""Inference of shapes and types over a graph, to a fixed point: forward from operators, to other inputs by their `complete_shapes`, and backward."""

from __future__ import annotations

import ast
from typing import Any

import torch

from .. import _dtype
from ..error import MXNetError
from ._backward_shapes import from_outputs
from ._forward import outputs_of
from ._node import Entry, Node, order
from ._partial_shapes import agreed, check_sizes, from_zeros, known, unknown_size, with_zeros
from ._shape_rules import Shape
from ._type_rules import needed_type, type_rule


class Inference:
    """Everything found out about a graph: `shapes` and `types` by entry."""

    def __init__(self, heads: list[Entry], shapes: dict[str, Any], types: dict[str, torch.dtype]) -> None:
        self.nodes = order(heads)
        self.shapes: dict[tuple[int, int], Any] = {}
        self.types: dict[tuple[int, int], torch.dtype] = {}
        self.done: set[int] = set()
        for n in self.nodes:
            if n.op is None:
                declared = n.texts.get("__shape__")
                given = shapes.get(n.name)
                self.shapes[id(n), 0] = given if declared is None or known(given) else _read_shape(n.name, declared)
                kind = types.get(n.name)
                if kind is None and "__dtype__" in n.texts and n.texts["__dtype__"] != "-1":
                    kind = _read_dtype(n.name, n.texts["__dtype__"])
                if kind is not None:
                    self.types[id(n), 0] = kind

    # ---- types

    def infer_types(self) -> None:
        """Types without shapes: the inputs of an operator share one type unless it says otherwise; outputs have it too."""
        for _ in range(3):
            before = dict(self.types)
            for n in self.nodes:
                if n.op is not None:
                    self._node_types(n)
            for n in reversed(self.nodes):
                if n.op is not None:
                    self._backward_types(n)
            if before == self.types:
                break

    def check_types(self) -> None:
        """Refuse operators whose decisive input has no type."""
        for n in self.nodes:
            missing = needed_type(n, [_key(e) in self.types for e in n.inputs])
            if missing is not None:
                raise MXNetError(f"infer_type: {n.name}: the type of input {missing} of {n.op.name} is unknown. Pass it.")  # type: ignore[union-attr]

    def _node_types(self, n: Node) -> None:
        if n.subgraphs:
            return
        ins, outs = type_rule(n, [self.types.get(_key(e)) for e in n.inputs])
        for e, t in zip(n.inputs, ins):
            if t is not None:
                self.types.setdefault(_key(e), t)
        for i in range(n.num_outputs()):
            t = outs[i] if i < len(outs) else outs[-1]
            if t is not None:
                self.types.setdefault((id(n), i), t)

    def _backward_types(self, n: Node) -> None:
        out = self.types.get((id(n), 0))
        if out is None or not out.is_floating_point or "dtype" in n.op.specs or n.op.zero_grad:  # type: ignore[union-attr]
            return
        if n.inputs and all(self.types.get(_key(e)) is None for e in n.inputs):
            self.types.setdefault(_key(n.inputs[0]), out)

    # ---- shapes

    def infer_shapes(self, partial: bool = False) -> None:
        """Shapes to a fixed point; with partial, contradictions inside operators leave shapes unknown."""
        self.infer_types()
        while True:
            before, count = dict(self.shapes), len(self.done)
            for n in self.nodes:
                if n.op is not None and id(n) not in self.done:
                    self._node(n, partial)
            for n in reversed(self.nodes):
                if n.op is not None and id(n) not in self.done:
                    self._from_outputs(n)
            if before == self.shapes and count == len(self.done):
                return

    def _node(self, n: Node, partial: bool) -> None:
        op = n.op
        assert op is not None
        if n.subgraphs:
            self._bodies(n)
            return
        have = [self.shapes.get(_key(e)) for e in n.inputs]
        if op.name in _EQUAL:
            self._equal([(id(n), 0), *[_key(e) for e in n.inputs]], n.name)
        elif op.name == "amp_multicast":
            for i, e in enumerate(n.inputs):
                self._equal([(id(n), i), _key(e)], n.name)
        if not all(known(s) for s in have) and op.complete is not None and any(s is not None for s in have):
            self._complete(n)
        have = [self.shapes.get(_key(e)) for e in n.inputs]
        if not n.inputs:
            attr_shape = n.attrs.get("shape")
            if isinstance(attr_shape, tuple) and not known(attr_shape):
                self.shapes[id(n), 0] = agreed(self.shapes.get((id(n), 0)), attr_shape, n.name)
                if known(self.shapes[id(n), 0]):
                    self.done.add(id(n))  # whoever runs the graph gives the operator this shape
                return
        if any(s is None for s in have):
            return
        if op.complete is not None and n.inputs:
            self._check_weights(n)
        types = [self.types.get(_key(e), torch.float32) for e in n.inputs]
        if not all(known(s) for s in have):
            if op.name != "where":  # its condition decides how it reads the others
                self._guess(n, have, types)
            return
        try:
            results = outputs_of(n, [s for s in have if s is not None], types)
        except MXNetError:
            if partial:
                return
            raise
        for i, (shape, kind) in enumerate(results):
            self.shapes[id(n), i] = agreed(self.shapes.get((id(n), i)), shape, n.output_name(i) if i < n.num_visible() else n.name)
            self.types.setdefault((id(n), i), kind)
        self.done.add(id(n))

    def _complete(self, n: Node) -> None:
        """Shapes of inputs that follow from those of others."""
        op = n.op
        assert op is not None and op.complete is not None
        names = n.input_names()
        given = {name: self.shapes.get(_key(e)) for name, e in zip(names, n.inputs)}
        sure = {name: s if known(s) else None for name, s in given.items()}
        for facts in (sure, given) if sure != given else (sure,):
            try:
                filled = op.complete(dict(facts), **op.with_defaults(n.attrs)) or {}
            except (KeyError, TypeError, AttributeError, IndexError, ZeroDivisionError, ValueError):
                continue
            except MXNetError:
                if facts is sure:
                    raise
                continue
            for e, name in zip(n.inputs, names):
                if filled.get(name) is not None:
                    self.shapes[_key(e)] = agreed(self.shapes.get(_key(e)), filled[name], f"{n.name}'s input {name}")

    def _check_weights(self, n: Node) -> None:
        """Weights must have the shapes that follow from the data."""
        op, names = n.op, n.input_names()
        assert op is not None and op.complete is not None
        first = self.shapes.get(_key(n.inputs[0]))
        if not known(first) or op.name in _LENIENT or not _WEIGHTS.intersection(names):
            return
        try:
            filled = op.complete({name: first if i == 0 else None for i, name in enumerate(names)}, **op.with_defaults(n.attrs)) or {}
        except (KeyError, TypeError, AttributeError, IndexError, ZeroDivisionError, ValueError):
            return
        for e, name in zip(n.inputs, names):
            if name in _WEIGHTS and filled.get(name) is not None:
                self.shapes[_key(e)] = agreed(self.shapes.get(_key(e)), filled[name], f"{n.name}'s input {name}")

    def _equal(self, keys: list[tuple[int, int]], name: str) -> None:
        """Inputs and outputs of one shape: what is known of any is known of all."""
        shape = None
        for key in keys:
            shape = agreed(shape, self.shapes.get(key), name)
        if shape is not None:
            for key in keys:
                self.shapes[key] = shape

    def _guess(self, n: Node, have: list, types: list[torch.dtype]) -> None:
        """Output axes that do not depend on the unknown input axes: those that are equal for two trial sizes."""
        tries = []
        for size in (24, 48):
            try:
                tries.append(outputs_of(n, [tuple(size if d in (-1, unknown_size()) else d for d in s) for s in have], types))
            except MXNetError:
                return
        for i, ((a, _), (b, _)) in enumerate(zip(*tries)):
            if len(a) == len(b):
                shape = tuple(x if x == y else unknown_size() for x, y in zip(a, b))
                self.shapes[id(n), i] = agreed(self.shapes.get((id(n), i)), shape, n.name)

    def _bodies(self, n: Node) -> None:
        """A loop over the first axis: shapes of a step from those of the inputs, and back. Other control flow tells nothing."""
        if n.op.name != "_foreach":  # type: ignore[union-attr]
            self.done.add(id(n))
            return
        graph, attrs = n.subgraphs[0], n.attrs
        places = [*attrs["in_data_locs"], *attrs["in_state_locs"], *attrs["remain_locs"]]
        count = len(attrs["in_data_locs"])
        variables = [v for v in order(graph._heads) if v.op is None]
        inner = Inference(graph._heads, {}, {})
        length = None
        for i, (place, e) in enumerate(zip(places, n.inputs)):
            shape = self.shapes.get(_key(e))
            if shape is not None and i < count:
                length, shape = shape[0] if shape else None, shape[1:] or (1,)
            inner.shapes[id(variables[place]), 0] = agreed(inner.shapes.get((id(variables[place]), 0)), shape, variables[place].name)
            if _key(e) in self.types:
                inner.types[id(variables[place]), 0] = self.types[_key(e)]
        inner.infer_shapes(partial=True)
        for i, (place, e) in enumerate(zip(places, n.inputs)):
            shape = inner.shapes.get((id(variables[place]), 0))
            if shape is None or i < count and len(self.shapes.get(_key(e)) or ()) == 1:  # a vector is gone through by arrays of one element
                continue
            self.shapes[_key(e)] = agreed(self.shapes.get(_key(e)), shape if i >= count else (length or 0, *shape), n.name)
        heads = [inner.shapes.get((id(h), i)) for h, i in graph._heads]
        for i, (shape, head) in enumerate(zip(heads, graph._heads)):
            if shape is not None:
                whole = (length or 0, *shape) if i < attrs["num_out_data"] else shape
                self.shapes[id(n), i] = agreed(self.shapes.get((id(n), i)), whole, n.name)
            if _key(head) in inner.types:
                self.types.setdefault((id(n), i), inner.types[_key(head)])
        if all(known(self.shapes.get((id(n), i))) for i in range(len(heads))):
            self.done.add(id(n))

    def _from_outputs(self, n: Node) -> None:
        """What known outputs tell about unknown inputs."""
        have = [with_zeros(self.shapes.get(_key(e))) for e in n.inputs]
        outputs = [with_zeros(self.shapes.get((id(n), i))) for i in range(n.num_outputs())]
        if all(o is None for o in outputs) or not have:
            return
        for e, shape in zip(n.inputs, from_outputs(n, outputs, have)):
            if shape is not None:
                self.shapes[_key(e)] = agreed(self.shapes.get(_key(e)), from_zeros(shape), n.name)


#: Inputs whose shapes the data decide.
_WEIGHTS = frozenset({"weight", "bias", "gamma", "beta", "moving_mean", "moving_var", "parameters"})
#: Operators that take weights of further shapes, and check them themselves.
_LENIENT = frozenset({"FullyConnected", "LeakyReLU"})
#: Operators whose output is shaped like every input.
_EQUAL = frozenset({"amp_cast", "elemwise_add", "elemwise_sub", "elemwise_mul", "elemwise_div", "_copy", "Activation", "tanh", "sigmoid", "relu", "negative",
                    "_plus_scalar", "_minus_scalar", "_rminus_scalar", "_mul_scalar", "_div_scalar", "_rdiv_scalar", "Dropout", "add_n",
                    "BlockGrad", "Cast", "_mod", "_power", "_hypot", "_identity_with_attr_like_rhs", "exp", "log", "sqrt", "square",
                    "_grad_add", "_maximum", "_minimum", "SoftmaxActivation"})  # fmt: skip


def _key(entry: Entry) -> tuple[int, int]:
    return id(entry[0]), entry[1]


def _read_shape(name: str, text: str) -> Shape:
    """The shape that a variable's attribute declares."""
    try:
        if len(text) > 10_000:
            raise ValueError
        value = ast.literal_eval(text.replace("L", ""))
        shape = (value,) if type(value) is int else tuple(value)
        if not all(type(d) is int for d in shape):
            raise ValueError
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise MXNetError(f"infer_shape: variable {name}: __shape__ is {text[:60]!r}. Declare a tuple of ints.") from None
    check_sizes(name, shape)
    return shape


def _read_dtype(name: str, text: str) -> torch.dtype:
    """The type that a variable's attribute declares, by its number."""
    try:
        return _dtype.BY_FLAG[int(text)].torch
    except (ValueError, KeyError):
        raise MXNetError(f"infer_type: variable {name}: __dtype__ is {text[:60]!r}. Declare the number of a data type.") from None
