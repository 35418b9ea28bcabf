"""Types of the results of `mx.np` operators, for inference before shapes are known.

An operator that works entry by entry or reduces runs on one entry without values (torch's `meta` device), so that its own rule of promotion answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import _dtype
from . import np_edit, np_elementwise, np_reduce, np_shape  # noqa: F401  register what is described here
from .registry import NAMES, Op

_BINARY = """add subtract multiply mod power true_divide""".split()
_ALIKE = (
    """equal not_equal greater greater_equal less less_equal copysign arctan2 hypot ldexp lcm bitwise_and bitwise_or bitwise_xor""".split()
)
_SCALAR = [*_BINARY, *_ALIKE, *(f"r{n}" for n in ("subtract", "mod", "power", "true_divide", "copysign", "arctan2", "ldexp"))]
_REDUCTIONS = ["_np_sum", "_np_prod", "_npi_mean", "_npi_std", "_npi_var", "_np_cumsum"]
#: operators whose results have one type whatever they get
_FIXED = {
    torch.bool: ["_np_all", "_np_any", "_npx_constraint_check", *(f"_npi_{n}" for n in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "logical_not"))],
    torch.int64: ["_npi_argmax", "_npi_argmin", "_npx_nonzero", "_npi_diag_indices_from"],
}  # fmt: skip
_FLAGS = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")

_Types = dict[str, torch.dtype | None]


def _ran(op: Op, alike: bool, otherwise: torch.dtype | None) -> Callable[..., Any]:
    """The rule that runs the operator. alike: inputs have one type; `otherwise`: the result's type while an input's is unknown."""

    def rule(types: _Types, **attrs: Any) -> tuple[_Types, list[torch.dtype | None]]:
        if alike:
            shared = next((t for t in types.values() if t is not None), None)
            types = {n: shared if t is None else t for n, t in types.items()}
        if any(t is None for t in types.values()):
            asked = attrs.get("dtype")
            return types, [_dtype.to_torch(asked) if asked is not None else otherwise]
        try:
            made = op.fn(*(torch.empty((1,), dtype=t, device="meta") for t in types.values()), **{**attrs, **_whole(attrs)})
        except Exception:  # types that do not fit are the operator's own business, once it runs
            return types, [otherwise]
        return types, [made.dtype]

    return rule


def _whole(attrs: dict) -> dict:
    """Attributes for one axis: a reduction is over all of it."""
    return {"axis": None} if "axis" in attrs else {}


def _always(kind: torch.dtype) -> Callable[..., Any]:
    return lambda types, **_: (types, [kind])


def _choice(types: _Types, **_: Any) -> tuple[_Types, list[torch.dtype | None]]:
    """Those that are chosen from have one type; the condition has any."""
    shared = next((t for n, t in types.items() if n != "condition" and t is not None), None)
    return {n: shared if t is None and n != "condition" else t for n, t in types.items()}, [shared]


for _name in ("where", "where_lscalar", "where_rscalar"):
    NAMES[f"_npi_{_name}"].types(_choice)
for _name in _BINARY:
    NAMES[f"_npi_{_name}"].types(_ran(NAMES[f"_npi_{_name}"], _name != "true_divide", None))
for _name in _ALIKE:
    NAMES[f"_npi_{_name}"].types(_ran(NAMES[f"_npi_{_name}"], True, torch.bool if _name in _FLAGS else None))
for _name in _SCALAR:
    if f"_npi_{_name}_scalar" in NAMES:
        NAMES[f"_npi_{_name}_scalar"].types(_ran(NAMES[f"_npi_{_name}_scalar"], False, torch.bool if _name in _FLAGS else None))
for _name in _REDUCTIONS:
    NAMES[_name].types(_ran(NAMES[_name], False, None))
for _kind, _names in _FIXED.items():
    for _name in _names:
        NAMES[_name].types(_always(_kind))
