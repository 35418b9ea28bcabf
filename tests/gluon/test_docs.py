"""Every example in gluon's docstrings runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import mxnet as mx
from mxnet import gluon

MODULES = [m.name for m in pkgutil.walk_packages(gluon.__path__, "mxnet.gluon.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs={"mx": mx}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
