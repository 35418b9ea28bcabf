"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op.registry import OPS

SCOPE = {"mx": mx, "np": np, "nd": mx.nd, "torch": torch, "autograd": mx.autograd, "gluon": mx.gluon}
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


class Checker(doctest.OutputChecker):
    """An example without output only has to run; numbers may differ in the last printed digits."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if not want or super().check_output(want, got, optionflags):
            return True
        numbers = [[float(n) for n in NUMBER.findall(text)] for text in (want, got)]
        texts = ["".join(NUMBER.sub("#", text).replace("<BLANKLINE>", "").split()) for text in (want, got)]
        return texts[0] == texts[1] and np.allclose(*numbers, rtol=1e-4, atol=1e-6)


def found() -> Iterator[doctest.DocTest]:
    """The examples of all operators, then those of all functions, classes and methods."""
    parser, finder = doctest.DocTestParser(), doctest.DocTestFinder(exclude_empty=True)
    for op in {id(o): o for o in OPS.values()}.values():
        if op.doc and ">>>" in op.doc:
            yield parser.get_doctest(op.doc, dict(SCOPE), f"operator {op.name}", None, None)
    for info in pkgutil.walk_packages(mx.__path__, "mxnet."):
        if "._op." in info.name or info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        yield from (t for t in finder.find(module, info.name, module=module, globs={**vars(module), **SCOPE}) if t.examples)


@pytest.mark.parametrize("example", [pytest.param(e, id=e.name) for e in found()])
@pytest.mark.filterwarnings("default")
def test_example(example: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines: list[str] = []
    with mx.name.NameManager():
        outcome = doctest.DocTestRunner(Checker(), optionflags=FLAGS).run(example, out=lines.append)
    assert outcome.failed == 0, "".join(lines)
