"""A dictionary of parameters that share a name prefix."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

from .. import initializer, ndarray
from .._dtype import to_torch
from ..context import Context
from ..error import hint
from ._constant import Constant
from ._errors import GluonError
from ._parameter import Parameter

_UNIFORM = initializer.Uniform()


class ParameterDict:
    """Parameters by full name, in the order of their creation.

    prefix  put before the names that `get` receives
    shared  another ParameterDict: parameters that it has are used in place of new ones

    Example
    -------
    >>> params = mx.gluon.ParameterDict("net_")
    >>> params.get("weight", shape=(2, 3)).name
    'net_weight'
    """

    def __init__(self, prefix: str = "", shared: ParameterDict | None = None) -> None:
        self._prefix = prefix
        self._params: OrderedDict[str, Parameter] = OrderedDict()
        self._shared = shared

    @property
    def prefix(self) -> str:
        """The prefix of names in this dictionary."""
        return self._prefix

    def __repr__(self) -> str:
        title = self._prefix + " " if self._prefix else ""
        rows = "\n".join("  " + repr(p) for p in self.values())
        return f"{title}(\n{rows}\n)"

    def __getitem__(self, key: str) -> Parameter:
        try:
            return self._params[key]
        except KeyError:
            raise KeyError(f"ParameterDict: no parameter {key!r} (prefix {self._prefix!r}).{hint(key, self._params)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)

    def __contains__(self, key: object) -> bool:
        return key in self._params

    def items(self) -> ItemsView[str, Parameter]:
        """Pairs of name and parameter."""
        return self._params.items()

    def keys(self) -> KeysView[str]:
        """Full names."""
        return self._params.keys()

    def values(self) -> ValuesView[Parameter]:
        """Parameters."""
        return self._params.values()

    # ---- making and sharing

    def get(self, name: str, **kwargs: Any) -> Parameter:
        """The parameter `prefix + name`: an existing one (whose attributes must agree with kwargs), a shared one, or a new one."""
        full = self._prefix + name
        found = self._find(full)
        if found is None:
            found = self._params[full] = Parameter(full, **kwargs)
            return found
        for key, value in kwargs.items():
            existing = getattr(found, key, None)
            if existing is None:
                setattr(found, key, value)
            elif key == "shape" and value is not None:
                found.shape = _merged(full, existing, value)
            elif value is not None and not _same(key, existing, value):
                raise GluonError(
                    f"Parameter {full}: {key} is {existing!r}, but {value!r} is asked for. Use another name, or equal attributes."
                )
        return found

    def get_constant(self, name: str, value: Any = None) -> Parameter:
        """The constant `prefix + name`, made from `value` if there is none."""
        full = self._prefix + name
        found = self._find(full)
        if found is None:
            if value is None:
                raise KeyError(f"ParameterDict: no constant {full!r}. Pass its value to create it.")
            found = self._params[full] = Constant(full, value)
        elif value is not None:
            if not isinstance(found, Constant):
                raise GluonError(f"Parameter {full}: exists and is no constant. Use another name.")
            given = value if hasattr(value, "asnumpy") else ndarray.array(value)
            if tuple(given.shape) != tuple(found.value.shape) or (given.asnumpy() != found.value.asnumpy()).any():
                raise GluonError(f"Constant {full}: exists with another value. Use another name, or the same value.")
        return found

    def _find(self, full: str) -> Parameter | None:
        if full in self._params:
            return self._params[full]
        if self._shared is not None and full in self._shared._params:
            self._params[full] = self._shared._params[full]
            return self._params[full]
        return None

    def update(self, other: Any) -> None:
        """Take all parameters of another dictionary; a name must not stand for two parameters."""
        for name, p in other.items():
            mine = self._params.get(name)
            if mine is not None and mine is not p:
                raise GluonError(f"ParameterDict: {name!r} stands for two different parameters. Give the blocks different prefixes.")
            self._params[name] = p

    # ---- acting on all

    def initialize(self, init: Any = _UNIFORM, ctx: Any = None, verbose: bool = False, force_reinit: bool = False) -> None:
        """Initialize all parameters; those with their own initializer use that."""
        init = initializer.create(init) if isinstance(init, str) else init
        if verbose:
            init.set_verbosity(verbose=verbose)
        for p in self.values():
            p.initialize(None, ctx, init, force_reinit=force_reinit)

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for p in self.values():
            p.zero_grad()

    def reset_ctx(self, ctx: Any) -> None:
        """Move all parameters to other contexts."""
        for p in self.values():
            p.reset_ctx(ctx)

    def list_ctx(self) -> list[Context]:
        """All contexts that any of the parameters is on."""
        found: dict[Context, None] = {}
        for p in self.values():
            found.update(dict.fromkeys(p.list_ctx()))
        return list(found)

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of all parameters, for example `grad_req` or `lr_mult`."""
        for p in self.values():
            setattr(p, name, value)

    # ---- files

    def save(self, filename: str, strip_prefix: str = "") -> None:
        """Write all parameters to a .params file, under their names without `strip_prefix`."""
        arrays = {}
        for p in self.values():
            if not p.name.startswith(strip_prefix):
                raise ValueError(
                    f"ParameterDict: strip_prefix is {strip_prefix!r}, but a parameter is named {p.name!r}. Use a prefix of all names."
                )
            arrays[p.name[len(strip_prefix) :]] = p._reduce()
        ndarray.save(filename, arrays)

    def load(self, filename: str, ctx: Any = None, allow_missing: bool = False, ignore_extra: bool = False, restore_prefix: str = "",
             cast_dtype: bool = False, dtype_source: str = "current") -> None:  # fmt: skip
        """Read parameters from a .params file: one that `save` or `export` wrote (`arg:` and `aux:` before names are dropped)."""
        loaded = ndarray.load(filename)
        if isinstance(loaded, list):
            if loaded:
                raise GluonError(f"ParameterDict: {filename} holds arrays without names. Use a file that save() wrote.")
            loaded = {}
        self.load_dict(loaded, ctx, allow_missing, ignore_extra, restore_prefix, filename, cast_dtype, dtype_source)

    def load_dict(self, param_dict: dict[str, Any], ctx: Any = None, allow_missing: bool = False, ignore_extra: bool = False,
                  restore_prefix: str = "", filename: str | None = None, cast_dtype: bool = False, dtype_source: str = "current") -> None:  # fmt: skip
        """Take parameters from a dictionary of arrays; `restore_prefix` is put before its names."""
        source = f"file {filename}" if filename else "dictionary"
        for name in self.keys():
            if not name.startswith(restore_prefix):
                raise GluonError(
                    f"ParameterDict: restore_prefix is {restore_prefix!r}, but a parameter is named {name!r}. Use a prefix of all names."
                )
        arrays = {}
        for name, value in param_dict.items():
            plain = name[4:] if name.startswith(("arg:", "aux:")) else name
            whole = plain if plain is not name and plain in self._params else restore_prefix + plain
            arrays[whole] = value
        if not allow_missing:
            for name in self.keys():
                if name not in arrays:
                    raise GluonError(f"Parameter {name}: missing in {source} (it has {_some(arrays)}). Pass allow_missing=True to keep the value."
                                     + hint(name, arrays))  # fmt: skip
        for name, value in arrays.items():
            if name in self._params:
                self._params[name]._load_init(value, ctx, cast_dtype=cast_dtype, dtype_source=dtype_source)
            elif not ignore_extra:
                raise GluonError(f"Parameter {name}: in {source}, but the block has no such parameter (it has {_some(self._params)}). "
                                 "Pass ignore_extra=True to skip it." + hint(name, self._params))  # fmt: skip


def _some(names: Any) -> str:
    listed = list(names)
    return ", ".join(listed[:6]) + (f", ... ({len(listed)} in all)" if len(listed) > 6 else "") or "nothing"


def _merged(name: str, mine: tuple, given: Any) -> tuple[int, ...]:
    """A shape that knows what either knows."""
    given = (given,) if isinstance(given, int) else tuple(given)
    if len(given) != len(mine) or any(a > 0 and b > 0 and a != b for a, b in zip(mine, given)):
        raise GluonError(f"Parameter {name}: shape is {tuple(mine)}, but {given} is asked for. Use another name, or an equal shape.")
    return tuple(a if a > 0 else b for a, b in zip(mine, given))


def _same(key: str, mine: Any, given: Any) -> bool:
    if key == "dtype":
        return to_torch(mine) == to_torch(given)
    return mine is given or mine == given or (key == "init" and _init_text(mine) == _init_text(given))


def _init_text(init: Any) -> str:
    return initializer.create(init).dumps() if isinstance(init, str) else init.dumps() if hasattr(init, "dumps") else repr(init)
