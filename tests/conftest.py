"""What all tests share: one thread a process, no GPU tests without a GPU, no global state left behind, and a closing line of numbers."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: test processes share the cores

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._runtime.state import state

torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that need a GPU where there is none."""
    if torch.cuda.is_available():
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="needs a GPU"))


@pytest.fixture(autouse=True)
def same_start() -> Iterator[None]:
    """Every test starts from the same seeds and flags, and leaves the flags as it found them."""
    np.random.seed(0)
    mx.random.seed(0)
    before = (state.recording, state.training, state.np_shape, state.np_array, torch.is_grad_enabled(), torch.get_default_dtype())
    yield
    after = (state.recording, state.training, state.np_shape, state.np_array, torch.is_grad_enabled(), torch.get_default_dtype())
    state.recording, state.training, state.np_shape, state.np_array = before[:4]
    assert after == before, f"the test left global state changed: {after}, before {before}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many of the originals' recorded cases were replayed, by family."""
    families: dict[str, Counter] = {}
    for outcome in ("passed", "failed", "xfailed"):
        for report in terminalreporter.stats.get(outcome, []):
            if getattr(report, "when", "call") == "call" and "tests/reference/test_replay" in report.nodeid.replace(os.sep, "/"):
                family = report.nodeid.split("[", 1)[1].split("/")[0]
                families.setdefault(family, Counter())[outcome] += 1
    if not families:
        return
    total: Counter = sum(families.values(), Counter())
    rows = [f"{name} {counts['passed']}/{sum(counts.values())}" for name, counts in sorted(families.items())]
    terminalreporter.write_sep("-", "recorded cases of the originals")
    terminalreporter.write_line(", ".join(rows))
    terminalreporter.write_line(
        f"{total['passed']} pass, {total['xfailed']} are pending (tests/reference/pending.txt), {total['failed']} fail"
    )
