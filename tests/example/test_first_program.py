"""The announcement's first program."""

import importlib.util
from pathlib import Path


def test_first_program_agrees_with_scipy():
    path = Path(__file__).parents[2] / "example" / "sparse" / "first_program.py"
    spec = importlib.util.spec_from_file_location("first_program", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.main(rows=500, columns=2000, density=0.01) < 1e-4
