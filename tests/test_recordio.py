"""RecordIO: bytes as MXNet writes them, records that contain the magic number, keys, images, damaged files."""

from __future__ import annotations

import os
import pickle
import random
import struct

import numpy as np
import pytest

import mxnet as mx
from mxnet.recordio import IRHeader, MXIndexedRecordIO, MXRecordIO, pack, pack_img, unpack, unpack_img

MAGIC = struct.pack("<I", 0xCED7230A)


def write(path, records):
    with MXRecordIO(path, "w") as f:
        for r in records:
            f.write(r)
    return path


def read(path):
    with MXRecordIO(path, "r") as f:
        return list(iter(f.read, None))


def test_bytes(tmp_path):
    path = write(tmp_path / "a.rec", [b"abc", b"", b"12345678"])
    word = struct.pack
    assert path.read_bytes() == MAGIC + word("<I", 3) + b"abc\0" + MAGIC + word("<I", 0) + MAGIC + word("<I", 8) + b"12345678"
    assert read(path) == [b"abc", b"", b"12345678"]


@pytest.mark.parametrize(
    "record",
    [MAGIC, MAGIC * 3, b"abcd" + MAGIC, MAGIC + b"abc", b"abcd" + MAGIC + b"efgh" + MAGIC + b"ij", b"a" + MAGIC, MAGIC[1:] + MAGIC],
)
def test_records_with_the_magic_number(tmp_path, record):
    path = write(tmp_path / "a.rec", [record, b"next"])
    assert read(path) == [record, b"next"]
    content = path.read_bytes()
    aligned = [i for i in range(0, len(content), 4) if content[i : i + 4] == MAGIC]
    cuts = sum(record[i : i + 4] == MAGIC for i in range(0, len(record), 4))
    assert len(aligned) == cuts + 2  # one head for each part, and the next record: no magic number is left inside


def test_random_records_round_trip(tmp_path):
    source = random.Random(0)
    records = [b"".join(source.choice([MAGIC, b"x", b"yz", b"wxyz"]) for _ in range(source.randint(0, 9))) for _ in range(200)]
    assert read(write(tmp_path / "a.rec", records)) == records


def test_keys(tmp_path):
    idx, rec = tmp_path / "a.idx", tmp_path / "a.rec"
    with MXIndexedRecordIO(idx, rec, "w") as w:
        for i in range(5):
            w.write_idx(i * 3, b"record %d" % i)
    assert idx.read_text().splitlines()[1] == "3\t16"
    r = MXIndexedRecordIO(idx, rec, "r")
    assert r.keys == [0, 3, 6, 9, 12] and r.read_idx(9) == b"record 3" and r.read() == b"record 4" and r.read() is None
    r.seek(3)
    assert r.read() == b"record 1"
    r.reset()
    assert r.read() == b"record 0"
    copy = pickle.loads(pickle.dumps(r))
    assert copy.read_idx(6) == b"record 2" and r.read_idx(0) == b"record 0"
    with pytest.raises(KeyError):
        r.read_idx(7)
    by_name = MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w", key_type=str)
    by_name.write_idx("x", b"1")
    by_name.close()
    assert MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "r", key_type=str).read_idx("x") == b"1"


def test_reader_opens_the_file_again_after_a_fork(tmp_path):
    path = write(tmp_path / "a.rec", [b"one", b"two"])
    f = MXRecordIO(path, "r")
    assert f.read() == b"one"
    f.pid = os.getpid() + 1  # as if the process had been forked
    assert f.read() == b"one"


def test_wrong_use(tmp_path):
    path = write(tmp_path / "a.rec", [b"one"])
    with pytest.raises(ValueError, match="flag 'q' is unknown"):
        MXRecordIO(path, "q")
    with pytest.raises(mx.MXNetError, match="cannot open"):
        MXRecordIO(tmp_path / "no" / "a.rec", "r")
    with pytest.raises(AssertionError, match="open for reading, so write is not possible"):
        MXRecordIO(path, "r").write(b"x")
    with pytest.raises(TypeError, match="must be bytes, got str"):
        MXRecordIO(tmp_path / "b.rec", "w").write("x")
    closed = MXRecordIO(path, "r")
    closed.close()
    with pytest.raises(RuntimeError, match="closed file"):
        closed.read()


@pytest.mark.parametrize(
    "content, text",
    [
        (MAGIC, "record 0, offset 0: the file ends inside a record"),
        (b"garbage!", "record 0, offset 0: magic number 0x"),
        (MAGIC + struct.pack("<I", 100) + b"abc", "100 bytes announced, 3 are left"),
        (MAGIC + struct.pack("<I", (1 << 29) - 1), "536870911 bytes announced, 0 are left"),
        (MAGIC + struct.pack("<I", 3 << 29), "part 3 of a record comes first"),
        (MAGIC + struct.pack("<I", 1 << 29) + MAGIC + struct.pack("<I", 0), "part 0 of a record follows another part"),
        (MAGIC + struct.pack("<I", 1 << 29), "offset 8: the file ends inside a record"),
        (MAGIC + struct.pack("<I", 7 << 29), "part 7"),
    ],
)
def test_damaged_files(tmp_path, content, text):
    path = tmp_path / "a.rec"
    path.write_bytes(content)
    with pytest.raises(mx.MXNetError, match=text):
        read(path)


@pytest.mark.parametrize("line", ["x\t0", "1", "1\t-5", "1\t999", "1\tx"])
def test_damaged_index(tmp_path, line):
    write(tmp_path / "a.rec", [b"one"])
    (tmp_path / "a.idx").write_text(f"0\t0\n{line}\n")
    with pytest.raises(mx.MXNetError, match="a.idx: line 2, offset 4: "):
        MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "r")


def test_mutated_files_raise_one_error_type(tmp_path):
    source, path = random.Random(1), tmp_path / "a.rec"
    good = write(path, [b"abc", MAGIC * 2, b"x" * 50]).read_bytes()
    for _ in range(500):
        data = bytearray(good)
        for _ in range(3):
            data[source.randrange(len(data))] = source.randrange(256)
        path.write_bytes(data)
        try:
            read(path)
        except mx.MXNetError:
            pass


def test_packing():
    header, data = unpack(pack(IRHeader(0, 4.5, 7, 8), b"data"))
    assert header == (0, 4.5, 7, 8) and data == b"data"
    header, data = unpack(pack((9, [1, 2, 3], 2**63, 0), b"data"))
    assert header.flag == 3 and header.label.tolist() == [1, 2, 3] and header.id == 2**63 and data == b"data"
    with pytest.raises(mx.MXNetError, match="has 3 bytes, a header needs 24"):
        unpack(b"abc")
    with pytest.raises(mx.MXNetError, match="5 labels need 20 bytes, 4 are left"):
        unpack(struct.pack("<IfQQ", 5, 0, 0, 0) + b"data")
    with pytest.raises(mx.MXNetError, match="does not fit 64 bits"):
        pack(IRHeader(0, 1.0, -1, 0), b"")


def test_images():
    pytest.importorskip("PIL")
    image = np.random.RandomState(0).randint(0, 256, (6, 5, 3)).astype("uint8")
    header, back = unpack_img(pack_img(IRHeader(0, 2.0, 5, 0), image, quality=3, img_fmt=".png"))
    assert header.label == 2 and (back == image).all()
    assert unpack_img(pack_img((0, 1, 0, 0), image[:, :, 0], img_fmt=".png"))[1].shape == (6, 5)
    smooth = np.full((16, 16, 3), (10, 100, 200), "uint8")
    back = unpack_img(pack_img((0, 1, 0, 0), smooth))[1]
    assert abs(back.astype(int) - smooth).max() <= 3  # blue, green, red in the same places
    assert unpack_img(pack_img((0, 1, 0, 0), smooth), iscolor=0)[1].shape == (16, 16)
    with pytest.raises(mx.MXNetError, match="no image"):
        unpack_img(pack((0, 1, 0, 0), b"not an image"))
    with pytest.raises(mx.MXNetError, match="Pass uint8"):
        pack_img((0, 1, 0, 0), image.astype("float32"))
    with pytest.raises(ValueError, match="'.bmp' is unknown"):
        pack_img((0, 1, 0, 0), image, img_fmt=".bmp")
