"""The `.params` format: round trips, every generation, and damage of every kind."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx

DTYPES = ["float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool", "bfloat16"]


def shape_bytes(*dims):
    return struct.pack(f"<I{len(dims)}q", len(dims), *dims)


def file_of(record, count=1, names=0):
    return struct.pack("<QQQ", 0x112, 0, count) + record + struct.pack("<Q", names)


def v2(values=b"\0" * 8, dims=(2,), stype=0, flag=0, device=(1, 0)):
    return struct.pack("<Ii", 0xF993FAC9, stype) + shape_bytes(*dims) + struct.pack("<iii", *device, flag) + values


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_round_trips(tmp_path, dtype):
    a = mx.nd.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    path = str(tmp_path / "a.params")
    mx.nd.save(path, [a])
    (b,) = mx.nd.load(path)
    assert b.dtype == a.dtype and b.shape == (2, 3)
    assert np.array_equal(a.asnumpy(), b.asnumpy())


def test_names_order_and_storage_types_round_trip(tmp_path):
    path = str(tmp_path / "d.params")
    dense = np.array([[0, 1, 0], [2, 0, 3]], np.float32)
    data = {"w": mx.nd.array(dense), "csr": mx.nd.array(dense).tostype("csr"), "rsp": mx.nd.array(dense[::-1]).tostype("row_sparse")}
    mx.nd.save(path, data)
    back = mx.nd.load(path)
    assert list(back) == ["w", "csr", "rsp"]
    assert [v.stype for v in back.values()] == ["default", "csr", "row_sparse"]
    for name in data:
        assert np.array_equal(back[name].asnumpy(), data[name].asnumpy())


def test_zero_size_and_scalar_shapes_round_trip(tmp_path):
    path = str(tmp_path / "z.params")
    with mx.np_shape():
        mx.nd.save(path, [mx.nd.zeros((0, 3)), mx.nd.zeros(())])
        a, b = mx.nd.load(path)
    assert a.shape == (0, 3) and b.shape == ()


def test_a_single_array_and_bytes(tmp_path):
    path = str(tmp_path / "one.params")
    mx.nd.save(path, mx.nd.ones((2,)))
    content = Path(path).read_bytes()
    assert mx.nd.load_frombuffer(content)[0].asnumpy().tolist() == [1, 1]
    assert content == file_of(v2(struct.pack("<2f", 1, 1)))


def test_generation_1_and_the_one_before_it():
    values = struct.pack("<2f", 3, 4)
    context_and_type = struct.pack("<iii", 1, 0, 0)
    v1 = struct.pack("<I", 0xF993FAC8) + shape_bytes(2) + context_and_type + values
    v0 = struct.pack("<II", 1, 2) + context_and_type + values
    for record in (v1, v0):
        assert mx.nd.load_frombuffer(file_of(record))[0].asnumpy().tolist() == [3, 4]


def test_arrays_of_an_absent_gpu_load_on_the_cpu():
    (a,) = mx.nd.load_frombuffer(file_of(v2(device=(2, 99))))
    assert a.context == mx.cpu()


BAD = {
    "empty": (b"", "needs 8 bytes, only 0 are left"),
    "no magic": (b"\x89PNG" + b"\0" * 60, "magic number"),
    "future version": (file_of(struct.pack("<I", 0xF993FACF) + b"\0" * 40), "newer than this package reads"),
    "unknown array magic": (file_of(struct.pack("<I", 0x12345678) + b"\0" * 40), "unknown array magic"),
    "count": (struct.pack("<QQQ", 0x112, 0, 1 << 60), "arrays in a file of"),
    "values cut off": (file_of(v2(b"\0" * 3))[:-8], "array 0 at offset"),
    "huge shape": (file_of(v2(dims=(1 << 40, 1 << 20))), "too large"),
    "negative axis": (file_of(v2(dims=(-5,))), "negative axis"),
    "type": (file_of(v2(flag=77)), "unknown type flag 77"),
    "storage": (file_of(v2(stype=9)), "unknown storage type 9"),
    "device": (file_of(v2(device=(44, 0))), "unknown device"),
    "axes": (file_of(struct.pack("<IiI", 0xF993FAC9, 0, 5000) + b"\0" * 60), "5000 axes"),
    "names": (file_of(v2(), names=7), "7 names for 1 arrays"),
    "name length": (file_of(v2(), names=1) + struct.pack("<Q", 1 << 50) + b"w", "a name needs"),
    "name text": (file_of(v2(), names=1) + struct.pack("<Q", 2) + b"\xff\xfe", "not UTF-8"),
}


@pytest.mark.parametrize("content, text", BAD.values(), ids=BAD.keys())
def test_damage_is_one_clear_error(content, text):
    with pytest.raises(mx.MXNetError, match="load: buffer: ") as e:
        mx.nd.load_frombuffer(content)
    assert text in str(e.value) and "offset" in str(e.value)


def csr_record(indptr, indices, shape=(2, 3)):
    head = struct.pack("<Ii", 0xF993FAC9, 2) + shape_bytes(len(indices)) + shape_bytes(*shape) + struct.pack("<iii", 1, 0, 0)
    head += struct.pack("<i", 6) + shape_bytes(len(indptr)) + struct.pack("<i", 6) + shape_bytes(len(indices))
    return head + b"\0" * (4 * len(indices)) + struct.pack(f"<{len(indptr)}q", *indptr) + struct.pack(f"<{len(indices)}q", *indices)


@pytest.mark.parametrize("indptr, indices", [([0, 2, 1], [0]), ([0, 1, 1], [7]), ([0, 1, 1], [-1]), ([0, 1], [0]), ([0, 1, 9], [0])])
def test_damaged_csr_is_refused(indptr, indices):
    with pytest.raises(mx.MXNetError, match="load: buffer: array 0"):
        mx.nd.load_frombuffer(file_of(csr_record(indptr, indices)))


def test_every_truncation_is_an_error_and_nothing_else(tmp_path):
    path = str(tmp_path / "t.params")
    mx.nd.save(path, {"a": mx.nd.ones((3, 2)), "b": mx.nd.ones((2, 2)).tostype("csr")})
    content = Path(path).read_bytes()
    for cut in range(len(content)):
        with pytest.raises(mx.MXNetError):
            mx.nd.load_frombuffer(content[:cut])


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = str(tmp_path / "k.params")
    mx.nd.save(path, [mx.nd.ones((2,))])

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(mx.MXNetError, match="save: cannot write .*No space left"):
        mx.nd.save(path, [mx.nd.zeros((2,))])
    monkeypatch.undo()
    assert mx.nd.load(path)[0].asnumpy().tolist() == [1, 1]
    assert os.listdir(tmp_path) == ["k.params"]


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match="save: data must hold NDArrays, got list"):
        mx.nd.save("never", [[1]])
    with pytest.raises(ValueError, match="save: data must be"):
        mx.nd.save("never", 3)
    with pytest.raises(mx.MXNetError, match="load: cannot open"):
        mx.nd.load("no/such/file.params")
