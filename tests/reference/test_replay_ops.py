"""Recorded operator calls: what the original returned, inferred and refused, against ours. One test a case."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx

FOLDER = Path(__file__).parent / "ops"
FAMILIES = sorted(p.stem for p in FOLDER.glob("*.json"))
CASES = {case["id"]: case for family in FAMILIES for case in json.loads((FOLDER / f"{family}.json").read_text())["cases"]}


@cache
def arrays(family: str) -> Any:
    """The recorded arrays of a family."""
    return np.load(FOLDER / f"{family}.npz")


@pytest.mark.reference(ids=CASES)
def test_case(reference_id: str, replay: Any) -> None:
    case = CASES[reference_id]
    reason = replay(FOLDER).run_and_judge(mx, case, arrays(reference_id.split("/")[0]).__getitem__)
    assert reason is None, reason
