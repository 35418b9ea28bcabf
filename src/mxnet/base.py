"""Names that MXNet programs import from `mxnet.base`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .error import ERROR_TYPES as error_types
from .error import MXNetError, NotImplementedForSymbol, register_error

__all__ = ["MXNetError", "NotImplementedForSymbol", "NotSupportedForSparseNDArray", "error_types", "register_error", "integer_types",
           "numeric_types", "string_types", "mx_real_t", "py_str", "classproperty", "data_dir", "with_metaclass"]  # fmt: skip

integer_types = (int, np.int32, np.int64)
numeric_types = (float, int, np.generic)
string_types = (str,)
mx_real_t = np.float32
mx_uint = int
#: the value that stands for "not given" in signatures of the original
_Null = None


class NotSupportedForSparseNDArray(MXNetError):
    """An operation that sparse arrays do not have."""

    def __init__(self, function: Callable, alias: str | None, *args: Any) -> None:
        self.function = function.__name__
        self.alias = alias
        self.args = tuple(str(type(a)) for a in args)

    def __str__(self) -> str:
        hint = f" Use {self.alias}." if self.alias else " Convert with tostype('default') first."
        return f"{self.function}: not supported for sparse arrays (arguments: {', '.join(self.args)}).{hint}"


def py_str(x: bytes | str) -> str:
    """Text of bytes or text."""
    return x.decode("utf-8") if isinstance(x, bytes) else x


class classproperty:
    """A property of a class. With a setter, and a class made by `WithClassProperties`, it can be assigned: `AttrScope.current = ...`."""

    def __init__(self, func: Callable, setter: Callable | None = None) -> None:
        self.func, self.setter = func, setter

    def __get__(self, obj: Any, owner: type) -> Any:
        return self.func(owner)


class WithClassProperties(type):
    """The class of classes whose properties are assigned: Python's own classes would lose the property instead."""

    def __setattr__(cls, name: str, value: Any) -> None:
        found = cls.__dict__.get(name)
        if isinstance(found, classproperty) and found.setter is not None:
            found.setter(cls, value)
        else:
            super().__setattr__(name, value)


def _as_list(obj: Any) -> list | tuple:
    """A list or tuple as it is, anything else in a list."""
    return obj if isinstance(obj, (list, tuple)) else [obj]


def data_dir() -> str:
    """The folder for downloaded data and models: `MXNET_HOME`, or `~/.mxnet`."""
    return os.getenv("MXNET_HOME", os.path.join(os.path.expanduser("~"), ".mxnet"))


data_dir_default = data_dir


def with_metaclass(meta: type, *bases: type) -> type:
    """A base class with the metaclass, for programs written for Python 2 and 3."""
    return meta("temporary_class", bases, {})
