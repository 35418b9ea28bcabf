"""Finds the function of `mx.np` or `mx.npx` that a registered name stands for."""

from __future__ import annotations

from typing import Any

from . import numpy, numpy_extension


def _get_builtin_op(op_name: str) -> Any:
    """The function of `_np_<name>` or `_npx_<name>` (`_npx__image_<name>` is in `image`); None for names of other families."""
    for prefix, home in (("_npx_", numpy_extension), ("_np_", numpy)):
        if op_name.startswith(prefix):
            inner = op_name.removeprefix(prefix)
            for group in ("image", "random", "linalg"):
                if inner.startswith(f"_{group}_"):
                    home, inner = getattr(home, group), inner.removeprefix(f"_{group}_")
            found = getattr(home, inner, None)
            if found is None:
                raise ValueError(f"numpy_op_signature: {home.__name__} has no function {inner!r} (of {op_name!r}). Check the name.")
            return found
    return None
