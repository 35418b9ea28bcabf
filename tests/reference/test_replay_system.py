"""Recorded programs (files, optimizers, gluon, symbol, module, io ...): what the original returned, against ours. One test a case."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "system"
AREAS = sorted(p.stem for p in (FOLDER / "cases").glob("*.json"))
CASES = {f"{area}/{case['id']}": case for area in AREAS for case in json.loads((FOLDER / "cases" / f"{area}.json").read_text())}
#: No case may take longer; the slowest takes a few seconds.
SECONDS = 60


@cache
def expected(area: str) -> tuple[dict, Any]:
    """What the original returned: the trees, and their larger arrays."""
    path = FOLDER / "expected" / f"{area}.npz"
    return json.loads(path.with_suffix(".json").read_text()), np.load(path) if path.exists() else {}


@pytest.mark.reference(ids=CASES)
def test_case(reference_id: str, harness: Any) -> None:
    case, (trees, larger) = CASES[reference_id], expected(reference_id.split("/")[0])
    got = harness.run_case(case, str(FOLDER), SECONDS)
    differences: list[str] = []
    wanted = harness.decode(trees[case["id"]], larger)
    rtol, atol = case.get("rtol", harness.DEFAULT_RTOL), case.get("atol", harness.DEFAULT_ATOL)
    harness.compare(wanted, got, rtol, atol, "", differences)
    assert not differences, "; ".join(differences[:5])
