"""safetensors files: round trips, exchange with the format's own package both ways, and damage."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import mxnet as mx

package = pytest.importorskip("safetensors.torch")

DTYPES = ["float32", "float64", "float16", "bfloat16", "bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


def every_kind() -> dict[str, Any]:
    with mx.np_shape():
        data = {t: mx.nd.array([[0, 1, 2], [3, 4, 5]]).astype(t) for t in DTYPES}
        return {**data, "empty": mx.nd.zeros((0, 3)), "scalar": mx.nd.ones(()), "\u00e9\u4e2d": mx.nd.ones((1,))}


def test_every_type_and_shape_goes_both_ways(tmp_path):
    path, back = str(tmp_path / "a.safetensors"), str(tmp_path / "b.safetensors")
    data = every_kind()
    mx.nd.save(path, data)
    theirs = package.load_file(path)
    package.save_file(theirs, back, {"made": "elsewhere"})
    ours, again = mx.nd.load(path), mx.nd.load(back)
    assert list(ours) == list(data) and set(again) == set(data)
    for name, a in data.items():
        assert theirs[name].dtype == a._d.dtype and tuple(theirs[name].shape) == a.shape
        for b in (ours[name], again[name]):
            assert b.dtype == a.dtype and b.shape == a.shape and torch.equal(b._d, theirs[name])


def test_numpy_reads_it(tmp_path):
    from safetensors.numpy import load_file

    mx.nd.save(str(tmp_path / "a.SafeTensors"), {"w": mx.nd.array([[1, 2], [3, 4]]), "i": mx.nd.array([5], dtype="int64")})
    found = load_file(str(tmp_path / "a.SafeTensors"))
    assert found["w"].tolist() == [[1, 2], [3, 4]] and found["i"].dtype == np.int64


def test_sparse_arrays_are_parts_and_metadata(tmp_path):
    path = str(tmp_path / "s.safetensors")
    data = {"c": mx.nd.eye(3).tostype("csr"), "d": mx.nd.ones((2,)), "r": mx.nd.array([[0, 0], [1, 2]]).tostype("row_sparse"),
            "zc": mx.nd.sparse.zeros("csr", (3, 4)), "zr": mx.nd.sparse.zeros("row_sparse", (3, 4))}  # fmt: skip
    mx.nd.save(path, data)
    back = mx.nd.load(path)
    assert list(back) == list(data) and [v.stype for v in back.values()] == [v.stype for v in data.values()]
    for name in data:
        assert back[name].shape == data[name].shape and np.array_equal(back[name].asnumpy(), data[name].asnumpy())
    assert package.load_file(path)["c.indptr"].tolist() == [0, 1, 2, 3]
    with pytest.raises(mx.MXNetError, match=r"'c\.data' is taken"):
        mx.nd.save(path, {"c": data["c"], "c.data": data["d"]})


def test_lists_and_single_arrays(tmp_path):
    path = str(tmp_path / "l.safetensors")
    mx.nd.save(path, [mx.nd.ones((2,)), mx.nd.eye(2).tostype("csr")])
    back = mx.nd.load(path)
    assert isinstance(back, list) and [v.stype for v in back] == ["default", "csr"]
    mx.nd.save(path, mx.nd.ones((2,)))
    assert mx.nd.load(path)[0].shape == (2,)
    assert mx.nd.load_frombuffer(Path(path).read_bytes())[0].asnumpy().tolist() == [1, 1]


def test_the_content_decides_what_is_read(tmp_path):
    mx.nd.save(str(tmp_path / "a.safetensors"), {"w": mx.nd.ones((2,))})
    (tmp_path / "a.safetensors").rename(tmp_path / "x.params")
    assert list(mx.nd.load(str(tmp_path / "x.params"))) == ["w"]
    mx.nd.save(str(tmp_path / "b.params"), {"w": mx.nd.ones((2,))})
    (tmp_path / "b.params").rename(tmp_path / "y.safetensors")
    assert list(mx.nd.load(str(tmp_path / "y.safetensors"))) == ["w"]


def test_numpy_arrays(tmp_path):
    path = str(tmp_path / "n.safetensors")
    mx.npx.save(path, {"a": mx.np.array(3.0), "b": mx.np.zeros((0, 2))})
    back = mx.npx.load(path)
    assert back["a"].shape == () and back["b"].shape == (0, 2) and isinstance(back["a"], mx.np.ndarray)


def test_blocks_and_checkpoints(tmp_path):
    net = mx.gluon.nn.Dense(3, in_units=2, prefix="d_")
    net.initialize()
    other = mx.gluon.nn.Dense(3, in_units=2, prefix="d_")
    net.save_parameters(str(tmp_path / "p.safetensors"))
    other.load_parameters(str(tmp_path / "p.safetensors"))
    assert np.array_equal(net.weight.data().asnumpy(), other.weight.data().asnumpy())
    net.collect_params().save(str(tmp_path / "q.safetensors"))
    other.collect_params().load(str(tmp_path / "q.safetensors"))

    torch_net = torch.nn.Sequential(torch.nn.Linear(2, 3))
    package.save_file(torch_net.state_dict(), str(tmp_path / "t.safetensors"))
    mixed = mx.gluon.nn.HybridSequential()
    mixed.add(mx.gluon.nn.Dense(3, in_units=2))
    mixed.load_parameters(str(tmp_path / "t.safetensors"))
    assert np.allclose(mixed(mx.nd.ones((1, 2))).asnumpy(), torch_net(torch.ones(1, 2)).detach().numpy(), atol=1e-6)

    mx.nd.save(str(tmp_path / "m-0003.safetensors"), {"arg:w": mx.nd.ones((2,)), "aux:v": mx.nd.zeros((1,))})
    arguments, states = mx.model.load_params(str(tmp_path / "m"), 3)
    assert list(arguments) == ["w"] and list(states) == ["v"]


def file_of(header: Any, values: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


def w(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8), **more: Any) -> dict:
    return {"w": {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more}}


SPARSE = {"__metadata__": {"mxnet.sparse": json.dumps({"w": {"stype": "csr", "shape": [1, 2]}})}}
BAD = {
    "length": struct.pack("<Q", 1 << 60) + b"{}", "short": b"\x08\0\0\0\0\0\0\0{}", "text": file_of(b"{\xff}"), "json": file_of(b"{nonsense}"),
    "list": file_of([1]), "deep": file_of(b"{" + b'"a":[' * 50_000), "twice": file_of(b'{"w": 1, "w": 1}'), "metadata": file_of({"__metadata__": 1}),
    "no object": file_of({"w": 1}), "fields": file_of(w(extra=1), bytes(8)), "type": file_of(w("F8_E4M3"), bytes(8)), "type of type": file_of(w([1]), bytes(8)),
    "shape": file_of(w(shape=[-2]), bytes(8)), "shape text": file_of(w(shape="2"), bytes(8)), "axes": file_of(w(shape=[1] * 70, offsets=[0, 4]), bytes(8)),
    "offsets": file_of(w(offsets=[0]), bytes(8)), "size": file_of(w(shape=[10**12, 10**6]), bytes(8)), "gap": file_of(w(offsets=[4, 12]), bytes(12)),
    "overlap": file_of({**w(), "v": w()["w"]}, bytes(8)), "more bytes": file_of(w(), bytes(9)), "fewer bytes": file_of(w(), bytes(4)),
    "huge empty": file_of(w(shape=[0, 1 << 62, 1 << 62], offsets=[0, 0])), "sparse parts": file_of({**SPARSE, **w()}, bytes(8)),
    "sparse words": file_of({"__metadata__": {"mxnet.sparse": "[1]"}}), "list names": file_of({"__metadata__": {"mxnet.list": "2"}, **w()}, bytes(8)),
}  # fmt: skip


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_damage_is_one_clear_error(content, tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(mx.MXNetError, match=r"bad\.safetensors: .* at offset \d+: ") as e:
        mx.nd.load(str(path))
    assert len(str(e.value)) < 1000


def test_every_truncation_is_an_error(tmp_path):
    path = tmp_path / "t.safetensors"
    mx.nd.save(str(path), {"a": mx.nd.ones((3, 2)), "b": mx.nd.eye(2).tostype("csr")})
    content = path.read_bytes()
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        with pytest.raises(mx.MXNetError, match=r"offset"):
            mx.nd.load(str(path))


GOOD = file_of({**SPARSE, "w.data": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "w.indices": {"dtype": "I32", "shape": [1], "data_offsets": [4, 8]},
                "w.indptr": {"dtype": "I32", "shape": [2], "data_offsets": [8, 16]}, "d": {"dtype": "BOOL", "shape": [2, 2], "data_offsets": [16, 20]}},
               struct.pack("<fiii", 5, 1, 0, 1) + b"\1\0\1\0")  # fmt: skip


@given(changes=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4))
def test_changed_bytes(changes):
    content = bytearray(GOOD)
    for position, value in changes:
        content[position] = value
    try:
        arrays = mx.nd.load_frombuffer(bytes(content))
    except mx.MXNetError as error:
        assert "offset" in str(error)
        return
    for a in arrays.values() if isinstance(arrays, dict) else arrays:
        assert a.asnumpy().shape == a.shape
