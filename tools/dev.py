#!/usr/bin/env python3
"""The developer's commands, for any machine with Python 3.10-3.13: `python tools/dev.py COMMAND [ARGUMENTS]`, or `make COMMAND`.

Needs nothing but Python's standard library. The first command makes a virtual environment in `.venv` and installs there what
constraints.txt pins; later ones install again only when the pins or the project's dependencies have changed. This file keeps to the
syntax of Python 3.6, so that an old interpreter gets a message (or finds a newer one) and no syntax error.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "installed.sha256"
VERSIONS = [(3, 13), (3, 12), (3, 11), (3, 10)]
#: Asked of every interpreter: its version, and whether it can make a virtual environment.
PROBE = "import sys; print(*sys.version_info[:2])\ntry:\n    import venv, ensurepip; print('venv')\nexcept ImportError: print('bare')"


def manual() -> str:
    """What the commands do: the comments of the Makefile."""
    rows = re.findall(r"^([a-z-]+):.*?## (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    lines = [f"  {name:9} {text}" for name, text in rows]
    return "\n".join(['usage: python tools/dev.py COMMAND [ARGUMENTS]     (or: make COMMAND ARGS="ARGUMENTS")', ""] + lines)


def say(text: str) -> None:
    """What happens now, on one line."""
    print(">> " + text)
    sys.stdout.flush()


def stop(text: str) -> None:
    """End with a message, without a traceback."""
    sys.stderr.write("\n" + text + "\n")
    raise SystemExit(1)


# ---- the virtual environment


def probe(command: str) -> "tuple | None":
    """((major, minor), whether it can make a virtual environment) of an interpreter; None if it does not run."""
    try:
        found = subprocess.run([command, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        words = found.stdout.decode().split()
        return ((int(words[0]), int(words[1])), words[2] == "venv") if found.returncode == 0 else None
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return None


def choose_python() -> str:
    """This interpreter if it serves, else the newest on the path that does; a message if none does."""
    names = [sys.executable] + [f"python{major}.{minor}" for major, minor in VERSIONS] + ["python3", "python"]
    bare = []
    for name in names:
        command = shutil.which(name)
        found = probe(command) if command else None
        if found and found[0] in VERSIONS:
            if found[1]:
                return command
            bare.append((command, found[0]))
    here = "{}.{}".format(*sys.version_info[:2])
    if bare:
        command, (major, minor) = bare[0]
        stop(
            f"{command} cannot make virtual environments: its modules venv and ensurepip are missing.\n"
            f"  Debian, Ubuntu:  sudo apt install python{major}.{minor}-venv\n"
            f"  other systems:   install the full Python {major}.{minor} of your system or of python.org\n"
            "Then run the command again."
        )
    stop(
        f"mxtorch needs Python 3.10, 3.11, 3.12 or 3.13; this is Python {here} ({sys.executable}), and no other was found on the path.\n"
        "  Debian, Ubuntu:  sudo apt install python3 python3-venv\n"
        "  Fedora:          sudo dnf install python3.12\n"
        "  macOS:           brew install python@3.12\n"
        "Then run the command again, or name the interpreter: python3.12 tools/dev.py ..."
    )


def wanted() -> str:
    """A fingerprint of everything that decides what is installed."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("\n[tool.ruff")[0]
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8") + project + str(ROOT)
    return hashlib.sha256(text.encode()).hexdigest()


def install() -> None:
    """Make `.venv` what constraints.txt and pyproject.toml say; nothing to do if it is."""
    found = probe(str(PYTHON)) if PYTHON.exists() else None
    fresh = found is None or found[0] not in VERSIONS
    if not fresh and STAMP.exists() and STAMP.read_text() == wanted():
        return
    started = time.time()
    if fresh:
        python = choose_python()
        if VENV.exists():
            say(f"{VENV} does not run (or is no Python 3.10-3.13): making it anew")
            shutil.rmtree(str(VENV))
        say(f"making a virtual environment in .venv with {python}")
        done = subprocess.run([python, "-m", "venv", str(VENV)])
        if done.returncode:
            shutil.rmtree(str(VENV), ignore_errors=True)
            stop(f"{python} -m venv failed; its message is above. On Debian and Ubuntu, install python3-venv.")
    say("installing mxtorch and its tools, at the versions of constraints.txt (the first time PyTorch is fetched: this can take minutes)")
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--constraint", "constraints.txt"]
    done = subprocess.run(command + ([] if fresh else ["--quiet"]) + ["--editable", ".[dev]"], cwd=str(ROOT))
    if done.returncode:
        stop(
            "The installation failed; pip's message is above. It needs a connection to a package index, or the files on disk. Run it again."
        )
    STAMP.write_text(wanted())
    say(f"installed in {time.time() - started:.0f} s")


# ---- commands


def run(*command: str, **variables: str) -> int:
    """A program of the virtual environment, in the project's folder; its exit status."""
    environment = dict(os.environ, **variables)
    environment["PATH"] = str(PYTHON.parent) + os.pathsep + environment.get("PATH", "")
    environment["VIRTUAL_ENV"] = str(VENV)
    return subprocess.run(command, cwd=str(ROOT), env=environment).returncode


def python(*arguments: str, **variables: str) -> int:
    """Python of the virtual environment."""
    return run(str(PYTHON), *arguments, **variables)


def pytest(*arguments: str, **variables: str) -> int:
    """Tests, one thread a process: two processes share the machine."""
    return python("-m", "pytest", *arguments, OMP_NUM_THREADS="1", **variables)


def demo(*arguments: str) -> int:
    """The main job; its report."""
    return python("demo/run.py", *arguments)


def test(*arguments: str) -> int:
    """All quick tests."""
    return pytest("-n", "2", "-m", "not slow", *arguments)


def test_all(*arguments: str) -> int:
    """All tests."""
    return pytest("-n", "2", *arguments)


def test_gpu(*arguments: str) -> int:
    """Tests that need a GPU, in one process."""
    return pytest("-m", "gpu", *arguments)


def steps(title: str, rows: "list[tuple]") -> int:
    """Run every row (name, command), then say which failed."""
    failed = []
    for name, command in rows:
        say(f"{title}: {name}")
        started = time.time()
        if command():
            failed.append(name)
        say("{}: {} {} in {:.1f} s".format(title, name, "FAILED" if name in failed else "done", time.time() - started))
    say("{}: {}".format(title, "failed: " + ", ".join(failed) if failed else "all done"))
    return 1 if failed else 0


def check() -> int:
    """Everything that holds without running the product."""
    return steps(
        "check",
        [
            ("style", lambda: python("-m", "ruff", "check", ".")),
            ("format", lambda: python("-m", "ruff", "format", "--check", "--quiet", ".")),
            ("import layers", lambda: run("lint-imports", "--no-logo")),
            ("types", lambda: python("-m", "mypy")),
            ("stubs", lambda: python("tools/stubs.py", "--check")),
        ],
    )


def fix() -> int:
    """Everything that a program can mend."""
    return steps(
        "fix",
        [
            ("style", lambda: python("-m", "ruff", "check", "--fix", ".")),
            ("format", lambda: python("-m", "ruff", "format", ".")),
            ("stubs", lambda: python("tools/stubs.py")),
        ],
    )


def bench(*arguments: str) -> int:
    """One benchmark with its arguments, or all of them."""
    if arguments:
        return python(f"bench/{arguments[0]}.py", *arguments[1:])
    names = sorted(p.stem for p in (ROOT / "bench").glob("[a-z]*.py"))
    return steps("bench", [(name, lambda name=name: python(f"bench/{name}.py")) for name in names])


def stubs(*arguments: str) -> int:
    """The .pyi files."""
    return python("tools/stubs.py", *arguments)


def docs(*arguments: str) -> int:
    """The operator pages, the coverage page and the list of error texts."""
    return python("tools/docs.py", *arguments) or python("tools/op_coverage.py")


def pending(*arguments: str) -> int:
    """The lists of what is not there yet, without what is."""
    return python("tools/pending.py", *arguments)


def fuzz(*arguments: str) -> int:
    """The fuzz tests, long."""
    return pytest("tests/fuzz", *arguments, MXTORCH_FUZZ_EXAMPLES=os.environ.get("MXTORCH_FUZZ_EXAMPLES", "5000"))


def clean() -> int:
    """Remove what the commands made."""
    for name in (".venv", "build", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".import_linter_cache", ".hypothesis"):
        shutil.rmtree(str(ROOT / name), ignore_errors=True)
    for folder in ROOT.rglob("__pycache__"):
        shutil.rmtree(str(folder), ignore_errors=True)
    return 0


COMMANDS = {
    "demo": demo, "test": test, "test-all": test_all, "test-gpu": test_gpu, "check": check, "fix": fix, "bench": bench, "stubs": stubs,
    "docs": docs, "fuzz": fuzz, "pending": pending, "install": lambda: 0, "clean": clean,
}  # fmt: skip


def main(arguments: "list[str]") -> int:
    """Run one command."""
    if not arguments or arguments[0] in ("help", "-h", "--help"):
        print(manual())
        return 0
    command = COMMANDS.get(arguments[0])
    if command is None:
        stop(f"{arguments[0]} is no command.\n\n{manual()}")
    if command is not clean:
        install()
    try:
        return command(*arguments[1:])
    except TypeError:
        if arguments[1:] and command in (check, fix, clean, COMMANDS["install"]):
            stop("{} takes no arguments, got {}.".format(arguments[0], " ".join(arguments[1:])))
        raise


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        stop("Stopped.")
