"""tools/dev.py: its syntax is that of old Pythons, its messages say what to install, its manual lists every command."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", ROOT / "tools" / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_syntax_and_imports_of_old_pythons(dev: ModuleType) -> None:
    tree = ast.parse((ROOT / "tools" / "dev.py").read_text(), feature_version=(3, 7))
    imported = {
        n.names[0].name if isinstance(n, ast.Import) else n.module for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))
    }
    assert imported <= set(sys.stdlib_module_names)


def test_manual_lists_every_command(dev: ModuleType) -> None:
    text = dev.manual()
    assert all(f"\n  {name} " in text for name in dev.COMMANDS)


def test_probe(dev: ModuleType) -> None:
    assert dev.probe(sys.executable) == (sys.version_info[:2], True)
    assert dev.probe("/nonexistent/python") is None


def test_python_without_venv_is_told_what_to_install(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(dev, "probe", lambda command: ((3, 11), False))
    with pytest.raises(SystemExit):
        dev.choose_python()
    assert "sudo apt install python3.11-venv" in capsys.readouterr().err


def test_wrong_python_is_told_which_serve(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(dev, "probe", lambda command: ((3, 9), True))
    with pytest.raises(SystemExit):
        dev.choose_python()
    assert "mxtorch needs Python 3.10, 3.11, 3.12 or 3.13" in capsys.readouterr().err


def test_newer_python_of_the_path_is_found(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev.shutil, "which", lambda name: name)
    monkeypatch.setattr(dev, "probe", lambda command: ((3, 12), True) if command == "python3.12" else ((3, 8), True))
    assert dev.choose_python() == "python3.12"


def test_installation_is_repeated_only_when_pins_change(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("a==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.ruff]\nline-length = 1\n")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    first = dev.wanted()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.ruff]\nline-length = 2\n")
    assert dev.wanted() == first
    (tmp_path / "constraints.txt").write_text("a==2\n")
    assert dev.wanted() != first


def test_unknown_command_and_surplus_arguments(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(dev, "install", lambda: None)
    with pytest.raises(SystemExit):
        dev.main(["dmeo"])
    assert "dmeo is no command" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        dev.main(["check", "this"])
    assert "check takes no arguments, got this" in capsys.readouterr().err


def test_makefile_calls_every_command(dev: ModuleType) -> None:
    text = (ROOT / "Makefile").read_text()
    assert all(f"\n{name}:" in text and f"$(DEV) {name}" in text for name in dev.COMMANDS)
