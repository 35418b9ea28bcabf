"""Damaged optimizer states: a clear error that tells the place, or states that are arrays and plain data; never code, a hang or memory taken."""

from __future__ import annotations

import pickle
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mxnet as mx

RAN: list[str] = []
EMPTY = struct.pack("<QQQQ", 0x112, 0, 0, 0)


class Trap:
    """What unpickling would run."""

    def __reduce__(self) -> tuple:
        return RAN.append, ("ran",)


def updater() -> Any:
    return mx.optimizer.get_updater(mx.optimizer.SGD(momentum=0.9, lr_scheduler=mx.lr_scheduler.FactorScheduler(3, 0.5)))


def written(dump: bool) -> bytes:
    """States of dense and sparse weights, of ours."""
    u = updater()
    u(0, mx.nd.ones((2, 3)), mx.nd.ones((2, 3)))
    u("name", mx.nd.ones((4, 2)).tostype("row_sparse"), mx.nd.ones((4, 2)).tostype("row_sparse"))
    return u.get_states(dump_optimizer=dump)


def of_mxnet(protocol: int = 4) -> bytes:
    """States as MXNet pickles them: arrays are calls of its class with the bytes of a record as state."""
    record = struct.pack("<Iii", 0xF993FAC9, 0, 1) + struct.pack("<q3i2f", 2, 1, 0, 0, 1.0, 2.0)

    class NDArray:
        def __getstate__(self) -> dict:
            return {"handle": bytearray(record)}

    NDArray.__module__, NDArray.__qualname__ = "mxnet.ndarray.ndarray", "NDArray"
    stand_in = mx.nd.ndarray.NDArray
    try:
        mx.nd.ndarray.NDArray = NDArray
        return pickle.dumps({0: NDArray(), 1: (NDArray(), None)}, protocol)
    finally:
        mx.nd.ndarray.NDArray = stand_in


SEEDS = [written(False), written(True), of_mxnet(4), of_mxnet(2), of_mxnet(0)]
ALLOWED = (mx.MXNetError,)


def ask(content: bytes) -> None:
    u = updater()
    try:
        u.set_states(content)
    except ALLOWED as error:
        assert str(error) and len(str(error)) < 2000
    assert not RAN
    for state in u.states.values():
        assert isinstance(state, (mx.nd.NDArray, tuple, list, dict, int, float, str, bytes, type(None)))


@pytest.mark.parametrize("content", SEEDS)
def test_the_seeds_are_good(content: bytes) -> None:
    updater().set_states(content)


@given(
    seed=st.integers(0, len(SEEDS) - 1),
    cut=st.integers(0, 20_000),
    changes=st.lists(st.tuples(st.integers(0, 20_000), st.binary(max_size=3)), max_size=5),
)
def test_bytes(seed: int, cut: int, changes: list[tuple[int, bytes]]) -> None:
    content = SEEDS[seed]
    for position, part in changes:
        position %= len(content)
        content = content[:position] + part + content[position + 1 :]
    ask(content[: cut if cut < len(content) else None])


@given(
    content=st.lists(
        st.sampled_from([bytes([b]) for b in b"\x80\x04(0.12NIJKMLFGSTUVX]})ltdaesucRbpqhgj\x81\x85\x86\x87\x88\x8a\x8b\x8c\x93\x94\n'0"])
        | st.binary(max_size=2),
        max_size=40,
    )
)
def test_opcodes(content: list[bytes]) -> None:
    ask(b"".join(content) + b".")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.binary(max_size=4),
    lambda v: st.lists(v, max_size=3) | st.tuples(v, v) | st.dictionaries(st.text(max_size=4) | st.integers(), v, max_size=3),
    max_leaves=8,
)


@given(states=plain, arrays=plain, name=plain, settings=plain)
def test_records(states: Any, arrays: Any, name: Any, settings: Any) -> None:
    for record in (
        states, {"mxtorch.states": arrays, "states": {}, "arrays": EMPTY}, {"mxtorch.states": 1, "states": states, "arrays": EMPTY},
        {"mxtorch.states": 1, "states": {0: states}, "arrays": arrays}, ({"mxtorch.states": 1, "states": {}, "arrays": EMPTY}, name),
        ({"mxtorch.states": 1, "states": {}, "arrays": EMPTY}, {"class": "sgd", "settings": settings}),
        ({"mxtorch.states": 1, "states": {}, "arrays": EMPTY}, {"class": name, "settings": {"lr": ("value", 0.1)}}),
    ):  # fmt: skip
        ask(pickle.dumps(record))


def shared(depth: int, kind: str) -> Any:
    """A value that is small with shared parts and larger than any memory without."""
    value: Any = ("value", 1) if kind == "tree" else [1]
    for _ in range(depth):
        value = ("list", [value, value]) if kind == "tree" else [value, value]
    return value


def arrays_again_and_again() -> bytes:
    """One long record, which a thousand arrays hold."""
    record = struct.pack("<Iii", 0xF993FAC9, 0, 1) + struct.pack("<q3i", 100_000, 1, 0, 0) + bytes(400_000)
    body = b"\x80\x04}(cmxnet.ndarray.ndarray\nNDArray\n\x94B" + struct.pack("<I", len(record)) + record + b"\x94"
    body = (
        body[: body.rindex(b"B" + struct.pack("<I", len(record)))]
        + b"0"
        + body[body.rindex(b"B" + struct.pack("<I", len(record))) :]
        + b"0"
    )
    for i in range(1000):
        body += b"J" + struct.pack("<i", i) + b"h\x00)\x81}\x8c\x06handleh\x01sb"
    return body + b"u."


HOSTILE = {
    "nothing": b"",
    "no pickle": b"PK\x03\x04" + bytes(100),
    "code": pickle.dumps({0: Trap()}),
    "code in place of states": pickle.dumps(Trap(), 0),
    "the system": b"cos\nsystem\n(S'true'\ntR.",
    "one array a thousand times": arrays_again_and_again(),
    "deep lists": b"]" * 100_000 + b"a" * 99_999 + b".",
    "deep tuples": b"N" + b"\x85" * 200_000 + b".",
    "many lists": b"(" + b"]" * 2_000_000 + b"l.",
    "contains itself": b"]\x94h\x00a.",
    "states that contain themselves": b"}\x94K\x00h\x00s.",
    "lying length": b"\x8e" + struct.pack("<Q", 1 << 62) + b"x.",
    "lying integer": b"\x8b" + struct.pack("<i", 1 << 30) + b"x.",
    "wide integer": b"}\x8b" + struct.pack("<i", 4000) + b"\x7f" * 4000 + b"Ns.",
    "a name of a text": pickle.dumps({0: 1})[:-1] + b"0\x8c\x09copyreg\n0.",
    "future version": pickle.dumps({"mxtorch.states": 2, "states": {}, "arrays": b""}),
    "counts that are none": pickle.dumps(({"mxtorch.states": 1, "states": {}, "arrays": EMPTY},
                                          {"class": "sgd", "settings": {"_all_index_update_counts": ("list", [("value", 1)])}})),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    with pytest.raises(mx.MXNetError):
        updater().set_states(HOSTILE[name])
    assert not RAN


@pytest.mark.parametrize("states", [{0: shared(80, "plain")}, {"mxtorch.states": 1, "states": {0: shared(40, "tree")}, "arrays": EMPTY}])
def test_shared_parts_are_read_once(states: Any) -> None:
    updater().set_states(pickle.dumps(states))  # each part on its own would take longer than anyone waits


def test_errors_name_the_file(tmp_path: Any) -> None:
    path = tmp_path / "bad.states"
    path.write_bytes(SEEDS[0][:40])
    store = mx.kv.create("local")
    store.set_optimizer(mx.optimizer.SGD())
    with pytest.raises(mx.MXNetError, match=r"bad\.states: optimizer states: offset \d+"):
        store.load_optimizer_states(str(path))
