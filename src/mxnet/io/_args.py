"""Arguments of iterators that MXNet made in C++: typed keywords that may also be strings, with errors for missing ones.

Names that an iterator does not have are ignored with a warning, as programs pass one set of settings to several iterators.
"""

from __future__ import annotations

import warnings
from typing import Any

from .._op.params import REQUIRED, Spec
from ..error import MXNetError, hint


class Arguments:
    """The arguments of one iterator: `Arguments("CSVIter", data_csv=(str, REQUIRED), batch_size=(int, REQUIRED), ...)`."""

    def __init__(self, owner: str, **table: tuple[Any, Any]) -> None:
        self.owner = owner
        self.specs = {name: Spec(name, annotation, default) for name, (annotation, default) in table.items()}

    def parse(self, given: dict[str, Any]) -> dict[str, Any]:
        """All arguments, typed, defaults included."""
        values: dict[str, Any] = {}
        unknown = [name for name in given if name not in self.specs]
        missing = [name for name, spec in self.specs.items() if spec.default is REQUIRED and name not in given]
        for name in unknown:
            text = f"{self.owner}: unknown argument {name!r}.{hint(name, self.specs)} Use {', '.join(self.specs)}."
            if missing:  # one of them is probably misspelt
                raise MXNetError(text)
            warnings.warn(f"{text} It is ignored.", stacklevel=4)
        for name, value in given.items():
            if name in unknown:
                continue
            spec = self.specs[name]
            values[name] = spec.parse(str(value) if hasattr(value, "__fspath__") else value, self.owner)
        for name, spec in self.specs.items():
            if name not in values:
                if spec.default is REQUIRED:
                    raise MXNetError(f"{self.owner}: {name} is required ({spec.describe()}). Pass {name}=...")
                values[name] = spec.default
        return values
