"""The recorded cases as tests: which are pending, and the programs that judge them."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent


def pending(path: Path = HERE / "pending.txt") -> dict[str, str]:
    """Case id -> why it does not pass yet. A line is `id  # reason`; lines that begin with # are comments."""
    rows: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        name, _, reason = (part.strip() for part in line.partition("  # "))
        if not line.strip() or line.startswith("#"):
            continue
        if not reason or name in rows or " " in name:
            raise ValueError(f"{path.name}, line {number}: {line!r} must be 'case id  # reason', once a case.")
        rows[name] = reason
    return rows


def load(path: Path) -> ModuleType:
    """A Python file as a module."""
    spec = importlib.util.spec_from_file_location(f"reference_{path.parent.name}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def replay() -> Any:
    """Folder -> its replay.py."""
    return cache(lambda folder: load(folder / "replay.py"))


@pytest.fixture(scope="session")
def harness() -> Any:
    """The harness of the system cases, with their programs."""
    sys.modules["harness"] = module = load(HERE / "system" / "harness.py")
    module.load_families(str(HERE / "system"))
    assert not module.UNLOADED, module.UNLOADED
    return module


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`@pytest.mark.reference(ids=...)`: one test an id; a pending one must fail, so that the list shrinks and never grows stale."""
    mark = metafunc.definition.get_closest_marker("reference")
    if mark is None:
        return
    reasons = pending()
    rows = [
        pytest.param(
            i, marks=pytest.mark.xfail(reason=reasons[i], strict=not reasons[i].startswith("rounding noise")) if i in reasons else (), id=i
        )
        for i in mark.kwargs["ids"]
    ]
    metafunc.parametrize("reference_id", rows)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Recorded programs may warn: the original's callers did not see our warnings."""
    for item in items:
        if item.get_closest_marker("reference"):
            item.add_marker(pytest.mark.filterwarnings("ignore"))
