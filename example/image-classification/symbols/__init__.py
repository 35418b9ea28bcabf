"""Networks: each module's get_symbol(num_classes, ...) gives a symbol that ends in `softmax`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any


def names() -> list[str]:
    """Names for --network."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def create(network: str, **options: Any) -> Any:
    """The symbol of a network. Options without a value (None) keep the network's own."""
    if network not in names():
        raise SystemExit(f"--network: {network!r} is unknown. Use {', '.join(names())}.")
    get_symbol = importlib.import_module(f"{__name__}.{network}").get_symbol
    assert "num_classes" in inspect.signature(get_symbol).parameters
    return get_symbol(**{name: value for name, value in options.items() if value is not None})
