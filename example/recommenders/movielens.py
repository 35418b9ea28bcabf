"""MovieLens 100K: 100,000 ratings (1 to 5) that 943 people gave 1,682 films.

Where it comes from, in this order: a path you give; the publisher's address (given up after 5 seconds without a connection); the copy
that the PyPI package `recbole` carries, fetched with pip. The data set is by GroupLens Research (F. M. Harper and J. A. Konstan, "The
MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015).
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

ADDRESS = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
PACKAGE = "recbole==1.2.1"
LIMIT = 64 << 20  # bytes; the real files have 2 to 5 MB
RATINGS = 100_000


class Ratings(NamedTuple):
    """Zero-based users and items, and ratings; split into what a model learns from and what it is tested on."""

    users: int
    items: int
    train: tuple[np.ndarray, np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray, np.ndarray]
    source: str


def parse(text: str, name: str) -> np.ndarray:
    """Rows of (user, item, rating, time) as int; a line that is no rating is a ValueError with its number."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("user_id"):
            continue
        fields = line.split("\t")
        try:
            user, item, rating, time = (int(float(f)) for f in fields[:4])
        except ValueError:
            raise ValueError(f"{name}: line {number} is not a rating ({line[:60]!r}). Use MovieLens 100K's u.data.") from None
        if user < 1 or item < 1 or not 1 <= rating <= 5:
            raise ValueError(f"{name}: line {number} is out of range ({line[:60]!r}). Users and items count from 1, ratings are 1 to 5.")
        rows.append((user, item, rating, time))
    if not rows:
        raise ValueError(f"{name}: no ratings in it. Use MovieLens 100K's u.data.")
    return np.array(rows, dtype=np.int64)


def _member(content: bytes, suffix: str) -> str:
    """The text of the one file of a zip archive that ends with `suffix`."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = next(i for i in archive.infolist() if i.filename.endswith(suffix))
        if info.file_size > LIMIT:
            raise ValueError(f"{suffix}: {info.file_size} bytes, expected at most {LIMIT}. Use MovieLens 100K.")
        return archive.read(info).decode("latin-1")


def _from_path(path: Path) -> str:
    if path.is_dir():
        path = next(p for p in (path / "u.data", path / "ml-100k" / "u.data", path / "ml-100k.inter") if p.exists())
    return _member(path.read_bytes(), "u.data") if path.suffix == ".zip" else path.read_text("latin-1")


def _from_publisher() -> str:
    with urllib.request.urlopen(ADDRESS, timeout=5) as answer:
        return _member(answer.read(LIMIT), "ml-100k/u.data")


def _from_package() -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "-d", folder, PACKAGE]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        wheel = next(Path(folder).glob("*.whl"))
        return _member(wheel.read_bytes(), "ml-100k/ml-100k.inter")


def fetch(path: str | None, cache: Path) -> tuple[str, str]:
    """(text of the ratings, where they came from). What was fetched is kept in `cache` for the next time."""
    if path:
        return _from_path(Path(path)), path
    kept = cache / "ml-100k.tsv"
    if kept.exists():
        return kept.read_text("latin-1"), str(kept)
    problems = []
    for source, get in ((ADDRESS, _from_publisher), (f"the PyPI package {PACKAGE}", _from_package)):
        try:
            text = get()
        except (OSError, urllib.error.URLError, subprocess.SubprocessError, StopIteration, zipfile.BadZipFile, ValueError) as e:
            problems.append(f"{source}: {type(e).__name__}")
            continue
        cache.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_suffix(".part")
        temporary.write_text(text, "latin-1")
        os.replace(temporary, kept)
        return text, source
    raise SystemExit("MovieLens 100K could not be had (" + "; ".join(problems) + "). Download ml-100k.zip and pass --movielens PATH.")


def load(path: str | None = None, cache: Path | str = Path("demo/data"), test_share: float = 0.1, seed: int = 1) -> Ratings:
    """The ratings, a random tenth of them for testing."""
    text, source = fetch(path, Path(cache))
    rows = parse(text, source)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]  # the sources list the same ratings in different orders
    order = np.random.default_rng(seed).permutation(len(rows))
    cut = int(len(rows) * (1 - test_share))

    def part(index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        chosen = rows[index]
        return chosen[:, 0] - 1, chosen[:, 1] - 1, chosen[:, 2].astype(np.float32)

    return Ratings(int(rows[:, 0].max()), int(rows[:, 1].max()), part(order[:cut]), part(order[cut:]), source)
