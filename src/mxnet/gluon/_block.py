"""Block: a part of a network with parameters and children, written in Python."""

from __future__ import annotations

import re
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from .. import initializer
from .._runtime.array import Array
from .._runtime.state import state
from ._block_files import BlockFiles
from ._errors import GluonError
from ._kinds import check_kinds
from ._scope import BlockScope
from ._structure import _indent, flatten
from ._summary import print_summary
from .parameter import Parameter, ParameterDict
from .utils import HookHandle

_UNIFORM = initializer.Uniform()


class Block(BlockFiles):
    """Base of all networks and layers: subclass it, make children and parameters in `__init__`, compute in `forward`.

    prefix  put before the names of parameters and children; default: the class name in lower case with a counter
    params  a ParameterDict whose parameters are shared with this block

    Children are blocks that are assigned to attributes; make them inside `with self.name_scope():`, so that their names begin with the
    block's prefix.

    Example
    -------
    >>> class Net(mx.gluon.Block):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         with self.name_scope():
    ...             self.hidden = mx.gluon.nn.Dense(4, in_units=2)
    ...     def forward(self, x):
    ...         return mx.nd.relu(self.hidden(x))
    >>> net = Net()
    >>> net.initialize()
    >>> net(mx.nd.ones((3, 2))).shape
    (3, 4)
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        self._empty_prefix = prefix == ""
        self._prefix, self._params = BlockScope.create(prefix, params, self._alias())
        self._name = self._prefix[:-1] if self._prefix.endswith("_") else self._prefix
        self._scope = BlockScope(self)
        self._children: OrderedDict[str, Block] = OrderedDict()
        self._reg_params: dict[str, Parameter] = {}
        self._forward_hooks: OrderedDict[int, Callable] = OrderedDict()
        self._forward_pre_hooks: OrderedDict[int, Callable] = OrderedDict()

    def _alias(self) -> str:
        return self.__class__.__name__.lower()

    def __repr__(self) -> str:
        rows = "\n".join(f"  ({key}): {_indent(repr(value), 2)}" for key, value in self.__dict__.items() if isinstance(value, Block))
        return f"{self.__class__.__name__}(\n{rows}\n)"

    def __setattr__(self, name: str, value: Any) -> None:
        existing = self.__dict__.get(name)
        if isinstance(existing, (Parameter, Block)) and not isinstance(value, type(existing)):
            raise TypeError(f"{type(self).__name__}: attribute {name} is a {type(existing).__name__}, a {type(value).__name__} cannot replace it. "
                            "Use another attribute name.")  # fmt: skip
        if isinstance(value, Block):
            self.register_child(value, name)
        elif isinstance(value, Parameter):
            if name in self._reg_params and self._reg_params[name] is not value:
                raise GluonError(f"{type(self).__name__}: parameter attribute {name} is set already. Use another attribute name, "
                                 "or share parameters with params=.")  # fmt: skip
            self._reg_params[name] = value
        super().__setattr__(name, value)

    def __call__(self, *args: Any) -> Any:
        if not self._forward_pre_hooks and not self._forward_hooks:
            out = self.forward(*args)
            if state.np_array:
                check_kinds(flatten(out)[0], self.name, numpy=True)
            return out
        for hook in list(self._forward_pre_hooks.values()):
            hook(self, args)
        out = self.forward(*args)
        for hook in list(self._forward_hooks.values()):
            hook(self, args, out)
        if state.np_array:
            check_kinds(flatten(out)[0], self.name, numpy=True)
        return out

    def forward(self, *args: Any) -> Any:
        """The computation; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__}: forward is not defined. Define it in the class.")

    # ---- names, children, parameters

    @property
    def prefix(self) -> str:
        """Prefix of the block's names."""
        return self._prefix

    @property
    def name(self) -> str:
        """The prefix without its last underscore."""
        return self._name

    def name_scope(self) -> BlockScope:
        """A `with` block: blocks and parameters made in it get names that begin with this block's prefix."""
        return self._scope

    @property
    def params(self) -> ParameterDict:
        """The block's own parameters, without those of children."""
        return self._params

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Make a block a child, as assigning it to an attribute does."""
        self._children[str(len(self._children)) if name is None else name] = block

    def collect_params(self, select: str | None = None) -> ParameterDict:
        """Parameters of the block and of all below it; `select` is a regular expression that names must match from their start.

        >>> net = mx.gluon.nn.Dense(2, in_units=3, prefix="d_")
        >>> list(net.collect_params(".*bias").keys())
        ['d_bias']
        """
        self._warn_about_containers()
        pattern = re.compile(select) if select else None
        found = ParameterDict(self._params.prefix)
        seen: set[int] = set()
        self._collect(found, pattern, seen)
        return found

    def _collect(self, found: ParameterDict, pattern: re.Pattern | None, seen: set[int]) -> None:
        if id(self) in seen:
            return
        seen.add(id(self))
        own = self.params
        if pattern is None:
            found.update(own)
        else:
            found.update({name: p for name, p in own.items() if pattern.match(name)})
        for child in self._children.values():
            if type(child).collect_params is not Block.collect_params:
                found.update(child.collect_params(None if pattern is None else pattern.pattern))
            else:
                child._collect(found, pattern, seen)

    def _warn_about_containers(self) -> None:
        """Blocks in a plain list or dictionary are not children: their parameters would be missed silently."""
        children = None
        for key, value in self.__dict__.items():
            if type(value) not in (list, tuple, dict) or key.startswith("__") or not value:
                continue
            blocks = _blocks_in(value)
            if not blocks or key in ("_children", "_reg_params"):
                continue
            if children is None:
                children = {id(c) for c in self._children.values()}
            if any(id(b) not in children for b in blocks):
                warnings.warn(f"{type(self).__name__}: {key} is a {type(value).__name__} with blocks in it, which are not children, so their parameters "
                              "are not collected. Use nn.Sequential, or register_child.", stacklevel=3)  # fmt: skip

    def _collect_params_with_prefix(self, prefix: str = "") -> dict[str, Parameter]:
        """Parameters by the path of attributes that leads to them (`0.weight`)."""
        if prefix:
            prefix += "."
        found = {prefix + key: p for key, p in self._reg_params.items()}
        for name, child in self._children.items():
            found.update(child._collect_params_with_prefix(prefix + name))
        return found

    def initialize(self, init: Any = _UNIFORM, ctx: Any = None, verbose: bool = False, force_reinit: bool = False) -> None:
        """Initialize all parameters of the block and below, on one context or a list."""
        self.collect_params().initialize(init, ctx, verbose, force_reinit)

    def apply(self, fn: Callable[[Block], Any]) -> Block:
        """Call `fn` with every block below this one, children first, and then with this one."""
        for child in self._children.values():
            child.apply(fn)
        fn(self)
        return self

    def cast(self, dtype: Any) -> None:
        """Change the data type of all parameters; inputs must be cast by the caller."""
        for child in self._children.values():
            child.cast(dtype)
        for p in self.params.values():
            p.cast(dtype)

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Run all HybridBlocks below as graphs (see `HybridBlock.hybridize`); the block itself stays Python."""
        for child in self._children.values():
            child.hybridize(active, **kwargs)

    # ---- hooks

    def register_forward_pre_hook(self, hook: Callable[[Block, tuple], Any]) -> HookHandle:
        """Call `hook(block, inputs)` before every forward; inputs is a tuple. Returns a handle with `detach()`."""
        handle = HookHandle()
        handle.attach(self._forward_pre_hooks, hook)
        return handle

    def register_forward_hook(self, hook: Callable[[Block, tuple, Any], Any]) -> HookHandle:
        """Call `hook(block, inputs, output)` after every forward. Returns a handle with `detach()`."""
        handle = HookHandle()
        handle.attach(self._forward_hooks, hook)
        return handle

    def register_op_hook(self, callback: Callable[[str, str, Any], Any], monitor_all: bool = False) -> None:
        """Call `callback(node name, operator name, array)` for outputs (monitor_all: inputs too) of operators in hybridized blocks below."""
        for child in self._children.values():
            child.register_op_hook(callback, monitor_all)

    def summary(self, *inputs: Any) -> None:
        """Print layers, output shapes and parameter counts of one forward on `inputs`."""
        print_summary(self, inputs)


def _blocks_in(value: Any) -> list[Block]:
    """The blocks in nested lists, tuples and dictionaries."""
    if isinstance(value, Block):
        return [value]
    if type(value) not in (list, tuple, dict):
        return []
    return [b for v in (value.values() if isinstance(value, dict) else value) for b in _blocks_in(v)]


def arrays_in(args: Any) -> list[Any]:
    """The arrays of nested arguments."""
    return [a for a in flatten(args)[0] if isinstance(a, Array)]
