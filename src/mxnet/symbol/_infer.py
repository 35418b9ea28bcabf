"""Inference of shapes and types: forward by running operators on torch's meta device, backward by their `complete_shapes`, to a fixed point."""

from __future__ import annotations

import ast
from math import prod
from typing import Any

import torch

from .. import _dtype
from .._runtime.invoke import BAD_INPUT, explain
from .._runtime.state import state
from ..error import MXNetError
from . import _shape_rules
from ._backward_shapes import from_outputs
from ._node import Entry, Node, order
from ._shape_rules import Outputs, Shape


def unknown_size() -> int:
    """How an unknown axis is written: 0, or -1 where NumPy shapes are on."""
    return -1 if state.np_shape else 0


def _zeros(shape: Any) -> Any:
    """The shape with 0 for unknown axes; None where a known axis has size 0."""
    if shape is None or state.np_shape and 0 in shape:
        return None
    return tuple(max(d, 0) for d in shape)


def _marked(shape: Any) -> Any:
    return tuple(d or -1 for d in shape) if state.np_shape else shape


def known(shape: Any) -> bool:
    """Whether a shape has no unknown axis (0, unless NumPy shapes are on)."""
    return shape is not None and (state.np_shape or 0 not in shape) and -1 not in shape


def merged(old: Any, new: Any, what: str) -> Any:
    """Both facts about one shape together; a contradiction is an error."""
    if old is None or new is None:
        return old if new is None else _sizes(new, what)
    new = _sizes(new, what)
    if len(old) != len(new):
        raise MXNetError(f"infer_shape: {what} has shape {new}, but {old} was inferred before. Check the shapes of the inputs.")
    unknown = (-1,) if state.np_shape else (0, -1)
    out = []
    for a, b in zip(old, new):
        if a in unknown:
            out.append(b)
        elif b in unknown or a == b:
            out.append(a)
        else:
            raise MXNetError(f"infer_shape: {what} has shape {new}, but {old} was inferred before. Check the shapes of the inputs.")
    return tuple(out)


def _sizes(shape: Any, what: str) -> Shape:
    """A shape as a tuple; None in an attribute must not pass for a size."""
    shape = tuple(shape)
    if None in shape:
        raise MXNetError(f"infer_shape: {what} would have shape {shape}, which holds None. Correct the attributes of its operator.")
    return shape


#: What calls gave, by operator, attributes, shapes and types: the steps of an unrolled network are all alike.
_seen: dict[tuple, Outputs] = {}
_MOST_SEEN = 8192


def outputs_of(node: Node, shapes: list[Shape], types: list[torch.dtype]) -> Outputs:
    """(shape, type) of every output of an operator: as before, by formula, or from the operator itself on tensors without memory."""
    op = node.op
    assert op is not None
    if op.name == "Custom":
        return [(tuple(r.shape), r.dtype) for r in run_meta(node, shapes, types)]
    key = (op.name, tuple(node.texts.items()), tuple(shapes), tuple(types), state.np_shape)
    found = _seen.get(key)
    if found is None:
        try:
            found = _shape_rules.outputs_of(op.name, key[2], types, node.attrs)
        except (TypeError, ValueError, ArithmeticError, IndexError):  # attributes that make no sense: the operator says what is wrong
            found = None
        if found is None:
            found = [(tuple(r.shape), r.dtype) for r in run_meta(node, shapes, types)]
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
        _seen[key] = found
    return found


def run_meta(node: Node, shapes: list[Shape], types: list[torch.dtype]) -> tuple[torch.Tensor, ...]:
    """The operator on tensors without memory."""
    op = node.op
    assert op is not None
    try:
        tensors: list[Any] = [torch.empty(s, dtype=t, device="meta") for s, t in zip(shapes, types)]
    except (RuntimeError, TypeError, ValueError, OverflowError):
        raise MXNetError(
            f"infer_shape: {node.name}: an input is too large (shapes {str(shapes)[:200]}). Check the shapes of the inputs."
        ) from None
    names = node.input_names()
    if not op.variadic and names != list(op.inputs[: len(names)]):  # an optional input in the middle is absent
        by_name = dict(zip(names, tensors))
        tensors = [by_name.get(n) for n in op.inputs]
    kwargs = dict(node.attrs)
    for reserved in op.reserved:
        kwargs[reserved] = {"training": False, "generator": None, "device": torch.device("meta"), "out": None}[reserved]
    try:
        result = (op.infer_rule or op.fn)(*tensors, **kwargs)
    except BAD_INPUT as e:
        raise MXNetError(f"infer_shape: {node.name}: {explain(op, e, tensors, node.attrs)}") from None
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


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

    def _node_types(self, n: Node) -> None:
        if n.subgraphs:
            return
        found = _type_rule(n, [self.types.get(_key(e)) for e in n.inputs])
        ins, outs = found
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
                self.shapes[id(n), 0] = merged(self.shapes.get((id(n), 0)), attr_shape, n.name)
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
            self.shapes[id(n), i] = merged(self.shapes.get((id(n), i)), shape, n.output_name(i) if i < n.num_visible() else n.name)
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
                    self.shapes[_key(e)] = merged(self.shapes.get(_key(e)), filled[name], f"{n.name}'s input {name}")

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
                self.shapes[_key(e)] = merged(self.shapes.get(_key(e)), filled[name], f"{n.name}'s input {name}")

    def _equal(self, keys: list[tuple[int, int]], name: str) -> None:
        """Inputs and outputs of one shape: what is known of any is known of all."""
        shape = None
        for key in keys:
            shape = merged(shape, self.shapes.get(key), name)
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
                self.shapes[id(n), i] = merged(self.shapes.get((id(n), i)), shape, n.name)

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
            inner.shapes[id(variables[place]), 0] = merged(inner.shapes.get((id(variables[place]), 0)), shape, variables[place].name)
            if _key(e) in self.types:
                inner.types[id(variables[place]), 0] = self.types[_key(e)]
        inner.infer_shapes(partial=True)
        for i, (place, e) in enumerate(zip(places, n.inputs)):
            shape = inner.shapes.get((id(variables[place]), 0))
            if shape is None or i < count and len(self.shapes.get(_key(e)) or ()) == 1:  # a vector is gone through by arrays of one element
                continue
            self.shapes[_key(e)] = merged(self.shapes.get(_key(e)), shape if i >= count else (length or 0, *shape), n.name)
        heads = [inner.shapes.get((id(h), i)) for h, i in graph._heads]
        for i, (shape, head) in enumerate(zip(heads, graph._heads)):
            if shape is not None:
                whole = (length or 0, *shape) if i < attrs["num_out_data"] else shape
                self.shapes[id(n), i] = merged(self.shapes.get((id(n), i)), whole, n.name)
            if _key(head) in inner.types:
                self.types.setdefault((id(n), i), inner.types[_key(head)])
        if all(known(self.shapes.get((id(n), i))) for i in range(len(heads))):
            self.done.add(id(n))

    def _from_outputs(self, n: Node) -> None:
        """What known outputs tell about unknown inputs."""
        have = [_zeros(self.shapes.get(_key(e))) for e in n.inputs]
        outputs = [_zeros(self.shapes.get((id(n), i))) for i in range(n.num_outputs())]
        if all(o is None for o in outputs) or not have:
            return
        for e, shape in zip(n.inputs, from_outputs(n, outputs, have)):
            if shape is not None:
                self.shapes[_key(e)] = merged(self.shapes.get(_key(e)), _marked(shape), n.name)


#: Inputs whose shapes the data decide.
_WEIGHTS = frozenset({"weight", "bias", "gamma", "beta", "moving_mean", "moving_var", "parameters"})
#: Operators that take weights of further shapes, and check them themselves.
_LENIENT = frozenset({"FullyConnected", "LeakyReLU"})
#: Operators whose output is shaped like every input.
_EQUAL = frozenset({"amp_cast", "elemwise_add", "elemwise_sub", "elemwise_mul", "elemwise_div", "_copy", "Activation", "tanh", "sigmoid", "relu", "negative",
                    "_plus_scalar", "_minus_scalar", "_rminus_scalar", "_mul_scalar", "_div_scalar", "_rdiv_scalar", "Dropout", "add_n",
                    "BlockGrad", "Cast", "_mod", "_power", "_hypot", "_identity_with_attr_like_rhs", "exp", "log", "sqrt", "square",
                    "_grad_add", "_maximum", "_minimum", "SoftmaxActivation"})  # fmt: skip
#: Operators whose inputs must have one type (and elemwise_*, broadcast_*).
_ONE_TYPE = frozenset({"FullyConnected", "Convolution", "Deconvolution", "dot", "batch_dot", "Concat", "add_n", "stack", "_linalg_gemm", "_linalg_gemm2",
                       "_maximum", "_minimum", "_power", "_mod", "_hypot", "_equal", "_not_equal", "_greater", "_greater_equal", "_lesser", "_lesser_equal",
                       "SoftmaxOutput", "LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput"})  # fmt: skip
#: Operators whose inputs need not share a type: input name -> what it may be.
_FREE_INPUTS = {
    "Embedding": {"data"}, "take": {"indices"}, "batch_take": {"indices"}, "gather_nd": {"indices"}, "scatter_nd": {"indices"},
    "pick": {"index"}, "where": {"condition"}, "one_hot": {"indices"}, "SequenceMask": {"sequence_length"}, "SequenceLast": {"sequence_length"},
    "SequenceReverse": {"sequence_length"}, "_contrib_boolean_mask": {"index"}, "softmax": {"length"}, "CTCLoss": {"label", "data_lengths", "label_lengths"},
    "_contrib_SparseEmbedding": {"data"}, "RNN": {"sequence_length"}, "_contrib_index_copy": {"index_vector"},
}  # fmt: skip


def _type_rule(n: Node, have: list[torch.dtype | None]) -> tuple[list[torch.dtype | None], list[torch.dtype | None]]:
    """(types of inputs, types of outputs) as far as they follow."""
    op = n.op
    assert op is not None
    names = n.input_names()
    if op.type_rule is not None:
        inputs, outputs = op.type_rule(dict(zip(names, have)), **op.with_defaults(n.attrs))
        return [inputs.get(name) for name in names], outputs
    if op.name in ("amp_multicast",):
        floats = [t for t in have if t is not None and t.is_floating_point]
        if len(floats) != len(have):
            return have, [None]
        ranks = {torch.float16: 0, torch.bfloat16: 1, torch.float32: 2, torch.float64: 3}
        return have, [(min if n.attrs.get("cast_narrow") else max)(floats, key=ranks.__getitem__)]
    if op.name == "Custom":
        return have, [next((t for t in have if t is not None), None)] * n.num_outputs()
    free = _FREE_INPUTS.get(op.name, ())
    if op.name in _ONE_TYPE or op.name.startswith(("elemwise_", "broadcast_")):
        given_types = {t for t in have if t is not None}
        if len(given_types) > 1:
            listed = ", ".join(f"{name} {_dtype.name_of(t)}" for name, t in zip(names, have) if t is not None)
            raise MXNetError(f"infer_type: {n.name}: the inputs of {op.name} must have one type, got {listed}. Cast one of them.")
    bound = [t for name, t in zip(names, have) if name not in free and t is not None]
    shared = bound[0] if bound else None
    low = shared in (torch.float16, torch.bfloat16)
    statistics = ("gamma", "beta", "moving_mean", "moving_var") if op.name in ("BatchNorm", "BatchNorm_v1") else ()
    ins: list[torch.dtype | None] = []
    for name, t in zip(names, have):
        if t is not None:
            ins.append(t)
        elif name in free:
            ins.append(shared if op.name not in ("Embedding", "_contrib_SparseEmbedding") else None)
        else:
            ins.append(torch.float32 if low and name in statistics else shared)
    spec = op.specs.get("dtype") or op.specs.get("out_type") or op.specs.get("out_dtype")
    given = n.attrs.get(spec.name) if spec is not None else None
    if spec is not None and given is None and isinstance(spec.default, (torch.dtype, str)) and not n.inputs:
        given = spec.default
    if isinstance(given, (str, int)):
        row = _dtype.BY_NAME.get(given) if isinstance(given, str) else _dtype.BY_FLAG.get(given)
        given = row.torch if row is not None else None
    if op.name in ("Embedding", "_contrib_SparseEmbedding"):
        out = ins[1] or given or torch.float32
        return [ins[0] or out, out], [out]
    if given is not None:
        return ins, [given]
    if op.name in ("shape_array", "size_array"):
        return ins, [torch.int64]
    if op.name in ("one_hot",) or not n.inputs:
        return ins, [torch.float32]
    if op.name in ("topk", "argsort"):
        both = n.attrs.get("ret_typ") == "both"
        return ins, [shared, torch.float32] if both else [shared if n.attrs.get("ret_typ") in ("value", "mask") else torch.float32]
    return ins, [shared]


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


def check_sizes(name: str, shape: Any) -> None:
    """An error for sizes that no array can have (-1 is an unknown one)."""
    if any(d < -1 for d in shape) or prod(d for d in shape if d > 0) >= 2**63:
        raise MXNetError(
            f"infer_shape: the shape of {name} is {tuple(shape)!s:.200}. Sizes are 0 or more (-1: unknown), with less than 2**63 elements."
        )


def _read_dtype(name: str, text: str) -> torch.dtype:
    """The type that a variable's attribute declares, by its number."""
    try:
        return _dtype.BY_FLAG[int(text)].torch
    except (ValueError, KeyError):
        raise MXNetError(f"infer_type: variable {name}: __dtype__ is {text[:60]!r}. Declare the number of a data type.") from None
