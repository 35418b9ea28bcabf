"""What is generated: the committed stubs are up to date, and the operator pages can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_stubs_are_up_to_date() -> None:
    done = run("tools/stubs.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_coverage_page_is_up_to_date() -> None:
    done = run("tools/op_coverage.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_operator_pages(tmp_path: Path) -> None:
    done = run("tools/docs.py", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (
        "## FullyConnected\n\n    FullyConnected(data=None, weight=None, bias=None, num_hidden=None"
        in (tmp_path / "fully_connected.md").read_text()
    )
    assert "- [Convolution](convolution.md): " in (tmp_path / "index.md").read_text()
