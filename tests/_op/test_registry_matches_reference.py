"""The registry against the originals': names, inputs, attribute names, their order, defaults and aliases of every operator."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet  # noqa: F401  registers the operators
from mxnet._op.params import REQUIRED
from mxnet._op.registry import NAMES, OPS, Op
from mxnet.error import MXNetError

API = Path(__file__).parents[1] / "reference" / "api"
REFERENCE: dict[str, dict] = json.loads((API / "ops_1.9.1.json").read_text())["ops"]
OLDER: dict[str, dict] = json.loads((API / "ops_0.12.0.json").read_text())["ops"]
DIFFERENCES = Path(__file__).parent / "registry_differences.txt"
MISSING = Path(__file__).parent / "registry_missing.txt"
TENSORS = ("NDArray-or-Symbol", "NDArray-or-Symbol[]", "NDArray", "Symbol", "Symbol or Symbol[]")


def read_list(path: Path) -> dict[str, str]:
    """Operator -> reason, from lines `name  # reason`."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {name.strip(): reason.strip() for name, _, reason in (line.partition("  # ") for line in lines)}


def default_of(text: str) -> Any:
    """The default that a registry's type text states, as text; REQUIRED if it has none."""
    found = re.search(r"default=(.*)$", text)
    return found[1].strip("'") if found else REQUIRED


def same_default(op: Op, name: str, text: str) -> bool:
    """Whether our default of an attribute is the stated one."""
    ours, stated = op.specs[name].default, default_of(text)
    if stated is REQUIRED or ours is REQUIRED:
        return stated is ours
    if stated in ("None", ""):
        return ours is None or ours in ("", ())
    if op.specs[name].kind == "float" and ours is not None:
        return np.float32(ours) == np.float32(stated)  # the registry's texts are of float32 values
    try:
        return bool(ours == op.specs[name].parse(stated.replace("[", "(").replace("]", ")") if stated[:1] == "[" else stated, op.name))
    except MXNetError:
        return False


def compare(op: Op, reference: dict) -> list[str]:
    """What differs between ours and the original's operator."""
    inputs = [a["name"] for a in reference["args"] if a["type"] in TENSORS]
    attrs = {a["name"]: a["type"] for a in reference["args"] if a["type"] not in TENSORS}
    attrs.pop(reference["key_var_num_args"], None)
    ours = [n for n in op.specs if n != reference["key_var_num_args"]]
    wrong = []
    if list(op.inputs) != inputs:
        wrong.append(f"inputs {list(op.inputs)}, the original has {inputs}")
    if ours != list(attrs):
        wrong.append(f"attributes {ours}, the original has {list(attrs)}")
    wrong += [
        f"default of {n} is {op.specs[n].default!r}, the original's text is {t!r}"
        for n, t in attrs.items()
        if n in op.specs and not same_default(op, n, t)
    ]
    missing = sorted(set(reference["aliases"]) - {n for n, o in NAMES.items() if o is op})
    if missing:
        wrong.append(f"aliases {missing} are missing")
    return wrong


DIFFERING = read_list(DIFFERENCES)


def test_operators_that_the_newer_version_dropped() -> None:
    """Names that both have, be it as aliases, follow 1.9.1."""
    newer = {n for name, o in REFERENCE.items() for n in (name, *o["aliases"])}
    wrong = {name: compare(NAMES[name], OLDER[name]) for name in OLDER if name in NAMES and name not in newer}
    assert {name: w for name, w in wrong.items() if w and name not in DIFFERING} == {}


def test_aliases_of_the_older_version() -> None:
    missing = {f"{alias} of {name}" for name, o in OLDER.items() if name in NAMES for alias in o["aliases"] if alias not in NAMES}
    assert not missing


@pytest.mark.parametrize("name", sorted(set(OPS) & set(REFERENCE)))
def test_operator_matches(name: str) -> None:
    wrong = compare(OPS[name], REFERENCE[name])
    if name in DIFFERING:
        assert wrong, f"{name} matches now: take its line out of {DIFFERENCES.name}"
    else:
        assert not wrong, "; ".join(wrong)


def test_names_are_the_originals() -> None:
    known = {n for ops in (REFERENCE, OLDER) for name, o in ops.items() for n in (name, *o["aliases"])}
    assert sorted(n for n in OPS if n not in known and n not in DIFFERING) == []
    # what is canonical here is canonical there
    canonical = set(REFERENCE) | set(OLDER)
    assert sorted(n for n in OPS if n in known and n not in canonical and n not in DIFFERING) == []


def test_what_is_missing_is_listed() -> None:
    listed = read_list(MISSING)
    missing = {n for n in (*REFERENCE, *OLDER) if n not in NAMES}
    assert sorted(missing - set(listed)) == [], "operators vanished, or the list is not up to date"
    assert sorted(set(listed) - missing) == [], "registered now: take them out of registry_missing.txt"
    assert [n for n, reason in listed.items() if not reason] == [], "an operator is left out for a reason that a reader can judge"
