"""Arguments of iterators that MXNet made in C++: typed keywords that may also be strings, with errors for unknown and missing ones."""

from __future__ import annotations

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
        values = {}
        for name, value in given.items():
            spec = self.specs.get(name)
            if spec is None:
                raise MXNetError(f"{self.owner}: unknown argument {name!r}.{hint(name, self.specs)} Use {', '.join(self.specs)}.")
            values[name] = spec.parse(str(value) if hasattr(value, "__fspath__") else value, self.owner)
        for name, spec in self.specs.items():
            if name not in values:
                if spec.default is REQUIRED:
                    raise MXNetError(f"{self.owner}: {name} is required ({spec.describe()}). Pass {name}=...")
                values[name] = spec.default
        return values
