"""Reading takes no more memory than twice the file and a constant, whatever the file says of itself."""

from __future__ import annotations

import gc
import json
import os
import pickle
import resource
import signal
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mxnet as mx

MB = 2**20
#: What reading may take on top of twice the file: objects of many small parts, and allocators.
CONSTANT = 400 * MB
BIG = 60 * MB


def read(kind: str, path: Path) -> Any:
    """Read a file of a kind."""
    if kind == "states":
        return mx.optimizer.get_updater(mx.optimizer.SGD()).set_states(path.read_bytes())
    return {"arrays": mx.nd.load, "graph": mx.sym.load}[kind](str(path))


def taken(kind: str, path: Path) -> tuple[str, int]:
    """(what came of it, bytes of memory that reading took at its peak), in a process of its own."""
    gc.collect()
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)  # ends the child
        try:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try:
                kept = read(kind, path)
                outcome = "read"
            except mx.MXNetError as e:
                kept, outcome = None, f"refused {str(e)[:200]!r}"
            size = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
            os.write(into, json.dumps([outcome, size, kept is None]).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as f:
        answer = f.read()
    os.waitpid(pid, 0)
    assert answer, "reading ended in something else than an MXNetError"
    outcome, size, _ = json.loads(answer)
    return outcome, size


def good(folder: Path) -> dict[str, tuple[str, Path]]:
    """Large files of every kind."""
    dense = mx.nd.array(np.zeros((BIG // 4,), np.float32))
    rows = mx.nd.sparse.row_sparse_array((np.ones((BIG // 64, 12), np.float32), np.arange(BIG // 64)), shape=(10**9, 12))
    mx.nd.save(str(folder / "a.params"), {"w": dense})
    mx.nd.save(str(folder / "r.params"), {"w": rows})
    mx.nd.save(str(folder / "a.safetensors"), {"w": dense, "r": rows})
    updater = mx.optimizer.get_updater(mx.optimizer.SGD(momentum=0.9))
    updater(0, dense, mx.nd.ones(dense.shape))
    (folder / "a.states").write_bytes(updater.get_states())
    return {"arrays": ("arrays", folder / "a.params"), "rows": ("arrays", folder / "r.params"), "safetensors": ("arrays", folder / "a.safetensors"),
            "states": ("states", folder / "a.states")}  # fmt: skip


@pytest.mark.parametrize("name", ["arrays", "rows", "safetensors", "states"])
def test_good_files(name, tmp_path):
    kind, path = good(tmp_path)[name]
    outcome, size = taken(kind, path)
    assert outcome == "read"
    assert size <= 2 * path.stat().st_size + 40 * MB


def v2(dims: tuple[int, ...], values: bytes, count: int = 1) -> bytes:
    shape = struct.pack(f"<I{len(dims)}q", len(dims), *dims)
    return struct.pack("<QQQIi", 0x112, 0, count, 0xF993FAC9, 0) + shape + struct.pack("<iii", 1, 0, 0) + values


def again_and_again() -> bytes:
    """One long record that ten thousand arrays hold."""
    record = v2((MB,), bytes(4 * MB))[24:]
    body = b"\x80\x04cmxnet.ndarray.ndarray\nNDArray\n\x940B" + struct.pack("<I", len(record)) + record + b"\x940}("
    return body + b"".join(b"J" + struct.pack("<i", i) + b"h\x00)\x81}\x8c\x06handleh\x01sb" for i in range(10_000)) + b"u."


def names_of(word: str) -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [10**11], "data_offsets": [0, 4 * 10**11]}}).encode()
    return struct.pack("<Q", len(header)) + header + word.encode()


LIES = {
    "shape": ("arrays", v2((1 << 40,), bytes(100))),
    "two axes": ("arrays", v2((1 << 30, 1 << 20), bytes(100))),
    "count of arrays": ("arrays", v2((1,), bytes(4), 1 << 50)),
    "empty csr": ("arrays", struct.pack("<QQQIi", 0x112, 0, 1, 0xF993FAC9, 2) + struct.pack("<Iq", 1, 0) + struct.pack("<Iqq", 2, 1 << 40, 5)
                  + struct.pack("<iii", 1, 0, 0) + struct.pack("<iIqiIq", 6, 1, 0, 6, 1, 0) + struct.pack("<Q", 0)),
    "safetensors": ("arrays", names_of("x")),
    "safetensors header": ("arrays", struct.pack("<Q", 20 * MB) + b'{"a":' + b"[" * (20 * MB - 5)),
    "values of a graph": ("graph", b'{"nodes": [' + b"[]," * (7 * MB) + b"[]]}"),
    "objects of states": ("states", b"(" + b"}" * (20 * MB) + b"."),
    "bytes of states": ("states", b"\x8e" + struct.pack("<Q", 1 << 60) + b"."),
    "an array again and again": ("states", again_and_again()),
    "number of states": ("states", pickle.dumps({"mxtorch.states": 1, "states": {}, "arrays": struct.pack("<QQQ", 0x112, 0, 1 << 58)})),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_lies(name, tmp_path):
    kind, content = LIES[name]
    path = tmp_path / "lie"
    path.write_bytes(content)
    outcome, size = taken(kind, path)
    assert outcome.startswith("refused"), outcome
    assert size <= 2 * len(content) + CONSTANT
