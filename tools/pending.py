"""Brings the lists of what is not there yet up to date: tests/reference/pending.txt and tests/_op/registry_missing.txt.

    python tools/pending.py [--add] [PYTEST ARGUMENTS]

Replays all recorded cases (or those that the arguments choose, like `-k np/`) and takes out every listed case that passes now, and every
operator that is registered now. With `--add`, cases that fail and are not listed are added with their error as reason; a person then
replaces it by what is missing. Only for cases that never passed: a case that passed before is a defect, not an entry.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import mxnet  # noqa: F401  registers the operators
from mxnet._op.registry import NAMES

ROOT = Path(__file__).resolve().parent.parent
PENDING = ROOT / "tests" / "reference" / "pending.txt"
MISSING = ROOT / "tests" / "_op" / "registry_missing.txt"
FAILED = re.compile(r"^FAILED tests/reference/test_replay_\w+\.py::test_case\[(.*?)\](?: - (.*))?$")


def read(path: Path) -> tuple[list[str], list[str]]:
    """(comment lines at the top, entries)."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line for line in lines if line.startswith("#")], [line for line in lines if line.strip() and not line.startswith("#")]


def write(path: Path, head: list[str], entries: list[str]) -> None:
    """The list again, sorted."""
    path.write_text("\n".join([*head, *sorted(entries)]) + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(entries)} entries")


def outcome(arguments: list[str]) -> tuple[set[str], dict[str, str]]:
    """(listed cases that pass, unlisted cases that fail -> why)."""
    files = ["tests/reference/test_replay_ops.py", "tests/reference/test_replay_system.py"]
    command = [sys.executable, "-m", "pytest", *files, "-n", "2", "-q", "--tb=no", "-rf", "--color=no", *arguments]
    environment = {**os.environ, "COLUMNS": "1000", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stdout)
    found = [m for m in map(FAILED.match, done.stdout.splitlines()) if m]
    passing = {m[1] for m in found if (m[2] or "").startswith("[XPASS(strict)]")}
    return passing, {m[1]: m[2] or "fails" for m in found if m[1] not in passing}


def reason(text: str) -> str:
    """An error as a short reason."""
    return re.sub(r"^(\w+\.)*\w*Error: (raised )?", "", text.replace(f"{ROOT}/", "")).replace("  # ", " ").strip()[:100] or "fails"


def main(arguments: list[str]) -> int:
    """Both lists."""
    add = "--add" in arguments
    passing, failing = outcome([a for a in arguments if a != "--add"])
    head, entries = read(PENDING)
    kept = [line for line in entries if line.split("  # ")[0].strip() not in passing]
    print(f"{len(entries) - len(kept)} listed cases pass now; {len(failing)} unlisted cases fail")
    write(PENDING, head, kept + [f"{name}  # {reason(text)}" for name, text in failing.items() if add])

    head, entries = read(MISSING)
    known = [n for v in ("1.9.1", "0.12.0") for n in json.loads((ROOT / f"tests/reference/api/ops_{v}.json").read_text())["ops"]]
    listed = {line.split("  # ")[0].strip(): line for line in entries}
    new = {n: f"{n}  # not registered yet" for n in known} if add else {}
    write(MISSING, head, [line for n, line in (new | listed).items() if n not in NAMES])
    return 1 if failing and not add else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
