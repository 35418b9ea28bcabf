"""The reviewed lists (known differences, pending cases) keep their formats, and what they point to exists."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILE = HERE / "known_differences.txt"
FIELDS = ("where", "original", "ours", "why", "test")


def read(text: str) -> list[dict[str, str]]:
    """The rows of the file; ValueError names a bad line."""
    rows: list[dict[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split(" | ")]
        if len(parts) != len(FIELDS) or not all(parts):
            raise ValueError(f"line {number}: {len(parts)} fields, must be {len(FIELDS)}: {' | '.join(FIELDS)}")
        row = dict(zip(FIELDS, parts))
        if rows and row["where"] < rows[-1]["where"]:
            raise ValueError(f"line {number}: {row['where']} must stand before {rows[-1]['where']} (sorted by `where`)")
        if row in rows:
            raise ValueError(f"line {number}: stands there twice")
        rows.append(row)
    return rows


def test_format() -> None:
    read(FILE.read_text())


@pytest.mark.parametrize("row", read(FILE.read_text()), ids=lambda row: row["where"])
def test_the_named_test_exists(row: dict[str, str]) -> None:
    path, _, name = row["test"].removeprefix("- ").partition("::")
    text = (HERE.parent / path).read_text()
    assert not name or f"def {name.split('[')[0]}(" in text, f"{row['where']}: {row['test']} does not exist"


@pytest.mark.parametrize(
    "text, message",
    [
        ("a | b | c", "line 1: 3 fields, must be 5"),
        ("a | b | c | | e", "line 1: 4 fields"),
        ("b | x | x | x | x\na | x | x | x | x", "line 2: a must stand before b"),
        ("a | x | x | x | x\na | x | x | x | x", "line 2: stands there twice"),
    ],
)
def test_bad_lines_are_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(text)
