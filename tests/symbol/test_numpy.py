"""`mx.sym.np` and `mx.sym.npx`: modules of functions on symbols with NumPy's semantics, and the graph files that come of them."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as onp
import pytest

import mxnet as mx
from mxnet import np, npx
from mxnet.error import MXNetError


@pytest.fixture(autouse=True)
def numpy_semantics() -> Iterator[None]:
    npx.set_np()
    yield
    npx.reset_np()


def var(name: str) -> Any:
    return mx.sym.var(name).as_np_ndarray()


def nodes(s: Any) -> list[tuple[str, str, dict]]:
    """Operators of a graph file, with names and attributes."""
    return [(n["op"], n["name"], n.get("attrs", {})) for n in json.loads(s.tojson())["nodes"] if n["op"] != "null"]


def value(s: Any, **arrays: Any) -> Any:
    return s.eval(**{n: np.array(a, dtype=getattr(a, "dtype", None)) for n, a in arrays.items()})[0].asnumpy()


@pytest.mark.parametrize("home", ["symbol", "ndarray"])
@pytest.mark.parametrize("name", ["numpy", "numpy.linalg", "numpy.random", "numpy._internal", "numpy_extension", "numpy_extension.image",
                                  "numpy_extension.random"])  # fmt: skip
def test_modules_can_be_imported(home: str, name: str) -> None:
    module = importlib.import_module(f"mxnet.{home}.{name}")
    assert len(dir(module)) > 3
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        module.nothing_of_the_kind  # noqa: B018


def test_short_names_are_the_modules() -> None:
    assert (
        mx.sym.np is mx.symbol.numpy
        and mx.nd.npx is mx.ndarray.numpy_extension
        and mx.sym.np.random.__name__ == "mxnet.symbol.numpy.random"
    )
    assert mx.sym.np._Symbol.__module__ == "mxnet.symbol.numpy" and "exp" in dir(mx.sym.np)
    assert mx.nd.np.exp(np.zeros(2)).tolist() == [1.0, 1.0]
    assert mx.nd.np._internal.add(np.ones(2), np.ones(2)).tolist() == [2.0, 2.0]
    assert type(mx.sym.np._internal.zeros(shape=(2,))) is mx.sym.np._Symbol


def test_nodes_are_named_and_written_as_in_1_9_1() -> None:
    a = var("a")
    with mx.name.NameManager():
        assert nodes(a + 1) == [("_npi_add_scalar", "add_scalar0", {"is_int": "True", "scalar": "1.0"})]
        assert nodes(2.5 - a) == [("_npi_rsubtract_scalar", "rsubtract_scalar0", {"is_int": "False", "scalar": "2.5"})]
        assert nodes(mx.sym.np.concatenate([a, a], axis=1)) == [("_npi_concatenate", "concatenate0", {"axis": "1", "num_args": "2"})]
        assert nodes(mx.sym.np.linalg.norm(a))[0][2]["flag"] == "-2"
        assert nodes(mx.sym.np.where(a, 1.5, a))[0][0] == "_npi_where_lscalar"
        assert nodes(mx.sym.np.resize(a, (2, 3))) == [("Custom", "custom0", {"new_shape": "(2, 3)", "op_type": "resize_fallback"})]
        named = mx.sym.np.sum(a, axis=0, name="total", attr={"__mine__": "1"})
        assert named.name == "total" and named.attr("__mine__") == "1"


def test_numbers_that_are_not_whole_make_integers_float64() -> None:
    i = onp.array([1, 2], dtype="int32")
    assert value(var("i") + 2, i=i).dtype == onp.int32
    made = value(var("i") + 2.5, i=i)
    assert made.dtype == onp.float64 and made.tolist() == [3.5, 4.5]
    assert value(-var("i"), i=i).dtype == value(5 - var("i"), i=i).dtype == onp.int32


def test_copies_stay_of_their_kind() -> None:
    s = var("a") + 1
    for made in (copy.copy(s), copy.deepcopy(s), pickle.loads(pickle.dumps(s)), s(a=var("b"))):
        assert type(made) is type(s)
    parts = mx.sym.np.split(s, 2)
    assert parts.num_outputs == len(parts) == 2 and [type(p) for p in parts] == [type(s)] * 2
    with pytest.raises(TypeError, match="iterated"):
        list(s)
    with pytest.raises(TypeError, match="num_outputs"):
        len(s)
    with pytest.raises(AttributeError, match="has no attribute exp"):
        s.exp()
    with pytest.raises(NotImplementedError, match="never change"):
        s[0] = 1


INDICES: list[Any] = [(Ellipsis, 1), (0, Ellipsis), (Ellipsis, None), (slice(None), Ellipsis, slice(0, 3, 2)), (Ellipsis, slice(None, None, -1)),
                      (1, Ellipsis, -1), (slice(None, None, -1), 1), (None, 0, None)]  # fmt: skip


@pytest.mark.parametrize("index", INDICES)
def test_parts(index: Any) -> None:
    x = onp.arange(24.0, dtype="float32").reshape(2, 3, 4)
    assert value(var("x")[index], x=x).tolist() == x[index].tolist()


def test_parts_by_flags_and_by_numbers() -> None:
    x = onp.arange(6.0, dtype="float32").reshape(3, 2)
    s = var("x")
    assert value(s[mx.sym.np.sum(s, axis=1) > 2], x=x).tolist() == [[2.0, 3.0], [4.0, 5.0]]
    assert value(s[var("i")], x=x, i=onp.array([2, 0])).tolist() == [[4.0, 5.0], [0.0, 1.0]]
    with pytest.raises(IndexError, match="one Ellipsis"):
        s[..., ...]


#: functions that need special care on symbols, against NumPy
CASES: list[tuple[Any, Any]] = [
    (lambda F, a: F.linalg.norm(a), onp.linalg.norm),
    (lambda F, a: F.linalg.norm(a, ord="nuc", axis=(0, 1)), lambda a: onp.linalg.norm(a, "nuc")),
    (lambda F, a: F.linalg.norm(a, ord=onp.inf, axis=(0, 1)), lambda a: onp.linalg.norm(a, onp.inf)),
    (lambda F, a: F.linalg.norm(a, ord=-1, axis=(0, 1), keepdims=True), lambda a: onp.linalg.norm(a, -1, keepdims=True)),
    (lambda F, a: F.linalg.norm(a, ord=3, axis=1), lambda a: onp.linalg.norm(a, 3, axis=1)),
    (lambda F, a: F.linalg.norm(a, ord=onp.inf, axis=1), lambda a: onp.linalg.norm(a, onp.inf, axis=1)),
    (lambda F, a: F.linalg.det(a), onp.linalg.det),
    (lambda F, a: F.linalg.slogdet(a)[1], lambda a: onp.linalg.slogdet(a)[1]),
    (lambda F, a: F.array_split(a, 2, axis=1)[0], lambda a: onp.array_split(a, 2, axis=1)[0]),
    (lambda F, a: F.flip(a), onp.flip),
    (lambda F, a: F.resize(a, (2, 5)), lambda a: onp.resize(a, (2, 5))),
    (lambda F, a: F.unravel_index(F.argsort(a.reshape(-1)), (3, 3)), lambda a: onp.unravel_index(onp.argsort(a.ravel()), (3, 3))),
    (lambda F, a: F.where(a > 4, a, 1.5), lambda a: onp.where(a > 4, a, 1.5)),
    (lambda F, a: F.where(a > 4, 1.5, a), lambda a: onp.where(a > 4, 1.5, a)),
    (lambda F, a: F.linspace(0, 1, 5) + F.zeros((5,)), lambda a: onp.linspace(0, 1, 5)),
    (lambda F, a: F.full((2, 3), a[0]), lambda a: onp.full((2, 3), a[0])),
    (lambda F, a: F.unique(F.floor(a)), lambda a: onp.unique(onp.floor(a))),
    (lambda F, a: F.max(a=a, axis=0, initial=5.0) * F.any(data=a), lambda a: onp.max(a, axis=0, initial=5.0)),
    (lambda F, a: -a % 2.5, lambda a: -a % 2.5),
]


@pytest.mark.parametrize("function, numpy", CASES)
def test_functions_on_symbols(function: Any, numpy: Any) -> None:
    a = onp.array([[1, 2, 9], [4, 5.5, 6], [7, 3, 8]], dtype="float32")
    s = function(mx.sym.np, var("a"))
    want = numpy(a)
    arrays = {"a": a} if s.list_arguments() else {}
    for graph in (s, mx.sym.load_json(s.tojson())):
        got = value(graph, **arrays)
        assert got.shape == onp.shape(want)
        onp.testing.assert_allclose(got, want, rtol=1e-5)


def test_random_symbols() -> None:
    random = mx.sym.np.random
    for s in (
        random.randint(0, 3, size=(4,)),
        random.lognormal(size=(4,)),
        random.beta(1.0, 2.0, size=(4,)),
        mx.sym.npx.random.bernoulli(0.5, size=(4,)),
    ):
        assert value(s).shape == (4,)
    s = random.multivariate_normal(var("m"), var("c"), size=(4,))
    assert value(s, m=onp.zeros(2, "float32"), c=onp.eye(2, dtype="float32")).shape == (4, 2)
    with pytest.raises(TypeError, match="in place"):
        random.shuffle(var("a"))


def test_what_needs_a_shape_is_refused() -> None:
    for call in (
        lambda: mx.sym.np.meshgrid(var("a"), var("b")),
        lambda: mx.sym.np.rollaxis(var("a"), 1),
        lambda: mx.sym.np.where(var("a")),
    ):
        with pytest.raises(TypeError, match="known"):
            call()


def test_custom_operators_registered_under_numpy_semantics_get_its_arrays() -> None:
    seen = []

    class Twice(mx.operator.CustomOp):
        def forward(self, is_train: bool, req: list, in_data: list, out_data: list, aux: list) -> None:
            seen.append(type(in_data[0]))
            self.assign(out_data[0], req[0], np.add(in_data[0], in_data[0]))

    mx.operator.register("numpy_twice")(type("TwiceProp", (mx.operator.CustomOpProp,), {"create_operator": lambda self, *a: Twice()}))
    assert value(mx.sym.Custom(var("a"), op_type="numpy_twice"), a=onp.ones(2)).tolist() == [2.0, 2.0] and set(seen) == {np.ndarray}
    a = np.ones((2, 2))
    a.attach_grad()
    with mx.autograd.record():
        y = mx.nd.Custom(a, op_type="resize_fallback", new_shape="(3,)")
    with pytest.raises(MXNetError, match="no gradient"):
        y.backward()


@pytest.mark.parametrize(
    "function, given, want",
    [
        (lambda F, a, b: a > b, {}, "bool"),
        (lambda F, a, b: F.isnan(a), {"a": "float16"}, "bool"),
        (lambda F, a, b: a + b, {"a": "int32", "b": "float64"}, "float64"),
        (lambda F, a, b: a + b, {"a": "int32"}, "int32"),
        (lambda F, a, b: a * 2.5, {"a": "int32"}, "float64"),
        (lambda F, a, b: a / 2, {"a": "int32"}, "float32"),
        (lambda F, a, b: a / b, {"a": "int32"}, None),
        (lambda F, a, b: a.mean(axis=1), {"a": "int64"}, "float32"),
        (lambda F, a, b: a.sum(axis=(0, 1)), {"a": "bool"}, "int64"),
        (lambda F, a, b: a.sum(dtype="float64"), {}, "float64"),
        (lambda F, a, b: F.argmax(a), {"a": "float32"}, "int64"),
        (lambda F, a, b: F.where(a, b, 1.5), {"a": "bool", "b": "float16"}, "float16"),
        (lambda F, a, b: F.where(a, b, b), {"a": "bool"}, None),
    ],
)
def test_types_follow_numpys_rules(function: Any, given: dict, want: str | None) -> None:
    found = function(mx.sym.np, var("a"), var("b")).infer_type_partial(**given)[1][0]
    assert (None if found is None else onp.dtype(found).name) == want
