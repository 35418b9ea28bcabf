"""Initializers: they fill parameter arrays, by the role that a parameter's name tells.

`initializer(InitDesc("fc1_weight"), array)`: names ending in weight are filled by the initializer's own rule, bias and beta with 0,
gamma with 1. An `__init__` attribute of the description (from `sym.Variable(init=...)` or a gluon Parameter) overrides the name.
Random numbers come from the generator of the array's context (`mx.random.seed`).
"""

from __future__ import annotations

import json
import logging
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from . import registry
from ._runtime import rng
from ._runtime.array import Array
from .error import hint
from .ndarray import NDArray, load  # noqa: F401  NDArray: part of the module's public names
from .registry import BadArgument
from .util import is_np_array  # noqa: F401  part of the module's public names

__all__ = ["InitDesc", "Initializer", "Load", "Mixed", "Zero", "One", "Constant", "Uniform", "Normal", "Orthogonal", "Xavier", "MSRAPrelu",
           "Bilinear", "LSTMBias", "FusedRNN", "register", "alias", "create"]  # fmt: skip


class InitDesc(str):
    """The name of a parameter with its attributes and the initializer of the whole network."""

    def __new__(cls, name: str, attrs: dict | None = None, global_init: Initializer | None = None) -> InitDesc:
        made = super().__new__(cls, name)
        made.attrs = attrs or {}
        made.global_init = global_init
        return made

    attrs: dict
    global_init: Initializer | None


class Initializer:
    """Base of the initializers. A subclass defines `_init_weight(name, array)` and passes its arguments to `__init__` for `dumps`."""

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs
        self._verbose = False
        self._print_func: Callable[[Any], str] | None = None

    def set_verbosity(self, verbose: bool = False, print_func: Callable[[Any], str] | None = None) -> Initializer:
        """Log every initialized parameter with `print_func(array)` (default: its norm over the square root of its size)."""
        self._verbose = verbose
        self._print_func = print_func or _root_mean_square
        return self

    def dumps(self) -> str:
        """JSON text from which `create` makes an equal initializer.

        >>> Uniform(0.1).dumps()
        '["uniform", {"scale": 0.1}]'
        """
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._kwargs == other._kwargs  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), repr(self._kwargs)))

    def __call__(self, desc: str, arr: Any) -> None:
        """Fill `arr` by the role of the parameter `desc`."""
        if not isinstance(desc, InitDesc):
            self._by_old_name(desc, arr)
            return
        if desc.global_init is None:
            desc.global_init = self
        own = desc.attrs.get("__init__", "")
        if own:
            chosen = own if not isinstance(own, (str, dict)) else create(own)
            fill = getattr(chosen, "_init_weight", None)
            if fill is None:  # Mixed, Load, or a function
                chosen(InitDesc(desc, {k: v for k, v in desc.attrs.items() if k != "__init__"}, desc.global_init), arr)
            else:
                fill(desc, arr)
            self._log(desc, own, arr)
            return
        role = next((r for r in _ROLES if desc.endswith(r)), None)
        getattr(self, _ROLES[role] if role else "_init_default")(desc, arr)
        self._log(desc, role, arr)

    def _by_old_name(self, name: str, arr: Any) -> None:
        """Plain strings for names: rules of old programs, which know more names."""
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: the name must be a str, got {type(name).__name__}. Pass mx.init.InitDesc(name).")
        if not isinstance(arr, Array):
            raise TypeError(f"{type(self).__name__}: the array must be an NDArray, got {type(arr).__name__}. Pass mx.nd.zeros(shape).")
        warnings.warn(
            f"{type(self).__name__}: a plain name ({name!r}) is deprecated. Pass mx.init.InitDesc(name).", DeprecationWarning, stacklevel=3
        )
        for prefix, method in _OLD_PREFIXES.items():
            if name.startswith(prefix) and (prefix != "stn_loc" or name.endswith(("weight", "bias"))):
                if prefix == "stn_loc":
                    method = "_init_zero" if name.endswith("weight") else "_init_loc_bias"
                getattr(self, method)(name, arr)
                return
        role = next((r for r in _OLD_ROLES if name.endswith(r)), None)
        getattr(self, _OLD_ROLES[role] if role else "_init_default")(name, arr)

    def _log(self, desc: str, role: Any, arr: Any) -> None:
        if self._verbose and self._print_func:
            logging.info("Initialized %s as %s: %s", desc, role, self._print_func(arr))

    # ---- one method a role; subclasses override them

    def _init_weight(self, name: str, arr: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__}: define _init_weight(name, array) in the subclass.")

    def _init_zero(self, _: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_one(self, _: str, arr: Any) -> None:
        arr[:] = 1.0

    def _init_bias(self, _: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_beta(self, _: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_gamma(self, _: str, arr: Any) -> None:
        arr[:] = 1.0

    def _init_loc_bias(self, name: str, arr: Any) -> None:
        if arr.shape != (6,):
            raise BadArgument(
                f"{type(self).__name__}: {name} must have shape (6,) for an affine transform, got {arr.shape}. Check the network."
            )
        arr[:] = np.array([1.0, 0, 0, 0, 1.0, 0])

    def _init_bilinear(self, _: str, arr: Any) -> None:
        arr[:] = bilinear_kernel(arr.shape)

    def _init_quantized_weight(self, _: str, arr: Any) -> None:
        values = torch.randint(-127, 128, tuple(arr.shape), generator=rng.generator(arr.context), device=arr._d.device)
        arr._d.copy_(values)

    def _init_default(self, name: str, _: Any) -> None:
        raise ValueError(
            f"{type(self).__name__}: nothing is known about a parameter named {name!r} (known endings: {', '.join(_ROLES)}).{hint(str(name), _ROLES)} "
            "Give it an initializer: mx.sym.Variable(..., init=mx.init.Zero()), Parameter(init=...), or mx.init.Mixed."
        )


_ROLES = {"weight": "_init_weight", "bias": "_init_bias", "gamma": "_init_gamma", "beta": "_init_beta", "min": "_init_zero", "max": "_init_one",
          "weight_quantize": "_init_quantized_weight"}  # fmt: skip
_OLD_PREFIXES = {"upsampling": "_init_bilinear", "stn_loc": ""}
_OLD_ROLES = {"weight": "_init_weight", "bias": "_init_bias", "gamma": "_init_gamma", "beta": "_init_beta", "moving_mean": "_init_zero",
              "moving_var": "_init_one", "moving_inv_var": "_init_zero", "moving_avg": "_init_zero", "min": "_init_zero", "max": "_init_one"}  # fmt: skip

register = registry.get_register_func(Initializer, "initializer")
alias = registry.get_alias_func(Initializer, "initializer")
create = registry.get_create_func(Initializer, "initializer")


def _root_mean_square(arr: Any) -> str:
    values = arr._d.double()
    return str(float(values.norm() / math.sqrt(max(values.numel(), 1))))


def bilinear_kernel(shape: tuple) -> torch.Tensor:
    """The kernel of bilinear upsampling for a weight (N, C, H, W): the same H x W triangle product for each pair of channels."""
    if len(shape) != 4:
        raise BadArgument(f"Bilinear: the weight must have 4 axes (N, C, H, W), got shape {tuple(shape)}. Use it for a deconvolution.")
    half = math.ceil(shape[3] / 2.0)
    centre = (2 * half - 1 - half % 2) / (2.0 * half)
    x = 1 - (torch.arange(shape[3], dtype=torch.float64) / half - centre).abs()
    y = 1 - (torch.arange(shape[2], dtype=torch.float64) / half - centre).abs()
    return (y[:, None] * x[None, :]).to(torch.float32).expand(shape).contiguous()


def _fill_random(arr: Any, kind: str, scale: float) -> None:
    """Uniform in +-scale, or normal with deviation scale, into the array."""
    target = arr._d if isinstance(arr._d, torch.Tensor) and arr._d.dtype.is_floating_point else None
    values = target if target is not None else torch.empty(tuple(arr.shape), device=arr.context.torch_device)
    generator = rng.generator(arr.context)
    if kind == "uniform":
        values.uniform_(-scale, scale, generator=generator)
    else:
        values.normal_(0.0, scale, generator=generator)
    if target is None:
        arr[:] = values


class Load:
    """Fills parameters from saved ones by name; others go to `default_init`.

    param: a dict of arrays or the path of a `.params` file; `arg:` and `aux:` before names are ignored.
    """

    def __init__(self, param: Any, default_init: Any = None, verbose: bool = False) -> None:
        if isinstance(param, (str, bytes)) or hasattr(param, "__fspath__"):
            param = load(param)
        if not isinstance(param, dict):
            raise BadArgument(f"Load: param must be a dict of arrays or a path, got {type(param).__name__}. Save parameters with names.")
        self.param = {n[4:] if n.startswith(("arg:", "aux:")) else n: a for n, a in param.items()}
        self.default_init = default_init
        self.verbose = verbose

    def __call__(self, name: str, arr: Any) -> None:
        found = self.param.get(str(name))
        if found is not None:
            if tuple(arr.shape) != tuple(found.shape):
                raise BadArgument(
                    f"Load: {name} has shape {tuple(arr.shape)}, the saved array {tuple(found.shape)}. Load parameters of the same network."
                )
            arr[:] = found
        elif self.default_init is None:
            raise BadArgument(
                f"Load: no saved array is named {str(name)!r} and there is no default_init.{hint(str(name), self.param)} Pass default_init=..."
            )
        else:
            self.default_init(name, arr)
        if self.verbose:
            logging.info("Initialized %s by %s", name, "loading" if found is not None else "default")


class Mixed:
    """The initializer whose pattern (a regular expression) is the first to match the parameter's name.

    >>> Mixed([".*bias", ".*"], [Zero(), Uniform(0.1)])
    """

    def __init__(self, patterns: Any, initializers: Any) -> None:
        if len(patterns) != len(initializers):
            raise BadArgument(f"Mixed: {len(patterns)} patterns but {len(initializers)} initializers. Pass one for each pattern.")
        self.map = [(re.compile(p), i) for p, i in zip(patterns, initializers)]

    def __call__(self, name: str, arr: Any) -> None:
        for pattern, initializer in self.map:
            if pattern.match(name):
                initializer(name, arr)
                return
        raise ValueError(
            f"Mixed: no pattern matches {str(name)!r} ({', '.join(p.pattern for p, _ in self.map)}). Add '.*' as the last one."
        )


@alias("zeros")
@register
class Zero(Initializer):
    """0 for weights."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, _: str, arr: Any) -> None:
        arr[:] = 0.0


@alias("ones")
@register
class One(Initializer):
    """1 for weights."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, _: str, arr: Any) -> None:
        arr[:] = 1.0


@register
class Constant(Initializer):
    """A value, or an array of the parameter's shape, for weights."""

    def __init__(self, value: Any) -> None:
        plain = value.asnumpy() if isinstance(value, Array) else value  # type: ignore[attr-defined]
        super().__init__(value=plain.tolist() if isinstance(plain, (np.ndarray, np.generic)) else plain)
        self.value = value

    def _init_weight(self, _: str, arr: Any) -> None:
        arr[:] = self.value


@register
class Uniform(Initializer):
    """Uniform in [-scale, scale) for weights."""

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, _: str, arr: Any) -> None:
        _fill_random(arr, "uniform", self.scale)


@register
class Normal(Initializer):
    """Normal with mean 0 and deviation sigma for weights."""

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, _: str, arr: Any) -> None:
        _fill_random(arr, "gaussian", self.sigma)


@register
class Orthogonal(Initializer):
    """scale times a matrix of orthonormal rows (or columns, if there are fewer), shape[0] x the rest (arXiv 1312.6120)."""

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform") -> None:
        super().__init__(scale=scale, rand_type=rand_type)
        self.scale = scale
        self.rand_type = rand_type

    def _init_weight(self, name: str, arr: Any) -> None:
        if len(arr.shape) < 2:
            raise ValueError(
                f"Orthogonal: {name} has shape {tuple(arr.shape)}; at least 2 axes are needed. Use another initializer for it."
            )
        if self.rand_type not in ("uniform", "normal"):
            raise ValueError(f"Orthogonal: rand_type {self.rand_type!r} is unknown. Use 'uniform' or 'normal'.")
        rows = arr.shape[0]
        start = torch.empty((rows, math.prod(arr.shape[1:])), dtype=torch.float64, device=arr.context.torch_device)
        generator = rng.generator(arr.context)
        if self.rand_type == "uniform":
            start.uniform_(-1.0, 1.0, generator=generator)
        else:
            start.normal_(0.0, 1.0, generator=generator)
        u, _, v = torch.linalg.svd(start, full_matrices=False)
        arr[:] = (self.scale * (u if u.shape == start.shape else v)).reshape(tuple(arr.shape))


@register
class Xavier(Initializer):
    """Random with scale s = sqrt(magnitude / n), n the fan-in ("in"), fan-out ("out") or their mean ("avg"): "uniform" in +-s, or "gaussian".

    Fans count a weight (out, in, ...) with the product of its further axes (Glorot and Bengio, AISTATS 2010).
    """

    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.rnd_type = rnd_type
        self.factor_type = factor_type
        self.magnitude = float(magnitude)

    def _init_weight(self, name: str, arr: Any) -> None:
        shape = tuple(arr.shape)
        if len(shape) < 2:
            raise ValueError(
                f"{type(self).__name__}: {name} has shape {shape}; at least 2 axes are needed. Use another initializer for it."
            )
        area = math.prod(shape[2:])
        fans = {"in": shape[1] * area, "out": shape[0] * area, "avg": (shape[0] + shape[1]) * area / 2.0}
        if self.factor_type not in fans:
            raise ValueError(f"{type(self).__name__}: factor_type {self.factor_type!r} is unknown. Use 'in', 'out' or 'avg'.")
        if self.rnd_type not in ("uniform", "gaussian"):
            raise ValueError(f"{type(self).__name__}: rnd_type {self.rnd_type!r} is unknown. Use 'uniform' or 'gaussian'.")
        fan = fans[self.factor_type]
        if fan:
            _fill_random(arr, self.rnd_type, math.sqrt(self.magnitude / fan))


@register
class MSRAPrelu(Xavier):
    """Xavier, gaussian, with magnitude 2 / (1 + slope ** 2), for networks of (leaky) rectifiers (arXiv 1502.01852)."""

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}


@register
class Bilinear(Initializer):
    """The kernel of bilinear upsampling, for weights (N, C, H, W) of deconvolutions."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, _: str, arr: Any) -> None:
        arr[:] = bilinear_kernel(tuple(arr.shape))


@register
class LSTMBias(Initializer):
    """The bias of an LSTM cell (gates in, forget, cell, out): forget_bias for the forget gate, else 0."""

    def __init__(self, forget_bias: float = 1.0) -> None:
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, _: str, arr: Any) -> None:
        arr[:] = 0.0
        hidden = arr.shape[0] // 4
        arr[hidden : 2 * hidden] = self.forget_bias


_GATES = {"rnn_relu": ("",), "rnn_tanh": ("",), "lstm": ("_i", "_f", "_c", "_o"), "gru": ("_r", "_z", "_o")}


@register
class FusedRNN(Initializer):
    """The packed parameter vector of the operator RNN: `init` for each gate's weight and bias, `forget_bias` for an LSTM's forget gates.

    init: an initializer, its JSON text, or None for the network's own.
    """

    def __init__(
        self, init: Any, num_hidden: int, num_layers: int, mode: str, bidirectional: bool = False, forget_bias: float = 1.0
    ) -> None:
        if isinstance(init, str):
            init = create(init)
        if mode not in _GATES:
            raise BadArgument(f"FusedRNN: mode {mode!r} is unknown.{hint(mode, _GATES)} Use one of {', '.join(_GATES)}.")
        super().__init__(init=init.dumps() if init is not None else None, num_hidden=num_hidden, num_layers=num_layers, mode=mode,
                         bidirectional=bidirectional, forget_bias=forget_bias)  # fmt: skip
        self._init, self._num_hidden, self._num_layers = init, num_hidden, num_layers
        self._mode, self._bidirectional, self._forget_bias = mode, bidirectional, forget_bias

    def _init_weight(self, desc: str, arr: Any) -> None:
        whole = getattr(desc, "global_init", None)
        for name, part in self._parts(arr):
            if self._mode == "lstm" and name.endswith("_f_bias"):
                part[:] = self._forget_bias
                continue
            filler = self._init or whole
            if filler is None:
                raise BadArgument(f"FusedRNN: {desc} needs an initializer, but init is None and there is no global one. Pass init=...")
            filler(InitDesc(name, global_init=whole), part)

    def _parts(self, arr: Any) -> list[tuple[str, Any]]:
        """(name, view) of every gate: all weights, layer by layer, then all biases."""
        hidden, directions = self._num_hidden, ("l", "r") if self._bidirectional else ("l",)
        gates = _GATES[self._mode]
        count = len(directions)
        inputs = arr.size // count // hidden // len(gates) - (self._num_layers - 1) * (hidden + count * hidden + 2) - hidden - 2
        outputs = count * hidden * len(gates)
        if inputs < 1 or outputs * ((inputs + hidden + 2) + (self._num_layers - 1) * (count * hidden + hidden + 2)) != arr.size:
            raise BadArgument(
                f"FusedRNN: {arr.size} parameters do not fit {self._num_layers} layers of {hidden} in mode {self._mode}. Check num_hidden."
            )
        parts, start = [], 0
        for what in ("weight", "bias"):
            for layer in range(self._num_layers):
                for direction in directions:
                    for side in ("i2h", "h2h"):
                        width = hidden if side == "h2h" else inputs if layer == 0 else count * hidden
                        for gate in gates:
                            shape = (hidden, width) if what == "weight" else (hidden,)
                            stop = start + math.prod(shape)
                            parts.append((f"{direction}{layer}_{side}{gate}_{what}", arr[start:stop].reshape(shape)))
                            start = stop
        return parts
