"""Registries: names, aliases, JSON, errors."""

from __future__ import annotations

import pytest

from mxnet import registry


class Base:
    def __init__(self, size=1):
        self.size = size


register = registry.get_register_func(Base, "thing")
alias = registry.get_alias_func(Base, "thing")
create = registry.get_create_func(Base, "thing")


@alias("other", "third")
@register
class Large(Base):
    pass


def test_ways_to_create():
    assert type(create("LARGE")) is Large and create("third", size=3).size == 3 and create("other", 4).size == 4
    same = Large()
    assert create(same) is same
    assert create('["large", {"size": 7}]').size == 7
    assert create('{"thing": "large", "size": 8}').size == 8 and create({"thing": "large", "size": 9}).size == 9
    assert registry.get_registry(Base) == {"large": Large, "other": Large, "third": Large}


@pytest.mark.parametrize(
    "args, text",
    [
        (("lorge",), "no thing is named 'lorge'. Did you mean 'large'?"),
        ((3,), "must be a name or a Base, got int"),
        ((Large(), 1), "already an object"),
        (("[1, 2]",), "cannot read thing"),
        (('["large"',), "cannot read thing"),
        (("[" * 100000,), "cannot read thing"),
        (('{"size": 3}',), "must be a name"),
    ],
)
def test_errors(args, text):
    with pytest.raises((ValueError, AssertionError)) as caught:
        create(*args)
    assert text in str(caught.value)
    assert isinstance(caught.value, AssertionError) and isinstance(caught.value, ValueError)


def test_registration():
    with pytest.raises(AssertionError, match="not a subclass"):
        register(int)
    with pytest.warns(UserWarning, match="replaces"):
        register(type("Large", (Base,), {}))
