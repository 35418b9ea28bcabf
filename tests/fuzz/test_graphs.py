"""Damaged graph files: a clear error with the file's name, or a graph that can be asked anything without a crash, a hang or memory taken."""

from __future__ import annotations

import json
import resource
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mxnet as mx

S = mx.sym


def network() -> Any:
    """Layers, states, several outputs, a loop, attributes, a group."""
    x = S.var("data", shape=(2, 3, 8, 8), dtype="float32", lr_mult=2.0)
    y = S.Convolution(x, kernel=(3, 3), num_filter=4, pad=(1, 1), name="conv")
    y = S.BatchNorm(y, fix_gamma=False, name="bn")
    y = S.Pooling(S.Activation(y, act_type="relu"), kernel=(2, 2), stride=(2, 2), pool_type="max")
    parts = S.SliceChannel(y, num_outputs=2, name="cut")
    flat = S.Concat(S.Flatten(parts[0]), S.Flatten(parts[1]), dim=1)
    out = S.SoftmaxOutput(S.FullyConnected(flat, num_hidden=3, name="fc"), name="softmax")
    steps, last = S.contrib.foreach(lambda step, state: (step * 2, state + step), S.var("rows", shape=(4, 2)), S.var("start", shape=(2,)))
    zeros = S.broadcast_add(S.zeros(shape=(2, 1)), S.arange(start=0, stop=4))
    return S.Group([out, steps, last, zeros, S.reshape(flat, shape=(-1, 4))])


TEXT = network().tojson()
GRAPH = json.loads(TEXT)
#: What an attribute of a hostile file may say.
ABSURD = ["(1000000000000,)", "(1000000000000, 1000000000000)", "-1", "0", "()", "None", "nan", "inf", "1e400", "[[[[", "(" * 500, "9" * 400, "True", "", "x",
          "(-5, 7)", "(None,)", "1000000000000", "{}", "\ud800", "(0, 0)", "((1, 2), 3)", "__import__('os')", "2147483648", "65536"]  # fmt: skip
ODD: list[Any] = [None, True, -1, 0, 3, 10**30, 1.5, "", "null", "FullyConnected", [], [0], [0, 0, 0], [[0, 0, 0]], [[-1, 0, 0]], [[999999, 0, 0]], {},
                  {"a": "b"}, {"a": {"b": []}}, "(1000000000000,)", [[[[[]]]]]]  # fmt: skip


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths of everything in a JSON value."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from places(part, (*path, key))


PLACES = list(places(GRAPH))
TEXTS = [p for p in PLACES if "attrs" in p and p[0] == "nodes" and len(p) >= 4]


def changed(path: tuple, value: Any) -> dict:
    """A copy of the graph with one part replaced."""
    graph = json.loads(TEXT)
    at = graph
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return graph


@contextmanager
def little_memory(megabytes: int = 2000) -> Iterator[None]:
    """No more than this on top of what the process has mapped."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (mapped + megabytes * 2**20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def ask(text: str) -> None:
    """Load a graph and ask it everything; only the one kind of error may come."""
    try:
        symbol = S.load_json(text)
    except mx.MXNetError as error:
        assert str(error).startswith("load_json: text") and len(str(error)) < 2000
        return
    symbol.list_arguments(), symbol.list_auxiliary_states(), symbol.attr_dict()
    symbol.get_internals().list_outputs()
    S.load_json(symbol.tojson())
    for question in (symbol.infer_shape, symbol.infer_shape_partial, symbol.infer_type):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # shapes that do not follow
                question()
        except (mx.MXNetError, ValueError) as error:
            assert str(error)
    symbol.debug_str()


@given(
    cut=st.integers(0, 100_000),
    changes=st.lists(
        st.tuples(st.integers(0, 100_000), st.sampled_from([b"\xff", b"", b"[", b"}", b'"', b"9", b"-", b",", b"0e9", b"null"])), max_size=4
    ),
)
def test_bytes(cut: int, changes: list[tuple[int, bytes]], tmp_path: Path) -> None:
    content = TEXT.encode()
    for position, part in changes:
        position %= len(content)
        content = content[:position] + part + content[position + 1 :]
    path = tmp_path / "bad-symbol.json"
    path.write_bytes(content[: cut if cut < len(content) else None])
    try:
        S.load(str(path)).list_outputs()
    except mx.MXNetError as error:
        assert str(path) in str(error)


@given(path=st.sampled_from(PLACES), value=st.sampled_from(ODD))
def test_parts(path: tuple, value: Any) -> None:
    with little_memory():
        ask(json.dumps(changed(path, value)))


@given(path=st.sampled_from(TEXTS), value=st.sampled_from(ABSURD))
def test_attributes(path: tuple, value: str) -> None:
    with little_memory():
        ask(json.dumps(changed(path, value)))


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda v: st.lists(v) | st.dictionaries(st.text(max_size=5), v),
    )
)
def test_any_json(value: Any) -> None:
    ask(json.dumps(value))
    ask(json.dumps({"nodes": value, "heads": value}))
    ask(json.dumps({"nodes": [value], "heads": [[0, 0, 0]]}))


def one(op: str, attrs: dict[str, str], inputs: int = 0) -> str:
    """A graph of one operator."""
    nodes: list[dict] = [{"op": "null", "name": f"x{i}", "inputs": []} for i in range(inputs)]
    nodes.append({"op": op, "name": "op", "attrs": attrs, "inputs": [[i, 0, 0] for i in range(inputs)]})
    return json.dumps({"nodes": nodes, "heads": [[inputs, 0, 0]]})


HOSTILE = {
    "deep lists": "[" * 100_000,
    "deep subgraphs": '{"nodes": [{"op": "_cond", "name": "a", "inputs": [], "subgraphs": [' * 30_000,
    "twenty subgraphs": "",
    "deep attribute": '{"nodes": [{"op": "null", "name": "a", "attrs": {"k": '
    + "[" * 900
    + "]" * 900
    + '}, "inputs": []}], "heads": [[0, 0, 0]]}',
    "twice the same name": '{"nodes": [], "nodes": [], "heads": []}',
    "a long number": '{"nodes": [], "heads": [[' + "9" * 100_000 + "]]}",
    "many values": "[" + "[]," * 5_000_000 + "[]]",
    "a million outputs": one("SliceChannel", {"num_outputs": "1000000000000"}, 1),
    "a million inputs": one("UpSampling", {"num_args": "1000000000", "scale": "2", "sample_type": "nearest"}, 1),
    "negative outputs": one("SliceChannel", {"num_outputs": "-3"}, 1),
    "huge zeros": one("_zeros", {"shape": "(1000000000000, 1000)"}),
    "huge range": one("_arange", {"start": "0", "stop": "1000000000000000"}),
    "huge matrix": one("_eye", {"N": "10000000000"}),
    "huge linspace": one("_linspace", {"start": "0", "stop": "1", "num": "100000000000"}),
    "a future version": '{"nodes": [{"op": "null", "name": "a", "inputs": []}], "heads": [[0, 0, 0]], "attrs": {"mxnet_version": ["int", 30000]}}',
    "text": "PK\x03\x04",
    "nothing": "",
}
graph: Any = json.loads(one("relu", {}, 1))
for _ in range(20):
    graph = {
        "nodes": [{"op": "_cond", "name": "c", "attrs": {"num_outputs": "1"}, "inputs": [], "subgraphs": [graph] * 1}],
        "heads": [[0, 0, 0]],
    }
HOSTILE["twenty subgraphs"] = json.dumps(graph)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    with little_memory():
        ask(HOSTILE[name])
