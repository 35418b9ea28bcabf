"""Names and descriptions of a module's data and labels, checked against its symbol and against each other."""

from __future__ import annotations

import warnings
from typing import Any

from ..error import hint
from ..io import DataDesc


def check_names(symbol: Any, names: list[str], what: str, throw: bool) -> None:
    """Names of data, labels ... must be arguments of the symbol: an error, or a warning for labels."""
    arguments = symbol.list_arguments()
    for name in names:
        if name in arguments:
            continue
        candidates = [a for a in arguments if not a.endswith(("_weight", "_bias", "_gamma", "_beta"))]
        text = (f"Module: {what}_names has {name!r}, which is no argument of the symbol.{hint(name, candidates)} "
                f"Use one of {', '.join(candidates)}.")  # fmt: skip
        if throw:
            raise ValueError(text)
        warnings.warn(text, stacklevel=3)


def data_descs(
    data_names: list[str], label_names: list[str], data_shapes: Any, label_shapes: Any
) -> tuple[list[DataDesc], list[DataDesc] | None]:
    """Descriptions of data and labels; their names must be those of the module."""
    data = _descs(data_shapes, "data")
    _check_descs(data_names, data, "data")
    if label_shapes is None:
        _check_descs(label_names, [], "label")
        return data, None
    labels = _descs(label_shapes, "label")
    _check_descs(label_names, labels, "label")
    return data, labels


def _descs(given: Any, what: str) -> list[DataDesc]:
    try:
        return [d if isinstance(d, DataDesc) else DataDesc(*d) for d in given]
    except TypeError:
        raise TypeError(f"Module: {what}_shapes must be a list of (name, shape) pairs, got {given!r:.80}. "
                        "Pass e.g. [('data', (32, 10))].") from None  # fmt: skip


def _check_descs(names: list[str], descs: list[DataDesc], what: str) -> None:
    found = [d.name for d in descs]
    if sorted(names) == sorted(found):
        return
    text = f"Module: {what}_shapes describe {found}, the module has {what}_names {list(names)}. Make them agree."
    if what == "data":
        raise ValueError(text)
    warnings.warn(text, stacklevel=4)
