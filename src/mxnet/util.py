"""Switches of NumPy semantics and small helpers."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ._runtime.state import state
from .context import Context, gpu_memory_info, num_gpus
from .error import MXNetError

__all__ = ["is_np_shape", "is_np_array", "set_np_shape", "set_np", "reset_np", "np_shape", "np_array", "use_np_shape", "use_np_array",
           "use_np", "np_ufunc_legal_option", "wrap_np_unary_func", "wrap_np_binary_func", "getenv", "setenv", "get_gpu_count",
           "get_gpu_memory", "get_cuda_compute_capability", "set_module", "makedirs"]  # fmt: skip


def is_np_shape() -> bool:
    """Whether shapes follow NumPy: () is a scalar and 0 an empty axis."""
    return state.np_shape


def is_np_array() -> bool:
    """Whether blocks and loaders produce `mx.np.ndarray`."""
    return state.np_array


def set_np_shape(active: bool) -> bool:
    """Switch NumPy shapes on or off; the previous state."""
    previous, state.np_shape = state.np_shape, bool(active)
    return previous


class _Switch:
    """A context manager and decorator for one of the two switches."""

    def __init__(self, name: str, active: bool) -> None:
        self.name, self.active = name, bool(active)

    def __enter__(self) -> _Switch:
        self.old = getattr(state, self.name)
        setattr(state, self.name, self.active)
        return self

    def __exit__(self, *exc: object) -> None:
        setattr(state, self.name, self.old)


def np_shape(active: bool = True) -> _Switch:
    """`with np_shape():` NumPy shapes inside the block."""
    return _Switch("np_shape", active)


class _NumpyArrayScope(_Switch):
    """The switch of NumPy arrays, under the original's name."""

    def __init__(self, is_np_array: bool) -> None:
        super().__init__("np_array", is_np_array)
        self._is_np_array = self.active


def np_array(active: bool = True) -> _NumpyArrayScope:
    """`with np_array():` `mx.np.ndarray` inside the block."""
    return _NumpyArrayScope(active)


def _decorated(func: Any, scope: Callable) -> Any:
    if inspect.isclass(func):
        for name, method in inspect.getmembers(func, inspect.isfunction):  # inherited ones too: `initialize` of a block, for example
            if name not in ("__setattr__", "__getattr__", "__repr__") and not isinstance(inspect.getattr_static(func, name), staticmethod):
                setattr(func, name, _decorated(method, scope))
        return func
    if not callable(func):
        raise TypeError(f"use_np: must decorate a class or a function, got {type(func).__name__}. Use it as a decorator.")

    @functools.wraps(func)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with scope(True):
            return func(*args, **kwargs)

    return inner


def use_np_shape(func: Any) -> Any:
    """Decorator: NumPy shapes inside the function, or inside all methods of the class."""
    return _decorated(func, np_shape)


def use_np_array(func: Any) -> Any:
    """Decorator: NumPy arrays inside the function, or inside all methods of the class."""
    return _decorated(func, np_array)


def use_np(func: Any) -> Any:
    """Decorator: NumPy shapes and arrays inside the function, or inside all methods of the class."""
    return use_np_shape(use_np_array(func))


#: arguments of NumPy's ufuncs: the value that changes nothing, and whether a value is one that NumPy takes
_UFUNC: dict[str, tuple[Any, Callable[[Any], bool]]] = {
    "where": (True, lambda v: True),
    "casting": ("same_kind", lambda v: v in ("no", "equiv", "safe", "same_kind", "unsafe")),
    "order": ("K", lambda v: isinstance(v, str)),
    "dtype": (None, lambda v: v in np.sctypeDict or v in np.sctypeDict.values()),
    "subok": (True, lambda v: isinstance(v, bool)),
}


def np_ufunc_legal_option(key: str, value: Any) -> bool:
    """Whether NumPy's ufuncs take this value for this argument."""
    return key in _UFUNC and _UFUNC[key][1](value)


def only_neutral(where: str, kwargs: dict) -> None:
    """Refuse keyword arguments of NumPy's ufuncs that would change the result."""
    for key, value in kwargs.items():
        if key not in _UFUNC:
            raise TypeError(f"{where}: unknown argument {key!r}. Use out and {', '.join(_UFUNC)}.")
        same = _UFUNC[key][0]
        if value is not same and not (type(value) is str and value == same):
            if np_ufunc_legal_option(key, value):
                raise NotImplementedError(f"{where}: {key}={value!r} is not supported. Leave it away.")
            raise TypeError(f"{where}: {key}={value!r} is no such value in NumPy. Leave it away.")


def wrap_np_unary_func(func: Callable) -> Callable:
    """Decorator: a function of one array that takes the arguments of NumPy's ufuncs, as long as they change nothing."""

    @functools.wraps(func)
    def call(x: Any, out: Any = None, **kwargs: Any) -> Any:
        only_neutral(func.__name__, kwargs)
        return func(x, out=out)

    return call


def wrap_np_binary_func(func: Callable) -> Callable:
    """Decorator: a function of two arrays that takes the arguments of NumPy's ufuncs, as long as they change nothing."""

    @functools.wraps(func)
    def call(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> Any:
        only_neutral(func.__name__, kwargs)
        return func(x1, x2, out=out)

    return call


def set_np(shape: bool = True, array: bool = True) -> None:
    """Switch NumPy semantics on for this thread."""
    if array and not shape:
        raise ValueError("set_np: NumPy arrays need NumPy shapes (shape=False, array=True). Pass shape=True.")
    state.np_shape, state.np_array = bool(shape), bool(array)


def reset_np() -> None:
    """Switch NumPy semantics off for this thread."""
    set_np(False, False)


def set_module(module: str) -> Callable:
    """Decorator: the module name that a function or class shows."""

    def decorate(func: Any) -> Any:
        func.__module__ = module
        return func

    return decorate


def makedirs(d: str) -> None:
    """Make a folder and its parents."""
    os.makedirs(os.path.expanduser(d), exist_ok=True)


def getenv(name: str) -> str | None:
    """An environment variable, or None."""
    return os.environ.get(name)


def setenv(name: str, value: str | None) -> None:
    """Set an environment variable; None removes it."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def get_gpu_count() -> int:
    """How many accelerators there are."""
    return num_gpus()


def get_gpu_memory(gpu_dev_id: int) -> tuple[int, int]:
    """(free, total) bytes of an accelerator."""
    return gpu_memory_info(gpu_dev_id)


def get_cuda_compute_capability(ctx: Context) -> int:
    """The compute capability of a GPU as a number (90 for 9.0)."""
    if ctx.device_type != "gpu":
        raise ValueError(f"get_cuda_compute_capability: {ctx} is no GPU. Pass mx.gpu(i).")
    if not torch.cuda.is_available():
        raise MXNetError("get_cuda_compute_capability: there is no CUDA device here. Use it on a machine with one.")
    major, minor = torch.cuda.get_device_capability(ctx.torch_device)
    return major * 10 + minor
