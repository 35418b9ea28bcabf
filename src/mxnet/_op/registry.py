"""The operator registry: one definition of an operator, from which every interface to it is derived.

An operator is a function on torch tensors. Its positional parameters are tensors (default None: optional; `*data`:
variadic), its keyword-only parameters are typed attributes (see params.py). Reserved keyword-only names are filled in by the
runtime: `training` (bool), `generator` (torch.Generator of the context), `device` (torch.device, for operators without inputs), `out`
(the tensor to write into, or None).
"""

from __future__ import annotations

import inspect
import typing
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..error import MXNetError, hint
from .params import REQUIRED, Spec
from .ranges import check_ranges

RESERVED = ("training", "generator", "device", "out")
#: `Op.special` of an operator that is special only in that its gradient is zero
ZERO = "zero gradient"
#: canonical name -> Op, and every alias -> Op
OPS: dict[str, Op] = {}
NAMES: dict[str, Op] = {}


class Op:
    """One operator. `fn` is the function on torch tensors; everything else describes it."""

    __slots__ = (
        "name", "fn", "aliases", "amp", "_outputs", "_visible", "mutates", "zero_grad", "views", "doc", "_ready", "_inputs", "_required",
        "variadic", "_specs", "_required_attrs", "reserved", "_active", "complete", "storages", "infer_rule", "count_attr", "cache",
        "output_names", "bare", "_lenient", "_told", "stype_rule", "type_rule", "special", "dense_storage", "free", "_aux", "_output_names",
    )  # fmt: skip

    def __init__(self, name: str, fn: Callable, *, aliases: Sequence[str] = (), amp: str = "any", outputs: Any = 1, visible: Any = None,
                 mutates: Sequence[str] = (), zero_grad: bool = False, views: bool = False, inputs: Sequence[str] | None = None, count_attr: str = "num_args",
                 output_names: Sequence[str] = (), lenient: bool | None = None, doc: str | None = None) -> None:  # fmt: skip
        self.name, self.fn, self.aliases, self.amp = name, fn, tuple(aliases), amp
        self._outputs, self._visible, self.mutates, self.zero_grad = outputs, visible, tuple(mutates), zero_grad
        self.views = views
        self.doc = doc if doc is not None else fn.__doc__
        self._ready = False
        self._inputs: tuple[str, ...] = tuple(inputs) if inputs is not None else ()
        self._required = len(self._inputs)
        self.bare = inputs is not None  # no signature to read: these inputs, no attributes
        self.variadic = False
        self._specs: dict[str, Spec] = {}
        self._required_attrs: tuple[str, ...] = ()
        self.reserved: tuple[str, ...] = ()
        self._active: Callable[..., Sequence[str]] | None = None
        self.complete: Callable[..., Any] | None = None
        self.infer_rule: Callable[..., Any] | None = None
        self.stype_rule: Callable[..., Any] | None = None
        self.type_rule: Callable[..., Any] | None = None
        self.storages: dict[tuple[Any, ...], Callable] = {}
        self.count_attr = count_attr
        self.output_names = tuple(output_names)
        self._lenient, self._told = lenient, False
        self.free = False  # takes any further attribute as a string (`**settings`)
        self._aux: Callable[..., Sequence[str]] | None = None
        self._output_names: Callable[..., Sequence[str]] | None = None
        self.cache: dict[Any, dict] = {}
        #: whether a call needs more than `fn(*tensors, **attrs)` (ZERO: only while recording); the hot path of invoke reads it
        self.special: Any = True
        #: an implementation for dense inputs that makes sparse outputs (cast_storage), or None
        self.dense_storage: Callable | None = None

    # ---- what the signature says (read at first use: importing hundreds of operators must stay cheap)

    def prepare(self) -> Op:
        """Read the signature once."""
        if self._ready:
            return self
        if not self.bare:
            hints = typing.get_type_hints(self.fn)
            inputs, specs, reserved, required = [], {}, [], 0
            for p in inspect.signature(self.fn).parameters.values():
                if p.kind is p.VAR_KEYWORD:
                    self.free = True
                elif p.kind is p.VAR_POSITIONAL:
                    self.variadic = True
                    inputs.append(p.name)
                elif p.kind is not p.KEYWORD_ONLY:
                    inputs.append(p.name)
                    required += p.default is p.empty
                elif p.name in RESERVED:
                    reserved.append(p.name)
                else:
                    default = REQUIRED if p.default is p.empty else p.default
                    specs[p.name] = Spec(p.name, hints[p.name], default)
            self._inputs, self._required, self._specs, self.reserved = tuple(inputs), required, specs, tuple(reserved)
            self._required_attrs = tuple(n for n, s in specs.items() if s.default is REQUIRED)
        self.dense_storage = next((f for k, f in self.storages.items() if all(s == "default" for s in k if s is not ...)), None)
        self.special = bool(self.reserved or self.dense_storage or self.mutates or self.views) or (ZERO if self.zero_grad else False)
        self._ready = True
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of all tensor inputs."""
        return self._inputs if self._ready else self.prepare()._inputs

    @property
    def required(self) -> int:
        """How many of the inputs have no default."""
        return self._required if self._ready else self.prepare()._required

    @property
    def specs(self) -> dict[str, Spec]:
        """Attributes by name."""
        return self._specs if self._ready else self.prepare()._specs

    @property
    def lenient(self) -> bool:
        """Whether unknown attributes are ignored: MXNet reads them only of operators that have attributes."""
        return not self.specs and not self.free if self._lenient is None else self._lenient

    def active_inputs(self, attrs: dict) -> Sequence[str]:
        """The inputs that exist for these attributes (`no_bias` takes the bias away)."""
        if self._active is None:
            return self.inputs if self._ready and self._required == len(self._inputs) else self.inputs[: self.required]
        return self._active(**self.with_defaults(attrs))

    def with_defaults(self, attrs: dict) -> dict:
        """All attributes, given or default."""
        full = {n: s.default for n, s in self.specs.items() if s.default is not REQUIRED}
        full.update(attrs)
        return full

    def aux_inputs(self, attrs: dict) -> Sequence[str]:
        """The inputs that are auxiliary states: written by the operator, without gradient."""
        return self.mutates if self._aux is None else self._aux(**self.with_defaults(attrs))

    def names_of_outputs(self, attrs: dict) -> Sequence[str]:
        """Suffixes of the outputs in symbols, or () for "output" and "output0" ..."""
        return self.output_names if self._output_names is None else self._output_names(**self.with_defaults(attrs))

    def num_outputs(self, attrs: dict) -> int:
        """Outputs of the function, hidden ones included."""
        return self._outputs if isinstance(self._outputs, int) else self._outputs(**self.with_defaults(attrs))

    def num_visible(self, attrs: dict) -> int:
        """Outputs that the caller sees."""
        if self._visible is None:
            return self.num_outputs(attrs)
        return self._visible if isinstance(self._visible, int) else self._visible(**self.with_defaults(attrs))

    # ---- attributes

    def parse(self, attrs: dict) -> dict:
        """Python values or strings -> typed attributes. Cached by value and type; only given attributes are in the result."""
        try:
            key = cache_key(attrs)
            return self.cache[key]
        except KeyError:
            pass
        except TypeError:
            key = None
        specs = self.specs
        parsed = {}
        for name, value in attrs.items():
            spec = specs.get(name)
            if spec is None:
                if name in self.inputs and not self.variadic:
                    raise MXNetError(f"{self.name}: input {name} must be an array, got {type(value).__name__}. Pass an NDArray.")
                if name == self.count_attr and self.variadic or (name.startswith("__") and name.endswith("__")):
                    continue
                if self.free:
                    parsed[name] = str(value)
                    continue
                self._unknown(name)
                continue
            parsed[name] = spec.parse(value, self.name)
        for name in self._required_attrs:
            if name not in parsed:
                raise MXNetError(f"{self.name}: {name} is required ({specs[name].describe()}). Pass {name}=...")
        check_ranges(self.name, parsed)
        if key is not None and may_be_cached(attrs):
            if len(self.cache) > 4096:
                self.cache.clear()
            self.cache[key] = parsed
        return parsed

    def _unknown(self, name: str) -> None:
        """Refuse an attribute that there is not, or tell once that it is ignored."""
        text = f"{self.name}: unknown attribute {name!r} (attributes: {', '.join(self.specs) or 'none'}).{hint(name, self.specs)}"
        if not self.lenient:
            raise MXNetError(text)
        if not self._told:
            self._told = True
            warnings.warn(f"{text} It is ignored, as in MXNet. Leave it out.", stacklevel=5)

    def attr_texts(self, attrs: dict) -> dict[str, str]:
        """The strings of given attributes, as graph files hold them."""
        specs = self.specs
        return {n: specs[n].text(v) if n in specs else str(v) for n, v in attrs.items()}

    # ---- attachments

    def storage(self, *stypes: str) -> Callable[[Callable], Callable]:
        """Decorator: an implementation for these storage types of the inputs ("default", "csr", "row_sparse")."""

        def add(fn: Callable) -> Callable:
            self.storages[stypes] = fn
            return fn

        return add

    def input_rule(self, fn: Callable[..., Sequence[str]]) -> Callable:
        """Decorator: which inputs exist for given attributes; receives every attribute by name."""
        self._active = fn
        return fn

    def aux_rule(self, fn: Callable[..., Sequence[str]]) -> Callable:
        """Decorator: which inputs are auxiliary states, where attributes decide it."""
        self._aux = fn
        return fn

    def output_name_rule(self, fn: Callable[..., Sequence[str]]) -> Callable:
        """Decorator: suffixes of the outputs in symbols, where attributes decide them."""
        self._output_names = fn
        return fn

    def complete_shapes(self, fn: Callable) -> Callable:
        """Decorator: `fn(shapes, **attrs)` fills unknown shapes (None) of inputs, by input name, from known ones."""
        self.complete = fn
        return fn

    def infer(self, fn: Callable) -> Callable:
        """Decorator: `fn(*meta_tensors, **attrs)` instead of running the function on meta tensors."""
        self.infer_rule = fn
        return fn

    def types(self, fn: Callable) -> Callable:
        """Decorator: `fn(types, **attrs)` -> (types of inputs by name, list of output types), for symbolic inference where not all are alike;
        `types` holds the known input types by name, None for unknown ones.
        """
        self.type_rule = fn
        return fn

    def stypes(self, fn: Callable) -> Callable:
        """Decorator: `fn(stypes, **attrs)` -> storage types of the outputs, for symbolic inference."""
        self.stype_rule = fn
        return fn

    def __repr__(self) -> str:
        return f"Op({self.name})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)


def cache_key(attrs: dict) -> tuple:
    """Names, values and types of attributes: 1, 1.0 and True are equal and of one hash, but mean different things."""
    return (tuple(attrs.items()), tuple(map(type, attrs.values())))


def may_be_cached(attrs: dict) -> bool:
    """Whether `cache_key` tells these attributes from all that mean something else: it takes -0.0 for 0.0."""
    return not any(isinstance(v, (float, np.floating)) and v == 0 for v in attrs.values())


def register(definition: Op) -> Op:
    """Put an operator and its aliases into the registry; a name twice is a defect."""
    if definition.name in OPS or definition.name in NAMES:
        raise ValueError(f"operator {definition.name} is defined twice")
    OPS[definition.name] = NAMES[definition.name] = definition
    for alias in definition.aliases:
        if alias in NAMES:
            raise ValueError(f"alias {alias} of {definition.name} is taken by {NAMES[alias].name}")
        NAMES[alias] = definition
    return definition


def op(name: str, **description: Any) -> Callable[[Callable], Op]:
    """Decorator: define an operator. The decorated name becomes the Op (call it to call the function).

    aliases    other registered names
    amp        "low" (float16 pays), "fp32" (needs float32), "widest" (inputs to the widest type), "any"
    outputs    number of outputs of the function, or a function of the attributes
    visible    number of outputs that callers see (default: all)
    mutates    inputs that the function writes in place (auxiliary states); never tracked by autograd
    zero_grad  the gradient is zero by definition (comparisons, argmax ...), so backward gives zeros, not an error
    views      the function may return a view of an input; imperative calls copy it, since arrays made by operators own their memory
    lenient    whether unknown attributes are ignored with a warning; default: where there are no attributes at all
    output_names  suffixes of the outputs in symbols, where they are not "output" or "output0" ...
    """

    def define(fn: Callable) -> Op:
        return register(Op(name, fn, **description))

    return define


def find(name: str) -> Op:
    """The operator of a name or alias."""
    found = NAMES.get(name)
    if found is None:
        raise MXNetError(f"operator {name!r} is not registered.{hint(name, NAMES)}")
    return found
