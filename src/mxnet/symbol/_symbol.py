"""Symbol: one or more outputs of a graph, with everything that can be asked of them or done with them."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import _dtype
from .._files import unreadable, write_whole
from .._op.registry import NAMES
from .._runtime.array import Array
from .._runtime.state import state
from ..context import Context, current_context
from ..error import MXNetError, NotImplementedForSymbol, hint
from . import _backends, _function, _json, _storage_types
from ._function import create
from ._infer import Inference
from ._node import HIDDEN, Entry, Node, order, variables
from ._partial_shapes import check_sizes, known

_NUMBERS = (int, float, bool, np.number, np.bool_)


def _binary(array_op: str, scalar_op: str, symbol: str) -> Callable:
    """The method of a binary operator; the names are those that automatic names come from."""

    def method(self: Symbol, other: Any) -> Symbol:
        if isinstance(other, Symbol):
            return create(NAMES[array_op], array_op, (self, other), {})
        if isinstance(other, _NUMBERS):
            return create(NAMES[scalar_op], scalar_op, (self,), {"scalar": other})
        raise TypeError(f"Symbol: {symbol} does not take {type(other).__name__}. Use symbols and numbers.")

    return method


class Binding:
    """Filled in by the modules of executors, which are made of symbols."""

    bind: Any = None
    simple_bind: Any = None


class Symbol:
    """Outputs of a graph. Made by `var`, by operators on symbols, by `Group` and `load`; never changed by what is made from it."""

    __slots__ = ("_heads", "_program", "_backend", "__weakref__")
    __array_priority__ = 1000.0

    def __init__(self, heads: list[Entry]) -> None:
        self._heads = heads
        self._program: Any = None  # made at the first executor
        self._backend: str | None = None  # of torch.compile

    # ---- facts

    @property
    def name(self) -> str | None:
        """The node's name; None for a group."""
        return self._heads[0][0].name if len({id(n) for n, _ in self._heads}) == 1 else None

    @property
    def handle(self) -> int:
        """A number that identifies the symbol while it lives."""
        return id(self)

    @property
    def _nodes(self) -> list[Node]:
        return order(self._heads)

    def __repr__(self) -> str:
        name = self.name
        return (
            f"<{type(self).__name__} group [{', '.join(n.name for n, _ in self._heads)}]>"
            if name is None
            else f"<{type(self).__name__} {name}>"
        )

    def __len__(self) -> int:
        return len(self._heads)

    def __iter__(self) -> Iterator[Symbol]:
        return (self[i] for i in range(len(self._heads)))

    def __bool__(self) -> bool:
        raise NotImplementedForSymbol("the truth value (`if x:`)", "mx.sym.contrib.cond or where", self)

    def __hash__(self) -> int:
        return id(self) // 16

    def __getitem__(self, index: Any) -> Symbol:
        """An output by number, name or slice."""
        if isinstance(index, str):
            names = self.list_outputs()
            found = [i for i, n in enumerate(names) if n == index]
            if len(found) != 1:
                problem = "there are several" if found else "there is none"
                raise ValueError(f"Symbol: no single output {index!r} ({problem}; outputs: {', '.join(names[:20])}).{hint(index, names)}")
            index = found[0]
        if isinstance(index, slice):
            return Group([self[i] for i in range(*index.indices(len(self._heads)))])
        if not isinstance(index, (int, np.integer)):
            raise TypeError(f"Symbol: index must be an int, a str or a slice, got {type(index).__name__}. Use one of them.")
        if not -len(self._heads) <= index < len(self._heads):
            raise IndexError(f"Symbol: output {index} is out of range ({len(self._heads)} outputs). Use 0..{len(self._heads) - 1}.")
        return Symbol([self._heads[index]])

    def list_arguments(self) -> list[str]:
        """Names of the free variables that are no auxiliary states."""
        return [n.name for n in variables(self._nodes)[0]]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the variables that operators write (moving means ...)."""
        return [n.name for n in variables(self._nodes)[1]]

    def list_inputs(self) -> list[str]:
        """Names of all free variables."""
        return [n.name for n in self._nodes if n.op is None]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return [n.output_name(i) for n, i in self._heads]

    def get_internals(self) -> Symbol:
        """All outputs of all nodes as one group."""
        return Symbol([(n, i) for n in self._nodes for i in range(n.num_visible())])

    def get_children(self) -> Symbol | None:
        """The inputs of the node, or None for a variable."""
        inputs = [e for n in dict.fromkeys(n for n, _ in self._heads) for e in n.inputs]
        return Symbol(inputs) if inputs else None

    # ---- attributes

    def attr(self, key: str) -> str | None:
        """An attribute of the node, or None."""
        texts = self._heads[0][0].texts
        return texts.get(key, texts.get(f"__{key}__") if key in HIDDEN else None)

    def list_attr(self, recursive: bool = False) -> dict[str, str]:
        """The node's attributes."""
        if recursive:
            raise DeprecationWarning("Symbol: list_attr(recursive=True) is gone. Use attr_dict().")
        return _shown(self._heads[0][0].texts)

    def attr_dict(self) -> dict[str, dict[str, str]]:
        """Attributes of all nodes that have any, by node name."""
        return {n.name: _shown(n.texts) for n in self._nodes if n.texts}

    def _set_attr(self, **kwargs: str) -> None:
        for key, value in kwargs.items():
            if not isinstance(value, str):
                raise ValueError(f"Symbol: attributes must be str, got {value!r}. Use str(value).")
            node = self._heads[0][0]
            node.texts[f"__{key}__" if key in HIDDEN else key] = value
            node._typed = node._names = None
        self._program = None

    # ---- composition

    def __copy__(self) -> Symbol:
        return _replaced(self, {})

    def __deepcopy__(self, _: Any) -> Symbol:
        return _replaced(self, {})

    def __reduce__(self) -> tuple:
        return load_json, (self.tojson(remove_amp_cast=False),)

    def __getstate__(self) -> dict:
        return {"handle": self.tojson(remove_amp_cast=False)}

    def __setstate__(self, state: dict) -> None:
        self._heads, self._program, self._backend = _json.loads(state["handle"]), None, None

    def __call__(self, *args: Symbol, **kwargs: Any) -> Symbol:
        """A copy in which free variables are replaced by symbols, by position or by name."""
        label = kwargs.pop("name", None)
        if args and kwargs:
            raise TypeError("Symbol: compose takes symbols by position or by name, not both. Choose one.")
        names = self.list_arguments()
        given = dict(zip(names, args)) if args else kwargs
        if len(args) > len(names):
            raise MXNetError(f"Symbol: compose got {len(args)} symbols for {len(names)} variables. Pass at most as many.")
        for key, value in given.items():
            if not isinstance(value, Symbol):
                raise TypeError(f"Symbol: compose takes Symbols, got {type(value).__name__} for {key}. Make one with mx.sym.var.")
            if key not in names:
                raise MXNetError(f"Symbol: there is no variable {key!r} (variables: {', '.join(names)}).{hint(key, names)}")
        out = _replaced(self, {k: _function.entry_of(v, "compose") for k, v in given.items()})
        if label and out._heads[0][0].op is not None:
            out._heads[0][0].name = label
        return out

    def _with_distinct_names(self) -> Symbol:
        """A copy in which variables of one name are numbered."""
        seen: dict[str, int] = {}
        made: dict[int, Node] = {}
        for n in self._nodes:
            count = seen.get(n.name, 0) if n.op is None else 0
            if n.op is None:
                seen[n.name] = count + 1
            label = f"{n.name}#{count}" if count else n.name
            made[id(n)] = Node(n.op, label, dict(n.texts), [(made[id(e)], i) for e, i in n.inputs], n.subgraphs)
        return Symbol([(made[id(n)], i) for n, i in self._heads])

    # ---- inference

    def _inferred(self, args: tuple, kwargs: dict) -> tuple:
        if args and kwargs:
            raise ValueError("infer_shape: pass shapes by position or by name, not both. Choose one.")
        names, states = self.list_arguments(), self.list_auxiliary_states()
        given = {n: s for n, s in zip(names, args) if s is not None} if args else kwargs
        for key, shape in given.items():
            if key not in names and key not in states:
                listed = ", ".join(names)
                raise MXNetError(f"infer_shape: there is no argument {key!r} (arguments: {listed}).{hint(key, names)}")
            if not isinstance(shape, (tuple, list)):
                raise TypeError(f"infer_shape: the shape of {key} must be a tuple, got {type(shape).__name__}. Pass e.g. (2, 3).")
            if not all(isinstance(d, (int, np.integer)) for d in shape):
                raise TypeError(f"infer_shape: the shape of {key} must consist of ints, got {tuple(shape)}. Pass e.g. (2, 3).")
            check_sizes(key, shape)
        unknown: tuple = () if state.np_shape else ((), [])  # without NumPy shapes () is an unknown one
        given = {k: tuple(map(int, s)) for k, s in given.items() if s not in unknown}
        found = Inference(self._heads, given, {})
        found.infer_shapes()
        arguments, aux = variables(found.nodes)
        return ([found.shapes.get((id(n), 0)) for n in arguments], [found.shapes.get((id(n), i)) for n, i in self._heads],
                [found.shapes.get((id(n), 0)) for n in aux])  # fmt: skip

    def infer_shape(self, *args: Any, **kwargs: Any) -> tuple:
        """(argument shapes, output shapes, auxiliary shapes) from some argument shapes, by position or name; three None if that is not enough."""
        groups = self._inferred(args, kwargs)
        if all(known(s) for group in groups for s in group):
            return tuple([tuple(s) for s in group] for group in groups)
        unknown = [f"{n}: {tuple(s) if s is not None else ()}" for n, s in zip(self.list_arguments(), groups[0]) if not known(s)]
        if unknown:
            warnings.warn(f"infer_shape: the shapes of {', '.join(unknown)} do not follow (0 is an unknown size). Pass them.", stacklevel=2)
        return None, None, None

    def infer_shape_partial(self, *args: Any, **kwargs: Any) -> tuple:
        """The same, with 0 for unknown axes and () for unknown shapes (NumPy shapes: -1 and None). Shapes that contradict are an MXNetError."""
        nothing: Any = None if state.np_shape else ()
        return tuple([tuple(s) if s is not None else nothing for s in group] for group in self._inferred(args, kwargs))

    def _types(self, args: tuple, kwargs: dict, partial: bool) -> tuple:
        names = [*self.list_arguments(), *self.list_auxiliary_states()]
        given = dict(zip(self.list_arguments(), args)) if args else kwargs
        for key in given:
            if key not in names:
                raise MXNetError(f"infer_type: there is no argument {key!r} (arguments: {', '.join(names)}).{hint(key, names)}")
        found = Inference(self._heads, {}, {k: _dtype.to_torch(v, "infer_type") for k, v in given.items() if v is not None})
        found.infer_types()
        if not partial:
            found.check_types()
        arguments, aux = variables(found.nodes)

        def named(key: tuple[int, int]) -> Any:
            t = found.types.get(key)
            return None if t is None else _dtype.TORCH_TO_NUMPY[t]

        return [named((id(n), 0)) for n in arguments], [named((id(n), i)) for n, i in self._heads], [named((id(n), 0)) for n in aux]

    def infer_type(self, *args: Any, **kwargs: Any) -> tuple:
        """(argument types, output types, auxiliary types) from some argument types; three None if that is not enough."""
        groups = self._types(args, kwargs, False)
        return (None, None, None) if any(t is None for group in groups for t in group) else groups

    def infer_type_partial(self, *args: Any, **kwargs: Any) -> tuple:
        """The same, with None for what stays unknown."""
        return self._types(args, kwargs, True)

    def infer_storage_type(self, **kwargs: str) -> tuple:
        """(argument, output, auxiliary) storage types."""
        return _storage_types.infer(self._heads, self._nodes, kwargs)

    # ---- running

    def eval(self, ctx: Context | None = None, **kwargs: Array) -> list:
        """Outputs for named arrays."""
        return self.bind(ctx or current_context(), kwargs).forward()

    def bind(self, ctx: Context, args: Any, args_grad: Any = None, grad_req: Any = "write", aux_states: Any = None, group2ctx: Any = None,
             shared_exec: Any = None) -> Any:  # fmt: skip
        """An executor over the given arrays: lists in the order of arguments, or dicts."""
        return Binding.bind(self, ctx, args, args_grad, grad_req, aux_states, group2ctx, shared_exec)

    _bind = bind

    def simple_bind(self, ctx: Context, grad_req: Any = "write", type_dict: dict | None = None, stype_dict: dict | None = None, group2ctx: Any = None,
                    shared_arg_names: Any = None, shared_exec: Any = None, shared_buffer: Any = None, **kwargs: Any) -> Any:  # fmt: skip
        """An executor over new arrays of inferred shapes."""
        return Binding.simple_bind(
            self, ctx, grad_req, type_dict, stype_dict, group2ctx, shared_arg_names, shared_exec, shared_buffer, kwargs
        )

    _simple_bind = simple_bind

    def gradient(self, wrt: list[str]) -> Symbol:
        """The symbol of the gradient: not available, executors differentiate."""
        raise MXNetError("Symbol: gradient is not available as a symbol. Bind with args_grad and call backward.")

    def optimize_for(self, backend: str, args: Any = None, aux: Any = None, ctx: Any = None, shape_dict: Any = None, type_dict: Any = None,
                     stype_dict: Any = None, skip_infer: bool = False, **kwargs: Any) -> Symbol:  # fmt: skip
        """The symbol that executors run through a backend of torch.compile: "inductor", "aot_eager" and what `torch.compiler` lists.

        MXNet's own names (MKLDNN, MKLDNN_QUANTIZE) give the symbol itself: torch's operators use oneDNN anyway. So do unknown names,
        with an error in the log, as in MXNet. The other arguments are accepted; nothing needs them.

        >>> y = mx.sym.exp(mx.sym.var("x")).optimize_for("eager")
        >>> y.eval(x=mx.nd.zeros(2))[0].asnumpy().tolist()
        [1.0, 1.0]
        """
        return _backends.optimized(self, backend)

    def _gen_atomic_symbol(self) -> Symbol:
        """The node's operator with variables in place of its inputs."""
        node = self._heads[0][0]
        if node.op is None:
            raise MXNetError(f"Symbol: {node.name} is a variable, it has no operator.")
        inputs = [(Node(None, f"{node.name}_{n}", {}), 0) for n in node.input_names()]
        made = Node(node.op, node.name, dict(node.texts), inputs, node.subgraphs)
        return Symbol([(made, i) for i in range(made.num_visible())])

    def get_backend_symbol(self, backend: str) -> Symbol:
        """What `optimize_for` gives; an unknown backend is an MXNetError."""
        _backends.check(backend)
        return self.optimize_for(backend)

    # ---- files

    def tojson(self, remove_amp_cast: bool = True, version: str | None = None) -> str:
        """The graph as MXNet's JSON, which 1.2 to 2.0 read; with version="0.12" as 0.12 (and later ones) read it.

        Errors: MXNetError if version="0.12" and the graph uses what 0.12 did not have.

        >>> s = mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=2)
        >>> '"attr": {' in s.tojson(version="0.12"), '"attrs": {"num_hidden": "2"}' in s.tojson()
        (True, True)
        """
        return _json.dumps(self._heads, remove_amp_cast, version)

    def save(self, fname: str, remove_amp_cast: bool = True, version: str | None = None) -> None:
        """Write the JSON (see `tojson`) to a file; the file is replaced at once or not at all."""
        if not isinstance(fname, (str, os.PathLike)):
            raise TypeError(f"Symbol: fname must be a str, got {type(fname).__name__}. Pass a path.")
        write_whole(fname, [self.tojson(remove_amp_cast, version).encode("utf-8")], "Symbol")

    def debug_str(self) -> str:
        """The graph as text, a node a block."""
        lines = ["Symbol Outputs:"]
        lines += [f"\toutput[{i}]={n.name}({j})" for i, (n, j) in enumerate(self._heads)]
        written: dict[int, int] = {}  # how often a variable was written so far
        for n in self._nodes:
            for i in n.aux_positions():
                written[id(n.inputs[i][0])] = written.get(id(n.inputs[i][0]), 0) + 1
            if n.op is None:
                lines.append(f"Variable:{n.name}")
                continue
            lines += ["--------------------", f"Op:{n.op.name}, Name={n.name}"]
            if n.inputs:
                lines.append("Inputs:")
                lines += [f"\targ[{i}]={e.name}({j})" + (f" version={written.get(id(e), 0)}" if e.op is None else "")
                          for i, (e, j) in enumerate(n.inputs)]  # fmt: skip
            if n.texts:
                lines.append("Attrs:")
                lines += [f"\t{k}={v}" for k, v in sorted(n.texts.items())]
        return "\n".join(lines) + "\n"

    # ---- arithmetic

    __add__ = _binary("_Plus", "_PlusScalar", "+")
    __radd__ = __add__
    __sub__ = _binary("_Minus", "_MinusScalar", "-")
    __rsub__ = _binary("_Minus", "_RMinusScalar", "-")
    __mul__ = _binary("_Mul", "_MulScalar", "*")
    __rmul__ = __mul__
    __truediv__ = _binary("_Div", "_DivScalar", "/")
    __rtruediv__ = _binary("_Div", "_RDivScalar", "/")
    __div__, __rdiv__ = __truediv__, __rtruediv__
    __mod__ = _binary("_Mod", "_ModScalar", "%")
    __rmod__ = _binary("_Mod", "_RModScalar", "%")
    __pow__ = _binary("_Power", "_PowerScalar", "**")
    __rpow__ = _binary("_Power", "_rpower_scalar", "**")
    __gt__ = _binary("_greater", "_greater_scalar", ">")
    __ge__ = _binary("_greater_equal", "_greater_equal_scalar", ">=")
    __lt__ = _binary("_lesser", "_lesser_scalar", "<")
    __le__ = _binary("_lesser_equal", "_lesser_equal_scalar", "<=")
    __eq__ = _binary("_equal", "_equal_scalar", "==")
    __ne__ = _binary("_not_equal", "_not_equal_scalar", "!=")

    def __neg__(self) -> Symbol:
        return self.__mul__(-1.0)

    def __abs__(self) -> Symbol:
        return create(NAMES["abs"], "abs", (self,), {})

    def _no_inplace(self, other: Any) -> Any:
        raise NotImplementedForSymbol(self._no_inplace, None, self, other)

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __idiv__ = __imod__ = _no_inplace

    # ---- methods that are operators but take their arguments in other ways

    def astype(self, dtype: Any) -> Symbol:
        """Cast to a data type."""
        return create(NAMES["Cast"], "cast", (self,), {"dtype": dtype})

    def reshape(self, *shape: Any, **kwargs: Any) -> Symbol:
        """The same elements in another shape; codes as in the operator Reshape."""
        if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
            shape = tuple(shape[0])
        if shape:
            kwargs["shape"] = shape
        return create(NAMES["Reshape"], "reshape", (self,), kwargs)

    def transpose(self, *axes: Any, **kwargs: Any) -> Symbol:
        """The axes in another order."""
        if len(axes) == 1 and isinstance(axes[0], (tuple, list)):
            axes = tuple(axes[0])
        if axes:
            kwargs["axes"] = axes
        return create(NAMES["transpose"], "transpose", (self,), kwargs)

    def expand_dims(self, axis: int, inplace: bool = False, **kwargs: Any) -> Symbol:
        """The array with an axis of size 1 put in."""
        return create(NAMES["expand_dims"], "expand_dims", (self,), {"axis": axis, **kwargs})

    def flatten(self, inplace: bool = False, **kwargs: Any) -> Symbol:
        """All axes but the first in one."""
        return create(NAMES["Flatten"], "flatten", (self,), kwargs)

    def squeeze(self, axis: Any = None, inplace: bool = False, **kwargs: Any) -> Symbol:
        """The array without axes of size 1."""
        return create(NAMES["squeeze"], "squeeze", (self,), {"axis": axis, **kwargs})

    def diag(self, k: int = 0, **kwargs: Any) -> Symbol:
        """A diagonal, or the matrix with this diagonal."""
        return create(NAMES["diag"], "diag", (self,), {"k": k, **kwargs})

    def split_v2(self, *args: Any, **kwargs: Any) -> Symbol:
        """Parts along an axis: see `mx.sym.split_v2`."""
        return split_v2(self, *args, **kwargs)

    def tostype(self, stype: str) -> Symbol:
        """Another storage type."""
        return create(NAMES["cast_storage"], "cast_storage", (self,), {"stype": stype})

    def as_np_ndarray(self) -> Symbol:
        """The symbol with the operators and methods of `mx.np.ndarray`."""
        if _function.Kinds.numpy is None:  # mx.np is loaded when it is needed first
            importlib.import_module("mxnet.numpy")
        return _function.Kinds.numpy(list(self._heads))

    def as_nd_ndarray(self) -> Symbol:
        """The symbol itself."""
        return self


def _not_for_symbols(name: str) -> Callable:
    def method(self: Symbol, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedForSymbol(method, None, self)

    method.__name__ = name
    method.__doc__ = "Arrays have this method; symbols hold no values."
    return method


for _name in ("wait_to_read", "asnumpy", "asscalar", "copy", "as_in_context", "detach", "backward"):
    setattr(Symbol, _name, _not_for_symbols(_name))

#: Methods that are operators with the symbol as first input.
_METHODS = """abs arccos arccosh arcsin arcsinh arctan arctanh argmax argmax_channel argmin argsort broadcast_axes broadcast_like broadcast_to cbrt ceil
clip cos cosh degrees depth_to_space exp expm1 fix flip floor log log10 log1p log2 log_softmax max mean min nanprod nansum norm one_hot ones_like
pad pick prod radians rcbrt reciprocal relu repeat reshape_like rint round rsqrt shape_array sigmoid sign sin sinh size_array slice slice_axis
slice_like softmax softmin sort space_to_depth split sqrt square sum swapaxes take tan tanh tile topk trunc zeros_like""".split()


def _operator_method(name: str) -> Callable:
    def method(self: Symbol, *args: Any, **kwargs: Any) -> Symbol:
        return create(NAMES[name], name, (self, *args), kwargs)

    method.__name__ = name
    method.__doc__ = f"`mx.sym.{name}` with this symbol as first input."
    return method


for _name in _METHODS:
    setattr(Symbol, _name, _operator_method(_name))


def _shown(texts: dict[str, str]) -> dict[str, str]:
    """Attributes with the hidden ones under both their names."""
    return {**texts, **{k: texts[f"__{k}__"] for k in HIDDEN if f"__{k}__" in texts}}


def _replaced(symbol: Symbol, entries: dict[str, Entry]) -> Symbol:
    """A copy of the graph with variables replaced by entries."""
    made: dict[int, Any] = {}
    for n in symbol._nodes:
        if n.op is None and n.name in entries:
            continue
        inputs = [_moved(e, made, entries) for e in n.inputs]
        made[id(n)] = Node(n.op, n.name, dict(n.texts), inputs, n.subgraphs) if n.op is not None else n
    return Symbol([_moved(e, made, entries) for e in symbol._heads])


def _moved(e: Entry, made: dict[int, Any], entries: dict[str, Entry]) -> Entry:
    node, i = e
    return entries[node.name] if node.op is None and node.name in entries else (made[id(node)], i)


def split_v2(ary: Symbol, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False) -> Symbol:
    """Parts of an array: a number of equal sections, or the places at which to cut."""
    if isinstance(indices_or_sections, int):
        attrs = {"indices": [], "axis": axis, "squeeze_axis": squeeze_axis, "sections": indices_or_sections}
    elif isinstance(indices_or_sections, (tuple, list)):
        attrs = {"indices": [0, *indices_or_sections], "axis": axis, "squeeze_axis": squeeze_axis, "sections": 0}
    else:
        raise ValueError(
            f"split_v2: indices_or_sections must be an int or a tuple, got {type(indices_or_sections).__name__}. Pass one of them."
        )
    return create(NAMES["_split_v2"], "_split_v2", (ary,), attrs)


def Group(symbols: Any, create_fn: Any = None) -> Symbol:
    """One symbol with the outputs of all."""
    symbols = list(symbols)
    if not symbols or any(not isinstance(s, Symbol) for s in symbols):
        raise TypeError("Group: needs Symbols, at least one. Pass a list of them.")
    return Symbol([e for s in symbols for e in s._heads])


def load_json(json_str: str) -> Symbol:
    """The symbol of a JSON text of any MXNet version."""
    if not isinstance(json_str, str):
        raise TypeError(f"load_json: json_str must be a str, got {type(json_str).__name__}. Pass the text.")
    return Symbol(_json.loads(json_str))


def load(fname: str) -> Symbol:
    """The symbol in a file."""
    if not isinstance(fname, (str, os.PathLike)):
        raise TypeError(f"load: fname must be a str, got {type(fname).__name__}. Pass a path.")
    try:
        with open(fname, "rb") as f:
            content = f.read()
    except OSError as e:
        raise unreadable(fname, "load", e, "open") from None
    if content[:8] == b"\x12\x01" + bytes(6):
        raise MXNetError(f"load: {fname}: holds arrays (a .params file), not a graph (offset 0). Read it with mx.nd.load.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as e:
        raise MXNetError(f"load: {fname}: not text at offset {e.start}. The file is damaged or not an MXNet graph.") from None
    del content
    return Symbol(_json.loads(text, os.fspath(fname)))


_function._symbol = Symbol
_json._symbol = Symbol
