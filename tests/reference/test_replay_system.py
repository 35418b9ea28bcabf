"""Recorded programs (files, optimizers, gluon, symbol, module, io ...): what the original returned, against ours. One test a case."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx

FOLDER = Path(__file__).parent / "system"
AREAS = sorted(p.stem for p in (FOLDER / "cases").glob("*.json"))
CASES = {f"{area}/{case['id']}": case for area in AREAS for case in json.loads((FOLDER / "cases" / f"{area}.json").read_text())}
#: No case may take longer; the slowest takes a few seconds.
SECONDS = 60
#: The names of bodies of control flow count their uses in the process: what the recording process had used before a case.
USED_BEFORE = {
    "symbol/json.foreach": {"foreach": 1},
    "symbol/json.while_loop": {"while_loop_cond": 1, "while_loop_func": 1},
    "symbol/json.cond": {"cond_pred": 1, "cond_then": 1, "cond_else": 1},
}


@cache
def expected(area: str) -> tuple[dict, Any]:
    """What the original returned: the trees, and their larger arrays."""
    path = FOLDER / "expected" / f"{area}.npz"
    return json.loads(path.with_suffix(".json").read_text()), np.load(path) if path.exists() else {}


@pytest.mark.reference(ids=CASES)
def test_case(reference_id: str, harness: Any) -> None:
    case, (trees, larger) = CASES[reference_id], expected(reference_id.split("/")[0])
    names = mx.AttrScope._subgraph_names
    names.clear()
    names.update(USED_BEFORE.get(reference_id, {}))
    got = harness.run_case(case, str(FOLDER), SECONDS)
    differences: list[str] = []
    wanted = harness.decode(trees[case["id"]], larger)
    rtol, atol = case.get("rtol", harness.DEFAULT_RTOL), case.get("atol", harness.DEFAULT_ATOL)
    harness.compare(wanted, got, rtol, atol, "", differences)
    assert not differences, "; ".join(differences[:5])
